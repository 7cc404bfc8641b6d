//! Any bytes, in the place of a list that a published set brings.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use crooner_datasets::{Catalogue, Request, check, find, trials};
use crooner_fuzz::{file, let_dependencies_panic_where_it_is_caught};
use libfuzzer_sys::fuzz_target;

/// (data set, its list).
const LISTS: [(&str, &str); 8] = [
    ("fma", "fma_metadata/tracks.csv"),
    ("voxceleb1", "vox1_meta.csv"),
    ("voxceleb1", "iden_split.txt"),
    ("voxceleb2", "vox2_meta.csv"),
    ("librispeech", "SPEAKERS.TXT"),
    ("artist20", "SHA256SUMS"),
    ("voxceleb1", "veri_test.txt"),
    ("msd", "track_metadata.db"),
];

/// Some audio for every list to speak of.
const AUDIO: [(&str, &str); 9] = [
    ("fma", "fma_small/000/000002.mp3"),
    ("fma", "fma_small/000/000005.mp3"),
    ("voxceleb1", "wav/id10001/1zcIwhmdeo4/00001.wav"),
    ("voxceleb1", "wav/id10002/1zcIwhmdeo4/00001.wav"),
    ("voxceleb2", "dev/aac/id00012/21Uxsk56VDQ/00001.m4a"),
    ("librispeech", "train-clean-100/19/198/19-198-0000.flac"),
    ("artist20", "mp3s-32k/low/Drums_and_Guns/01-Pretty_People.mp3"),
    ("artist20", "mp3s-32k/low/Trust/01-Amethyst.mp3"),
    ("msd", "data/A/A/A/TRAAAAW128F429D538.h5"),
];

fn request(list: usize) -> Request {
    let (set, _) = LISTS[list];
    let root = file(&format!("{list}/place"), b"").with_file_name("");
    for (_, audio) in AUDIO.iter().filter(|(of, _)| *of == set) {
        file(&format!("{list}/{audio}"), b"RIFF");
    }
    if set == "librispeech" || set == "fma" {
        // Lists without which the set does not open; written over where they are the input.
        file(&format!("{list}/{}", LISTS[list].1), b"");
    }
    let request = Request::default().with_root(root).with_extensions(["mp3", "wav", "m4a", "flac"]);
    if set == "msd" { request.with_option("metadata", "database") } else { request }
}

static REQUESTS: LazyLock<Vec<Request>> = LazyLock::new(|| (0..LISTS.len()).map(request).collect());

fn open(set: &str, request: &Request) -> Option<Catalogue> {
    match find(set).and_then(|set| set.open(request)) {
        Ok(catalogue) => {
            assert!(!catalogue.tracks.is_empty());
            Some(catalogue)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fuzz_target!(init: let_dependencies_panic_where_it_is_caught(), |bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else { return };
    let list = usize::from(*which) % LISTS.len();
    let (set, name) = LISTS[list];
    let request = &REQUESTS[list];
    let path: PathBuf = file(&format!("{list}/{name}"), content);
    match name {
        "SHA256SUMS" => {
            if let Err(error) = find(set).and_then(|set| check(set, request)) {
                assert!(!error.to_string().is_empty());
            }
        }
        "veri_test.txt" => {
            let catalogue = open(set, request).expect("a set without any damaged list");
            if let Err(error) = trials(&path, &catalogue) {
                assert!(!error.to_string().is_empty());
            }
        }
        _ => drop(open(set, request)),
    }
});
