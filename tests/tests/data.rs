//! Data sets, labels and splits from the command line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;

use crooner_tests::{Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// A table of three artists' tracks, with a mood for each.
fn table(sandbox: &Sandbox) {
    sandbox.music(3, 3, 2);
    let mut text = "file,singer,record,mood\n".to_owned();
    for artist in 0..3 {
        for album in 0..3 {
            for track in 0..2 {
                let mood = ["calm", "wild"][track];
                text += &format!(
                    "music/Artist {artist}/Album {album}/{track}.wav,Artist {artist},Album {album},{mood}\n"
                );
            }
        }
    }
    fs::write(sandbox.path("table.csv"), text).unwrap();
}

const TABLE: [&str; 6] =
    ["--dataset", "table", "--data", "table.csv", "--columns", "path=file,artist=singer,album=record"];

#[test]
fn a_split_is_written_and_trained_on() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 3, 2);
    let text =
        sandbox.succeed(&["split", "--data", "music", "--folds", "3", "--seed", "7", "-o", "splits"]).stdout;
    assert!(text.ends_with("wrote 3 splits to splits\n"), "{text}");
    let csv = fs::read_to_string(sandbox.path("splits/folds.csv")).unwrap();
    assert!(csv.starts_with("id,path,label,group,fold\nArtist 0/Album 0/0.wav,"), "{csv}");
    assert_eq!(csv.lines().count(), 13);
    for file in ["folds.parquet", "fold-0.json", "fold-2.json", "summary.txt"] {
        assert!(sandbox.path("splits").join(file).is_file(), "{file}");
    }
    let train = ["train", "--data", "music", "--config", "quick.toml", "--epochs", "1"];
    sandbox.succeed(&[&train[..], &["--split-file", "splits/fold-1.json", "--out", "run"]].concat());
    let [ours, theirs] = ["run/split.json", "splits/fold-1.json"].map(|file| sandbox.json(file));
    assert_eq!(ours, theirs);

    sandbox.succeed(&["split", "--data", "music", "--split", "song", "-o", "one"]);
    sandbox.succeed(&[&train[..], &["--split-file", "one/split.parquet", "--out", "other"]].concat());
    fs::write(sandbox.path("bad.csv"), "id,side\nnobody,test\n").unwrap();
    let error = sandbox.refuse(&[&train[..], &["--split-file", "bad.csv"]].concat());
    assert!(
        error.contains("bad.csv: 1 of its tracks are not in the data set, the first being \"nobody\""),
        "{error}"
    );
}

#[test]
fn tracks_of_a_given_split_that_cannot_be_used_take_no_part() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 3, 2);
    wav::write(&sandbox.path("music/Artist 1/Album 2/short.wav"), &wav::tone(440.0, 0.5)).unwrap();
    fs::write(sandbox.path("music/Artist 1/Album 2/broken.wav"), "RIFF").unwrap();
    sandbox.succeed(&["split", "--data", "music", "-o", "splits"]);
    for (file, run) in [("splits/split.json", "json"), ("splits/split.csv", "csv")] {
        let given = fs::read_to_string(sandbox.path(file)).unwrap();
        assert!(given.contains("short.wav") && given.contains("broken.wav"), "{given}");
        let train = ["train", "--data", "music", "--config", "quick.toml", "--epochs", "1"];
        let said = sandbox.succeed(&[&train[..], &["--split-file", file, "--out", run]].concat()).stderr;
        let note = "note: 1 track(s) shorter than a slice take no part: Artist 1/Album 2/short.wav. `--slice-seconds`";
        assert!(said.contains(note), "{said}");
        let used = fs::read_to_string(sandbox.path(run).join("split.json")).unwrap();
        assert!(used.contains("Artist 1/Album 2/0.wav"), "{used}");
        assert!(!used.contains("short.wav") && !used.contains("broken.wav"), "{used}");
        let report = fs::read_to_string(sandbox.path(run).join("report.html")).unwrap();
        assert!(report.contains("1 track(s) shorter than a slice take no part: Artist 1/Album 2/short.wav."));
        assert!(report.contains("Artist 1/Album 2/broken.wav"));
    }
}

#[test]
fn a_summary_counts_tracks_slices_and_hours() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 3, 2);
    wav::write(&sandbox.path("music/Artist 1/Album 2/short.wav"), &wav::tone(440.0, 0.5)).unwrap();
    let split = |more: &[&str]| {
        sandbox.succeed(&[&["split", "--data", "music"], more].concat());
        fs::read_to_string(sandbox.path("splits/summary.txt")).unwrap()
    };
    let before = split(&[]);
    let expected = "split.json
  artist                        train validation       test
  Artist 0                          2          2          2
  Artist 1                          3          2          2
  all                               5          4          4
note: how long the tracks are is unknown until prepare-data has run

";
    assert_eq!(before, expected);

    // 3 s are 94 frames, two slices of 32.
    sandbox.succeed(&["prepare-data", "--data", "music", "--config", "quick.toml"]);
    let after = split(&["--config", "quick.toml"]);
    let expected = "split.json
                                                    train                     validation                           test
  artist                       tracks    slices     hours     tracks    slices     hours     tracks    slices     hours
  Artist 0                          2         4      0.00          2         4      0.00          2         4      0.00
  Artist 1                          3         4      0.00          2         4      0.00          2         4      0.00
  all                               5         8      0.00          4         8      0.00          4         8      0.00
note: a slice is 32 frames of log-mel
note: 1 track without a slice, unreadable or too short: train cannot use such

";
    assert_eq!(after, expected);
    let longer = split(&["--config", "quick.toml", "--slice-seconds", "2.5"]);
    assert!(longer.contains("note: a slice is 79 frames of log-mel\n"), "{longer}");
    assert!(longer.contains("  all                               5         4      0.00 "), "{longer}");
    let other = split(&["--preset", "paper"]);
    assert!(
        other.contains("note: slices are unknown until prepare-data has run for these settings of log-mel\n"),
        "{other}"
    );
    assert!(other.contains("  artist                       tracks     hours     tracks "), "{other}");
}

#[test]
fn any_column_can_be_learnt() {
    let sandbox = Sandbox::new(PROGRAM);
    table(&sandbox);
    let train =
        [&["train"][..], &TABLE, &["--config", "quick.toml", "--epochs", "1", "--label", "mood"]].concat();
    let text = sandbox
        .succeed(&[&train[..], &["--group", "artist", "--split", "group", "--out", "run"]].concat())
        .stdout;
    assert!(text.contains("of 2 moods, group split"), "{text}");
    let html = fs::read_to_string(sandbox.path("run/report.html")).unwrap();
    assert!(html.contains("Mood by mood") && !html.contains("Artist by artist"));
    let document = sandbox.succeed(&["predict", "run", "music/Artist 0/Album 0/0.wav", "--json"]).json();
    assert_eq!(document["moods"], serde_json::json!(["calm", "wild"]));
    let prediction = &document["predictions"][0];
    for place in [prediction, &prediction["top"][0], &prediction["slices"][0]] {
        assert!(["calm", "wild"].contains(&place["mood"].as_str().unwrap()), "{place}");
        assert!(place.get("artist").is_none(), "{place}");
    }
    let unknown = [&["train"][..], &TABLE, &["--label", "key"]].concat();
    let error = sandbox.refuse(&unknown);
    assert!(error.contains("has a column \"key\": there is album, artist, id, mood, title"), "{error}");
}

#[test]
fn what_cannot_be_split_is_named_and_can_be_dropped() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(3, 3, 3);
    fs::remove_dir_all(sandbox.path("music/Artist 1/Album 1")).unwrap();
    fs::remove_dir_all(sandbox.path("music/Artist 1/Album 2")).unwrap();
    let error = sandbox.refuse(&["split", "--data", "music"]);
    assert!(error.starts_with("artist \"Artist 1\" has one album, \"Album 0\""), "{error}");
    let error = sandbox.refuse(&["split", "--data", "music", "--split", "song", "--folds", "0"]);
    assert!(error.starts_with("folds must be at least 3"), "{error}");
    let text = sandbox.succeed(&["split", "--data", "music", "--drop-small"]).stdout;
    assert!(text.contains("dropped    artist \"Artist 1\" has one album"), "{text}");
    let error = sandbox.refuse(&["train", "--data", "music", "--split", "group", "--group", "artist"]);
    assert!(error.contains("holds out whole artists"), "{error}");
}

#[test]
fn a_copy_can_be_checked() {
    let sandbox = Sandbox::new(PROGRAM);
    let text = sandbox.succeed(&["datasets", "check", "demo"]).stdout;
    assert!(text.contains("found      6 artists, 12 albums, 48 tracks"), "{text}");
    assert!(text.ends_with("0 missing, 0 extra, 0 damaged\n"), "{text}");
    sandbox.music(1, 1, 1);
    fs::write(sandbox.path("music/Artist 0/Album 0/empty.mp3"), "").unwrap();
    let outcome = sandbox.run(&["datasets", "check", "folder", "--root", "music"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.contains("empty.mp3: is empty"), "{}", outcome.stdout);

    table(&sandbox);
    let text = sandbox.succeed(&[
        "datasets",
        "check",
        "table",
        "--root",
        "table.csv",
        "--columns",
        "path=file,artist=singer,album=record",
    ]);
    assert!(text.stdout.ends_with("0 missing, 0 extra, 0 damaged\n"), "{}", text.stdout);
}
