//! Prepares simulated catalogues of up to a million tracks, and prints time and memory.
//!
//! `cargo run --release -p crooner-store --example million_index` (a temporary folder of 3 GB and four million names;
//! `TMPDIR` says where)
//!
//! A hundred tracks an artist on ten albums. Every track is one short recording under a name of its own, so that what is
//! measured is what a store holds of its tracks: their shards' names, what became of each, and the index. A catalogue is
//! prepared, prepared again with all there, which is little but looking at every file and shard and writing the index,
//! and the index is read to look for garbage. The same tracks are also prepared in pieces, as catalogues of ten thousand,
//! one after the other. Each row has a process of its own; memory is its peak (Linux), with the catalogue, or the first
//! piece of it, beyond it when all is prepared, and how much higher it is after the rest.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::fs;
use std::io;
use std::ops::Range;
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
const TRACKS_OF_AN_ARTIST: usize = 100;
/// Tracks of a catalogue that is one of many.
const PIECE: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [n, how] if how == "pieces" => return measure(n.parse()?, PIECE, how),
        [n, how] => {
            let n = n.parse()?;
            return measure(n, n, how);
        }
        _ => {}
    }
    println!(
        "{:>9}  {:<7} {:>10} {:>8} {:>9} {:>8} {:>9} {:>13} {:>22} {:>11}",
        "tracks",
        "how",
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
        for how in ["whole", "pieces"] {
            let status = Command::new(std::env::current_exe()?).args([&n.to_string(), how]).status()?;
            if !status.success() {
                return Err(format!("{how}, {n} tracks: {status}").into());
            }
        }
    }
    Ok(())
}

/// Catalogues of `piece` tracks each, one after the other.
fn measure(n: usize, piece: usize, how: &str) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let music = folder.path().join("music");
    write_music(&music, n)?;
    let pieces = || (0..n.div_ceil(piece)).map(|at| at * piece..((at + 1) * piece).min(n));
    drop(catalogue(&music, 0..piece)?);
    let before = peak_kb();

    let front_end = FrontEnd::Audio(FeatureConfig::LogMel(LogMelConfig::default()));
    let store = Store::open(folder.path().join("store"))?;
    let prepare = |reused| -> Result<(f64, u64), Box<dyn Error>> {
        let (begun, mut index) = (Instant::now(), 0);
        let never = AtomicBool::new(false);
        for piece in pieces() {
            let catalogue = catalogue(&music, piece)?;
            let done = store.prepare(&catalogue, &front_end, &PrepareOptions::default(), &never, &|_| {})?;
            let expected = if reused { catalogue.tracks.len() } else { 0 };
            assert_eq!(
                (done.tracks, done.failures.len(), done.reused),
                (catalogue.tracks.len(), 0, expected)
            );
            index += fs::metadata(store.index_path(&catalogue, &front_end)?)?.len();
        }
        Ok((begun.elapsed().as_secs_f64(), index))
    };
    let (first, _) = prepare(false)?;
    let once = peak_kb();
    let (again, index) = prepare(true)?;
    let begun = Instant::now();
    assert!(store.garbage()?.is_empty());
    let garbage = begun.elapsed().as_secs_f64();

    let rise = |from: Option<u64>, to: Option<u64>| to.zip(from).map(|(to, from)| to - from);
    let beyond = rise(before, once);
    let mb = |kb: Option<u64>| kb.map_or("unknown".to_owned(), |kb| (kb / 1024).to_string());
    let each = beyond.map_or(String::new(), |kb| format!(" ({})", 1024 * kb / n as u64));
    println!(
        "{n:>9}  {how:<7} {first:>10.1} {again:>8.1} {garbage:>9.1} {:>8.1} {:>9.1} {:>13} {:>22} {:>11}",
        1e6 * (first + again + garbage) / n as f64,
        index as f64 / f64::from(1 << 20),
        mb(before),
        mb(beyond) + &each,
        mb(rise(once, peak_kb())),
    );
    Ok(())
}

fn id(k: usize) -> String {
    format!("{:05}/{:02}/{k:07}.wav", k / TRACKS_OF_AN_ARTIST, k / 10 % 10)
}

/// Every track's file; those of an artist are links to one, as all are alike.
fn write_music(music: &Path, n: usize) -> io::Result<()> {
    for k in 0..n {
        let path = music.join(id(k));
        if k.is_multiple_of(10) {
            fs::create_dir_all(music.join(format!("{:05}/{:02}", k / TRACKS_OF_AN_ARTIST, k / 10 % 10)))?;
        }
        if k.is_multiple_of(TRACKS_OF_AN_ARTIST) {
            fs::write(path, wav())?;
        } else {
            fs::hard_link(music.join(id(k - k % TRACKS_OF_AN_ARTIST)), path)?;
        }
    }
    Ok(())
}

fn catalogue(music: &Path, tracks: Range<usize>) -> Result<Catalogue, Box<dyn Error>> {
    let name = format!("simulated-{}", tracks.start);
    let track = |k: usize| {
        let artist = format!("artist {}", k / TRACKS_OF_AN_ARTIST);
        Track::new(id(k), artist, format!("record {}", k / 10), k.to_string(), music.join(id(k)))
    };
    Ok(Catalogue::new(name, music, tracks.map(track).collect(), Vec::new(), Ignored::default())?)
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
