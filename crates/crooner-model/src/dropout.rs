//! Dropout whose masks are a function of a seed.
//!
//! Element `i` of a mask is kept when `hash(seed, layer, i) >= p 2^32`. A mask can therefore be
//! recomputed anywhere, by any backend or kernel, instead of being stored or drawn from a device.

use burn::tensor::{Tensor, TensorData};

/// How a forward pass treats dropout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No dropout.
    Inference,
    /// Masks drawn from `seed`; give every training step its own.
    Train {
        /// Seed of this step's masks.
        seed: u64,
    },
}

/// Increment of SplitMix64 (Steele, Lea & Flood 2014): the odd integer nearest 2^64 / phi.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's output function: a bijection of 64 bits that passes BigCrush on counters.
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Mask of `len` values: 0 with probability `p`, else `1 / (1 - p)`, so that the mean stays.
pub(crate) fn mask(seed: u64, layer: u64, len: usize, p: f64) -> Vec<f32> {
    let threshold = (p * 4_294_967_296.0) as u64;
    let kept = (1.0 / (1.0 - p)) as f32;
    let start = mix(seed ^ mix(layer));
    let mut state = start;
    (0..len)
        .map(|_| {
            state = state.wrapping_add(GOLDEN);
            if mix(state) >> 32 >= threshold { kept } else { 0.0 }
        })
        .collect()
}

/// Applies layer number `layer`'s dropout with probability `p` to `x`.
pub(crate) fn dropout<const D: usize>(x: Tensor<D>, mode: Mode, layer: u64, p: f64) -> Tensor<D> {
    match mode {
        Mode::Train { seed } if p > 0.0 => {
            let dims = x.dims();
            let mask = mask(seed, layer, dims.iter().product(), p);
            let mask = Tensor::from_data(TensorData::new(mask, dims), &x.device());
            x * mask
        }
        Mode::Train { .. } | Mode::Inference => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_drops_its_share_and_keeps_the_mean() {
        let values = mask(7, 1, 200_000, 0.3);
        let dropped = values.iter().filter(|&&v| v == 0.0).count();
        // Standard deviation of the share is 0.001.
        assert!((dropped as f64 / 200_000.0 - 0.3).abs() < 0.005, "{dropped}");
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 200_000.0;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }

    #[test]
    fn masks_depend_on_seed_and_layer_only() {
        assert_eq!(mask(1, 2, 64, 0.5), mask(1, 2, 64, 0.5));
        assert_eq!(mask(1, 2, 64, 0.5)[..32], mask(1, 2, 32, 0.5)[..]);
        assert_ne!(mask(1, 2, 64, 0.5), mask(2, 2, 64, 0.5));
        assert_ne!(mask(1, 2, 64, 0.5), mask(1, 3, 64, 0.5));
    }
}
