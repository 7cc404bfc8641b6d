//! An audit that is cancelled keeps what it heard, and the next one goes on from there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crooner_audit::{Depth, Options, Stage, audit, kept_as};
use crooner_datasets::{Catalogue, Request};
use crooner_fingerprint::FINGERPRINT_VERSION;
use crooner_store::Store;

/// Twelve tracks of the demo, and one of them again.
fn catalogue(folder: &Path) -> Catalogue {
    let request = Request::default().with_cache(folder);
    let mut catalogue = crooner_datasets::find("demo").unwrap().open(&request).unwrap();
    catalogue.tracks.truncate(12);
    let mut copy = catalogue.tracks[3].clone();
    copy.id = "zz/copy.ogg".into();
    catalogue.tracks.push(copy);
    catalogue
}

fn kept(store: &Store) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.root().join(kept_as()));
    let mut paths: Vec<_> = entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_was_heard_before_an_interrupt_is_not_heard_again() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(folder.path());
    let store = Store::open(folder.path().join("interrupted")).unwrap();
    let one_thread = Options { jobs: Some(1), ..Options::default() };
    for stage in [Stage::Reading, Stage::Listening, Stage::Listening, Stage::Comparing] {
        let (cancel, before) = (AtomicBool::new(false), kept(&store).len());
        let heard = AtomicUsize::new(0);
        let found = audit(&catalogue, None, &store, &one_thread, &cancel, &|progress| {
            let enough = progress.stage != Stage::Listening || progress.done == before + 4;
            cancel.fetch_or(progress.stage == stage && enough, Ordering::Relaxed);
            heard.fetch_add(usize::from(progress.stage == Stage::Listening), Ordering::Relaxed);
        });
        assert_eq!(found.unwrap(), None, "cancelled while {stage:?}");
        if stage == Stage::Listening {
            assert_eq!(kept(&store).len(), before + 4);
            assert_eq!(heard.into_inner(), before + 4, "it stops after the track at which it was cancelled");
        }
    }
    assert_eq!(kept(&store).len(), 12, "two tracks are one file");
}

#[test]
fn a_fingerprint_of_another_version_is_made_again_and_threads_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(folder.path());
    let store = Store::open(folder.path().join("store")).unwrap();
    let never = AtomicBool::new(false);
    let listen = |jobs| {
        let options = Options { jobs: Some(jobs), depth: Depth::Full, ..Options::default() };
        audit(&catalogue, None, &store, &options, &never, &|_| {}).unwrap().unwrap()
    };
    let first = listen(3);
    assert_eq!(first.pairs.iter().filter(|pair| pair.found.is_proven()).count(), 1);

    // As a later version would write it where this one looks: intact, but for another version.
    let path = &kept(&store)[5];
    let intact = fs::read(path).unwrap();
    let mut other = intact.clone();
    other[8..12].copy_from_slice(&(FINGERPRINT_VERSION + 1).to_le_bytes());
    let n_content = other.len() - 32;
    let hash = blake3::hash(&other[..n_content]);
    other[n_content..].copy_from_slice(hash.as_bytes());
    fs::write(path, other).unwrap();
    assert_eq!(listen(1), first);
    assert_eq!(fs::read(path).unwrap(), intact);
}
