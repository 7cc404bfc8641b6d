//! The music that the examples hear.

use std::path::{Path, PathBuf};

/// All audio files below `folder`, sorted.
pub(crate) fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| {
            crooner_audio::EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
        }) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
