//! What every data set in the registry must do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crooner_datasets::{Dataset, DatasetError, Request, Source, find, registry};
use tempfile::TempDir;

fn home(set: &dyn Dataset) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets").join(set.name())
}

/// What opens the set: an empty cache for one that brings its files, its miniature for one that does
/// not.
fn request(set: &dyn Dataset) -> (Request, TempDir) {
    let request = Request::default().with_extensions(["mp3", "ogg", "flac", "wav", "m4a"]);
    match set.info().source {
        Source::Embedded => {
            let cache = tempfile::tempdir().unwrap();
            (request.with_cache(cache.path()), cache)
        }
        Source::Folder if home(set).join("miniature").is_dir() => {
            (request.with_root(home(set).join("miniature")), tempfile::tempdir().unwrap())
        }
        Source::Folder => {
            let names = std::fs::read_to_string(home(set).join("miniature.txt")).unwrap();
            let root = crate::common::folder(names.lines());
            (request.with_root(root.path()), root)
        }
        Source::Scores => {
            let cache = tempfile::tempdir().unwrap();
            (crate::symbolic::request(cache.path(), "fluidsynth.sh"), cache)
        }
        Source::File => {
            let request = request.with_root(home(set).join("miniature/table.csv"));
            let request = request.with_column("path", "file").with_column("artist", "Sänger");
            (request.with_column("album", "record"), tempfile::tempdir().unwrap())
        }
    }
}

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<_> = registry().iter().map(|set| set.name()).collect();
    assert_eq!(names.len(), registry().len());
    for name in names {
        assert_eq!(find(name).unwrap().name(), name);
    }
}

#[test]
fn facts_are_stated_where_they_belong() {
    for set in registry() {
        let info = set.info();
        for (key, text) in [
            ("name", &info.name),
            ("title", &info.title),
            ("citation", &info.citation),
            ("licence", &info.licence),
            ("layout", &info.layout),
            ("obtain", &info.obtain),
        ] {
            assert!(!text.trim().is_empty(), "{}: {key} is empty", info.name);
        }
        let toml = std::fs::read_to_string(home(*set).join("dataset.toml")).unwrap();
        assert_eq!(&toml::from_str::<crooner_datasets::Info>(&toml).unwrap(), info);
        match info.source {
            Source::Embedded => assert!(info.manifest.is_some() && info.counts.is_some(), "{}", info.name),
            Source::Folder | Source::File | Source::Scores => {
                assert!(info.manifest.is_none(), "{}", info.name);
            }
        }
    }
}

#[test]
fn every_set_opens_to_a_sound_catalogue() {
    for set in registry() {
        let (request, _folder) = request(*set);
        let catalogue = set.open(&request).unwrap();
        assert_eq!(catalogue.name, set.name());
        assert!(catalogue.tracks.is_sorted_by(|a, b| a.id < b.id), "{}: ids unique and sorted", set.name());
        for track in &catalogue.tracks {
            assert!(track.path.is_file(), "{track:?}");
            assert_eq!(track.path, catalogue.root.join(&track.id));
            assert!(!track.title.is_empty(), "{track:?}");
            assert!(track.fields.values().all(|value| !value.is_empty()), "{track:?}");
        }
        if let (Some(counts), Source::Embedded) = (set.info().counts, set.info().source) {
            assert_eq!(catalogue.counts(), counts, "{}", set.name());
        }
        let label = set.info().label.as_deref().unwrap_or("artist");
        let group = set.info().group.as_deref().unwrap_or("track");
        catalogue.require_classes(label, 2, 1).unwrap();
        assert_eq!(catalogue.select(label, group).unwrap().len(), catalogue.tracks.len());
        assert_eq!(set.open(&request).unwrap(), catalogue, "{}: opening twice", set.name());
    }
}

#[test]
fn a_bare_request_is_refused_by_name() {
    for set in registry() {
        let error = set.open(&Request::default()).unwrap_err();
        match set.info().source {
            Source::Embedded => assert!(matches!(error, DatasetError::CacheNeeded { .. }), "{error}"),
            Source::Folder | Source::File | Source::Scores => {
                assert!(matches!(error, DatasetError::RootNeeded { .. }), "{error}");
            }
        }
        assert!(error.to_string().contains(&format!("data set {:?} needs", set.name())), "{error}");
    }
}

#[test]
fn unknown_names_get_a_list_and_a_suggestion() {
    let error = |name| find(name).err().unwrap().to_string();
    assert!(error("dmeo").starts_with("unknown data set \"dmeo\": known are demo, folder, table, tags, "));
    assert!(error("dmeo").ends_with("(did you mean \"demo\"?)"));
    assert!(error("Folder").ends_with("(did you mean \"folder\"?)"));
    assert!(error("spotify").contains(", voxceleb2") && !error("spotify").contains("did you mean"));
}
