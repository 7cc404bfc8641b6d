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

    #[test]
    fn purposes_and_indices_differ() {
        let first = |purpose, index| generator(7, purpose, index).next_u64();
        assert_eq!(first(Purpose::Order, 3), first(Purpose::Order, 3));
        assert_ne!(first(Purpose::Order, 3), first(Purpose::Order, 4));
        assert_ne!(first(Purpose::Order, 3), first(Purpose::Dropout, 3));
    }
}
