//! Seconds of audio per second of one core, 16 kHz, librosa's default settings: read "elem/s" as that.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crooner_features::{FeatureConfig, LogMelConfig, StftConfig, power_spectrogram, stft};

const SAMPLE_RATE: usize = 16_000;
const SECONDS: usize = 60;
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

fn audio_seconds_per_second(criterion: &mut Criterion) {
    let samples = minute();
    let mut group = criterion.benchmark_group("audio-seconds per second");
    group.throughput(Throughput::Elements(SECONDS as u64)).sample_size(20);

    let config = FeatureConfig::LogMel(LogMelConfig::default());
    let mut extractor = config.extractor().expect("the defaults are valid");
    for (name, block) in [("log-mel, whole track", samples.len()), ("log-mel, blocks of 1152", BLOCK)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for block in black_box(&samples).chunks(block) {
                    extractor.push(block).expect("the samples are finite");
                }
                extractor.finish().expect("the track is not empty")
            });
        });
    }
    group.bench_function("STFT power", |bencher| {
        bencher.iter(|| power_spectrogram(black_box(&samples), &StftConfig::default()).expect("valid"));
    });
    group.bench_function("STFT", |bencher| {
        bencher.iter(|| stft(black_box(&samples), &StftConfig::default()).expect("valid"));
    });
    group.finish();
}

criterion_group!(benches, audio_seconds_per_second);
criterion_main!(benches);
