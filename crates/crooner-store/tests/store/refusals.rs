//! What the disk or a stranger does to a store is told, by name, and never left half done.

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crooner_datasets::Catalogue;
use crooner_store::{FeatureSet, PrepareOptions, Shard, Store, StoreError};
use tempfile::{TempDir, tempdir};

use crate::common::{N_UNITS, assert_same, catalogue, collection, config, config_of, names, prepare, tree};

fn prepared() -> (TempDir, TempDir, Catalogue) {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    (music, root, catalogue)
}

fn features(root: &Path, catalogue: &Catalogue) -> Result<FeatureSet, StoreError> {
    Store::open(root)?.features(catalogue, &config())
}

#[test]
fn a_file_is_no_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    let error = Store::open(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("the store {} is not a folder", path.display()));

    let music = tempdir().unwrap();
    let catalogue = collection(music.path());
    let error = prepare(&path.join("store"), &catalogue, &PrepareOptions::default()).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[test]
fn a_truncated_shard_is_named_when_opened_and_computed_again_when_prepared() {
    let (_music, root, catalogue) = prepared();
    let shard = Store::open(root.path()).unwrap().shards().unwrap().remove(0);
    let intact = fs::read(&shard).unwrap();
    fs::write(&shard, &intact[..intact.len() / 2]).unwrap();
    let error = features(root.path(), &catalogue).unwrap_err();
    assert!(matches!(&error, StoreError::CorruptShard { path, .. } if *path == shard), "{error}");
    assert!(error.to_string().ends_with("prepare-data --verify computes it again"), "{error}");

    let summary = prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    assert_eq!(summary.rebuilt, std::slice::from_ref(&shard));
    assert!(summary.computed > 0 && summary.computed < summary.tracks);
    assert!(fs::read(&shard).unwrap() == intact);
    assert!(prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap().rebuilt.is_empty());
}

#[test]
fn a_changed_value_is_found_by_verifying() {
    let (_music, root, catalogue) = prepared();
    let shard = Store::open(root.path()).unwrap().shards().unwrap().remove(0);
    let mut bytes = fs::read(&shard).unwrap();
    // The frames are the bulk of the file, and they precede a footer of about 2 kB.
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&shard, bytes).unwrap();
    let set = features(root.path(), &catalogue).unwrap();
    let error = set.verify().unwrap_err();
    assert!(matches!(&error, StoreError::CorruptShard { path, .. } if *path == shard), "{error}");
    assert!(Shard::open(&shard).unwrap().verify().is_err());
}

#[test]
fn a_shard_under_a_wrong_name_is_noticed() {
    let (_music, root, catalogue) = prepared();
    let shards = Store::open(root.path()).unwrap().shards().unwrap();
    fs::copy(&shards[0], &shards[1]).unwrap();
    let error = features(root.path(), &catalogue).unwrap_err();
    assert!(matches!(&error, StoreError::WrongShard { path, .. } if *path == shards[1]), "{error}");

    let other = tempdir().unwrap();
    let store = Store::open(other.path()).unwrap();
    let never = AtomicBool::new(false);
    store.prepare(&catalogue, &config_of(8), &PrepareOptions::default(), &never, &|_| {}).unwrap();
    fs::copy(&store.shards().unwrap()[1], &shards[1]).unwrap();
    let error = features(root.path(), &catalogue).unwrap_err();
    assert!(matches!(&error, StoreError::WrongShard { path, .. } if *path == shards[1]), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(root.path().join("probe"), "").is_ok() {
        #[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
        {
            eprintln!("skipped: this user may write to read-only folders");
        }
        return;
    }
    let error = prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap_err();
    assert!(error.to_string().contains(&root.path().display().to_string()), "{error}");
    assert!(names(root.path()).is_empty());
}

/// The shell forbids this test's own binary to write files beyond a size, which looks like a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    use std::process::Command;

    const CHILD: &str = "CROONER_STORE_FULL_DISK_CHILD";
    const NAME: &str = "refusals::a_full_disk_leaves_nothing_half_written";
    if let Some(paths) = std::env::var_os(CHILD) {
        let mut paths = std::env::split_paths(&paths);
        let (music, root) = (paths.next().unwrap(), paths.next().unwrap());
        let options = PrepareOptions { jobs: Some(1), shard: None, verify: false };
        let error = prepare(&root, &catalogue(&music), &options).unwrap_err();
        assert!(matches!(&error, StoreError::Io { action: "write", path, .. } if path.starts_with(&root)));
        assert!(error.source().unwrap().to_string().contains("too large"), "{:?}", error.source());
        return;
    }

    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    let status = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(CHILD, std::env::join_paths([music.path(), root.path()]).unwrap())
        .status()
        .unwrap();
    assert!(status.success());

    // Of the 6 shards the smallest fit into 8 kB; all that are there are whole, and nothing else is.
    let store = Store::open(root.path()).unwrap();
    let written = store.shards().unwrap();
    assert!(written.len() < N_UNITS);
    for shard in &written {
        Shard::open(shard).unwrap().verify().unwrap();
    }
    assert!(
        tree(root.path()).keys().all(|name| !name.starts_with(".tmp/")),
        "{:?}",
        tree(root.path()).keys()
    );

    prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();
    let fresh = tempdir().unwrap();
    prepare(fresh.path(), &catalogue, &PrepareOptions::default()).unwrap();
    assert_same(root.path(), fresh.path());
}
