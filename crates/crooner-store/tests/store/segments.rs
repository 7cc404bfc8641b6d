//! Segments of songs without audio go the way that features of audio go.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crooner_datasets::{Catalogue, Request, segments};
use crooner_store::{Analyser, FrontEnd, PrepareOptions, SEGMENTS_VERSION, Store, StoreError, Summary};
use half::f16;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use tempfile::tempdir;

use crate::common::{collection, config};

fn miniature() -> Catalogue {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/msd/miniature");
    let request = Request::default().with_root(root).with_extensions(["mp3"]);
    crooner_datasets::find("msd").unwrap().open(&request).unwrap()
}

fn front_end(name: &str) -> FrontEnd {
    serde_json::from_str(&format!(r#"{{"{name}": {{}}}}"#)).unwrap()
}

fn prepare(store: &Store, catalogue: &Catalogue, front_end: &FrontEnd) -> Result<Summary, StoreError> {
    store.prepare(catalogue, front_end, &PrepareOptions::default(), &AtomicBool::new(false), &|_| {})
}

#[test]
fn the_store_holds_what_the_songs_say() {
    let root = tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    let catalogue = miniature();
    for name in ["msd-timbre", "msd-pitches"] {
        let front_end = front_end(name);
        let summary = prepare(&store, &catalogue, &front_end).unwrap();
        assert_eq!((summary.tracks, summary.computed, summary.frames), (4, 4, 5 + 300 + 1));
        assert_eq!(summary.audio_seconds, 0.0, "nothing was decoded");
        let (id, reason) = &summary.failures[0];
        assert_eq!(id, "B/C/D/TRBCDEF128F425D3A6.h5");
        assert_eq!(reason, "B/C/D/TRBCDEF128F425D3A6.h5 is a song without segments");

        let set = store.features(&catalogue, &front_end).unwrap();
        assert_eq!((set.n_bins(), set.sample_rate_hz()), (12, None));
        let mut analyser = Analyser::new(&front_end);
        for (at, track) in catalogue.tracks.iter().enumerate().take(3) {
            let song = segments(&track.path).unwrap();
            let values = if name == "msd-timbre" { song.timbre } else { song.pitches };
            let halves: Vec<f16> = values.into_iter().map(f16::from_f32).collect();
            assert_eq!(set.frames(at), halves, "{}", track.id);
            assert_eq!(set.tracks()[at].n_samples, 0);
            let analysis = analyser.analyse(&track.path).unwrap();
            assert_eq!((analysis.values, analysis.starts), (halves, song.starts), "as a new file is heard");
        }
        set.verify().unwrap();
        assert_eq!(prepare(&store, &catalogue, &front_end).unwrap().reused, 4);
    }
    let stats = store.stat().unwrap();
    assert_eq!(stats.len(), 2);
    for stat in stats {
        let header = stat.header.unwrap();
        assert_eq!((header.features_version, header.sample_rate_hz), (SEGMENTS_VERSION, None));
        assert_eq!((stat.frames, stat.hours), (306, None));
        assert!(header.to_string().starts_with("12 values per frame of {\"msd-"), "{header}");
    }
    assert!(store.garbage().unwrap().is_empty(), "their version is their own");
}

#[test]
fn no_length_is_made_up() {
    let root = tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    let (catalogue, front_end) = (miniature(), front_end("msd-timbre"));
    prepare(&store, &catalogue, &front_end).unwrap();
    let index = File::open(store.index_path(&catalogue, &front_end).unwrap()).unwrap();
    let reader = SerializedFileReader::new(index).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert_eq!(row.get_long(7).unwrap(), 0);
        assert!(row.get_double(8).is_err(), "null");
    }
}

#[test]
fn what_the_files_do_not_hold_is_refused_at_once() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let store = Store::open(root.path()).unwrap();
    let timbre = front_end("msd-timbre");
    let audio = collection(music.path());
    for error in [
        prepare(&store, &audio, &timbre).unwrap_err(),
        store.features(&audio, &timbre).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoSegments { features: "msd-timbre", .. }), "{error}");
        assert!(error.to_string().contains("the files of test are audio"), "{error}");
    }
    for error in [
        prepare(&store, &miniature(), &config()).unwrap_err(),
        store.features(&miniature(), &config()).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoAudio { features: "log-mel", .. }), "{error}");
        assert!(error.to_string().contains("features.msd-timbre"), "{error}");
    }
    assert!(store.shards().unwrap().is_empty());
    let error = Analyser::new(&timbre).analyse(&audio.tracks[0].path).unwrap_err().to_string();
    assert!(error.contains("00.wav"), "{error}");
}
