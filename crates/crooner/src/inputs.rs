//! The files that a command line names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use crooner_store::FrontEnd;

/// What the names of files end in that can be features' source.
pub(crate) fn extensions(features: &FrontEnd) -> &'static [&'static str] {
    match features {
        FrontEnd::Audio(_) => crooner_audio::EXTENSIONS,
        FrontEnd::Segments(_) => &["h5"],
    }
}

/// The files named, and those in the folders named whose names end in one of `extensions`, each folder sorted.
///
/// # Errors
///
/// If a folder cannot be read, or holds no such file.
pub(crate) fn files(inputs: &[PathBuf], extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in inputs {
        if !input.is_dir() {
            // A file is tried whatever it is called; what is wrong with it is reported like any failure.
            files.push(input.clone());
            continue;
        }
        let before = files.len();
        collect(input, extensions, &mut files)?;
        if files.len() == before {
            bail!("{} holds no file to hear (known: {})", input.display(), extensions.join(", "));
        }
        files[before..].sort();
    }
    Ok(files)
}

fn collect(folder: &Path, extensions: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || format!("cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let path = entry.path();
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().with_context(reading)?.is_dir() {
            collect(&path, extensions, files)?;
        } else if ends_in(&path, extensions) {
            files.push(path);
        }
    }
    Ok(())
}

fn ends_in(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}
