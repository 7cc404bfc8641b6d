//! The samples themselves, and filters of one tap on them.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::framing::first_unusable;
use crate::whole_track::check_samples;
use crate::{Extractor, FeatureError};

/// Settings of the waveform: a track's samples as a feature, one a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WaveformConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
}

impl Default for WaveformConfig {
    fn default() -> Self {
        Self { sample_rate: 16_000 }
    }
}

impl Feature for WaveformConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1000, 768_000)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        1
    }

    fn hop_length(&self) -> usize {
        1
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        n_samples
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        Ok(Box::new(Waveform { n_samples: 0 }))
    }
}

struct Waveform {
    n_samples: usize,
}

impl Extractor for Waveform {
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        if let Some(offset) = first_unusable(samples) {
            let index = self.n_samples + offset;
            self.n_samples = 0;
            return Err(FeatureError::Sample { index, value: samples[offset] });
        }
        self.n_samples += samples.len();
        samples.chunks_exact(1).for_each(on_frame);
        Ok(())
    }

    fn finish(&mut self, _on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        match std::mem::take(&mut self.n_samples) {
            0 => Err(FeatureError::NoSamples),
            _ => Ok(f32::NEG_INFINITY),
        }
    }
}

/// Raises high frequencies: `librosa.effects.preemphasis(y, coef=coef)`.
///
/// `out[n] = y[n] - coef · y[n-1]`; like librosa, `out[0] = y[0] + (2 y[0] - y[1])`, or `2 y[0]` of a single sample, which
/// librosa cannot take. `coef` is in `0..=1`, 0.97 in librosa.
///
/// ```
/// use crooner_features::{deemphasis, preemphasis};
///
/// let y = [0.5, 0.25, -0.5, 1.0];
/// let back = deemphasis(&preemphasis(&y, 0.97)?, 0.97)?;
/// assert!(back.iter().zip(y).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a `coef` out of range, [`FeatureError::NoSamples`] or [`FeatureError::Sample`].
pub fn preemphasis(samples: &[f32], coef: f32) -> Result<Vec<f32>, FeatureError> {
    check_range("coef", coef, 0.0, 1.0)?;
    check_samples(samples)?;
    let first = samples[0];
    let before = 2.0 * first - samples.get(1).unwrap_or(&first);
    let rest = samples.windows(2).map(|pair| pair[1] - coef * pair[0]);
    Ok(std::iter::once(first + before).chain(rest).collect())
}

/// Undoes [`preemphasis`]: `librosa.effects.deemphasis(y, coef=coef)`.
///
/// `out[n] = y[n] + coef · out[n-1]` from `out[0] = y[0] - e` on, `e` being what the extrapolation of the first sample had
/// added.
///
/// # Errors
/// As [`preemphasis`].
pub fn deemphasis(samples: &[f32], coef: f32) -> Result<Vec<f32>, FeatureError> {
    check_range("coef", coef, 0.0, 1.0)?;
    check_samples(samples)?;
    let coef = f64::from(coef);
    let first = f64::from(samples[0]);
    // With `p` = pre-emphasised: p[0] = 3 y[0] - y[1] and p[1] = y[1] - coef y[0], of which the first is solved for y[0].
    let extrapolated = match samples.get(1) {
        Some(&second) => ((2.0 - coef) * first - f64::from(second)) / (3.0 - coef),
        None => first / 2.0,
    };
    // The filter is linear: less of the first sample is less by `coef^n` of every later one.
    let mut state = first - extrapolated;
    let rest = samples[1..].iter().map(|&sample| {
        state = f64::from(sample) + coef * state;
        state as f32
    });
    Ok(std::iter::once((first - extrapolated) as f32).chain(rest).collect())
}
