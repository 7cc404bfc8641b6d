//! From files to fingerprints, each computed once for its content.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crooner_audio::AudioReader;
use crooner_fingerprint::{Extractor, FINGERPRINT_VERSION, Fingerprint};
use crooner_store::{Derived, Store};

use crate::{AuditError, Progress, Stage};

/// The tracks with one content.
pub(crate) struct Content {
    /// Their numbers in the catalogue, ascending.
    pub(crate) tracks: Vec<usize>,
    hash: blake3::Hash,
}

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

/// The kind under which an audit keeps fingerprints in a store: see [`Store::derived`]. It names their version.
#[must_use]
pub fn kept_as() -> String {
    format!("fingerprints-{FINGERPRINT_VERSION}")
}

/// Gives fingerprints: what the store lacks is computed and kept.
pub(crate) struct Prints<'a> {
    kept: Derived,
    paths: &'a [&'a Path],
}

impl<'a> Prints<'a> {
    pub(crate) fn new(store: &Store, paths: &'a [&'a Path]) -> Result<Self, AuditError> {
        Ok(Self { kept: store.derived(&kept_as())?, paths })
    }

    /// The fingerprint of a content, or why there is none.
    pub(crate) fn of(&self, content: &Content) -> Result<Result<Fingerprint, String>, AuditError> {
        // One that was damaged, or is of another version, is as good as none: it is computed again.
        let kept = self.kept.get(&content.hash)?.and_then(|bytes| Fingerprint::from_bytes(&bytes).ok());
        kept.map_or_else(|| self.compute(content), |print| Ok(Ok(print)))
    }

    /// As [`of`](Self::of), of a content that has been heard before.
    pub(crate) fn again(&self, content: &Content) -> Result<Fingerprint, AuditError> {
        let path = content.tracks.first().and_then(|&track| self.paths.get(track));
        let gone = |_| AuditError::InFlux { path: path.map(|&path| path.to_owned()).unwrap_or_default() };
        self.of(content)?.map_err(gone)
    }

    fn compute(&self, content: &Content) -> Result<Result<Fingerprint, String>, AuditError> {
        let Some(&path) = content.tracks.first().and_then(|&track| self.paths.get(track)) else {
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
        self.kept.put(&content.hash, &print.to_bytes())?;
        Ok(Ok(print))
    }
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
