//! Every set of kernels that this machine has, against an obvious reference in double precision.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod adam;
mod block;
mod gru;
mod reference;

/// Numbers in `-1..1` from a seed.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / (1u64 << 31) as f32 - 1.0
        })
        .collect()
}

/// Largest difference as a share of the largest expected value.
fn deviation(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-6, |largest: f64, value| largest.max(value.abs()));
    let differences = found.iter().zip(expected).map(|(found, expected)| {
        let difference = (f64::from(*found) - expected).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    });
    differences.fold(0.0, f64::max) / largest
}
