//! Files that are there completely or not at all.

use std::io::Write as _;
use std::path::Path;

use crate::DatasetError;

/// Writes to a new file beside `path`, flushes it to the disk, and renames it into place. Whoever reads
/// `path` sees the old bytes or the new; a process killed half-way leaves a hidden file and no harm.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(DatasetError::io("make folder", parent))?;
    let mut file = builder().tempfile_in(parent).map_err(DatasetError::io("make a file in", parent))?;
    file.write_all(bytes).map_err(DatasetError::io("write", file.path()))?;
    file.as_file().sync_all().map_err(DatasetError::io("write", file.path()))?;
    file.persist(path).map_err(|error| DatasetError::io("replace", path)(error.error))?;
    Ok(())
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".crooner-");
    // Temporary files are private by default; a cache may be shared. The umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
