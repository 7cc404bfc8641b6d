//! Dropout whose masks are a function of a seed.
//!
//! Element `i` of a mask is kept when `hash(key, i) >= p 2^32`. A mask can therefore be computed again anywhere, by
//! any kernel or backend, instead of being stored or drawn from a device.

/// Dropout of one layer at one training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    key: [u32; 2],
    /// Hashes below it are dropped.
    threshold: u64,
    kept: f32,
    by_channel: bool,
}

/// SplitMix64's output function (Steele, Lea & Flood 2014): a bijection of 64 bits that passes BigCrush on counters.
fn mix64(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// MurmurHash3's finaliser: a bijection of 32 bits in which every bit of the input moves every bit of the output.
#[inline(always)]
fn mix32(h: u32) -> u32 {
    let h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

impl Dropout {
    /// Drops each element with probability `p`, `0 <= p < 1`, and scales those it keeps by `1 / (1 - p)`, so that the
    /// mean stays. Give every training step its own `seed` and every layer of it its own number.
    #[must_use]
    pub fn new(p: f64, seed: u64, layer: u64) -> Self {
        let key = mix64(seed ^ mix64(layer));
        Self {
            key: [key as u32, (key >> 32) as u32],
            threshold: (p * 4_294_967_296.0) as u64,
            kept: (1.0 / (1.0 - p)) as f32,
            by_channel: false,
        }
    }

    /// Drops whole channels of an image (Tompson et al. 2015, `torch.nn.Dropout2d`) instead: the mask has an element for
    /// each image and channel.
    #[must_use]
    pub fn by_channel(self) -> Self {
        Self { by_channel: true, ..self }
    }

    /// Whether the mask has one element for each image and channel.
    #[must_use]
    pub fn is_by_channel(&self) -> bool {
        self.by_channel
    }

    /// The number of a pixel's first element, of those by channel and by value.
    #[inline(always)]
    pub(crate) fn first(&self, by_channel: usize, by_value: usize) -> u32 {
        if self.by_channel { by_channel as u32 } else { by_value as u32 }
    }

    /// What element `index` is multiplied by: 0, or `1 / (1 - p)`.
    ///
    /// Elements are counted in channel-last order.
    #[inline(always)]
    #[must_use]
    pub fn factor(&self, index: u32) -> f32 {
        // Twice, with half of the key each: with one round, masks of two keys would be shifts of each other.
        let hash = mix32(mix32(index ^ self.key[0]).wrapping_add(self.key[1]));
        if u64::from(hash) >= self.threshold { self.kept } else { 0.0 }
    }

    /// The factors of the first `len` elements.
    #[must_use]
    pub fn mask(&self, len: usize) -> Vec<f32> {
        (0..len).map(|i| self.factor(i as u32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_drops_its_share_and_keeps_the_mean() {
        for seed in 0..20 {
            let values = Dropout::new(0.3, seed, 1).mask(200_000);
            let dropped = values.iter().filter(|&&v| v == 0.0).count();
            // Standard deviation of the share is 0.001.
            assert!((dropped as f64 / 200_000.0 - 0.3).abs() < 0.005, "{dropped}");
            let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 200_000.0;
            assert!((mean - 1.0).abs() < 0.01, "{mean}");
        }
    }

    #[test]
    fn masks_depend_on_seed_and_layer_only() {
        let mask = |seed, layer, len| Dropout::new(0.5, seed, layer).mask(len);
        assert_eq!(mask(1, 2, 64), mask(1, 2, 64));
        assert_eq!(mask(1, 2, 64)[..32], mask(1, 2, 32)[..]);
        assert_ne!(mask(1, 2, 64), mask(2, 2, 64));
        assert_ne!(mask(1, 2, 64), mask(1, 3, 64));
    }

    /// Pairs of masks, and a mask and its shifts, agree as often as chance has it: half the time.
    #[test]
    fn masks_are_independent() {
        const LEN: usize = 100_000;
        let agree = |a: &[f32], b: &[f32]| {
            let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
            equal as f64 / a.len() as f64
        };
        let base = Dropout::new(0.5, 7, 0).mask(LEN);
        for other in 1..40 {
            for share in [
                agree(&base, &Dropout::new(0.5, 7 + other, 0).mask(LEN)),
                agree(&base, &Dropout::new(0.5, 7, other).mask(LEN)),
                agree(&base[..LEN - 64], &base[other as usize..LEN - 64 + other as usize]),
            ] {
                // Standard deviation 0.0016.
                assert!((share - 0.5).abs() < 0.008, "{share}");
            }
        }
    }
}
