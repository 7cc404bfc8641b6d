//! Looking after a store: what lies in it, whether it is intact, what of it nobody needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::disk::{self, WriterLock};
use crate::store::shard_key;
use crate::{Shard, ShardHeader, Store, StoreError, index, workers};

/// What [`Store::verify`] found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Shards read.
    pub shards: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Those that are not what was written, sorted by path: [`StoreError::CorruptShard`] says how.
    pub damaged: Vec<(PathBuf, StoreError)>,
    /// Whether it was cancelled before all were read.
    pub interrupted: bool,
}

/// One folder of a store: all shards of one feature configuration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FolderStat {
    /// The folder.
    pub path: PathBuf,
    /// What its features are; `None` if no shard of it can be opened.
    pub header: Option<ShardHeader>,
    /// Shards that can be opened.
    pub shards: usize,
    /// Shards that cannot.
    pub damaged: usize,
    /// Tracks in them.
    pub tracks: usize,
    /// Tracks of those that could not be decoded.
    pub failures: usize,
    /// Frames of all tracks.
    pub frames: u64,
    /// Hours of audio; `None` if the features are not of audio.
    pub hours: Option<f64>,
    /// Bytes of all files in the folder.
    pub bytes: u64,
    /// File names of the indexes in it, one a catalogue.
    pub indexes: Vec<String>,
}

/// A shard, or something else derived from audio, that nobody needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Garbage {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Why it is not needed.
    pub reason: GarbageReason,
}

/// Why it is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GarbageReason {
    /// No index in its folder lists it: its audio, its labels or its catalogue changed since.
    Unlisted,
    /// It was computed by another version of the features, or of what else it is, which this program never reads.
    OtherVersion,
    /// No file is left of those with the audio that it was made of.
    AudioGone,
}

impl Store {
    /// Reads every shard and compares its checksums with those taken when it was written.
    ///
    /// `on_progress` is told how many of how many shards are done.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed or a shard not be read. A damaged shard is none.
    pub fn verify(
        &self,
        cancel: &AtomicBool,
        on_progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Verification, StoreError> {
        let shards = self.shards()?;
        let done = AtomicUsize::new(0);
        let outcome = workers::run(
            shards.len(),
            workers::n_threads(None),
            cancel,
            || (),
            |(), at| {
                let path = &shards[at];
                let damage = match Shard::open(path).and_then(|shard| shard.verify()) {
                    Ok(()) => None,
                    Err(error @ StoreError::CorruptShard { .. }) => Some((path.clone(), error)),
                    Err(error) => return Err(error),
                };
                let bytes = size_of(path)?;
                on_progress(done.fetch_add(1, Ordering::Relaxed) + 1, shards.len());
                Ok((bytes, damage))
            },
        );
        outcome.error.map_or(Ok(()), Err)?;
        let mut verification = Verification::default();
        for result in outcome.results {
            let Some((bytes, damage)) = result else {
                verification.interrupted = true;
                continue;
            };
            verification.shards += 1;
            verification.bytes += bytes;
            verification.damaged.extend(damage);
        }
        Ok(verification)
    }

    /// What lies in the store, a folder at a time, sorted by path. Shards are opened, not read.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed. A store that does not exist yet is empty.
    pub fn stat(&self) -> Result<Vec<FolderStat>, StoreError> {
        let mut folders = Vec::new();
        for path in self.folders()? {
            let mut stat = FolderStat {
                path: path.clone(),
                header: None,
                shards: 0,
                damaged: 0,
                tracks: 0,
                failures: 0,
                frames: 0,
                hours: None,
                bytes: 0,
                indexes: index::list(&path)?.iter().map(|index| name_of(index)).collect(),
            };
            let mut samples = 0;
            for file in disk::entries(&path, |_| true)? {
                let file = file?;
                stat.bytes += size_of(&file)?;
                if !Self::is_shard(&file) {
                    continue;
                }
                let Ok(shard) = Shard::open(&file) else {
                    stat.damaged += 1;
                    continue;
                };
                stat.shards += 1;
                stat.tracks += shard.tracks().len();
                stat.failures += shard.tracks().iter().filter(|track| track.error.is_some()).count();
                stat.frames += shard.tracks().iter().map(|track| track.n_frames as u64).sum::<u64>();
                samples += shard.tracks().iter().map(|track| track.n_samples).sum::<u64>();
                stat.header.get_or_insert_with(|| shard.header().clone());
            }
            let rate = stat.header.as_ref().and_then(|header| header.sample_rate_hz);
            stat.hours = rate.map(|rate| samples as f64 / f64::from(rate) / 3600.0);
            folders.push(stat);
        }
        Ok(folders)
    }

    /// The shards that no catalogue needs, sorted by path: those that no index in their folder lists, and those
    /// of other versions of the features. A folder without an index keeps its shards, since a preparation that was
    /// killed has not written one yet.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed, [`StoreError::CorruptIndex`] if an index cannot be read.
    pub fn garbage(&self) -> Result<Vec<Garbage>, StoreError> {
        let mut garbage = Vec::new();
        for folder in self.folders()? {
            let indexes = index::list(&folder)?;
            let mut listed = BTreeSet::new();
            for path in &indexes {
                listed.extend(index::shards(path)?);
            }
            for path in disk::entries(&folder, Self::is_shard)? {
                let path = path?;
                let is_listed = shard_key(&path).is_some_and(|key| listed.contains(&key));
                let reason = match Shard::open(&path) {
                    Ok(shard) if !shard.header().is_current() => Some(GarbageReason::OtherVersion),
                    _ if !indexes.is_empty() && !is_listed => Some(GarbageReason::Unlisted),
                    _ => None,
                };
                if let Some(reason) = reason {
                    garbage.push(Garbage { bytes: size_of(&path)?, path, reason });
                }
            }
        }
        garbage.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(garbage)
    }

    /// Removes these shards and [derived](Store::derived) things, while nobody prepares. Who has a shard open keeps it until
    /// they close it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if somebody prepares, [`StoreError::Foreign`] for a path that is neither in this store,
    /// before anything is removed; [`StoreError::Io`] if a file cannot be removed.
    pub fn remove(&self, files: &[PathBuf]) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let derived = self.derived_folders()?.into_iter().flat_map(|(_, files)| files);
        let known: BTreeSet<PathBuf> =
            self.shards()?.into_iter().chain(derived.map(|(path, _)| path)).collect();
        if let Some(foreign) = files.iter().find(|path| !known.contains(*path)) {
            return Err(StoreError::Foreign { path: foreign.clone(), root: self.root().to_owned() });
        }
        let _lock = WriterLock::exclusive(self.root())?;
        files.iter().try_for_each(|path| fs::remove_file(path).map_err(StoreError::io("remove", path)))
    }

    fn folders(&self) -> Result<Vec<PathBuf>, StoreError> {
        // Only folders that hold features: a cache of a data set's own files may lie beside them.
        let mut folders = Vec::new();
        for path in disk::list(self.root())?.into_iter().filter(|path| path.is_dir()) {
            let shard = disk::entries(&path, Self::is_shard)?.next().transpose()?;
            if shard.is_some() {
                folders.push(path);
            }
        }
        folders.sort();
        Ok(folders)
    }
}

pub(crate) fn size_of(path: &Path) -> Result<u64, StoreError> {
    fs::metadata(path).map(|metadata| metadata.len()).map_err(StoreError::io("look at", path))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
