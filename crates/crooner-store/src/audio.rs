//! An audio file as it is found.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What identifies the audio of a track, wherever its file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AudioId {
    /// The blake3 hash of the file's bytes.
    Content(blake3::Hash),
    /// The file could not be read. Once it can be, the track has another identity and is tried again.
    Unreadable,
}

/// What a look at the folder tells about a file. A file that looks as it did is taken to be what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    /// Nanoseconds since 1970; times outside of the years 1677 to 2262 are all alike.
    mtime_ns: i64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let mtime_ns = match metadata.modified()?.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
        };
        Ok(Self { size: metadata.len(), mtime_ns })
    }
}

/// One audio file as it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audio {
    pub(crate) id: AudioId,
    /// `None` if the file could not even be looked at.
    pub(crate) stamp: Option<Stamp>,
}

impl Audio {
    /// Looks at the audio file at `path`, and reads it unless what it holds is `known`, as it looks.
    ///
    /// # Errors
    /// [`StoreError::AudioInFlux`] if it changed meanwhile, or what looking it up says. A file that cannot be read is
    /// none: its decoder will say why.
    pub(crate) fn find(
        path: &Path,
        known: impl FnOnce(Stamp) -> Result<Option<AudioId>, StoreError>,
    ) -> Result<Self, StoreError> {
        let Ok(stamp) = Stamp::of(path) else {
            return Ok(Self { id: AudioId::Unreadable, stamp: None });
        };
        if let Some(id) = known(stamp)? {
            return Ok(Self { id, stamp: Some(stamp) });
        }
        let mut hasher = blake3::Hasher::new();
        let id = match File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ())) {
            Ok(()) => AudioId::Content(hasher.finalize()),
            Err(_) => AudioId::Unreadable,
        };
        let audio = Self { id, stamp: Some(stamp) };
        audio.check_unchanged(path).map(|()| audio)
    }

    /// Fails with [`StoreError::AudioInFlux`] unless the file at `path` still looks as it did.
    pub(crate) fn check_unchanged(&self, path: &Path) -> Result<(), StoreError> {
        let unchanged = match Stamp::of(path) {
            Ok(now) => self.stamp == Some(now),
            Err(_) => self.stamp.is_none(),
        };
        if unchanged { Ok(()) } else { Err(StoreError::AudioInFlux { path: path.to_owned() }) }
    }
}
