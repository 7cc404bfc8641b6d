//! Convolution, activation, batch normalisation, max pool and dropout as one operation.

use crate::activation::Activation;
use crate::dropout::Dropout;
use crate::error::{KernelError, check_length, check_size};
use crate::finish::{Affine, Finish, FinishBack};
use crate::geometry::Geometry;
use crate::kernels::{Kernels, Work};
use crate::parallel::{Buffer, PARTS, each};
use crate::pass::{Back, Forth, Route, Shared};
use crate::pool::{Pooled, Rank, Spread, pool_rows};
use crate::simd::Simd;

/// Most pixels that a pool takes the largest of: which one it was is kept in a byte.
pub const MOST_POOLED: usize = 256;

/// Where batch normalisation stands, if anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Convolution, activation, normalisation, as Nasrullah & Zhao (2019).
    ActivationFirst,
    /// Convolution, normalisation, activation, as Choi et al. (2016).
    NormFirst,
    /// Convolution and activation: gamma and beta are empty, statistics are not looked at.
    Unnormalised,
}

/// A conv block: convolution with zero padding that keeps the size, activation and batch normalisation in either
/// [`Order`], max pool (stride equal to its size, remainder dropped), dropout.
///
/// With a pool of 1 x 1, [`Activation::Identity`] and [`Order::Unnormalised`] it is a convolution and nothing else; blocks of
/// several convolutions are several of these.
///
/// Images are channel-last: input `[batch, height, width, channels]`, output
/// `[batch, height / pool, width / pool, filters]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvBlock {
    /// Images.
    pub batch: usize,
    /// Rows of the input: frequency bands.
    pub height: usize,
    /// Columns of the input: frames.
    pub width: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Kernel `[height, width]`, both odd. 3 x 3 is the fastest by far.
    pub kernel: [usize; 2],
    /// Pool `[height, width]`, of at most [`MOST_POOLED`] pixels.
    pub pool: [usize; 2],
    /// Between convolution and pool.
    pub activation: Activation,
    /// Whether normalisation comes after it, before it or not at all.
    pub order: Order,
    /// Added to the variance.
    pub epsilon: f64,
    /// Of the output; `None` outside training.
    pub dropout: Option<Dropout>,
}

/// Learned values of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockParams<'a> {
    /// `[filters, channels, kernel height, kernel width]`.
    pub weight: &'a [f32],
    /// `[filters]`.
    pub bias: &'a [f32],
    /// Scale of the normalised channels, `[filters]`; empty without a norm.
    pub gamma: &'a [f32],
    /// Shift of the normalised channels, `[filters]`; empty without a norm.
    pub beta: &'a [f32],
}

/// What the channels are normalised with.
#[derive(Clone, Copy, Debug)]
pub enum Statistics<'a> {
    /// Mean and variance of this batch: training.
    Batch,
    /// Given ones, taken as constants: inference, and training with frozen statistics.
    Given {
        /// `[filters]`.
        mean: &'a [f32],
        /// `[filters]`.
        variance: &'a [f32],
    },
}

/// What [`ConvBlock::backward`] needs besides the input: held for as long as the step lasts.
#[derive(Debug)]
pub struct BlockSaved {
    kernels: Kernels,
    /// What the pool saw; empty where it is computed again, and where the pool leaves everything.
    activations: Buffer,
    pooled: Buffer,
    /// Empty where the pool leaves everything.
    winners: Vec<u8>,
    mean: Vec<f64>,
    inverse_deviation: Vec<f64>,
    batch_statistics: bool,
}

/// What [`ConvBlock::forward`] gives.
#[derive(Debug)]
pub struct BlockOutput {
    /// `[batch, height / pool, width / pool, filters]`.
    pub values: Vec<f32>,
    /// Mean of each channel that it was normalised with; empty without a norm.
    pub mean: Vec<f32>,
    /// Its variance, not corrected for the number of values.
    pub variance: Vec<f32>,
    /// For the backward pass, if it was asked for.
    pub saved: Option<BlockSaved>,
}

/// Gradients of a block.
#[derive(Debug)]
pub struct BlockGradients {
    /// As the input, if it was asked for.
    pub input: Option<Vec<f32>>,
    /// As the weight.
    pub weight: Vec<f32>,
    /// As the bias.
    pub bias: Vec<f32>,
    /// As gamma.
    pub gamma: Vec<f32>,
    /// As beta.
    pub beta: Vec<f32>,
}

impl ConvBlock {
    fn geometry(&self) -> Geometry {
        let Self { height, width, channels, filters, kernel, pool, .. } = *self;
        Geometry { height, width, channels, filters, kernel, pool }
    }

    /// `[batch, height / pool, width / pool, filters]`.
    #[must_use]
    pub fn output_shape(&self) -> [usize; 4] {
        let [height, width] = self.geometry().pooled();
        [self.batch, height, width, self.filters]
    }

    fn is_normalised(&self) -> bool {
        self.order != Order::Unnormalised
    }

    /// Between convolution and pool: the activation, unless normalisation stands between them.
    fn inner(&self) -> Activation {
        if self.order == Order::NormFirst { Activation::Identity } else { self.activation }
    }

    /// After normalisation.
    fn outer(&self) -> Activation {
        if self.order == Order::NormFirst { self.activation } else { Activation::Identity }
    }

    fn check(&self, input: &[f32], params: &BlockParams<'_>) -> Result<(), KernelError> {
        for (what, size) in [
            ("batch", self.batch),
            ("channels", self.channels),
            ("filters", self.filters),
            ("pool height", self.pool[0]),
            ("pool width", self.pool[1]),
        ] {
            check_size(what, size)?;
        }
        for (what, found) in [("kernel height", self.kernel[0]), ("kernel width", self.kernel[1])] {
            if found % 2 == 0 {
                return Err(KernelError::Size { what, expected: "odd".to_owned(), found });
            }
        }
        let at_least = |what, found, least: usize| {
            let expected = format!("at least {least}, the size of the pool");
            if found >= least { Ok(()) } else { Err(KernelError::Size { what, expected, found }) }
        };
        at_least("height", self.height, self.pool[0])?;
        at_least("width", self.width, self.pool[1])?;
        let found = self.pool[0] * self.pool[1];
        if found > MOST_POOLED {
            let expected = format!("at most {MOST_POOLED} pixels");
            return Err(KernelError::Size { what: "pool", expected, found });
        }
        let k = self.filters;
        check_length("input", input, self.batch * self.geometry().input())?;
        let taps = self.kernel[0] * self.kernel[1];
        check_length("weight", params.weight, k * self.channels * taps)?;
        check_length("bias", params.bias, k)?;
        let normalised = if self.is_normalised() { k } else { 0 };
        check_length("gamma", params.gamma, normalised)?;
        check_length("beta", params.beta, normalised)
    }

    /// The block's output, and with `keep` what the backward pass needs.
    ///
    /// Without `keep` and with given statistics, the inference of a trained network, an activation before the norm
    /// waits for the pool too and is computed of a fraction of the values; the result may differ in the last bit.
    ///
    /// # Errors
    /// [`KernelError`] for sizes of zero or smaller than the pool, kernels of even size, and slices that do not fit.
    pub fn forward(
        &self,
        kernels: Kernels,
        input: &[f32],
        params: &BlockParams<'_>,
        statistics: Statistics<'_>,
        keep: bool,
    ) -> Result<BlockOutput, KernelError> {
        self.check(input, params)?;
        let given = match statistics {
            _ if !self.is_normalised() => Some((&[][..], &[][..])),
            Statistics::Given { mean, variance } => {
                check_length("mean", mean, self.filters)?;
                check_length("variance", variance, self.filters)?;
                Some((mean, variance))
            }
            Statistics::Batch => None,
        };
        let g = self.geometry();
        let k = g.k();
        let route = Route::of(&g);
        let mut sign = vec![1.0; k];
        for (sign, _) in sign.iter_mut().zip(params.gamma).filter(|(_, gamma)| **gamma < 0.0) {
            *sign = -1.0;
        }
        let waits = given.is_some() && !keep && self.inner().is_monotonic();
        let (inner, late) =
            if waits { (Activation::Identity, self.inner()) } else { (self.inner(), Activation::Identity) };
        let affine_of = |[mean, inverse]: [&[f64]; 2]| Affine::new(params, mean, inverse, k);
        let known = given.map(|(mean, variance)| Moments::given(mean, variance, self.epsilon));
        let mut affine = known.as_ref().map(|moments| affine_of(moments.both()));
        let by_norm = !self.outer().is_monotonic();
        let rank = |affine: Option<&Affine>| match affine {
            Some(Affine { scale, shift }) if by_norm => {
                let (scale, shift) = (scale.as_ptr(), shift.as_ptr());
                Rank::Normalised { activation: self.outer(), scale, shift }
            }
            _ if inner.is_monotonic() => Rank::Sign(sign.as_ptr()),
            _ => Rank::Activated(inner, sign.as_ptr()),
        };

        // A pool of one value leaves what it sees, and needs no memory of its own.
        let passes = g.pool == [1, 1];
        let shares = passes && route != Route::Direct && inner.is_monotonic();
        let mut pooled = Buffer::any(self.batch * g.pooled_values());
        let mut winners =
            if keep && !passes { vec![0u8; self.batch * g.pooled_values()] } else { Vec::new() };
        // A pool that looks behind the norm has to wait for it.
        let postponed = by_norm && affine.is_none() && !shares;
        let stays = route != Route::Direct && !shares && (keep || postponed);
        let mut activations = Buffer::any(if stays { self.batch * g.activations() } else { 0 });
        let out = Pooled {
            values: if shares || postponed { std::ptr::null_mut() } else { pooled.as_mut_ptr() },
            winners: if winners.is_empty() { std::ptr::null_mut() } else { winners.as_mut_ptr() },
            rank: rank(affine.as_ref()),
        };
        let mut forth = Forth {
            kernels,
            g: &g,
            route,
            batch: self.batch,
            input,
            weight: params.weight,
            bias: params.bias,
            activation: inner,
            out: Shared(out),
            activations: Shared(match (shares, stays) {
                (true, _) => pooled.as_mut_ptr(),
                (_, true) => activations.as_mut_ptr(),
                _ => std::ptr::null_mut(),
            }),
            statistics: given.is_none(),
        };
        let sums = forth.run();
        let count = self.batch * self.height * self.width;
        let moments = known.unwrap_or_else(|| Moments::of(&sums, self.filters, count, self.epsilon));
        let affine = affine.take().unwrap_or_else(|| affine_of(moments.both()));
        if postponed {
            let out = Pooled { values: pooled.as_mut_ptr(), rank: rank(Some(&affine)), ..out };
            if stays {
                self.pool(kernels, &g, &activations, Shared(out));
            } else {
                (forth.out, forth.statistics) = (Shared(out), false);
                forth.run();
            }
        }
        if !keep {
            activations = Buffer::default();
        }
        let values = self.finish(kernels, &g, &pooled, late, &affine);
        let Moments { mean, variance, inverse_deviation } = moments;
        let as_f32 = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
        let (mean_f32, variance) = (as_f32(&mean), as_f32(&variance));
        let batch_statistics = given.is_none();
        let saved = keep.then_some(BlockSaved {
            kernels,
            activations,
            pooled,
            winners,
            mean,
            inverse_deviation,
            batch_statistics,
        });
        Ok(BlockOutput { values, mean: mean_f32, variance, saved })
    }

    /// The pool alone, of activations that were kept.
    fn pool(&self, kernels: Kernels, g: &Geometry, activations: &[f32], out: Shared<Pooled>) {
        each(activations.chunks_exact(g.activations()).enumerate().collect(), |(image, activations)| {
            // SAFETY: every image has its own room.
            let out = unsafe { out.get().of(g, image) };
            kernels.run(PoolImage { g, activations, out });
        });
    }

    /// Late inner activation, normalisation, outer activation and dropout of what the pool left.
    fn finish(
        &self,
        kernels: Kernels,
        g: &Geometry,
        pooled: &[f32],
        inner: Activation,
        affine: &Affine,
    ) -> Vec<f32> {
        let [_, height, width, filters] = self.output_shape();
        // By image, or by row where images are few.
        let pixels = if self.batch < PARTS { width } else { height * width };
        let per_image = height * width / pixels;
        let mut values = vec![0.0; self.batch * height * width * filters];
        let items = values.chunks_mut(pixels * filters).zip(pooled.chunks_exact(pixels * g.k())).enumerate();
        each(items.collect(), |(item, (to, from))| {
            let (image, first) = (item / per_image, item * pixels * filters);
            let (outer, dropout) = (self.outer(), self.dropout);
            kernels.run(Finish { g, inner, affine, outer, dropout, image, first, from, to });
        });
        values
    }

    /// Gradients of the block from that of its output; the input's only if `want_input`.
    ///
    /// # Errors
    /// [`KernelError`] for slices that do not fit.
    pub fn backward(
        &self,
        input: &[f32],
        params: &BlockParams<'_>,
        saved: &BlockSaved,
        d_output: &[f32],
        want_input: bool,
    ) -> Result<BlockGradients, KernelError> {
        self.check(input, params)?;
        let g = self.geometry();
        let [_, height, width, filters] = self.output_shape();
        let image_len = height * width * filters;
        check_length("d_output", d_output, self.batch * image_len)?;
        check_length("saved", &saved.pooled, self.batch * g.pooled_values())?;
        let k = g.k();
        let kernels = saved.kernels;

        // Through dropout and the outer activation; sums of the gradient, and of the gradient times what was pooled.
        let affine = Affine::new(params, &saved.mean, &saved.inverse_deviation, k);
        let mut gradient = Buffer::any(self.batch * g.pooled_values());
        let images = gradient
            .chunks_mut(g.pooled_values())
            .zip(saved.pooled.chunks_exact(g.pooled_values()))
            .zip(d_output.chunks_exact(image_len))
            .enumerate();
        let affine = &affine;
        let sums = each(images.collect(), |(image, ((to, pooled), from))| {
            let first = image * image_len;
            let (activation, dropout) = (self.outer(), self.dropout);
            kernels.run(FinishBack { g: &g, affine, activation, dropout, image, first, pooled, from, to })
        });
        let sums = crate::pass::add_up(&sums, 2 * k);

        // Batch norm: with s = gamma / deviation, n values a channel, and means over all of them,
        //   d a = s (d y - mean(d y) - x mean(d y x)),  x = (a - mean) / deviation
        // where d y is zero but for the winners of the pool: scale * d y + offset + slope * a.
        let count = (self.batch * self.height * self.width) as f64;
        let (mut d_gamma, mut d_beta) = (Vec::new(), Vec::new());
        let (mut offset, mut slope) = (vec![0.0; k], vec![0.0; k]);
        for (j, gamma) in params.gamma.iter().enumerate() {
            let (mean, inverse) = (saved.mean[j], saved.inverse_deviation[j]);
            let of_beta = sums[j];
            let of_gamma = (sums[k + j] - mean * of_beta) * inverse;
            d_gamma.push(of_gamma as f32);
            d_beta.push(of_beta as f32);
            let s = f64::from(*gamma) * inverse;
            if saved.batch_statistics {
                slope[j] = (-s * of_gamma * inverse / count) as f32;
                offset[j] = (s * (of_gamma * inverse * mean - of_beta) / count) as f32;
            }
        }
        let spread = Spread {
            gradient: gradient.as_ptr(),
            winners: if saved.winners.is_empty() { std::ptr::null() } else { saved.winners.as_ptr() },
            scale: affine.scale.as_ptr(),
            offset: offset.as_ptr(),
            slope: slope.as_ptr(),
            activation: self.inner(),
            bias: std::ptr::null_mut(),
        };
        let activations = if saved.activations.is_empty() { &saved.pooled } else { &saved.activations };
        let back = Back {
            kernels,
            g: &g,
            batch: self.batch,
            input,
            weight: params.weight,
            bias: params.bias,
            activations,
            spread: Shared(spread),
            want_input,
        };
        let [weight, bias, input] = back.run();
        let input = want_input.then_some(input);
        Ok(BlockGradients { input, weight, bias, gamma: d_gamma, beta: d_beta })
    }
}

/// The pool of one image.
struct PoolImage<'a> {
    g: &'a Geometry,
    activations: &'a [f32],
    out: Pooled,
}

impl Work for PoolImage<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let rows = 0..self.g.pooled()[0];
        // SAFETY: the activations are those of a whole image.
        unsafe { pool_rows::<S>(self.g, self.activations.as_ptr(), rows, self.out) };
    }
}

/// What the channels are normalised with.
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
    inverse_deviation: Vec<f64>,
}

impl Moments {
    fn new(mean: Vec<f64>, variance: Vec<f64>, epsilon: f64) -> Self {
        let inverse_deviation = variance.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect();
        Self { mean, variance, inverse_deviation }
    }

    fn given(mean: &[f32], variance: &[f32], epsilon: f64) -> Self {
        let [mean, variance] = [mean, variance].map(|values| values.iter().copied().map(f64::from).collect());
        Self::new(mean, variance, epsilon)
    }

    /// From the sums of `count` values a channel and of their squares, `[2, k]`.
    fn of(sums: &[f64], filters: usize, count: usize, epsilon: f64) -> Self {
        let (k, count) = (sums.len() / 2, count as f64);
        let moments = (0..filters).map(|j| {
            let mean = sums[j] / count;
            let variance = sums[k + j] / count - mean * mean;
            // Rounding may leave less than nothing; a NaN stays.
            (mean, if variance < 0.0 { 0.0 } else { variance })
        });
        let (mean, variance) = moments.unzip();
        Self::new(mean, variance, epsilon)
    }

    fn both(&self) -> [&[f64]; 2] {
        [&self.mean, &self.inverse_deviation]
    }
}
