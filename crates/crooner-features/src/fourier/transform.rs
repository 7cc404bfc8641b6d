//! Window and real Fourier transform of one frame, with the last step fused into what is made of the spectrum.
//!
//! `n_fft` real samples are transformed as `h = n_fft / 2` complex numbers `z[i] = x[2i] + i x[2i+1]`, whose spectrum
//! `Z` holds that of `x`: with `E = (Z[k] + Z̄[h-k]) / 2`, `D = (Z[k] - Z̄[h-k]) / 2` and `W = exp(-2πi k / n_fft)`,
//!
//! `X[k] = E - i W D`, `X[h-k] = conj(E + i W D)`.
//!
//! That step costs as much as the transform itself unless it is vectorised, so it works on small arrays by value, which
//! the compiler turns into vector instructions on any machine; and it hands each `X[k]` straight to the caller's
//! function, so that a power spectrum never stores the complex one.
//!
//! An odd `n_fft` has no such halves and goes through a complex transform of its whole length.

use std::f64::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftNum, FftPlanner};

use crate::StftConfig;

/// Pairs of bins unpacked at a time.
const LANES: usize = 8;

/// The numbers a spectrum is computed in: `f32`, or `f64` (as librosa does) at twice the cost for what depends on the
/// quietest bins.
pub(crate) trait Real: FftNum + Default {
    fn of(value: f64) -> Self;
    fn of_sample(sample: f32) -> Self;
    fn root(self) -> Self;
    fn to_single(self) -> f32;
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn of_sample(sample: f32) -> Self {
        sample
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn to_single(self) -> f32 {
        self
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn of_sample(sample: f32) -> Self {
        sample.into()
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn to_single(self) -> f32 {
        self as f32
    }
}

/// Transforms frames of `n_fft` samples into `n_fft / 2 + 1` bins, reusing every buffer.
pub(crate) struct FrameTransform<T: Real = f32> {
    window: Vec<T>,
    fft: Arc<dyn Fft<T>>,
    /// Half as many numbers as the window has for an even length, else as many.
    packed: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
    /// Real and imaginary parts of `-i W / 2` for `k = 1, 2, ... < h / 2`.
    twiddle_re: Vec<T>,
    twiddle_im: Vec<T>,
}

impl<T: Real> FrameTransform<T> {
    /// `config` must be valid.
    pub(crate) fn new(config: &StftConfig) -> Self {
        Self::with_window(config.window.centred(config.win_length(), config.n_fft))
    }

    /// A transform of frames as long as `window`.
    pub(crate) fn with_window(window: Vec<T>) -> Self {
        let n_fft = window.len();
        let is_even = n_fft.is_multiple_of(2);
        let half = n_fft / 2;
        let fft = FftPlanner::new().plan_fft_forward(if is_even { half } else { n_fft });
        let angle = |k: usize| TAU * k as f64 / n_fft as f64;
        let pairs = if is_even { 1..half.div_ceil(2) } else { 0..0 };
        Self {
            window,
            packed: vec![Complex::default(); fft.len()],
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            twiddle_re: pairs.clone().map(|k| T::of(-0.5 * angle(k).sin())).collect(),
            twiddle_im: pairs.map(|k| T::of(-0.5 * angle(k).cos())).collect(),
            fft,
        }
    }

    /// `|X[k]|²` of the windowed frame into the first `n_fft / 2 + 1` places of `out`.
    pub(crate) fn power(&mut self, frame: &[f32], out: &mut [T]) {
        self.each(frame, out, |re, im| re * re + im * im);
    }

    /// `X[k]` of the windowed frame into the first `n_fft / 2 + 1` places of `out`.
    pub(crate) fn spectrum(&mut self, frame: &[f32], out: &mut [Complex<T>]) {
        self.each(frame, out, Complex::new);
    }

    /// `|X[k]|` of the windowed frame.
    pub(crate) fn magnitude(&mut self, frame: &[f32], out: &mut [T]) {
        self.each(frame, out, |re, im| (re * re + im * im).root());
    }

    /// The real part of each `X[k]`.
    pub(crate) fn real(&mut self, frame: &[f32], out: &mut [T]) {
        self.each(frame, out, |re, _| re);
    }

    /// `value` of the real and the imaginary part of each `X[k]`.
    #[inline]
    pub(crate) fn each<U: Copy>(&mut self, frame: &[f32], out: &mut [U], value: impl Fn(T, T) -> U) {
        if self.window.len().is_multiple_of(2) {
            self.each_of_even(frame, out, value);
        } else {
            let samples = frame.iter().zip(&self.window);
            for (packed, (&x, &w)) in self.packed.iter_mut().zip(samples) {
                *packed = Complex::new(T::of_sample(x) * w, T::zero());
            }
            self.fft.process_with_scratch(&mut self.packed, &mut self.scratch);
            for (out, x) in out.iter_mut().zip(&self.packed[..=self.window.len() / 2]) {
                *out = value(x.re, x.im);
            }
        }
    }

    #[inline]
    fn each_of_even<U: Copy>(&mut self, frame: &[f32], out: &mut [U], value: impl Fn(T, T) -> U) {
        let samples = frame.as_chunks::<2>().0.iter().zip(self.window.as_chunks::<2>().0);
        for (packed, (x, w)) in self.packed.iter_mut().zip(samples) {
            *packed = Complex::new(T::of_sample(x[0]) * w[0], T::of_sample(x[1]) * w[1]);
        }
        self.fft.process_with_scratch(&mut self.packed, &mut self.scratch);

        let z = &self.packed[..];
        let half = z.len();
        out[0] = value(z[0].re + z[0].im, T::zero());
        out[half] = value(z[0].re - z[0].im, T::zero());
        if half.is_multiple_of(2) {
            out[half / 2] = value(z[half / 2].re, -z[half / 2].im);
        }

        // Bins 1, 2, ... rise to the middle while their partners fall from h - 1.
        let n_pairs = self.twiddle_re.len();
        let (low, low_rest) = z[1..=n_pairs].as_chunks::<LANES>();
        let (high_rest, high) = z[half - n_pairs..].as_rchunks::<LANES>();
        let (re, re_rest) = self.twiddle_re.as_chunks::<LANES>();
        let (im, im_rest) = self.twiddle_im.as_chunks::<LANES>();
        let (out_low, out_high) = out[1..half].split_at_mut(half - 1 - n_pairs);
        let (out_low, out_low_rest) = out_low[..n_pairs].as_chunks_mut::<LANES>();
        let (out_high_rest, out_high) = out_high.as_rchunks_mut::<LANES>();
        unpack(low, high, re, im, out_low, out_high, &value);
        unpack(
            low_rest.as_chunks::<1>().0,
            high_rest.as_chunks::<1>().0,
            re_rest.as_chunks::<1>().0,
            im_rest.as_chunks::<1>().0,
            out_low_rest.as_chunks_mut::<1>().0,
            out_high_rest.as_chunks_mut::<1>().0,
            &value,
        );
    }
}

/// `X[k]` and `X[h-k]` for runs of `N` rising `k`: `low` and its outputs from the front, `high` and its outputs from
/// the back.
#[inline(always)]
fn unpack<const N: usize, T: Real, U: Copy>(
    low: &[[Complex<T>; N]],
    high: &[[Complex<T>; N]],
    twiddle_re: &[[T; N]],
    twiddle_im: &[[T; N]],
    out_low: &mut [[U; N]],
    out_high: &mut [[U; N]],
    value: &impl Fn(T, T) -> U,
) {
    use std::array::from_fn;

    let half = T::of(0.5);

    let inputs = low.iter().zip(high.iter().rev()).zip(twiddle_re.iter().zip(twiddle_im));
    let outputs = out_low.iter_mut().zip(out_high.iter_mut().rev());
    for (((a, b), (w_re, w_im)), (out_low, out_high)) in inputs.zip(outputs) {
        let b: [Complex<T>; N] = from_fn(|i| b[N - 1 - i]);
        let e_re: [T; N] = from_fn(|i| half * (a[i].re + b[i].re));
        let e_im: [T; N] = from_fn(|i| half * (a[i].im - b[i].im));
        let d_re: [T; N] = from_fn(|i| a[i].re - b[i].re);
        let d_im: [T; N] = from_fn(|i| a[i].im + b[i].im);
        let t_re: [T; N] = from_fn(|i| w_re[i] * d_re[i] - w_im[i] * d_im[i]);
        let t_im: [T; N] = from_fn(|i| w_re[i] * d_im[i] + w_im[i] * d_re[i]);
        let partner: [U; N] = from_fn(|i| value(e_re[i] - t_re[i], t_im[i] - e_im[i]));
        *out_low = from_fn(|i| value(e_re[i] + t_re[i], e_im[i] + t_im[i]));
        *out_high = from_fn(|i| partner[N - 1 - i]);
    }
}
