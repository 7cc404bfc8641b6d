//! Samples an epoch's batches from simulated catalogues of up to a million tracks, and prints time and memory.
//!
//! `cargo run --release -p crooner -p crooner-train --example million_batches`
//!
//! Tracks of three minutes: 5,625 frames, of which a slice is 937. Their frames are stretches of one buffer, as those
//! of a store are stretches of mapped files, so that what is measured is what sampling itself holds: the lists of
//! tracks and slices, an epoch's order and the batches ahead. Memory is the process's peak so far (Linux).

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::time::Instant;

use crooner_split::Side;
use crooner_train::batches::Batches;
use crooner_train::config::Sampling;
use crooner_train::{FitConfig, FrameSource, Task, TaskRow, epoch_slices};
use half::f16;

const N_MELS: usize = 128;
const TRACK_FRAMES: usize = 5_625;
const SLICE_FRAMES: usize = 937;
const TRACKS_OF_AN_ARTIST: usize = 100;
/// Batches to read: enough to tell what one takes.
const BATCHES: usize = 200;
const BATCH_SIZE: usize = 32;

/// Tracks that begin at different frames of one buffer.
struct Simulated(Vec<f16>);

impl FrameSource for Simulated {
    fn n_mels(&self) -> usize {
        N_MELS
    }

    fn frames(&self, track: usize) -> &[f16] {
        &self.0[track % TRACK_FRAMES * N_MELS..][..TRACK_FRAMES * N_MELS]
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let source = Simulated((0..2 * TRACK_FRAMES * N_MELS).map(|k| f16::from_f32((k % 80) as f32)).collect());
    println!(
        "{:>9}  {:<8} {:>9} {:>9} {:>9} {:>14} {:>9}",
        "tracks", "sampling", "task s", "epoch s", "us/track", "ms for a batch", "peak MB"
    );
    for n in [250_000, 500_000, 1_000_000] {
        for (sampling, name) in [(Sampling::Shuffled, "shuffled"), (Sampling::Balanced, "balanced")] {
            let begun = Instant::now();
            let rows = (0..n).map(row).collect();
            let task = Task::from_rows(&source, rows, SLICE_FRAMES)?;
            let task_seconds = begun.elapsed().as_secs_f64();

            let begun = Instant::now();
            let config = FitConfig { sampling, ..FitConfig::default() };
            let slices = epoch_slices(&task, &config, 0, 1);
            assert_eq!(slices.len(), task.side(Side::Train).slices.len());
            let epoch_seconds = begun.elapsed().as_secs_f64();

            let begun = Instant::now();
            let (side, batch_size) = (Side::Train, BATCH_SIZE);
            let batches = Batches { task: &task, side, slices: &slices, batch_size, augment: None };
            let read: usize = batches.ahead(|batches| batches.take(BATCHES).map(|batch| batch.len()).sum());
            assert_eq!(read, BATCHES * BATCH_SIZE);
            let batch_ms = 1e3 * begun.elapsed().as_secs_f64() / BATCHES as f64;
            println!(
                "{n:>9}  {name:<8} {task_seconds:>9.2} {epoch_seconds:>9.2} {:>9.2} {batch_ms:>14.2} {:>9}",
                1e6 * (task_seconds + epoch_seconds) / n as f64,
                peak_mb()
            );
        }
    }
    Ok(())
}

/// Of every artist's tracks, eight tenths train.
fn row(k: usize) -> TaskRow {
    let side = match k % 10 {
        0 => Side::Test,
        1 => Side::Validation,
        _ => Side::Train,
    };
    TaskRow {
        side,
        id: format!("{k:07}"),
        artist: format!("artist {:05}", k / TRACKS_OF_AN_ARTIST),
        source: k,
    }
}

/// The peak of resident memory, or "unknown" where the system does not say.
fn peak_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.map_or("unknown".to_owned(), |kb| (kb / 1024).to_string())
}
