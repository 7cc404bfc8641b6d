//! The fast quality: filters short enough to be cheaper in time than in frequency.
//!
//! A Kaiser-windowed sinc with its -6 dB point at the lower Nyquist frequency `N`, flat to 0.01 dB up to `0.8 N` and 80 dB
//! down from `1.2 N` on. It is 26 samples of the lower rate long. While the rate is to be divided by two or more, a half-band filter
//! halves it first: every other of its weights is zero, and it need only protect what is below `0.8 N`.

mod half_band;
mod polyphase;

pub(crate) use half_band::HalfBand;
pub(crate) use polyphase::Polyphase;

use crate::kaiser::KaiserSinc;
use crate::ratio::lowest_terms;
use crate::stage::Stage;

/// End of the pass-band in cycles per sample of the lower rate: `0.8 N`.
const PASS: f64 = 0.4;
/// Attenuation that the filters are designed for; rounding a half-band's middle to 1/2 takes a decibel of it.
const ATTENUATION_DB: f64 = 82.0;

/// Converters for `up / down` in lowest terms; none where the terms are so large that the weights are too many.
pub(crate) fn stages(up: u64, mut down: u64) -> Option<Vec<Stage>> {
    let mut stages = Vec::new();
    let mut up = up;
    while down >= 2 * up {
        stages.push(Stage::HalfBand(HalfBand::new(down as f64 / up as f64)));
        (up, down) = lowest_terms(2 * up, down);
    }
    if up != down {
        stages.push(Stage::Polyphase(Polyphase::new(up as usize, down as usize)?));
    }
    Some(stages)
}

/// The low-pass with its -6 dB point at `cutoff` and `transition` between pass- and stop-band, in cycles per sample.
///
/// Kaiser's formulas for the shape and length of the window that attenuates by [`ATTENUATION_DB`].
fn low_pass(cutoff: f64, transition: f64) -> KaiserSinc {
    let n_taps = (ATTENUATION_DB - 7.95) / (2.285 * 2.0 * std::f64::consts::PI * transition);
    KaiserSinc { cutoff, beta: 0.1102 * (ATTENUATION_DB - 8.7), half_width: 0.5 * n_taps }
}

/// Forgets the first `n`.
fn drop_first(samples: &mut Vec<f32>, n: usize) {
    samples.copy_within(n.., 0);
    samples.truncate(samples.len() - n);
}
