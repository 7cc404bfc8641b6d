//! Tests of the public interface: against soxr and librosa, against a slow reference, in the frequency
//! domain, and as a stream.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test names its line")]
#![expect(clippy::print_stderr, reason = "how near each ratio is to soxr is worth knowing")]

mod fast;
mod frequency;
mod reference;
mod soxr;
mod streaming;

use std::f64::consts::PI;

use crooner_resample::{Quality, Resampler};

/// The whole of `samples` at another rate.
fn convert(samples: &[f32], from_hz: u32, to_hz: u32, quality: Quality) -> Vec<f32> {
    let mut resampler = Resampler::with_quality(from_hz, to_hz, quality).unwrap();
    let mut output = Vec::new();
    resampler.process(samples, &mut output);
    resampler.finish(&mut output);
    output
}

/// Power of `expected` over the power of the difference, in dB.
fn snr_db(expected: &[f32], found: &[f32]) -> f64 {
    assert_eq!(expected.len(), found.len(), "lengths");
    let mut signal = 0.0;
    let mut error = 0.0;
    for (&e, &f) in expected.iter().zip(found) {
        signal += f64::from(e).powi(2);
        error += (f64::from(e) - f64::from(f)).powi(2);
    }
    10.0 * (signal / error).log10()
}

/// `amplitude * sin(2 pi f n + phase)`, with `f` in cycles per sample.
fn tone(frequency: f64, phase: f64, amplitude: f64, n_samples: usize) -> Vec<f32> {
    (0..n_samples).map(|n| (amplitude * (2.0 * PI * frequency * n as f64 + phase).sin()) as f32).collect()
}

/// Noise without a generator: a multiplicative hash of the index, in `[-0.5, 0.5)`.
fn noise(n_samples: usize, seed: u64) -> Vec<f32> {
    (0..n_samples as u64)
        .map(|n| {
            let mut x = (n ^ (seed << 32)).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x ^= x >> 29;
            x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
            ((x >> 40) as f32) / (1 << 24) as f32 - 0.5
        })
        .collect()
}
