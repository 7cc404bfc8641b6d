//! A block's convolution by the way that suits its kernel, split over threads.

use crate::activation::Activation;
use crate::geometry::{Bands, Geometry};
use crate::kernels::Kernels;
use crate::parallel::{Buffer, each, parts};
use crate::pool::{Pooled, Spread};
use crate::{columns, direct, winograd};

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// 3 x 3 of one channel: by definition.
    Direct,
    /// 3 x 3 of several channels: by Winograd's transform.
    Winograd,
    /// Other kernels: by patches.
    Columns,
}

impl Route {
    pub(crate) fn of(g: &Geometry) -> Self {
        match (g.kernel, g.channels) {
            ([3, 3], 1) => Self::Direct,
            ([3, 3], _) => Self::Winograd,
            _ => Self::Columns,
        }
    }

    /// Rows of the batch that can be computed apart, the units of work that a band of them holds, and how many units
    /// make a part worth its sums.
    fn bands(self, g: &Geometry) -> (Bands, usize, usize) {
        match self {
            Self::Direct => {
                let bands = Bands::new(g, 1);
                (bands, bands.height * g.width, 512)
            }
            Self::Winograd => {
                let bands = Bands::new(g, 4);
                (bands, bands.height / 4 * g.tiles()[1], winograd::CHUNK)
            }
            Self::Columns => {
                let bands = Bands::new(g, 1);
                (bands, bands.height * g.width, 4 * columns::CHUNK)
            }
        }
    }

    /// Runs of images whose gradients are summed together.
    fn images(self, g: &Geometry, batch: usize) -> Vec<(usize, usize)> {
        let (bands, units, chunk) = self.bands(g);
        parts(batch, units * bands.per_image, chunk)
    }
}

/// A pointer, or several, that threads use, each for its own images.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(pub(crate) T);

// SAFETY: whoever calls `get` keeps to the images that are its own.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    pub(crate) fn get(&self) -> T {
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
pub(crate) fn add_up(parts: &[Vec<f64>], len: usize) -> Vec<f64> {
    let mut sums = vec![0.0; len];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// The parts added in their order.
fn add_up_f32(parts: &[Vec<f32>], len: usize) -> Vec<f32> {
    let mut sums = vec![0.0; len];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// Convolution to pool, for all images.
pub(crate) struct Forth<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) g: &'a Geometry,
    pub(crate) route: Route,
    pub(crate) batch: usize,
    pub(crate) input: &'a [f32],
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) activation: Activation,
    pub(crate) out: Shared<Pooled>,
    /// Where all activations go, null if nobody wants them. Those of the direct way go nowhere.
    pub(crate) activations: Shared<*mut f32>,
    /// What the activations of each channel are near, `[k]`: their sums are of the differences, so that a channel that
    /// hardly varies keeps its variance.
    pub(crate) centre: &'a [f32],
    /// Whether sums are wanted.
    pub(crate) statistics: bool,
}

impl Forth<'_> {
    /// `[2, k]` sums of the activations less their centre, and of the squares of that.
    pub(crate) fn run(&self) -> Vec<f64> {
        let Self { kernels, g, .. } = *self;
        let (bias, activation) = (padded(self.bias, g.k()), self.activation);
        let taps = if self.route == Route::Direct { direct::by_tap(g, self.weight) } else { Vec::new() };
        let mut packed = Buffer::any(match self.route {
            Route::Direct => 0,
            Route::Winograd => winograd::kernels_len(g),
            Route::Columns => columns::depth(g) * g.k(),
        });
        match self.route {
            Route::Direct => {}
            Route::Winograd => winograd::transform_kernels(kernels, g, self.weight, false, &mut packed),
            Route::Columns => columns::pack_weight(kernels, g, self.weight, false, &mut packed),
        }
        let (bands, units, chunk) = self.route.bands(g);
        // Parts cost less on the way forth, where each sums two values a channel.
        let chunk = chunk / 3;
        let sums = each(parts(self.batch * bands.per_image, units, chunk), |(first, count)| {
            let (start, end) = (bands.start(first), bands.start(first + count));
            let mut sums = vec![0.0; 2 * g.k()];
            let to_sums = if self.statistics { sums.as_mut_ptr() } else { std::ptr::null_mut() };
            let mut scratch = Buffer::any(match self.route {
                Route::Direct => direct::scratch_len(g),
                Route::Winograd => winograd::scratch_len(g),
                Route::Columns => columns::scratch_len(g),
            });
            // Where nobody wants the activations, this part's own are left to the next.
            let first_row = start.image * g.height + start.row;
            let rows = end.image * g.height + end.row - first_row;
            let wanted = self.route == Route::Direct || !self.activations.get().is_null();
            let mut own = Buffer::any(if wanted { 0 } else { rows * g.row() });
            let activations = if wanted {
                self.activations.get()
            } else {
                own.as_mut_ptr().wrapping_sub(first_row * g.row())
            };
            let (input, pooled) = (self.input.as_ptr(), self.out.get());
            let (bias, sums_to, scratch) = (bias.as_ptr(), to_sums, scratch.as_mut_ptr());
            let centre = self.centre.as_ptr();
            match self.route {
                Route::Direct => {
                    for image in start.image..=end.image.min(self.batch - 1) {
                        let from = if image == start.image { start.row } else { 0 };
                        let to = if image == end.image { end.row } else { g.height };
                        kernels.run(direct::Forward {
                            g,
                            start: crate::geometry::At { image, row: from },
                            end: to,
                            input: self.input[image * g.input()..].as_ptr(),
                            taps: taps.as_ptr(),
                            bias,
                            activation,
                            pooled,
                            centre,
                            sums: sums_to,
                            scratch,
                        });
                    }
                }
                Route::Winograd => kernels.run(winograd::Forward {
                    g,
                    start,
                    end,
                    input,
                    kernels: packed.as_ptr(),
                    bias,
                    activation,
                    activations,
                    pooled,
                    centre,
                    sums: sums_to,
                    scratch,
                }),
                Route::Columns => kernels.run(columns::Forward {
                    g,
                    start,
                    end,
                    input,
                    weight: packed.as_ptr(),
                    bias,
                    activation,
                    activations,
                    pooled,
                    centre,
                    sums: sums_to,
                    scratch,
                }),
            }
            sums
        });
        add_up(&sums, 2 * g.k())
    }
}

/// From the pool back to the input, for all images.
pub(crate) struct Back<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) g: &'a Geometry,
    pub(crate) batch: usize,
    pub(crate) input: &'a [f32],
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
    /// `[batch, height, width, k]`; of the direct way, which computes them again, anything.
    pub(crate) activations: &'a [f32],
    /// Of the first image, without a place for the bias.
    pub(crate) spread: Shared<Spread>,
    pub(crate) want_input: bool,
}

impl Back<'_> {
    /// Gradients of weight, bias and input, the last empty if it is not wanted.
    pub(crate) fn run(&self) -> [Vec<f32>; 3] {
        let mut d_input = vec![0.0; if self.want_input { self.input.len() } else { 0 }];
        let (weight, mut bias) = match Route::of(self.g) {
            Route::Direct => self.direct(Shared(d_input.as_mut_ptr())),
            Route::Winograd => self.winograd(Shared(d_input.as_mut_ptr())),
            Route::Columns => self.columns(Shared(d_input.as_mut_ptr())),
        };
        bias.truncate(self.g.filters);
        [weight, bias, d_input]
    }

    /// Gradient of an image's input; null if it is not wanted.
    fn d_input_of(&self, to: Shared<*mut f32>, image: usize) -> *mut f32 {
        if self.want_input { to.get().wrapping_add(image * self.g.input()) } else { std::ptr::null_mut() }
    }

    /// Of an image, with a place for the bias.
    fn spread_of(&self, image: usize, bias: &mut [f32]) -> Spread {
        // SAFETY: `image` is one of the batch.
        let spread = unsafe { self.spread.get().of(self.g, image) };
        Spread { bias: bias.as_mut_ptr(), ..spread }
    }

    fn direct(&self, d_input: Shared<*mut f32>) -> (Vec<f32>, Vec<f32>) {
        let (g, k) = (self.g, self.g.k());
        let taps = direct::by_tap(g, self.weight);
        let bias = padded(self.bias, k);
        let images = each((0..self.batch).collect(), |image| {
            let mut sums = vec![0.0f32; 10 * k];
            let (d_taps, d_bias) = sums.split_at_mut(9 * k);
            let mut scratch = Buffer::any(direct::scratch_len(g));
            self.kernels.run(direct::Backward {
                g,
                input: self.input[image * g.input()..].as_ptr(),
                taps: taps.as_ptr(),
                bias: bias.as_ptr(),
                spread: self.spread_of(image, d_bias),
                d_input: self.d_input_of(d_input, image),
                d_taps: d_taps.as_mut_ptr(),
                scratch: scratch.as_mut_ptr(),
            });
            sums
        });
        let sums = add_up_f32(&images, 10 * k);
        let weight = (0..g.filters * 9).map(|i| sums[(i % 9) * k + i / 9]).collect();
        (weight, sums[9 * k..].to_vec())
    }

    fn winograd(&self, d_input: Shared<*mut f32>) -> (Vec<f32>, Vec<f32>) {
        let (g, kernels) = (self.g, self.kernels);
        let mut points = Buffer::any(if self.want_input { winograd::kernels_len(g) } else { 0 });
        if self.want_input {
            winograd::transform_kernels(kernels, g, self.weight, true, &mut points);
        }
        let parts = each(Route::Winograd.images(g, self.batch), |(first, images)| {
            let mut d_kernels = Buffer::any(winograd::kernels_len(g));
            let mut d_bias = vec![0.0f32; g.k()];
            let mut scratch = Buffer::any(winograd::scratch_len(g));
            kernels.run(winograd::Backward {
                g,
                images,
                input: self.input[first * g.input()..].as_ptr(),
                kernels: if self.want_input { points.as_ptr() } else { std::ptr::null() },
                activations: self.activations[first * g.activations()..].as_ptr(),
                spread: self.spread_of(first, &mut d_bias),
                d_input: self.d_input_of(d_input, first),
                d_kernels: d_kernels.as_mut_ptr(),
                scratch: scratch.as_mut_ptr(),
            });
            (d_kernels, d_bias)
        });
        let (d_kernels, d_bias): (Vec<Buffer>, Vec<Vec<f32>>) = parts.into_iter().unzip();
        let d_kernels: Vec<&[f32]> = d_kernels.iter().map(|part| &**part).collect();
        (winograd::kernels_back(kernels, g, &d_kernels), add_up_f32(&d_bias, g.k()))
    }

    fn columns(&self, d_input: Shared<*mut f32>) -> (Vec<f32>, Vec<f32>) {
        let (g, kernels) = (self.g, self.kernels);
        let len = columns::depth(g) * g.k();
        let mut packed = Buffer::any(if self.want_input { len } else { 0 });
        if self.want_input {
            columns::pack_weight(kernels, g, self.weight, true, &mut packed);
        }
        let parts = each(Route::Columns.images(g, self.batch), |(first, images)| {
            let mut d_weight = Buffer::zeros(len);
            let mut d_bias = vec![0.0f32; g.k()];
            let mut scratch = Buffer::any(columns::scratch_len(g));
            kernels.run(columns::Backward {
                g,
                images,
                input: self.input[first * g.input()..].as_ptr(),
                weight: if self.want_input { packed.as_ptr() } else { std::ptr::null() },
                activations: self.activations[first * g.activations()..].as_ptr(),
                spread: self.spread_of(first, &mut d_bias),
                d_input: self.d_input_of(d_input, first),
                d_weight: d_weight.as_mut_ptr(),
                scratch: scratch.as_mut_ptr(),
            });
            (d_weight, d_bias)
        });
        let (d_weight, d_bias): (Vec<Buffer>, Vec<Vec<f32>>) = parts.into_iter().unzip();
        let d_weight: Vec<&[f32]> = d_weight.iter().map(|part| &**part).collect();
        (columns::unpack_gradient(g, &d_weight), add_up_f32(&d_bias, g.k()))
    }
}
