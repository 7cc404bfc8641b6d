//! Seconds of audio per second of processor time, 16 kHz, librosa's default settings. Processor time, so that what else
//! runs does not count (Linux; wall-clock time elsewhere).

#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]
#![expect(clippy::print_stdout, reason = "its output is what a benchmark is for")]

use std::hint::black_box;
use std::time::Instant;

use crooner_features::{FeatureConfig, LogMelConfig, StftConfig, power_spectrogram, stft};

const SAMPLE_RATE: usize = 16_000;
const SECONDS: usize = 60;
/// Runs measured, after one that is not.
const RUNS: usize = 21;
/// Samples in one packet of a typical decoder.
const BLOCK: usize = 1152;

/// A minute of a tone gliding upwards over noise; what it is makes no difference to the time.
fn minute() -> Vec<f32> {
    let mut state = 1u32;
    (0..SAMPLE_RATE * SECONDS)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state as f32 / u32::MAX as f32 - 0.5;
            let seconds = i as f32 / SAMPLE_RATE as f32;
            0.5 * (200.0 * seconds * (1.0 + seconds)).sin() + 0.01 * noise
        })
        .collect()
}

/// Time that this thread has spent computing, in seconds.
fn cpu_seconds(since: Instant) -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = spent.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

/// Prints the best and the median of [`RUNS`] runs, each repeated until it lasts a twentieth of a second: the kernel's clock
/// is a coarse one.
fn measure(name: &str, mut run: impl FnMut()) {
    let since = Instant::now();
    run();
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = cpu_seconds(since);
            let (mut n, mut spent) = (0, 0.0);
            while spent < 0.05 {
                run();
                n += 1;
                spent = cpu_seconds(since) - begun;
            }
            spent / f64::from(n)
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let rate = |seconds: f64| SECONDS as f64 / seconds;
    println!("{name:<24} {:>8.0} at best, {:>8.0} in the median", rate(seconds[0]), rate(seconds[RUNS / 2]));
}

fn main() {
    // `cargo test` and `cargo nextest` run benchmarks too, to see that they work.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let samples = minute();
    println!("seconds of audio per CPU-second:");
    let config = FeatureConfig::LogMel(LogMelConfig::default());
    let mut extractor = config.extractor().expect("the defaults are valid");
    let mut frames = Vec::new();
    for (name, block) in [("log-mel, whole track", samples.len()), ("log-mel, blocks of 1152", BLOCK)] {
        measure(name, || {
            for block in black_box(&samples).chunks(block) {
                extractor.push(block, &mut |frame| frames.extend_from_slice(frame)).expect("finite samples");
            }
            let on_frame = &mut |frame: &[f32]| frames.extend_from_slice(frame);
            black_box(extractor.finish(on_frame).expect("the track is not empty"));
            black_box(&mut frames).clear();
        });
    }
    measure("STFT power", || {
        black_box(power_spectrogram(black_box(&samples), &StftConfig::default()).expect("valid"));
    });
    measure("STFT", || {
        black_box(stft(black_box(&samples), &StftConfig::default()).expect("valid"));
    });
}
