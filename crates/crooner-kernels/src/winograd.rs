//! 3 x 3 convolutions by Winograd's F(4x4, 3x3).
//!
//! A 4 x 4 tile of output needs a 6 x 6 patch of input. Both are polynomials whose product is found from its values at
//! 0, 1, -1, 2, -2 and infinity in each direction (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks",
//! 2016), so that the convolution becomes 36 products of one number each, where the definition needs 144:
//!
//! ```text
//! V = B^T d B       6 x 6 patch d of one channel of the input
//! U = G w G^T       3 x 3 kernel w, 6 x 6
//! M = sum over channels of U . V      elementwise: over all tiles, 36 matrix products [tiles, c] x [c, k]
//! Y = A^T M A       4 x 4 tile of one filter's output
//!
//!        | 4  0 -5  0  1  0 |         |  1/4    0    0  |
//!        | 0 -4 -4  1  1  0 |         | -1/6 -1/6 -1/6  |           | 1  1  1  1  1  0 |
//! B^T =  | 0  4 -4 -1  1  0 |     G = | -1/6  1/6 -1/6  |   A^T =   | 0  1 -1  2 -2  0 |
//!        | 0 -2 -1  2  1  0 |         | 1/24 1/12  1/6  |           | 0  1  1  4  4  0 |
//!        | 0  2 -1 -2  1  0 |         | 1/24 -1/12 1/6  |           | 0  1 -1  8 -8  1 |
//!        | 0  4  0 -5  0  1 |         |   0    0    1   |
//! ```
//!
//! Every step is linear, so the backward pass is made of the transposes: `dM = A dY A^T`, `dV = dM U^T` and
//! `dd = B dV B^T` for the input, `dU = V^T dM` and `dw = G^T dU G` for the kernel.
//!
//! Tiles are taken a chunk of [`CHUNK`] at a time; a chunk's `V` and `M` stay in the second-level cache.

use crate::activation::Activation;
use crate::gemm::{add_transposed_product, pack, product};
use crate::geometry::Geometry;
use crate::kernels::{Kernels, Work};
use crate::parallel::{Buffer, each};
use crate::pool::{Pooled, Spread, pool_rows, spread_row};
use crate::simd::{CHANNELS, Simd};

/// Tiles transformed at a time: four times the rows of AVX-512's micro-kernel, eight times AVX2's.
pub(crate) const CHUNK: usize = 48;

/// Products per tile.
const POINTS: usize = 36;

/// `G g`.
#[inline(always)]
fn kernel_points(g: [f32; 3]) -> [f32; 6] {
    let even = (g[0] + g[2]) / -6.0;
    let (near, far) = (g[1] / -6.0, g[0] / 24.0 + g[2] / 6.0);
    [g[0] / 4.0, even + near, even - near, far + g[1] / 12.0, far - g[1] / 12.0, g[2]]
}

/// `G^T u`.
#[inline(always)]
fn kernel_back(u: [f32; 6]) -> [f32; 3] {
    [
        u[0] / 4.0 - (u[1] + u[2]) / 6.0 + (u[3] + u[4]) / 24.0,
        (u[2] - u[1]) / 6.0 + (u[3] - u[4]) / 12.0,
        (u[3] + u[4] - u[1] - u[2]) / 6.0 + u[5],
    ]
}

/// `B^T d`.
#[inline(always)]
fn input_points<S: Simd>(d: [S; 6]) -> [S; 6] {
    let (four, five) = (S::splat(4.0), S::splat(5.0));
    let p = four.fnma(d[2], d[4]);
    let q = four.fnma(d[1], d[3]);
    let r = d[4].sub(d[2]);
    let s = d[3].sub(d[1]);
    let s = s.add(s);
    [
        four.fma(d[0], five.fnma(d[2], d[4])),
        p.add(q),
        p.sub(q),
        r.add(s),
        r.sub(s),
        four.fma(d[1], five.fnma(d[3], d[5])),
    ]
}

/// `B v`.
#[inline(always)]
fn input_back<S: Simd>(v: [S; 6]) -> [S; 6] {
    let (two, four, five) = (S::splat(2.0), S::splat(4.0), S::splat(5.0));
    let (s12, d12) = (v[1].add(v[2]), v[1].sub(v[2]));
    let (s34, d34) = (v[3].add(v[4]), v[3].sub(v[4]));
    let zero = S::zero();
    [
        four.mul(v[0]),
        four.fma(v[5], two.fnma(d34, four.fnma(d12, zero))),
        five.fnma(v[0], four.fnma(s12, zero)).sub(s34),
        five.fnma(v[5], two.fma(d34, d12)),
        v[0].add(s12).add(s34),
        v[5],
    ]
}

/// `A^T m`.
#[inline(always)]
fn output_points<S: Simd>(m: [S; 6]) -> [S; 4] {
    let (two, four, eight) = (S::splat(2.0), S::splat(4.0), S::splat(8.0));
    let (s, d) = (m[1].add(m[2]), m[1].sub(m[2]));
    let (t, e) = (m[3].add(m[4]), m[3].sub(m[4]));
    [m[0].add(s).add(t), two.fma(e, d), four.fma(t, s), eight.fma(e, d).add(m[5])]
}

/// `A y`.
#[inline(always)]
fn output_back<S: Simd>(y: [S; 4]) -> [S; 6] {
    let (two, four, eight) = (S::splat(2.0), S::splat(4.0), S::splat(8.0));
    let (even, odd) = (y[0].add(y[2]), y[1].add(y[3]));
    let (even2, odd2) = (four.fma(y[2], y[0]), eight.fma(y[3], two.mul(y[1])));
    [y[0], even.add(odd), even.sub(odd), even2.add(odd2), even2.sub(odd2), y[3]]
}

/// Floats of one layer's transformed kernels.
pub(crate) fn kernels_len(g: &Geometry) -> usize {
    POINTS * g.c() * g.k()
}

/// `U` of every filter and channel, packed as the right side of `V U` (`[c, k]` for each point) or, `transposed`, of
/// `dM U^T` (`[k, c]`). `weight` is `[filters, channels, 3, 3]`; padding is zero.
pub(crate) fn transform_kernels(
    kernels: Kernels,
    g: &Geometry,
    weight: &[f32],
    transposed: bool,
    to: &mut [f32],
) {
    let (c, k) = (g.c(), g.k());
    // `[c, 36, k]`: the channels are independent, and a channel's rows stay in cache.
    let mut points = Buffer::any(POINTS * c * k);
    let rows = points.chunks_exact_mut(CHANNELS * POINTS * k).enumerate().collect();
    each(rows, |(block, rows): (usize, &mut [f32])| {
        rows.fill(0.0);
        let channels = block * CHANNELS..g.channels.min((block + 1) * CHANNELS);
        for (channel, rows) in channels.zip(rows.chunks_exact_mut(POINTS * k)) {
            for filter in 0..g.filters {
                let w = &weight[(filter * g.channels + channel) * 9..][..9];
                let half: [[f32; 6]; 3] = std::array::from_fn(|j| kernel_points([w[j], w[3 + j], w[6 + j]]));
                for i in 0..6 {
                    let u = kernel_points([half[0][i], half[1][i], half[2][i]]);
                    for (j, u) in u.into_iter().enumerate() {
                        rows[(i * 6 + j) * k + filter] = u;
                    }
                }
            }
        }
    });
    let points = &points;
    each(to.chunks_exact_mut(c * k).enumerate().collect(), |(point, packed)| {
        let u = |channel: usize, filter: usize| points[(channel * POINTS + point) * k + filter];
        if transposed {
            pack(kernels, k, c, |filter, channel| u(channel, filter), packed);
        } else {
            pack(kernels, c, k, u, packed);
        }
    });
}

/// `dw = G^T dU G`, `[filters, channels, 3, 3]`, of `dU` given in parts, `[36, c, k]` each, added in their order.
pub(crate) fn kernels_back(g: &Geometry, parts: &[&[f32]]) -> Vec<f32> {
    let (c, k) = (g.c(), g.k());
    let blocks: Vec<usize> = (0..g.channels).step_by(CHANNELS).collect();
    // `[channels of the block, filters, 9]` of each.
    let blocks = each(blocks, |first| {
        let channels = first..g.channels.min(first + CHANNELS);
        let mut gradient = Vec::with_capacity(channels.len() * g.filters * 9);
        let mut sums = vec![0.0f32; POINTS * k];
        for channel in channels {
            sums.fill(0.0);
            for part in parts {
                for (point, sums) in sums.chunks_exact_mut(k).enumerate() {
                    let row = &part[(point * c + channel) * k..][..k];
                    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            }
            for filter in 0..g.filters {
                let u = |i: usize, j: usize| sums[(i * 6 + j) * k + filter];
                let half: [[f32; 3]; 6] =
                    std::array::from_fn(|j| kernel_back(std::array::from_fn(|i| u(i, j))));
                for i in 0..3 {
                    gradient.extend(kernel_back(std::array::from_fn(|j| half[j][i])));
                }
            }
        }
        gradient
    });
    let mut gradient = vec![0.0; g.filters * g.channels * 9];
    let by_channel = blocks.iter().flat_map(|block| block.chunks_exact(g.filters * 9));
    for (channel, values) in by_channel.enumerate() {
        for (filter, w) in values.chunks_exact(9).enumerate() {
            gradient[(filter * g.channels + channel) * 9..][..9].copy_from_slice(w);
        }
    }
    gradient
}

/// Scratch floats that one thread needs.
pub(crate) fn scratch_len(g: &Geometry) -> usize {
    let patch = POINTS * g.c();
    POINTS * CHUNK * (g.c() + g.k()) + patch + 4 * g.row() + 2 * g.k()
}

/// Some images through convolution, bias, activation, statistics and pool.
pub(crate) struct Forward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) images: usize,
    /// `[images, height, width, channels]`.
    pub(crate) input: *const f32,
    /// [`transform_kernels`].
    pub(crate) kernels: *const f32,
    pub(crate) bias: *const f32,
    pub(crate) activation: Activation,
    /// `[images, height, width, k]`: what the pool saw.
    pub(crate) activations: *mut f32,
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
        let g = self.g;
        let (c, k, [rows, columns]) = (g.c(), g.k(), g.tiles());
        let total = self.images * rows * columns;
        // SAFETY: the pointers hold what the fields say, and tiles are cut off at the image's edges.
        unsafe {
            let v = self.scratch;
            let m = v.add(POINTS * CHUNK * c);
            let patch = m.add(POINTS * CHUNK * k);
            let sums = patch.add(POINTS * c + 4 * g.row());
            let (mut image, mut pooled_rows) = (0, 0);
            for first in (0..total).step_by(CHUNK) {
                let n = CHUNK.min(total - first);
                for t in 0..n {
                    gather::<S>(g, first + t, self.input, patch, v.add(t * c));
                }
                for point in 0..POINTS {
                    let (v, m) = (v.add(point * CHUNK * c), m.add(point * CHUNK * k));
                    product::<S>([n, k, c], v, c, self.kernels.add(point * c * k), m, k);
                }
                std::slice::from_raw_parts_mut(sums, 2 * k).fill(0.0);
                for t in 0..n {
                    self.finish_tile::<S>(first + t, m.add(t * k), sums);
                }
                if !self.sums.is_null() {
                    for i in 0..2 * k {
                        *self.sums.add(i) += f64::from(*sums.add(i));
                    }
                }
                // Pool what is complete while it is in cache.
                let done = (first + n) / columns;
                while image < self.images {
                    let whole = done / rows > image;
                    let height = if whole { g.height } else { (4 * (done % rows)).min(g.height) };
                    let until = if done / rows < image { pooled_rows } else { height / g.pool[0] };
                    let out = self.pooled_of(image);
                    let activations = self.activations.add(image * g.activations());
                    pool_rows::<S>(g, activations, 0, pooled_rows..until.max(pooled_rows), out);
                    pooled_rows = until.max(pooled_rows);
                    if !whole {
                        break;
                    }
                    (image, pooled_rows) = (image + 1, 0);
                }
            }
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    unsafe fn pooled_of(&self, image: usize) -> Pooled {
        let offset = image * self.g.pooled_values();
        let Pooled { values, winners, sign } = self.pooled;
        // SAFETY: `image` is one of them.
        unsafe {
            let winners = if winners.is_null() { winners } else { winners.add(offset) };
            Pooled { values: values.add(offset), winners, sign }
        }
    }

    /// From `M` to activations.
    #[inline(always)]
    unsafe fn finish_tile<S: Simd>(&self, tile: usize, m: *const f32, sums: *mut f32) {
        let g = self.g;
        let (k, at) = (g.k(), Tile::new(g, tile));
        // SAFETY: the tile is cut off at the image's edges.
        unsafe {
            let to = self.activations.add(at.image * g.activations() + (at.top * g.width + at.left) * k);
            for lane in (0..k).step_by(S::LANES) {
                let mut half = [[S::zero(); 6]; 4];
                for j in 0..6 {
                    let column = std::array::from_fn(|i| S::load(m.add((i * 6 + j) * CHUNK * k + lane)));
                    let column = output_points(column);
                    for i in 0..4 {
                        half[i][j] = column[i];
                    }
                }
                let bias = S::load(self.bias.add(lane));
                let (mut sum, mut square) = (S::load(sums.add(lane)), S::load(sums.add(k + lane)));
                for (i, half) in half.into_iter().enumerate() {
                    if i >= at.height {
                        break;
                    }
                    for (j, y) in output_points(half).into_iter().enumerate() {
                        if j < at.width {
                            let a = self.activation.of(y.add(bias));
                            sum = sum.add(a);
                            square = a.fma(a, square);
                            a.store(to.add((i * g.width + j) * k + lane));
                        }
                    }
                }
                sum.store(sums.add(lane));
                square.store(sums.add(k + lane));
            }
        }
    }
}

/// Where a tile lies, and how much of it.
struct Tile {
    image: usize,
    top: usize,
    left: usize,
    height: usize,
    width: usize,
}

impl Tile {
    #[inline(always)]
    fn new(g: &Geometry, tile: usize) -> Self {
        let [rows, columns] = g.tiles();
        let (row, column) = (tile / columns, tile % columns);
        let (image, top, left) = (row / rows, 4 * (row % rows), 4 * column);
        Self { image, top, left, height: 4.min(g.height - top), width: 4.min(g.width - left) }
    }
}

/// `V` of one tile: 36 vectors of `c`, each [`CHUNK`]` * c` after the last.
#[inline(always)]
unsafe fn gather<S: Simd>(g: &Geometry, tile: usize, input: *const f32, patch: *mut f32, v: *mut f32) {
    let (c, at) = (g.c(), Tile::new(g, tile));
    // SAFETY: a patch that leaves the image, or whose channels are no whole vectors, is copied with zeros around it.
    unsafe {
        let image = input.add(at.image * g.input());
        let inside = at.top > 0 && at.left > 0 && at.top + 5 <= g.height && at.left + 5 <= g.width;
        let (from, row) = if inside && c == g.channels {
            (image.add(((at.top - 1) * g.width + at.left - 1) * c), g.width * c)
        } else {
            std::slice::from_raw_parts_mut(patch, POINTS * c).fill(0.0);
            let columns = usize::from(at.left == 0)..(g.width + 1 - at.left).min(6);
            for i in 0..6 {
                // Row `i` of the patch is row `top + i - 1` of the image.
                if at.top + i == 0 || at.top + i > g.height {
                    continue;
                }
                for j in columns.clone() {
                    let pixel = (at.top + i - 1) * g.width + at.left + j - 1;
                    let from = image.add(pixel * g.channels);
                    std::ptr::copy_nonoverlapping(from, patch.add((i * 6 + j) * c), g.channels);
                }
            }
            (patch.cast_const(), 6 * c)
        };
        for lane in (0..c).step_by(S::LANES) {
            let mut half = [[S::zero(); 6]; 6];
            for i in 0..6 {
                let from = from.add(i * row + lane);
                half[i] = input_points(std::array::from_fn(|j| S::load(from.add(j * c))));
            }
            for j in 0..6 {
                let column = input_points(std::array::from_fn(|i| half[i][j]));
                for i in 0..6 {
                    column[i].store(v.add((i * 6 + j) * CHUNK * c + lane));
                }
            }
        }
    }
}

/// The way back of some images.
pub(crate) struct Backward<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) images: usize,
    pub(crate) input: *const f32,
    /// [`transform_kernels`], transposed; null when the input needs no gradient.
    pub(crate) kernels: *const f32,
    pub(crate) activations: *const f32,
    /// Of the first image.
    pub(crate) spread: Spread,
    /// `[images, height, width, channels]`, zeros at first.
    pub(crate) d_input: *mut f32,
    /// `dU`, `[36, c, k]`, added to.
    pub(crate) d_kernels: *mut f32,
    /// [`scratch_len`] floats.
    pub(crate) scratch: *mut f32,
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let g = self.g;
        let (c, k, [rows, columns]) = (g.c(), g.k(), g.tiles());
        let total = self.images * rows * columns;
        // SAFETY: the pointers hold what the fields say, and tiles are cut off at the image's edges.
        unsafe {
            let v = self.scratch;
            let m = v.add(POINTS * CHUNK * c);
            let patch = m.add(POINTS * CHUNK * k);
            let strip = patch.add(POINTS * c);
            let mut spread_tiles = 0;
            for first in (0..total).step_by(CHUNK) {
                let n = CHUNK.min(total - first);
                for t in 0..n {
                    gather::<S>(g, first + t, self.input, patch, v.add(t * c));
                    // A row of tiles is spread when its first tile comes.
                    let at = Tile::new(g, first + t);
                    if first + t == spread_tiles {
                        self.spread_strip::<S>(&at, strip);
                        spread_tiles += columns;
                    }
                    tile_back::<S>(g, &at, strip, m.add(t * k));
                }
                for point in 0..POINTS {
                    let (v, m) = (v.add(point * CHUNK * c), m.add(point * CHUNK * k));
                    add_transposed_product::<S>(
                        [c, k, n],
                        [c, k, k],
                        v,
                        m,
                        self.d_kernels.add(point * c * k),
                    );
                    if !self.kernels.is_null() {
                        // `V` has done its work: `dV` takes its place.
                        product::<S>([n, c, k], m, k, self.kernels.add(point * c * k), v, c);
                    }
                }
                if !self.kernels.is_null() {
                    for t in 0..n {
                        scatter::<S>(g, &Tile::new(g, first + t), v.add(t * c), patch, self.d_input);
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
            let offset = at.image * g.pooled_values();
            let spread = Spread {
                gradient: self.spread.gradient.add(offset),
                winners: self.spread.winners.add(offset),
                ..self.spread
            };
            for i in 0..at.height {
                let row = self.activations.add(at.image * g.activations() + (at.top + i) * g.row());
                spread_row::<S>(g, at.top + i, row, spread, strip.add(i * g.row()));
            }
        }
    }
}

/// `dM = A dY A^T` of one tile.
#[inline(always)]
unsafe fn tile_back<S: Simd>(g: &Geometry, at: &Tile, strip: *const f32, m: *mut f32) {
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
                    value.store(m.add((i * 6 + j) * CHUNK * k + lane));
                }
            }
        }
    }
}

/// Adds `dd = B dV B^T` of one tile to the image.
#[inline(always)]
unsafe fn scatter<S: Simd>(g: &Geometry, at: &Tile, v: *const f32, patch: *mut f32, d_input: *mut f32) {
    let c = g.c();
    // SAFETY: the patch is cut off at the image's edges and padding channels are left out.
    unsafe {
        let image = d_input.add(at.image * g.input());
        let whole = c == g.channels;
        for lane in (0..c).step_by(S::LANES) {
            let mut half = [[S::zero(); 6]; 6];
            for j in 0..6 {
                let column = std::array::from_fn(|i| S::load(v.add((i * 6 + j) * CHUNK * c + lane)));
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

const _: () = assert!(CHUNK.is_multiple_of(12) && CHANNELS == 16);
