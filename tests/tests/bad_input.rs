//! Bad input: one clear sentence each, and nothing already done is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;

use crooner_tests::{Outcome, Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

fn sandbox() -> Sandbox {
    Sandbox::new(PROGRAM)
}

/// A sandbox with music of two artists, and what `prepare-data` says about it with one more file.
fn prepared_with(name: &str, bytes: &[u8]) -> Outcome {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    fs::write(sandbox.path("music/Artist 0/Album 0").join(name), bytes).unwrap();
    let outcome = sandbox.succeed(&["prepare-data", "--data", "music"]);
    assert!(
        outcome.stdout.contains("7 tracks") && outcome.stdout.contains("1 could not be read"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.starts_with("unreadable: "), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches(&format!("Artist 0/Album 0/{name}")).count(), 1, "{}", outcome.stderr);
    outcome
}

#[test]
fn no_folder() {
    let error = sandbox().refuse(&["train", "--data", "nowhere"]);
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn an_empty_folder() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("music")).unwrap();
    let error = sandbox.refuse(&["train", "--data", "music"]);
    assert!(error.contains("music") && error.contains("ARTIST/ALBUM/TRACK"), "{error}");
}

#[test]
fn one_artist() {
    let sandbox = sandbox();
    sandbox.music(1, 2, 3);
    let error = sandbox.refuse(&["train", "--data", "music"]);
    assert!(error.contains("Artist 0") && error.contains('2'), "{error}");
}

#[test]
fn too_few_tracks_for_the_split() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 2);
    let error = sandbox.refuse(&["train", "--data", "music"]);
    assert!(error.contains("Artist 0") && error.contains("Artist 1"), "{error}");
}

#[test]
fn one_album_for_an_album_split() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    let error = sandbox.refuse(&["train", "--data", "music", "--config", "quick.toml", "--split", "album"]);
    assert!(error.contains("Artist 0") && error.contains("one album"), "{error}");
}

#[test]
fn text_called_mp3() {
    prepared_with("text.mp3", b"once upon a midnight dreary");
}

#[test]
fn an_empty_file() {
    prepared_with("empty.flac", b"");
}

#[test]
fn a_wav_without_samples() {
    prepared_with("silent.wav", &wav::header(0));
}

#[cfg(unix)]
#[test]
fn an_unreadable_file() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    std::os::unix::fs::symlink("/nonexistent", sandbox.path("music/Artist 1/Album 0/gone.wav")).unwrap();
    let outcome = sandbox.succeed(&["prepare-data", "--data", "music"]);
    assert!(outcome.stderr.contains("gone.wav"), "{}", outcome.stderr);
}

#[test]
fn a_truncated_file_gives_what_it_has() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    let path = sandbox.path("music/Artist 0/Album 0/0.wav");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let outcome = sandbox.succeed(&["prepare-data", "--data", "music"]);
    assert!(
        outcome.stdout.starts_with("6 tracks") && outcome.stdout.contains("no failures"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_header_that_promises_three_gigabytes() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    let mut lie = wav::header(3_000_000_000);
    lie.extend(&wav::bytes(&wav::tone(440.0, 2.0))[44..]);
    fs::write(sandbox.path("music/Artist 0/Album 0/lie.wav"), lie).unwrap();
    let outcome = sandbox.succeed(&["prepare-data", "--data", "music"]);
    assert!(outcome.stdout.starts_with("7 tracks"), "{}", outcome.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    let name = OsStr::from_bytes(b"caf\xe9.wav");
    wav::write(&sandbox.path("music/Artist 0/Album 0").join(name), &wav::tone(440.0, 1.0)).unwrap();
    let outcome = sandbox.succeed(&["prepare-data", "--data", "music"]);
    assert!(
        outcome.stderr.contains("skipped: ") && outcome.stderr.contains("not UTF-8"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stdout.starts_with("6 tracks"), "{}", outcome.stdout);
}

#[test]
fn an_unknown_key() {
    let sandbox = sandbox();
    fs::write(sandbox.path("my.toml"), "[training]\nepocs = 3\n").unwrap();
    let error = sandbox.refuse(&["train", "--config", "my.toml"]);
    assert!(error.starts_with("my.toml: ") && error.ends_with("did you mean `epochs`?"), "{error}");
}

#[test]
fn a_preset_and_a_config_in_conflict() {
    let sandbox = sandbox();
    fs::write(sandbox.path("my.toml"), "preset = \"card\"\n").unwrap();
    let error = sandbox.refuse(&["train", "--config", "my.toml", "--preset", "paper"]);
    assert_eq!(
        error,
        "my.toml builds on the preset card, but --preset asks for paper: leave one of the two out"
    );
}

#[test]
fn an_unknown_backend() {
    let error = sandbox().refuse(&["train", "--backend", "tpu"]);
    assert_eq!(
        error,
        "there is no backend `tpu`: crooner knows flex, ndarray, wgpu (and cpu, which is flex)"
    );
}

#[test]
fn unknown_kernels() {
    let sandbox = sandbox();
    let output = sandbox.command(&["train"]).env("CROONER_KERNELS", "sse9").output().unwrap();
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let expected = "error: CROONER_KERNELS: expected one of portable";
    assert!(outcome.stderr.starts_with(expected) && outcome.stderr.contains("found `sse9`"), "{outcome:?}");
}

#[test]
fn an_unknown_data_set() {
    let error = sandbox().refuse(&["datasets", "dmeo"]);
    assert!(error.contains("dmeo") && error.contains("demo"), "{error}");
}

#[test]
fn no_run() {
    let error = sandbox().refuse(&["predict", "runs/none", "song.mp3"]);
    assert_eq!(error, "there is no run at runs/none: `crooner train` makes one");
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("run")).unwrap();
    assert_eq!(sandbox.refuse(&["evaluate", "run"]), "run is no run of crooner: it has no config.toml");
}

fn trained() -> Sandbox {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    sandbox.succeed(&["train", "--data", "music", "--config", "quick.toml", "--epochs", "1", "--out", "run"]);
    sandbox
}

#[test]
fn a_run_of_another_version() {
    let sandbox = trained();
    let path = sandbox.path("run/model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let key = br#"\"features_version\":"#;
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    let mut changed = bytes.clone();
    let ours = std::mem::replace(&mut changed[at], b'0') as char;
    fs::write(&path, changed).unwrap();
    let error = sandbox.refuse(&["predict", "run", "music"]);
    assert!(
        error.contains(&format!("was written in features version 0, this crooner reads {ours}")),
        "{error}"
    );
}

#[test]
fn a_damaged_model() {
    let sandbox = trained();
    let path = sandbox.path("run/model.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    let error = sandbox.refuse(&["predict", "run", "music"]);
    assert!(error.starts_with("run/model.safetensors is not a trained classifier: "), "{error}");
}

#[test]
fn a_finished_run_is_not_written_over() {
    let sandbox = trained();
    let error = sandbox.refuse(&["train", "--data", "music", "--config", "quick.toml", "--out", "run"]);
    assert_eq!(error, "run holds a finished run: choose another --out, or remove it first");
}

#[test]
fn a_split_edited_so_that_it_leaks() {
    let sandbox = trained();
    let path = sandbox.path("run/split.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"test\"", "\"train\"", 1)).unwrap();
    let error = sandbox.refuse(&["evaluate", "run"]);
    assert!(error.starts_with("run/split.json is not a split: "), "{error}");
}

#[test]
fn audio_that_changed_under_the_store_is_prepared_again() {
    let sandbox = trained();
    wav::write(&sandbox.path("music/Artist 0/Album 0/1.wav"), &wav::tone(300.0, 4.0)).unwrap();
    let outcome = sandbox.succeed(&["prepare-data", "--data", "music", "--config", "quick.toml"]);
    // The album's three tracks are one unit.
    assert!(
        outcome.stdout.contains("3 computed") && outcome.stdout.contains("3 were in the store"),
        "{outcome:?}"
    );
    // A run trained on the old audio cannot be continued as if nothing had happened.
    let error = sandbox.refuse(&["train", "--resume", "run", "--epochs", "2"]);
    assert!(error.contains("belongs to another run: its features differs"), "{error}");
}

#[test]
fn a_bad_file_is_named_once() {
    let sandbox = trained();
    // So that it is other music than that of the run.
    fs::rename(sandbox.path("music"), sandbox.path("other")).unwrap();
    let bad = "other/Artist 0/Album 0/text.mp3";
    fs::write(sandbox.path(bad), b"once upon a midnight dreary").unwrap();
    for arguments in [
        &["predict", "run", bad] as &[&str],
        &["predict", "run", "other"],
        &["evaluate", "run", "--data", "other"],
        &["features", "other", "--feature", "log-mel", "--output", "features"],
        &["features", bad, "--feature", "log-mel", "--output", "features.npy"],
        &["picture", bad, "--of", "waveform", "--output", "picture.png"],
        &["prepare-data", "--data", "other", "--store", "store"],
        &["audit", "--data", "other", "--store", "store"],
    ] {
        let Outcome { stdout, stderr, .. } = Outcome::of(sandbox.command(arguments).output().unwrap());
        let said = format!("{stdout}{stderr}");
        let line = said.lines().find(|line| line.contains("text.mp3")).unwrap_or_default();
        assert!(line.contains("is in no known audio format"), "{arguments:?}: {said}");
        assert_eq!(said.matches("text.mp3").count(), 1, "{arguments:?}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_folder_that_cannot_be_written() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    let error = sandbox.refuse(&["train", "--data", "music", "--config", "quick.toml", "--out", "/proc/run"]);
    assert!(error.starts_with("cannot make the folder /proc/run"), "{error}");
    let error = sandbox.refuse(&["prepare-data", "--data", "music", "--store", "/proc/store"]);
    assert!(error.contains("/proc/store"), "{error}");
}

/// A limit on the size of files stands in for a full disk: the write fails part of the way.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let sandbox = sandbox();
    sandbox.music(2, 1, 3);
    let train = "train --data music --config quick.toml --out run";
    let limited = |kilobytes: u32| {
        let script = format!("trap '' XFSZ; ulimit -f {}; exec {PROGRAM} {train}", 2 * kilobytes);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).current_dir(sandbox.path("."));
        Outcome::of(command.output().unwrap())
    };
    // Too little for a shard, then enough for the shards but not for a checkpoint.
    for kilobytes in [4, 40] {
        let outcome = limited(kilobytes);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let error = outcome.stderr.lines().last().unwrap();
        assert!(error.starts_with("error: ") && error.contains("File too large"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
    sandbox.succeed(&train.split(' ').collect::<Vec<_>>());
}
