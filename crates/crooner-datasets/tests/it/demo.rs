//! The set inside the program: complete, healed when damaged, safe when raced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::common::set;
use crooner_datasets::{Catalogue, DatasetError, Request};

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/demo")
}

fn open(cache: &Path) -> Catalogue {
    set("demo").open(&Request::default().with_cache(cache)).unwrap()
}

/// Every file below a folder, with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), content);
            }
        }
    }
    found
}

#[test]
fn the_copy_equals_the_source_licences_included() {
    let cache = tempfile::tempdir().unwrap();
    let catalogue = open(cache.path());
    let copy = files(catalogue.root.parent().unwrap());
    assert!(copy == files(&home()), "the copy in the cache differs from datasets/demo");
    assert!(copy.contains_key(Path::new("LICENSES.md")));
    let audio = copy.keys().filter(|path| path.extension().is_some_and(|e| e == "ogg")).count();
    assert_eq!(audio, catalogue.tracks.len(), "a file that the manifest does not list");
}

#[test]
fn every_licence_in_the_manifest_is_stated() {
    let licences = fs::read_to_string(home().join("LICENSES.md")).unwrap();
    let manifest = csv::Reader::from_path(home().join("manifest.csv"));
    let stated: BTreeSet<String> = manifest
        .unwrap()
        .deserialize()
        .map(|row: Result<BTreeMap<String, String>, _>| row.unwrap()["licence"].clone())
        .collect();
    assert_eq!(stated.len(), 5);
    for licence in stated {
        assert!(licences.contains(&format!("- Licence: {licence}")), "{licence}");
    }
}

#[test]
fn it_is_the_folder_that_it_looks_like() {
    let cache = tempfile::tempdir().unwrap();
    let demo = open(cache.path());
    let mut folder = crate::common::open(&home().join("artists")).unwrap();
    assert_eq!((folder.skipped.len(), folder.ignored.total()), (0, 0));
    // The manifest knows the titles better than the file names do.
    for (from_folder, from_manifest) in folder.tracks.iter_mut().zip(&demo.tracks) {
        from_folder.title.clone_from(&from_manifest.title);
        from_folder.path.clone_from(&from_manifest.path);
    }
    assert_eq!(folder.tracks, demo.tracks);
}

#[test]
fn a_second_opening_writes_nothing_and_damage_is_healed() {
    let cache = tempfile::tempdir().unwrap();
    let first = open(cache.path());
    let times = || -> Vec<SystemTime> {
        first.tracks.iter().map(|track| fs::metadata(&track.path).unwrap().modified().unwrap()).collect()
    };
    let before = times();
    open(cache.path());
    assert_eq!(times(), before);

    let [cut, changed, gone] = [0, 7, 20].map(|k| &first.tracks[k].path);
    let sound = [cut, changed, gone].map(|path| fs::read(path).unwrap());
    fs::write(cut, &sound[0][..100]).unwrap();
    let mut bytes = sound[1].clone();
    bytes[5000] ^= 1;
    fs::write(changed, bytes).unwrap();
    fs::remove_file(gone).unwrap();
    fs::remove_file(first.root.join("../LICENSES.md")).unwrap();
    // A stranger in the cache is neither listed nor touched.
    crate::common::touch(&first.root.join("Eric_Skiff/Other/new.ogg"));

    assert_eq!(open(cache.path()), first);
    assert!([cut, changed, gone].map(|path| fs::read(path).unwrap()) == sound);
    assert!(first.root.join("../LICENSES.md").is_file());
    assert!(first.root.join("Eric_Skiff/Other/new.ogg").is_file());
}

#[test]
fn racing_openers_agree() {
    let cache = tempfile::tempdir().unwrap();
    let catalogues: Vec<_> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..6).map(|_| scope.spawn(|| open(cache.path()))).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    assert!(catalogues.iter().all(|catalogue| catalogue == &catalogues[0]));
    assert!(files(catalogues[0].root.parent().unwrap()) == files(&home()), "no half file, no temporary file");
}

#[test]
fn what_it_cannot_use_or_write_is_an_error() {
    let cache = tempfile::tempdir().unwrap();
    let request = Request::default().with_cache(cache.path());
    let error = set("demo").open(&request.with_root("/music")).unwrap_err().to_string();
    assert_eq!(
        error,
        "data set \"demo\" brings its own files and would not read \"/music\": leave the folder out, or use the data \
         set \"folder\""
    );

    let file = cache.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = set("demo").open(&Request::default().with_cache(&file)).unwrap_err();
    assert!(matches!(&error, DatasetError::Io { path, .. } if path.starts_with(&file)), "{error}");

    // A folder where a file should be.
    let first = open(cache.path());
    fs::remove_file(&first.tracks[0].path).unwrap();
    fs::create_dir(&first.tracks[0].path).unwrap();
    let error = set("demo").open(&Request::default().with_cache(cache.path())).unwrap_err().to_string();
    assert_eq!(error, format!("cannot read {:?}", first.tracks[0].path));
}

#[cfg(unix)]
#[test]
fn the_copy_may_be_shared() {
    use std::os::unix::fs::PermissionsExt;
    let cache = tempfile::tempdir().unwrap();
    let plain = cache.path().join("plain");
    fs::write(&plain, b"").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&open(cache.path()).tracks[0].path), mode(&plain));
}
