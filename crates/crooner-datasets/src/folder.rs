//! The user's own music: any folder laid out `ARTIST/ALBUM/TRACK.ext`.

use std::io;
use std::path::Path;
use std::sync::LazyLock;

use crate::info::Info;
use crate::scan::{Scan, scan};
use crate::{Catalogue, Dataset, DatasetError, Request, SkipReason};

pub(crate) static FOLDER: Folder =
    Folder { info: LazyLock::new(|| Info::embedded(include_str!("../../../datasets/folder/dataset.toml"))) };

pub(crate) struct Folder {
    info: LazyLock<Info>,
}

impl Dataset for Folder {
    fn info(&self) -> &Info {
        &self.info
    }

    fn open(&self, request: &Request) -> Result<Catalogue, DatasetError> {
        let name = self.name().to_owned();
        let Some(root) = &request.root else { return Err(DatasetError::RootNeeded { name }) };
        let extensions = normalised(&request.extensions);
        if extensions.is_empty() {
            return Err(DatasetError::ExtensionsNeeded { name });
        }
        require_folder(root)?;
        let found = scan(root, &extensions)?;
        if found.tracks.is_empty() {
            return Err(nothing_found(root, extensions, &found));
        }
        Catalogue::new(name, root, found.tracks, found.skipped, found.ignored)
    }
}

/// Lower case, no leading dot, sorted, each once.
fn normalised(extensions: &[String]) -> Vec<String> {
    let mut extensions: Vec<_> = extensions
        .iter()
        .map(|extension| extension.trim_start_matches('.').to_ascii_lowercase())
        .filter(|extension| !extension.is_empty())
        .collect();
    extensions.sort();
    extensions.dedup();
    extensions
}

fn require_folder(root: &Path) -> Result<(), DatasetError> {
    match std::fs::metadata(root) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(DatasetError::NotAFolder { root: root.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(DatasetError::Missing { root: root.to_owned() })
        }
        Err(error) => Err(DatasetError::io("read folder", root)(error)),
    }
}

/// Which sentence helps most.
fn nothing_found(root: &Path, extensions: Vec<String>, found: &Scan) -> DatasetError {
    let root = root.to_owned();
    if found.n_entries == 0 {
        return DatasetError::Empty { root };
    }
    let shallow = found
        .skipped
        .iter()
        .filter(|skipped| matches!(skipped.reason, SkipReason::NoArtist | SkipReason::NoAlbum))
        .map(|skipped| &skipped.path);
    if let Some(example) = shallow.clone().min() {
        return DatasetError::NoAlbums { root, example: example.clone(), found: shallow.count() };
    }
    // A folder of an artist without audio says no more than that there is no audio.
    let others = found.skipped.iter().filter(|skipped| skipped.reason != SkipReason::EmptyArtist);
    match others.clone().min_by(|a, b| a.path.cmp(&b.path)) {
        Some(first) => {
            DatasetError::NothingUsable { root, skipped: others.count(), example: first.to_string() }
        }
        None => DatasetError::NoAudio { root, extensions, ignored: found.ignored.total() },
    }
}
