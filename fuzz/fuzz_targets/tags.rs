//! Any bytes, searched for tags.

#![no_main]

use crooner_datasets::{Request, find};
use crooner_fuzz::{file, folder, let_dependencies_panic_where_it_is_caught};
use libfuzzer_sys::fuzz_target;

/// What the name claims; where the content does not say what it is, the name does.
const NAMES: [&str; 8] = ["a.mp3", "a.flac", "a.ogg", "a.opus", "a.m4a", "a.wav", "a.aiff", "a.aac"];

fuzz_target!(init: let_dependencies_panic_where_it_is_caught(), |bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else { return };
    let path = file(NAMES[usize::from(*which) % NAMES.len()], content);
    let request = Request::default().with_root(folder()).with_extensions(crooner_audio_extensions());
    match find("tags").and_then(|set| set.open(&request)) {
        Ok(catalogue) => assert_eq!(catalogue.tracks.len(), 1),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    std::fs::remove_file(path).expect("the input is removed");
});

fn crooner_audio_extensions() -> impl Iterator<Item = String> {
    NAMES.iter().map(|name| name[2..].to_owned())
}
