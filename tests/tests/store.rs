//! The store from the command line: what is in it, whether it is intact, what nobody needs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;
use std::path::{Path, PathBuf};

use crooner_tests::{Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");
const PREPARE: [&str; 5] = ["prepare-data", "--data", "music", "--config", "quick.toml"];

/// Two artists with two albums of two tracks, prepared: four shards.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 2, 2);
    sandbox.succeed(&PREPARE);
    sandbox
}

/// The shards of the sandbox's store, sorted.
fn shards(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut shards: Vec<_> = files(&sandbox.path("store"))
        .filter(|path| path.is_dir())
        .flat_map(|folder| files(&folder).collect::<Vec<_>>())
        .filter(|path| path.extension().is_some_and(|extension| extension == "arrow"))
        .collect();
    shards.sort();
    shards
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Flips one bit in the middle of the values, which are most of a shard.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_is_found_and_its_shard_made_again() {
    let sandbox = prepared();
    let shards = shards(&sandbox);
    assert_eq!(shards.len(), 4);
    let intact: Vec<_> = shards.iter().map(|path| fs::read(path).unwrap()).collect();
    let found = sandbox.succeed(&["store", "verify"]);
    assert!(found.stdout.ends_with("4 shards of store; 0 damaged\n"), "{}", found.stdout);

    flip(&shards[1]);
    let found = sandbox.run(&["store", "verify"]);
    assert_eq!(found.code, Some(1), "damage is no success");
    assert!(found.stdout.ends_with("4 shards of store; 1 damaged\n"), "{}", found.stdout);
    assert!(found.stderr.contains(name(&shards[1])), "the shard is named: {}", found.stderr);
    assert!(!found.stderr.contains(name(&shards[0])), "and no other: {}", found.stderr);

    let found = sandbox.succeed(&["store", "verify", "--remove"]);
    assert!(
        found.stdout.ends_with("1 shard removed; prepare-data computes them again\n"),
        "{}",
        found.stdout
    );
    let again = sandbox.succeed(&PREPARE);
    assert!(again.stdout.contains("2 computed"), "{}", again.stdout);
    let rebuilt: Vec<_> = shards.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(rebuilt == intact, "byte for byte");
}

#[test]
fn prepare_data_verifies_what_is_there_if_asked() {
    let sandbox = prepared();
    let shards = shards(&sandbox);
    let intact = fs::read(&shards[3]).unwrap();
    flip(&shards[3]);
    sandbox.succeed(&[&PREPARE[..], &["--verify"]].concat());
    assert!(fs::read(&shards[3]).unwrap() == intact);
    sandbox.succeed(&["store", "verify"]);
}

#[test]
fn what_lies_in_a_store_is_told() {
    let sandbox = Sandbox::new(PROGRAM);
    assert_eq!(sandbox.succeed(&["store", "stat"]).stdout, "store: no features\n");
    sandbox.music(2, 2, 2);
    fs::write(sandbox.path("music/Artist 0/Album 0/broken.wav"), "no audio").unwrap();
    sandbox.succeed(&PREPARE);
    let text = sandbox.succeed(&["store", "stat"]).stdout;
    assert!(text.contains("log-mel") && text.contains("9 tracks, 0.01 h of audio"), "{text}");
    assert!(text.contains("in 4 shards; 1 could not be decoded"), "{text}");
    assert!(text.contains("index-folder-"), "{text}");
}

#[test]
fn garbage_is_what_no_catalogue_lists() {
    let sandbox = prepared();
    let before = shards(&sandbox);
    assert!(sandbox.succeed(&["store", "gc"]).stdout.starts_with("0 shards, 0 bytes, removed"));
    // A changed track changes its shard, and leaves the old one.
    wav::write(&sandbox.path("music/Artist 1/Album 1/0.wav"), &wav::tone(523.0, 2.0)).unwrap();
    sandbox.succeed(&PREPARE);
    let stale: Vec<_> = before.iter().filter(|path| shards(&sandbox).contains(path)).collect();
    assert_eq!(stale.len(), 4, "nothing is removed unasked");

    let dry = sandbox.succeed(&["store", "gc", "--dry-run"]).stdout;
    assert!(dry.contains("no data set lists it any more"), "{dry}");
    assert!(dry.lines().last().unwrap().starts_with("1 shard, "), "{dry}");
    assert_eq!(shards(&sandbox).len(), 5, "a dry run removes nothing");
    let done = sandbox.succeed(&["store", "gc"]).stdout;
    assert!(done.starts_with("1 shard, ") && done.ends_with("removed\n"), "{done}");
    let gone: Vec<_> = before.iter().filter(|path| !path.exists()).collect();
    assert_eq!(gone.len(), 1);
    assert!(dry.contains(name(gone[0])), "{dry}");
    // What is left is all that is needed.
    let again = sandbox.succeed(&PREPARE).stdout;
    assert!(again.contains("8 were in the store; no failures"), "{again}");
}

#[test]
fn fingerprints_of_files_that_are_gone_are_garbage() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 2, 2);
    sandbox.run(&["audit", "--data", "music"]);
    let stat = sandbox.succeed(&["store", "stat"]).stdout;
    assert!(stat.contains("fingerprints-1\n  8 fingerprints of audio files, "), "{stat}");
    assert!(sandbox.succeed(&["store", "gc"]).stdout.starts_with("0 shards, 0 bytes, removed"));

    fs::remove_file(sandbox.path("music/Artist 0/Album 0/0.wav")).unwrap();
    wav::write(&sandbox.path("music/Artist 1/Album 1/0.wav"), &wav::tone(523.0, 2.0)).unwrap();
    let dry = sandbox.succeed(&["store", "gc", "--dry-run"]).stdout;
    assert_eq!(dry.matches("its audio file is gone or changed").count(), 2, "{dry}");
    assert!(dry.contains("\n2 fingerprints, ") && dry.ends_with("could be removed\n"), "{dry}");
    let done = sandbox.succeed(&["store", "gc"]).stdout;
    assert!(done.starts_with("2 fingerprints, "), "{done}");
    let stat = sandbox.succeed(&["store", "stat"]).stdout;
    assert!(stat.contains("6 fingerprints of audio files, "), "{stat}");
}
