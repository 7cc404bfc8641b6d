//! Folders of empty files: catalogues never look inside audio.

use std::path::{Path, PathBuf};

use crooner_datasets::{Catalogue, Dataset, DatasetError, Request, find};
use tempfile::TempDir;

/// Makes an empty file for each path, in a fresh folder.
pub(crate) fn folder<'a>(paths: impl IntoIterator<Item = &'a str>) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in paths {
        touch(&root.path().join(path));
    }
    root
}

/// The miniature of a set.
pub(crate) fn miniature(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets").join(name).join("miniature")
}

pub(crate) fn touch(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, b"").unwrap();
}

pub(crate) fn set(name: &str) -> &'static dyn Dataset {
    find(name).unwrap()
}

/// Opens `root` as the data set "folder".
pub(crate) fn open(root: &Path) -> Result<Catalogue, DatasetError> {
    set("folder").open(&Request::default().with_root(root).with_extensions(["mp3", "flac", "ogg"]))
}

pub(crate) fn ids(catalogue: &Catalogue) -> Vec<&str> {
    catalogue.tracks.iter().map(|track| track.id.as_str()).collect()
}

/// Path below the root and reason of everything skipped, as a person reads it.
pub(crate) fn skipped(catalogue: &Catalogue, root: &Path) -> Vec<String> {
    let prefix = format!("{}/", root.display());
    catalogue.skipped.iter().map(|skipped| skipped.to_string().replace(&prefix, "")).collect()
}
