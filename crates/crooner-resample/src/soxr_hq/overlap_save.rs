//! One conversion by a rational factor: overlap-save with a forward transform of one length and an
//! inverse transform of another.
//!
//! A block of `n_in` samples is transformed, its spectrum is multiplied by the filter and cut (or
//! extended with zeros) to `n_out / 2 + 1` bins, and the inverse transform of length `n_out` yields the same
//! stretch of time at the other rate. Blocks start at fixed multiples of one length, so the
//! output does not depend on how the input was handed over. The first outputs are then made what a
//! chain of filters that starts empty gives (`start`).

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner};

use super::block::Block;
use super::low_bins::{LowBins, Workspace};
use super::response::Response;
use super::start::Start;
use crate::latest::Latest;

/// What is shared by all converters of one ratio.
struct Design {
    block: Block,
    /// Gain of each bin that is kept, the transforms' scale included.
    gains: Vec<f32>,
    start: Start,
    forward: LowBins,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl Design {
    fn new(up: usize, down: usize, longest: usize) -> Self {
        let response = Response::new(up as u64, down as u64);
        let start = Start::new(up, down, &response);
        let block = Block::new(up, down, response.half_width(), start.n_inputs, longest);
        let forward = LowBins::new(block.n_in);
        let inverse = RealFftPlanner::new().plan_fft_inverse(block.n_out);
        // Bins below the lower Nyquist frequency; what is at or above it is in the stop-band.
        let n_low = block.n_in.min(block.n_out);
        let scale = 1.0 / block.n_in as f64;
        let gains =
            response.sample(n_low, n_low.div_ceil(2)).iter().map(|gain| (gain * scale) as f32).collect();
        Self { block, gains, start, forward, inverse }
    }

    /// The design for these arguments, made once for the ratios used last: a folder's files have one or two.
    fn shared(up: usize, down: usize, longest: usize) -> Arc<Self> {
        static LATEST: Latest<(usize, usize, usize), Design> = Latest::new();
        let is_small = |design: &Self| design.block.n_in.max(design.block.n_out) <= LARGEST_KEPT;
        LATEST.get_or_make((up, down, longest), || Self::new(up, down, longest), is_small)
    }
}

/// The longest block of a design that is kept for the next converter of its ratio: a few megabytes in all.
const LARGEST_KEPT: usize = 1 << 16;

#[derive(Clone)]
pub(crate) struct OverlapSave {
    design: Arc<Design>,
    up: u64,
    down: u64,
    /// Input of the next block, as far as it is known.
    pending: Vec<f32>,
    /// Outputs still to be dropped because they lie before the first input sample.
    skip: usize,
    /// What the first outputs are without; known from the first block on.
    lost: Option<Vec<f32>>,
    consumed: u64,
    produced: u64,
    forward: Workspace,
    spectrum_out: Vec<Complex32>,
    time_out: Vec<f32>,
    scratch: Vec<Complex32>,
}

impl OverlapSave {
    /// A converter for `up / down`, in lowest terms and not 1/1, with transforms of at most `longest` where possible.
    pub(crate) fn new(up: usize, down: usize, longest: usize) -> Self {
        let design = Design::shared(up, down, longest);
        let inverse = &design.inverse;
        let mut stage = Self {
            up: up as u64,
            down: down as u64,
            pending: Vec::with_capacity(design.block.n_in),
            skip: 0,
            lost: None,
            consumed: 0,
            produced: 0,
            forward: design.forward.workspace(),
            spectrum_out: inverse.make_input_vec(),
            time_out: inverse.make_output_vec(),
            scratch: inverse.make_scratch_vec(),
            design,
        };
        stage.reset();
        stage
    }

    /// Takes `input`, appends every output sample that it completes.
    pub(crate) fn process(&mut self, mut input: &[f32], output: &mut Vec<f32>) {
        self.consumed += input.len() as u64;
        let Block { n_in, advance_in, .. } = self.design.block;
        while !input.is_empty() {
            let (taken, rest) = input.split_at(input.len().min(n_in - self.pending.len()));
            self.pending.extend_from_slice(taken);
            input = rest;
            if self.pending.len() == n_in {
                self.convert(output, usize::MAX);
                self.pending.copy_within(advance_in.., 0);
                self.pending.truncate(n_in - advance_in);
            }
        }
    }

    /// Appends what is left, as if the input were followed by silence, and starts afresh.
    pub(crate) fn finish(&mut self, output: &mut Vec<f32>) {
        let Block { n_in, advance_in, .. } = self.design.block;
        let total = (self.consumed * self.up).div_ceil(self.down);
        while self.produced < total {
            self.pending.resize(n_in, 0.0);
            self.convert(output, usize::try_from(total - self.produced).unwrap_or(usize::MAX));
            self.pending.drain(..advance_in);
        }
        self.reset();
    }

    fn reset(&mut self) {
        self.pending.clear();
        self.pending.resize(self.design.block.lead_in, 0.0);
        self.skip = self.design.block.skip_out;
        self.lost = None;
        self.consumed = 0;
        self.produced = 0;
    }

    /// Converts the pending block and appends at most `limit` samples.
    #[expect(
        clippy::expect_used,
        reason = "the transform checks lengths only, and every buffer is made by its own plan"
    )]
    fn convert(&mut self, output: &mut Vec<f32>, limit: usize) {
        let Design { block, gains, start, forward, inverse } = &*self.design;
        let lost = self.lost.get_or_insert_with(|| start.lost(&self.pending[block.lead_in..]));
        let (kept, removed) = self.spectrum_out.split_at_mut(gains.len());
        forward.of(&self.pending, gains, kept, &mut self.forward);
        removed.fill(Complex32::default());
        inverse
            .process_with_scratch(&mut self.spectrum_out, &mut self.time_out, &mut self.scratch)
            .expect("buffers made by the plan and a real first bin");
        let kept = &self.time_out[block.first_out..][..block.advance_out];
        let dropped = self.skip.min(kept.len());
        self.skip -= dropped;
        let fresh = &kept[dropped..];
        let fresh = &fresh[..fresh.len().min(limit)];
        let begun = output.len();
        output.extend_from_slice(fresh);
        let done = usize::try_from(self.produced).unwrap_or(usize::MAX);
        for (sample, lost) in output[begun..].iter_mut().zip(lost.iter().skip(done)) {
            *sample -= lost;
        }
        self.produced += fresh.len() as u64;
    }
}
