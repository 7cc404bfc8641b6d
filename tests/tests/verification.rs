//! `crooner evaluate --trials`: one artist, or two?

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;

use crooner_tests::Sandbox;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// A network that was trained on three artists, and pairs of their recordings.
fn trained() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(3, 3, 2);
    sandbox.succeed(&[
        "train",
        "--data",
        "music",
        "--split",
        "album",
        "--config",
        "quick.toml",
        "--epochs",
        "8",
        "--out",
        "run",
    ]);
    let path = |artist: usize, album: usize| format!("Artist {artist}/Album {album}/0.wav");
    let mut pairs = String::new();
    for artist in 0..3 {
        for album in 0..3 {
            let (next, other) = ((album + 1) % 3, (artist + 1) % 3);
            pairs += &format!("1\t{}\t{}\n", path(artist, album), path(artist, next));
            pairs += &format!("0\t{}\t{}\n", path(artist, album), path(other, next));
        }
    }
    fs::write(sandbox.path("pairs.txt"), pairs).unwrap();
    sandbox
}

const EVALUATE: [&str; 4] = ["evaluate", "run", "--data", "music"];

#[test]
fn pairs_are_told_apart() {
    let sandbox = trained();
    let command = [&EVALUATE[..], &["--trials", "pairs.txt"]].concat();
    let scores = sandbox.succeed(&[&command[..], &["--json"]].concat()).json();
    assert_eq!((&scores["pairs"]["same"], &scores["pairs"]["other"]), (&9.into(), &9.into()));
    assert_eq!((&scores["recordings"], &scores["clusters"]), (&9.into(), &3.into()));
    assert_eq!(scores["pairs"]["of_known"], 18);
    let learnt_from = scores["pairs"]["learnt_from"].as_u64().unwrap();
    assert!((1..=18).contains(&learnt_from), "{learnt_from}");
    // Tones of three pitches, of which the network has heard most.
    let value = |score: &str| scores[score]["value"].as_f64().unwrap();
    assert!(value("eer") < 0.3 && value("min_dcf") < 1.0, "{scores}");

    let text = sandbox.succeed(&command).stdout;
    assert!(text.contains("pairs      18 (9 of one artist, 9 of two) of 9 recordings"), "{text}");
    assert!(text.contains("chance     0.500 EER, 1.000 minDCF"), "{text}");
    assert!(
        text.contains("note: 18 pair(s) of artists that the network was trained to tell apart"),
        "{text}"
    );
    assert_eq!(sandbox.succeed(&command).stdout, text);
}

#[test]
fn lists_that_cannot_be_scored_are_refused() {
    let sandbox = trained();
    let refuse = |pairs: &str| {
        fs::write(sandbox.path("bad.txt"), pairs).unwrap();
        sandbox.refuse(&[&EVALUATE[..], &["--trials", "bad.txt"]].concat())
    };
    let pair =
        |same, artist: usize| format!("{same}\tArtist 0/Album 0/0.wav\tArtist {artist}/Album 1/0.wav\n");
    let error = refuse(&pair(1, 0));
    assert!(error.contains("expected pairs of either kind, found 1 of one artist and 0 of two"), "{error}");
    let error = refuse(&(pair(1, 0) + &pair(1, 1)));
    assert!(error.contains("1 pairs are said to be the same and are not by the data set"), "{error}");
    let error = refuse("1\tArtist 0/Album 0/0.wav\tnobody.wav\n");
    assert!(error.contains("line 1") && error.contains("nobody.wav"), "{error}");
    let error = refuse("yes\ta\tb\n");
    assert!(error.contains("expected 0 or 1 and two files"), "{error}");
    let error = sandbox.refuse(&["evaluate", "run", "--trials", "pairs.txt"]);
    assert!(error.contains("--trials names pairs of the recordings of --data or --dataset"), "{error}");
}
