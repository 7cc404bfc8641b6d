//! What identifies audio files, and what else is derived from them and kept by content.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::audio::{AudioHashes, AudioId};
use crate::disk::{self, WriterLock};
use crate::{Store, StoreError, workers};

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
        let known = AudioHashes::load(self.root())?;
        let outcome = workers::run(
            paths.len(),
            workers::n_threads(jobs),
            cancel,
            || (),
            |(), file| {
                let audio = known.look_at(paths[file])?;
                on_file();
                Ok(audio)
            },
        );
        // As in `prepare`: of several processes the last finds what all others left, and adds its own.
        disk::alone(self.root().join(".index.lock"), || {
            let mut hashes = AudioHashes::load(self.root())?;
            let mut news = false;
            for (path, audio) in paths.iter().zip(&outcome.results) {
                news |= audio.is_some_and(|audio| hashes.insert(path, &audio));
            }
            if news { hashes.save(self.root()) } else { Ok(()) }
        })?;
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
        Ok(Derived { folder, _lock: WriterLock::join(self.root())? })
    }
}

/// Files named by the hash of the audio file that they were made of: see [`Store::derived`].
///
/// While it lives, nobody can [remove](Store::remove) from the store.
pub struct Derived {
    folder: PathBuf,
    _lock: WriterLock,
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
        disk::replace(&self.path(content), bytes)
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
        assert!(AudioHashes::load(store.root()).unwrap().recall(&one).is_some());

        let derived = store.derived("lengths").unwrap();
        let hash = blake3::hash(b"same");
        assert_eq!(derived.get(&hash).unwrap(), None);
        derived.put(&hash, b"4").unwrap();
        derived.put(&hash, b"four").unwrap();
        assert_eq!(derived.get(&hash).unwrap().unwrap(), b"four");
        assert!(store.stat().unwrap().is_empty() && store.shards().unwrap().is_empty());

        let cancelled = AtomicBool::new(true);
        assert_eq!(store.content_hashes(&paths, None, &cancelled, &|| ()).unwrap(), None);
    }
}
