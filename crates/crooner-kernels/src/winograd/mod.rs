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

mod backward;
mod forward;
mod points;

pub(crate) use backward::Backward;
pub(crate) use forward::Forward;
pub(crate) use points::{kernels_back, kernels_len, transform_kernels};

use crate::geometry::Geometry;
use crate::simd::{CHANNELS, Simd};

/// Tiles transformed at a time: four times the rows of AVX-512's micro-kernel, eight times AVX2's.
pub(crate) const CHUNK: usize = 48;

/// Products per tile.
const POINTS: usize = 36;

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

/// Scratch floats that one thread needs.
pub(crate) fn scratch_len(g: &Geometry) -> usize {
    let (patch, strides) = (POINTS * g.c(), Strides::new(g));
    POINTS * (strides.v + strides.m) + patch + 4 * g.row() + 2 * g.k()
}

/// Floats from one point to the next in a chunk's `V` and `M`. A tile's 36 vectors are written and read together: were
/// they a multiple of 4096 bytes apart, as `CHUNK` times 64 or 128 channels are, all of them would want the same few lines
/// of the first-level cache. One line more, and they lie in different ones.
#[derive(Clone, Copy)]
struct Strides {
    v: usize,
    m: usize,
}

impl Strides {
    fn new(g: &Geometry) -> Self {
        Self { v: CHUNK * g.c() + CHANNELS, m: CHUNK * g.k() + CHANNELS }
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

/// `V` of one tile: 36 vectors of `c`, each `stride` after the last.
#[inline(always)]
unsafe fn gather<S: Simd>(
    g: &Geometry,
    tile: usize,
    input: *const f32,
    patch: *mut f32,
    v: *mut f32,
    stride: usize,
) {
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
                    column[i].store(v.add((i * 6 + j) * stride + lane));
                }
            }
        }
    }
}

const _: () = assert!(CHUNK.is_multiple_of(12) && CHANNELS == 16);
