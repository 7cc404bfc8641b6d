//! The user's own music: any folder laid out `ARTIST/ALBUM/TRACK.ext`.

use std::io;
use std::path::Path;

use crate::scan::{Layout, Scan, scan};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request, SkipReason, Source};

pub(crate) static FOLDER: Set = Set::new(include_str!("../../../datasets/folder/dataset.toml"), open);

fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let name = info.name.clone();
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let layout = match option(info, request, "layout", &["artist/album", "label"])? {
        Some("label") => Layout::Label,
        _ => Layout::ArtistAlbum,
    };
    let found = scan(root, &extensions, layout)?;
    if found.tracks.is_empty() {
        return Err(nothing_found(root, extensions, &found));
    }
    Catalogue::new(name, root, found.tracks, found.skipped, found.ignored)
}

/// The root and the extensions of a request for a set that the user brings.
pub(crate) fn needs<'a>(info: &Info, request: &'a Request) -> Result<(&'a Path, Vec<String>), DatasetError> {
    let name = || info.name.clone();
    let Some(root) = &request.root else { return Err(DatasetError::RootNeeded { name: name() }) };
    if let Some(option) = request.options.keys().find(|option| !info.options.contains_key(*option)) {
        let known = info.options.keys().cloned().collect();
        return Err(DatasetError::UnknownOption { name: name(), option: option.clone(), known });
    }
    if !request.columns.is_empty() && info.source != Source::File {
        return Err(DatasetError::ColumnsNotWanted { name: name() });
    }
    let extensions = normalised(&request.extensions);
    if extensions.is_empty() && info.source == Source::Folder {
        return Err(DatasetError::ExtensionsNeeded { name: name() });
    }
    Ok((root, extensions))
}

/// The value of an option, if it was given; one of `allowed`.
pub(crate) fn option<'a>(
    info: &Info,
    request: &'a Request,
    option: &'static str,
    allowed: &[&str],
) -> Result<Option<&'a str>, DatasetError> {
    let Some(found) = request.options.get(option) else { return Ok(None) };
    if allowed.contains(&found.as_str()) {
        return Ok(Some(found));
    }
    Err(DatasetError::OptionValue {
        name: info.name.clone(),
        option,
        allowed: allowed.iter().map(|&value| value.to_owned()).collect(),
        found: found.clone(),
    })
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

pub(crate) fn require_folder(root: &Path) -> Result<(), DatasetError> {
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
