//! Verifying, counting, and removing what nobody needs.

use std::fs;
use std::sync::atomic::AtomicBool;

use crooner_store::{GarbageReason, PrepareOptions, Store, StoreError};
use tempfile::tempdir;

use crate::common::{
    N_TRACKS, N_UNITS, assert_same, catalogue, collection, config_of, prepare, prepare_as, tone,
};

static NEVER: AtomicBool = AtomicBool::new(false);

fn verify(store: &Store) -> crooner_store::Verification {
    store.verify(&NEVER, &|_, _| {}).unwrap()
}

/// Bytes of the mark that ends the stream, before the footer.
const END_MARK: usize = 8;

/// Where the footer of an Arrow file begins: before its length and the magic.
fn footer(arrow: &[u8]) -> usize {
    let end = arrow.len() - 10;
    let length = u32::from_le_bytes(arrow[end..end + 4].try_into().unwrap());
    end - length as usize
}

#[test]
fn every_flipped_bit_is_found_and_its_shard_computed_again() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    let store = Store::open(root.path()).unwrap();
    let fine = verify(&store);
    assert_eq!((fine.shards, fine.damaged.len(), fine.interrupted), (N_UNITS, 0, false));

    let shard = store.shards().unwrap().remove(1);
    let intact = fs::read(&shard).unwrap();
    let with_checks = PrepareOptions { verify: true, ..PrepareOptions::default() };
    // The first bytes are padding of the magic, which nothing reads.
    for at in (64..intact.len()).step_by(intact.len() / 40) {
        let mut bytes = intact.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&shard, &bytes).unwrap();
        let found = verify(&store).damaged;
        let after_seal = found.is_empty();
        if after_seal {
            // Beyond what is sealed: the mark of the stream's end and Arrow's own copy of the schema in the footer,
            // neither of which we ever read.
            let unread = footer(&intact) - END_MARK;
            assert!(at >= unread, "byte {at} of {}, unread from {unread}", intact.len());
            continue;
        }
        assert_eq!(found.len(), 1, "byte {at}");
        assert_eq!(found[0].0, shard);
        let summary = prepare(root.path(), &catalogue, &with_checks).unwrap();
        assert_eq!(summary.rebuilt, std::slice::from_ref(&shard), "byte {at}");
        assert!(fs::read(&shard).unwrap() == intact, "byte {at}");
    }
}

#[test]
fn what_no_index_lists_is_garbage_and_nothing_else_is() {
    let (music, other, root) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let first = collection(music.path());
    prepare(root.path(), &first, &PrepareOptions::default()).unwrap();
    // The same catalogue name, another folder: it must not make the first one garbage.
    fs::create_dir_all(other.path().join("Dora/One")).unwrap();
    tone(&other.path().join("Dora/One/00.wav"), 99);
    let second = catalogue(other.path());
    prepare(root.path(), &second, &PrepareOptions::default()).unwrap();
    let store = Store::open(root.path()).unwrap();
    assert!(store.garbage().unwrap().is_empty());

    // One track changes: its unit is computed anew, and the old one is no longer needed.
    tone(&first.tracks[0].path, 77);
    prepare(root.path(), &first, &PrepareOptions::default()).unwrap();
    let garbage = store.garbage().unwrap();
    assert_eq!(garbage.len(), 1);
    assert_eq!(garbage[0].reason, GarbageReason::Unlisted);
    assert_eq!(garbage[0].bytes, fs::metadata(&garbage[0].path).unwrap().len());

    store.remove(&[garbage[0].path.clone()]).unwrap();
    assert!(store.garbage().unwrap().is_empty());
    assert_eq!(store.shards().unwrap().len(), N_UNITS + 1);
    let summary = prepare(root.path(), &first, &PrepareOptions::default()).unwrap();
    assert_eq!((summary.reused, summary.computed), (N_TRACKS, 0));
}

#[test]
fn a_folder_without_an_index_keeps_its_shards() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    let store = Store::open(root.path()).unwrap();
    fs::remove_file(store.index_path(&catalogue, &crate::common::config()).unwrap()).unwrap();
    assert!(store.garbage().unwrap().is_empty());
}

#[test]
fn only_shards_of_the_store_are_removed() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    let store = Store::open(root.path()).unwrap();
    let song = catalogue.tracks[0].path.clone();
    let error = store.remove(&[store.shards().unwrap().remove(0), song.clone()]).unwrap_err();
    assert!(matches!(&error, StoreError::Foreign { path, .. } if *path == song), "{error}");
    assert!(song.exists());
    assert_eq!(store.shards().unwrap().len(), N_UNITS);
}

#[test]
fn each_configuration_is_counted_by_itself() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    fs::write(&catalogue.tracks[4].path, "no music").unwrap();
    for n_mels in [8, 16] {
        prepare_as(&config_of(n_mels), root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    }
    let stats = Store::open(root.path()).unwrap().stat().unwrap();
    let mut bins: Vec<_> = stats.iter().map(|stat| stat.header.as_ref().unwrap().n_bins).collect();
    bins.sort_unstable();
    assert_eq!(bins, [8, 16]);
    for stat in &stats {
        assert_eq!((stat.shards, stat.tracks, stat.failures, stat.damaged), (N_UNITS, N_TRACKS, 1, 0));
        assert_eq!(stat.indexes.len(), 1);
        assert!(stat.hours.is_some_and(|hours| hours > 0.0) && stat.frames > 0 && stat.bytes > 10_000);
    }
    assert_eq!(stats[0].hours, stats[1].hours);
}

#[test]
fn a_missing_store_is_empty() {
    let root = tempdir().unwrap();
    let store = Store::open(root.path().join("none")).unwrap();
    assert_eq!(store.stat().unwrap(), []);
    assert_eq!(store.garbage().unwrap(), []);
    assert_eq!(verify(&store).shards, 0);
    store.remove(&[]).unwrap();
    assert!(!root.path().join("none").exists());
}

#[test]
fn two_stores_of_the_same_music_are_the_same_after_repair() {
    let (music, a, b) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    prepare(a.path(), &catalogue, &PrepareOptions::default()).unwrap();
    prepare(b.path(), &catalogue, &PrepareOptions::default()).unwrap();
    let store = Store::open(a.path()).unwrap();
    let shard = store.shards().unwrap().remove(0);
    fs::write(&shard, "no shard").unwrap();
    assert_eq!(verify(&store).damaged.len(), 1);
    store.remove(&[shard]).unwrap();
    prepare(a.path(), &catalogue, &PrepareOptions::default()).unwrap();
    assert_same(a.path(), b.path());
}
