//! 3 x 3 convolutions of one channel, by their definition.
//!
//! Nine multiplications a value are too few for a transform to pay. They are so few that the backward pass computes the
//! activations again rather than keep them: the first block's are by far the largest of the network (478 MB of floats
//! for 16 slices of 911 frames).
//!
//! A window's height of rows is computed, pooled (or spread back) and forgotten.

use crate::activation::Activation;
use crate::geometry::Geometry;
use crate::kernels::Work;
use crate::pool::{Pooled, Spread, pool_rows, spread_row};
use crate::simd::{CHANNELS, Simd};

const TAPS: usize = 9;

/// `[filters, 1, 3, 3]` as `[9, k]`.
pub(crate) fn by_tap(g: &Geometry, weight: &[f32]) -> Vec<f32> {
    let k = g.k();
    let mut taps = vec![0.0; TAPS * k];
    for (filter, weight) in weight.chunks_exact(TAPS).enumerate() {
        for (tap, w) in weight.iter().enumerate() {
            taps[tap * k + filter] = *w;
        }
    }
    taps
}

/// Scratch floats that one thread needs.
pub(crate) fn scratch_len(g: &Geometry) -> usize {
    (g.height + 2) * (g.width + 2) * 2 + (g.pool[0] + 1) * g.row() + g.k() * CHANNELS + 2 * g.k()
}

/// The image with a border of zeros.
unsafe fn pad(g: &Geometry, image: *const f32, to: *mut f32) {
    let row = g.width + 2;
    // SAFETY: `to` has room for the border.
    unsafe {
        std::slice::from_raw_parts_mut(to, (g.height + 2) * row).fill(0.0);
        for i in 0..g.height {
            std::ptr::copy_nonoverlapping(image.add(i * g.width), to.add((i + 1) * row + 1), g.width);
        }
    }
}

/// Activations of row `i` of the padded image, `[width, k]`, and their sums.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "called from two places that hold these apart")]
unsafe fn convolve_row<S: Simd>(
    g: &Geometry,
    i: usize,
    padded: *const f32,
    taps: *const f32,
    bias: *const f32,
    activation: Activation,
    to: *mut f32,
    sums: *mut f32,
) {
    let k = g.k();
    for lane in (0..k).step_by(S::LANES) {
        // SAFETY: three rows of the padded image, one of activations.
        unsafe {
            let weight: [S; TAPS] = std::array::from_fn(|tap| S::load(taps.add(tap * k + lane)));
            let bias = S::load(bias.add(lane));
            let mut sum = S::load(sums.add(lane));
            let mut square = S::load(sums.add(k + lane));
            for j in 0..g.width {
                let mut y = bias;
                for (tap, weight) in weight.into_iter().enumerate() {
                    let x = *padded.add((i + tap / 3) * (g.width + 2) + j + tap % 3);
                    y = S::splat(x).fma(weight, y);
                }
                let a = activation.of(y);
                sum = sum.add(a);
                square = a.fma(a, square);
                a.store(to.add(j * k + lane));
            }
            sum.store(sums.add(lane));
            square.store(sums.add(k + lane));
        }
    }
}

/// One image through convolution, bias, activation, statistics and pool.
pub(crate) struct Forward<'a> {
    pub(crate) g: &'a Geometry,
    /// `[height, width]`.
    pub(crate) input: *const f32,
    /// [`by_tap`].
    pub(crate) taps: *const f32,
    pub(crate) bias: *const f32,
    pub(crate) activation: Activation,
    pub(crate) pooled: Pooled,
    /// `[2, k]` sums of the activations and of their squares, added to; null when nobody asks.
    pub(crate) sums: *mut f64,
    /// [`scratch_len`] floats.
    pub(crate) scratch: *mut f32,
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (g, k, ph) = (self.g, self.g.k(), self.g.pool[0]);
        // SAFETY: the pointers hold what the fields say.
        unsafe {
            let padded = self.scratch;
            let rows = padded.add((g.height + 2) * (g.width + 2));
            let sums = rows.add((ph + 1) * g.row());
            pad(g, self.input, padded);
            // Rows below the last window only matter to the statistics.
            let height = if self.sums.is_null() { g.pooled()[0] * ph } else { g.height };
            for first in (0..height).step_by(ph) {
                std::slice::from_raw_parts_mut(sums, 2 * k).fill(0.0);
                let n = ph.min(height - first);
                for i in 0..n {
                    let to = rows.add(i * g.row());
                    convolve_row::<S>(g, first + i, padded, self.taps, self.bias, self.activation, to, sums);
                }
                if n == ph {
                    pool_rows::<S>(g, rows, first, first / ph..first / ph + 1, self.pooled);
                }
                if !self.sums.is_null() {
                    for i in 0..2 * k {
                        *self.sums.add(i) += f64::from(*sums.add(i));
                    }
                }
            }
        }
    }
}

/// The way back of one image.
pub(crate) struct Backward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) input: *const f32,
    pub(crate) taps: *const f32,
    pub(crate) bias: *const f32,
    pub(crate) spread: Spread,
    /// `[height, width]`; null when the input needs no gradient.
    pub(crate) d_input: *mut f32,
    /// `[9, k]`, added to.
    pub(crate) d_taps: *mut f32,
    /// [`scratch_len`] floats.
    pub(crate) scratch: *mut f32,
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (g, k, width) = (self.g, self.g.k(), self.g.width + 2);
        // SAFETY: the pointers hold what the fields say.
        unsafe {
            let padded = self.scratch;
            let d_padded = padded.add((g.height + 2) * width);
            let activations = d_padded.add((g.height + 2) * width);
            let gradient = activations.add(g.row());
            // With a pool one row high there are two rows: as many as this needs.
            let by_filter = activations.add((g.pool[0] + 1) * g.row());
            let sums = by_filter.add(k * CHANNELS);
            pad(g, self.input, padded);
            std::slice::from_raw_parts_mut(d_padded, (g.height + 2) * width).fill(0.0);
            std::slice::from_raw_parts_mut(by_filter, k * CHANNELS + 2 * k).fill(0.0);
            for tap in 0..TAPS {
                for filter in 0..k {
                    *by_filter.add(filter * CHANNELS + tap) = *self.taps.add(tap * k + filter);
                }
            }
            for i in 0..g.height {
                convolve_row::<S>(
                    g,
                    i,
                    padded,
                    self.taps,
                    self.bias,
                    self.spread.activation,
                    activations,
                    sums,
                );
                spread_row::<S>(g, i, activations, self.spread, gradient);
                taps_back::<S>(g, i, padded, gradient, self.d_taps);
                if !self.d_input.is_null() {
                    input_back::<S>(g, gradient, by_filter, d_padded.add(i * width));
                }
            }
            if !self.d_input.is_null() {
                for i in 0..g.height {
                    let from = d_padded.add((i + 1) * width + 1);
                    std::ptr::copy_nonoverlapping(from, self.d_input.add(i * g.width), g.width);
                }
            }
        }
    }
}

/// Adds `sum over pixels of gradient * input` for each tap and filter.
#[inline(always)]
unsafe fn taps_back<S: Simd>(
    g: &Geometry,
    i: usize,
    padded: *const f32,
    gradient: *const f32,
    d_taps: *mut f32,
) {
    let k = g.k();
    for lane in (0..k).step_by(S::LANES) {
        // SAFETY: three rows of the padded image, one of gradients.
        unsafe {
            let mut sums: [S; TAPS] = std::array::from_fn(|tap| S::load(d_taps.add(tap * k + lane)));
            for j in 0..g.width {
                let d = S::load(gradient.add(j * k + lane));
                for (tap, sum) in sums.iter_mut().enumerate() {
                    let x = *padded.add((i + tap / 3) * (g.width + 2) + j + tap % 3);
                    *sum = S::splat(x).fma(d, *sum);
                }
            }
            for (tap, sum) in sums.into_iter().enumerate() {
                sum.store(d_taps.add(tap * k + lane));
            }
        }
    }
}

/// Adds the row's part of the input's gradient: the nine taps of a pixel are the lanes.
#[inline(always)]
unsafe fn input_back<S: Simd>(g: &Geometry, gradient: *const f32, by_filter: *const f32, d_padded: *mut f32) {
    let k = g.k();
    for j in 0..g.width {
        // SAFETY: one row of gradients, three of the padded image.
        unsafe {
            let mut taps = [0.0f32; CHANNELS];
            let mut lane = 0;
            while lane < TAPS {
                // Two sums each for half of the filters: one would wait for itself.
                let mut sums = [S::zero(); 2];
                for filter in (0..k).step_by(2) {
                    for (half, sum) in sums.iter_mut().enumerate() {
                        let d = S::splat(*gradient.add(j * k + filter + half));
                        *sum = d.fma(S::load(by_filter.add((filter + half) * CHANNELS + lane)), *sum);
                    }
                }
                sums[0].add(sums[1]).store(taps.as_mut_ptr().add(lane));
                lane += S::LANES;
            }
            for (tap, value) in taps.into_iter().take(TAPS).enumerate() {
                *d_padded.add((tap / 3) * (g.width + 2) + j + tap % 3) += value;
            }
        }
    }
}
