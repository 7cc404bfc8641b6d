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

use std::f64::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::StftConfig;

/// Pairs of bins unpacked at a time.
const LANES: usize = 8;

/// Transforms frames of `n_fft` samples into `n_fft / 2 + 1` bins, reusing every buffer.
pub(crate) struct FrameTransform {
    window: Vec<f32>,
    fft: Arc<dyn Fft<f32>>,
    packed: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Real and imaginary parts of `-i W / 2` for `k = 1, 2, ... < h / 2`.
    twiddle_re: Vec<f32>,
    twiddle_im: Vec<f32>,
}

impl FrameTransform {
    /// `config` must be valid; in particular `n_fft` is even.
    pub(crate) fn new(config: &StftConfig) -> Self {
        Self::with_window(config.window.centred(config.win_length(), config.n_fft))
    }

    /// A transform of frames as long as `window`, which is even.
    pub(crate) fn with_window(window: Vec<f32>) -> Self {
        let n_fft = window.len();
        let half = n_fft / 2;
        let fft = FftPlanner::new().plan_fft_forward(half);
        let angle = |k: usize| TAU * k as f64 / n_fft as f64;
        let pairs = 1..half.div_ceil(2);
        Self {
            window,
            packed: vec![Complex32::default(); half],
            scratch: vec![Complex32::default(); fft.get_inplace_scratch_len()],
            twiddle_re: pairs.clone().map(|k| (-0.5 * angle(k).sin()) as f32).collect(),
            twiddle_im: pairs.map(|k| (-0.5 * angle(k).cos()) as f32).collect(),
            fft,
        }
    }

    /// `|X[k]|²` of the windowed frame into the first `n_fft / 2 + 1` places of `out`.
    pub(crate) fn power(&mut self, frame: &[f32], out: &mut [f32]) {
        self.transform(frame, out, |re, im| re * re + im * im);
    }

    /// `X[k]` of the windowed frame into the first `n_fft / 2 + 1` places of `out`.
    pub(crate) fn spectrum(&mut self, frame: &[f32], out: &mut [Complex32]) {
        self.transform(frame, out, Complex32::new);
    }

    /// `|X[k]|` of the windowed frame.
    pub(crate) fn magnitude(&mut self, frame: &[f32], out: &mut [f32]) {
        self.transform(frame, out, |re, im| (re * re + im * im).sqrt());
    }

    /// The real part of each `X[k]`.
    pub(crate) fn real(&mut self, frame: &[f32], out: &mut [f32]) {
        self.transform(frame, out, |re, _| re);
    }

    fn transform<T: Copy>(&mut self, frame: &[f32], out: &mut [T], value: impl Fn(f32, f32) -> T) {
        let samples = frame.as_chunks::<2>().0.iter().zip(self.window.as_chunks::<2>().0);
        for (packed, (x, w)) in self.packed.iter_mut().zip(samples) {
            *packed = Complex32::new(x[0] * w[0], x[1] * w[1]);
        }
        self.fft.process_with_scratch(&mut self.packed, &mut self.scratch);

        let z = &self.packed[..];
        let half = z.len();
        out[0] = value(z[0].re + z[0].im, 0.0);
        out[half] = value(z[0].re - z[0].im, 0.0);
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
fn unpack<const N: usize, T: Copy>(
    low: &[[Complex32; N]],
    high: &[[Complex32; N]],
    twiddle_re: &[[f32; N]],
    twiddle_im: &[[f32; N]],
    out_low: &mut [[T; N]],
    out_high: &mut [[T; N]],
    value: &impl Fn(f32, f32) -> T,
) {
    use std::array::from_fn;

    let inputs = low.iter().zip(high.iter().rev()).zip(twiddle_re.iter().zip(twiddle_im));
    let outputs = out_low.iter_mut().zip(out_high.iter_mut().rev());
    for (((a, b), (w_re, w_im)), (out_low, out_high)) in inputs.zip(outputs) {
        let b: [Complex32; N] = from_fn(|i| b[N - 1 - i]);
        let e_re: [f32; N] = from_fn(|i| 0.5 * (a[i].re + b[i].re));
        let e_im: [f32; N] = from_fn(|i| 0.5 * (a[i].im - b[i].im));
        let d_re: [f32; N] = from_fn(|i| a[i].re - b[i].re);
        let d_im: [f32; N] = from_fn(|i| a[i].im + b[i].im);
        let t_re: [f32; N] = from_fn(|i| w_re[i] * d_re[i] - w_im[i] * d_im[i]);
        let t_im: [f32; N] = from_fn(|i| w_re[i] * d_im[i] + w_im[i] * d_re[i]);
        let partner: [T; N] = from_fn(|i| value(e_re[i] - t_re[i], t_im[i] - e_im[i]));
        *out_low = from_fn(|i| value(e_re[i] + t_re[i], e_im[i] + t_im[i]));
        *out_high = from_fn(|i| partner[N - 1 - i]);
    }
}
