//! Halving of a rate.

use std::sync::Arc;

use pulp::{Simd, WithSimd};

use super::low_pass::{PASS, low_pass};

/// Output samples computed side by side.
const LANES: usize = 32;
/// Samples taken at a time: what is worked on stays in the nearest cache.
const CHUNK: usize = 1 << 12;

/// `y[m] = x[2m] / 2 + sum_k h[k] (x[2m - 2k - 1] + x[2m + 2k + 1])`
#[derive(Clone)]
pub(crate) struct HalfBand {
    /// `h`
    odd_taps: Arc<[f32]>,
    /// `x[0], x[2], ...` from the one that the next output sits on.
    even: Vec<f32>,
    /// `x[1], x[3], ...` from the first one within reach of the next output.
    odd: Vec<f32>,
    consumed: u64,
    produced: u64,
}

impl HalfBand {
    /// From `rate` times the lower of the two rates of the whole conversion; `rate` is 2 or more.
    pub(crate) fn new(rate: f64) -> Self {
        let kernel = low_pass(0.25, 0.5 - 2.0 * PASS / rate);
        let distances = (0..).map(|k| f64::from(2 * k + 1)).take_while(|&t| t < kernel.half_width);
        let taps: Vec<f64> = distances.map(|t| kernel.at(t)).collect();
        // The gain at zero frequency is to be 1.
        let scale = 0.25 / taps.iter().sum::<f64>();
        let odd_taps: Arc<[f32]> = taps.iter().map(|tap| (tap * scale) as f32).collect();
        let odd = vec![0.0; odd_taps.len()];
        Self { odd_taps, even: Vec::new(), odd, consumed: 0, produced: 0 }
    }

    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        for input in input.chunks(CHUNK) {
            self.append(input);
            self.convert(output, usize::MAX);
        }
    }

    pub(crate) fn finish(&mut self, output: &mut Vec<f32>) {
        let missing = self.consumed.div_ceil(2) - self.produced;
        self.append(&vec![0.0; 2 * self.odd_taps.len() + 1]);
        self.convert(output, usize::try_from(missing).unwrap_or(usize::MAX));
        self.even.clear();
        self.odd.clear();
        self.odd.resize(self.odd_taps.len(), 0.0);
        (self.consumed, self.produced) = (0, 0);
    }

    fn append(&mut self, mut input: &[f32]) {
        if !self.consumed.is_multiple_of(2)
            && let Some((first, rest)) = input.split_first()
        {
            self.odd.push(*first);
            self.consumed += 1;
            input = rest;
        }
        let (pairs, last) = input.as_chunks::<2>();
        self.even.extend(pairs.iter().map(|pair| pair[0]).chain(last.iter().copied()));
        self.odd.extend(pairs.iter().map(|pair| pair[1]));
        self.consumed += input.len() as u64;
    }

    /// Appends all that can be computed, `limit` samples at most.
    fn convert(&mut self, output: &mut Vec<f32>, limit: usize) {
        let Self { odd_taps, even, odd, produced, .. } = self;
        let n_ready = (odd.len() + 1).saturating_sub(2 * odd_taps.len()).min(limit);
        let begun = output.len();
        output.resize(begun + n_ready, 0.0);
        pulp::Arch::new().dispatch(Halve { even, odd, taps: odd_taps, halved: &mut output[begun..] });
        *produced += n_ready as u64;
        even.drain(..n_ready);
        odd.drain(..n_ready);
    }
}

struct Halve<'a> {
    even: &'a [f32],
    odd: &'a [f32],
    taps: &'a [f32],
    halved: &'a mut [f32],
}

impl WithSimd for Halve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { even, odd, taps, halved } = self;
        let (chunks, rest) = halved.as_chunks_mut::<LANES>();
        let done = LANES * chunks.len();
        for (chunk, first) in chunks.iter_mut().zip((0..).step_by(LANES)) {
            halve(even, odd, taps, first, chunk);
        }
        for (m, sample) in (done..).zip(rest) {
            halve(even, odd, taps, m, std::array::from_mut(sample));
        }
    }
}

/// Outputs from `m` on; the sum is in the same order for every one.
#[inline(always)]
fn halve<const N: usize>(even: &[f32], odd: &[f32], taps: &[f32], m: usize, halved: &mut [f32; N]) {
    let mut sums = [0.0; N];
    for (sum, sample) in sums.iter_mut().zip(&even[m..][..N]) {
        *sum = 0.5 * sample;
    }
    let within_reach = &odd[m..][..2 * taps.len() - 1 + N];
    let before = within_reach[..taps.len() - 1 + N].array_windows::<N>().rev();
    let after = within_reach[taps.len()..].array_windows::<N>();
    for ((tap, before), after) in taps.iter().zip(before).zip(after) {
        for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
            *sum = tap.mul_add(before + after, *sum);
        }
    }
    *halved = sums;
}
