//! The filter that both kinds of stage are made of.

use crate::kaiser::KaiserSinc;

/// End of the pass-band in cycles per sample of the lower rate: `0.8 N`.
pub(super) const PASS: f64 = 0.4;
/// Attenuation that the filters are designed for; rounding a half-band's middle to 1/2 takes a decibel of it.
const ATTENUATION_DB: f64 = 82.0;

/// The low-pass with its -6 dB point at `cutoff` and `transition` between pass- and stop-band, in cycles per sample.
///
/// Kaiser's formulas for the shape and length of the window that attenuates by [`ATTENUATION_DB`].
pub(super) fn low_pass(cutoff: f64, transition: f64) -> KaiserSinc {
    let n_taps = (ATTENUATION_DB - 7.95) / (2.285 * 2.0 * std::f64::consts::PI * transition);
    KaiserSinc { cutoff, beta: 0.1102 * (ATTENUATION_DB - 8.7), half_width: 0.5 * n_taps }
}
