//! Seconds of audio per second of one core for pitch, chroma, separation and rhythm; 16 kHz, librosa's default settings.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]
#![expect(clippy::print_stdout, reason = "its output is what a benchmark is for")]

use std::hint::black_box;
use std::time::Instant;

use crooner_features::{FeatureConfig, estimate_tuning};

const SAMPLE_RATE: usize = 16_000;
const SECONDS: usize = 60;
/// Runs measured, after one that is not.
const RUNS: usize = 11;

/// A minute of a tone gliding upwards over noise, as in `log_mel.rs` and `tonal.py`.
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

/// Prints the best and the median of [`RUNS`] runs.
fn measure(name: &str, mut run: impl FnMut()) {
    run();
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_secs_f64()
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
    println!("seconds of audio per second:");
    for config in FeatureConfig::defaults() {
        let mut extractor = config.extractor().expect("the defaults are valid");
        measure(config.name(), || {
            extractor.push(black_box(&samples), &mut |_| ()).expect("the samples are finite");
            extractor.finish(&mut |frame| drop(black_box(frame.to_vec()))).expect("the track is not empty");
        });
    }
    measure("tuning", || {
        black_box(estimate_tuning(black_box(&samples), 16_000, 12).expect("valid"));
    });
}
