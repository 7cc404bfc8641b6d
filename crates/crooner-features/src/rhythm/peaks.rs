//! Peaks of a curve, and the onsets of notes as peaks of the onset strength.

use crate::error::check_range;
use crate::feature::Feature;
use crate::rhythm::onset::onset_envelope;
use crate::whole_track::check_samples;
use crate::{FeatureError, OnsetStrengthConfig};

/// What makes a peak of a curve; lengths are in places of the curve.
#[derive(Debug, Clone, PartialEq)]
pub struct PeakPickConfig {
    /// Places before a peak that are no larger than it, in `0..=1000000`.
    pub pre_max: usize,
    /// Places from a peak on, itself included, that are no larger than it, in `1..=1000000`.
    pub post_max: usize,
    /// Places before a peak whose mean it exceeds, in `0..=1000000`.
    pub pre_avg: usize,
    /// Places from a peak on, itself included, whose mean it exceeds, in `1..=1000000`.
    pub post_avg: usize,
    /// By how much it exceeds that mean, at least 0.
    pub delta: f64,
    /// Places after a peak that are not looked at, in `0..=1000000`.
    pub wait: usize,
}

impl PeakPickConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        const LONGEST: usize = 1_000_000;
        check_range("pre_max", self.pre_max, 0, LONGEST)?;
        check_range("post_max", self.post_max, 1, LONGEST)?;
        check_range("pre_avg", self.pre_avg, 0, LONGEST)?;
        check_range("post_avg", self.post_avg, 1, LONGEST)?;
        check_range("delta", self.delta, 0.0, f64::MAX)?;
        check_range("wait", self.wait, 0, LONGEST)
    }
}

/// The places of the peaks of `curve`, rising: `librosa.util.peak_pick(curve, ...)`.
///
/// Place `n` is a peak when `x[n]` is the largest of `x[n - pre_max .. n + post_max]`, at least `delta` above the mean of
/// `x[n - pre_avg .. n + post_avg]`, and more than `wait` places after the peak before. After Böck, Krebs and Schedl,
/// *Evaluating the online capabilities of onset detection methods* (ISMIR 2012).
///
/// ```
/// use crooner_features::{PeakPickConfig, peak_pick};
///
/// let config = PeakPickConfig { pre_max: 1, post_max: 2, pre_avg: 2, post_avg: 3, delta: 0.1, wait: 0 };
/// assert_eq!(peak_pick(&[0.0, 0.0, 1.0, 0.0, 0.0, 0.05, 0.0, 0.7], &config)?, [2, 7]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::NoSamples`] and [`FeatureError::Sample`] for a
/// curve that is empty or not finite.
pub fn peak_pick(curve: &[f32], config: &PeakPickConfig) -> Result<Vec<usize>, FeatureError> {
    config.validate()?;
    check_samples(curve)?;
    Ok(pick(curve, config))
}

fn pick(x: &[f32], config: &PeakPickConfig) -> Vec<usize> {
    let around =
        |n: usize, before: usize, after: usize| &x[n.saturating_sub(before)..(n + after).min(x.len())];
    let mut peaks = Vec::new();
    let mut n = 0;
    while n < x.len() {
        let is_largest = around(n, config.pre_max, config.post_max).iter().all(|&value| value <= x[n]);
        // librosa takes the mean in single precision.
        let is_above = || {
            let near = around(n, config.pre_avg, config.post_avg);
            let mean = f64::from(near.iter().sum::<f32>()) / near.len() as f64;
            f64::from(x[n]) >= mean + config.delta
        };
        if is_largest && is_above() {
            peaks.push(n);
            n += config.wait;
        }
        n += 1;
    }
    peaks
}

/// Settings of onset detection; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq)]
pub struct OnsetDetectConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Whether the strength is first brought to `0..=1`, so that `delta` means the same for every track. Default: true.
    pub normalize: bool,
    /// Whether each onset is moved back to the nearest minimum of the strength before it, where the note begins.
    /// Default: false.
    pub backtrack: bool,
    /// What makes a peak. Default: the largest within 30 ms before, 0.07 above the mean of 100 ms either way, 30 ms after
    /// the last.
    pub peak_pick: Option<PeakPickConfig>,
}

impl Default for OnsetDetectConfig {
    fn default() -> Self {
        let OnsetStrengthConfig { sample_rate, hop_length, .. } = OnsetStrengthConfig::default();
        Self { sample_rate, hop_length, normalize: true, backtrack: false, peak_pick: None }
    }
}

impl OnsetDetectConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        self.onset().validate()?;
        self.peaks().validate()
    }

    fn onset(&self) -> OnsetStrengthConfig {
        OnsetStrengthConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            ..OnsetStrengthConfig::default()
        }
    }

    fn peaks(&self) -> PeakPickConfig {
        // Settings that librosa found by a search over recordings with known onsets.
        let frames = |seconds: f64| (seconds * f64::from(self.sample_rate) / self.hop_length as f64) as usize;
        self.peak_pick.clone().unwrap_or_else(|| PeakPickConfig {
            pre_max: frames(0.03),
            post_max: 1,
            pre_avg: frames(0.1),
            post_avg: frames(0.1) + 1,
            delta: 0.07,
            wait: frames(0.03),
        })
    }
}

/// The frames at which notes begin, rising: `librosa.onset.onset_detect(y=samples, sr=sample_rate, ...)`.
///
/// The peaks ([`peak_pick`]) of the [`onset_strength`](crate::onset_strength). Frame `t` lies at
/// `t · hop_length / sample_rate` seconds. Silence has no onset.
///
/// ```
/// use crooner_features::{OnsetDetectConfig, onset_detect};
///
/// let mut clicks = vec![0.0; 32_000];
/// (clicks[8000], clicks[24_000]) = (1.0, 1.0);
/// // As librosa: a click lies in the windows of two frames alike.
/// assert_eq!(onset_detect(&clicks, &OnsetDetectConfig::default())?, [16, 17, 47, 48]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`](crate::onset_strength) and [`peak_pick`].
pub fn onset_detect(samples: &[f32], config: &OnsetDetectConfig) -> Result<Vec<usize>, FeatureError> {
    config.validate()?;
    onset_detect_of(&onset_envelope(samples, &config.onset())?, config)
}

/// Onsets of an onset strength, one value a frame: `librosa.onset.onset_detect(onset_envelope=envelope, ...)`.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::NoSamples`] and [`FeatureError::Sample`] for an
/// envelope that is empty or not finite.
pub fn onset_detect_of(envelope: &[f32], config: &OnsetDetectConfig) -> Result<Vec<usize>, FeatureError> {
    config.validate()?;
    check_samples(envelope)?;
    let mut strength = envelope.to_vec();
    if config.normalize {
        let lowest = strength.iter().copied().fold(f32::INFINITY, f32::min);
        strength.iter_mut().for_each(|value| *value -= lowest);
        let largest = strength.iter().copied().fold(0.0, f32::max);
        strength.iter_mut().for_each(|value| *value /= largest + f32::MIN_POSITIVE);
    }
    if strength.iter().all(|&value| value == 0.0) {
        return Ok(Vec::new());
    }
    let onsets = pick(&strength, &config.peaks());
    Ok(if config.backtrack { backtrack(&onsets, &strength) } else { onsets })
}

/// Each event moved back to the last local minimum of `energy` at or before it, the first place at the latest:
/// `librosa.onset.onset_backtrack(events, energy)`.
///
/// A minimum is no larger than the place before it and smaller than the one after. Events lie within `energy`, in any
/// order.
///
/// # Errors
/// [`FeatureError::Shape`] for an event beyond the end of `energy`.
pub fn onset_backtrack(events: &[usize], energy: &[f32]) -> Result<Vec<usize>, FeatureError> {
    match events.iter().find(|&&event| event >= energy.len()) {
        Some(event) => Err(FeatureError::Shape {
            expected: format!("more than {event}, the place of an event"),
            found: energy.len(),
        }),
        None => Ok(backtrack(events, energy)),
    }
}

fn backtrack(events: &[usize], energy: &[f32]) -> Vec<usize> {
    let is_minimum = |&place: &usize| {
        place + 1 < energy.len() && energy[place] <= energy[place - 1] && energy[place] < energy[place + 1]
    };
    events.iter().map(|&event| (1..=event).rev().find(is_minimum).unwrap_or(0)).collect()
}
