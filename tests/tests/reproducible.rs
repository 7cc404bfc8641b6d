//! Same seed, same bytes: whatever the number of threads, and however often it was stopped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::process::Child;
use std::thread::sleep;
use std::time::Instant;

use crooner_tests::{Outcome, Sandbox};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");
const TRAIN: [&str; 6] = ["train", "--data", "music", "--config", "quick.toml", "--out"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(3, 2, 3);
    sandbox
}

/// The results of a run: all its files but those that say where and how long it was computed.
fn results(sandbox: &Sandbox, run: &str) -> Vec<(String, Vec<u8>)> {
    let read = |name: &str| fs::read(sandbox.path(run).join(name)).unwrap();
    let mut report = sandbox.json(format!("{run}/report.json"));
    report["seconds"] = Value::Null;
    report["run"]["name"] = Value::Null;
    let mut results = vec![("report.json".to_owned(), report.to_string().into_bytes())];
    for name in ["model.safetensors", "split.json", "metrics.jsonl", "config.toml"] {
        results.push((name.to_owned(), read(name)));
    }
    results
}

fn with_threads(sandbox: &Sandbox, threads: &str, out: &str) {
    let args = [&TRAIN[..], &[out]].concat();
    let output = sandbox.command(&args).env("RAYON_NUM_THREADS", threads).output().unwrap();
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn threads_change_nothing() {
    let sandbox = sandbox();
    with_threads(&sandbox, "1", "one");
    with_threads(&sandbox, "2", "two");
    assert_eq!(results(&sandbox, "one"), results(&sandbox, "two"));
}

/// Waits until the child has printed `text` to standard error.
fn wait_for(child: &mut Child, text: &str) {
    let mut seen = Vec::new();
    let mut byte = [0];
    let stderr = child.stderr.as_mut().unwrap();
    while !String::from_utf8_lossy(&seen).contains(text) {
        assert_eq!(
            stderr.read(&mut byte).unwrap(),
            1,
            "ended before {text:?}: {}",
            String::from_utf8_lossy(&seen)
        );
        seen.push(byte[0]);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_state_and_prints_how_to_continue() {
    let sandbox = sandbox();
    sandbox.succeed(&[&TRAIN[..], &["whole", "--epochs", "40"]].concat());

    let mut child = sandbox.start(&[&TRAIN[..], &["run", "--epochs", "40"]].concat());
    wait_for(&mut child, "epoch   2");
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, Some(130), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("to continue:\n  crooner train --resume run\n"), "{}", outcome.stderr);
    assert!(!sandbox.path("run/report.json").exists());
    assert_eq!(
        sandbox.refuse(&["predict", "run", "music"]),
        "the run run is not finished: `crooner train --resume run` continues it"
    );

    sandbox.succeed(&["train", "--resume", "run"]);
    assert_eq!(results(&sandbox, "run"), results(&sandbox, "whole"));
}

/// SIGKILL at moments spread over preparation and training, each in a run of its own.
/// `CROONER_KILLS` asks for more moments.
#[test]
fn killed_at_any_moment_it_ends_as_if_undisturbed() {
    let kills: u32 = std::env::var("CROONER_KILLS").map_or(5, |text| text.parse().unwrap());
    let sandbox = sandbox();
    let args = |name: &str| -> Vec<String> {
        let own = [name, "--store", &format!("{name}-store"), "--epochs", "12"].map(str::to_owned);
        TRAIN.map(str::to_owned).into_iter().chain(own).collect()
    };
    let run = |name: &str| sandbox.succeed(&args(name).iter().map(String::as_str).collect::<Vec<_>>());
    let begun = Instant::now();
    run("whole");
    let duration = begun.elapsed();

    let mut interrupted = 0;
    for kill in 0..kills {
        let name = format!("run {kill}");
        let mut child = sandbox.start(&args(&name).iter().map(String::as_str).collect::<Vec<_>>());
        sleep(duration.mul_f64((f64::from(kill) + 0.5) / f64::from(kills)));
        child.kill().unwrap();
        child.wait().unwrap();
        if !sandbox.path(&name).join("report.json").exists() {
            interrupted += 1;
            run(&name);
        }
        assert_eq!(results(&sandbox, &name), results(&sandbox, "whole"), "{name}");
        assert_eq!(shards(&sandbox, &format!("{name}-store")), shards(&sandbox, "whole-store"), "{name}");
    }
    assert!(2 * interrupted >= kills, "only {interrupted} of {kills} runs were killed before their end");
}

/// A kill between the last checkpoint and its line of metrics leaves no epoch to train that would write it.
#[test]
fn metrics_of_the_last_epoch_are_written_after_all() {
    let sandbox = sandbox();
    sandbox.succeed(&[&TRAIN[..], &["whole"]].concat());
    sandbox.succeed(&[&TRAIN[..], &["run"]].concat());
    let metrics = fs::read_to_string(sandbox.path("run/metrics.jsonl")).unwrap();
    let before: String = metrics.split_inclusive('\n').take(2).collect();
    fs::write(sandbox.path("run/metrics.jsonl"), before).unwrap();
    fs::remove_file(sandbox.path("run/report.json")).unwrap();
    sandbox.succeed(&["train", "--resume", "run"]);
    assert_eq!(results(&sandbox, "run"), results(&sandbox, "whole"));
}

/// Names and contents of a store's shards.
fn shards(sandbox: &Sandbox, store: &str) -> Vec<(OsString, Vec<u8>)> {
    let mut shards = Vec::new();
    let mut folders = vec![sandbox.path(store)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "arrow") {
                shards.push((path.file_name().unwrap().to_owned(), fs::read(&path).unwrap()));
            }
        }
    }
    shards.sort();
    shards
}
