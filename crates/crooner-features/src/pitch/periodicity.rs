//! The difference function of YIN: how unlike a frame is to itself, a lag later.

use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::error::check_range;
use crate::fourier::framing::Framer;
use crate::rhythm::tempogram::fast_even_length;
use crate::{FeatureError, PadMode, StftConfig, Window};

/// C2 and C7, between which librosa's documentation looks for a fundamental frequency.
const C2_HZ: f64 = 65.406_391_325_149_66;
const C7_HZ: f64 = 2_093.004_522_404_789;

/// What YIN and pYIN have in common.
#[derive(Clone)]
pub(crate) struct PitchFraming {
    pub(crate) sample_rate: u32,
    pub(crate) f_min_hz: f64,
    pub(crate) f_max_hz: f64,
    pub(crate) frame_length: usize,
    pub(crate) hop_length: usize,
    pub(crate) center: bool,
    pub(crate) pad_mode: PadMode,
}

pub(crate) fn f_min_hz(given: Option<f32>) -> f64 {
    given.map_or(C2_HZ, f64::from)
}

pub(crate) fn f_max_hz(given: Option<f32>) -> f64 {
    given.map_or(C7_HZ, f64::from)
}

impl PitchFraming {
    pub(crate) fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
        check_range("frame_length", self.frame_length, 4, 1 << 20)?;
        if !self.frame_length.is_multiple_of(2) {
            return Err(FeatureError::config("frame_length", "even", self.frame_length));
        }
        check_range("hop_length", self.hop_length, 1, 1 << 20)?;
        let rate = f64::from(self.sample_rate);
        check_range("f_max_hz", self.f_max_hz, f64::MIN_POSITIVE, rate / 2.0)?;
        let slowest_hz = rate / (self.frame_length - 1) as f64;
        if !(self.f_min_hz > slowest_hz && self.f_min_hz < self.f_max_hz) {
            let expected = format!(
                "above sample_rate / (frame_length - 1) = {slowest_hz:.3} and below f_max_hz = {}",
                self.f_max_hz
            );
            return Err(FeatureError::config("f_min_hz", expected, self.f_min_hz));
        }
        Ok(())
    }

    fn stft(&self) -> StftConfig {
        StftConfig {
            n_fft: self.frame_length,
            win_length: None,
            hop_length: self.hop_length,
            window: Window::Hann,
            center: self.center,
            pad_mode: self.pad_mode,
        }
    }

    pub(crate) fn framer(&self) -> Framer {
        Framer::new(&self.stft())
    }

    pub(crate) fn n_frames(&self, n_samples: usize) -> usize {
        self.stft().n_frames(n_samples)
    }
}

/// Computes difference functions, two frames in one transform.
pub(crate) struct DifferenceFunction {
    frame_length: usize,
    pub(crate) min_period: usize,
    max_period: usize,
    fft: Arc<dyn Fft<f64>>,
    buffer: Vec<Complex64>,
    scratch: Vec<Complex64>,
    /// The first frame of a pair, until the second comes.
    waiting: Vec<f32>,
}

impl DifferenceFunction {
    pub(crate) fn new(framing: &PitchFraming) -> Self {
        let rate = f64::from(framing.sample_rate);
        let min_period = (rate / framing.f_max_hz).floor() as usize;
        let max_period = ((rate / framing.f_min_hz).ceil() as usize).min(framing.frame_length - 1);
        // Lags beyond the last one may wrap around.
        let n_fft = fast_even_length(framing.frame_length + max_period);
        let fft = FftPlanner::new().plan_fft_forward(n_fft);
        Self {
            frame_length: framing.frame_length,
            min_period,
            max_period,
            buffer: vec![Complex64::default(); n_fft],
            scratch: vec![Complex64::default(); fft.get_inplace_scratch_len()],
            waiting: Vec::with_capacity(framing.frame_length),
            fft,
        }
    }

    /// Number of lags, from `min_period` on.
    pub(crate) fn n_lags(&self) -> usize {
        self.max_period - self.min_period + 1
    }

    pub(crate) fn reset(&mut self) {
        self.waiting.clear();
    }

    /// Takes the next frame; hands the difference functions of every second frame and the one before it to `on_frame`.
    pub(crate) fn push(&mut self, frame: &[f32], mut on_frame: impl FnMut(&[f64])) {
        if self.waiting.is_empty() {
            self.waiting.extend_from_slice(frame);
            return;
        }
        self.correlate(Some(frame));
        let mut first = Vec::new();
        let mut second = Vec::new();
        self.difference(&self.waiting, |value| value.re, &mut first);
        self.difference(frame, |value| value.im, &mut second);
        self.waiting.clear();
        on_frame(&first);
        on_frame(&second);
    }

    /// Hands over what waits for a second frame.
    pub(crate) fn finish(&mut self, mut on_frame: impl FnMut(&[f64])) {
        if !self.waiting.is_empty() {
            self.correlate(None);
            let mut last = Vec::new();
            self.difference(&self.waiting, |value| value.re, &mut last);
            self.waiting.clear();
            on_frame(&last);
        }
    }

    /// The autocorrelations of the waiting frame and of `second`, as real and imaginary parts, times the length of the
    /// transform.
    fn correlate(&mut self, second: Option<&[f32]>) {
        self.buffer.fill(Complex64::default());
        for (to, &from) in self.buffer.iter_mut().zip(&self.waiting) {
            to.re = f64::from(from);
        }
        if let Some(second) = second {
            for (to, &from) in self.buffer.iter_mut().zip(second) {
                to.im = f64::from(from);
            }
        }
        self.fft.process_with_scratch(&mut self.buffer, &mut self.scratch);
        // Of Z = A + iB with A and B the spectra of real signals, 2A = Z[k] + conj Z[-k] and 2iB = Z[k] - conj Z[-k].
        let power = |z: Complex64, mirrored: Complex64| {
            let (a, b) = (z + mirrored.conj(), z - mirrored.conj());
            Complex64::new(0.25 * a.norm_sqr(), 0.25 * b.norm_sqr())
        };
        let n = self.buffer.len();
        self.buffer[0] = power(self.buffer[0], self.buffer[0]);
        self.buffer[n / 2] = power(self.buffer[n / 2], self.buffer[n / 2]);
        let (low, high) = self.buffer[1..].split_at_mut(n / 2 - 1);
        for (a, b) in low.iter_mut().zip(high[1..].iter_mut().rev()) {
            *a = power(*a, *b);
            *b = *a;
        }
        // Powers are even, so the inverse transform is the forward one.
        self.fft.process_with_scratch(&mut self.buffer, &mut self.scratch);
    }

    /// `d[l] · l / Σ_{1..=l} d` for `l` from `min_period` to `max_period`, with `d[l] = 2 (r[0] - r[l]) - Σ_{i<l} x[i]²`.
    ///
    /// librosa subtracts nothing from `d[1]`, which moves every later mean a little: enough to decide whether a trough is
    /// below a threshold.
    fn difference(&self, frame: &[f32], part: impl Fn(Complex64) -> f64, output: &mut Vec<f64>) {
        debug_assert_eq!(frame.len(), self.frame_length);
        let scale = 1.0 / self.buffer.len() as f64;
        let r0 = part(self.buffer[0]) * scale;
        let (mut energy, mut sum) = (0.0, 0.0);
        output.reserve(self.n_lags());
        for (lag, (&r, &x)) in (1..=self.max_period).zip(self.buffer[1..].iter().zip(frame)) {
            energy += f64::from(x) * f64::from(x);
            let d = 2.0 * (r0 - part(r) * scale) - if lag == 1 { 0.0 } else { energy };
            sum += d;
            if lag >= self.min_period {
                output.push(d / (sum / lag as f64 + f64::from(f32::MIN_POSITIVE)));
            }
        }
    }
}

/// Whether the value at `place` is smaller than the one before and no larger than the one after.
///
/// At the first place the one after, at the last the one before must be larger.
pub(crate) fn is_trough(values: &[f64], place: usize) -> bool {
    let here = values[place];
    if place == 0 {
        return values.len() > 1 && here < values[1];
    }
    here < values[place - 1] && values.get(place + 1).is_none_or(|&after| here <= after)
}

/// How far the summit of the parabola through three values lies from the middle one; 0 at the ends and where it lies
/// beyond the neighbours.
pub(crate) fn parabolic_shift(values: &[f64], place: usize) -> f64 {
    if place == 0 || place + 1 >= values.len() {
        return 0.0;
    }
    let curvature = values[place + 1] + values[place - 1] - 2.0 * values[place];
    let slope = (values[place + 1] - values[place - 1]) / 2.0;
    if slope.abs() >= curvature.abs() { 0.0 } else { -slope / curvature }
}
