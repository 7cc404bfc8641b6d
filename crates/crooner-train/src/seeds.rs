//! Generators derived from one seed. Each purpose has its own, so that none depends on how much
//! of another was used.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a generator is for; the discriminant is part of the numbers it gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The order of the slices in an epoch.
    Order = 1,
    /// The dropout masks of a step.
    Dropout = 2,
    /// The resamples of a bootstrap.
    Bootstrap = 3,
    /// Where the random crops of an epoch start.
    Crop = 4,
    /// How a slice of an epoch is varied.
    Augment = 5,
    /// How a batch of an epoch is mixed.
    Mix = 6,
}

/// The generator of `seed` for the `index`-th use of `purpose`.
pub(crate) fn generator(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((purpose as u64) << 56 | index);
    rng
}

/// Uniform in `0..n` (Lemire 2019, with rejection).
///
/// # Panics
///
/// If `n == 0`.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    assert!(n > 0, "no number is below 0");
    let n = n as u64;
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(n);
        if product as u64 >= threshold {
            return (product >> 64) as usize;
        }
    }
}

/// Uniform in `[0, 1)`, in steps of 2^-53.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * 0.5_f64.powi(53)
}

/// Standard normal (Box & Muller 1958).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(rng)).cos()
}

/// Gamma distributed with `shape > 0` and scale 1 (Marsaglia & Tsang 2000; below 1 by their boost).
pub(crate) fn gamma(rng: &mut ChaCha8Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - unit(rng)).powf(1.0 / shape);
        return gamma(rng, shape + 1.0) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - unit(rng)).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// Beta distributed with both parameters `alpha > 0`; a half where both gammas vanish.
pub(crate) fn beta(rng: &mut ChaCha8Rng, alpha: f64) -> f64 {
    let (a, b) = (gamma(rng, alpha), gamma(rng, alpha));
    if a + b > 0.0 { a / (a + b) } else { 0.5 }
}

/// Shuffles `items` (Fisher & Yates).
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_is_as_likely() {
        let mut rng = generator(0, Purpose::Order, 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            shuffle(&mut items, &mut rng);
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Standard deviation of each count is 29.
        assert!(counts.values().all(|&n| (850..1150).contains(&n)), "{counts:?}");
    }

    /// Mean 1/2 and variance 1 / (4 (2 alpha + 1)).
    #[test]
    fn beta_has_its_moments() {
        for alpha in [0.2, 1.0, 4.0] {
            let mut rng = generator(1, Purpose::Mix, 0);
            let n = 20_000;
            let draws: Vec<f64> = (0..n).map(|_| beta(&mut rng, alpha)).collect();
            assert!(draws.iter().all(|x| (0.0..=1.0).contains(x)));
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.04, "{alpha}: variance {variance}, not {expected}");
        }
    }

    #[test]
    fn purposes_and_indices_differ() {
        let first = |purpose, index| generator(7, purpose, index).next_u64();
        assert_eq!(first(Purpose::Order, 3), first(Purpose::Order, 3));
        assert_ne!(first(Purpose::Order, 3), first(Purpose::Order, 4));
        assert_ne!(first(Purpose::Order, 3), first(Purpose::Dropout, 3));
    }
}
