//! What is not in a catalogue, and why.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Something that looked like music and was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub reason: SkipReason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// Why something was left out; [`Display`](fmt::Display) gives half a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Audio in the root.
    NoArtist,
    /// Audio in the root of a folder laid out `LABEL/TRACK`.
    NoLabel,
    /// A track that the set's own list names, and that is not there.
    Missing {
        /// The list.
        list: String,
    },
    /// Audio that the set's own list does not name.
    Unlisted {
        /// The list.
        list: String,
    },
    /// Audio whose path does not follow the set's layout.
    Misplaced {
        /// The layout.
        expected: String,
    },
    /// Something that the set needs to know of a track is not there.
    Lacks {
        /// What, such as `artist tag`.
        what: String,
    },
    /// Audio in an artist's folder, on no album.
    NoAlbum,
    /// An artist's folder without any audio.
    EmptyArtist,
    /// A name that is not UTF-8: it could be shown and stored only wrongly.
    NotUtf8 {
        /// The name with `U+FFFD` for what cannot be read.
        lossy_name: String,
    },
    /// A link to a file or folder that is in the catalogue by another path.
    AlreadyRead {
        /// The path that counts.
        first: PathBuf,
    },
    /// A link to a folder that contains the root.
    ContainsRoot,
    /// The operating system would not show it.
    Unreadable {
        /// In its words.
        error: String,
    },
    /// A pipe, socket or device with the name of an audio file.
    NotAFile,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoArtist => f.write_str("is directly in the root, expected ARTIST/ALBUM/TRACK"),
            Self::NoLabel => f.write_str("is directly in the root, expected LABEL/TRACK"),
            Self::Missing { list } => write!(f, "is listed in {list} and is not there"),
            Self::Unlisted { list } => write!(f, "is not listed in {list}"),
            Self::Misplaced { expected } => write!(f, "is not where this set has its audio, {expected}"),
            Self::Lacks { what } => write!(f, "has no {what}"),
            Self::NoAlbum => {
                f.write_str("is directly in its artist's folder, on no album, expected ARTIST/ALBUM/TRACK")
            }
            Self::EmptyArtist => f.write_str("is an artist's folder without any audio file"),
            Self::NotUtf8 { lossy_name } => write!(f, "its name is not UTF-8 (it reads {lossy_name:?})"),
            Self::AlreadyRead { first } => write!(f, "leads to the same place as {}", first.display()),
            Self::ContainsRoot => f.write_str("is a link to a folder that contains the catalogue itself"),
            Self::Unreadable { error } => write!(f, "cannot be read: {error}"),
            Self::NotAFile => f.write_str("is not a regular file"),
        }
    }
}

/// What was passed over without a word, counted. Nothing inside a hidden folder is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// Files and folders whose name begins with a dot.
    pub hidden: usize,
    /// Files without an audio extension.
    pub not_audio: usize,
}

impl Ignored {
    /// Both together.
    pub fn total(&self) -> usize {
        self.hidden + self.not_audio
    }
}
