//! Mel-frequency cepstral coefficients, and changes over time.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::whole_track::{WholeTrack, dot};
use crate::{
    Extractor, FeatureConfig, FeatureError, Frames, LogMelConfig, MelNorm, MelScale, PadMode, Spectrogram,
    Window,
};

/// Scaling of the cosine transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DctNorm {
    /// Orthonormal rows.
    #[default]
    Ortho,
    /// `2 Σ x cos(...)`, unscaled.
    None,
}

/// Settings of the cepstral coefficients; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MfccConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, even, in `2..=1048576`. Default 2048.
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
    /// Number of mel bands, in `1..=4096`. Default 128.
    pub n_mels: usize,
    /// Lower edge of the first band in Hz, at least 0. Default 0.
    pub f_min_hz: f32,
    /// Upper edge of the last band in Hz. Default and largest: `sample_rate / 2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_max_hz: Option<f32>,
    /// The mel formula. Default: Slaney.
    pub scale: MelScale,
    /// The scaling of the triangles. Default: Slaney.
    pub mel_norm: MelNorm,
    /// Number of coefficients, in `1..=n_mels`. Default 20.
    pub n_mfcc: usize,
    /// The scaling of the cosine transform. Default: orthonormal.
    pub norm: DctNorm,
    /// Period of the lifter: coefficient `n` is scaled by `1 + lifter / 2 sin(π (n + 1) / lifter)`; 0 for none, in
    /// `0..=10000`. Default 0.
    pub lifter: f32,
}

impl Default for MfccConfig {
    fn default() -> Self {
        let mel = LogMelConfig::default();
        Self {
            sample_rate: mel.sample_rate,
            n_fft: mel.n_fft,
            win_length: mel.win_length,
            hop_length: mel.hop_length,
            window: mel.window,
            center: mel.center,
            pad_mode: mel.pad_mode,
            n_mels: mel.n_mels,
            f_min_hz: mel.f_min_hz,
            f_max_hz: mel.f_max_hz,
            scale: mel.scale,
            mel_norm: mel.norm,
            n_mfcc: 20,
            norm: DctNorm::Ortho,
            lifter: 0.0,
        }
    }
}

impl MfccConfig {
    /// The log-mel spectrogram whose coefficients these are.
    #[must_use]
    pub fn log_mel(&self) -> LogMelConfig {
        LogMelConfig {
            sample_rate: self.sample_rate,
            n_fft: self.n_fft,
            win_length: self.win_length,
            hop_length: self.hop_length,
            window: self.window,
            center: self.center,
            pad_mode: self.pad_mode,
            n_mels: self.n_mels,
            f_min_hz: self.f_min_hz,
            f_max_hz: self.f_max_hz,
            scale: self.scale,
            norm: self.mel_norm,
            ..LogMelConfig::default()
        }
    }

    /// Cosine transform of type II and lifter in one: `[n_mfcc, n_mels]`.
    fn transform(&self) -> Vec<f32> {
        let n_mels = self.n_mels as f64;
        let row = |k: usize| {
            let scale = match self.norm {
                DctNorm::None => 2.0,
                DctNorm::Ortho if k == 0 => (1.0 / n_mels).sqrt(),
                DctNorm::Ortho => (2.0 / n_mels).sqrt(),
            };
            let lifter = f64::from(self.lifter);
            let lift = if lifter > 0.0 {
                1.0 + lifter / 2.0 * (std::f64::consts::PI * (k + 1) as f64 / lifter).sin()
            } else {
                1.0
            };
            (0..self.n_mels).map(move |m| {
                let angle = std::f64::consts::PI * k as f64 * (2 * m + 1) as f64 / (2.0 * n_mels);
                (scale * lift * angle.cos()) as f32
            })
        };
        (0..self.n_mfcc).flat_map(row).collect()
    }
}

impl Feature for MfccConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        FeatureConfig::LogMel(self.log_mel()).validate()?;
        check_range("n_mfcc", self.n_mfcc, 1, self.n_mels)?;
        check_range("lifter", self.lifter, 0.0, 10_000.0)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        self.n_mfcc
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.log_mel().stft().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (log_mel, transform) = (FeatureConfig::LogMel(self.log_mel()), self.transform());
        let (n_mels, n_mfcc) = (self.n_mels, self.n_mfcc);
        // The 80 dB below the loudest value are not known before the track ends.
        Ok(Box::new(WholeTrack::new(move |samples| {
            let mel = log_mel.frames(samples)?;
            let mut values = Vec::with_capacity(mel.n_frames() * n_mfcc);
            for frame in mel.values().chunks_exact(n_mels) {
                values.extend(transform.chunks_exact(n_mels).map(|row| dot(row, frame)));
            }
            Ok(Frames::from_parts(n_mfcc, values))
        })))
    }
}

/// Mel-frequency cepstral coefficients, `[n_mfcc, n_frames]`: `librosa.feature.mfcc(y=y, sr=sample_rate, ...)`.
///
/// ```text
/// C[k] = s_k Σ_m L[m] cos(π k (2m + 1) / (2 n_mels))      L: log-mel spectrogram, 80 dB deep
/// ```
///
/// with `s_0 = √(1 / n_mels)` and `s_k = √(2 / n_mels)` where the transform is orthonormal.
///
/// ```
/// use crooner_features::{MfccConfig, mfcc};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (0.2 * i as f32).sin()).collect();
/// let coefficients = mfcc(&tone, &MfccConfig::default())?;
/// assert_eq!((coefficients.n_bins(), coefficients.n_frames()), (20, 32));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`log_mel`](crate::log_mel), and [`FeatureError::Config`] for `n_mfcc` or `lifter` out of range.
pub fn mfcc(samples: &[f32], config: &MfccConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::Mfcc(config.clone()).frames(samples)?.to_spectrogram())
}

/// Local estimate of the derivative of `order` of every row over time, as large as `values`:
/// `librosa.feature.delta(values, width=width, order=order)`.
///
/// A polynomial of degree `order` is fitted to `width` frames by least squares (Savitzky & Golay 1964), and derived as
/// often: `n!` times its leading coefficient. That is the same anywhere in the window, so the frames nearer to an end
/// than half a window have the value of the first or last whole one (`mode="interp"`).
///
/// ```
/// use crooner_features::{Spectrogram, delta};
///
/// let ramp = Spectrogram::new(1, 20, (0..20).map(|t| 3.0 * t as f32).collect())?;
/// assert!(delta(&ramp, 9, 1)?.values().iter().all(|slope| (slope - 3.0).abs() < 1e-5));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] unless `width` is odd, at least 3 and no more than there are frames, and
/// `1 <= order < width`.
pub fn delta(values: &Spectrogram, width: usize, order: usize) -> Result<Spectrogram, FeatureError> {
    if width < 3 || width.is_multiple_of(2) || width > values.n_frames() {
        let expected = format!("odd, at least 3 and at most the number of frames, {}", values.n_frames());
        return Err(FeatureError::config("width", expected, width));
    }
    check_range("order", order, 1, width - 1)?;
    let weights = leading_coefficient(width, order);
    let (half, n_frames) = (width / 2, values.n_frames());
    let mut deltas = Vec::with_capacity(values.values().len());
    for row in values.values().chunks_exact(n_frames) {
        let inner: Vec<f32> = row
            .windows(width)
            .map(|window| window.iter().zip(&weights).map(|(x, w)| f64::from(*x) * w).sum::<f64>() as f32)
            .collect();
        let (first, last) = (inner[0], inner[inner.len() - 1]);
        deltas.extend(std::iter::repeat_n(first, half));
        deltas.extend(inner);
        deltas.extend(std::iter::repeat_n(last, half));
    }
    Spectrogram::new(values.n_bins(), n_frames, deltas)
}

/// Weights whose sum over a window is `order!` times the leading coefficient of the polynomial of degree `order` that
/// fits it best: the monic polynomial of that degree that is orthogonal to all lower ones, over its square.
fn leading_coefficient(width: usize, order: usize) -> Vec<f64> {
    let half = (width / 2) as f64;
    let positions: Vec<f64> = (0..width).map(|i| i as f64 - half).collect();
    let mut basis: Vec<Vec<f64>> = vec![vec![1.0; width]];
    for degree in 1..=order {
        let mut next: Vec<f64> = basis[degree - 1].iter().zip(&positions).map(|(p, x)| p * x).collect();
        for lower in &basis {
            let product: f64 = next.iter().zip(lower).map(|(a, b)| a * b).sum();
            let square: f64 = lower.iter().map(|b| b * b).sum();
            next.iter_mut().zip(lower).for_each(|(a, b)| *a -= product / square * b);
        }
        basis.push(next);
    }
    let highest = &basis[order];
    let square: f64 = highest.iter().map(|p| p * p).sum();
    let factorial: f64 = (1..=order).map(|n| n as f64).product();
    highest.iter().map(|p| factorial * p / square).collect()
}
