//! Conversion by a ratio of small terms, down by less than 2.

use std::sync::Arc;

use pulp::{Simd, WithSimd};

use super::low_pass::{PASS, low_pass};
use crate::kaiser::KaiserSinc;
use crate::latest::Latest;
use crate::ratio::lowest_terms;

/// Output samples computed side by side.
const LANES: usize = 16;
/// Rows of weights at most: a megabyte.
const MOST_ROWS: usize = 1 << 14;
/// Samples taken at a time, or as many as two cycles have: what is worked on stays in the nearest cache.
const CHUNK: usize = 1 << 12;

/// The weights, by group of [`LANES`] consecutive output samples.
///
/// A group looks at one window of the input, whose samples each have a row: their weight in every sample of the group. An
/// output sample needs only a part of the window, but the sum of the rows, each times its sample, is the whole group,
/// without a shuffle. After a cycle of groups the weights are the same again.
struct Bank {
    /// Input samples of a cycle.
    cycle_in: usize,
    /// Output samples of a cycle.
    cycle_out: usize,
    /// Input samples before the one that a cycle begins with which its first group looks at.
    n_before: usize,
    /// Rows of a group, and samples of its window.
    n_rows: usize,
    /// By group, first sample of its window.
    starts: Vec<usize>,
    rows: Vec<Row>,
}

/// The weights of one sample, within one line of the cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Row([f32; LANES]);

impl Bank {
    fn new(up: usize, down: usize) -> Self {
        let Shape { kernel, n_before, n_rows, n_groups } = Shape::new(up, down);
        let starts: Vec<usize> = (0..n_groups).map(|group| group * LANES * down / up).collect();
        let mut rows = vec![Row([0.0; LANES]); n_groups * n_rows];
        for (m, &start) in (0..n_groups * LANES).map(|m| (m, &starts[m / LANES])) {
            // Where the output sits, in samples after the window's first one.
            let centre = (m * down - start * up) as f64 / up as f64 + n_before as f64;
            let weights: Vec<f64> = (0..n_rows).map(|row| kernel.at(row as f64 - centre)).collect();
            // The gain at zero frequency is to be 1.
            let sum: f64 = weights.iter().sum();
            for (row, weight) in rows[m / LANES * n_rows..][..n_rows].iter_mut().zip(weights) {
                row.0[m % LANES] = (weight / sum) as f32;
            }
        }
        let cycle_out = n_groups * LANES;
        Self { cycle_in: cycle_out / up * down, cycle_out, n_before, n_rows, starts, rows }
    }

    /// Input samples that a cycle looks at.
    fn reach(&self) -> usize {
        self.starts.last().map_or(0, |start| start + self.n_rows)
    }
}

/// The size of a [`Bank`], and its filter.
struct Shape {
    kernel: KaiserSinc,
    n_before: usize,
    n_rows: usize,
    n_groups: usize,
}

impl Shape {
    fn new(up: usize, down: usize) -> Self {
        // The lower of the two rates, relative to that of the input.
        let low = (up as f64 / down as f64).min(1.0);
        let kernel = low_pass(0.5 * low, (1.0 - 2.0 * PASS) * low);
        let n_before = kernel.half_width.ceil() as usize;
        let n_rows = 2 * n_before + ((LANES - 1) * down).div_ceil(up) + 2;
        // Rows are added up in pairs.
        let n_rows = n_rows.next_multiple_of(2);
        Self { kernel, n_before, n_rows, n_groups: lowest_terms(up as u64, LANES as u64).0 as usize }
    }
}

#[derive(Clone)]
pub(crate) struct Polyphase {
    up: u64,
    down: u64,
    bank: Arc<Bank>,
    /// Input from the first sample that the next cycle looks at.
    pending: Vec<f32>,
    consumed: u64,
    produced: u64,
}

impl Polyphase {
    /// For `up / down` in lowest terms, more than 1/2; none where there would be too many weights.
    pub(crate) fn new(up: usize, down: usize) -> Option<Self> {
        static LATEST: Latest<(usize, usize), Bank> = Latest::new();
        let shape = Shape::new(up, down);
        if shape.n_groups.saturating_mul(shape.n_rows) > MOST_ROWS {
            return None;
        }
        let bank = LATEST.get_or_make((up, down), || Bank::new(up, down), |_| true);
        let pending = vec![0.0; bank.n_before];
        Some(Self { up: up as u64, down: down as u64, bank, pending, consumed: 0, produced: 0 })
    }

    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        for input in input.chunks(CHUNK.max(2 * self.bank.cycle_in)) {
            self.pending.extend_from_slice(input);
            self.consumed += input.len() as u64;
            self.convert(output);
        }
    }

    pub(crate) fn finish(&mut self, output: &mut Vec<f32>) {
        let total = (self.consumed * self.up).div_ceil(self.down);
        let missing = usize::try_from(total - self.produced).unwrap_or(usize::MAX);
        let before = output.len();
        self.pending.resize(self.pending.len() + self.bank.reach(), 0.0);
        self.convert(output);
        output.truncate(before.saturating_add(missing));
        self.pending.clear();
        self.pending.resize(self.bank.n_before, 0.0);
        (self.consumed, self.produced) = (0, 0);
    }

    /// Appends every cycle of which all is known.
    fn convert(&mut self, output: &mut Vec<f32>) {
        let Self { bank, pending, .. } = self;
        let n_cycles = pending.len().checked_sub(bank.reach()).map_or(0, |beyond| beyond / bank.cycle_in + 1);
        let begun = output.len();
        output.resize(begun + n_cycles * bank.cycle_out, 0.0);
        pulp::Arch::new().dispatch(Cycles { bank, samples: pending, converted: &mut output[begun..] });
        self.produced += (n_cycles * bank.cycle_out) as u64;
        pending.drain(..n_cycles * bank.cycle_in);
    }
}

struct Cycles<'a> {
    bank: &'a Bank,
    samples: &'a [f32],
    converted: &'a mut [f32],
}

impl WithSimd for Cycles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { bank, mut samples, converted } = self;
        // Two at a time share the loads of the weights.
        let mut pairs = converted.chunks_exact_mut(2 * bank.cycle_out);
        for pair in &mut pairs {
            let (first, second) = pair.split_at_mut(bank.cycle_out);
            cycles(bank, [samples, &samples[bank.cycle_in..]], [first, second]);
            samples = &samples[2 * bank.cycle_in..];
        }
        for last in pairs.into_remainder().chunks_exact_mut(bank.cycle_out) {
            cycles(bank, [samples], [last]);
        }
    }
}

/// A cycle from each of these samples on.
#[inline(always)]
fn cycles<const N: usize>(bank: &Bank, samples: [&[f32]; N], mut converted: [&mut [f32]; N]) {
    let groups = bank.starts.iter().zip(bank.rows.chunks_exact(bank.n_rows));
    for (group, (&start, rows)) in groups.enumerate() {
        let windows = samples.map(|samples| samples[start..][..bank.n_rows].as_chunks::<2>().0);
        // Two sums each, so that an addition need not wait for the one before.
        let mut sums = [[[0.0; LANES]; 2]; N];
        for (pair, rows) in rows.as_chunks::<2>().0.iter().enumerate() {
            for (sums, window) in sums.iter_mut().zip(&windows) {
                for ((sums, row), sample) in sums.iter_mut().zip(rows).zip(&window[pair]) {
                    for (sum, weight) in sums.iter_mut().zip(&row.0) {
                        *sum = weight.mul_add(*sample, *sum);
                    }
                }
            }
        }
        for ([even, odd], converted) in sums.iter().zip(&mut converted) {
            let group = &mut converted[group * LANES..][..LANES];
            for ((sample, even), odd) in group.iter_mut().zip(even).zip(odd) {
                *sample = even + odd;
            }
        }
    }
}
