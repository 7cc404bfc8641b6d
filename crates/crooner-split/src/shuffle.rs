//! Shuffles that are the same everywhere and for ever.
//!
//! `rand` may change how it shuffles from one release to the next; a published split may not. So the
//! few lines that matter are here, on top of two specified primitives:
//!
//! - key = BLAKE3 `derive_key` with context `"crooner-split v1 shuffle"` over
//!   `seed as u64 little-endian ‖ purpose ‖ 0x00 ‖ class` (UTF-8), 32 bytes;
//! - stream = ChaCha8 with that key, nonce 0, counter 0, read as little-endian 64-bit words;
//! - Fisher-Yates from the last element down, each index drawn without bias by rejection.
//!
//! The key depends on one class's name only: neither the order of a listing nor another class can
//! change a class's shuffle. `tests/golden/generate_reference.py` says the same in Python.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const CONTEXT: &str = "crooner-split v1 shuffle";

pub(crate) struct Shuffler(ChaCha8Rng);

impl Shuffler {
    /// `purpose` keeps the draws of different questions about one class apart.
    pub(crate) fn new(seed: u64, purpose: &str, class: &str) -> Self {
        let mut key = blake3::Hasher::new_derive_key(CONTEXT);
        key.update(&seed.to_le_bytes());
        key.update(purpose.as_bytes());
        key.update(&[0]);
        key.update(class.as_bytes());
        Self(ChaCha8Rng::from_seed(*key.finalize().as_bytes()))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index_up_to(last));
        }
    }

    /// A uniform index in `0..=last`.
    fn index_up_to(&mut self, last: usize) -> usize {
        let n = last as u64 + 1;
        // The largest multiple of n that fits: below it every remainder is equally likely.
        let limit = u64::MAX / n * n;
        loop {
            let word = self.0.next_u64();
            if word < limit {
                // Less than n, which came from a usize.
                return (word % n) as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_equally_likely() {
        // 6000 shuffles of 6: each element is expected 1000 times in each place, with a standard
        // deviation of 29; 150 is more than five of them.
        let mut counts = [[0_i32; 6]; 6];
        for seed in 0..6000 {
            let mut items = [0, 1, 2, 3, 4, 5];
            Shuffler::new(seed, "test", "someone").shuffle(&mut items);
            for (place, item) in items.into_iter().enumerate() {
                counts[place][item] += 1;
            }
        }
        for count in counts.into_iter().flatten() {
            assert!((count - 1000).abs() < 150, "{counts:?}");
        }
    }

    #[test]
    fn seed_purpose_and_class_all_matter() {
        let order = |seed, purpose, class| {
            let mut items: Vec<u32> = (0..40).collect();
            Shuffler::new(seed, purpose, class).shuffle(&mut items);
            items
        };
        let first = order(1, "a", "b");
        assert_eq!(first, order(1, "a", "b"));
        for other in [order(2, "a", "b"), order(1, "x", "b"), order(1, "a", "x"), order(1, "", "ab")] {
            assert_ne!(first, other);
        }
    }
}
