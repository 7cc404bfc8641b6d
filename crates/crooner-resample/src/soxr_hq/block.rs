//! How long the blocks of the overlap-save converter are.

/// Longest transform tried for the sake of speed; longer ones are used only where the ratio asks for them.
pub(crate) const LONGEST: usize = 1 << 15;
/// The same where rounding errors are to stay near what they come from: about as long as soxr's blocks.
pub(crate) const LONGEST_SHORT: usize = 1 << 11;

/// One block: `units * down` input samples become `units * up` output samples, of which
/// `advance * up` are free of the circular convolution's wrap and are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) n_in: usize,
    pub(crate) n_out: usize,
    /// Input samples between the starts of successive blocks.
    pub(crate) advance_in: usize,
    /// Output samples kept of every block.
    pub(crate) advance_out: usize,
    /// Zeros ahead of the first input sample, so that the first block's kept outputs reach back to it.
    pub(crate) lead_in: usize,
    /// First output kept of every block.
    pub(crate) first_out: usize,
    /// Outputs kept of the first block that lie before the first input sample.
    pub(crate) skip_out: usize,
}

impl Block {
    /// The block that costs least per sample for `up / down` in lowest terms and an impulse response of
    /// `half_width` samples (at the lower rate) either side, with transforms of at most `longest` where the ratio allows.
    /// The first block holds at least `beginning` input samples.
    pub(crate) fn new(up: usize, down: usize, half_width: f64, beginning: usize, longest: usize) -> Self {
        let low = up.min(down);
        let high = up.max(down);
        // In units of the lower rate's `low` samples. Block starts are multiples of one unit, because
        // only there do the two sampling grids coincide.
        let first_out = (half_width * up as f64 / low as f64).ceil() as usize;
        let overlap = (2 * first_out).div_ceil(up);
        let lead = first_out.div_ceil(up);
        let least = (overlap + 1).max(lead + beginning.div_ceil(down));
        let units = (least..=least.max(longest / high))
            .filter(|&units| units == least || is_smooth(units))
            .map(|units| (units, (cost(units * up) + cost(units * down)) / (units - overlap) as f64))
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map_or(least, |(units, _)| units);
        Self {
            n_in: units * down,
            n_out: units * up,
            advance_in: (units - overlap) * down,
            advance_out: (units - overlap) * up,
            lead_in: lead * down,
            first_out,
            skip_out: lead * up - first_out,
        }
    }
}

/// Rough cost of a real transform of `n` points and of moving them, in the time of one radix-2 step a point:
/// a sum over prime factors with weights measured on RustFFT 6.4. Odd lengths are done as complex transforms.
fn cost(n: usize) -> f64 {
    let mut per_point = 8.0;
    let mut rest = n;
    for (prime, weight) in [(2, 1.0), (3, 1.9), (5, 3.5), (7, 4.0), (11, 7.5), (13, 17.0)] {
        while rest.is_multiple_of(prime) {
            rest /= prime;
            per_point += weight;
        }
    }
    if rest > 1 {
        // A large prime factor is convolved with transforms of twice its length and more.
        per_point += 4.0 * (rest as f64).log2();
    }
    let odd = if n.is_multiple_of(2) { 1.0 } else { 2.0 };
    n as f64 * per_point * odd
}

/// Whether `n` has no prime factor above 5.
fn is_smooth(n: usize) -> bool {
    let mut rest = n;
    for prime in [2, 3, 5] {
        while rest.is_multiple_of(prime) {
            rest /= prime;
        }
    }
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_tile_the_output_and_cover_the_filter() {
        for (up, down, half_width, beginning) in [
            (1, 2, 98.3, 0),
            (160, 441, 105.2, 300),
            (160, 147, 106.0, 110),
            (44_101, 16_000, 107.1, 0),
            (2, 1, 99.0, 0),
            (1, 24, 98.0, 5_000),
        ] {
            let block = Block::new(up, down, half_width, beginning, LONGEST);
            assert!(block.n_in - block.lead_in >= beginning, "{block:?}");
            let reach_out = half_width * up as f64 / up.min(down) as f64;
            assert_eq!(block.n_in * up, block.n_out * down);
            assert_eq!(block.advance_in * up, block.advance_out * down);
            assert_eq!(block.lead_in * up, (block.first_out + block.skip_out) * down);
            assert!(block.first_out as f64 >= reach_out, "wrap from the left: {block:?}");
            let end = block.first_out + block.advance_out;
            assert!((block.n_out - end) as f64 >= reach_out, "wrap from the right: {block:?}");
        }
    }
}
