//! 3 x 3 convolutions of one channel, by their definition.
//!
//! Nine multiplications a value are too few for a transform to pay. They are so few that the backward pass computes the
//! activations again rather than keep them: the first block's are by far the largest of the network (478 MB of floats
//! for 16 slices of 911 frames).
//!
//! A window's height of rows is computed, pooled (or spread back) and forgotten.

use crate::activation::Activation;
use crate::gemm::product;
use crate::geometry::{At, Geometry};
use crate::kernels::Work;
use crate::pool::{Pooled, Pooling, Spread, spread_row};
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
    let rows = g.pool[0].max(2) * g.row();
    (g.height + 2) * (g.width + 2) * 2 + rows + (g.k() + g.width) * CHANNELS + 2 * g.k()
}

/// Rows `rows` of the image with a border of one row and column on every side, zeros where the image ends.
unsafe fn pad(g: &Geometry, image: *const f32, rows: std::ops::Range<usize>, to: *mut f32) {
    let width = g.width + 2;
    // SAFETY: `to` has room for the border.
    unsafe {
        std::slice::from_raw_parts_mut(to, (rows.len() + 2) * width).fill(0.0);
        for i in rows.start.saturating_sub(1)..g.height.min(rows.end + 1) {
            let to = to.add((i + 1 - rows.start) * width + 1);
            std::ptr::copy_nonoverlapping(image.add(i * g.width), to, g.width);
        }
    }
}

/// Pixels whose sums are in registers together: their windows overlap, so that a value is fetched for three.
const PIXELS: usize = 4;

/// `N` pixels of the convolution: rows of the padded image `width` apart from `x` on, the taps' weights `k` apart.
#[inline(always)]
unsafe fn convolve<S: Simd, const N: usize>(
    x: *const f32,
    width: usize,
    taps: *const f32,
    k: usize,
    bias: S,
) -> [S; N] {
    let mut y = [bias; N];
    for row in 0..3 {
        // SAFETY: as the caller says.
        unsafe {
            let weight: [S; 3] = std::array::from_fn(|tap| S::load(taps.add((row * 3 + tap) * k)));
            for column in 0..N + 2 {
                let x = S::splat(*x.add(row * width + column));
                for (pixel, y) in y.iter_mut().enumerate() {
                    if column >= pixel && column < pixel + 3 {
                        *y = x.fma(weight[column - pixel], *y);
                    }
                }
            }
        }
    }
    y
}

/// Activations of `N` pixels, `k` apart, and what they, less their centre, add to the sum and the sum of squares.
#[inline(always)]
unsafe fn finish<S: Simd, const N: usize>(
    y: [S; N],
    activation: Activation,
    to: *mut f32,
    k: usize,
    centre: S,
    sums: &mut [S; 2],
) {
    for pixel in 0..N {
        let kept = activation.kept(y[pixel]);
        // SAFETY: as the caller says.
        unsafe { kept.store(to.add(pixel * k)) };
        let a = activation.value(kept).sub(centre);
        *sums = [sums[0].add(a), a.fma(a, sums[1])];
    }
}

/// Activations of one row, `[width, k]`, and their sums; `padded` begins with the row above.
#[inline(always)]
unsafe fn convolve_row<S: Simd>(
    g: &Geometry,
    padded: *const f32,
    [taps, bias, centre]: [*const f32; 3],
    activation: Activation,
    to: *mut f32,
    sums: *mut f32,
) {
    let k = g.k();
    for lane in (0..k).step_by(S::LANES) {
        // SAFETY: three rows of the padded image, one of activations.
        unsafe {
            let (taps, bias) = (taps.add(lane), S::load(bias.add(lane)));
            let centre = S::load(centre.add(lane));
            let mut both = [S::load(sums.add(lane)), S::load(sums.add(k + lane))];
            let mut j = 0;
            while j + PIXELS <= g.width {
                let y = convolve::<S, PIXELS>(padded.add(j), g.width + 2, taps, k, bias);
                finish(y, activation, to.add(j * k + lane), k, centre, &mut both);
                j += PIXELS;
            }
            while j < g.width {
                let y = convolve::<S, 1>(padded.add(j), g.width + 2, taps, k, bias);
                finish(y, activation, to.add(j * k + lane), k, centre, &mut both);
                j += 1;
            }
            both[0].store(sums.add(lane));
            both[1].store(sums.add(k + lane));
        }
    }
}

/// A run of one image's rows through convolution, bias, activation, statistics and pool.
pub(crate) struct Forward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) start: At,
    /// Row at which the run ends.
    pub(crate) end: usize,
    /// The image, `[height, width]`.
    pub(crate) input: *const f32,
    /// [`by_tap`].
    pub(crate) taps: *const f32,
    pub(crate) bias: *const f32,
    pub(crate) activation: Activation,
    /// Of image 0.
    pub(crate) pooled: Pooled,
    /// `[k]`, what activations are compared with for the sums.
    pub(crate) centre: *const f32,
    /// `[2, k]` sums of the activations less their centre and of its squares, added to; null when nobody asks.
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
            let At { image, row: start } = self.start;
            let padded = self.scratch;
            let rows = padded.add((g.height + 2) * (g.width + 2));
            let sums = rows.add(ph.max(2) * g.row());
            // Rows below the last window only matter to the statistics.
            let end = if self.sums.is_null() { self.end.min(g.pooled()[0] * ph) } else { self.end };
            pad(g, self.input, start..end, padded);
            for first in (start..end).step_by(ph) {
                std::slice::from_raw_parts_mut(sums, 2 * k).fill(0.0);
                let n = ph.min(end - first);
                for i in 0..n {
                    let from = padded.add((first + i - start) * (g.width + 2));
                    let to = rows.add(i * g.row());
                    convolve_row::<S>(
                        g,
                        from,
                        [self.taps, self.bias, self.centre],
                        self.activation,
                        to,
                        sums,
                    );
                }
                let activations = rows.wrapping_sub(image * g.activations() + first * g.row());
                let (out, next) = (self.pooled, At { image, row: first });
                Pooling { g, activations, out, next }.until::<S>(At { image, row: first + n });
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
            let by_filter = activations.add(g.pool[0].max(2) * g.row());
            let by_pixel = by_filter.add(k * CHANNELS);
            let sums = by_pixel.add(g.width * CHANNELS);
            pad(g, self.input, 0..g.height, padded);
            std::slice::from_raw_parts_mut(d_padded, (g.height + 2) * width).fill(0.0);
            std::slice::from_raw_parts_mut(by_filter, k * CHANNELS).fill(0.0);
            std::slice::from_raw_parts_mut(sums, 2 * k).fill(0.0);
            for tap in 0..TAPS {
                for filter in 0..k {
                    *by_filter.add(filter * CHANNELS + tap) = *self.taps.add(tap * k + filter);
                }
            }
            // The sums are of no use here, whatever they are compared with.
            let weights = [self.taps, self.bias, self.spread.mean];
            for i in 0..g.height {
                let from = padded.add(i * width);
                convolve_row::<S>(g, from, weights, self.spread.activation, activations, sums);
                spread_row::<S>(g, i, activations, self.spread, gradient);
                taps_back::<S>(g, from, gradient, self.d_taps);
                if !self.d_input.is_null() {
                    // The nine taps' shares of every pixel, side by side.
                    let shape = [g.width, CHANNELS, k];
                    product::<S>(shape, gradient, k, by_filter, by_pixel, CHANNELS);
                    input_back(g, by_pixel, d_padded.add(i * width));
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

/// Adds `sum over pixels of gradient * input` for each tap and filter; `padded` begins with the row above.
#[inline(always)]
unsafe fn taps_back<S: Simd>(g: &Geometry, padded: *const f32, gradient: *const f32, d_taps: *mut f32) {
    let k = g.k();
    for lane in (0..k).step_by(S::LANES) {
        // SAFETY: three rows of the padded image, one of gradients.
        unsafe {
            let mut sums: [S; TAPS] = std::array::from_fn(|tap| S::load(d_taps.add(tap * k + lane)));
            let mut j = 0;
            while j + PIXELS <= g.width {
                taps_of::<S, PIXELS>(padded.add(j), g.width + 2, gradient.add(j * k + lane), k, &mut sums);
                j += PIXELS;
            }
            while j < g.width {
                taps_of::<S, 1>(padded.add(j), g.width + 2, gradient.add(j * k + lane), k, &mut sums);
                j += 1;
            }
            for (tap, sum) in sums.into_iter().enumerate() {
                sum.store(d_taps.add(tap * k + lane));
            }
        }
    }
}

/// What `N` pixels add to the taps' gradients.
#[inline(always)]
unsafe fn taps_of<S: Simd, const N: usize>(
    x: *const f32,
    width: usize,
    gradient: *const f32,
    k: usize,
    sums: &mut [S; TAPS],
) {
    // SAFETY: as the caller says.
    unsafe {
        let d: [S; N] = std::array::from_fn(|pixel| S::load(gradient.add(pixel * k)));
        for row in 0..3 {
            for column in 0..N + 2 {
                let x = S::splat(*x.add(row * width + column));
                for (pixel, d) in d.iter().enumerate() {
                    if column >= pixel && column < pixel + 3 {
                        let sum = &mut sums[row * 3 + column - pixel];
                        *sum = x.fma(*d, *sum);
                    }
                }
            }
        }
    }
}

/// Adds a row's part of the input's gradient, given by pixel and tap, to the rows above, at and below it.
#[inline(always)]
unsafe fn input_back(g: &Geometry, by_pixel: *const f32, d_padded: *mut f32) {
    for row in 0..3 {
        for j in 0..g.width {
            for column in 0..3 {
                // SAFETY: three rows of the padded image.
                unsafe {
                    *d_padded.add(row * (g.width + 2) + j + column) +=
                        *by_pixel.add(j * CHANNELS + row * 3 + column);
                }
            }
        }
    }
}
