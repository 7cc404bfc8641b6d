//! Fundamental frequency by YIN.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framing::Framer;
use crate::pitch::periodicity::{
    DifferenceFunction, PitchFraming, f_max_hz, f_min_hz, is_trough, parabolic_shift,
};
use crate::{Extractor, FeatureError, PadMode};

/// Settings of YIN; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct YinConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Lowest frequency in Hz; a period must be shorter than a frame by more than one sample. Default: C2, 65.41 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_min_hz: Option<f32>,
    /// Highest frequency in Hz, above `f_min_hz`, at most half the sample rate. Default: C7, 2093 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_max_hz: Option<f32>,
    /// Samples per frame, even, in `4..=1048576`; best two periods or more. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// What the difference function must fall below to settle the period, in `0..=10`. Default 0.1.
    pub trough_threshold: f32,
    /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
}

impl Default for YinConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            f_min_hz: None,
            f_max_hz: None,
            frame_length: 2048,
            hop_length: 512,
            trough_threshold: 0.1,
            center: true,
            pad_mode: PadMode::Constant,
        }
    }
}

impl YinConfig {
    fn framing(&self) -> PitchFraming {
        PitchFraming {
            sample_rate: self.sample_rate,
            f_min_hz: f_min_hz(self.f_min_hz),
            f_max_hz: f_max_hz(self.f_max_hz),
            frame_length: self.frame_length,
            hop_length: self.hop_length,
            center: self.center,
            pad_mode: self.pad_mode,
        }
    }
}

impl Feature for YinConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.framing().validate()?;
        check_range("trough_threshold", self.trough_threshold, 0.0, 10.0)
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
        self.framing().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        Ok(Box::new(Yin::new(self)?))
    }
}

/// Fundamental frequency of each frame in Hz: `librosa.yin(samples, fmin=..., fmax=..., sr=sample_rate, ...)`, one value a
/// frame. After de Cheveigné and Kawahara, *YIN, a fundamental frequency estimator for speech and music* (2002).
///
/// With `r` the autocorrelation of the frame `x` and `d[l] = 2 (r[0] - r[l]) - Σ_{i<l} x[i]²`, the period is the first
/// trough of `d[l] · l / Σ_{1..=l} d` below `trough_threshold` between `sample_rate / f_max_hz` and
/// `sample_rate / f_min_hz` samples, the lowest value where there is none, interpolated by a parabola. A frame without
/// a pitch has a value too, and silence `sample_rate / floor(sample_rate / f_max_hz)`; [`pyin`](crate::pyin) tells which frames are
/// voiced.
///
/// Computed in `f64`. Streaming: `FeatureConfig::Yin` holds a frame or two.
///
/// ```
/// use crooner_features::{YinConfig, yin};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let f0_hz = yin(&a4, &YinConfig::default())?;
/// assert_eq!(f0_hz.len(), 32);
/// assert!((f0_hz[16] - 440.0).abs() < 0.3);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Sample`], [`FeatureError::NoSamples`] or
/// [`FeatureError::TooShort`] for a track that is not usable or without a frame.
pub fn yin(samples: &[f32], config: &YinConfig) -> Result<Vec<f64>, FeatureError> {
    let mut yin = Yin::new(config)?;
    let mut f0_hz = Vec::with_capacity(config.n_frames(samples.len()));
    yin.push(samples, &mut |hz| f0_hz.push(hz))?;
    yin.finish(&mut |hz| f0_hz.push(hz))?;
    Ok(f0_hz)
}

/// YIN of track after track.
struct Yin {
    framer: Framer,
    difference: DifferenceFunction,
    picker: Picker,
}

/// Finds the period in a difference function.
struct Picker {
    sample_rate: f64,
    min_period: usize,
    threshold: f64,
}

impl Picker {
    fn hz(&self, difference: &[f64]) -> f64 {
        let settles = |&place: &usize| difference[place] < self.threshold && is_trough(difference, place);
        let lowest = || {
            let lower =
                |best: usize, place: usize| if difference[place] < difference[best] { place } else { best };
            (0..difference.len()).fold(0, lower)
        };
        let place = (0..difference.len()).find(settles).unwrap_or_else(lowest);
        self.sample_rate / ((self.min_period + place) as f64 + parabolic_shift(difference, place))
    }
}

impl Yin {
    fn new(config: &YinConfig) -> Result<Self, FeatureError> {
        config.validate()?;
        let framing = config.framing();
        let difference = DifferenceFunction::new(&framing);
        let picker = Picker {
            sample_rate: f64::from(config.sample_rate),
            min_period: difference.min_period,
            threshold: f64::from(config.trough_threshold),
        };
        Ok(Self { framer: framing.framer(), difference, picker })
    }

    fn push(&mut self, samples: &[f32], on_hz: &mut dyn FnMut(f64)) -> Result<(), FeatureError> {
        let Self { framer, difference, picker } = self;
        let pushed = framer.push(samples, |frame| difference.push(frame, |d| on_hz(picker.hz(d))));
        if pushed.is_err() {
            self.reset();
        }
        pushed
    }

    fn finish(&mut self, on_hz: &mut dyn FnMut(f64)) -> Result<(), FeatureError> {
        let Self { framer, difference, picker } = self;
        let finished = framer.finish(|frame| difference.push(frame, |d| on_hz(picker.hz(d))));
        if finished.is_ok() {
            difference.finish(|d| on_hz(picker.hz(d)));
        }
        self.reset();
        finished
    }

    fn reset(&mut self) {
        self.framer.reset();
        self.difference.reset();
    }
}

impl Extractor for Yin {
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        self.push(samples, &mut |hz| on_frame(&[hz as f32]))
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        self.finish(&mut |hz| on_frame(&[hz as f32]))?;
        Ok(f32::NEG_INFINITY)
    }
}
