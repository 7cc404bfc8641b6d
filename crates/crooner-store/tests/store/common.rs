//! A small made-up collection of music, and ways to compare what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crooner_datasets::{Catalogue, Ignored, Track};
use crooner_store::{FrontEnd, PrepareOptions, Store, StoreError, Summary};

/// Artist, album, number of tracks: 6 units, since the longest album takes two.
pub(crate) const ALBUMS: [(&str, &str, usize); 5] =
    [("Ada", "One", 3), ("Ada", "Two", 2), ("Björk", "One", 10), ("Cleo", "Live", 1), ("Cleo", "One", 4)];
pub(crate) const N_TRACKS: usize = 20;
pub(crate) const N_UNITS: usize = 6;

/// Small enough to be quick, with nothing at its default that shapes the frames.
pub(crate) fn config() -> FrontEnd {
    config_of(16)
}

pub(crate) fn config_of(n_mels: usize) -> FrontEnd {
    let json = format!(r#"{{"log-mel": {{"n_fft": 512, "hop_length": 256, "n_mels": {n_mels}}}}}"#);
    serde_json::from_str(&json).unwrap()
}

/// Writes [`ALBUMS`] under `root`, a third to two thirds of a second each.
pub(crate) fn collection(root: &Path) -> Catalogue {
    let mut seed = 0;
    for (artist, album, n_tracks) in ALBUMS {
        fs::create_dir_all(root.join(artist).join(album)).unwrap();
        for track in 0..n_tracks {
            seed += 1;
            tone(&root.join(artist).join(album).join(format!("{track:02}.wav")), seed);
        }
    }
    catalogue(root)
}

/// Lists what lies under `root`.
pub(crate) fn catalogue(root: &Path) -> Catalogue {
    let mut tracks = Vec::new();
    for artist in names(root) {
        for album in names(&root.join(&artist)) {
            for file in names(&root.join(&artist).join(&album)) {
                tracks.push(Track::new(
                    format!("{artist}/{album}/{file}"),
                    &artist,
                    &album,
                    file.trim_end_matches(".wav"),
                    root.join(&artist).join(&album).join(&file),
                ));
            }
        }
    }
    Catalogue::new("test", root, tracks, Vec::new(), Ignored::default()).unwrap()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A tone with some noise, as a 16-bit WAV file at 16 kHz; pitch, length and noise follow from `seed`.
pub(crate) fn tone(path: &Path, seed: u32) {
    let n_samples = 5_000 + seed * 257 % 5_000;
    let step = 0.01 + f64::from(seed % 50) * 0.01;
    let mut noise = seed;
    let samples = (0..n_samples).flat_map(|at| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let sample = 12_000.0 * (f64::from(at) * step).sin() + f64::from(noise >> 20);
        (sample as i16).to_le_bytes()
    });
    wav(path, PCM, 2, &samples.collect::<Vec<_>>());
}

/// Sound up to a last sample that is no number, as a floating-point WAV file at 16 kHz.
pub(crate) fn sound_that_ends_in_nan(path: &Path) {
    let samples = (0..20_000).map(|at| (at as f32 * 0.1).sin()).chain([f32::NAN]);
    wav(path, FLOAT, 4, &samples.flat_map(f32::to_le_bytes).collect::<Vec<_>>());
}

const PCM: u16 = 1;
const FLOAT: u16 = 3;

fn wav(path: &Path, format: u16, bytes_per_sample: u16, samples: &[u8]) {
    let size = samples.len() as u32;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0");
    file.extend(format.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(16_000_u32.to_le_bytes());
    file.extend((16_000 * u32::from(bytes_per_sample)).to_le_bytes());
    file.extend(bytes_per_sample.to_le_bytes());
    file.extend((8 * bytes_per_sample).to_le_bytes());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(samples);
    fs::write(path, file).unwrap();
}

pub(crate) fn prepare(
    store: &Path,
    catalogue: &Catalogue,
    options: &PrepareOptions,
) -> Result<Summary, StoreError> {
    prepare_as(&config(), store, catalogue, options)
}

pub(crate) fn prepare_as(
    config: &FrontEnd,
    store: &Path,
    catalogue: &Catalogue,
    options: &PrepareOptions,
) -> Result<Summary, StoreError> {
    Store::open(store)?.prepare(catalogue, config, options, &AtomicBool::new(false), &|_| {})
}

/// Every file under `root` and its bytes.
pub(crate) fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tree = BTreeMap::new();
    for name in names(root) {
        let path = root.join(&name);
        if path.is_dir() {
            tree.extend(self::tree(&path).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            tree.insert(name, fs::read(path).unwrap());
        }
    }
    tree
}

/// Fails unless both stores hold the same files with the same bytes; of what they know of audio, the same lines in any
/// order, since they come as files are read.
pub(crate) fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (tree(a), tree(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let lines = |bytes: &[u8]| -> BTreeSet<Vec<u8>> {
        bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    for (name, bytes) in &a {
        let same = if name.ends_with(".jsonl") { lines(&b[name]) == lines(bytes) } else { b[name] == *bytes };
        assert!(same, "{name} differs");
    }
}
