//! What a large catalogue costs: how fast real audio is fingerprinted, and whether adding and looking up a track cost
//! more as the index grows.
//!
//! `cargo run --release -p crooner-fingerprint --example scale -- MUSIC [TRACKS] [SECONDS] [FOLDER]` fingerprints the audio
//! files in the folder MUSIC, then fills an index, with its scratch files in FOLDER (the system's folder for temporary
//! files), with TRACKS (10,000) generated tracks of SECONDS (180) with as many peaks a second as that music has. Pitches
//! and intervals of the generated tracks are those of the music's peaks, drawn at random, so that hashes are as crowded as
//! music's. Up to 20,000 tracks are all compared in the end. One thread; times are of the processor where the system tells them (Linux), else of the clock. Memory is the
//! most that the process has had resident so far, all of it included (Linux).

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crooner_audio::AudioReader;
use crooner_fingerprint::{Extractor, Fingerprint, Index, Peak};

use self::generated::{Clock, fingerprint};
use self::music::files;
use self::random::Random;

mod generated;
mod music;
mod random;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Lines of the table.
const LINES: usize = 10;
/// Tracks that are looked up at each size, at once, among those before them.
const LOOKED_UP: usize = 1024;
/// In a larger index not every track is looked up.
const MOST_COMPARED: usize = 20_000;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [music, rest @ ..] = &args[..] else {
        return Err("expected: scale MUSIC [TRACKS] [SECONDS] [FOLDER]".into());
    };
    let number = |place: usize, usual: usize| rest.get(place).map_or(Ok(usual), |text| text.parse());
    let (n_tracks, seconds) = (number(0, 10_000)?, number(1, 180)?);
    let scratch = rest.get(2).map_or_else(std::env::temp_dir, PathBuf::from);

    let (mut prints, mut took) = (Vec::new(), 0.0);
    for path in files(Path::new(music))? {
        let mut reader = AudioReader::open(&path)?;
        let mut decoded = Vec::new();
        while let Some(block) = reader.next_block()? {
            decoded.extend_from_slice(block);
        }
        let clock = Clock::start();
        let mut extractor = Extractor::new(reader.sample_rate())?;
        extractor.push(&decoded)?;
        prints.push(extractor.finish()?);
        took += clock.seconds();
    }
    let audio: f64 = prints.iter().map(Fingerprint::seconds).sum();
    let peaks: Vec<Peak> = prints.iter().flat_map(|print| print.peaks().iter().copied()).collect();
    let rate = peaks.len() as f64 / audio;
    println!("{} files, {audio:.0} s of audio, decoded beforehand", prints.len());
    println!("fingerprints: {:.0} s of audio a processor second", audio / took);
    println!("{rate:.1} peaks a second; {n_tracks} generated tracks of {seconds} s\n");
    drop(prints);
    // Whatever is done in parallel is done on the thread whose time is taken.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| fill(&peaks, rate, n_tracks, seconds, &scratch))
}

fn fill(music: &[Peak], rate: f64, n_tracks: usize, seconds: usize, scratch: &Path) -> Result<()> {
    println!(
        "{:>8} {:>10} {:>13} {:>13} {:>12} {:>10} {:>12}",
        "tracks", "ms to add", "s to compact", "ms to look up", "kB a track", "GB on disk", "GB in memory"
    );
    let begun = Instant::now();
    let mut random = Random(1);
    let mut index = Index::with_scratch(scratch);
    for line in 1..=LINES {
        let goal = n_tracks * line / LINES;
        let (n, mut add) = (goal - index.len(), 0.0);
        for _ in 0..n {
            let print = generated(music, rate, seconds, &mut random)?;
            let clock = Clock::start();
            index.add(print)?;
            add += clock.seconds();
        }
        let clock = Clock::start();
        index.compact()?;
        let compact = clock.seconds();
        let end = index.len() as u32;
        let looked_up = end.saturating_sub(LOOKED_UP as u32)..end;
        let clock = Clock::start();
        let matches = index.matches_of(looked_up.clone(), &|| false)?.unwrap_or_default();
        let look = clock.seconds() / looked_up.len() as f64;
        let length = seconds as f64;
        for found in matches.iter().flatten().filter(|found| found.verdict(length, length).is_some()) {
            println!("unrelated tracks taken for one another: log10 chance {:.1}", found.log10_chance);
        }
        let (in_memory, in_files) = index.n_bytes();
        println!(
            "{:>8} {:>10.2} {:>13.2} {:>13.2} {:>12.1} {:>10.2} {:>12.2}",
            index.len(),
            1e3 * add / n as f64,
            compact,
            1e3 * look,
            (in_memory + in_files) as f64 / 1e3 / f64::from(end),
            in_files as f64 / 1e9,
            most_resident().unwrap_or(f64::NAN) / 1e9
        );
    }
    if n_tracks <= MOST_COMPARED {
        let (clock, mut done) = (Clock::start(), 0);
        while done < n_tracks {
            let batch = done as u32..n_tracks.min(done + LOOKED_UP) as u32;
            done = batch.end as usize;
            index.matches_of(batch, &|| false)?;
        }
        println!("\nall tracks looked up among those before them: {:.0} s", clock.seconds());
    }
    println!("{:.0} s by the clock", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Bytes that this process has had resident at most, where the system tells (Linux).
fn most_resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024.0 * line.trim().strip_suffix(" kB")?.parse::<f64>().ok()?)
}

/// A track of random peaks: pitches in the order of a walk through the music's, times a Poisson process.
fn generated(music: &[Peak], rate: f64, seconds: usize, random: &mut Random) -> Result<Fingerprint> {
    let n_samples = seconds as u64 * 8_000;
    let mut peaks = Vec::new();
    let mut time = 0.0;
    let mut place = random.below(music.len());
    loop {
        time -= (1.0 - random.unit()).ln() / rate;
        if time >= seconds as f64 {
            break;
        }
        // Sixteen peaks of one passage, then another.
        place = if peaks.len() % 16 == 0 { random.below(music.len()) } else { (place + 1) % music.len() };
        peaks.push(Peak { time: (time / Peak::SECONDS) as u32, pitch: music[place].pitch });
    }
    peaks.sort_unstable();
    peaks.dedup();
    // Chroma: two frames a second.
    fingerprint(&peaks, &vec![[0; 12]; 2 * seconds], n_samples)
}
