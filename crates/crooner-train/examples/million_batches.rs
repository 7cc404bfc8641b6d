//! Samples an epoch's batches from simulated catalogues of up to a million tracks, and prints time and memory.
//!
//! `cargo run --release -p crooner-train --example million_batches`
//!
//! Tracks of three minutes: 5,625 frames, of which a slice is 94, three seconds: a million have 47 million slices to train
//! on. Their frames are stretches of one buffer, as those of a store are stretches of mapped files, so that what is
//! measured is what sampling itself holds: the list of tracks, an epoch's order and the batches ahead. Each way of sampling has a process of its own; memory is
//! its peak (Linux), with the list of tracks that the task is made of, beyond it, and how much higher it is two epochs
//! later.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::process::Command;
use std::time::Instant;

use crooner_split::Side;
use crooner_train::batches::Batches;
use crooner_train::config::Sampling;
use crooner_train::{EpochOrder, FitConfig, FrameSource, Task, TaskRow};
use half::f16;

const N_MELS: usize = 128;
const TRACK_FRAMES: usize = 5_625;
const SLICE_FRAMES: usize = 94;
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
    match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [n, sampling] if sampling == "balanced" => return measure(n.parse()?, Sampling::Balanced, sampling),
        [n, sampling] => return measure(n.parse()?, Sampling::Shuffled, sampling),
        _ => {}
    }
    println!(
        "{:>9}  {:<8} {:>6} {:>7} {:>8} {:>14} {:>9} {:>22} {:>20}",
        "tracks",
        "sampling",
        "task s",
        "epoch s",
        "us/track",
        "ms for a batch",
        "tracks MB",
        "beyond it MB (B/track)",
        "two epochs later MB"
    );
    for n in [250_000, 500_000, 1_000_000] {
        for sampling in ["shuffled", "balanced"] {
            let status = Command::new(std::env::current_exe()?).args([&n.to_string(), sampling]).status()?;
            if !status.success() {
                return Err(format!("{sampling} of {n} tracks: {status}").into());
            }
        }
    }
    Ok(())
}

fn measure(n: usize, sampling: Sampling, name: &str) -> Result<(), Box<dyn Error>> {
    let source = Simulated((0..2 * TRACK_FRAMES * N_MELS).map(|k| f16::from_f32((k % 80) as f32)).collect());
    let rows: Vec<TaskRow> = (0..n).map(row).collect();
    let before = peak_kb();

    let begun = Instant::now();
    let task = Task::from_rows(&source, rows, SLICE_FRAMES)?;
    let task_seconds = begun.elapsed().as_secs_f64();

    let config = FitConfig { sampling, ..FitConfig::default() };
    let epoch = |number| {
        let begun = Instant::now();
        let order = EpochOrder::new(&task, &config, 0, number);
        let n_slices = order.slices(0).filter(|slice| slice.start % SLICE_FRAMES == 0).count();
        assert_eq!(n_slices, task.side(Side::Train).n_slices());
        let seconds = begun.elapsed().as_secs_f64();

        let begun = Instant::now();
        let (side, batch_size) = (Side::Train, BATCH_SIZE);
        let batches = Batches { task: &task, side, slices: order.slices(0), batch_size, augment: None };
        let read: usize = batches.ahead(|batches| batches.take(BATCHES).map(|batch| batch.len()).sum());
        assert_eq!(read, BATCHES * BATCH_SIZE);
        (seconds, 1e3 * begun.elapsed().as_secs_f64() / BATCHES as f64)
    };
    let (epoch_seconds, batch_ms) = epoch(1);
    let once = peak_kb();
    epoch(2);
    epoch(3);

    let rise = |from: Option<u64>, to: Option<u64>| to.zip(from).map(|(to, from)| to - from);
    let beyond = rise(before, once);
    let mb = |kb: Option<u64>| kb.map_or("unknown".to_owned(), |kb| (kb / 1024).to_string());
    let each = beyond.map_or(String::new(), |kb| format!(" ({})", 1024 * kb / n as u64));
    println!(
        "{n:>9}  {name:<8} {task_seconds:>6.2} {epoch_seconds:>7.2} {:>8.2} {batch_ms:>14.2} {:>9} {:>22} {:>20}",
        1e6 * (task_seconds + epoch_seconds) / n as f64,
        mb(before),
        mb(beyond) + &each,
        mb(rise(once, peak_kb()))
    );
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

/// The peak of resident memory; none where the system does not say.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
