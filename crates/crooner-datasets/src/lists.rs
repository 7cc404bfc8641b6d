//! What sets with a published layout share: finding their parts, and reading their lists.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::scan::{Layout, Scan, scan};
use crate::{DatasetError, SkipReason, Skipped, Track};

/// The first of `candidates` below `root` that is there.
pub(crate) fn find(root: &Path, candidates: &[&str]) -> Option<PathBuf> {
    candidates.iter().map(|candidate| root.join(candidate)).find(|path| path.exists())
}

/// The same, where the set cannot do without.
pub(crate) fn require(root: &Path, candidates: &[&str], what: &str) -> Result<PathBuf, DatasetError> {
    find(root, candidates).ok_or_else(|| DatasetError::NotThere {
        path: root.join(candidates.first().copied().unwrap_or_default()),
        what: what.to_owned(),
    })
}

/// A list's text, without a byte order mark.
pub(crate) fn text(path: &Path) -> Result<String, DatasetError> {
    let bytes = fs::read(path).map_err(DatasetError::io("read", path))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        bad(path, line, "expected UTF-8, found something else")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Lines with their numbers, without blank ones and ends of line.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim_end()))
        .filter(|(_, line)| !line.is_empty())
}

/// Line `line` of a list is not what it should be.
pub(crate) fn bad(path: &Path, line: usize, reason: impl Into<String>) -> DatasetError {
    DatasetError::BadList { path: path.to_owned(), line: Some(line as u64), reason: reason.into() }
}

/// The audio below `audio`, with ids relative to `root`; not one of a million may be in two folders.
pub(crate) fn tree(root: &Path, audio: &Path, extensions: &[String]) -> Result<Scan, DatasetError> {
    let mut found = scan(audio, extensions, Layout::Tree)?;
    if let Some(below) =
        audio.strip_prefix(root).ok().and_then(Path::to_str).filter(|below| !below.is_empty())
    {
        let below = below.replace('\\', "/");
        for track in &mut found.tracks {
            track.id = format!("{below}/{}", track.id);
        }
    }
    Ok(found)
}

/// The last `n` names of an id, and no others: `a/b/c` are `["a", "b", "c"]`.
pub(crate) fn last<const N: usize>(id: &str) -> Option<[&str; N]> {
    let mut names: Vec<&str> = id.rsplitn(N + 1, '/').take(N).collect();
    names.reverse();
    names.try_into().ok()
}

/// Audio that is not where the set has its audio.
pub(crate) fn misplaced(track: &Track, expected: &str) -> Skipped {
    let reason = SkipReason::Misplaced { expected: expected.to_owned() };
    Skipped { path: track.path.clone(), reason }
}

/// Sides of a list, by a key of its tracks.
pub(crate) type Sides = HashMap<String, &'static str>;

/// Fails if nothing is left.
pub(crate) fn require_some(root: &Path, tracks: &[Track], skipped: &[Skipped]) -> Result<(), DatasetError> {
    match (tracks.is_empty(), skipped.iter().min_by(|a, b| a.path.cmp(&b.path))) {
        (true, Some(first)) => Err(DatasetError::NothingUsable {
            root: root.to_owned(),
            skipped: skipped.len(),
            example: first.to_string(),
        }),
        _ => Ok(()),
    }
}
