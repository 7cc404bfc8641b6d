//! Published models, and weights that come and go.

use std::fs;

use crooner_tests::{Sandbox, wav};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

#[test]
fn published_models_are_listed_and_shown() {
    let sandbox = Sandbox::new(PROGRAM);
    let list = sandbox.succeed(&["models"]).stdout;
    for name in ["hsieh-artist20", "choi-msd", "won-mtat"] {
        assert!(list.contains(&format!("\n{name} ")) || list.starts_with(&format!("{name} ")), "{list}");
        let shown = sandbox.succeed(&["models", name]).stdout;
        for part in ["tells:", "limits:", "licence:\n  MIT", "source:\n  https://github.com/", "labels:"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
    let error = sandbox.refuse(&["models", "choi"]);
    assert_eq!(error, "there is no published model `choi`: crooner has hsieh-artist20, choi-msd, won-mtat");
}

#[test]
fn a_published_tagger_gives_independent_probabilities() {
    let sandbox = Sandbox::new(PROGRAM);
    wav::write(&sandbox.path("tone.wav"), &wav::tone(440.0, 3.0)).unwrap();
    let document = sandbox.succeed(&["predict", "choi-msd", "tone.wav", "--top", "5", "--json"]).json();
    assert_eq!(document["tags"].as_array().map(Vec::len), Some(50));
    assert!(document.get("artists").is_none());
    let prediction = &document["predictions"][0];
    assert!(prediction.get("artist").is_none(), "no tag is the answer");
    let top = prediction["top"].as_array().unwrap();
    assert_eq!(top.len(), 5);
    assert!(top.iter().all(|candidate| candidate["tag"].is_string()));
    let slices = prediction["slices"].as_array().unwrap();
    assert_eq!(slices.len(), 1, "what is short is continued with silence");
    let probabilities = slices[0]["probabilities"].as_array().unwrap();
    let sum: f64 = probabilities.iter().filter_map(Value::as_f64).sum();
    assert!(probabilities.len() == 50 && (sum - 1.0).abs() > 1e-3, "independent, not shares of 1: {sum}");

    let text = sandbox.succeed(&["predict", "won-mtat", "tone.wav", "--top", "2"]).stdout;
    assert!(text.starts_with("tone.wav: ") && text.matches(" %").count() == 2, "{text}");
}

#[test]
fn a_published_artist_classifier_hears_every_slice() {
    let sandbox = Sandbox::new(PROGRAM);
    wav::write(&sandbox.path("tone.wav"), &wav::tone(440.0, 12.0)).unwrap();
    let document = sandbox.succeed(&["predict", "hsieh-artist20", "tone.wav", "--json"]).json();
    assert_eq!(document["artists"].as_array().map(Vec::len), Some(20));
    let slices = document["predictions"][0]["slices"].as_array().unwrap();
    assert_eq!(slices.len(), 2, "157 frames of 32 ms");
    let sum: f64 = slices[0]["probabilities"].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}

#[test]
fn a_folder_goes_before_a_published_model_of_its_name() {
    let sandbox = Sandbox::new(PROGRAM);
    fs::create_dir(sandbox.path("choi-msd")).unwrap();
    let outcome = sandbox.run(&["predict", "choi-msd", "song.wav"]);
    let expected = "note: choi-msd is taken to be the folder here, not the published model of that name\n\
                    error: choi-msd is no run of crooner: it has no config.toml\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), expected));
    let error = sandbox.refuse(&["predict", "choi-mds", "song.wav"]);
    assert_eq!(
        error,
        "there is no run at choi-mds: `crooner train` makes one; and there is no published model `choi-mds`: \
         crooner has hsieh-artist20, choi-msd, won-mtat"
    );
}

fn predictions(sandbox: &Sandbox, run: &str) -> Value {
    let mut document = sandbox.succeed(&["predict", run, "music/Artist 1/Album 0/0.wav", "--json"]).json();
    document["predictions"].take()
}

#[test]
fn weights_go_out_and_come_back() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 1, 3);
    sandbox.succeed(&["train", "--data", "music", "--config", "quick.toml", "--epochs", "1", "--out", "run"]);
    let said = sandbox.succeed(&["export", "run", "-o", "out.safetensors"]).stdout;
    assert_eq!(said, "out.safetensors: 22 tensors\n");

    fs::write(sandbox.path("labels.txt"), "Artist 0\n\nArtist 1\n").unwrap();
    let import = ["import", "out.safetensors", "--config", "quick.toml"];
    let said = sandbox.succeed(&[&import[..], &["--labels", "labels.txt", "-o", "again"]].concat()).stdout;
    assert!(said.starts_with("again: ") && said.ends_with(" parameters, 2 labels\n"), "{said}");
    assert_eq!(predictions(&sandbox, "again"), predictions(&sandbox, "run"));
    assert_eq!(
        sandbox.refuse(&["evaluate", "again"]),
        "again was imported, not trained here: it has no test tracks, and --data names some"
    );

    let refused = |arguments: &[&str]| sandbox.refuse(&[&import[..], arguments].concat());
    assert_eq!(
        refused(&["-o", "new"]),
        "the preset demo has no classes of its own: --labels names a file with one a line"
    );
    assert_eq!(
        refused(&["--labels", "labels.txt", "-o", "run"]),
        "run exists already: an import makes a folder of its own"
    );
    fs::write(sandbox.path("three.json"), "[\"a\", \"b\", \"c\"]").unwrap();
    assert_eq!(
        refused(&["--labels", "three.json", "-o", "new"]),
        "out.safetensors: fc.weight: expected shape [3, 8], found [2, 8]; fc.bias: expected shape [3], found [2]"
    );
    fs::write(sandbox.path("twice.txt"), "a\na\n").unwrap();
    assert_eq!(refused(&["--labels", "twice.txt", "-o", "new"]), "twice.txt: `a` is there twice");
    let error = sandbox.refuse(&["import", "labels.txt", "--preset", "won-mtat", "-o", "new"]);
    assert!(error.starts_with("labels.txt is not a safetensors file: "), "{error}");
    assert!(!sandbox.path("new").exists(), "nothing is left of a failed import");
}

/// Runs a command that prints JSON.
fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    sandbox.succeed(&[arguments, &["--json"]].concat()).json()
}

#[test]
fn an_imported_network_is_scored_on_music_and_trained_on() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 2, 3);
    sandbox.succeed(&["train", "--data", "music", "--config", "quick.toml", "--epochs", "1", "--out", "run"]);
    sandbox.succeed(&["export", "run", "-o", "out.safetensors"]);
    fs::write(sandbox.path("labels.txt"), "Artist 0\nArtist 1\n").unwrap();
    let import = ["import", "out.safetensors", "--config", "quick.toml", "--labels", "labels.txt"];
    sandbox.succeed(&[&import[..], &["-o", "mine"]].concat());

    // The score is the share of the tracks that predict names rightly.
    let heard = json(&sandbox, &["predict", "mine", "music"]);
    let heard = heard["predictions"].as_array().unwrap();
    let right = |p: &&Value| p["file"].as_str().unwrap().contains(p["artist"].as_str().unwrap());
    let share = heard.iter().filter(right).count() as f64 / heard.len() as f64;
    let scores = json(&sandbox, &["evaluate", "mine", "--data", "music"]);
    assert_eq!(heard.len(), 12);
    assert_eq!(scores["test"]["track_mean"]["accuracy"]["value"], share);
    assert_eq!(scores["chance"]["majority"]["value"], 0.5);

    // Strangers are named and left out.
    fs::rename(sandbox.path("music/Artist 1"), sandbox.path("music/Stranger")).unwrap();
    let outcome = sandbox.succeed(&["evaluate", "mine", "--data", "music"]);
    assert_eq!(outcome.stderr, "artist unknown to mine: Stranger\n");
    assert!(
        outcome.stdout.contains("test       6 tracks (")
            && outcome.stdout.contains(" of 2 artists, of folder;")
    );
    fs::rename(sandbox.path("music/Artist 0"), sandbox.path("music/Nobody")).unwrap();
    assert_eq!(
        sandbox.refuse(&["evaluate", "mine", "--data", "music"]),
        "mine knows no artist of folder; it knows `Artist 0`, `Artist 1`"
    );
    fs::rename(sandbox.path("music/Nobody"), sandbox.path("music/Artist 0")).unwrap();
    fs::rename(sandbox.path("music/Stranger"), sandbox.path("music/Artist 1")).unwrap();

    assert_eq!(
        sandbox.refuse(&["evaluate", "run", "--data", "music"]),
        "run was trained on these very tracks: without --data, its test tracks alone are scored"
    );
    assert_eq!(
        sandbox.refuse(&["evaluate", "mine", "--label", "genre"]),
        "--label, --columns and --with say how to read --data or --dataset, and there is neither"
    );
    assert_eq!(
        sandbox.refuse(&["evaluate", "won-mtat"]),
        "won-mtat is a published model: --data names the tracks to test it on"
    );

    let tuned = ["train", "--data", "music", "--config", "quick.toml", "--epochs", "1", "--out", "tuned"];
    sandbox.succeed(&[&tuned[..], &["--init-from", "mine", "--freeze", "encoder"]].concat());
    let weights = |run: &str| {
        sandbox.succeed(&["export", run, "-o", &format!("{run}.safetensors")]);
        let bytes = fs::read(sandbox.path(format!("{run}.safetensors"))).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let encoder = tensors.iter().filter(|(name, _)| !name.starts_with("fc."));
        let mut encoder: Vec<_> =
            encoder.map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect();
        encoder.sort();
        encoder
    };
    assert_eq!(weights("mine"), weights("tuned"), "a frozen encoder stays what was imported");
}

#[test]
fn a_published_file_can_be_imported() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 1, 1);
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/won-mtat/weights.safetensors");
    sandbox.succeed(&["import", weights, "--preset", "won-mtat", "-o", "mine"]);
    assert_eq!(predictions(&sandbox, "mine"), predictions(&sandbox, "won-mtat"));
    let error = sandbox.refuse(&["import", weights, "--preset", "choi-msd", "-o", "other"]);
    assert!(error.contains("spec_bn.weight: expected shape [1440], found [1]"), "{error}");
    assert!(error.contains("the network has no place for layer5.bias_hh_l0"), "{error}");
}
