//! Any bytes, in the place of a shard or of an index of the store.
//!
//! Built for fuzzing, the store does not compare the checksum of a shard's head (`crooner-store/src/seal.rs`):
//! otherwise every mutation would stop there.

#![no_main]

use std::sync::LazyLock;

use crooner_fuzz::{file, folder, let_dependencies_panic_where_it_is_caught};
use crooner_store::{Shard, Store};
use libfuzzer_sys::fuzz_target;

static STORE: LazyLock<Store> = LazyLock::new(|| Store::open(folder()).expect("a store"));

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
    if bytes.starts_with(b"PAR1") { index(bytes) } else { shard(bytes) }
});
