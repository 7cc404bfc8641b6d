//! Prepares simulated catalogues of up to a million tracks, and prints time and memory.
//!
//! `cargo run --release -p crooner-store --example million_index` (a temporary folder of 1.5 GB; `TMPDIR`
//! says where)
//!
//! A hundred tracks an artist on ten albums. Every track is one short recording under a name of its own, so that what is
//! measured is what a store holds of its tracks: their hashes, their shards' names and the index. A catalogue is
//! prepared, prepared again with all there, which is little but looking at every file and shard and writing the index,
//! and the index is read to look for garbage. Each catalogue has a process of its own; memory is its peak (Linux), with
//! the catalogue, beyond it when all is prepared, and how much higher it is after the rest.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crooner_datasets::{Catalogue, Ignored, Track};
use crooner_features::{FeatureConfig, LogMelConfig};
use crooner_store::{FrontEnd, PrepareOptions, Store};

const SAMPLE_RATE: u32 = 16_000;
/// Two frames.
const N_SAMPLES: u32 = 700;
/// Folders by which one file has a million names.
const N_FOLDERS: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(n) = std::env::args().nth(1) {
        return measure(n.parse()?);
    }
    println!(
        "{:>9} {:>10} {:>8} {:>9} {:>8} {:>9} {:>13} {:>22} {:>11}",
        "tracks",
        "prepare s",
        "again s",
        "garbage s",
        "us/track",
        "index MB",
        "catalogue MB",
        "beyond it MB (B/track)",
        "the rest MB"
    );
    for n in [250_000, 500_000, 1_000_000] {
        let status = Command::new(std::env::current_exe()?).arg(n.to_string()).status()?;
        if !status.success() {
            return Err(format!("{n} tracks: {status}").into());
        }
    }
    Ok(())
}

fn measure(n: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let music = folder.path().join("music");
    for k in 0..N_FOLDERS {
        fs::create_dir_all(music.join(k.to_string()))?;
    }
    fs::write(music.join("short.wav"), wav())?;
    let catalogue = catalogue(&music, n)?;
    let before = peak_kb();

    let front_end = FrontEnd::Audio(FeatureConfig::LogMel(LogMelConfig::default()));
    let store = Store::open(folder.path().join("store"))?;
    let prepare = || -> Result<(f64, usize), Box<dyn Error>> {
        let begun = Instant::now();
        let never = AtomicBool::new(false);
        let done = store.prepare(&catalogue, &front_end, &PrepareOptions::default(), &never, &|_| {})?;
        assert_eq!((done.tracks, done.failures.len()), (n, 0));
        Ok((begun.elapsed().as_secs_f64(), done.reused))
    };
    let (first, reused) = prepare()?;
    assert_eq!(reused, 0);
    let once = peak_kb();
    let (again, reused) = prepare()?;
    assert_eq!(reused, n);
    let begun = Instant::now();
    assert!(store.garbage()?.is_empty());
    let garbage = begun.elapsed().as_secs_f64();

    let index = fs::metadata(store.index_path(&catalogue, &front_end)?)?.len();
    let rise = |from: Option<u64>, to: Option<u64>| to.zip(from).map(|(to, from)| to - from);
    let beyond = rise(before, once);
    let mb = |kb: Option<u64>| kb.map_or("unknown".to_owned(), |kb| (kb / 1024).to_string());
    let each = beyond.map_or(String::new(), |kb| format!(" ({})", 1024 * kb / n as u64));
    println!(
        "{n:>9} {first:>10.1} {again:>8.1} {garbage:>9.1} {:>8.1} {:>9.1} {:>13} {:>22} {:>11}",
        1e6 * (first + again + garbage) / n as f64,
        index as f64 / f64::from(1 << 20),
        mb(before),
        mb(beyond) + &each,
        mb(rise(once, peak_kb())),
    );
    Ok(())
}

fn catalogue(music: &Path, n: usize) -> Result<Catalogue, Box<dyn Error>> {
    let track = |k: usize| {
        let id = format!("{:05}/{:02}/{k:07}.wav", k / 100, k / 10 % 10);
        let path = music.join(format!("{}/../{}/../short.wav", k / N_FOLDERS, k % N_FOLDERS));
        Track::new(id, format!("artist {}", k / 100), format!("record {}", k / 10), k.to_string(), path)
    };
    let tracks = (0..n).map(track).collect();
    Ok(Catalogue::new("simulated", music, tracks, Vec::new(), Ignored::default())?)
}

/// A tone, as a file.
fn wav() -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((36 + 2 * N_SAMPLES).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend((2 * SAMPLE_RATE).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((2 * N_SAMPLES).to_le_bytes());
    file.extend((0..N_SAMPLES).flat_map(|k| ((8_000.0 * (f64::from(k) / 5.0).sin()) as i16).to_le_bytes()));
    file
}

/// The peak of resident memory; none where the system does not say.
fn peak_kb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
