//! What is split, and into what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One track, known by its names only.
///
/// What `label` and `group` hold is the caller's choice: artist and album, genre and artist, speaker and
/// chapter. [`SplitConfig`](crate::SplitConfig) carries their names, for messages and reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Unique in the catalogue; by convention the path relative to its root, with `/`.
    pub id: String,
    /// The class to be recognised, by default the artist.
    pub label: String,
    /// What is kept together, by default the album. An album is one within its artist: two artists may each
    /// have a "Greatest Hits". Any other group is one wherever it occurs.
    pub group: String,
}

impl Item {
    /// A track from its three names.
    pub fn new(id: impl Into<String>, label: impl Into<String>, group: impl Into<String>) -> Self {
        Self { id: id.into(), label: label.into(), group: group.into() }
    }
}

/// One of the three parts of a [`Split`](crate::Split).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Weights are fitted to these tracks.
    Train,
    /// These tracks decide when training stops, and nothing else.
    Validation,
    /// These tracks give the score; nothing may be decided by them.
    Test,
}

impl Side {
    /// The three sides, in the order in which they are used.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// What must not be cut in two: see [`SplitConfig::group_of`](crate::SplitConfig::group_of).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group<'a> {
    /// One track, by its id.
    Track(&'a str),
    /// One album of one artist.
    Album {
        /// Who plays.
        artist: &'a str,
        /// The album's name.
        album: &'a str,
    },
    /// Everything of one class with the same value in one column.
    InClass {
        /// The column of the classes.
        label: &'a str,
        /// The class.
        class: &'a str,
        /// The column's name.
        column: &'a str,
        /// The value.
        value: &'a str,
    },
    /// Everything with the same value in one column.
    Column {
        /// The column's name.
        column: &'a str,
        /// The value.
        value: &'a str,
    },
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Track(id) => write!(f, "track {id:?}"),
            Self::Album { artist, album } => write!(f, "album {album:?} of artist {artist:?}"),
            Self::InClass { label, class, column, value } => {
                write!(f, "{column} {value:?} of {label} {class:?}")
            }
            Self::Column { column, value } => write!(f, "{column} {value:?}"),
        }
    }
}

/// A class, and the name of the column that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// Such as `artist`.
    pub column: String,
    /// Who or what it is.
    pub name: String,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.column, self.name)
    }
}
