//! Any bytes, in the place of a shard, of an index of the store, or of what it remembers of a folder of audio.
//!
//! Built for fuzzing, the store does not compare the checksum of a shard's head (`crooner-store/src/seal.rs`):
//! otherwise every mutation would stop there.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use crooner_fuzz::{file, folder, let_dependencies_panic_where_it_is_caught};
use crooner_store::{Shard, Store, StoreError};
use libfuzzer_sys::fuzz_target;

static STORE: LazyLock<Store> = LazyLock::new(|| Store::open(folder()).expect("a store"));

/// An audio file, as far as hashes go, and the journal of its folder.
static JOURNAL: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
    let audio = file("music/one.wav", b"audio");
    assert!(hash(&audio).is_ok());
    let files = std::fs::read_dir(folder().join("audio-hashes")).expect("a folder");
    let mut paths = files.map(|file| file.expect("a file").path());
    let journal = paths.find(|path| path.extension().is_some()).expect("a journal beside the lock");
    (audio, journal)
});

fn hash(audio: &Path) -> Result<String, StoreError> {
    let found = STORE.content_hashes(&[audio], Some(1), &AtomicBool::new(false), &|| ())?;
    Ok(format!("{found:?}"))
}

/// Whatever a journal says, it is read or named; and what is remembered is then remembered. An `@` is the folder.
fn journal(bytes: &[u8]) {
    let (audio, path) = &*JOURNAL;
    let music = audio.parent().expect("a folder").as_os_str().as_encoded_bytes();
    let text: Vec<&[u8]> = bytes.split(|&byte| byte == b'@').collect();
    std::fs::write(path, text.join(music)).expect("room for the input");
    if let Err(error) = STORE.derived_garbage(&[]) {
        assert!(!error.to_string().is_empty());
    }
    match hash(audio) {
        Ok(found) => {
            let before = std::fs::read(path).expect("a journal");
            assert_eq!(hash(audio).expect("what was just read"), found);
            assert_eq!(std::fs::read(path).expect("a journal"), before, "known already");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn shard(bytes: &[u8]) {
    let path = file("shard.arrow", bytes);
    match Shard::open(&path) {
        Ok(shard) => {
            let n_bins = shard.header().n_bins;
            for (row, track) in shard.tracks().iter().enumerate() {
                assert_eq!(shard.frames(row).len(), track.n_frames * n_bins);
            }
            drop(shard.verify());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn index(bytes: &[u8]) {
    file("3f0c2f4e5b8a9d17/index-fuzz-00000000.parquet", bytes);
    if let Err(error) = STORE.garbage() {
        assert!(!error.to_string().is_empty());
    }
    if let Err(error) = STORE.stat() {
        assert!(!error.to_string().is_empty());
    }
}

fuzz_target!(init: let_dependencies_panic_where_it_is_caught(), |bytes: &[u8]| {
    match bytes {
        [b'P', b'A', b'R', b'1', ..] => index(bytes),
        [b'{', ..] => journal(bytes),
        _ => shard(bytes),
    }
});
