//! What is split, and into what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One track, known by its names only. Its class label is its artist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Unique in the catalogue; by convention the path relative to its root, with `/`.
    pub id: String,
    /// Who plays: the class to be recognised.
    pub artist: String,
    /// The album, unique within its artist: two artists may each have a "Greatest Hits".
    pub album: String,
}

impl Item {
    /// A track from its three names.
    pub fn new(id: impl Into<String>, artist: impl Into<String>, album: impl Into<String>) -> Self {
        Self { id: id.into(), artist: artist.into(), album: album.into() }
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

/// What must not be cut in two: see [`SplitKind::group`](crate::SplitKind::group).
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
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Track(id) => write!(f, "track {id:?}"),
            Self::Album { artist, album } => write!(f, "album {album:?} of artist {artist:?}"),
        }
    }
}
