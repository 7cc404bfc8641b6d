//! The main job: a folder of music in, a classifier and its report out.

#![expect(clippy::panic, reason = "a test that cannot go on fails, and names the key")]

use std::fs;

use crooner_tests::{Sandbox, wav};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// A sandbox with three artists, trained on in `run`.
fn trained() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(3, 3, 3);
    sandbox.succeed(&[
        "train",
        "--data",
        "music",
        "--config",
        "quick.toml",
        "--split",
        "album",
        "--out",
        "run",
    ]);
    sandbox
}

fn score(report: &Value, pointer: &str) -> [f64; 3] {
    ["value", "low", "high"].map(|key| {
        report
            .pointer(&format!("{pointer}/{key}"))
            .and_then(Value::as_f64)
            .unwrap_or_else(|| panic!("{pointer}/{key}"))
    })
}

#[test]
fn a_run_leaves_all_its_files_and_the_reports_keys() {
    let sandbox = trained();
    for file in [
        "config.toml",
        "environment.toml",
        "split.json",
        "metrics.jsonl",
        "checkpoint.safetensors",
        "model.safetensors",
        "report.json",
        "report.html",
    ] {
        assert!(sandbox.path("run").join(file).is_file(), "{file}");
    }
    let report = sandbox.json("run/report.json");
    for pointer in [
        "/test/slice/weighted_f1",
        "/test/track/weighted_f1",
        "/test/track/accuracy",
        "/test/track_mean/macro_f1",
    ] {
        let [value, low, high] = score(&report, pointer);
        assert!(0.0 <= low && low <= high && high <= 1.0 && (0.0..=1.0).contains(&value), "{pointer}");
    }
    assert!((score(&report, "/chance/majority")[0] - 1.0 / 3.0).abs() < 1e-9);
    for side in ["train", "validation", "test"] {
        // Three tracks of each of three artists, of 3 s: 93.75 frames, two slices of 32.
        assert_eq!(report.pointer(&format!("/split/{side}/tracks")), Some(&Value::from(9)));
        assert_eq!(report.pointer(&format!("/split/{side}/slices")), Some(&Value::from(18)));
    }
    for stage in ["prepare", "train", "evaluate"] {
        assert!(
            report.pointer(&format!("/seconds/{stage}")).and_then(Value::as_f64).is_some_and(|s| s > 0.0)
        );
    }
    let metrics = fs::read_to_string(sandbox.path("run/metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 3);
    let html = fs::read_to_string(sandbox.path("run/report.html")).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("Artist 2") && !html.contains("<script"));
}

#[test]
fn evaluate_gives_the_reports_scores_again() {
    let sandbox = trained();
    let report = sandbox.json("run/report.json");
    let again = sandbox.succeed(&["evaluate", "run", "--json"]).json();
    assert_eq!(again["test"], report["test"]);
    assert_eq!(again["chance"], report["chance"]);
    let text = sandbox.succeed(&["evaluate", "run"]).stdout;
    assert!(text.contains("9 tracks (18 slices) of 3 artists, album split"), "{text}");
}

#[test]
fn predict_names_an_artist_for_every_file_and_goes_on_after_a_broken_one() {
    let sandbox = trained();
    let one =
        sandbox.succeed(&["predict", "run", "music/Artist 1/Album 0/0.wav", "--top", "2", "--json"]).json();
    let prediction = &one["predictions"][0];
    assert_eq!(prediction["top"].as_array().unwrap().len(), 2);
    assert_eq!(prediction["slices"].as_array().unwrap().len(), 2);
    assert_eq!(prediction["slices"][1]["start_seconds"], Value::from(1.024));
    let sum: f64 =
        prediction["slices"][0]["probabilities"].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");

    fs::create_dir(sandbox.path("new")).unwrap();
    fs::write(sandbox.path("new/broken.mp3"), "this is not audio").unwrap();
    wav::write(&sandbox.path("new/short.wav"), &wav::tone(440.0, 0.3)).unwrap();
    wav::write(&sandbox.path("new/long.wav"), &wav::tone(440.0, 9.0)).unwrap();
    let outcome = sandbox.run(&["predict", "run", "new"]);
    assert_eq!(outcome.code, Some(1), "some failed: {}", outcome.stderr);
    assert_eq!(outcome.stdout.lines().count(), 2, "{}", outcome.stdout);
    assert!(outcome.stdout.lines().all(|line| line.contains("Artist ")), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("new/broken.mp3"), "{}", outcome.stderr);
}

#[test]
fn preparing_twice_computes_once() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 1, 2);
    let first = sandbox.succeed(&["prepare-data", "--data", "music"]).stdout;
    assert!(first.starts_with("4 tracks, 0.00 h of audio; 4 computed in "), "{first}");
    let second = sandbox.succeed(&["prepare-data", "--data", "music"]).stdout;
    assert_eq!(second, "4 tracks, 0.00 h of audio; 4 were in the store; no failures\n");
}

#[test]
fn the_embedded_music_needs_no_options() {
    let sandbox = Sandbox::new(PROGRAM);
    let text = sandbox.succeed(&["train", "--config", "quick.toml", "--epochs", "1"]).stdout;
    assert!(text.contains("of 6 artists, song split"), "{text}");
    assert!(sandbox.path("runs/demo-song-seed0/report.html").is_file());
    // The same again does not touch the finished run.
    let text = sandbox.succeed(&["train", "--config", "quick.toml", "--epochs", "1"]).stdout;
    assert!(text.contains("runs/demo-song-seed0-2/report.html"), "{text}");
}
