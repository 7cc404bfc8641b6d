//! Several seeds in one command, and experiments compared seed by seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;
use std::path::Path;

use crooner_tests::Sandbox;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// Options of the small trainings here.
const TRAIN: [&str; 7] = ["train", "--data", "music", "--config", "quick.toml", "--split", "album"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(3, 3, 2);
    sandbox
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TRAIN.iter().chain(more).copied().collect()
}

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap()
}

/// Everything of a run that the seed decides.
fn results(run: &Path) -> Vec<Vec<u8>> {
    ["config.toml", "split.json", "metrics.jsonl", "model.safetensors"]
        .map(|file| fs::read(run.join(file)).unwrap())
        .to_vec()
}

#[test]
fn every_seed_has_a_run_and_all_have_a_mean() {
    let sandbox = sandbox();
    let outcome = sandbox.succeed(&with(&["--seeds", "0,7,3", "--out", "set"]));
    let summary = sandbox.json("set/seeds.json");
    let seeds: Vec<u64> =
        summary["runs"].as_array().unwrap().iter().map(|run| run["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [0, 7, 3]);
    let reports = seeds.iter().map(|seed| sandbox.json(format!("set/seed{seed}/report.json")));
    let f1: Vec<f64> = reports.map(|report| number(&report, "/test/track/weighted_f1/value")).collect();
    let mean = f1.iter().sum::<f64>() / 3.0;
    let deviation = (f1.iter().map(|f1| (f1 - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let of = |key: &str| number(&summary, &format!("/summary/track/weighted_f1/{key}"));
    assert!((of("mean") - mean).abs() < 1e-12 && (of("standard_deviation") - deviation).abs() < 1e-12);
    // Student's t of two degrees of freedom.
    assert!((of("high") - (mean + 4.302_652_729_749_462 * deviation / 3_f64.sqrt())).abs() < 1e-9);
    assert!((number(&summary, "/summary/uniform") - 1.0 / 3.0).abs() < 1e-12);
    let shown = format!("{mean:.3} ± {deviation:.3} [");
    assert!(
        outcome.stdout.contains("3 seeds    album split") && outcome.stdout.contains(&shown),
        "{outcome:?}"
    );
    let page = fs::read_to_string(sandbox.path("set/seeds.html")).unwrap();
    assert!(page.contains("seed7/report.html") && page.contains(&format!("{mean:.3} ± {deviation:.3}")));

    // Each is what its seed alone gives.
    sandbox.succeed(&with(&["--seed", "7", "--out", "alone"]));
    assert_eq!(results(&sandbox.path("set/seed7")), results(&sandbox.path("alone")));
}

#[test]
fn what_is_done_is_kept_and_more_seeds_join() {
    let sandbox = sandbox();
    let all = ["set/seeds.json", "set/seed0/model.safetensors", "set/seed1/model.safetensors"];
    sandbox.succeed(&with(&["--seeds", "0,1,2", "--out", "whole"]));
    sandbox.succeed(&with(&["--seeds", "2", "--out", "set"]));
    let before = all.map(|file| fs::metadata(sandbox.path(file)).unwrap().modified().unwrap());

    // As an interrupt leaves it: one run without its last files, another not begun.
    fs::remove_file(sandbox.path("set/seed1/report.json")).unwrap();
    fs::remove_file(sandbox.path("set/seed1/model.safetensors")).unwrap();
    let outcome = sandbox.succeed(&with(&["--seeds", "3", "--out", "set"]));
    assert!(outcome.stderr.contains("seed 0     finished before: set/seed0"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("resumed    after 3 epochs"), "{}", outcome.stderr);
    let after = all.map(|file| fs::metadata(sandbox.path(file)).unwrap().modified().unwrap());
    assert!(before[1] == after[1] && before[2] < after[2], "only what was missing is computed");
    let renamed =
        fs::read_to_string(sandbox.path("whole/seeds.json")).unwrap().replace("\"whole\"", "\"set\"");
    assert_eq!(fs::read_to_string(sandbox.path("set/seeds.json")).unwrap(), renamed);

    let error = sandbox.refuse(&with(&["--seeds", "3", "--out", "set", "--epochs", "2"]));
    assert_eq!(
        error,
        "set/seed0 holds a run of other settings (see its config.toml): choose another --out, or remove it first"
    );
    // Without --out, other settings get a folder of their own, and the same go on in theirs.
    for (epochs, folder) in
        [("1", "music-album-seeds"), ("2", "music-album-seeds-2"), ("1", "music-album-seeds")]
    {
        let text = sandbox.succeed(&with(&["--seeds", "2", "--epochs", epochs])).stdout;
        assert!(text.contains(&format!("report     runs/{folder}/seeds.html")), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_finished_seeds() {
    use std::io::{BufRead, BufReader, Read};

    let sandbox = sandbox();
    let mut child = sandbox.start(&with(&["--seeds", "0,1", "--epochs", "40", "--out", "set"]));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap() == "seed 1     2 of 2").unwrap().unwrap();
    lines.find(|line| line.as_ref().unwrap().starts_with("epoch   2")).unwrap().unwrap();
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("by the same command again"), "{rest:?}");
    assert!(sandbox.path("set/seed0/report.json").exists() && !sandbox.path("set/seeds.json").exists());

    let outcome = sandbox.succeed(&with(&["--seeds", "0,1", "--epochs", "40", "--out", "set"]));
    assert!(outcome.stderr.contains("seed 0     finished before"), "{}", outcome.stderr);
    sandbox.succeed(&with(&["--seed", "1", "--epochs", "40", "--out", "alone"]));
    assert_eq!(results(&sandbox.path("set/seed1")), results(&sandbox.path("alone")));
}

#[test]
fn experiments_are_compared_seed_by_seed() {
    let sandbox = sandbox();
    sandbox.succeed(&with(&["--seeds", "0,1,2", "--out", "base"]));
    sandbox.succeed(&with(&["--seeds", "0,1,2", "--epochs", "1", "--out", "short"]));
    let json = sandbox.succeed(&["compare", "base", "short", "--score", "accuracy", "--json"]).json();
    let (base, short) = (sandbox.json("base/seeds.json"), sandbox.json("short/seeds.json"));
    let accuracy = |set: &Value, run: usize| number(set, &format!("/runs/{run}/slice/accuracy/value"));
    let differences = [0, 1, 2].map(|run| accuracy(&short, run) - accuracy(&base, run));
    let mean = differences.iter().sum::<f64>() / 3.0;
    assert_eq!(json["score"], "accuracy");
    assert_eq!(json["experiments"][1]["name"], "short");
    assert!((number(&json, "/experiments/1/slice/difference/mean") - mean).abs() < 1e-12);
    assert!(number(&json, "/experiments/0/slice/difference/high").abs() < 1e-12);

    let table = sandbox.succeed(&["compare", "base", "short", "--score", "accuracy"]).stdout;
    assert!(table.contains(&format!("{mean:+.3} [")) && table.contains("| short | "), "{table}");
    let default = sandbox.succeed(&["compare", "base", "short"]).stdout;
    assert!(default.starts_with("weighted F1, album split: mean over 3 seeds"), "{default}");

    sandbox.succeed(&with(&["--seeds", "0,1", "--epochs", "1", "--out", "fewer"]));
    assert_eq!(
        sandbox.refuse(&["compare", "base", "fewer"]),
        "base was run at the seeds 0, 1, 2, and fewer at 0, 1: differences are taken seed by seed, and need the same"
    );

    let song = ["train", "--data", "music", "--config", "quick.toml", "--split", "song"];
    sandbox.succeed(&[&song[..], &["--seeds", "0,1,2", "--epochs", "1", "--out", "song"]].concat());
    let error = sandbox.refuse(&["compare", "base", "song"]);
    assert!(error.starts_with("at the seed 0, base and song were tested on different recordings"), "{error}");
    let error = sandbox.refuse(&["compare", "base", "music"]);
    assert!(error.contains("music holds no seeds.json") && error.contains("--seeds 5"), "{error}");
}

#[test]
fn a_run_starts_from_the_weights_of_another_with_its_encoder_frozen() {
    let sandbox = sandbox();
    sandbox.succeed(&with(&["--out", "first"]));
    let outcome = sandbox.succeed(&with(&[
        "--seed",
        "1",
        "--init-from",
        "first",
        "--freeze",
        "encoder",
        "--out",
        "next",
    ]));
    assert!(outcome.stderr.contains("tensors taken over"), "{}", outcome.stderr);
    let config = fs::read_to_string(sandbox.path("next/config.toml")).unwrap();
    let path = sandbox.path("first").display().to_string();
    assert!(config.contains(&format!("init_from = \"{path}\"")), "absolute: {config}");
    assert!(config.contains("freeze = \"encoder\""), "{config}");

    let alone = sandbox.refuse(&with(&["--freeze", "encoder", "--out", "alone"]));
    assert!(
        alone.contains("training.freeze: expected `nothing`, or training.init_from beside it"),
        "{alone}"
    );
    let missing = sandbox.refuse(&with(&["--init-from", "nowhere", "--out", "lost"]));
    assert!(missing.contains("nowhere"), "{missing}");
}

#[test]
fn the_learning_rate_test_draws_its_curve_and_writes_nothing_else() {
    let sandbox = sandbox();
    let outcome = sandbox.succeed(&with(&["--find-learning-rate", "curve.svg"]));
    assert!(
        outcome.stdout.contains("suggestion ") && outcome.stdout.contains("curve      curve.svg"),
        "{outcome:?}"
    );
    let curve = fs::read(sandbox.path("curve.svg")).unwrap();
    assert!(String::from_utf8_lossy(&curve).contains("Mean loss over the learning rate"));
    assert!(!sandbox.path("runs").exists());
    sandbox.succeed(&with(&["--find-learning-rate", "curve.svg"]));
    assert_eq!(curve, fs::read(sandbox.path("curve.svg")).unwrap());
    sandbox.succeed(&with(&["--find-learning-rate", "curve.png"]));
    assert!(fs::read(sandbox.path("curve.png")).unwrap().starts_with(b"\x89PNG"));
    let error = sandbox.refuse(&with(&["--find-learning-rate", "curve.jpg"]));
    assert!(error.contains("curve.jpg") && error.contains(".png or .svg"), "{error}");
}
