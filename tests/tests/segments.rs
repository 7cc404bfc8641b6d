//! The Million Song Dataset without audio: its segments are prepared, trained on and heard.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;

use crooner_tests::songs::{self, SEGMENT};
use crooner_tests::{Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");
/// The demo's network and training, with pools that leave something of 12 values.
const CONFIG: &str = r#"
[features.msd-timbre]
[slices]
frames = 16
[model.crnn]
blocks = [
    { filters = 16, pool = [2, 2] },
    { filters = 24, pool = [2, 2] },
    { filters = 32, pool = [3, 2] },
]
"#;
const MSD: [&str; 6] = ["--dataset", "msd", "--data", "msd", "--config", "timbre.toml"];

/// Two artists with three releases of two songs, 40 segments each but the last, which has one.
fn msd() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    for number in 0..12 {
        let (artist, level) = if number % 2 == 0 { ("Ada", -20.0) } else { ("Björk", 30.0) };
        songs::write(&sandbox.path("msd"), number, artist, 40, level).unwrap();
    }
    songs::write(&sandbox.path("msd"), 12, "Ada", 1, -20.0).unwrap();
    fs::write(sandbox.path("timbre.toml"), CONFIG).unwrap();
    sandbox
}

fn with<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command][..], &MSD, more].concat()
}

#[test]
fn segments_go_from_songs_to_predictions() {
    let sandbox = msd();
    let said = sandbox.succeed(&with("prepare-data", &[])).stdout;
    assert!(said.starts_with("13 tracks, 481 segments; 13 read in "), "{said}");
    let trained = sandbox.succeed(&with("train", &["--split", "song", "--epochs", "1", "--out", "run"]));
    assert!(
        trained.stderr.contains("leakage    not looked for: there is no audio to listen to"),
        "{}",
        trained.stderr
    );
    let report = sandbox.json("run/report.json");
    assert_eq!(report["run"]["slice_segments"], 16);
    assert!(report["run"].get("slice_seconds").is_none());
    let notes = report["split"]["notes"].as_array().unwrap();
    for expected in ["Nothing was listened to", "1 track(s) shorter than a slice"] {
        assert!(notes.iter().any(|note| note.as_str().unwrap().starts_with(expected)), "{notes:?}");
    }
    let html = fs::read_to_string(sandbox.path("run/report.html")).unwrap();
    assert!(html.contains("slices of 16\u{A0}segments"));
    let again = sandbox.succeed(&["evaluate", "run", "--json"]).json();
    assert_eq!(again["test"], report["test"]);

    // A song that it was not trained on: of the miniature, written by PyTables, 300 segments.
    let song = format!("{}/data/A/A/A/TRAAABD128F429CF47.h5", songs::MINIATURE);
    let document = sandbox.succeed(&["predict", "run", &song, "--json"]).json();
    let prediction = &document["predictions"][0];
    assert!(prediction.get("seconds").is_none(), "a song does not say when its last segment ends");
    let slices = prediction["slices"].as_array().unwrap();
    assert_eq!(slices.len(), 300 / 16);
    for (number, slice) in slices.iter().enumerate() {
        let start = slice["start_seconds"].as_f64().unwrap();
        // As datasets/miniatures.py writes them.
        assert!((start - (0.25 * (16 * number) as f64 + 0.01)).abs() < 1e-9, "slice {number} at {start}");
    }

    // A folder of songs; the one of a single segment is one slice.
    let document = sandbox.succeed(&["predict", "run", "msd", "--json"]).json();
    let predictions = document["predictions"].as_array().unwrap();
    let slices: Vec<usize> = predictions.iter().map(|p| p["slices"].as_array().unwrap().len()).collect();
    assert_eq!(slices, [[2; 12].as_slice(), &[1]].concat());
    assert_eq!(predictions[0]["slices"][1]["start_seconds"].as_f64(), Some(16.0 * SEGMENT));

    let stat = sandbox.succeed(&["store", "stat"]).stdout;
    assert!(stat.contains("{\"msd-timbre\":{}} (features version 1)\n  13 tracks, 481 frames, "), "{stat}");
    let audit =
        sandbox.succeed(&["audit", "--dataset", "msd", "--data", "msd", "--split", "run/split.json"]).stdout;
    assert!(audit.contains("13 tracks, 0.0 s of audio listened to"), "{audit}");
    assert!(
        audit.ends_with("nothing could be listened to: a recording may be on two sides of the split\n"),
        "{audit}"
    );
}

#[test]
fn pitches_are_another_feature_of_the_same_songs() {
    let sandbox = msd();
    fs::write(sandbox.path("pitches.toml"), CONFIG.replace("timbre", "pitches")).unwrap();
    let args = ["--dataset", "msd", "--data", songs::MINIATURE, "--config"];
    let said = sandbox.succeed(&[&["prepare-data"][..], &args, &["pitches.toml"]].concat());
    assert!(said.stdout.starts_with("4 tracks, 306 segments; 4 read in "), "{}", said.stdout);
    assert!(said.stdout.ends_with("; 1 could not be read\n"), "{}", said.stdout);
    assert!(
        said.stderr.contains("B/C/D/TRBCDEF128F425D3A6.h5 is a song without segments"),
        "{}",
        said.stderr
    );
    sandbox.succeed(&[&["prepare-data"][..], &args, &["timbre.toml"]].concat());
    assert_eq!(sandbox.succeed(&["store", "stat"]).stdout.matches("4 tracks, 306 frames").count(), 2);
}

#[test]
fn what_segments_do_not_have_is_refused() {
    let sandbox = msd();
    let error = sandbox.refuse(&with("train", &["--slice-seconds", "5"]));
    assert_eq!(
        error,
        "--slice-seconds: the segments of msd-timbre have no fixed length, so a slice is a number of them: set frames \
         in [slices] of a --config file"
    );
    let error = sandbox.refuse(&["train", "--dataset", "msd", "--data", "msd", "--split", "song"]);
    assert!(error.starts_with("log-mel is computed from audio, and the songs of msd have none"), "{error}");

    // The songs' audio, joined: then there is something to hear, and no segments.
    for number in 0..6 {
        let name = format!("audio/TRAAA{number:0>13}.wav");
        fs::create_dir_all(sandbox.path("audio")).unwrap();
        wav::write(&sandbox.path(name), &wav::tone(440.0, 1.0)).unwrap();
    }
    let error = sandbox.refuse(&with("train", &["--split", "song", "--with", "audio=audio"]));
    assert!(error.starts_with("msd-timbre is read from the songs of the Million Song Dataset"), "{error}");
    let error = sandbox.refuse(&["features", "audio", "--feature", "msd-timbre", "-o", "out"]);
    assert!(error.starts_with("msd-timbre is read from songs"), "{error}");

    fs::write(sandbox.path("narrow.toml"), "[features.msd-timbre]").unwrap();
    let narrow = ["--dataset", "msd", "--data", "msd", "--split", "song", "--config", "narrow.toml"];
    let error = sandbox.refuse(&[&["train"][..], &narrow].concat());
    assert!(error.contains("there are only 12 mel bands"), "{error}");
}

#[test]
fn a_classifier_of_segments_hears_songs_alone() {
    let sandbox = msd();
    sandbox.succeed(&with("train", &["--split", "song", "--epochs", "1", "--out", "run"]));
    wav::write(&sandbox.path("tone.wav"), &wav::tone(440.0, 1.0)).unwrap();
    let outcome = sandbox.run(&["predict", "run", "tone.wav"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("tone.wav"), "{}", outcome.stderr);
    fs::create_dir(sandbox.path("empty")).unwrap();
    let error = sandbox.refuse(&["predict", "run", "empty"]);
    assert_eq!(error, "empty holds no file to hear (known: h5)");
}
