//! Scores and what is rendered of them. Two scripts stand in for fluidsynth, so that no test but the last needs it.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crooner_datasets::{Catalogue, DatasetError, Request, Watch, check};
use tempfile::tempdir;

use crate::common::{ids, miniature, set, skipped, touch};

/// A request that is rendered by the script, with two soundfonts that it does not read.
pub(crate) fn request(cache: &Path, script: &str) -> Request {
    for name in ["a.sf2", "b.sf3", "c.txt"] {
        touch(&cache.join("soundfonts").join(name));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    Request::default()
        .with_root(miniature("symbolic"))
        .with_cache(cache)
        .with_option("soundfonts", cache.join("soundfonts").to_str().unwrap())
        .with_option("fluidsynth", script.to_str().unwrap())
}

fn open(request: &Request) -> Result<Catalogue, DatasetError> {
    set("symbolic").open(request)
}

#[test]
fn pieces_are_rendered_and_listed() {
    let cache = tempdir().unwrap();
    let request = request(cache.path(), "fluidsynth.sh").with_option("seconds", "2");
    let catalogue = open(&request).unwrap();
    assert_eq!(
        ids(&catalogue),
        [
            "Ada_Noë/First/e1m1.mid.wav",
            "Ada_Noë/First/Über.wav",
            "Ada_Noë/Second/Über.wav",
            "B.Bass/First/Two words....wav",
            "B.Bass/Live 2009/Low.wav",
        ]
    );
    let last = &catalogue.tracks[4];
    assert_eq!(
        (last.artist.as_str(), last.album.as_str(), last.title.as_str()),
        ("B.Bass", "Live 2009", "Low, \"lower\"")
    );
    assert_eq!(
        (last.get("licence"), last.get("attribution")),
        (Some("CC0"), Some("Low, \"lower\" by B.Bass"))
    );
    let rendered = std::fs::read(&last.path).unwrap();
    assert_eq!(rendered.len(), 44 + 2 * 2 * 44_100, "two seconds of 16 bits");
    assert!(rendered[44..].iter().any(|&byte| byte != 0));
    assert!(
        catalogue.cautions[0]
            .starts_with("Rendered by FluidSynth runtime version 0.0.0 with a, b; each album in")
    );

    let root = miniature("symbolic");
    let first = root.join("midi/B.Bass/First");
    let report = check(set("symbolic"), &request).unwrap();
    assert_eq!(report.missing, [first.join("Gone.mid")]);
    assert_eq!(report.extra[0].0, first.join("Unlisted.mid"));
    assert_eq!(report.damaged[0].0, first.join("Changed.mid"));
    assert!(report.damaged[0].1.contains("its checksum is "), "{report}");
    assert_eq!((report.missing.len(), report.extra.len(), report.damaged.len()), (1, 1, 1));
}

#[test]
fn what_was_rendered_is_used_again() {
    let cache = tempdir().unwrap();
    let first = open(&request(cache.path(), "fluidsynth.sh")).unwrap();
    // Of the same version, but it would refuse.
    assert_eq!(open(&request(cache.path(), "fluidsynth-refuses.sh")).unwrap(), first);

    let lost = &first.tracks[0].path;
    let bytes = std::fs::read(lost).unwrap();
    std::fs::remove_file(lost).unwrap();
    let without = open(&request(cache.path(), "fluidsynth-refuses.sh")).unwrap();
    assert_eq!(without.tracks.len(), 4);
    let reasons = skipped(&without, &miniature("symbolic"));
    let reason =
        reasons.iter().find(|reason| reason.starts_with("midi/Ada_Noë/First/e1m1.mid.mid: ")).unwrap();
    assert!(
        reason.contains(
            "fluidsynth cannot render it (exit status: 0): fluidsynth: error: this is no MIDI file"
        )
    );
    assert_eq!(open(&request(cache.path(), "fluidsynth.sh")).unwrap(), first);
    assert_eq!(std::fs::read(lost).unwrap(), bytes);
    let error = open(&request(cache.path(), "fluidsynth-refuses.sh").with_option("seed", "7")).unwrap_err();
    assert!(error.to_string().starts_with("nothing usable in folder"), "{error}");
}

#[test]
fn rendering_can_be_followed_ended_and_gone_on_with() {
    let cache = tempdir().unwrap();
    let told = Arc::new(Mutex::new(BTreeSet::new()));
    let follow = |answer: ControlFlow<()>| {
        let told = Arc::clone(&told);
        Watch::new(move |n_done, n_pieces| {
            told.lock().unwrap().insert((n_done, n_pieces));
            answer
        })
    };
    let given = request(cache.path(), "fluidsynth.sh").with_option("seconds", "1");
    let all = open(&given.clone().with_watch(follow(ControlFlow::Continue(())))).unwrap();
    assert_eq!(std::mem::take(&mut *told.lock().unwrap()).last(), Some(&(5, 5)));

    let lost = [&all.tracks[1].path, &all.tracks[4].path];
    for path in lost {
        std::fs::remove_file(path).unwrap();
    }
    let error = open(&given.clone().with_watch(follow(ControlFlow::Break(())))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "making the files of data set \"symbolic\" was interrupted; the same again goes on from there"
    );
    assert!(lost.iter().all(|path| !path.exists()), "nothing is begun after a break");
    assert!(told.lock().unwrap().iter().all(|&(n_done, n_pieces)| n_done < 5 && n_pieces == 5));

    assert_eq!(open(&given).unwrap(), all);
}

#[test]
fn each_setting_has_a_folder_of_its_own() {
    let cache = tempdir().unwrap();
    let settings: [&[(&str, &str)]; 6] = [
        &[],
        &[("effect", "song")],
        &[("effect", "none")],
        &[("strength", "0.5")],
        &[("seed", "1")],
        &[("seconds", "5")],
    ];
    let mut rendered: BTreeMap<PathBuf, Vec<Vec<u8>>> = BTreeMap::new();
    for options in settings {
        let request = options.iter().fold(request(cache.path(), "fluidsynth.sh"), |request, (key, value)| {
            request.with_option(*key, *value)
        });
        let catalogue = open(&request).unwrap();
        let bytes = catalogue.tracks.iter().map(|track| std::fs::read(&track.path).unwrap()).collect();
        rendered.insert(catalogue.root, bytes);
    }
    assert_eq!(rendered.len(), settings.len());
    let different: BTreeSet<_> = rendered.values().collect();
    assert_eq!(different.len(), settings.len(), "the noise is the same, what is done to it is not");
}

#[test]
fn what_is_missing_is_told_with_what_to_install() {
    let cache = tempdir().unwrap();
    let given = request(cache.path(), "fluidsynth.sh");
    let error = open(&given.clone().with_option("fluidsynth", "/no/fluidsynth")).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "data set \"symbolic\" is rendered by fluidsynth: the program \"/no/fluidsynth\" cannot be run ("
        ) && error.ends_with(
            "; install it and its soundfonts, as with `apt-get install fluidsynth fluid-soundfont-gm \
             timgm6mb-soundfont musescore-general-soundfont-small`"
        ),
        "{error}"
    );
    std::fs::remove_file(cache.path().join("soundfonts/b.sf3")).unwrap();
    let error = open(&given).unwrap_err().to_string();
    assert!(error.contains(": 2 soundfont(s) are needed, found 1 in "), "{error}");
    open(&given.with_option("effect", "none")).unwrap();
    let error =
        open(&request(cache.path(), "fluidsynth.sh").with_option("soundfonts", "/no/folder")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read folder \"/no/folder\"");
}

#[test]
fn a_manifest_cannot_lead_out_of_the_cache() {
    let cache = tempdir().unwrap();
    for (path, composer, album) in [
        ("midi/../x/Out.mid", "..", "x"),
        ("midi/A/B/../../Out.mid", "A", "B"),
        ("midi/A/Other/In.mid", "A", "B"),
        ("midi/A/B/In.wav", "A", "B"),
        ("midi//B/In.mid", "", "B"),
    ] {
        let root = tempdir().unwrap();
        touch(&root.path().join("midi/A/B/In.mid"));
        let row = format!("path,composer,album,title,sha256\n{path},{composer},{album},T,0\n");
        std::fs::write(root.path().join("manifest.csv"), row).unwrap();
        let error =
            open(&request(cache.path(), "fluidsynth.sh").with_root(root.path())).unwrap_err().to_string();
        assert!(
            error.contains("manifest.csv\", line 2: expected the path midi/COMPOSER/ALBUM/TITLE.mid"),
            "{error}"
        );
    }
}

#[test]
fn fluidsynth_renders_alike_twice_and_each_album_in_its_own_way() {
    if let Err(error) = Command::new("fluidsynth").arg("--version").output() {
        #[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
        {
            eprintln!(
                "skipped: fluidsynth cannot be run ({error}); apt-get install fluidsynth timgm6mb-soundfont"
            );
        }
        return;
    }
    let render = |effect: &str| -> Result<Vec<Vec<u8>>, DatasetError> {
        let cache = tempdir().unwrap();
        let request = Request::default().with_root(miniature("symbolic")).with_cache(cache.path());
        let catalogue = open(&request.with_option("seconds", "3").with_option("effect", effect))?;
        Ok(catalogue.tracks.iter().map(|track| std::fs::read(&track.path).unwrap()).collect())
    };
    let (none, album) = match (render("none"), render("album")) {
        (Err(error @ DatasetError::SynthesiserNeeded { .. }), _)
        | (_, Err(error @ DatasetError::SynthesiserNeeded { .. })) => {
            #[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
            {
                eprintln!("skipped: {error}");
            }
            return;
        }
        (none, album) => (none.unwrap(), album.unwrap()),
    };
    assert_eq!(none.len(), 5);
    for sound in &none {
        let (pairs, _) = sound[44..].as_chunks::<2>();
        let peak = pairs.iter().map(|&pair| i16::from_le_bytes(pair).unsigned_abs()).max();
        assert!(peak > Some(300), "{peak:?}");
    }
    assert_eq!(render("none").unwrap(), none);
    assert_eq!(render("album").unwrap(), album);
    for (plain, produced) in none.iter().zip(&album) {
        assert_ne!(plain, produced);
    }
}
