//! What finding candidates for versions costs, and which of the nearest it misses.
//!
//! `cargo run --release -p crooner-fingerprint --example neighbours -- MUSIC [TRACKS...]` makes TRACKS (1000, 3000, 10000,
//! 30000) recordings of three minutes, each of pieces of half a minute to two minutes of the harmony of three recordings in
//! the folder MUSIC, every piece in a key of its own, and compares the candidates with the five nearest of all. One
//! thread; times are of the processor where the system tells them (Linux), else of the clock.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use crooner_audio::AudioReader;
use crooner_fingerprint::versions::{Sketch, candidates, compare};
use crooner_fingerprint::{Extractor, Fingerprint};

use self::generated::{Clock, fingerprint};
use self::music::files;
use self::random::Random;

mod generated;
mod music;
mod random;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const NEAREST: usize = 5;
/// Recordings whose nearest are looked for among all.
const LOOKED_UP: usize = 500;
/// Pairs that are compared.
const COMPARED: usize = 200;
/// Frames of chroma of a generated recording, and of a piece.
const FRAMES: usize = 360;
const PIECE: (usize, usize) = (60, 240);

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [music, sizes @ ..] = &args[..] else { return Err("expected: neighbours MUSIC [TRACKS...]".into()) };
    let mut sizes: Vec<usize> =
        sizes.iter().map(|size| size.parse()).collect::<std::result::Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![1_000, 3_000, 10_000, 30_000];
    }
    let mut harmonies = Vec::new();
    for path in files(Path::new(music))? {
        let mut reader = AudioReader::open(&path)?;
        let mut extractor = Extractor::new(reader.sample_rate())?;
        while let Some(block) = reader.next_block()? {
            extractor.push(block)?;
        }
        harmonies.push(extractor.finish()?.chroma().to_vec());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| table(&harmonies, &sizes))
}

fn table(harmonies: &[Vec<[u8; 12]>], sizes: &[usize]) -> Result<()> {
    println!(
        "{:>8} {:>13} {:>16} {:>14} {:>8} {:>14} {:>14}",
        "tracks",
        "ms to sketch",
        "ms to find five",
        "among all, ms",
        "found",
        "pairs a track",
        "ms to compare"
    );
    for &size in sizes {
        let mut random = Random(1);
        let prints =
            (0..size).map(|_| spliced(harmonies, &mut random)).collect::<Result<Vec<Fingerprint>>>()?;
        let clock = Clock::start();
        let sketches: Vec<Option<Sketch>> = prints.iter().map(Sketch::new).collect();
        let sketching = clock.seconds();
        let clock = Clock::start();
        let pairs: BTreeSet<(u32, u32)> = candidates(&sketches, NEAREST).into_iter().collect();
        let finding = clock.seconds();

        let clock = Clock::start();
        let some: Vec<_> = pairs.iter().step_by((pairs.len() / COMPARED).max(1)).collect();
        let compared =
            |pair: &&&(u32, u32)| compare(&prints[pair.0 as usize], &prints[pair.1 as usize]).is_some();
        let n_compared = some.iter().filter(compared).count();
        let comparing = clock.seconds();
        drop(prints);

        let clock = Clock::start();
        let looked_up: Vec<usize> = (0..size).step_by((size / LOOKED_UP).max(1)).collect();
        let (mut found, mut of) = (0_u32, 0_u32);
        for &number in &looked_up {
            for other in nearest(&sketches, number) {
                of += 1;
                found += u32::from(pairs.contains(&(number.min(other) as u32, number.max(other) as u32)));
            }
        }
        let all = clock.seconds();
        println!(
            "{size:>8} {:>13.3} {:>16.3} {:>14.3} {:>6.1} % {:>14.2} {:>14.2}",
            1e3 * sketching / size as f64,
            1e3 * finding / size as f64,
            1e3 * all / looked_up.len() as f64,
            100.0 * f64::from(found) / f64::from(of),
            pairs.len() as f64 / size as f64,
            1e3 * comparing / n_compared as f64
        );
    }
    Ok(())
}

/// The nearest of all.
fn nearest(sketches: &[Option<Sketch>], number: usize) -> Vec<usize> {
    let Some(sketch) = &sketches[number] else { return Vec::new() };
    let others = sketches.iter().enumerate().filter(|(other, _)| *other != number);
    let mut others: Vec<(f32, usize)> =
        others.filter_map(|(other, theirs)| Some((sketch.similarity(theirs.as_ref()?), other))).collect();
    others.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    others.iter().take(NEAREST).map(|&(_, other)| other).collect()
}

fn spliced(harmonies: &[Vec<[u8; 12]>], random: &mut Random) -> Result<Fingerprint> {
    let sources: [usize; 3] = std::array::from_fn(|_| random.below(harmonies.len()));
    let mut chroma: Vec<[u8; 12]> = Vec::new();
    while chroma.len() < FRAMES {
        let source = &harmonies[sources[random.below(3)]];
        let length = (PIECE.0 + random.below(PIECE.1 - PIECE.0)).min(source.len());
        let from = random.below(source.len() - length + 1);
        let key = random.below(12);
        let turned = |frame: &[u8; 12]| std::array::from_fn(|class| frame[(class + key) % 12]);
        chroma.extend(source[from..from + length].iter().map(turned));
    }
    chroma.truncate(FRAMES);
    fingerprint(&[], &chroma, FRAMES as u64 * 4_000)
}
