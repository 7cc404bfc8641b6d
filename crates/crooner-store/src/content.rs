//! What identifies audio files, and what else is derived from them and kept by content.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::audio::AudioId;
use crate::disk::{self, WriterLock};
use crate::hashes::AudioHashes;
use crate::maintain::size_of;
use crate::{Garbage, GarbageReason, Store, StoreError, workers};

impl Store {
    /// The BLAKE3 hash of each file's bytes, in the order of `paths`; `None` for a file that cannot be read. Files that
    /// look (by size and time of modification) as they did when this store last saw them are not read again.
    ///
    /// Returns `None` if `cancel` became true before all were read; what was read is remembered.
    ///
    /// # Errors
    /// Anything the file system refuses, a cache that is damaged, a file that changes while it is read, no thread.
    pub fn content_hashes(
        &self,
        paths: &[&Path],
        jobs: Option<usize>,
        cancel: &AtomicBool,
        on_file: &(dyn Fn() + Sync),
    ) -> Result<Option<Vec<Option<blake3::Hash>>>, StoreError> {
        disk::create_folder(self.root())?;
        let _lock = WriterLock::join(self.root())?;
        let hashes = AudioHashes::open(self.root());
        let outcome = workers::run(
            paths.len(),
            workers::n_threads(jobs),
            cancel,
            || (),
            |(), file| {
                let audio = hashes.look_at(paths[file])?;
                hashes.remember([(paths[file], &audio)])?;
                on_file();
                Ok(audio)
            },
        );
        outcome.error.map_or(Ok(()), Err)?;
        let hash = |id| match id {
            AudioId::Content(hash) => Some(hash),
            AudioId::Unreadable => None,
        };
        Ok(outcome.results.into_iter().map(|audio| audio.map(|audio| hash(audio.id))).collect())
    }

    /// The small things of one `kind` (a name that can be a folder's) that are kept by the content they were made of.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be made.
    pub fn derived(&self, kind: &str) -> Result<Derived, StoreError> {
        let folder = self.root().join(kind);
        disk::create_folder(&folder)?;
        Ok(Derived { folder, lock: WriterLock::join(self.root())? })
    }

    /// Every kind that is kept in the store, sorted by path.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed. A store that does not exist yet is empty.
    pub fn stat_derived(&self) -> Result<Vec<DerivedStat>, StoreError> {
        let mut stats = Vec::new();
        for (path, files) in self.derived_folders()? {
            let bytes = files.iter().try_fold(0, |sum, (file, _)| size_of(file).map(|size| sum + size))?;
            stats.push(DerivedStat { path, files: files.len(), bytes });
        }
        Ok(stats)
    }

    /// What is kept of audio files that are gone, or of which every one has changed since the store last saw it; and of
    /// the kinds that are called like one of `current` but for what follows the last hyphen, the version. Sorted by path.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed, [`StoreError::CorruptHashCache`] if it is not known which file
    /// has which content.
    pub fn derived_garbage(&self, current: &[&str]) -> Result<Vec<Garbage>, StoreError> {
        let needed: BTreeSet<[u8; 32]> =
            AudioHashes::open(self.root()).present()?.iter().map(|hash| *hash.as_bytes()).collect();
        let stem = |kind: &str| kind.rsplit_once('-').map(|(stem, _)| stem.to_owned());
        let is_old = |kind: &str| {
            !current.contains(&kind)
                && current.iter().any(|now| stem(now).is_some() && stem(now) == stem(kind))
        };
        let mut garbage = Vec::new();
        for (folder, files) in self.derived_folders()? {
            let is_old = folder.file_name().and_then(|kind| kind.to_str()).is_some_and(is_old);
            for (path, content) in files {
                let reason = match needed.contains(content.as_bytes()) {
                    _ if is_old => GarbageReason::OtherVersion,
                    false => GarbageReason::AudioGone,
                    true => continue,
                };
                garbage.push(Garbage { bytes: size_of(&path)?, path, reason });
            }
        }
        garbage.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(garbage)
    }

    /// The folders of derived things, each with its files and the contents that they were made of.
    pub(crate) fn derived_folders(&self) -> Result<Vec<DerivedFolder>, StoreError> {
        let content = |path: PathBuf| {
            let hash = blake3::Hash::from_hex(path.file_name()?.as_encoded_bytes()).ok()?;
            Some((path, hash))
        };
        let mut folders = Vec::new();
        for folder in disk::list(self.root())?.into_iter().filter(|path| path.is_dir()) {
            let files = disk::entries(&folder, |_| true)?.filter_map(|path| path.map(content).transpose());
            let files = files.collect::<Result<Vec<_>, _>>()?;
            if !files.is_empty() {
                folders.push((folder, files));
            }
        }
        folders.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(folders)
    }
}

/// A folder, and its files with the contents that they were made of.
type DerivedFolder = (PathBuf, Vec<(PathBuf, blake3::Hash)>);

/// One kind of what is kept by content: see [`Store::derived`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DerivedStat {
    /// Its folder, which has the name of the kind.
    pub path: PathBuf,
    /// Of how many contents something is kept.
    pub files: usize,
    /// Bytes of all of it.
    pub bytes: u64,
}

/// Files named by the hash of the audio file that they were made of: see [`Store::derived`].
///
/// While it lives, nobody can [remove](Store::remove) from the store.
pub struct Derived {
    folder: PathBuf,
    lock: WriterLock,
}

impl Derived {
    /// What was kept of the audio with this hash. Whether it is intact is for the caller to check.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it is there and cannot be read.
    pub fn get(&self, content: &blake3::Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(content);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", path)(error)),
        }
    }

    /// Keeps `bytes`, in place of what was kept before. They appear whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::Io`] if they cannot be written.
    pub fn put(&self, content: &blake3::Hash, bytes: &[u8]) -> Result<(), StoreError> {
        self.lock.replace(&self.path(content), bytes)
    }

    fn path(&self, content: &blake3::Hash) -> PathBuf {
        self.folder.join(content.to_hex().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_bytes_and_what_is_made_of_them_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, absent] = ["one", "two", "absent"].map(|name| folder.path().join(name));
        fs::write(&one, b"same").unwrap();
        fs::write(&two, b"same").unwrap();
        let store = Store::open(folder.path().join("store")).unwrap();
        let never = AtomicBool::new(false);
        let paths = [one.as_path(), two.as_path(), absent.as_path()];
        let hashes = store.content_hashes(&paths, Some(2), &never, &|| ()).unwrap().unwrap();
        assert_eq!(hashes, [Some(blake3::hash(b"same")), Some(blake3::hash(b"same")), None]);
        assert!(AudioHashes::open(store.root()).recall(&one).unwrap().is_some());

        let derived = store.derived("lengths").unwrap();
        let hash = blake3::hash(b"same");
        assert_eq!(derived.get(&hash).unwrap(), None);
        derived.put(&hash, b"4").unwrap();
        derived.put(&hash, b"four").unwrap();
        assert_eq!(derived.get(&hash).unwrap().unwrap(), b"four");
        assert!(store.stat().unwrap().is_empty() && store.shards().unwrap().is_empty());

        assert_eq!(store.derived_garbage(&["lengths"]).unwrap(), []);
        let cancelled = AtomicBool::new(true);
        assert_eq!(store.content_hashes(&paths, None, &cancelled, &|| ()).unwrap(), None);
    }

    #[test]
    fn what_was_made_of_files_that_are_gone_is_garbage() {
        let folder = tempfile::tempdir().unwrap();
        let [stays, goes, changes] = ["stays", "goes", "changes"].map(|name| folder.path().join(name));
        for path in [&stays, &goes, &changes] {
            fs::write(path, path.as_os_str().as_encoded_bytes()).unwrap();
        }
        let store = Store::open(folder.path().join("store")).unwrap();
        let never = AtomicBool::new(false);
        let paths = [stays.as_path(), &goes, &changes];
        let hashes = store.content_hashes(&paths, None, &never, &|| ()).unwrap().unwrap();
        for kind in ["prints-1", "prints-2", "other"] {
            let derived = store.derived(kind).unwrap();
            hashes.iter().flatten().for_each(|hash| derived.put(hash, b"four").unwrap());
        }
        fs::write(store.root().join("prints-2/notes.txt"), b"not by content").unwrap();
        let stat = store.stat_derived().unwrap();
        assert_eq!(stat.iter().map(|stat| (stat.files, stat.bytes)).collect::<Vec<_>>(), [(3, 12); 3]);

        fs::remove_file(&goes).unwrap();
        fs::write(&changes, b"something else").unwrap();
        let garbage = store.derived_garbage(&["prints-2"]).unwrap();
        let count = |reason| garbage.iter().filter(|found| found.reason == reason).count();
        assert_eq!((count(GarbageReason::OtherVersion), count(GarbageReason::AudioGone)), (3, 4));
        assert!(garbage.iter().all(|found| found.bytes == 4));
        let paths: Vec<PathBuf> = garbage.into_iter().map(|found| found.path).collect();
        store.remove(&paths).unwrap();
        assert_eq!(store.stat_derived().unwrap().iter().map(|stat| stat.files).collect::<Vec<_>>(), [1, 1]);
        let notes = [store.root().join("prints-2/notes.txt")];
        assert!(matches!(store.remove(&notes), Err(StoreError::Foreign { .. })));
    }
}
