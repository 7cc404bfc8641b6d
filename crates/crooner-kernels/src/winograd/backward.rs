//! The way back through spread, transforms and products.

use super::{CHUNK, POINTS, Strides, Tile, gather, input_back, output_back};
use crate::gemm::{add_transposed_product, product, transposed_product};
use crate::geometry::Geometry;
use crate::kernels::Work;
use crate::pool::{Spread, spread_row};
use crate::simd::Simd;

/// The way back of some images.
pub(crate) struct Backward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) images: usize,
    pub(crate) input: *const f32,
    /// [`super::transform_kernels`], transposed; null when the input needs no gradient.
    pub(crate) kernels: *const f32,
    pub(crate) activations: *const f32,
    /// Of the first image.
    pub(crate) spread: Spread,
    /// `[images, height, width, channels]`, zeros at first.
    pub(crate) d_input: *mut f32,
    /// `dU`, `[36, c, k]`; what it holds before does not matter.
    pub(crate) d_kernels: *mut f32,
    /// [`super::scratch_len`] floats.
    pub(crate) scratch: *mut f32,
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let g = self.g;
        let (c, k, [rows, columns], strides) = (g.c(), g.k(), g.tiles(), Strides::new(g));
        let total = self.images * rows * columns;
        // SAFETY: the pointers hold what the fields say, and tiles are cut off at the image's edges.
        unsafe {
            let v = self.scratch;
            let m = v.add(POINTS * strides.v);
            let patch = m.add(POINTS * strides.m);
            let strip = patch.add(POINTS * c);
            let mut spread_tiles = 0;
            for first in (0..total).step_by(CHUNK) {
                let n = CHUNK.min(total - first);
                for t in 0..n {
                    gather::<S>(g, first + t, self.input, patch, v.add(t * c), strides.v);
                    // A row of tiles is spread when its first tile comes.
                    let at = Tile::new(g, first + t);
                    if first + t == spread_tiles {
                        self.spread_strip::<S>(&at, strip);
                        spread_tiles += columns;
                    }
                    tile_back::<S>(g, &at, strip, m.add(t * k), strides.m);
                }
                for point in 0..POINTS {
                    let (v, m) = (v.add(point * strides.v), m.add(point * strides.m));
                    let to = self.d_kernels.add(point * c * k);
                    if first == 0 {
                        transposed_product::<S>([c, k, n], [c, k, k], v, m, to);
                    } else {
                        add_transposed_product::<S>([c, k, n], [c, k, k], v, m, to);
                    }
                    if !self.kernels.is_null() {
                        // `V` has done its work: `dV` takes its place.
                        product::<S>([n, c, k], m, k, self.kernels.add(point * c * k), v, c);
                    }
                }
                if !self.kernels.is_null() {
                    for t in 0..n {
                        let at = Tile::new(g, first + t);
                        scatter::<S>(g, &at, v.add(t * c), strides.v, patch, self.d_input);
                    }
                }
            }
        }
    }
}

impl Backward<'_> {
    #[inline(always)]
    unsafe fn spread_strip<S: Simd>(&self, at: &Tile, strip: *mut f32) {
        let g = self.g;
        // SAFETY: rows of image `at.image`.
        unsafe {
            let spread = self.spread.of(g, at.image);
            for i in 0..at.height {
                let row = self.activations.add(at.image * g.activations() + (at.top + i) * g.row());
                spread_row::<S>(g, at.top + i, row, spread, strip.add(i * g.row()));
            }
        }
    }
}

/// `dM = A dY A^T` of one tile.
#[inline(always)]
unsafe fn tile_back<S: Simd>(g: &Geometry, at: &Tile, strip: *const f32, m: *mut f32, stride: usize) {
    let k = g.k();
    for lane in (0..k).step_by(S::LANES) {
        // SAFETY: the tile is cut off at the image's edges.
        unsafe {
            let y = |i: usize, j: usize| {
                if i < at.height && j < at.width {
                    S::load(strip.add(i * g.row() + (at.left + j) * k + lane))
                } else {
                    S::zero()
                }
            };
            let mut half = [[S::zero(); 4]; 6];
            for j in 0..4 {
                let column = output_back([y(0, j), y(1, j), y(2, j), y(3, j)]);
                for i in 0..6 {
                    half[i][j] = column[i];
                }
            }
            for i in 0..6 {
                for (j, value) in output_back(half[i]).into_iter().enumerate() {
                    value.store(m.add((i * 6 + j) * stride + lane));
                }
            }
        }
    }
}

/// Adds `dd = B dV B^T` of one tile to the image.
#[inline(always)]
unsafe fn scatter<S: Simd>(
    g: &Geometry,
    at: &Tile,
    v: *const f32,
    stride: usize,
    patch: *mut f32,
    d_input: *mut f32,
) {
    let c = g.c();
    // SAFETY: the patch is cut off at the image's edges and padding channels are left out.
    unsafe {
        let image = d_input.add(at.image * g.input());
        let whole = c == g.channels;
        for lane in (0..c).step_by(S::LANES) {
            let mut half = [[S::zero(); 6]; 6];
            for j in 0..6 {
                let column = std::array::from_fn(|i| S::load(v.add((i * 6 + j) * stride + lane)));
                let column = input_back(column);
                for i in 0..6 {
                    half[i][j] = column[i];
                }
            }
            for i in 0..6 {
                let (y, row) = (at.top + i, input_back(half[i]));
                if y == 0 || y > g.height {
                    continue;
                }
                for (j, value) in row.into_iter().enumerate() {
                    let x = at.left + j;
                    if x == 0 || x > g.width {
                        continue;
                    }
                    let to = image.add(((y - 1) * g.width + x - 1) * g.channels);
                    if whole {
                        let to = to.add(lane);
                        S::load(to).add(value).store(to);
                    } else {
                        value.store(patch.add(lane));
                        for channel in lane..g.channels.min(lane + S::LANES) {
                            *to.add(channel) += *patch.add(channel);
                        }
                    }
                }
            }
        }
    }
}
