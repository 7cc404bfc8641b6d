//! What a reader of a score must know about its split.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::check::Row;
use crate::{Side, SplitConfig, SplitKind};

/// A remark on a valid split, for reports; [`Display`](fmt::Display) gives it as one sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// These artists have two albums only: validation tracks come from the album that is trained on, so
    /// early stopping sees the album effect. The test album is held out all the same.
    ValidationFromTrainingAlbum {
        /// Who, sorted.
        artists: Vec<String>,
    },
    /// A fraction was set to something but its default, and nothing read it.
    UnusedFraction {
        /// The key in the configuration.
        field: &'static str,
        /// Its value.
        value: f64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ValidationFromTrainingAlbum { artists } => write!(
                f,
                "{} artist(s) have only two albums, so their validation tracks come from the album that is trained \
                 on (the test album is held out): {}.",
                artists.len(),
                artists.join(", ")
            ),
            Self::UnusedFraction { field, value } => write!(
                f,
                "{field} = {value} was not used: the album split holds out whole albums, one of each artist for the \
                 test and one for validation."
            ),
        }
    }
}

/// The notes on checked rows, in a fixed order. Derived, never stored.
pub(crate) fn notes(config: &SplitConfig, rows: &[Row]) -> Vec<Note> {
    match config.kind {
        SplitKind::Song => Vec::new(),
        SplitKind::Album => album_notes(config, rows),
    }
}

fn album_notes(config: &SplitConfig, rows: &[Row]) -> Vec<Note> {
    let trained: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.side == Side::Train)
        .map(|row| (row.item.artist.as_str(), row.item.album.as_str()))
        .collect();
    let artists: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.side == Side::Validation)
        .map(|row| (row.item.artist.as_str(), row.item.album.as_str()))
        .filter(|album| trained.contains(album))
        .map(|(artist, _)| artist.to_owned())
        .collect();

    let mut notes = Vec::new();
    if config.test_fraction != SplitConfig::TEST_FRACTION {
        notes.push(Note::UnusedFraction { field: "test_fraction", value: config.test_fraction });
    }
    if config.validation_fraction != SplitConfig::VALIDATION_FRACTION && artists.is_empty() {
        notes.push(Note::UnusedFraction { field: "validation_fraction", value: config.validation_fraction });
    }
    if !artists.is_empty() {
        notes.push(Note::ValidationFromTrainingAlbum { artists: artists.into_iter().collect() });
    }
    notes
}
