//! Images through convolution, bias, activation, statistics and pool.

use super::{CHUNK, POINTS, Strides, Tile, gather, output_points};
use crate::activation::Activation;
use crate::gemm::product;
use crate::geometry::{At, Geometry};
use crate::kernels::Work;
use crate::pool::{Pooled, Pooling};
use crate::simd::Simd;

/// A run of rows, from a row of tiles to the end of one.
pub(crate) struct Forward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) start: At,
    pub(crate) end: At,
    /// The batch, `[height, width, channels]` each.
    pub(crate) input: *const f32,
    /// [`super::transform_kernels`].
    pub(crate) kernels: *const f32,
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
    /// [`super::scratch_len`] floats.
    pub(crate) scratch: *mut f32,
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let g = self.g;
        let (c, k, [rows, columns], strides) = (g.c(), g.k(), g.tiles(), Strides::new(g));
        let number = |at: At| (at.image * rows + at.row.div_ceil(4)) * columns;
        let (start, end) = (number(self.start), number(self.end));
        let (out, next) = (self.pooled, self.start);
        let mut pooling = Pooling { g, activations: self.activations, out, next };
        // SAFETY: the pointers hold what the fields say, and tiles are cut off at the image's edges.
        unsafe {
            let v = self.scratch;
            let m = v.add(POINTS * strides.v);
            let patch = m.add(POINTS * strides.m);
            let sums = patch.add(POINTS * c + 4 * g.row());
            for first in (start..end).step_by(CHUNK) {
                let n = CHUNK.min(end - first);
                for t in 0..n {
                    gather::<S>(g, first + t, self.input, patch, v.add(t * c), strides.v);
                }
                for point in 0..POINTS {
                    let (v, m) = (v.add(point * strides.v), m.add(point * strides.m));
                    product::<S>([n, k, c], v, c, self.kernels.add(point * c * k), m, k);
                }
                std::slice::from_raw_parts_mut(sums, 2 * k).fill(0.0);
                for t in 0..n {
                    self.finish_tile::<S>(first + t, m.add(t * k), strides.m, sums);
                }
                if !self.sums.is_null() {
                    for i in 0..2 * k {
                        *self.sums.add(i) += f64::from(*sums.add(i));
                    }
                }
                let done = (first + n) / columns;
                pooling.until::<S>(At { image: done / rows, row: 4 * (done % rows) });
            }
        }
    }
}

impl Forward<'_> {
    /// From `M` to activations.
    #[inline(always)]
    unsafe fn finish_tile<S: Simd>(&self, tile: usize, m: *const f32, stride: usize, sums: *mut f32) {
        let g = self.g;
        let (k, at) = (g.k(), Tile::new(g, tile));
        let to = at.image * g.activations() + (at.top * g.width + at.left) * k;
        let to = self.activations.wrapping_add(to);
        // SAFETY: the tile is cut off at the image's edges.
        unsafe {
            for lane in (0..k).step_by(S::LANES) {
                let mut half = [[S::zero(); 6]; 4];
                for j in 0..6 {
                    let column = std::array::from_fn(|i| S::load(m.add((i * 6 + j) * stride + lane)));
                    let column = output_points(column);
                    for i in 0..4 {
                        half[i][j] = column[i];
                    }
                }
                let (bias, centre) = (S::load(self.bias.add(lane)), S::load(self.centre.add(lane)));
                let (mut sum, mut square) = (S::load(sums.add(lane)), S::load(sums.add(k + lane)));
                for (i, half) in half.into_iter().enumerate() {
                    if i >= at.height {
                        break;
                    }
                    for (j, y) in output_points(half).into_iter().enumerate() {
                        if j < at.width {
                            let kept = self.activation.kept(y.add(bias));
                            kept.store(to.add((i * g.width + j) * k + lane));
                            let a = self.activation.value(kept).sub(centre);
                            sum = sum.add(a);
                            square = a.fma(a, square);
                        }
                    }
                }
                sum.store(sums.add(lane));
                square.store(sums.add(k + lane));
            }
        }
    }
}
