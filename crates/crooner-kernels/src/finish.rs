//! Normalisation, outer activation and dropout of what the pool left, and their way back.

use crate::activation::Activation;
use crate::block::BlockParams;
use crate::dropout::Dropout;
use crate::geometry::Geometry;
use crate::kernels::Work;
use crate::simd::Simd;

/// Normalisation of the pooled values: `scale * (p - mean) + shift`, `[k]` each; without a norm, 1, 0 and 0. The mean comes
/// off first, exactly where `p` is near it: in `scale * p + shift'` a channel that hardly varies would leave two large
/// numbers to cancel.
pub(crate) struct Affine {
    pub(crate) mean: Vec<f32>,
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

impl Affine {
    pub(crate) fn new(params: &BlockParams<'_>, mean: &[f64], inverse: &[f64], k: usize) -> Self {
        let (mut rounded, mut scale, mut shift) = (vec![0.0; k], vec![1.0; k], vec![0.0; k]);
        // Without a norm there are no moments.
        for j in 0..mean.len() {
            let s = f64::from(params.gamma[j]) * inverse[j];
            rounded[j] = mean[j] as f32;
            scale[j] = s as f32;
            shift[j] = (f64::from(params.beta[j]) - (mean[j] - f64::from(rounded[j])) * s) as f32;
        }
        Self { mean: rounded, scale, shift }
    }
}

pub(crate) struct Finish<'a> {
    pub(crate) g: &'a Geometry,
    /// Before the norm, where it has waited for the pool.
    pub(crate) inner: Activation,
    pub(crate) affine: &'a Affine,
    pub(crate) outer: Activation,
    pub(crate) dropout: Option<Dropout>,
    pub(crate) image: usize,
    /// Number of the first output element in the batch.
    pub(crate) first: usize,
    pub(crate) from: &'a [f32],
    pub(crate) to: &'a mut [f32],
}

impl Work for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (k, filters) = (self.g.k(), self.g.filters);
        let mut row = vec![0.0f32; k];
        let pixels = self.from.chunks_exact(k).zip(self.to.chunks_exact_mut(filters));
        for (pixel, (from, to)) in pixels.enumerate() {
            normalise::<S>(self.affine, from, &mut row, |x| self.inner.of(x), |y| self.outer.of(y));
            match self.dropout {
                None => to.copy_from_slice(&row[..filters]),
                Some(dropout) => {
                    let first = dropout.first(self.image * filters, self.first + pixel * filters);
                    for (i, (to, value)) in to.iter_mut().zip(&row).enumerate() {
                        *to = value * dropout.factor(first.wrapping_add(i as u32));
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn normalise<S: Simd>(
    affine: &Affine,
    from: &[f32],
    to: &mut [f32],
    before: impl Fn(S) -> S,
    after: impl Fn(S) -> S,
) {
    for lane in (0..from.len()).step_by(S::LANES) {
        // SAFETY: all are whole vectors long.
        unsafe {
            let mean = S::load(affine.mean[lane..].as_ptr());
            let scale = S::load(affine.scale[lane..].as_ptr());
            let shift = S::load(affine.shift[lane..].as_ptr());
            let y = before(S::load(from[lane..].as_ptr())).sub(mean).fma(scale, shift);
            after(y).store(to[lane..].as_mut_ptr());
        }
    }
}

pub(crate) struct FinishBack<'a> {
    pub(crate) g: &'a Geometry,
    pub(crate) affine: &'a Affine,
    pub(crate) activation: Activation,
    pub(crate) dropout: Option<Dropout>,
    pub(crate) image: usize,
    pub(crate) first: usize,
    pub(crate) pooled: &'a [f32],
    pub(crate) from: &'a [f32],
    pub(crate) to: &'a mut [f32],
}

impl Work for FinishBack<'_> {
    /// `[2, k]`: sums of the gradient, and of the gradient times the pooled value less the affine's mean.
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Vec<f64> {
        let (k, filters) = (self.g.k(), self.g.filters);
        let mut row = vec![0.0f32; k];
        let mut sums = vec![0.0f64; 2 * k];
        let mut partial = vec![0.0f32; 2 * k];
        let row_of_pixels = self.g.pooled()[1];
        let pixels =
            self.from.chunks_exact(filters).zip(self.pooled.chunks_exact(k)).zip(self.to.chunks_exact_mut(k));
        for (pixel, ((from, pooled), to)) in pixels.enumerate() {
            match self.dropout {
                None => to[..filters].copy_from_slice(from),
                Some(dropout) => {
                    let first = dropout.first(self.image * filters, self.first + pixel * filters);
                    for (i, (to, value)) in to.iter_mut().zip(from).enumerate() {
                        *to = value * dropout.factor(first.wrapping_add(i as u32));
                    }
                }
            }
            to[filters..].fill(0.0);
            normalise::<S>(self.affine, pooled, &mut row, |x| x, |y| self.activation.kept(y));
            for lane in (0..k).step_by(S::LANES) {
                // SAFETY: all are whole vectors long.
                unsafe {
                    let (kept, d) = (S::load(row[lane..].as_ptr()), S::load(to[lane..].as_ptr()));
                    let d = self.activation.back(kept, d);
                    d.store(to[lane..].as_mut_ptr());
                    let sum = partial[lane..].as_mut_ptr();
                    S::load(sum).add(d).store(sum);
                    let sum = partial[k + lane..].as_mut_ptr();
                    let mean = S::load(self.affine.mean[lane..].as_ptr());
                    d.fma(S::load(pooled[lane..].as_ptr()).sub(mean), S::load(sum)).store(sum);
                }
            }
            if (pixel + 1).is_multiple_of(row_of_pixels) {
                // A row at a time, so that long sums are made in double precision.
                for (sum, partial) in sums.iter_mut().zip(&mut partial) {
                    *sum += f64::from(std::mem::take(partial));
                }
            }
        }
        sums
    }
}
