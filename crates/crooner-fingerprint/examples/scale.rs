//! What a large catalogue costs: how fast real audio is fingerprinted, and whether adding and looking up a track cost
//! more as the index grows.
//!
//! `cargo run --release -p crooner-fingerprint --example scale -- MUSIC [TRACKS] [SECONDS]` fingerprints the audio files in
//! the folder MUSIC, then fills an index with TRACKS (10,000) generated tracks of SECONDS (180) with as many peaks a
//! second as that music has. Pitches and intervals of the generated tracks are those of the music's peaks, drawn at
//! random, so that hashes are as crowded as music's. One thread; times are of the processor where the system tells
//! them (Linux), else of the clock.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use crooner_audio::AudioReader;
use crooner_fingerprint::{Extractor, FINGERPRINT_VERSION, Fingerprint, Index, Peak};

use self::music::files;

mod music;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Lines of the table.
const LINES: usize = 10;
/// Tracks that are looked up at each size.
const LOOKED_UP: usize = 40;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [music, rest @ ..] = &args[..] else { return Err("expected: scale MUSIC [TRACKS] [SECONDS]".into()) };
    let number = |place: usize, usual: usize| rest.get(place).map_or(Ok(usual), |text| text.parse());
    let (n_tracks, seconds) = (number(0, 10_000)?, number(1, 180)?);

    let mut samples = Vec::new();
    for path in files(Path::new(music))? {
        let mut reader = AudioReader::open(&path)?;
        let mut decoded = Vec::new();
        while let Some(block) = reader.next_block()? {
            decoded.extend_from_slice(block);
        }
        samples.push((reader.sample_rate(), decoded));
    }
    let clock = Clock::start();
    let mut prints = Vec::new();
    for (rate, samples) in &samples {
        let mut extractor = Extractor::new(*rate)?;
        extractor.push(samples)?;
        prints.push(extractor.finish()?);
    }
    let took = clock.seconds();
    let audio: f64 = prints.iter().map(Fingerprint::seconds).sum();
    let peaks: Vec<Peak> = prints.iter().flat_map(|print| print.peaks().iter().copied()).collect();
    let rate = peaks.len() as f64 / audio;
    println!("{} files, {audio:.0} s of audio, decoded beforehand", prints.len());
    println!("fingerprints: {:.0} s of audio a processor second", audio / took);
    println!("{rate:.1} peaks a second; {n_tracks} generated tracks of {seconds} s\n");
    drop(samples);

    println!("{:>8} {:>12} {:>12} {:>12} {:>12}", "tracks", "ms to add", "ms to look", "kB a track", "GB");
    let mut random = Random(1);
    let mut index = Index::default();
    for line in 1..=LINES {
        let goal = n_tracks * line / LINES;
        let mut batch = Vec::with_capacity(goal - index.len());
        for _ in index.len()..goal {
            batch.push(generated(&peaks, rate, seconds, &mut random)?);
        }
        let looked_up: Vec<Fingerprint> = batch.iter().take(LOOKED_UP).cloned().collect();
        let (n, clock) = (batch.len(), Clock::start());
        for print in batch {
            index.add(print)?;
        }
        let add = clock.seconds() / n as f64;
        let first = index.len() - n;
        let clock = Clock::start();
        for (place, print) in looked_up.iter().enumerate() {
            let found = index.query_before(print, (first + place) as u32);
            if let Some(found) =
                found.iter().find(|found| found.verdict(print.seconds(), seconds as f64).is_some())
            {
                println!("unrelated tracks taken for one another: log10 chance {:.1}", found.log10_chance);
            }
        }
        let look = clock.seconds() / looked_up.len() as f64;
        let bytes = index.n_bytes() as f64;
        println!(
            "{:>8} {:>12.2} {:>12.2} {:>12.0} {:>12.3}",
            index.len(),
            1e3 * add,
            1e3 * look,
            bytes / 1e3 / index.len() as f64,
            bytes / 1e9
        );
    }
    Ok(())
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
    // As bytes, since nothing but audio and bytes makes a fingerprint. Chroma: two frames a second.
    let n_chroma = 2 * seconds;
    let mut bytes = b"croonfp\0".to_vec();
    bytes.extend(FINGERPRINT_VERSION.to_le_bytes());
    bytes.extend(n_samples.to_le_bytes());
    bytes.extend((peaks.len() as u32).to_le_bytes());
    bytes.extend((n_chroma as u32).to_le_bytes());
    for peak in &peaks {
        bytes.extend(peak.time.to_le_bytes());
        bytes.extend(peak.pitch.to_le_bytes());
    }
    bytes.extend(std::iter::repeat_n(0, 12 * n_chroma));
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    Ok(Fingerprint::from_bytes(&bytes)?)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Seconds of this thread on the processor, or of the clock.
struct Clock {
    begun: Instant,
    on_processor: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self { begun: Instant::now(), on_processor: on_processor() }
    }

    fn seconds(&self) -> f64 {
        let on_processor = self.on_processor.zip(on_processor()).map(|(before, now)| now - before);
        on_processor.unwrap_or_else(|| self.begun.elapsed().as_secs_f64())
    }
}

fn on_processor() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
