//! Max pooling of rows of activations, and its way back.

use crate::activation::Activation;
use crate::geometry::{At, Geometry};
use crate::simd::Simd;

/// Which value of a window wins.
#[derive(Clone, Copy)]
pub(crate) enum Rank {
    /// The one whose product with the channel's sign is largest: the sign is -1 where a negative gamma turns a channel
    /// upside down, else 1.
    Sign(*const f32),
    /// The same of an activation that has still to be computed from what was kept. The activation is what is pooled.
    Activated(Activation, *const f32),
    /// The one for which `activation(scale * (value - mean) + shift)` is largest: for activations after the norm that are
    /// not monotonic.
    Normalised { activation: Activation, mean: *const f32, scale: *const f32, shift: *const f32 },
}

/// Where pooling writes: per image, `[pooled height, pooled width, k]`.
#[derive(Clone, Copy)]
pub(crate) struct Pooled {
    /// The value that won; null when nothing is to be pooled yet.
    pub(crate) values: *mut f32,
    /// Where in its window it stood, in row-major order; null when nobody asks.
    pub(crate) winners: *mut u8,
    pub(crate) rank: Rank,
}

impl Pooled {
    /// Of an image of the batch.
    ///
    /// # Safety
    /// There is room for so many images.
    pub(crate) unsafe fn of(self, g: &Geometry, image: usize) -> Self {
        let offset = image * g.pooled_values();
        // SAFETY: as the caller says.
        unsafe {
            let winners = if self.winners.is_null() { self.winners } else { self.winners.add(offset) };
            Self { values: self.values.add(offset), winners, ..self }
        }
    }
}

/// Pools rows `rows` of an image's output; activation row `i` of the image lies at `activations + i * g.row()`, which
/// needs to exist only for the rows that the windows cover.
///
/// Of equal values the first wins, and a NaN wins over all.
///
/// # Safety
/// The pointers hold what [`Pooled`] says and the rows that the windows cover.
#[inline(always)]
pub(crate) unsafe fn pool_rows<S: Simd>(
    g: &Geometry,
    activations: *const f32,
    rows: std::ops::Range<usize>,
    out: Pooled,
) {
    // SAFETY: as the caller says.
    unsafe {
        match out.rank {
            Rank::Sign(sign) => pool_by::<S, _>(g, activations, rows, out, BySign(sign)),
            Rank::Activated(activation, sign) => {
                pool_by::<S, _>(g, activations, rows, out, ByActivation(activation, sign));
            }
            Rank::Normalised { activation, mean, scale, shift } => {
                pool_by::<S, _>(g, activations, rows, out, ByNorm { activation, mean, scale, shift });
            }
        }
    }
}

/// A [`Rank`]. A trait rather than a closure: a closure that is not inlined is compiled without the instructions.
trait Key<S> {
    /// What decides, and what is pooled, of vectors of values in the channels from `lane` on.
    ///
    /// # Safety
    /// `lane` lies within the padded filters.
    unsafe fn of(&self, lane: usize, value: S) -> (S, S);
}

struct BySign(*const f32);
struct ByActivation(Activation, *const f32);
struct ByNorm {
    activation: Activation,
    mean: *const f32,
    scale: *const f32,
    shift: *const f32,
}

impl<S: Simd> Key<S> for BySign {
    #[inline(always)]
    unsafe fn of(&self, lane: usize, value: S) -> (S, S) {
        // SAFETY: as the caller says.
        (unsafe { S::load(self.0.add(lane)) }.mul(value), value)
    }
}

impl<S: Simd> Key<S> for ByActivation {
    #[inline(always)]
    unsafe fn of(&self, lane: usize, kept: S) -> (S, S) {
        let value = self.0.value(kept);
        // SAFETY: as the caller says.
        (unsafe { S::load(self.1.add(lane)) }.mul(value), value)
    }
}

impl<S: Simd> Key<S> for ByNorm {
    #[inline(always)]
    unsafe fn of(&self, lane: usize, value: S) -> (S, S) {
        // SAFETY: as the caller says.
        let [mean, scale, shift] =
            unsafe { [self.mean, self.scale, self.shift].map(|of| S::load(of.add(lane))) };
        (self.activation.of(value.sub(mean).fma(scale, shift)), value)
    }
}

/// [`pool_rows`] by one rank.
#[inline(always)]
unsafe fn pool_by<S: Simd, K: Key<S>>(
    g: &Geometry,
    activations: *const f32,
    rows: std::ops::Range<usize>,
    out: Pooled,
    key: K,
) {
    let (k, row, [ph, pw], [_, width]) = (g.k(), g.row(), g.pool, g.pooled());
    for i in rows {
        for j in 0..width {
            for lane in (0..k).step_by(S::LANES) {
                // SAFETY: windows lie within the image, lanes within the padded filters.
                unsafe {
                    let window = activations.wrapping_add(i * ph * row + j * pw * k + lane);
                    let (mut best, mut pooled) = key.of(lane, S::load(window));
                    let mut winner = S::zero();
                    for e in 1..ph * pw {
                        let value = S::load(window.add((e / pw) * row + (e % pw) * k));
                        let (value, stored) = key.of(lane, value);
                        winner = value.if_greater_or_nan(best, S::splat(e as f32), winner);
                        pooled = value.if_greater_or_nan(best, stored, pooled);
                        best = value.if_greater_or_nan(best, value, best);
                    }
                    let at = (i * width + j) * k + lane;
                    pooled.store(out.values.add(at));
                    if !out.winners.is_null() {
                        winner.store_bytes(out.winners.add(at));
                    }
                }
            }
        }
    }
}

/// Pooling that follows a convolution row by row, while its rows are in cache.
pub(crate) struct Pooling<'a> {
    pub(crate) g: &'a Geometry,
    /// Row 0 of image 0, in what holds all rows or a run of them.
    pub(crate) activations: *const f32,
    /// Of image 0.
    pub(crate) out: Pooled,
    /// The next window's row of activations.
    pub(crate) next: At,
}

impl Pooling<'_> {
    /// Pools the windows that are complete when all rows before `end` are.
    ///
    /// # Safety
    /// They are, and `out` has room for them.
    #[inline(always)]
    pub(crate) unsafe fn until<S: Simd>(&mut self, end: At) {
        if self.out.values.is_null() {
            return;
        }
        let (g, ph) = (self.g, self.g.pool[0]);
        loop {
            let whole = self.next.image < end.image;
            let height = if whole { g.height } else { end.row.min(g.height) };
            let rows = self.next.row / ph..height / ph;
            if !rows.is_empty() {
                let activations = self.activations.wrapping_add(self.next.image * g.activations());
                self.next.row = rows.end * ph;
                // SAFETY: as the caller says.
                unsafe { pool_rows::<S>(g, activations, rows, self.out.of(g, self.next.image)) };
            }
            if !whole {
                return;
            }
            self.next = At { image: self.next.image + 1, row: 0 };
        }
    }
}

/// What leads from the gradient of the pooled values to that of the convolution's output.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    /// Gradient of each winner, `[pooled height, pooled width, k]`.
    pub(crate) gradient: *const f32,
    /// Null where windows hold one value.
    pub(crate) winners: *const u8,
    /// Per channel: the gradient of activation `a` is `scale * gradient + offset + slope * (a - mean)`, the first for
    /// winners only. The others are what batch statistics make every activation answer for.
    pub(crate) scale: *const f32,
    pub(crate) mean: *const f32,
    pub(crate) offset: *const f32,
    pub(crate) slope: *const f32,
    /// The activation between convolution and statistics.
    pub(crate) activation: Activation,
    /// Sum of the gradient over pixels, `[k]`.
    pub(crate) bias: *mut f32,
}

impl Spread {
    /// Of an image of the batch.
    ///
    /// # Safety
    /// There are so many images.
    pub(crate) unsafe fn of(self, g: &Geometry, image: usize) -> Self {
        let offset = image * g.pooled_values();
        // SAFETY: as the caller says.
        unsafe {
            let winners = if self.winners.is_null() { self.winners } else { self.winners.add(offset) };
            Self { gradient: self.gradient.add(offset), winners, ..self }
        }
    }
}

/// Gradient of the convolution's output at activation row `i` of an image, `[width, k]`.
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
            let (slope, mean) = (S::load(from.slope.add(lane)), S::load(from.mean.add(lane)));
            let mut bias = S::load(from.bias.add(lane));
            let mut j = 0;
            for window_column in 0..g.width.div_ceil(pw) {
                let inside = window < height && window_column < width;
                let (mut gradient, mut winner) = (S::zero(), S::zero());
                if inside {
                    let at = (window * width + window_column) * k + lane;
                    gradient = S::load(from.gradient.add(at)).mul(scale);
                    if !from.winners.is_null() {
                        winner = S::load_bytes(from.winners.add(at));
                    }
                }
                for column in 0..pw.min(g.width - j) {
                    let kept = S::load(activations.add(j * k + lane));
                    let all = from.activation.value(kept).sub(mean).fma(slope, offset);
                    let e = S::splat((row_of_window * pw + column) as f32);
                    let d = winner.if_equal(e, all.add(gradient), all);
                    let d = from.activation.back(kept, d);
                    bias = bias.add(d);
                    d.store(to.add(j * k + lane));
                    j += 1;
                }
            }
            bias.store(from.bias.add(lane));
        }
    }
}
