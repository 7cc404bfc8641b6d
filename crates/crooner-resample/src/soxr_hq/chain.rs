//! soxr's chain of filters, one by one, as far as its beginning depends on them.
//!
//! Times are in samples of the lower of the two rates, and rates relative to it.

use super::response::{Filter, Response};

/// From this many shares of the error on, the half-bands are the longer ones.
const LONG_FROM: u32 = 4;
/// `h(1), h(3), ...` of the half-band filters, with `h(0) = 1/2` and `h(2), h(4), ... = 0`.
///
/// Estimated from python-soxr's answers to impulses at the first samples (`reference/half_bands.py`), which they
/// give back to 140 dB.
const SHORT_HALF_BAND: [f64; 8] = [
    0.311_546_52,
    -0.087_344_905,
    0.036_814_45,
    -0.015_189_196,
    0.005_454_082,
    -0.001_564_387,
    0.000_318_165,
    -0.000_034_798,
];
const LONG_HALF_BAND: [f64; 9] = [
    0.312_270_345,
    -0.089_221_524,
    0.039_139_713,
    -0.017_250_564,
    0.006_858_947,
    -0.002_304_51,
    0.000_609_642,
    -0.000_113_238,
    0.000_011_197,
];

/// One filter, and the rates of the samples that it is given and that it makes.
pub(crate) struct Link {
    kernel: Kernel,
    pub(crate) rate_in: f64,
    pub(crate) rate_out: f64,
}

enum Kernel {
    Sinc(Filter),
    HalfBand(&'static [f64]),
}

impl Link {
    /// Beyond this time from its middle the filter is zero.
    pub(crate) fn reach(&self) -> f64 {
        match &self.kernel {
            Kernel::Sinc(filter) => filter.kernel.half_width / filter.rate,
            Kernel::HalfBand(odd) => (2 * odd.len()) as f64 / self.rate_in,
        }
    }

    /// How much of a sample that it is given goes into one that it makes, `t` later.
    pub(crate) fn weight(&self, t: f64) -> f64 {
        match &self.kernel {
            Kernel::Sinc(filter) => filter.kernel.at(t * filter.rate) * filter.rate / self.rate_in,
            Kernel::HalfBand(odd) => {
                let k = (t * self.rate_in).abs().round() as usize;
                match (k, k % 2) {
                    (0, _) => 0.5,
                    (_, 0) => 0.0,
                    _ => odd.get(k / 2).copied().unwrap_or(0.0),
                }
            }
        }
    }
}

/// The filters for `up / down` in lowest terms, in their order; none where the chain ends with an interpolation by a
/// power of two, whose filter is not known well enough.
pub(crate) fn chain(up: usize, down: usize, response: &Response) -> Vec<Link> {
    if response.interpolated_last {
        return Vec::new();
    }
    let low = up.min(down) as f64;
    let (mut rate_in, rate_out) = (down as f64 / low, up as f64 / low);
    // Every stage is given a share of the error, and an interpolator takes half of each, as in the low-pass's attenuation.
    let shares = (1 + response.halvings) * if response.interpolator.is_some() { 2 } else { 1 };
    let half_band: &[f64] = if shares < LONG_FROM { &SHORT_HALF_BAND } else { &LONG_HALF_BAND };
    let mut links = Vec::new();
    for _ in 0..response.halvings {
        let rate_out = 0.5 * rate_in;
        links.push(Link { kernel: Kernel::HalfBand(half_band), rate_in, rate_out });
        rate_in = rate_out;
    }
    let between = response.low_pass.rate;
    match response.interpolator {
        None => links.push(Link { kernel: Kernel::Sinc(response.low_pass), rate_in, rate_out }),
        Some(interpolator) => {
            let (first, second) = if response.interpolator_first {
                (interpolator, response.low_pass)
            } else {
                (response.low_pass, interpolator)
            };
            links.push(Link { kernel: Kernel::Sinc(first), rate_in, rate_out: between });
            links.push(Link { kernel: Kernel::Sinc(second), rate_in: between, rate_out });
        }
    }
    links
}
