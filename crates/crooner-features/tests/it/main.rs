//! One binary for all integration tests: it links once.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test states what it expects by failing")]
#![expect(clippy::print_stderr, reason = "how near each array is to librosa is worth knowing")]

mod coming_from_librosa;
mod config;
mod errors;
mod golden;
mod golden_edges;
mod golden_rhythm;
mod golden_spectral;
mod golden_tonal;
mod oracle;
mod properties;
mod rhythm;
mod spectral;
mod streaming;
mod tonal;

/// `n` samples in ±1, white, the same for the same seed.
fn noise(n: usize, seed: u32) -> Vec<f32> {
    let mut state = u64::from(seed) << 32 | 0x9e37_79b9;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}
