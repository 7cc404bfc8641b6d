//! The fast quality: filters short enough to be cheaper in time than in frequency.
//!
//! A Kaiser-windowed sinc with its -6 dB point at the lower Nyquist frequency `N`, flat to 0.01 dB up to `0.8 N` and 80 dB
//! down from `1.2 N` on. It is 26 samples of the lower rate long. While the rate is to be divided by two or more, a half-band filter
//! halves it first: every other of its weights is zero, and it need only protect what is below `0.8 N`.

mod half_band;
mod low_pass;
mod polyphase;

pub(crate) use half_band::HalfBand;
pub(crate) use polyphase::Polyphase;

use crate::ratio::lowest_terms;

/// Converters for `up / down` in lowest terms, in their order; none where the terms are so large that the weights are too many.
pub(crate) fn chain(mut up: u64, mut down: u64) -> Option<(Vec<HalfBand>, Option<Polyphase>)> {
    let mut halvings = Vec::new();
    while down >= 2 * up {
        halvings.push(HalfBand::new(down as f64 / up as f64));
        (up, down) = lowest_terms(2 * up, down);
    }
    let rest = if up == down { None } else { Some(Polyphase::new(up as usize, down as usize)?) };
    Some((halvings, rest))
}
