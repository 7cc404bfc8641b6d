//! soxr's high quality: the response of its chain of filters, applied to the spectrum of long blocks.

mod block;
mod chain;
mod low_bins;
mod overlap_save;
mod response;
mod start;

pub(crate) use block::{LONGEST, LONGEST_SHORT};
pub(crate) use overlap_save::OverlapSave;

use crate::ratio::lowest_terms;

/// Ratios beyond this are converted in steps, so that a block stays a fraction of a million samples.
const LARGEST_STEP: u64 = 128;
/// Size of one such step.
const STEP: u64 = 64;

/// Converters for `up / down` in lowest terms, in their order, with transforms of at most `longest` where possible.
pub(crate) fn chain(up: u64, down: u64, longest: usize) -> Vec<OverlapSave> {
    ratios(up, down)
        .into_iter()
        .map(|(up, down)| OverlapSave::new(up as usize, down as usize, longest))
        .collect()
}

/// `up / down` as a product of ratios small enough for one stage each: decimation comes first,
/// interpolation last, so that the sharp filter of the whole is at the lower of the two rates.
fn ratios(mut up: u64, mut down: u64) -> Vec<(u64, u64)> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    while down > LARGEST_STEP * up {
        before.push((1, STEP));
        (up, down) = lowest_terms(up * STEP, down);
    }
    while up > LARGEST_STEP * down {
        after.push((STEP, 1));
        (up, down) = lowest_terms(up, down * STEP);
    }
    if up != down {
        before.push((up, down));
    }
    before.append(&mut after);
    before
}
