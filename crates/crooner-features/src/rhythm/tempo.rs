//! Tempo: the period of the onset strength that is strongest under a prior.

use crate::error::check_range;
use crate::feature::Feature;
use crate::rhythm::onset::onset_envelope;
use crate::{
    FeatureError, Frames, OnsetStrengthConfig, TempogramConfig, rhythm::tempogram::tempogram_frames,
};

/// Settings of tempo estimation; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq)]
pub struct TempoConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// The tempo held most likely beforehand, in beats per minute, in `1..=10000`. Default 120.
    pub start_bpm: f64,
    /// Standard deviation of the prior in octaves, in `0.001..=1000`. Default 1.
    pub std_bpm: f64,
    /// Length of the autocorrelation's window in seconds; at least two frames, at most 65,536. Default 8.
    pub ac_size: f64,
    /// Tempi at or above this are ruled out; above 0, none for no limit. Default 320.
    pub max_tempo: Option<f64>,
}

impl Default for TempoConfig {
    fn default() -> Self {
        let OnsetStrengthConfig { sample_rate, hop_length, .. } = OnsetStrengthConfig::default();
        Self { sample_rate, hop_length, start_bpm: 120.0, std_bpm: 1.0, ac_size: 8.0, max_tempo: Some(320.0) }
    }
}

impl TempoConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        self.onset().validate()?;
        check_range("start_bpm", self.start_bpm, 1.0, 10_000.0)?;
        check_range("std_bpm", self.std_bpm, 1e-3, 1e3)?;
        check_range("max_tempo", self.max_tempo.unwrap_or(1.0), f64::MIN_POSITIVE, f64::MAX)?;
        let frame_s = self.hop_length as f64 / f64::from(self.sample_rate);
        check_range("ac_size", self.ac_size, 2.0 * frame_s, 65_536.0 * frame_s)
    }

    fn onset(&self) -> OnsetStrengthConfig {
        OnsetStrengthConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            ..OnsetStrengthConfig::default()
        }
    }

    fn tempogram(&self) -> TempogramConfig {
        let n_samples = (self.ac_size * f64::from(self.sample_rate)) as usize;
        TempogramConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            // The limits of `ac_size` allow for rounding.
            win_length: (n_samples / self.hop_length).clamp(2, 65_536),
            ..TempogramConfig::default()
        }
    }

    /// The logarithm of the prior for each lag of the tempogram, up to a constant.
    fn log_prior(&self, n_lags: usize) -> Vec<f64> {
        let bpm = tempo_frequencies(n_lags, self.hop_length, self.sample_rate);
        let log_prior = |bpm: &f64| {
            if self.max_tempo.is_some_and(|limit| *bpm >= limit) {
                return f64::NEG_INFINITY;
            }
            -0.5 * ((bpm.log2() - self.start_bpm.log2()) / self.std_bpm).powi(2)
        };
        bpm.iter().map(log_prior).collect()
    }

    /// The tempo of one column of a tempogram.
    fn best(&self, column: impl Iterator<Item = f64>, log_prior: &[f64]) -> Result<f64, FeatureError> {
        let scores = column.zip(log_prior).map(|(value, prior)| (1e6 * value).ln_1p() + prior).enumerate();
        let best = scores.fold(
            (0, f64::NEG_INFINITY),
            |best, (lag, score)| {
                if score > best.1 { (lag, score) } else { best }
            },
        );
        if best.1 == f64::NEG_INFINITY {
            let slowest = tempo_of_lag(log_prior.len() - 1, self.hop_length, self.sample_rate);
            let expected = format!("above {slowest}, the slowest tempo that fits `ac_size`");
            return Err(FeatureError::config("max_tempo", expected, self.max_tempo.unwrap_or(f64::INFINITY)));
        }
        Ok(tempo_of_lag(best.0, self.hop_length, self.sample_rate))
    }
}

fn tempo_of_lag(lag: usize, hop_length: usize, sample_rate: u32) -> f64 {
    60.0 * f64::from(sample_rate) / (hop_length as f64 * lag as f64)
}

/// The tempo in beats per minute of each lag of a [`tempogram`](crate::tempogram), infinite for lag 0:
/// `librosa.tempo_frequencies(n_bins, ...)`. Lag `l` is `60 sample_rate / (hop_length l)`.
#[must_use]
pub fn tempo_frequencies(n_bins: usize, hop_length: usize, sample_rate: u32) -> Vec<f64> {
    (0..n_bins).map(|lag| tempo_of_lag(lag, hop_length, sample_rate)).collect()
}

/// The tempo in beats per minute of each row of a [`fourier_tempogram`](crate::fourier_tempogram) of `win_length`
/// frames: `librosa.fourier_tempo_frequencies(...)`. Row `k` is `60 k sample_rate / (hop_length win_length)`.
#[must_use]
pub fn fourier_tempo_frequencies(sample_rate: u32, win_length: usize, hop_length: usize) -> Vec<f64> {
    let per_row = f64::from(sample_rate) * 60.0 / hop_length as f64 / win_length as f64;
    (0..=win_length / 2).map(|row| row as f64 * per_row).collect()
}

/// Tempo of a track in beats per minute: `librosa.feature.tempo(y=samples, sr=sample_rate, ...)`.
///
/// With `A[l]` the mean over time of the [`tempogram`](crate::tempogram) of `ac_size` seconds and `b[l]` the tempo of lag
/// `l`, the `b[l]` for which `ln(1 + 10⁶ A[l]) - ((log2 b[l] - log2 start_bpm) / std_bpm)² / 2` is largest, of those below
/// `max_tempo`. Silence has the tempo nearest `start_bpm`.
///
/// ```
/// use crooner_features::{TempoConfig, tempo};
///
/// // A click every half second.
/// let clicks: Vec<f32> = (0..160_000).map(|i| if i % 8000 == 0 { 1.0 } else { 0.0 }).collect();
/// assert!((tempo(&clicks, &TempoConfig::default())? / 120.0 - 1.0).abs() < 0.05);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`](crate::onset_strength); [`FeatureError::Config`] for a setting out of range, or a `max_tempo`
/// that rules every lag out.
pub fn tempo(samples: &[f32], config: &TempoConfig) -> Result<f64, FeatureError> {
    config.validate()?;
    tempo_of(&onset_envelope(samples, &config.onset())?, config)
}

/// Tempo of an onset strength, one value a frame: `librosa.feature.tempo(onset_envelope=envelope, ...)`.
///
/// # Errors
/// As [`tempo`], and [`FeatureError::NoSamples`] and [`FeatureError::Sample`] for an envelope that is empty or not
/// usable.
pub fn tempo_of(envelope: &[f32], config: &TempoConfig) -> Result<f64, FeatureError> {
    config.validate()?;
    let tempogram = tempogram_frames(envelope, &config.tempogram())?;
    let mut sums = vec![0.0; tempogram.n_bins()];
    for frame in tempogram.values().chunks_exact(tempogram.n_bins()) {
        sums.iter_mut().zip(frame).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let n_frames = tempogram.n_frames() as f64;
    config.best(sums.into_iter().map(|sum| sum / n_frames), &config.log_prior(tempogram.n_bins()))
}

/// Tempo around each frame of an onset strength, in beats per minute:
/// `librosa.feature.tempo(onset_envelope=envelope, aggregate=None, ...)`. As [`tempo`], without the mean over time.
///
/// # Errors
/// As [`tempo_of`].
pub fn tempo_curve_of(envelope: &[f32], config: &TempoConfig) -> Result<Vec<f64>, FeatureError> {
    config.validate()?;
    let tempogram: Frames = tempogram_frames(envelope, &config.tempogram())?;
    let log_prior = config.log_prior(tempogram.n_bins());
    let frames = tempogram.values().chunks_exact(tempogram.n_bins());
    frames.map(|frame| config.best(frame.iter().map(|&value| f64::from(value)), &log_prior)).collect()
}
