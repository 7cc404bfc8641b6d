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
    /// These classes have two groups only: validation tracks come from the group that is trained on, so
    /// early stopping sees the album effect. The test group is held out all the same.
    ValidationFromTrainingGroup {
        /// What a class is, such as `artist`.
        label: String,
        /// What a group is, such as `album`.
        group: String,
        /// Who, sorted.
        classes: Vec<String>,
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
            Self::ValidationFromTrainingGroup { label, group, classes } => write!(
                f,
                "{} {label}(s) have only two {group}s, so their validation tracks come from the {group} that is \
                 trained on (the test {group} is held out): {}.",
                classes.len(),
                classes.join(", ")
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
        .map(|row| (row.item.label.as_str(), row.item.group.as_str()))
        .collect();
    let classes: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.side == Side::Validation)
        .map(|row| (row.item.label.as_str(), row.item.group.as_str()))
        .filter(|album| trained.contains(album))
        .map(|(class, _)| class.to_owned())
        .collect();

    let mut notes = Vec::new();
    if config.test_fraction != SplitConfig::TEST_FRACTION {
        notes.push(Note::UnusedFraction { field: "test_fraction", value: config.test_fraction });
    }
    if config.validation_fraction != SplitConfig::VALIDATION_FRACTION && classes.is_empty() {
        notes.push(Note::UnusedFraction { field: "validation_fraction", value: config.validation_fraction });
    }
    if !classes.is_empty() {
        notes.push(Note::ValidationFromTrainingGroup {
            label: config.label.clone(),
            group: config.group.clone(),
            classes: classes.into_iter().collect(),
        });
    }
    notes
}
