//! The filters of the constant-Q transform, in time and in frequency.

use std::f64::consts::TAU;

use rustfft::FftPlanner;
use rustfft::num_complex::{Complex32, Complex64};

use crate::{Norm, Window};

/// C1, 32.70 Hz: three octaves and nine semitones below A4.
pub(crate) fn c1_hz() -> f64 {
    440.0 * (-45.0f64 / 12.0).exp2()
}

/// `n_bins` frequencies in Hz from `f_min_hz` on, each `2^(1 / bins_per_octave)` times the one before:
/// `librosa.interval_frequencies(n_bins, fmin=f_min_hz, intervals="equal")`.
pub(crate) fn bin_frequencies(n_bins: usize, f_min_hz: f64, bins_per_octave: usize) -> Vec<f64> {
    let frequency = |k: usize| {
        let (octave, step) = (k / bins_per_octave, k % bins_per_octave);
        (octave as f64).exp2() * (step as f64 / bins_per_octave as f64).exp2() * f_min_hz
    };
    (0..n_bins).map(frequency).collect()
}

/// The frequency in Hz of each of `n_bins` bins: `librosa.cqt_frequencies(n_bins, fmin=f_min_hz, ...)`.
///
/// Bin `k` lies at `f_min_hz · 2^((k + tuning) / bins_per_octave)` Hz.
#[must_use]
pub fn cqt_frequencies(n_bins: usize, f_min_hz: f64, bins_per_octave: usize, tuning: f64) -> Vec<f64> {
    let steps = bins_per_octave as f64;
    (0..n_bins).map(|k| (tuning / steps).exp2() * f_min_hz * (k as f64 / steps).exp2()).collect()
}

/// How wide the filters of a bank are, and how long they last.
#[derive(Debug, Clone, PartialEq)]
pub struct WaveletLengths {
    /// Length of each filter in samples; not whole.
    pub lengths: Vec<f64>,
    /// The highest frequency in Hz that any filter passes.
    pub cutoff_hz: f64,
}

/// Lengths of a bank of filters whose bandwidths follow from the spacing of their centres:
/// `librosa.filters.wavelet_lengths(freqs=..., sr=sample_rate, ...)`.
///
/// With `a = (2^(2/b) - 1) / (2^(2/b) + 1)` the relative bandwidth where `b` filters make an octave, `Q = filter_scale / a`
/// and `γ = gamma_hz`, filter `k` lasts `Q · sample_rate / (f[k] + γ / a)` samples and passes up to
/// `f[k] (1 + B / 2Q) + γ / 2` Hz, `B` being the window's bandwidth in bins. Without `gamma_hz`, `γ = 24.7 a / 0.108`:
/// bandwidths are then proportional to the ear's (ERB).
///
/// `frequencies_hz` rise and are at least two.
///
/// # Panics
/// If `frequencies_hz` has fewer than two values.
#[must_use]
pub fn wavelet_lengths(
    frequencies_hz: &[f64],
    sample_rate: f64,
    window: Window,
    filter_scale: f64,
    gamma_hz: Option<f64>,
) -> WaveletLengths {
    let alphas = relative_bandwidths(frequencies_hz);
    lengths_of(frequencies_hz, &alphas, sample_rate, window, filter_scale, gamma_hz)
}

pub(super) fn lengths_of(
    frequencies_hz: &[f64],
    alphas: &[f64],
    sample_rate: f64,
    window: Window,
    filter_scale: f64,
    gamma_hz: Option<f64>,
) -> WaveletLengths {
    let mut lengths = Vec::with_capacity(frequencies_hz.len());
    let mut cutoff_hz = 0.0f64;
    for (&hz, &alpha) in frequencies_hz.iter().zip(alphas) {
        let gamma = gamma_hz.unwrap_or(alpha * 24.7 / 0.108);
        let q = filter_scale / alpha;
        lengths.push(q * sample_rate / (hz + gamma / alpha));
        cutoff_hz = cutoff_hz.max(hz * (1.0 + 0.5 * window.bandwidth() / q) + 0.5 * gamma);
    }
    WaveletLengths { lengths, cutoff_hz }
}

/// Relative bandwidth of each of two or more filters, from its distance to both neighbours.
fn relative_bandwidths(frequencies_hz: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = frequencies_hz.iter().map(|hz| hz.log2()).collect();
    let last = logs.len() - 1;
    let octaves_per_bin = |k: usize| match k {
        0 => logs[1] - logs[0],
        _ if k == last => logs[last] - logs[last - 1],
        _ => (logs[k + 1] - logs[k - 1]) / 2.0,
    };
    (0..=last).map(|k| relative_bandwidth(octaves_per_bin(k))).collect()
}

fn relative_bandwidth(octaves_per_bin: f64) -> f64 {
    let ratio = (2.0 * octaves_per_bin).exp2();
    (ratio - 1.0) / (ratio + 1.0)
}

/// As [`relative_bandwidths`], for any number of equally spaced filters.
pub(super) fn equal_bandwidths(frequencies_hz: &[f64], bins_per_octave: usize) -> Vec<f64> {
    match frequencies_hz {
        [_] => vec![relative_bandwidth(1.0 / bins_per_octave as f64)],
        _ => relative_bandwidths(frequencies_hz),
    }
}

/// One filter in time: `norm(w[i] · exp(2πi f t[i] / sample_rate))`, `t` running from `floor(-length / 2)` to
/// `floor(length / 2)`, the end excluded.
pub(crate) fn wavelet(hz: f64, length: f64, sample_rate: f64, window: Window, norm: Norm) -> Vec<Complex64> {
    let start = (-length / 2.0).floor();
    let n = ((length / 2.0).floor() - start) as usize;
    let step = TAU * hz / sample_rate;
    let taper = window.coefficients(n);
    let mut filter: Vec<Complex64> = taper
        .iter()
        .enumerate()
        .map(|(i, &w)| Complex64::from_polar(1.0, (start + i as f64) * step) * w)
        .collect();
    let magnitude = norm.of_magnitudes(filter.iter().map(|value| value.norm()));
    if magnitude >= f64::MIN_POSITIVE {
        filter.iter_mut().for_each(|value| *value /= magnitude);
    }
    filter
}

/// How the filters of one octave are designed.
#[derive(Clone, Copy)]
pub(super) struct Design {
    pub(super) window: Window,
    pub(super) norm: Norm,
    pub(super) sparsity: f64,
}

/// A row of a basis: the bins from `first_bin` on that the filter keeps.
pub(super) struct SparseRow {
    pub(super) first_bin: usize,
    pub(super) weights: Vec<Complex32>,
}

/// Filters in the frequency domain, without what they hardly weigh.
pub(super) struct Basis {
    pub(super) n_fft: usize,
    pub(super) rows: Vec<SparseRow>,
}

impl Basis {
    /// The spectra of filters of the given `lengths`, times `gain`. The transform has the smallest power of two that holds
    /// the longest filter, at least `least_n_fft`.
    ///
    /// Of each spectrum the smallest magnitudes, together up to `sparsity` of the sum of all, are left out.
    pub(super) fn new(
        frequencies_hz: &[f64],
        lengths: &[f64],
        sample_rate: f64,
        design: Design,
        least_n_fft: usize,
        gain: f64,
    ) -> Self {
        let longest = lengths.iter().copied().fold(2.0, f64::max);
        let padded = (longest.log2().ceil().exp2()) as usize;
        let n_fft = padded.max(least_n_fft);
        let fft = FftPlanner::<f64>::new().plan_fft_forward(n_fft);
        let row = |(&hz, &length): (&f64, &f64)| {
            let filter = wavelet(hz, length, sample_rate, design.window, design.norm);
            let mut spectrum = vec![Complex64::default(); n_fft];
            let start = (padded - filter.len()) / 2;
            spectrum[start..][..filter.len()].copy_from_slice(&filter);
            fft.process(&mut spectrum);
            spectrum.truncate(n_fft / 2 + 1);
            sparse_row(&spectrum, design.sparsity, gain * length / n_fft as f64)
        };
        Self { n_fft, rows: frequencies_hz.iter().zip(lengths).map(row).collect() }
    }
}

fn sparse_row(spectrum: &[Complex64], sparsity: f64, gain: f64) -> SparseRow {
    let magnitudes: Vec<f64> = spectrum.iter().map(|value| value.norm()).collect();
    let mut sorted = magnitudes.clone();
    sorted.sort_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    let mut sum = 0.0;
    let threshold = sorted.iter().copied().find(|magnitude| {
        sum += magnitude / total;
        sum >= sparsity
    });
    let kept = |magnitude: &f64| *magnitude >= threshold.unwrap_or(0.0);
    let first_bin = magnitudes.iter().position(kept).unwrap_or(0);
    let end = magnitudes.iter().rposition(kept).map_or(first_bin, |last| last + 1);
    let weight = |bin: usize| {
        let value = if kept(&magnitudes[bin]) { spectrum[bin] * gain } else { Complex64::default() };
        Complex32::new(value.re as f32, value.im as f32)
    };
    SparseRow { first_bin, weights: (first_bin..end).map(weight).collect() }
}
