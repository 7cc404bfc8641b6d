//! Kernels to and from the points of the transform.

use super::POINTS;
use crate::geometry::Geometry;
use crate::kernels::{Kernels, Work};
use crate::parallel::{Buffer, each};
use crate::simd::{CHANNELS, Simd};

const TAPS: usize = 9;

/// `G g`.
#[inline(always)]
fn kernel_points<S: Simd>(g: [S; 3]) -> [S; 6] {
    let splat = S::splat;
    let even = g[0].add(g[2]).mul(splat(-1.0 / 6.0));
    let near = g[1].mul(splat(-1.0 / 6.0));
    let far = g[2].fma(splat(1.0 / 6.0), g[0].mul(splat(1.0 / 24.0)));
    let odd = g[1].mul(splat(1.0 / 12.0));
    [g[0].mul(splat(0.25)), even.add(near), even.sub(near), far.add(odd), far.sub(odd), g[2]]
}

/// `G^T u`.
#[inline(always)]
fn kernel_back<S: Simd>(u: [S; 6]) -> [S; 3] {
    let (sixth, twelfth, fourth) = (S::splat(1.0 / 6.0), S::splat(1.0 / 12.0), S::splat(1.0 / 24.0));
    let (near, far) = (u[1].add(u[2]), u[3].add(u[4]));
    [
        far.fma(fourth, near.fnma(sixth, u[0].mul(S::splat(0.25)))),
        u[3].sub(u[4]).fma(twelfth, u[2].sub(u[1]).mul(sixth)),
        far.sub(near).fma(sixth, u[5]),
    ]
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
    let shared = Shared(to.as_mut_ptr());
    let rows = if transposed { g.k() } else { g.c() };
    each((0..rows).step_by(CHANNELS).collect(), |first| {
        // SAFETY: every run of rows has its own places in the packed matrices.
        let to = unsafe { shared.get() };
        kernels.run(Transform { g, weight, transposed, rows: first..first + CHANNELS, to });
    });
}

/// A pointer that several threads use, each for its own rows.
struct Shared(*mut f32);

// SAFETY: whoever calls `get` keeps to its own rows.
unsafe impl Sync for Shared {}

impl Shared {
    /// # Safety
    /// Nobody else uses the same rows.
    unsafe fn get(&self) -> *mut f32 {
        self.0
    }
}

struct Transform<'a> {
    g: &'a Geometry,
    weight: &'a [f32],
    transposed: bool,
    /// Channels, or filters if transposed.
    rows: std::ops::Range<usize>,
    to: *mut f32,
}

impl Work for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let g = self.g;
        let (n_rows, n_columns) = if self.transposed { (g.k(), g.c()) } else { (g.c(), g.k()) };
        // Of one row: a tap's weights side by side, `[9, columns]`.
        let mut taps = vec![0.0f32; TAPS * n_columns];
        for row in self.rows {
            taps.fill(0.0);
            let (rows, columns) =
                if self.transposed { (g.filters, g.channels) } else { (g.channels, g.filters) };
            for column in 0..if row < rows { columns } else { 0 } {
                let (filter, channel) = if self.transposed { (row, column) } else { (column, row) };
                let w = &self.weight[(filter * g.channels + channel) * TAPS..][..TAPS];
                for (tap, w) in w.iter().enumerate() {
                    taps[tap * n_columns + column] = *w;
                }
            }
            for lane in (0..n_columns).step_by(S::LANES) {
                let panel = lane / S::PANEL * S::PANEL;
                let width = S::PANEL.min(n_columns - panel);
                let at = panel * n_rows + row * width + (lane - panel);
                // SAFETY: as `gemm::pack` has it, vectors of the row lie whole in its panels.
                unsafe {
                    let w = |i: usize, j: usize| S::load(taps[(i * 3 + j) * n_columns + lane..].as_ptr());
                    let mut half = [[S::zero(); 6]; 3];
                    for j in 0..3 {
                        half[j] = kernel_points([w(0, j), w(1, j), w(2, j)]);
                    }
                    for i in 0..6 {
                        let row = kernel_points([half[0][i], half[1][i], half[2][i]]);
                        for (j, u) in row.into_iter().enumerate() {
                            u.store(self.to.add((i * 6 + j) * n_rows * n_columns + at));
                        }
                    }
                }
            }
        }
    }
}

/// `dw = G^T dU G`, `[filters, channels, 3, 3]`, of `dU` given in parts, `[36, c, k]` each, added in their order.
pub(crate) fn kernels_back(kernels: Kernels, g: &Geometry, parts: &[&[f32]]) -> Vec<f32> {
    let k = g.k();
    let blocks: Vec<usize> = (0..g.channels).step_by(CHANNELS).collect();
    // `[channels of the block, 9, k]` of each.
    let blocks = each(blocks, |first| {
        let channels = first..g.channels.min(first + CHANNELS);
        let mut gradient = Buffer::any(channels.len() * TAPS * k);
        kernels.run(Back { g, parts, channels, gradient: &mut gradient });
        gradient
    });
    let mut gradient = vec![0.0; g.filters * g.channels * TAPS];
    let filters = gradient.chunks_mut(CHANNELS * g.channels * TAPS).enumerate().collect();
    each(filters, |(run, gradient): (usize, &mut [f32])| {
        let channels = blocks.iter().flat_map(|block| block.chunks_exact(TAPS * k));
        for (channel, values) in channels.enumerate() {
            for (filter, of_filter) in gradient.chunks_exact_mut(g.channels * TAPS).enumerate() {
                let to = &mut of_filter[channel * TAPS..][..TAPS];
                for (tap, to) in to.iter_mut().enumerate() {
                    *to = values[tap * k + run * CHANNELS + filter];
                }
            }
        }
    });
    gradient
}

struct Back<'a> {
    g: &'a Geometry,
    parts: &'a [&'a [f32]],
    channels: std::ops::Range<usize>,
    gradient: &'a mut [f32],
}

impl Work for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (c, k) = (self.g.c(), self.g.k());
        for (channel, gradient) in self.channels.zip(self.gradient.chunks_exact_mut(TAPS * k)) {
            for lane in (0..k).step_by(S::LANES) {
                // SAFETY: lanes lie within the padded filters.
                unsafe {
                    let mut half = [[S::zero(); 3]; 6];
                    for j in 0..6 {
                        let mut u = [S::zero(); 6];
                        for i in 0..6 {
                            let at = ((i * 6 + j) * c + channel) * k + lane;
                            for part in self.parts {
                                u[i] = u[i].add(S::load(part[at..].as_ptr()));
                            }
                        }
                        half[j] = kernel_back(u);
                    }
                    for i in 0..3 {
                        let row = kernel_back([0, 1, 2, 3, 4, 5].map(|j| half[j][i]));
                        for (j, w) in row.into_iter().enumerate() {
                            w.store(gradient[(i * 3 + j) * k + lane..].as_mut_ptr());
                        }
                    }
                }
            }
        }
    }
}
