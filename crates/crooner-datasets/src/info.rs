//! The facts of a data set, as `dataset.toml` states them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a person must know before using a set; read from `datasets/NAME/dataset.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// The name in [`registry`](crate::registry) and on the command line.
    pub name: String,
    /// One line.
    pub title: String,
    /// Whom to cite, and where it was published.
    pub citation: String,
    /// Under what terms the recordings may be used.
    pub licence: String,
    /// Where artist, album and track are in the paths.
    pub layout: String,
    /// How to come by it.
    pub obtain: String,
    /// Where the files come from.
    pub source: Source,
    /// The column that this set is usually classified by, where that is not `artist`.
    pub label: Option<String>,
    /// The column that is usually kept together, where that is not `album`.
    pub group: Option<String>,
    /// Choices that the set offers: name, and what may be said.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// How much there is, where that is known beforehand.
    pub counts: Option<Counts>,
    /// The checksums of an embedded set.
    pub manifest: Option<Manifest>,
}

/// Where the files of a set come from, and so what its [`Request`](crate::Request) must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Built into the program and copied out: needs a cache folder, refuses a root.
    Embedded,
    /// A folder of the user's: needs the root and the audio extensions.
    Folder,
    /// A file of the user's that names the audio: needs that file as the root.
    File,
    /// A folder of the user's that holds scores, to be rendered: needs the root and a cache folder.
    Scores,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Artists.
    pub artists: usize,
    /// Albums; equal names of two artists are two albums.
    pub albums: usize,
    /// Tracks.
    pub tracks: usize,
}

/// The list of an embedded set's files, and what vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// A CSV file with (at least) the columns path, artist, album, title, sha256.
    pub file: String,
    /// SHA-256 of that file, in lower-case hexadecimal.
    pub sha256: String,
    /// The folder that holds the artists; track ids are relative to it.
    pub audio: String,
}

impl Info {
    /// Reads a `dataset.toml` that was compiled in.
    #[expect(
        clippy::expect_used,
        reason = "the text is part of the program, and the contract test reads them all"
    )]
    pub(crate) fn embedded(toml: &str) -> Self {
        toml::from_str(toml).expect("dataset.toml is well formed")
    }
}
