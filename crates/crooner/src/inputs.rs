//! The audio files that a command line names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The files named, and the audio files in the folders named, each folder sorted.
///
/// # Errors
///
/// If a folder cannot be read, or holds no audio file.
pub(crate) fn audio_files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in inputs {
        if !input.is_dir() {
            // A file is tried whatever it is called; what is wrong with it is reported like any failure.
            files.push(input.clone());
            continue;
        }
        let before = files.len();
        collect(input, &mut files)?;
        if files.len() == before {
            bail!(
                "{} holds no audio file (known: {})",
                input.display(),
                crooner_audio::EXTENSIONS.join(", ")
            );
        }
        files[before..].sort();
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || format!("cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let path = entry.path();
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().with_context(reading)?.is_dir() {
            collect(&path, files)?;
        } else if is_audio(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        crooner_audio::EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}
