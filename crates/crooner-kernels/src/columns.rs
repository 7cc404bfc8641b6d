//! Convolutions of any kernel, as matrix products of patches.
//!
//! The values under the kernel at one pixel, tap after tap and channel after channel, are one row of `depth` values;
//! [`CHUNK`] pixels make a matrix that stays in cache, and its product with the weights, `[depth, k]`, is the
//! convolution. Channel-last, a patch is one run of memory for each row of the kernel.
//!
//! ```text
//!        kernel 3 x 5, c channels                 depth = 15 c
//!      +-----------------------+          pixel +--------+--------+--------+     +-----+
//!  y-1 |###################    |            0   | row y-1|  row y | row y+1|     |     |
//!   y  |###################    |   ->       1   |        |        |        |  x  |  W  | depth
//!  y+1 |###################    |            2   |        |        |        |     |     |
//!      +-----------------------+           ...  +--------+--------+--------+     +-----+
//!               5 c floats                                                          k
//! ```
//!
//! Backward, the gradient of the patches is the product with the transpose, added back to where they came from; that
//! of the weights is the patches' transpose times the gradient.

use crate::activation::Activation;
use crate::gemm::{add_transposed_product, pack, product};
use crate::geometry::{At, Geometry};
use crate::kernels::{Kernels, Work};
use crate::pool::{Pooled, Pooling, Spread, spread_row};
use crate::simd::{CHANNELS, Simd};

/// Pixels at a time: whole rows of every micro-kernel.
pub(crate) const CHUNK: usize = 48;

/// Values of a patch, padded.
pub(crate) fn depth(g: &Geometry) -> usize {
    (g.kernel[0] * g.kernel[1] * g.channels).next_multiple_of(CHANNELS)
}

/// `weight`, `[filters, channels, rows, columns]`, as `[depth, k]`, packed for products from the left; `transposed`, as
/// `[k, depth]`.
pub(crate) fn pack_weight(
    kernels: Kernels,
    g: &Geometry,
    weight: &[f32],
    transposed: bool,
    packed: &mut [f32],
) {
    let taps = g.kernel[0] * g.kernel[1];
    let value = |at: usize, filter: usize| {
        let (tap, channel) = (at / g.channels, at % g.channels);
        if filter < g.filters && tap < taps {
            weight[(filter * g.channels + channel) * taps + tap]
        } else {
            0.0
        }
    };
    let (depth, k) = (depth(g), g.k());
    if transposed {
        pack(kernels, k, depth, |filter, at| value(at, filter), packed);
    } else {
        pack(kernels, depth, k, value, packed);
    }
}

/// `[filters, channels, rows, columns]` from `[depth, k]` in parts, added in their order.
pub(crate) fn unpack_gradient(g: &Geometry, parts: &[&[f32]]) -> Vec<f32> {
    let (taps, k) = (g.kernel[0] * g.kernel[1], g.k());
    let mut gradient = Vec::with_capacity(g.filters * g.channels * taps);
    for filter in 0..g.filters {
        for channel in 0..g.channels {
            for tap in 0..taps {
                let at = (tap * g.channels + channel) * k + filter;
                gradient.push(parts.iter().map(|part| part[at]).sum());
            }
        }
    }
    gradient
}

/// Scratch floats that one thread needs.
pub(crate) fn scratch_len(g: &Geometry) -> usize {
    2 * CHUNK * depth(g) + g.row() + 2 * g.k()
}

/// Calls `run(at, from, len)` for each run of memory that a pixel's patch shares with its image: `len` floats of the
/// patch from `at` on are those of the image from `from` on.
#[inline(always)]
fn runs(g: &Geometry, [y, x]: [usize; 2], mut run: impl FnMut(usize, usize, usize)) {
    let [rows, columns] = g.kernel;
    let (above, left) = (rows / 2, columns / 2);
    let first = left.saturating_sub(x);
    let last = columns.min(g.width + left - x);
    for row in above.saturating_sub(y)..rows.min(g.height + above - y) {
        let from = ((y + row - above) * g.width + x + first - left) * g.channels;
        run((row * columns + first) * g.channels, from, (last - first) * g.channels);
    }
}

/// The patch of a pixel.
#[inline(always)]
unsafe fn gather(g: &Geometry, pixel: [usize; 2], image: *const f32, patch: *mut f32) {
    // SAFETY: `runs` keeps to the image and the patch.
    unsafe {
        std::slice::from_raw_parts_mut(patch, depth(g)).fill(0.0);
        runs(g, pixel, |at, from, len| {
            std::ptr::copy_nonoverlapping(image.add(from), patch.add(at), len);
        });
    }
}

/// A run of rows through convolution, bias, activation, statistics and pool.
pub(crate) struct Forward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) start: At,
    pub(crate) end: At,
    /// The batch, `[height, width, channels]` each.
    pub(crate) input: *const f32,
    /// [`pack_weight`].
    pub(crate) weight: *const f32,
    pub(crate) bias: *const f32,
    pub(crate) activation: Activation,
    /// Where row 0 of image 0 would lie, `[height, width, k]` an image, in what has room for the run.
    pub(crate) activations: *mut f32,
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
        let (g, k, depth) = (self.g, self.g.k(), depth(self.g));
        let number = |at: At| (at.image * g.height + at.row) * g.width;
        let (start, end) = (number(self.start), number(self.end));
        let (out, next) = (self.pooled, self.start);
        let mut pooling = Pooling { g, activations: self.activations, out, next };
        // SAFETY: the pointers hold what the fields say.
        unsafe {
            let patches = self.scratch;
            let sums = patches.add(CHUNK * depth);
            for first in (start..end).step_by(CHUNK) {
                let n = CHUNK.min(end - first);
                for p in first..first + n {
                    let (row, x) = (p / g.width, p % g.width);
                    let image = self.input.add(row / g.height * g.input());
                    gather(g, [row % g.height, x], image, patches.add((p - first) * depth));
                }
                let to = self.activations.wrapping_add(first * k);
                product::<S>([n, k, depth], patches, depth, self.weight, to, k);
                std::slice::from_raw_parts_mut(sums, 2 * k).fill(0.0);
                for lane in (0..k).step_by(S::LANES) {
                    let (bias, centre) = (S::load(self.bias.add(lane)), S::load(self.centre.add(lane)));
                    let (mut sum, mut square) = (S::zero(), S::zero());
                    for p in 0..n {
                        let at = to.add(p * k + lane);
                        let kept = self.activation.kept(S::load(at).add(bias));
                        kept.store(at);
                        let a = self.activation.value(kept).sub(centre);
                        sum = sum.add(a);
                        square = a.fma(a, square);
                    }
                    sum.store(sums.add(lane));
                    square.store(sums.add(k + lane));
                }
                if !self.sums.is_null() {
                    for i in 0..2 * k {
                        *self.sums.add(i) += f64::from(*sums.add(i));
                    }
                }
                let rows = (first + n) / g.width;
                pooling.until::<S>(At { image: rows / g.height, row: rows % g.height });
            }
        }
    }
}

/// The way back of some images.
pub(crate) struct Backward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) images: usize,
    pub(crate) input: *const f32,
    /// [`pack_weight`], transposed; null when the input needs no gradient.
    pub(crate) weight: *const f32,
    pub(crate) activations: *const f32,
    /// Of the first image.
    pub(crate) spread: Spread,
    /// `[images, height, width, channels]`, zeros at first.
    pub(crate) d_input: *mut f32,
    /// `[depth, k]`, added to.
    pub(crate) d_weight: *mut f32,
    /// [`scratch_len`] floats.
    pub(crate) scratch: *mut f32,
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (g, k, depth) = (self.g, self.g.k(), depth(self.g));
        // SAFETY: the pointers hold what the fields say.
        unsafe {
            let patches = self.scratch;
            let d_patches = patches.add(CHUNK * depth);
            let gradient = d_patches.add(CHUNK * depth);
            for image in 0..self.images {
                let from = self.input.add(image * g.input());
                for y in 0..g.height {
                    let row = self.activations.add(image * g.activations() + y * g.row());
                    spread_row::<S>(g, y, row, self.spread.of(g, image), gradient);
                    for x in (0..g.width).step_by(CHUNK) {
                        let n = CHUNK.min(g.width - x);
                        let d = gradient.add(x * k);
                        for p in 0..n {
                            gather(g, [y, x + p], from, patches.add(p * depth));
                        }
                        add_transposed_product::<S>([depth, k, n], [depth, k, k], patches, d, self.d_weight);
                        if self.weight.is_null() {
                            continue;
                        }
                        product::<S>([n, depth, k], d, k, self.weight, d_patches, depth);
                        let to = self.d_input.add(image * g.input());
                        for p in 0..n {
                            let d_patch = d_patches.add(p * depth);
                            runs(g, [y, x + p], |at, from, len| {
                                for i in 0..len {
                                    *to.add(from + i) += *d_patch.add(at + i);
                                }
                            });
                        }
                    }
                }
            }
        }
    }
}
