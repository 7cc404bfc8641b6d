//! Convolution, activation, batch normalisation, max pool and dropout as one operation.

use crate::activation::Activation;
use crate::dropout::Dropout;
use crate::error::{KernelError, check_length, check_size};
use crate::finish::{Affine, Finish, FinishBack};
use crate::geometry::Geometry;
use crate::kernels::Kernels;
use crate::parallel::{Buffer, each, parts};
use crate::pool::{Pooled, Spread};
use crate::{direct, winograd};

/// Where batch normalisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Convolution, activation, normalisation, as Nasrullah & Zhao (2019).
    ActivationFirst,
    /// Convolution, normalisation, activation, as Choi et al. (2016).
    NormFirst,
}

/// A conv block: 3 x 3 convolution with zero padding that keeps the size, activation and batch normalisation in either
/// [`Order`], max pool (stride equal to its size, remainder dropped), dropout.
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
    /// Pool `[height, width]`, of at most 256 pixels.
    pub pool: [usize; 2],
    /// Between convolution and pool.
    pub activation: Activation,
    /// Whether normalisation comes after or before it.
    pub order: Order,
    /// Added to the variance.
    pub epsilon: f64,
    /// Of the output; `None` outside training.
    pub dropout: Option<Dropout>,
}

/// Learned values of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockParams<'a> {
    /// `[filters, channels, 3, 3]`.
    pub weight: &'a [f32],
    /// `[filters]`.
    pub bias: &'a [f32],
    /// Scale of the normalised channels, `[filters]`.
    pub gamma: &'a [f32],
    /// Shift of the normalised channels, `[filters]`.
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
    /// What the pool saw; empty where it is computed again.
    activations: Buffer,
    pooled: Buffer,
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
    /// Mean of each channel that it was normalised with.
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
        let Self { height, width, channels, filters, pool, .. } = *self;
        Geometry { height, width, channels, filters, pool }
    }

    /// `[batch, height / pool, width / pool, filters]`.
    #[must_use]
    pub fn output_shape(&self) -> [usize; 4] {
        let [height, width] = self.geometry().pooled();
        [self.batch, height, width, self.filters]
    }

    /// Runs of images whose sums are made together.
    fn parts(&self) -> Vec<(usize, usize)> {
        let [rows, columns] = self.geometry().tiles();
        parts(self.batch, rows * columns, winograd::CHUNK)
    }

    /// Between convolution and pool: the activation, unless normalisation stands between them. Being monotonic, both
    /// may then wait until the pool has left a fraction of the values.
    fn inner(&self) -> Activation {
        if self.order == Order::ActivationFirst { self.activation } else { Activation::Identity }
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
        let at_least = |what, found, least: usize| {
            let expected = format!("at least {least}, the size of the pool");
            if found >= least { Ok(()) } else { Err(KernelError::Size { what, expected, found }) }
        };
        at_least("height", self.height, self.pool[0])?;
        at_least("width", self.width, self.pool[1])?;
        let found = self.pool[0] * self.pool[1];
        if found > 256 {
            return Err(KernelError::Size { what: "pool", expected: "at most 256 pixels".to_owned(), found });
        }
        let k = self.filters;
        check_length("input", input, self.batch * self.geometry().input())?;
        check_length("weight", params.weight, k * self.channels * 9)?;
        check_length("bias", params.bias, k)?;
        check_length("gamma", params.gamma, k)?;
        check_length("beta", params.beta, k)
    }

    /// The block's output, and with `keep` what the backward pass needs.
    ///
    /// # Errors
    /// [`KernelError`] for sizes of zero or smaller than the pool, and slices that do not fit them.
    pub fn forward(
        &self,
        kernels: Kernels,
        input: &[f32],
        params: &BlockParams<'_>,
        statistics: Statistics<'_>,
        keep: bool,
    ) -> Result<BlockOutput, KernelError> {
        self.check(input, params)?;
        if let Statistics::Given { mean, variance } = statistics {
            check_length("mean", mean, self.filters)?;
            check_length("variance", variance, self.filters)?;
        }
        let g = self.geometry();
        let k = g.k();
        let batch_statistics = matches!(statistics, Statistics::Batch);
        let sign: Vec<f32> =
            padded(params.gamma, k).iter().map(|&gamma| if gamma < 0.0 { -1.0 } else { 1.0 }).collect();
        let mut pooled = Buffer::any(self.batch * g.pooled_values());
        let mut winners = if keep { vec![0u8; self.batch * g.pooled_values()] } else { Vec::new() };
        let (sums, activations) = {
            let out = Pooled {
                values: pooled.as_mut_ptr(),
                winners: if keep { winners.as_mut_ptr() } else { std::ptr::null_mut() },
                sign: sign.as_ptr(),
            };
            self.convolve(kernels, &g, input, params, Shared(out), batch_statistics, keep)
        };
        let count = (self.batch * self.height * self.width) as f64;
        let (mean, variance): (Vec<f64>, Vec<f64>) = match statistics {
            Statistics::Batch => (0..self.filters)
                .map(|j| {
                    let mean = sums[j] / count;
                    let variance = sums[k + j] / count - mean * mean;
                    // Rounding may leave less than nothing; a NaN stays.
                    (mean, if variance < 0.0 { 0.0 } else { variance })
                })
                .unzip(),
            Statistics::Given { mean, variance } => (
                mean.iter().copied().map(f64::from).collect(),
                variance.iter().copied().map(f64::from).collect(),
            ),
        };
        let inverse_deviation: Vec<f64> = variance.iter().map(|v| 1.0 / (v + self.epsilon).sqrt()).collect();
        let affine = Affine::new(params, &mean, &inverse_deviation, k);
        let values = self.finish(kernels, &g, &pooled, &affine);
        let (as_f32, variance) = (|v: &[f64]| v.iter().map(|&v| v as f32).collect::<Vec<f32>>(), variance);
        let (mean_f32, variance) = (as_f32(&mean), as_f32(&variance));
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

    /// Convolution to pool, for all images; sums of the activations and their squares, and the activations if they
    /// are kept.
    #[expect(clippy::too_many_arguments, reason = "one caller")]
    fn convolve(
        &self,
        kernels: Kernels,
        g: &Geometry,
        input: &[f32],
        params: &BlockParams<'_>,
        out: Shared<Pooled>,
        statistics: bool,
        keep: bool,
    ) -> (Vec<f64>, Buffer) {
        let k = g.k();
        let bias = padded(params.bias, k);
        let activation = self.inner();
        // SAFETY: `image` is one of the batch, and `out` has room for all.
        let pooled_of = |image: usize| unsafe {
            let out = out.get();
            let at = image * g.pooled_values();
            let winners = if out.winners.is_null() { out.winners } else { out.winners.add(at) };
            Pooled { values: out.values.add(at), winners, sign: out.sign }
        };
        let mut activations = Buffer::default();
        let sums: Vec<Vec<f64>> = if self.channels == 1 {
            let taps = direct::by_tap(g, params.weight);
            each((0..self.batch).collect(), |image| {
                let mut sums = vec![0.0; 2 * k];
                let mut scratch = Buffer::any(direct::scratch_len(g));
                kernels.run(direct::Forward {
                    g,
                    input: input[image * g.input()..].as_ptr(),
                    taps: taps.as_ptr(),
                    bias: bias.as_ptr(),
                    activation,
                    pooled: pooled_of(image),
                    sums: if statistics { sums.as_mut_ptr() } else { std::ptr::null_mut() },
                    scratch: scratch.as_mut_ptr(),
                });
                sums
            })
        } else {
            let mut points = Buffer::any(winograd::kernels_len(g));
            winograd::transform_kernels(kernels, g, params.weight, false, &mut points);
            if keep {
                activations = Buffer::any(self.batch * g.activations());
            }
            let all = Shared(activations.as_mut_ptr());
            each(self.parts(), |(first, images)| {
                let mut sums = vec![0.0; 2 * k];
                let mut scratch = Buffer::any(winograd::scratch_len(g));
                let mut own = if keep { Buffer::default() } else { Buffer::any(images * g.activations()) };
                // SAFETY: each part has its own images.
                let kept = || unsafe { all.get().add(first * g.activations()) };
                kernels.run(winograd::Forward {
                    g,
                    images,
                    input: input[first * g.input()..].as_ptr(),
                    kernels: points.as_ptr(),
                    bias: bias.as_ptr(),
                    activation,
                    activations: if keep { kept() } else { own.as_mut_ptr() },
                    pooled: pooled_of(first),
                    sums: if statistics { sums.as_mut_ptr() } else { std::ptr::null_mut() },
                    scratch: scratch.as_mut_ptr(),
                });
                sums
            })
        };
        (add_up(&sums, 2 * k), activations)
    }

    /// Normalisation, outer activation and dropout of what the pool left.
    fn finish(&self, kernels: Kernels, g: &Geometry, pooled: &[f32], affine: &Affine) -> Vec<f32> {
        let [_, height, width, filters] = self.output_shape();
        let image_len = height * width * filters;
        let mut values = vec![0.0; self.batch * image_len];
        let images = values.chunks_mut(image_len).zip(pooled.chunks_exact(g.pooled_values())).enumerate();
        each(images.collect(), |(image, (to, from))| {
            let first = image * image_len;
            kernels.run(Finish {
                g,
                affine,
                activation: self.outer(),
                dropout: self.dropout,
                first,
                from,
                to,
            });
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
            kernels.run(FinishBack { g: &g, affine, activation, dropout, first, pooled, from, to })
        });
        let sums = add_up(&sums, 2 * k);

        // Batch norm: with s = gamma / deviation, n values a channel, and means over all of them,
        //   d a = s (d y - mean(d y) - x mean(d y x)),  x = (a - mean) / deviation
        // where d y is zero but for the winners of the pool: scale * d y + offset + slope * a.
        let count = (self.batch * self.height * self.width) as f64;
        let mut gradients = BlockGradients {
            input: None,
            weight: Vec::new(),
            bias: Vec::new(),
            gamma: vec![0.0; filters],
            beta: vec![0.0; filters],
        };
        let (mut scale, mut offset, mut slope) = (vec![0.0; k], vec![0.0; k], vec![0.0; k]);
        for j in 0..filters {
            let (mean, inverse) = (saved.mean[j], saved.inverse_deviation[j]);
            let d_beta = sums[j];
            let d_gamma = (sums[k + j] - mean * d_beta) * inverse;
            gradients.gamma[j] = d_gamma as f32;
            gradients.beta[j] = d_beta as f32;
            let s = f64::from(params.gamma[j]) * inverse;
            scale[j] = s as f32;
            if saved.batch_statistics {
                slope[j] = (-s * d_gamma * inverse / count) as f32;
                offset[j] = (s * (d_gamma * inverse * mean - d_beta) / count) as f32;
            }
        }
        let spread = Spread {
            gradient: gradient.as_ptr(),
            winners: saved.winners.as_ptr(),
            scale: scale.as_ptr(),
            offset: offset.as_ptr(),
            slope: slope.as_ptr(),
            activation: self.inner(),
            bias: std::ptr::null_mut(),
        };
        self.convolve_back(&g, input, params, saved, Shared(spread), want_input, &mut gradients);
        Ok(gradients)
    }

    /// From the pool back to the input.
    #[expect(clippy::too_many_arguments, reason = "one caller")]
    fn convolve_back(
        &self,
        g: &Geometry,
        input: &[f32],
        params: &BlockParams<'_>,
        saved: &BlockSaved,
        spread: Shared<Spread>,
        want_input: bool,
        gradients: &mut BlockGradients,
    ) {
        let (k, kernels) = (g.k(), saved.kernels);
        let mut d_input = if want_input { vec![0.0; input.len()] } else { Vec::new() };
        let to = Shared(d_input.as_mut_ptr());
        // SAFETY: `image` is one of the batch; each part has its own.
        let d_input_of = |image: usize| unsafe {
            if want_input { to.get().add(image * g.input()) } else { std::ptr::null_mut() }
        };
        // SAFETY: as above.
        let spread_of = |image: usize, bias: &mut [f32]| unsafe {
            let spread = spread.get();
            let at = image * g.pooled_values();
            let (gradient, winners) = (spread.gradient.add(at), spread.winners.add(at));
            Spread { gradient, winners, bias: bias.as_mut_ptr(), ..spread }
        };
        let mut bias = vec![0.0f32; k];
        if self.channels == 1 {
            let taps = direct::by_tap(g, params.weight);
            let inner_bias = padded(params.bias, k);
            let images = each((0..self.batch).collect(), |image| {
                let mut sums = vec![0.0f32; 10 * k];
                let (d_taps, d_bias) = sums.split_at_mut(9 * k);
                let mut scratch = Buffer::any(direct::scratch_len(g));
                kernels.run(direct::Backward {
                    g,
                    input: input[image * g.input()..].as_ptr(),
                    taps: taps.as_ptr(),
                    bias: inner_bias.as_ptr(),
                    spread: spread_of(image, d_bias),
                    d_input: d_input_of(image),
                    d_taps: d_taps.as_mut_ptr(),
                    scratch: scratch.as_mut_ptr(),
                });
                sums
            });
            let mut sums = vec![0.0f32; 10 * k];
            for image in &images {
                sums.iter_mut().zip(image).for_each(|(sum, value)| *sum += value);
            }
            gradients.weight = (0..self.filters * 9).map(|i| sums[(i % 9) * k + i / 9]).collect();
            bias.copy_from_slice(&sums[9 * k..]);
        } else {
            let mut points = Buffer::any(if want_input { winograd::kernels_len(g) } else { 0 });
            if want_input {
                winograd::transform_kernels(kernels, g, params.weight, true, &mut points);
            }
            let parts = each(self.parts(), |(first, images)| {
                let mut d_kernels = Buffer::zeros(winograd::kernels_len(g));
                let mut d_bias = vec![0.0f32; k];
                let mut scratch = Buffer::any(winograd::scratch_len(g));
                kernels.run(winograd::Backward {
                    g,
                    images,
                    input: input[first * g.input()..].as_ptr(),
                    kernels: if want_input { points.as_ptr() } else { std::ptr::null() },
                    activations: saved.activations[first * g.activations()..].as_ptr(),
                    spread: spread_of(first, &mut d_bias),
                    d_input: d_input_of(first),
                    d_kernels: d_kernels.as_mut_ptr(),
                    scratch: scratch.as_mut_ptr(),
                });
                (d_kernels, d_bias)
            });
            let d_kernels: Vec<&[f32]> = parts.iter().map(|(d_kernels, _)| &**d_kernels).collect();
            gradients.weight = winograd::kernels_back(g, &d_kernels);
            for (_, d_bias) in &parts {
                bias.iter_mut().zip(d_bias).for_each(|(sum, value)| *sum += value);
            }
        }
        bias.truncate(self.filters);
        gradients.bias = bias;
        gradients.input = want_input.then_some(d_input);
    }
}

/// A pointer that several threads use, each for its own images.
#[derive(Clone, Copy)]
struct Shared<T>(T);

// SAFETY: whoever calls `get` keeps to the images that are its own.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}

/// `values`, and zeros up to `len`.
fn padded(values: &[f32], len: usize) -> Vec<f32> {
    let mut all = values.to_vec();
    all.resize(len, 0.0);
    all
}

/// The parts added in their order.
fn add_up(parts: &[Vec<f64>], len: usize) -> Vec<f64> {
    let mut sums = vec![0.0; len];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    sums
}
