use std::io;
use std::path::PathBuf;

use crooner_features::FeatureError;

/// Everything that can go wrong with a store.
///
/// One type for the crate, since whoever prepares or opens a store can act on a message, not on the layer
/// it came from. A track that cannot be decoded is *not* among these: it becomes a row with its error.
///
/// The cause, where there is one, is the [`source`](std::error::Error::source) and not part of the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store's path names something that is not a folder.
    #[error("the store {} is not a folder", path.display())]
    NotAFolder {
        /// The path given to [`Store::open`](crate::Store::open).
        path: PathBuf,
    },

    /// The operating system refused to read or write.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted, as a verb: `"write"`, `"map into memory"`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },

    /// A shard is truncated, damaged, or no shard at all.
    #[error("{} is not an intact feature shard: {problem}; prepare-data --verify computes it again", path.display())]
    CorruptShard {
        /// The shard.
        path: PathBuf,
        /// What was expected and what was found.
        problem: String,
    },

    /// An intact shard holds something other than what its name says.
    #[error(
        "{} holds {found} where {expected} belongs; prepare-data --verify computes it again",
        path.display()
    )]
    WrongShard {
        /// The shard.
        path: PathBuf,
        /// What its name promises.
        expected: String,
        /// What it holds.
        found: String,
    },

    /// The cache of audio content hashes cannot be understood.
    #[error("{} is not a cache of audio hashes; delete it: it is rebuilt by reading the audio again", path.display())]
    CorruptHashCache {
        /// The cache.
        path: PathBuf,
        /// Why its JSON was refused.
        source: serde_json::Error,
    },

    /// The features of some tracks have never been computed.
    #[error(
        "the store {} lacks {missing} of the {tracks} tracks of {catalogue}, the first being {first:?}: \
         run prepare-data",
        root.display()
    )]
    NotPrepared {
        /// The store.
        root: PathBuf,
        /// The catalogue's name.
        catalogue: String,
        /// How many of its tracks are in no shard.
        missing: usize,
        /// How many tracks the catalogue has.
        tracks: usize,
        /// The id of the first missing one.
        first: String,
    },

    /// The audio of some tracks is no longer what their features were computed from.
    #[error(
        "the audio of {changed} of the {tracks} tracks of {catalogue} has changed since its features were \
         computed, the first being {first:?} ({}): run prepare-data again",
        path.display()
    )]
    AudioChanged {
        /// The catalogue's name.
        catalogue: String,
        /// How many tracks changed.
        changed: usize,
        /// How many tracks the catalogue has.
        tracks: usize,
        /// The id of the first changed one.
        first: String,
        /// Its audio file.
        path: PathBuf,
    },

    /// Features of audio were asked for, and the catalogue has none.
    #[error(
        "{features} is computed from audio, and the songs of {catalogue} have none: use features.msd-timbre or \
         features.msd-pitches, or join audio to them (--with audio=DIR)"
    )]
    NoAudio {
        /// The features' name.
        features: &'static str,
        /// The catalogue's name.
        catalogue: String,
    },

    /// Segments were asked for, and the catalogue's files are audio.
    #[error(
        "{features} is read from the songs of the Million Song Dataset, and the files of {catalogue} are audio: use \
         --dataset msd without audio joined to it, or features of audio such as log-mel"
    )]
    NoSegments {
        /// The features' name.
        features: &'static str,
        /// The catalogue's name.
        catalogue: String,
    },

    /// An audio file was written to while it was being read.
    #[error("{} changed while it was being read: wait until nothing writes to it and run again", path.display())]
    AudioInFlux {
        /// The audio file.
        path: PathBuf,
    },

    /// [`PrepareOptions`](crate::PrepareOptions) ask for something impossible.
    #[error("{option} is {found}, expected {expected}")]
    InvalidOption {
        /// The field.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },

    /// The feature configuration builds no extractor.
    #[error("cannot build the feature extractor")]
    Features(#[from] FeatureError),

    /// The feature configuration cannot be written as JSON.
    #[error("cannot write the feature configuration as JSON")]
    Config(#[source] serde_json::Error),

    /// Arrow refused to encode a shard.
    #[error("cannot encode the shard {}", path.display())]
    Encode {
        /// The shard.
        path: PathBuf,
        /// Arrow's reason.
        source: arrow_schema::ArrowError,
    },

    /// An index is damaged.
    #[error("{} is not an intact index; delete it and run prepare-data again", path.display())]
    CorruptIndex {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        source: parquet::errors::ParquetError,
    },

    /// Somebody else is writing to the store.
    #[error("the store {} is being written to: wait until prepare-data has finished", root.display())]
    InUse {
        /// The store.
        root: PathBuf,
    },

    /// A path that was to be removed is not a shard of the store.
    #[error("{} is not a shard of the store {}", path.display(), root.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// The store.
        root: PathBuf,
    },

    /// Parquet refused to encode the index.
    #[error("cannot encode the index {}", path.display())]
    EncodeIndex {
        /// The index.
        path: PathBuf,
        /// Parquet's reason.
        source: parquet::errors::ParquetError,
    },
}

impl StoreError {
    /// An operating system error met while doing `action` to `path`, ready for `map_err`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
