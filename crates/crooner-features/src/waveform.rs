//! The samples themselves, and filters of one tap on them.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framing::first_unusable;
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
    let mut filter = Preemphasis::new(coef)?;
    let mut out = Vec::with_capacity(samples.len());
    filter.push(samples, &mut out)?;
    filter.finish(&mut out)?;
    Ok(out)
}

/// [`preemphasis`] of a track that comes in blocks of any size; the values are the same bit for bit.
///
/// ```
/// use crooner_features::{Preemphasis, preemphasis};
///
/// let y: Vec<f32> = (0..1000).map(|i| (0.1 * i as f32).sin()).collect();
/// let (mut filter, mut out) = (Preemphasis::new(0.97)?, Vec::new());
/// for block in y.chunks(160) {
///     filter.push(block, &mut out)?;
/// }
/// filter.finish(&mut out)?;
/// assert_eq!(out, preemphasis(&y, 0.97)?);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Preemphasis {
    coef: f32,
    n_samples: usize,
    /// The last sample pushed.
    last: f32,
}

impl Preemphasis {
    /// A filter at the beginning of a track; `coef` is in `0..=1`.
    ///
    /// # Errors
    /// [`FeatureError::Config`] for a `coef` out of range.
    pub fn new(coef: f32) -> Result<Self, FeatureError> {
        check_range("coef", coef, 0.0, 1.0)?;
        Ok(Self { coef, n_samples: 0, last: 0.0 })
    }

    /// Takes the next samples and appends what they complete to `out`: as many values, but that the first waits for the
    /// second sample.
    ///
    /// # Errors
    /// [`FeatureError::Sample`] for a sample that is not usable. The track is then dropped: the next sample pushed is the
    /// first of another.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<(), FeatureError> {
        if let Some(offset) = first_unusable(samples) {
            let index = self.n_samples + offset;
            self.n_samples = 0;
            return Err(FeatureError::Sample { index, value: samples[offset] });
        }
        let mut rest = samples;
        while self.n_samples < 2
            && let Some((&sample, others)) = rest.split_first()
        {
            if self.n_samples == 1 {
                out.extend([self.first(sample), sample - self.coef * self.last]);
            }
            self.last = sample;
            self.n_samples += 1;
            rest = others;
        }
        let (Some(&first), Some(&last)) = (rest.first(), rest.last()) else { return Ok(()) };
        out.push(first - self.coef * self.last);
        out.extend(rest.windows(2).map(|pair| pair[1] - self.coef * pair[0]));
        self.last = last;
        self.n_samples += rest.len();
        Ok(())
    }

    /// Ends the track and appends what is left of it to `out`. The next sample pushed is the first of another track.
    ///
    /// # Errors
    /// [`FeatureError::NoSamples`] for a track without samples.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), FeatureError> {
        match std::mem::take(&mut self.n_samples) {
            0 => return Err(FeatureError::NoSamples),
            1 => out.push(self.first(self.last)),
            _ => {}
        }
        Ok(())
    }

    /// The first value, from the first sample and the one after it.
    fn first(&self, second: f32) -> f32 {
        self.last + (2.0 * self.last - second)
    }
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
