//! From files to fingerprints, each computed once for its content.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crooner_audio::AudioReader;
use crooner_fingerprint::{Extractor, FINGERPRINT_VERSION, Fingerprint};
use crooner_store::{Derived, Store};
use rayon::prelude::*;

use crate::{AuditError, Progress, Stage};

/// The tracks with one content.
pub(crate) struct Content {
    /// Their numbers in the catalogue, ascending.
    pub(crate) tracks: Vec<usize>,
    hash: blake3::Hash,
}

/// Fingerprints, or why there are none, in the order of the contents.
pub(crate) type Prints = Vec<Result<Fingerprint, String>>;

/// Files by their bytes.
pub(crate) struct Files {
    /// In the order of the first track of each.
    pub(crate) contents: Vec<Content>,
    /// Tracks whose files cannot be read.
    pub(crate) unreadable: Vec<usize>,
}

/// Groups the files by their bytes. `None` if cancelled.
pub(crate) fn contents(
    store: &Store,
    paths: &[&Path],
    jobs: Option<usize>,
    cancel: &AtomicBool,
    on_progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Files>, AuditError> {
    let done = AtomicUsize::new(0);
    let on_file = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        on_progress(Progress { stage: Stage::Reading, done, of: paths.len() });
    };
    let Some(hashes) = store.content_hashes(paths, jobs, cancel, &on_file)? else { return Ok(None) };
    let mut contents: Vec<Content> = Vec::new();
    let mut places: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for (track, hash) in hashes.into_iter().enumerate() {
        let Some(hash) = hash else {
            unreadable.push(track);
            continue;
        };
        let place = *places.entry(*hash.as_bytes()).or_insert(contents.len());
        if place == contents.len() {
            contents.push(Content { tracks: Vec::new(), hash });
        }
        contents[place].tracks.push(track);
    }
    Ok(Some(Files { contents, unreadable }))
}

/// The fingerprints of all contents; what the store lacks is computed and kept. `None` if cancelled.
pub(crate) fn fingerprints(
    store: &Store,
    paths: &[&Path],
    contents: &[Content],
    cancel: &AtomicBool,
    on_progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Prints>, AuditError> {
    let kept = store.derived(&format!("fingerprints-{FINGERPRINT_VERSION}"))?;
    let done = Mutex::new(0);
    let prints = contents
        .par_iter()
        .map(|content| {
            if cancel.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let print = match recall(&kept, content)? {
                Some(print) => Ok(print),
                None => compute(&kept, paths, content)?,
            };
            // Its only panic is the reporter's own.
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done += 1;
            on_progress(Progress { stage: Stage::Listening, done: *done, of: contents.len() });
            Ok(Some(print))
        })
        .collect::<Result<Vec<_>, AuditError>>()?;
    Ok(prints.into_iter().collect())
}

/// A fingerprint that was damaged, or of another version, is as good as none: it is computed again.
fn recall(kept: &Derived, content: &Content) -> Result<Option<Fingerprint>, AuditError> {
    Ok(kept.get(&content.hash)?.and_then(|bytes| Fingerprint::from_bytes(&bytes).ok()))
}

fn compute(
    kept: &Derived,
    paths: &[&Path],
    content: &Content,
) -> Result<Result<Fingerprint, String>, AuditError> {
    let Some(&path) = content.tracks.first().and_then(|&track| paths.get(track)) else {
        return Ok(Err("there is no such track".to_owned()));
    };
    let print = match listen(path) {
        Ok(print) => print,
        Err(reason) => return Ok(Err(reason)),
    };
    // A fingerprint under the hash of another content would stay wrong for good.
    if hash_of(path) != Some(content.hash) {
        return Err(AuditError::InFlux { path: path.to_owned() });
    }
    kept.put(&content.hash, &print.to_bytes())?;
    Ok(Ok(print))
}

fn listen(path: &Path) -> Result<Fingerprint, String> {
    let mut reader = AudioReader::open(path).map_err(|error| error.to_string())?;
    let mut extractor = Extractor::new(reader.sample_rate()).map_err(|error| error.to_string())?;
    while let Some(block) = reader.next_block().map_err(|error| error.to_string())? {
        extractor.push(block).map_err(|error| error.to_string())?;
    }
    extractor.finish().map_err(|error| error.to_string())
}

fn hash_of(path: &Path) -> Option<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).ok()?;
    hasher.update_reader(file).ok().map(|hasher| hasher.finalize())
}
