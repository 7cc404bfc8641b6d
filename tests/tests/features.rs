//! `crooner features`: files that NumPy reads, folders that resume.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;

use crooner_tests::{Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// Shape and values of a float32 array in C order.
fn npy(bytes: &[u8]) -> (Vec<usize>, Vec<f32>) {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let len = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + len]).unwrap();
    assert!(header.contains("'descr': '<f4', 'fortran_order': False"), "{header}");
    let shape = header.split(['(', ')']).nth(1).unwrap();
    let shape = shape.trim_end_matches(',').split(", ").map(|size| size.parse().unwrap()).collect();
    let values =
        bytes[10 + len..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    (shape, values)
}

#[test]
fn a_file_becomes_a_matrix() {
    let sandbox = Sandbox::new(PROGRAM);
    // 440 Hz for a second.
    wav::write(&sandbox.path("a.wav"), &wav::tone(440.0, 1.0)).unwrap();
    sandbox.succeed(&["features", "a.wav", "--feature", "cqt", "-o", "a.npy"]);
    let (shape, values) = npy(&fs::read(sandbox.path("a.npy")).unwrap());
    // librosa: 84 bins, and a frame every 512 of 22,050 samples.
    assert_eq!(shape, [84, 44]);
    let energy = |bin: usize| values[bin * 44..][..44].iter().sum::<f32>();
    // C1 is bin 0, A4 is 45 semitones above it.
    let loudest = (0..84).max_by(|&a, &b| energy(a).total_cmp(&energy(b))).unwrap();
    assert_eq!(loudest, 45);

    let settings = ["--set", "n_mels=10", "--set", "htk=true", "--set", "sr=16000"];
    let args = ["features", "a.wav", "--feature", "log-mel", "-o", "a.json"];
    sandbox.succeed(&[&args[..], &settings].concat());
    let document = sandbox.json("a.json");
    assert_eq!(document["shape"], serde_json::json!([10, 32]));
    assert_eq!(document["values"].as_array().unwrap().len(), 10);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    let sandbox = Sandbox::new(PROGRAM);
    wav::write(&sandbox.path("a.wav"), &wav::tone(440.0, 0.5)).unwrap();
    let refuse = |args: &[&str]| sandbox.refuse(&[&["features", "a.wav"], args].concat());
    let message = refuse(&["--feature", "logmel", "-o", "a.npy"]);
    assert!(message.contains("there is no feature `logmel`: expected one of waveform, "), "{message}");
    let message = refuse(&["--feature", "log-mel", "--set", "bands=3", "-o", "a.npy"]);
    assert!(message.contains("log-mel has no setting `bands`: it has sample_rate, "), "{message}");
    let message = refuse(&["--feature", "log-mel", "--set", "n_mels=0", "-o", "a.npy"]);
    assert!(message.contains("`n_mels` must be between 1 and"), "{message}");
    let message = refuse(&["--feature", "log-mel", "--set", "n_mels", "-o", "a.npy"]);
    assert!(message.contains("expected KEY=VALUE"), "{message}");
    let message = refuse(&["--feature", "log-mel", "-o", "a.wav.txt"]);
    assert!(message.contains("the name must end in one of .npy, .parquet, .csv and .json"), "{message}");
    assert!(!sandbox.path("a.npy").exists() && !sandbox.path("a.wav.txt").exists());
}

#[test]
fn a_folder_is_computed_once_and_broken_files_are_reported() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 1, 2);
    fs::write(sandbox.path("music/broken.mp3"), b"no music at all").unwrap();
    let args = ["features", "music", "--feature", "log-mel", "--feature", "chroma-stft", "-o", "out"];
    let outcome = sandbox.run(&args);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("5 files: 4 computed, 0 were there, 1 could not be read"), "{outcome:?}");
    assert!(outcome.stderr.contains("broken.mp3"), "{outcome:?}");
    let made = |folder: &str| -> Vec<_> {
        let mut names: Vec<_> = walk(&sandbox.path(folder));
        names.sort();
        names
    };
    let files = made("out");
    assert_eq!(files.iter().filter(|name| name.ends_with(".log-mel.npy")).count(), 4, "{files:?}");
    assert_eq!(files.iter().filter(|name| name.ends_with(".chroma-stft.npy")).count(), 4, "{files:?}");

    let again = sandbox.run(&args);
    assert!(again.stdout.contains("5 files: 0 computed, 4 were there, 1 could not be read"), "{again:?}");
    assert_eq!(made("out"), files);
    let message = sandbox.refuse(&[&args[..], &["--set", "n_fft=1024"]].concat());
    assert!(message.contains("out holds features of other settings"), "{message}");
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { walk(&path) } else { vec![path.display().to_string()] }
        })
        .collect()
}

#[test]
fn every_feature_that_is_listed_can_be_computed() {
    let sandbox = Sandbox::new(PROGRAM);
    wav::write(&sandbox.path("a.wav"), &wav::tone(440.0, 1.0)).unwrap();
    let list = sandbox.succeed(&["features", "--list"]).stdout;
    for name in list.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()) {
        sandbox.succeed(&["features", "a.wav", "--feature", name, "-o", "a.npy"]);
        let (shape, values) = npy(&fs::read(sandbox.path("a.npy")).unwrap());
        assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        // As librosa: one dimension of samples, else bins and frames.
        assert_eq!(shape.len(), if name == "waveform" { 1 } else { 2 }, "{name}");
        assert!(name != "waveform" || shape == [22_050]);
    }
}

#[test]
fn the_list_names_every_feature_with_its_settings() {
    let sandbox = Sandbox::new(PROGRAM);
    let list = sandbox.succeed(&["features", "--list"]).stdout;
    // Not a terminal: a line each.
    for (name, setting) in
        [("log-mel", "top_db=80.0"), ("cqt", "n_bins=84"), ("chroma-cens", "win_len_smooth=41")]
    {
        let mut lines = list.lines().filter(|line| line.starts_with(&format!("{name} ")));
        let line = lines.next().unwrap_or_else(|| panic!("{name}: {list}"));
        assert!(line.contains(setting) && lines.next().is_none(), "{setting}: {line}");
    }
    for setting in ["sample_rate=22050", "n_mels=128", "hop_length=512", "amin=1e-10", "win_length=derived"] {
        assert!(list.split_whitespace().any(|found| found == setting), "{setting}: {list}");
    }
    assert!(list.lines().all(|line| !line.starts_with(' ')), "{list}");
}

#[test]
fn one_file_is_of_one_feature() {
    let sandbox = Sandbox::new(PROGRAM);
    wav::write(&sandbox.path("a.wav"), &wav::tone(440.0, 0.5)).unwrap();
    let message =
        sandbox.refuse(&["features", "a.wav", "--feature", "mel", "--feature", "rms", "-o", "a.npy"]);
    assert_eq!(message, "a.wav is a file, for which one --feature can be given: 2 were");
    sandbox.succeed(&["features", "a.wav", "--feature", "mel", "-o", "a.parquet"]);
    let table = fs::read(sandbox.path("a.parquet")).unwrap();
    assert!(table.starts_with(b"PAR1") && table.ends_with(b"PAR1"));
}
