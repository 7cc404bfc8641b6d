//! What comes out of a preparation, and when it is done again.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crooner_audio::AudioReader;
use crooner_datasets::Catalogue;
use crooner_store::{FeatureSet, FrontEnd, PrepareOptions, Progress, Store, StoreError};
use half::f16;
use tempfile::tempdir;

use crate::common::{
    N_TRACKS, N_UNITS, assert_same, catalogue, collection, config, config_of, prepare,
    sound_that_ends_in_nan, tone, tree,
};

const ALL: PrepareOptions = PrepareOptions { jobs: Some(2), shard: None, verify: false };

#[test]
fn the_store_holds_what_the_extractor_computes() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    let summary = prepare(root.path(), &catalogue, &ALL).unwrap();
    assert_eq!((summary.tracks, summary.computed, summary.reused), (N_TRACKS, N_TRACKS, 0));
    assert!(!summary.interrupted && summary.failures.is_empty());

    let store = Store::open(root.path()).unwrap();
    assert_eq!(store.shards().unwrap().len(), N_UNITS);
    let set = store.features(&catalogue, &config()).unwrap();
    assert_eq!((set.tracks().len(), set.n_bins(), set.front_end()), (N_TRACKS, 16, &config()));
    let mut samples = 0;
    for (at, track) in catalogue.tracks.iter().enumerate() {
        let (expected, n_samples) = expected(&track.path);
        assert!(!expected.is_empty());
        assert_eq!(set.frames(at), expected, "{}", track.id);
        let stored = &set.tracks()[at];
        assert_eq!((&stored.id, &stored.artist), (&track.id, &track.artist));
        assert_eq!((&stored.album, &stored.title), (&track.album, &track.title));
        assert_eq!((stored.n_frames, stored.n_samples), (expected.len() / 16, n_samples));
        assert_eq!(set.find(&track.id), Some(at));
        samples += n_samples;
    }
    assert_eq!(set.find("absent"), None);
    assert_eq!(summary.audio_seconds, samples as f64 / 16_000.0);
    assert_eq!(summary.computed_seconds, summary.audio_seconds);
    set.verify().unwrap();
}

/// The frames of a file, computed with nothing of this crate's, and its number of samples.
fn expected(path: &Path) -> (Vec<f16>, u64) {
    let mut reader = AudioReader::open_at(path, 16_000).unwrap();
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        samples.extend_from_slice(block);
    }
    let FrontEnd::Audio(config) = config() else { unreachable!("a feature of audio") };
    let frames = config.frames(&samples).unwrap();
    (frames.values().iter().map(|&value| f16::from_f32(value)).collect(), samples.len() as u64)
}

#[test]
fn half_a_track_does_not_leak_into_the_next() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    collection(music.path());
    sound_that_ends_in_nan(&music.path().join("Cleo/One/01.wav"));
    let catalogue = catalogue(music.path());
    let one_thread = PrepareOptions { jobs: Some(1), shard: None, verify: false };
    let summary = prepare(root.path(), &catalogue, &one_thread).unwrap();
    assert_eq!(summary.failures.len(), 1, "{:?}", summary.failures);
    assert_eq!(summary.failures[0].0, "Cleo/One/01.wav");
    assert!(summary.failures[0].1.contains("sample 20000"), "{:?}", summary.failures);

    let set = Store::open(root.path()).unwrap().features(&catalogue, &config()).unwrap();
    let next = set.find("Cleo/One/02.wav").unwrap();
    assert_eq!(set.frames(next), expected(&catalogue.tracks[next].path).0);
}

#[test]
fn a_second_run_changes_nothing() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    let first = prepare(root.path(), &catalogue, &ALL).unwrap();
    let before = tree(root.path());
    let second = prepare(root.path(), &catalogue, &ALL).unwrap();
    assert_eq!((second.tracks, second.computed, second.reused), (N_TRACKS, 0, N_TRACKS));
    assert_eq!((second.audio_seconds, second.computed_seconds), (first.audio_seconds, 0.0));
    assert!(tree(root.path()) == before);
}

#[test]
fn threads_and_processes_do_not_show() {
    let music = tempdir().unwrap();
    let catalogue = collection(music.path());
    let reference = tempdir().unwrap();
    prepare(reference.path(), &catalogue, &PrepareOptions { jobs: Some(1), shard: None, verify: false })
        .unwrap();

    let threads = tempdir().unwrap();
    prepare(threads.path(), &catalogue, &PrepareOptions { jobs: Some(4), shard: None, verify: false })
        .unwrap();
    assert_same(reference.path(), threads.path());

    let shares = tempdir().unwrap();
    let mut tracks = 0;
    for share in [2, 0, 1] {
        let options = PrepareOptions { jobs: Some(1), shard: Some((share, 3)), verify: false };
        tracks += prepare(shares.path(), &catalogue, &options).unwrap().tracks;
    }
    assert_eq!(tracks, N_TRACKS);
    assert_same(reference.path(), shares.path());

    let race = tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| prepare(race.path(), &catalogue, &ALL).unwrap());
        }
    });
    assert_same(reference.path(), race.path());
}

#[test]
fn an_undecodable_track_is_a_row_with_its_error() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    collection(music.path());
    let broken = music.path().join("Ada/One/01.wav");
    fs::write(&broken, "no music").unwrap();
    let catalogue = catalogue(music.path());
    let missing = &catalogue.tracks[catalogue.tracks.len() - 1];
    fs::remove_file(&missing.path).unwrap();

    for computed in [N_TRACKS, 0] {
        let summary = prepare(root.path(), &catalogue, &ALL).unwrap();
        assert_eq!((summary.tracks, summary.computed), (N_TRACKS, computed));
        let failed: Vec<&str> = summary.failures.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(failed, ["Ada/One/01.wav", &missing.id]);
        for (id, error) in &summary.failures {
            assert!(!error.is_empty());
            assert!(!error.contains(&music.path().display().to_string()), "{id}: {error}");
        }
    }
    let store = Store::open(root.path()).unwrap();
    let set = store.features(&catalogue, &config()).unwrap();
    for (at, track) in set.tracks().iter().enumerate() {
        let failed = track.id == "Ada/One/01.wav" || track.id == missing.id;
        assert_eq!((track.error.is_some(), set.frames(at).is_empty()), (failed, failed), "{}", track.id);
    }

    tone(&broken, 1);
    tone(&missing.path, 2);
    let summary = prepare(root.path(), &catalogue, &ALL).unwrap();
    assert_eq!((summary.failures.len(), summary.computed), (0, 3 + 4), "the units of the two albums");
}

#[test]
fn changed_audio_is_noticed_and_only_its_unit_done_again() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    prepare(root.path(), &catalogue, &ALL).unwrap();
    let store = Store::open(root.path()).unwrap();
    let before = store.features(&catalogue, &config()).unwrap().fingerprint().to_owned();
    assert_eq!(store.features(&catalogue, &config()).unwrap().fingerprint(), before);

    let changed = music.path().join("Ada/Two/01.wav");
    tone(&changed, 4_711);
    let error = store.features(&catalogue, &config()).unwrap_err();
    let expected = format!(
        "the audio of 1 of the 20 tracks of test has changed since its features were computed, the first being \
         \"Ada/Two/01.wav\" ({}): run prepare-data again",
        changed.display()
    );
    assert_eq!(error.to_string(), expected);

    let summary = prepare(root.path(), &catalogue, &ALL).unwrap();
    assert_eq!((summary.computed, summary.reused), (2, N_TRACKS - 2));
    let set = store.features(&catalogue, &config()).unwrap();
    assert_ne!(set.fingerprint(), before);
}

#[test]
fn a_new_track_touches_only_its_album() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let old = collection(music.path());
    prepare(root.path(), &old, &ALL).unwrap();
    tone(&music.path().join("Cleo/Live/00b.wav"), 99);
    let new = catalogue(music.path());
    let error = Store::open(root.path()).unwrap().features(&new, &config()).unwrap_err();
    assert!(matches!(&error, StoreError::NotPrepared { missing: 2, tracks: 21, .. }), "{error}");
    let summary = prepare(root.path(), &new, &ALL).unwrap();
    assert_eq!((summary.computed, summary.reused), (2, N_TRACKS - 1));
}

#[test]
fn features_follow_the_music_and_not_its_folder() {
    let (music, elsewhere, root) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let here = collection(music.path());
    prepare(root.path(), &here, &ALL).unwrap();
    let there = collection(elsewhere.path());
    let store = Store::open(root.path()).unwrap();
    let fingerprint = |catalogue: &Catalogue| -> Result<String, StoreError> {
        store.features(catalogue, &config()).map(|set| set.fingerprint().to_owned())
    };
    assert_eq!(fingerprint(&there).unwrap(), fingerprint(&here).unwrap());

    let mut relabelled = here.clone();
    relabelled.tracks[0].artist = "Eve".into();
    assert!(matches!(fingerprint(&relabelled), Err(StoreError::NotPrepared { .. })));
}

#[test]
fn each_configuration_has_features_of_its_own() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    let store = Store::open(root.path()).unwrap();
    let error = store.features(&catalogue, &config()).unwrap_err();
    let expected = format!(
        "the store {} lacks 20 of the 20 tracks of test, the first being \"Ada/One/00.wav\": run prepare-data",
        root.path().display()
    );
    assert_eq!(error.to_string(), expected);
    for n_mels in [16, 24] {
        assert!(matches!(
            store.features(&catalogue, &config_of(n_mels)),
            Err(StoreError::NotPrepared { .. })
        ));
        let cancel = AtomicBool::new(false);
        store.prepare(&catalogue, &config_of(n_mels), &ALL, &cancel, &|_| {}).unwrap();
    }
    assert_eq!(store.features(&catalogue, &config_of(16)).unwrap().n_bins(), 16);
    assert_eq!(store.features(&catalogue, &config_of(24)).unwrap().n_bins(), 24);
}

#[test]
fn a_cancelled_run_keeps_what_it_did_and_goes_on_later() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    let store = Store::open(root.path()).unwrap();
    let cancel = AtomicBool::new(false);
    let seen: Mutex<Vec<Progress>> = Mutex::default();
    let watch = |progress: &Progress| {
        seen.lock().unwrap().push(*progress);
        cancel.store(progress.units_done == 2, Ordering::Relaxed);
    };
    let options = PrepareOptions { jobs: Some(1), shard: None, verify: false };
    let summary = store.prepare(&catalogue, &config(), &options, &cancel, &watch).unwrap();
    assert!(summary.interrupted);
    assert_eq!((summary.tracks, store.shards().unwrap().len()), (5, 2), "the first two albums");
    let done: Vec<_> = seen.into_inner().unwrap().iter().map(|p| (p.units_done, p.tracks_done)).collect();
    assert_eq!(done, [(1, 3), (2, 5)]);

    let last = Mutex::new(Progress::default());
    let watch = |progress: &Progress| *last.lock().unwrap() = *progress;
    let summary = store.prepare(&catalogue, &config(), &ALL, &AtomicBool::new(false), &watch).unwrap();
    assert!(!summary.interrupted);
    assert_eq!((summary.reused, summary.computed), (5, N_TRACKS - 5));
    let last = last.into_inner().unwrap();
    assert_eq!((last.units_done, last.units, last.tracks_done, last.tracks), (N_UNITS, N_UNITS, 20, 20));
    assert!((last.audio_seconds - summary.audio_seconds).abs() < 1e-9);

    let fresh = tempdir().unwrap();
    prepare(fresh.path(), &catalogue, &ALL).unwrap();
    assert_same(root.path(), fresh.path());
}

#[test]
fn impossible_options_are_refused() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    for (jobs, shard, expected) in [
        (Some(0), None, "jobs is 0, expected at least 1"),
        (None, Some((3, 3)), "shard is 3/3, expected i/n with i < n"),
        (None, Some((0, 0)), "shard is 0/0, expected i/n with i < n"),
    ] {
        let error =
            prepare(root.path(), &catalogue, &PrepareOptions { jobs, shard, verify: false }).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let zero = config_of(0);
    let store = Store::open(root.path()).unwrap();
    assert!(matches!(store.features(&catalogue, &zero), Err(StoreError::Features(_))));
    assert!(tree(root.path()).is_empty());
}

#[test]
fn a_feature_set_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<FeatureSet>();
}
