//! The leakage audit from the command line, on duplicates of the music that comes with crooner.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;
use std::path::{Path, PathBuf};

use crooner_audio::AudioReader;
use crooner_tests::{Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// A copy of the demo's music as a folder `music`, and the paths of its tracks, sorted.
fn music(sandbox: &Sandbox) -> Vec<PathBuf> {
    let from = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/demo/artists"));
    let mut paths = Vec::new();
    copy(from, &sandbox.path("music"), &mut paths);
    paths.sort();
    paths
}

fn copy(from: &Path, to: &Path, paths: &mut Vec<PathBuf>) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target, paths);
        } else {
            fs::copy(&path, &target).unwrap();
            paths.push(target);
        }
    }
}

/// The samples of `path` at `rate`; written at another rate they run faster or slower.
fn samples(path: &Path, rate: u32) -> Vec<f32> {
    let mut reader = AudioReader::open_at(path, rate).unwrap();
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        samples.extend_from_slice(block);
    }
    samples
}

fn id(sandbox: &Sandbox, path: &Path) -> String {
    path.strip_prefix(sandbox.path("music")).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Every kind of duplicate that can be made without an encoder, on an album of its own: the original and the copy.
fn inject(sandbox: &Sandbox, tracks: &[PathBuf]) -> Vec<(String, String)> {
    let rate = wav::SAMPLE_RATE;
    let second = rate as usize;
    let quiet = |samples: &[f32]| -> Vec<f32> { samples.iter().map(|sample| 0.1 * sample).collect() };
    let copies: Vec<Vec<f32>> = vec![
        samples(&tracks[0], rate),
        quiet(&samples(&tracks[5], rate)[4 * second + 777..14 * second]),
        samples(&tracks[10], rate * 99 / 100),
        samples(&tracks[15], rate * 101 / 100)[3 * second..15 * second].to_vec(),
        [vec![0.0; 2 * second + 5], samples(&tracks[20], rate), vec![0.0; second]].concat(),
    ];
    let mut pairs = Vec::new();
    for (n, copy) in copies.iter().enumerate() {
        let folder = tracks[5 * n].parent().unwrap().parent().unwrap().join("Injected");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("copy {n}.wav"));
        wav::write(&path, copy).unwrap();
        pairs.push((id(sandbox, &tracks[5 * n]), id(sandbox, &path)));
    }
    let path = tracks[25].with_file_name("bytes.ogg");
    fs::copy(&tracks[25], &path).unwrap();
    pairs.push((id(sandbox, &tracks[25]), id(sandbox, &path)));
    pairs
}

#[test]
fn injected_duplicates_are_found_shown_and_mended() {
    let sandbox = Sandbox::new(PROGRAM);
    let tracks = music(&sandbox);
    let injected = inject(&sandbox, &tracks);

    // All originals train, but for a few; the copies test.
    let mut table = "id,side\n".to_owned();
    for (n, path) in tracks.iter().enumerate() {
        table += &format!("{},{}\n", id(&sandbox, path), if n % 7 == 3 { "validation" } else { "train" });
    }
    for (_, copy) in &injected {
        table += &format!("{copy},test\n");
    }
    table += &format!("{},test\n", id(&sandbox, &tracks[1]));
    let table = table.replace(&format!("{},train\n", id(&sandbox, &tracks[1])), "");
    fs::write(sandbox.path("split.csv"), &table).unwrap();

    let audit = ["audit", "--data", "music", "--split", "split.csv", "--json", "audit.json"];
    let outcome = sandbox.run(&[&audit[..], &["--html", "audit.html"]].concat());
    assert_eq!(outcome.code, Some(3), "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome.stdout.contains("6 pairs of one recording on two sides of the split"),
        "{}",
        outcome.stdout
    );
    let json = sandbox.json("audit.json");
    let proven = json["pairs"].as_array().unwrap().iter();
    let proven =
        proven.filter(|pair| ["identical-file", "same-recording"].contains(&pair["kind"].as_str().unwrap()));
    let mut found: Vec<(String, String)> = proven
        .map(|pair| [&pair["first"], &pair["second"]].map(|id| id.as_str().unwrap().to_owned()))
        .map(|[first, second]| {
            if first.contains("Injected") || first.contains("bytes") {
                (second, first)
            } else {
                (first, second)
            }
        })
        .collect();
    found.sort();
    let mut expected = injected;
    expected.sort();
    assert_eq!(found, expected, "every copy, and nothing else");
    let html = fs::read_to_string(sandbox.path("audit.html")).unwrap();
    assert_eq!(html.matches("Across the split: ").count(), 6);
    assert!(html.contains("<svg") && !html.contains("<script") && !html.contains("src=\"http"));

    // A second audit computes nothing anew and says the same.
    let first = fs::read(sandbox.path("audit.json")).unwrap();
    for fingerprint in fs::read_dir(sandbox.path("store/fingerprints-1")).unwrap().take(3) {
        fs::write(fingerprint.unwrap().path(), b"damaged").unwrap();
    }
    let again = sandbox.run(&[&audit[..], &["--jobs", "1"]].concat());
    assert_eq!(again.code, Some(3));
    assert_eq!(fs::read(sandbox.path("audit.json")).unwrap(), first, "also after damage, on one thread");

    // Training refuses, until the split is mended or leakage allowed.
    let train = ["train", "--data", "music", "--config", "quick.toml", "--epochs", "1"];
    let error = sandbox.refuse(&[&train[..], &["--split-file", "split.csv", "--out", "refused"]].concat());
    assert!(
        error.starts_with("6 pairs of one recording on two sides") && error.contains("--allow-leakage"),
        "{error}"
    );
    let fix = [&audit[..5], &["--fix", "fair.csv"]].concat();
    let fixed = sandbox.succeed(&fix).stdout;
    assert!(fixed.contains("moved 6 tracks"), "{fixed}");
    let error = sandbox.refuse(&fix);
    assert!(error.contains("fair.csv: it is there already"), "{error}");
    assert_eq!(fs::read_to_string(sandbox.path("split.csv")).unwrap(), table, "the input stays");
    sandbox.succeed(&["audit", "--data", "music", "--split", "fair.csv"]);
    sandbox.succeed(&[&train[..], &["--split-file", "fair.csv", "--out", "fair"]].concat());
    let leaky = ["--split-file", "split.csv", "--out", "leaky", "--allow-leakage"];
    sandbox.succeed(&[&train[..], &leaky].concat());
    let notes = sandbox.json("leaky/report.json")["split"]["notes"].to_string();
    assert!(notes.contains("6 pairs of one recording") && notes.contains("--allow-leakage"), "{notes}");
}

#[test]
fn identical_files_stop_training_without_an_audit() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 3, 3);
    for album in 0..3 {
        let folder = sandbox.path(format!("music/Artist 0/Album {album}"));
        fs::copy(sandbox.path("music/Artist 0/Album 0/0.wav"), folder.join("same.wav")).unwrap();
    }
    let train = ["train", "--data", "music", "--split", "album", "--config", "quick.toml", "--epochs", "1"];
    let error = sandbox.refuse(&train);
    assert!(error.contains("identical files") && error.contains("same.wav"), "{error}");
    let text = sandbox.run(&["audit", "--data", "music", "--split", "album"]);
    assert_eq!(text.code, Some(3), "{}", text.stdout);
    let error = sandbox.refuse(&["audit", "--data", "music", "--split", "albun"]);
    assert!(
        error.contains("albun: there is no such file, and the kinds of split are song, album"),
        "{error}"
    );
}

#[test]
fn names_that_look_alike_are_told() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 2, 1);
    let rename = |from: &str, to: &str| fs::rename(sandbox.path(from), sandbox.path(to)).unwrap();
    rename("music/Artist 0", "music/The Beatles");
    rename("music/Artist 1", "music/Beatles, The");
    rename("music/The Beatles/Album 0", "music/The Beatles/Revolver");
    rename("music/Beatles, The/Album 0", "music/Beatles, The/revolver (Deluxe Edition)");
    let text = sandbox.succeed(&["audit", "--data", "music"]).stdout;
    assert!(text.contains("artists that look alike: 1 pair"), "{text}");
    assert!(
        text.contains("\"Beatles, The\" (2 tracks) and \"The Beatles\" (2 tracks): spelt in two ways"),
        "{text}"
    );
    assert!(text.contains("albums of one artist that may be one: 2 pairs"), "{text}");
    assert!(text.contains("Beatles, The / The Beatles: revolver (Deluxe Edition) (1 track) and Revolver (1 track), 0 recordings on both"), "{text}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_audit_goes_on_where_it_stopped() {
    use std::io::Read;

    let sandbox = Sandbox::new(PROGRAM);
    fs::create_dir_all(sandbox.path("music/Artist/Album")).unwrap();
    for track in 0..100_u16 {
        let samples = wav::tone(200.0 + 9.0 * f32::from(track), 30.0);
        wav::write(&sandbox.path(format!("music/Artist/Album/{track}.wav")), &samples).unwrap();
    }
    let audit = ["audit", "--data", "music", "--no-versions", "--jobs", "1"];
    let kept = || fs::read_dir(sandbox.path("store/fingerprints-1")).map_or(0, Iterator::count);
    let mut child = sandbox.start(&audit);
    while kept() < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{stderr}");
    assert_eq!(stderr, "interrupted; run the same command to carry on\n");
    let before = kept();
    assert!((3..100).contains(&before), "{before}");
    let outcome = sandbox.run(&audit);
    assert!(outcome.stdout.contains("100 tracks, "), "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(kept(), 100);
}
