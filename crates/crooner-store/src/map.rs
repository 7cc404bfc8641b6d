//! The one unsafe call of the crate: a file becomes memory without being read.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;

/// Maps a committed shard into memory, read-only.
///
/// The bytes stay valid as long as a clone of the result lives, even after the file is removed.
///
/// # Errors
/// When the file cannot be opened or mapped.
pub(crate) fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    #[expect(unsafe_code, reason = "every memory map is unsafe: the file could change under it")]
    // SAFETY: the map is read-only and private to this process, and nobody writes to its file: a shard
    // appears under its name complete (`WriterLock::create_if_absent`), is never opened for writing afterwards,
    // and deleting or replacing it leaves the mapped inode as it was. Only a foreign program that breaks
    // this rule by writing in place could change the bytes.
    let mapping = unsafe { memmap2::Mmap::map(&file) }?;
    Ok(Bytes::from_owner(mapping))
}
