//! Seconds of audio per CPU-second of one core for pitch, chroma, separation and rhythm; 16 kHz, librosa's default
//! settings. Processor time, so that what else runs does not count (Linux; wall-clock time elsewhere).

#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]
#![expect(clippy::print_stdout, reason = "its output is what a benchmark is for")]

use std::hint::black_box;
use std::time::Instant;

use crooner_features::{
    BeatTrackConfig, FeatureConfig, OnsetDetectConfig, ReassignedConfig, TempoConfig, beat_track,
    estimate_tuning, onset_detect, reassigned_spectrogram, tempo,
};

const SAMPLE_RATE: usize = 16_000;
const SECONDS: usize = 60;
/// Runs measured, after one that is not.
const RUNS: usize = 5;

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

/// Time that this thread has spent computing, in seconds.
fn cpu_seconds(since: Instant) -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = spent.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

/// Prints the best of [`RUNS`] runs, each repeated until it lasts a twentieth of a second.
fn measure(name: &str, mut run: impl FnMut()) {
    let since = Instant::now();
    run();
    let best = (0..RUNS)
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
        .fold(f64::INFINITY, f64::min);
    println!("{name:<24} {:>8.0}", SECONDS as f64 / best);
}

fn main() {
    // `cargo test` and `cargo nextest` run benchmarks too, to see that they work.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let samples = minute();
    // Names to measure, or everything.
    let names: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    println!("seconds of audio per CPU-second:");
    for config in FeatureConfig::defaults().into_iter().filter(|config| wanted(config.name())) {
        let mut extractor = config.extractor().expect("the defaults are valid");
        measure(config.name(), || {
            extractor.push(black_box(&samples), &mut |_| ()).expect("the samples are finite");
            extractor.finish(&mut |frame| drop(black_box(frame.to_vec()))).expect("the track is not empty");
        });
    }
    let others: [(&str, &dyn Fn()); 5] = [
        ("tuning", &|| drop(black_box(estimate_tuning(black_box(&samples), 16_000, 12)))),
        ("onset-detect", &|| {
            drop(black_box(onset_detect(black_box(&samples), &OnsetDetectConfig::default())));
        }),
        ("tempo", &|| drop(black_box(tempo(black_box(&samples), &TempoConfig::default())))),
        ("beat-track", &|| drop(black_box(beat_track(black_box(&samples), &BeatTrackConfig::default())))),
        ("reassigned", &|| {
            drop(black_box(reassigned_spectrogram(black_box(&samples), &ReassignedConfig::default())));
        }),
    ];
    for (name, run) in others.into_iter().filter(|(name, _)| wanted(name)) {
        measure(name, run);
    }
}
