//! Max pooling of rows of activations, and its way back.

use crate::activation::Activation;
use crate::geometry::Geometry;
use crate::simd::Simd;

/// Where pooling writes: per image, `[pooled height, pooled width, k]`.
#[derive(Clone, Copy)]
pub(crate) struct Pooled {
    /// The activation that won.
    pub(crate) values: *mut f32,
    /// Where in its window it stood, in row-major order; null when nobody asks.
    pub(crate) winners: *mut u8,
    /// +1, or -1 for channels that a negative gamma turns upside down: there the smallest activation wins.
    pub(crate) sign: *const f32,
}

/// Pools rows `rows` of the output; activation row `i` lies at `activations + (i - first_row) * row`.
///
/// Of equal values the first wins, and a NaN wins over all.
///
/// # Safety
/// The pointers hold what [`Pooled`] says and the rows that the windows cover.
#[inline(always)]
pub(crate) unsafe fn pool_rows<S: Simd>(
    g: &Geometry,
    activations: *const f32,
    first_row: usize,
    rows: std::ops::Range<usize>,
    out: Pooled,
) {
    let (k, row, [ph, pw], [_, width]) = (g.k(), g.row(), g.pool, g.pooled());
    for i in rows {
        for j in 0..width {
            for lane in (0..k).step_by(S::LANES) {
                // SAFETY: windows lie within the image, lanes within the padded filters.
                unsafe {
                    let window = activations.add((i * ph - first_row) * row + j * pw * k + lane);
                    let sign = S::load(out.sign.add(lane));
                    let mut best = S::load(window).mul(sign);
                    let mut winner = S::zero();
                    for e in 1..ph * pw {
                        let value = S::load(window.add((e / pw) * row + (e % pw) * k)).mul(sign);
                        winner = value.if_greater_or_nan(best, S::splat(e as f32), winner);
                        best = value.if_greater_or_nan(best, value, best);
                    }
                    let at = (i * width + j) * k + lane;
                    best.mul(sign).store(out.values.add(at));
                    if !out.winners.is_null() {
                        winner.store_bytes(out.winners.add(at));
                    }
                }
            }
        }
    }
}

/// What leads from the gradient of the pooled values to that of the convolution's output.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    /// Gradient of each winner, `[pooled height, pooled width, k]`.
    pub(crate) gradient: *const f32,
    pub(crate) winners: *const u8,
    /// Per channel: the gradient of activation `a` is `scale * gradient + offset + slope * a`, the first term for
    /// winners only. The others are what batch statistics make every activation answer for.
    pub(crate) scale: *const f32,
    pub(crate) offset: *const f32,
    pub(crate) slope: *const f32,
    /// The activation between convolution and statistics.
    pub(crate) activation: Activation,
    /// Sum of the gradient over pixels, `[k]`.
    pub(crate) bias: *mut f32,
}

/// Gradient of the convolution's output at activation row `i`, `[width, k]`.
///
/// # Safety
/// The pointers hold what [`Spread`] says, one row of activations, and room for one row.
#[inline(always)]
pub(crate) unsafe fn spread_row<S: Simd>(
    g: &Geometry,
    i: usize,
    activations: *const f32,
    from: Spread,
    to: *mut f32,
) {
    let (k, [ph, pw], [height, width]) = (g.k(), g.pool, g.pooled());
    let (window, row_of_window) = (i / ph, i % ph);
    for lane in (0..k).step_by(S::LANES) {
        // SAFETY: as the caller says; lanes lie within the padded filters.
        unsafe {
            let (scale, offset) = (S::load(from.scale.add(lane)), S::load(from.offset.add(lane)));
            let slope = S::load(from.slope.add(lane));
            let mut bias = S::load(from.bias.add(lane));
            let mut j = 0;
            for window_column in 0..g.width.div_ceil(pw) {
                let inside = window < height && window_column < width;
                let (gradient, winner) = if inside {
                    let at = (window * width + window_column) * k + lane;
                    (S::load(from.gradient.add(at)).mul(scale), S::load_bytes(from.winners.add(at)))
                } else {
                    (S::zero(), S::zero())
                };
                for column in 0..pw.min(g.width - j) {
                    let a = S::load(activations.add(j * k + lane));
                    let all = a.fma(slope, offset);
                    let e = S::splat((row_of_window * pw + column) as f32);
                    let d = winner.if_equal(e, all.add(gradient), all);
                    let d = from.activation.back(a, d);
                    bias = bias.add(d);
                    d.store(to.add(j * k + lane));
                    j += 1;
                }
            }
            bias.store(from.bias.add(lane));
        }
    }
}
