//! One error type: to the caller a data set either opens or says in one sentence what to change.

use std::path::PathBuf;

use thiserror::Error;

/// Why there is no catalogue.
#[derive(Debug, Error)]
pub enum DatasetError {
    /// No such data set.
    #[error("unknown data set {name:?}: known are {}{}", known.join(", "), did_you_mean(suggestion.as_deref()))]
    UnknownDataset {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
        /// The nearest, if one is near.
        suggestion: Option<String>,
    },
    /// The request has no root, and this set has no files of its own.
    #[error("data set {name:?} needs the folder that holds the artists, and none was given")]
    RootNeeded {
        /// The set.
        name: String,
    },
    /// The request has a root, and this set would not read it.
    #[error(
        "data set {name:?} brings its own files and would not read {root:?}: leave the folder out, or use the data \
         set \"folder\""
    )]
    RootNotWanted {
        /// The set.
        name: String,
        /// What would be ignored.
        root: PathBuf,
    },
    /// The request has no cache folder.
    #[error("data set {name:?} needs a cache folder to put its files in, and none was given")]
    CacheNeeded {
        /// The set.
        name: String,
    },
    /// The request does not say what audio is.
    #[error("data set {name:?} needs the file name extensions that count as audio, and none was given")]
    ExtensionsNeeded {
        /// The set.
        name: String,
    },
    /// An option that this set does not have.
    #[error("data set {name:?} has no option {option:?}: it has {}", none_or(known))]
    UnknownOption {
        /// The set.
        name: String,
        /// What was given.
        option: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A value that an option does not have.
    #[error("option {option:?} of data set {name:?} is {found:?}, expected {}", allowed.join(" or "))]
    OptionValue {
        /// The set.
        name: String,
        /// The option.
        option: &'static str,
        /// What it may be.
        allowed: Vec<String>,
        /// What it is.
        found: String,
    },
    /// Columns for a set that is no table.
    #[error("data set {name:?} knows its own columns: leave --columns out, or use the data set \"table\"")]
    ColumnsNotWanted {
        /// The set.
        name: String,
    },
    /// A file that the set consists of is not there.
    #[error("{path:?} is not there: expected {what}")]
    NotThere {
        /// What was looked for.
        path: PathBuf,
        /// What it is, and where it comes from.
        what: String,
    },
    /// What renders the set's scores is not there.
    #[error(
        "data set {name:?} is rendered by fluidsynth: {reason}; install it and its soundfonts, as with `apt-get install \
         fluidsynth fluid-soundfont-gm timgm6mb-soundfont musescore-general-soundfont-small`"
    )]
    SynthesiserNeeded {
        /// The set.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// The caller's [`Watch`](crate::Watch) ended it. What was made is kept: opening the set again goes on from there.
    #[error("making the files of data set {name:?} was interrupted; the same again goes on from there")]
    Interrupted {
        /// The set.
        name: String,
    },
    /// A list or table that cannot be understood.
    #[error("{path:?}{}: {reason}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    BadList {
        /// The file.
        path: PathBuf,
        /// Where in it, counted from 1.
        line: Option<u64>,
        /// What was expected and what was found.
        reason: String,
    },
    /// The root is not there.
    #[error("folder {root:?} does not exist: expected a folder laid out ARTIST/ALBUM/TRACK")]
    Missing {
        /// The root.
        root: PathBuf,
    },
    /// The root is a file.
    #[error("{root:?} is not a folder: expected a folder laid out ARTIST/ALBUM/TRACK")]
    NotAFolder {
        /// The root.
        root: PathBuf,
    },
    /// The root has nothing in it.
    #[error("folder {root:?} is empty: expected ARTIST/ALBUM/TRACK in it")]
    Empty {
        /// The root.
        root: PathBuf,
    },
    /// The root has files, but no audio.
    #[error(
        "no audio file in folder {root:?}: looked for {} in ARTIST/ALBUM/TRACK and found {ignored} other file(s)",
        dotted(extensions)
    )]
    NoAudio {
        /// The root.
        root: PathBuf,
        /// What was looked for, in lower case without dot.
        extensions: Vec<String>,
        /// How many other files and hidden things there are.
        ignored: usize,
    },
    /// There is audio, but all of it too near to the root.
    #[error(
        "none of the {found} audio file(s) in folder {root:?} is in a folder of an album (the first is {example:?}): \
         expected ARTIST/ALBUM/TRACK; if this is the folder of one artist or album, name the folder that holds the \
         artists"
    )]
    NoAlbums {
        /// The root.
        root: PathBuf,
        /// How many audio files there are.
        found: usize,
        /// The first of them.
        example: PathBuf,
    },
    /// There is something, but nothing that can be used.
    #[error(
        "nothing usable in folder {root:?}: {skipped} thing(s) were skipped, the first because {example}"
    )]
    NothingUsable {
        /// The root.
        root: PathBuf,
        /// How many.
        skipped: usize,
        /// Path and reason of the first.
        example: String,
    },
    /// Too few classes.
    #[error(
        "{root:?} has {} {label}(s){}, expected at least {needed}{}",
        found.len(), listed(found), advice(label)
    )]
    TooFewClasses {
        /// The root.
        root: PathBuf,
        /// What a class is, such as `artist`.
        label: String,
        /// How many are needed.
        needed: usize,
        /// Who is there, sorted.
        found: Vec<String>,
    },
    /// Too few tracks of somebody.
    #[error(
        "too few tracks in {root:?}: expected at least {needed} of every {label}, found {}; add tracks or take these \
         {label}s out",
        tracks_of(found, label)
    )]
    TooFewTracks {
        /// The root.
        root: PathBuf,
        /// What a class is, such as `artist`.
        label: String,
        /// How many are needed.
        needed: usize,
        /// All classes with fewer, and how many they have, sorted by name.
        found: Vec<(String, usize)>,
    },
    /// A column that no track has a value in.
    #[error(
        "no track of data set {name:?} has a column {column:?}: there is {}; a table (`--dataset table`) can bring \
         others",
        known.join(", ")
    )]
    UnknownColumn {
        /// The set.
        name: String,
        /// What was asked for.
        column: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A column that some tracks have no value in.
    #[error(
        "{found} of the {of} tracks of data set {name:?} have no {column} (such as {}): add it, leave these tracks \
         out, or choose another column",
        quoted(examples)
    )]
    MissingValues {
        /// The set.
        name: String,
        /// The column.
        column: String,
        /// How many have none.
        found: usize,
        /// How many tracks there are.
        of: usize,
        /// Ids of the first few.
        examples: Vec<String>,
    },
    /// A data set listed nothing.
    #[error("data set {name:?} has no track")]
    NoTracks {
        /// The set.
        name: String,
    },
    /// A data set listed something twice.
    #[error("data set {name:?} lists track {id:?} more than once: ids must be unique")]
    DuplicateId {
        /// The set.
        name: String,
        /// The id.
        id: String,
    },
    /// An embedded file is not what its checksum says: the source this program was built from was damaged
    /// (converted line endings, large files not fetched).
    #[error(
        "file {file:?} built into this program for data set {name:?} is damaged (expected SHA-256 {expected}, found \
         {found}): build it from a clean checkout"
    )]
    Damaged {
        /// The set.
        name: String,
        /// The file in the set.
        file: String,
        /// The checksum it should have.
        expected: String,
        /// The checksum it has, or "no such file".
        found: String,
    },
    /// The manifest of an embedded set cannot be understood.
    #[error("the manifest {file:?} of data set {name:?} is not valid: {reason}")]
    Manifest {
        /// The set.
        name: String,
        /// The manifest.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The operating system refused something.
    #[error("cannot {action} {path:?}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What it answered.
        source: std::io::Error,
    },
}

impl DatasetError {
    /// For `map_err`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

fn none_or(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

fn dotted(extensions: &[String]) -> String {
    extensions.iter().map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(", ")
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

/// What to look at if classes are few: artists usually come from the folders' names.
fn advice(label: &str) -> &'static str {
    if label == "artist" {
        ": every artist needs a folder of its own, ARTIST/ALBUM/TRACK; check that this is the folder that holds the \
         artists"
    } else {
        ""
    }
}

fn tracks_of(counts: &[(String, usize)], label: &str) -> String {
    /// A wrong folder may hold thousands of classes; the first few tell.
    const SHOWN: usize = 5;
    let mut parts: Vec<_> =
        counts.iter().take(SHOWN).map(|(class, tracks)| format!("{tracks} of {class:?}")).collect();
    if counts.len() > SHOWN {
        parts.push(format!("too few of {} other {label}s", counts.len() - SHOWN));
    }
    parts.join(", ")
}
