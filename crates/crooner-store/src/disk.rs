//! Files that appear whole or not at all, and the lock that makes cleaning up after a crash safe.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::StoreError;

/// The folder of all unfinished files.
const TEMP_FOLDER: &str = ".tmp";

/// Makes the folder `path`, and those it lies in.
pub(crate) fn create_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::io("create", path))?;
    sync_folder(path)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the name `path` durable. Only Unix can and needs to: elsewhere a folder cannot be opened as a file.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("flush", folder))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Held by everyone who writes to a store, for as long as they do.
///
/// The operating system releases it when its holder dies, however it dies. So whoever can have it alone knows
/// that every temporary file in the store was left by a dead writer.
pub(crate) struct WriterLock {
    /// Closing the file releases the lock.
    _file: File,
    temp_folder: PathBuf,
}

impl WriterLock {
    fn new(root: &Path, file: File) -> Self {
        Self { _file: file, temp_folder: root.join(TEMP_FOLDER) }
    }

    /// Keeps all writers out of the store at `root`, which exists.
    pub(crate) fn exclusive(root: &Path) -> Result<Self, StoreError> {
        let path = root.join(".lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::new(root, file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { root: root.to_owned() }),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Self::new(root, file))
            }
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }

    /// Joins the writers of the store at `root`; the first to come sweeps away what the dead left.
    pub(crate) fn join(root: &Path) -> Result<Self, StoreError> {
        let path = root.join(".lock");
        let file = open_lock(&path)?;
        create_folder(&root.join(TEMP_FOLDER))?;
        let locked = match file.try_lock() {
            Ok(()) => {
                sweep(&root.join(TEMP_FOLDER))?;
                file.unlock().and_then(|()| file.lock_shared())
            }
            Err(TryLockError::WouldBlock) => file.lock_shared(),
            Err(TryLockError::Error(error)) => Err(error),
        };
        match locked {
            // A file system without locks only loses the sweeping: no shard depends on them.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Self::new(root, file)),
            other => other.map(|()| Self::new(root, file)).map_err(StoreError::io("lock", path)),
        }
    }

    /// Writes `contents` to a new file `path` in the store, or leaves the existing one alone.
    ///
    /// Returns whether this call created it. A reader sees either no file or all of it, also after a crash: the
    /// contents reach the disk before the name does.
    pub(crate) fn create_if_absent(&self, path: &Path, contents: &[u8]) -> Result<bool, StoreError> {
        let write = |file: &mut File| file.write_all(contents).map_err(StoreError::io("write", path));
        match self.write_temp(path, write)?.persist_noclobber(path) {
            Ok(_) => sync_folder(path).map(|()| true),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(refused) => Err(StoreError::io("write", path)(refused.error)),
        }
    }

    /// Writes `contents` to `path` in the store, replacing what was there in one step.
    pub(crate) fn replace(&self, path: &Path, contents: &[u8]) -> Result<(), StoreError> {
        self.replace_with(path, |file| file.write_all(contents).map_err(StoreError::io("write", path)))
    }

    /// The same for what `write` writes, so that it need not be in memory as a whole.
    pub(crate) fn replace_with(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let temp = self.write_temp(path, write)?;
        temp.persist(path).map_err(|refused| StoreError::io("write", path)(refused.error))?;
        sync_folder(path)
    }

    /// A temporary file that is to become `path`.
    fn write_temp(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> Result<(), StoreError>,
    ) -> Result<NamedTempFile, StoreError> {
        let mut builder = tempfile::Builder::new();
        // Temporary files are born private; a store is shared like any other file, as the umask says.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temp = builder.tempfile_in(&self.temp_folder).map_err(StoreError::io("write", path))?;
        write(temp.as_file_mut())?;
        temp.as_file().sync_all().map_err(StoreError::io("write", path))?;
        Ok(temp)
    }
}

/// Runs `work` while no other process runs its own under the same lock file.
pub(crate) fn alone<T>(path: PathBuf, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let file = open_lock(&path)?;
    match file.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(StoreError::io("lock", path)(error)),
        _ => work(),
    }
}

fn open_lock(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    options.open(path).map_err(StoreError::io("create", path))
}

/// Removes the temporary files in their folder.
fn sweep(temp_folder: &Path) -> Result<(), StoreError> {
    for path in entries(temp_folder, |_| true)? {
        let path = path?;
        fs::remove_file(&path).map_err(StoreError::io("remove", path))?;
    }
    Ok(())
}

/// What lies in a folder; nothing if there is no such folder.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    entries(folder, |_| true)?.collect()
}

/// What of it is wanted, one after the other.
pub(crate) fn entries(
    folder: &Path,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<impl Iterator<Item = Result<PathBuf, StoreError>>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        entries => Some(entries.map_err(StoreError::io("list", folder))?),
    };
    let path = move |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.path()).map_err(StoreError::io("list", folder))
    };
    let entries = entries.into_iter().flatten().map(path);
    // What cannot be listed is told, not left out.
    Ok(entries.filter(move |path| path.as_ref().map_or(true, |path| is_wanted(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_first_to_commit_wins_and_nothing_else_remains() {
        let folder = tempfile::tempdir().unwrap();
        let lock = WriterLock::join(folder.path()).unwrap();
        let path = folder.path().join("object");
        assert!(lock.create_if_absent(&path, b"first").unwrap());
        assert!(!lock.create_if_absent(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        lock.replace(&path, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(names(folder.path()), [".lock", ".tmp", "object"]);
        assert!(names(&folder.path().join(TEMP_FOLDER)).is_empty());
    }

    #[test]
    fn temporary_files_are_swept_only_when_no_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let temp = root.join(TEMP_FOLDER);
        fs::create_dir(&temp).unwrap();
        fs::write(temp.join("dead"), b"half").unwrap();
        let first = WriterLock::join(root).unwrap();
        assert!(names(&temp).is_empty());

        fs::write(temp.join("alive"), b"half").unwrap();
        let second = WriterLock::join(root).unwrap();
        assert_eq!(names(&temp), ["alive"], "the first writer may still be writing it");

        drop((first, second));
        WriterLock::join(root).unwrap();
        assert!(names(&temp).is_empty());
    }

    #[test]
    fn a_refused_write_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let lock = WriterLock::join(folder.path()).unwrap();
        let path = folder.path().join("absent/object");
        let error = lock.create_if_absent(&path, b"").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
    }
}
