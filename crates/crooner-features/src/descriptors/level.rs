//! What the samples of a frame say without a transform: zero-crossing rate and RMS.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framed::FrameByFrame;
use crate::fourier::stft::MAX_LENGTH;
use crate::scales::decibel::check_not_negative;
use crate::{Extractor, FeatureConfig, FeatureError, PadMode, Spectrogram, StftConfig, Window};

/// How a track is cut into frames that are not transformed.
fn frames_of(frame_length: usize, hop_length: usize, center: bool, pad_mode: PadMode) -> StftConfig {
    StftConfig { n_fft: frame_length, win_length: None, hop_length, window: Window::Boxcar, center, pad_mode }
}

/// Settings of the zero-crossing rate; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZeroCrossingRateConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Whether frame `t` is centred at sample `t * hop_length`, the track continued by its first and last sample.
    /// Default: true.
    pub center: bool,
    /// Magnitudes up to this one count as zero, in `0..=1`. Default 1e-10.
    pub threshold: f32,
    /// Whether zero counts as positive, else as a sign of its own. Default: true.
    pub zero_pos: bool,
}

impl Default for ZeroCrossingRateConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            frame_length: 2048,
            hop_length: 512,
            center: true,
            threshold: 1e-10,
            zero_pos: true,
        }
    }
}

impl ZeroCrossingRateConfig {
    fn frames(&self) -> StftConfig {
        frames_of(self.frame_length, self.hop_length, self.center, PadMode::Edge)
    }
}

impl Feature for ZeroCrossingRateConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1000, 768_000)?;
        check_range("frame_length", self.frame_length, 2, MAX_LENGTH)?;
        check_range("hop_length", self.hop_length, 1, MAX_LENGTH)?;
        check_range("threshold", self.threshold, 0.0, 1.0)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        1
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.frames().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (threshold, zero_pos) = (self.threshold, self.zero_pos);
        let sign = move |x: f32| match x {
            _ if x.abs() <= threshold => i8::from(zero_pos),
            _ if x < 0.0 => -1,
            _ => 1,
        };
        let compute = move |samples: &[f32], out: &mut [f32]| {
            let crossings: u32 =
                samples.windows(2).map(|pair| u32::from(sign(pair[0]) != sign(pair[1]))).sum();
            out[0] = (f64::from(crossings) / samples.len() as f64) as f32;
        };
        Ok(Box::new(FrameByFrame::new(&self.frames(), 1, compute)))
    }
}

/// Share of every frame's samples whose sign differs from that of the sample before, `[1, n_frames]`:
/// `librosa.feature.zero_crossing_rate(y, frame_length=..., hop_length=..., center=...)`.
///
/// ```
/// use crooner_features::{ZeroCrossingRateConfig, zero_crossing_rate};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (0.1 + 0.5 * i as f32).sin()).collect();
/// let rate = zero_crossing_rate(&tone, &ZeroCrossingRateConfig::default())?;
/// assert!((rate.values()[16] - 0.5 / std::f32::consts::PI).abs() < 1e-3);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft).
pub fn zero_crossing_rate(
    samples: &[f32],
    config: &ZeroCrossingRateConfig,
) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::ZeroCrossingRate(config.clone()).frames(samples)?.to_spectrogram())
}

/// Settings of the root mean square; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RmsConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
}

impl Default for RmsConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            frame_length: 2048,
            hop_length: 512,
            center: true,
            pad_mode: PadMode::Constant,
        }
    }
}

impl RmsConfig {
    fn frames(&self) -> StftConfig {
        frames_of(self.frame_length, self.hop_length, self.center, self.pad_mode)
    }
}

impl Feature for RmsConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1000, 768_000)?;
        check_range("frame_length", self.frame_length, 2, MAX_LENGTH)?;
        check_range("hop_length", self.hop_length, 1, MAX_LENGTH)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        1
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.frames().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let compute = |samples: &[f32], out: &mut [f32]| {
            out[0] = (sum_of_squares(samples) / samples.len() as f64).sqrt() as f32;
        };
        Ok(Box::new(FrameByFrame::new(&self.frames(), 1, compute)))
    }
}

/// `Σ x²` in `f64`, in lanes, in an order that no machine changes.
fn sum_of_squares(values: &[f32]) -> f64 {
    const LANES: usize = 8;
    let (groups, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0f64; LANES];
    for group in groups {
        for (sum, &x) in sums.iter_mut().zip(group) {
            *sum += f64::from(x) * f64::from(x);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>()
}

/// Root mean square of every frame's samples, `[1, n_frames]`: `librosa.feature.rms(y=y, frame_length=..., ...)`.
///
/// `√(Σ y² / frame_length)`.
///
/// ```
/// use crooner_features::{RmsConfig, rms};
///
/// let square: Vec<f32> = (0..16_000).map(|i| if i / 8 % 2 == 0 { 0.25 } else { -0.25 }).collect();
/// assert_eq!(rms(&square, &RmsConfig::default())?.values()[16], 0.25);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft).
pub fn rms(samples: &[f32], config: &RmsConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::Rms(config.clone()).frames(samples)?.to_spectrogram())
}

/// Root mean square out of a magnitude spectrogram, `[1, n_frames]`: `librosa.feature.rms(S=S, frame_length=n_fft)`.
///
/// By Parseval's theorem `√(2 Σₖ' |X[k]|²) / n_fft`, the first bin counting half, and the last too when `n_fft` is even:
/// the RMS of the frame under its window.
///
/// # Errors
/// [`FeatureError::Shape`] unless there are `n_fft / 2 + 1` bins, [`FeatureError::Value`] for a magnitude that is NaN,
/// infinite or negative.
pub fn rms_of_spectrogram(magnitude: &Spectrogram, n_fft: usize) -> Result<Spectrogram, FeatureError> {
    if n_fft < 2 || magnitude.n_bins() != n_fft / 2 + 1 {
        let expected = format!("n_fft / 2 + 1 = {} bins of n_fft = {n_fft}, at least 2", n_fft / 2 + 1);
        return Err(FeatureError::Shape { expected, found: magnitude.n_bins() });
    }
    check_not_negative(magnitude)?;
    let frames = magnitude.to_frames();
    let values = frames.values().chunks_exact(magnitude.n_bins()).map(|frame| {
        let half = |x: f32| 0.5 * f64::from(x).powi(2);
        let last = if n_fft.is_multiple_of(2) { half(frame[n_fft / 2]) } else { 0.0 };
        ((2.0 * (sum_of_squares(frame) - half(frame[0]) - last)).sqrt() / n_fft as f64) as f32
    });
    Spectrogram::new(1, magnitude.n_frames(), values.collect())
}
