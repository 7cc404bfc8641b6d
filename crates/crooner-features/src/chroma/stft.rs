//! Chroma: the energy of each pitch class, out of a short-time Fourier transform.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framing::Framer;
use crate::fourier::transform::FrameTransform;
use crate::pitch::tuning::TuningEstimator;
use crate::whole_track::{WholeTrack, dot};
use crate::{
    Extractor, FeatureError, Frames, Norm, PadMode, Spectrogram, StftConfig, Tuning, Window, fft_frequencies,
};

/// Settings of chroma out of a short-time Fourier transform; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChromaStftConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub n_fft: usize,
    /// Samples under the window, in `1..=n_fft`. Default: `n_fft`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win_length: Option<usize>,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// The taper. Default: Hann.
    pub window: Window,
    /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
    /// Number of pitch classes, in `1..=120`. Default 12.
    pub n_chroma: usize,
    /// Deviation from A4 = 440 Hz in fractions of a pitch class, or `"estimate"`. Default: estimated from the track.
    pub tuning: Tuning,
    /// Centre, in octaves above 27.5 Hz, of the Gaussian that weighs octaves, in `-20..=20`. Default 5.
    pub ctroct: f32,
    /// Standard deviation of that Gaussian in octaves, in `0.01..=1000`. Default 2.
    pub octwidth: f32,
    /// Whether the first pitch class is C (else A). Default: true.
    pub base_c: bool,
    /// Norm to which each frame is scaled. Default: the largest value.
    pub norm: Norm,
}

impl Default for ChromaStftConfig {
    fn default() -> Self {
        let StftConfig { n_fft, win_length, hop_length, window, center, pad_mode } = StftConfig::default();
        Self {
            sample_rate: 16_000,
            n_fft,
            win_length,
            hop_length,
            window,
            center,
            pad_mode,
            n_chroma: 12,
            tuning: Tuning::Estimate,
            ctroct: 5.0,
            octwidth: 2.0,
            base_c: true,
            norm: Norm::Inf,
        }
    }
}

impl ChromaStftConfig {
    /// The part that cuts frames and transforms them.
    #[must_use]
    pub fn stft(&self) -> StftConfig {
        StftConfig {
            n_fft: self.n_fft,
            win_length: self.win_length,
            hop_length: self.hop_length,
            window: self.window,
            center: self.center,
            pad_mode: self.pad_mode,
        }
    }
}

impl Feature for ChromaStftConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
        self.stft().validate()?;
        check_range("n_chroma", self.n_chroma, 1, 120)?;
        self.tuning.validate()?;
        check_range("ctroct", self.ctroct, -20.0, 20.0)?;
        check_range("octwidth", self.octwidth, 0.01, 1000.0)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        self.n_chroma
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.stft().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        Ok(Box::new(WholeTrack::new(move |samples| chroma_frames(samples, &config))))
    }
}

/// Chroma of a track: `librosa.feature.chroma_stft(y=samples, sr=sample_rate, ...)`, `[n_chroma, n_frames]`, in `0..=1`
/// under the default norm.
///
/// [`chroma_filter_bank`] times the power spectrogram, each frame over its norm. An estimated tuning is that of the peaks
/// of the *power* spectrogram, as in librosa. Silence gives zeros.
///
/// Memory: the power spectrogram where the tuning is estimated, `4 (n_fft / 2 + 1)` bytes a frame.
///
/// ```
/// use crooner_features::{ChromaStftConfig, chroma_stft};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let chroma = chroma_stft(&a4, &ChromaStftConfig::default())?;
/// assert_eq!((chroma.n_bins(), chroma.n_frames()), (12, 32));
/// assert_eq!(chroma.bin(9)[16], 1.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for any setting out of range.
pub fn chroma_stft(samples: &[f32], config: &ChromaStftConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(chroma_frames(samples, config)?.to_spectrogram())
}

fn chroma_frames(samples: &[f32], config: &ChromaStftConfig) -> Result<Frames, FeatureError> {
    let stft = config.stft();
    let (n_bins, n_chroma) = (stft.n_bins(), config.n_chroma);
    let mut transform = FrameTransform::new(&stft);
    let mut framer = Framer::new(&stft);
    let mut chroma = vec![0.0; n_chroma * stft.n_frames(samples.len())];
    match config.tuning {
        Tuning::Bins(tuning) => {
            let bank = chroma_filters(config, f64::from(tuning));
            let mut power = vec![0.0; n_bins];
            let mut outputs = chroma.chunks_exact_mut(n_chroma);
            let mut on_frame = |frame: &[f32]| {
                transform.power(frame, &mut power);
                if let Some(output) = outputs.next() {
                    project(&bank, &power, output);
                }
            };
            framer.push(samples, &mut on_frame)?;
            framer.finish(&mut on_frame)?;
        }
        Tuning::Estimate => {
            let mut powers = vec![0.0; n_bins * stft.n_frames(samples.len())];
            let mut estimator = TuningEstimator::new(config.sample_rate, n_bins);
            let mut rows = powers.chunks_exact_mut(n_bins);
            let mut on_frame = |frame: &[f32]| {
                if let Some(power) = rows.next() {
                    transform.power(frame, power);
                    estimator.add(power);
                }
            };
            framer.push(samples, &mut on_frame)?;
            framer.finish(&mut on_frame)?;
            let bank = chroma_filters(config, estimator.estimate(n_chroma)?);
            for (power, output) in powers.chunks_exact(n_bins).zip(chroma.chunks_exact_mut(n_chroma)) {
                project(&bank, power, output);
            }
        }
    }
    config.norm.apply_to_frames(&mut chroma, n_chroma);
    Ok(Frames::from_parts(n_chroma, chroma))
}

fn project(bank: &[f32], spectrum: &[f32], output: &mut [f32]) {
    for (value, row) in output.iter_mut().zip(bank.chunks_exact(spectrum.len())) {
        *value = dot(row, spectrum);
    }
}

/// Weights of every bin of a Fourier transform in every pitch class: `librosa.filters.chroma(sr=sample_rate, ...)`,
/// `[n_chroma, n_fft / 2 + 1]`, row-major.
///
/// With `q[k] = n_chroma · log2(f[k] / 27.5 Hz)` (less the tuning; for bin 0 one and a half octaves below bin 1),
/// `b[k] = max(1, q[k+1] - q[k])` and `d` the distance of `q[k]` to class `c`, wrapped to half an octave either way, the
/// weight is `exp(-2 (d / b[k])²)`, each bin's weights then scaled to Euclidean length 1 and multiplied by
/// `exp(-((q[k] / n_chroma - ctroct) / octwidth)² / 2)`.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, or a tuning that would have to be estimated.
pub fn chroma_filter_bank(config: &ChromaStftConfig) -> Result<Vec<f32>, FeatureError> {
    config.validate()?;
    match config.tuning {
        Tuning::Bins(tuning) => Ok(chroma_filters(config, f64::from(tuning))),
        Tuning::Estimate => Err(FeatureError::config("tuning", "a number for a filter bank", "estimate")),
    }
}

fn chroma_filters(config: &ChromaStftConfig, tuning: f64) -> Vec<f32> {
    let n_chroma = config.n_chroma;
    let classes = n_chroma as f64;
    let n_bins = config.n_fft / 2 + 1;
    let reference_hz = 27.5 * (tuning / classes).exp2();
    // One bin more than is kept, for the width of the last.
    let mut positions: Vec<f64> = fft_frequencies(config.sample_rate, config.n_fft)
        .into_iter()
        .chain([f64::from(config.sample_rate) * (n_bins as f64 / config.n_fft as f64)])
        .map(|hz| classes * (hz / reference_hz).log2())
        .collect();
    positions[0] = positions[1] - 1.5 * classes;

    let half = (classes / 2.0).round_ties_even();
    let rotation = if config.base_c { 3 * (n_chroma / 12) } else { 0 };
    let mut bank = vec![0.0; n_chroma * n_bins];
    let mut weights = vec![0.0; n_chroma];
    for bin in 0..n_bins {
        let position = positions[bin];
        // With two samples there is no bin above the highest.
        let last = bin + 1 == config.n_fft;
        let width = if last { 1.0 } else { (positions[bin + 1] - position).max(1.0) };
        for (class, weight) in weights.iter_mut().enumerate() {
            let distance = (position - class as f64 + half + 10.0 * classes).rem_euclid(classes) - half;
            *weight = (-0.5 * (2.0 * distance / width).powi(2)).exp();
        }
        let length = weights.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
        let octave = (position / classes - f64::from(config.ctroct)) / f64::from(config.octwidth);
        let gain = (-0.5 * octave * octave).exp() / if length < f64::MIN_POSITIVE { 1.0 } else { length };
        for (class, weight) in weights.iter().enumerate() {
            let row = (class + n_chroma - rotation) % n_chroma;
            bank[row * n_bins + bin] = (weight * gain) as f32;
        }
    }
    bank
}
