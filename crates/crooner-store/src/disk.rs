//! Files that appear whole or not at all, and the lock that makes cleaning up after a crash safe.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::StoreError;

/// Every unfinished file starts with this.
const TEMP_PREFIX: &str = ".tmp-";

/// Writes `contents` to a new file `path`, or leaves the existing one alone.
///
/// Returns whether this call created it. A reader sees either no file or all of it, also after a crash: the
/// contents reach the disk before the name does.
pub(crate) fn create_if_absent(path: &Path, contents: &[u8]) -> Result<bool, StoreError> {
    let temp = write_temp(path, |file| file.write_all(contents).map_err(StoreError::io("write", path)))?;
    match temp.persist_noclobber(path) {
        Ok(_) => sync_folder(path).map(|()| true),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(refused) => Err(StoreError::io("write", path)(refused.error)),
    }
}

/// Writes `contents` to `path`, replacing what was there in one step.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> Result<(), StoreError> {
    replace_with(path, |file| file.write_all(contents).map_err(StoreError::io("write", path)))
}

/// The same for what `write` writes, so that it need not be in memory as a whole.
pub(crate) fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let temp = write_temp(path, write)?;
    temp.persist(path).map_err(|refused| StoreError::io("write", path)(refused.error))?;
    sync_folder(path)
}

/// Makes the folder `path`, and those it lies in.
pub(crate) fn create_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::io("create", path))?;
    sync_folder(path)
}

fn write_temp(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), StoreError>,
) -> Result<NamedTempFile, StoreError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMP_PREFIX);
    // Temporary files are born private; a store is shared like any other file, as the umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temp = builder.tempfile_in(folder_of(path)).map_err(StoreError::io("write", path))?;
    write(temp.as_file_mut())?;
    temp.as_file().sync_all().map_err(StoreError::io("write", path))?;
    Ok(temp)
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
}

impl WriterLock {
    /// Keeps all writers out of the store at `root`, which exists.
    pub(crate) fn exclusive(root: &Path) -> Result<Self, StoreError> {
        let path = root.join(".lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { root: root.to_owned() }),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Self { _file: file })
            }
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }

    /// Joins the writers of the store at `root`; the first to come sweeps away what the dead left.
    pub(crate) fn join(root: &Path) -> Result<Self, StoreError> {
        let path = root.join(".lock");
        let file = open_lock(&path)?;
        let locked = match file.try_lock() {
            Ok(()) => {
                sweep(root)?;
                file.unlock().and_then(|()| file.lock_shared())
            }
            Err(TryLockError::WouldBlock) => file.lock_shared(),
            Err(TryLockError::Error(error)) => Err(error),
        };
        match locked {
            // A file system without locks only loses the sweeping: no shard depends on them.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Self { _file: file }),
            other => other.map(|()| Self { _file: file }).map_err(StoreError::io("lock", path)),
        }
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

/// Removes the temporary files in `root` and in its folders.
fn sweep(root: &Path) -> Result<(), StoreError> {
    for path in list(root)? {
        if path.is_dir() {
            list(&path)?.iter().try_for_each(|path| remove_temp(path))?;
        }
        remove_temp(&path)?;
    }
    Ok(())
}

fn remove_temp(path: &Path) -> Result<(), StoreError> {
    let is_temp =
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(TEMP_PREFIX.as_bytes()));
    if is_temp { fs::remove_file(path).map_err(StoreError::io("remove", path)) } else { Ok(()) }
}

/// What lies in a folder; nothing if there is no such folder.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    let path = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.path());
    entries.map(path).collect::<Result<_, _>>().map_err(StoreError::io("list", folder))
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
        let path = folder.path().join("object");
        assert!(create_if_absent(&path, b"first").unwrap());
        assert!(!create_if_absent(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(names(folder.path()), ["object"]);
    }

    #[test]
    fn temporary_files_are_swept_only_when_no_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join(".tmp-dead"), b"half").unwrap();
        fs::create_dir(root.join("features")).unwrap();
        fs::write(root.join("features/.tmp-dead"), b"half").unwrap();
        let first = WriterLock::join(root).unwrap();
        assert_eq!(names(root), [".lock", "features"]);
        assert!(names(&root.join("features")).is_empty());

        fs::write(root.join(".tmp-alive"), b"half").unwrap();
        let second = WriterLock::join(root).unwrap();
        assert_eq!(
            names(root),
            [".lock", ".tmp-alive", "features"],
            "the first writer may still be writing it"
        );

        drop((first, second));
        WriterLock::join(root).unwrap();
        assert_eq!(names(root), [".lock", "features"]);
    }

    #[test]
    fn a_refused_write_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent/object");
        let error = create_if_absent(&path, b"").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
    }
}
