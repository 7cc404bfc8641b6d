//! Separation of harmonic and percussive sound by median filtering.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framing::Framer;
use crate::fourier::simd::{Simd, WithSimd, dispatch};
use crate::fourier::wide::WideTransform;
use crate::structure::median::median_of_columns;
use crate::whole_track::WholeTrack;
use crate::{Extractor, FeatureError, Frames, PadMode, Spectrogram, StftConfig, Window};

/// How a magnitude spectrogram is separated.
#[derive(Debug, Clone, PartialEq)]
pub struct HpssConfig {
    /// Frames over which the harmonic median is taken, in `1..=1001`. Default 31.
    pub kernel_harmonic: usize,
    /// Bins over which the percussive median is taken, in `1..=1001`. Default 31.
    pub kernel_percussive: usize,
    /// Exponent of the soft masks, in `0.01..=100`. Default 2.
    pub power: f32,
    /// How many times the percussive median the harmonic one must be to count, in `1..=1e6`. Default 1.
    pub margin_harmonic: f32,
    /// How many times the harmonic median the percussive one must be to count, in `1..=1e6`. Default 1.
    pub margin_percussive: f32,
}

impl Default for HpssConfig {
    fn default() -> Self {
        Self {
            kernel_harmonic: 31,
            kernel_percussive: 31,
            power: 2.0,
            margin_harmonic: 1.0,
            margin_percussive: 1.0,
        }
    }
}

impl HpssConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        check_range("kernel_harmonic", self.kernel_harmonic, 1, 1001)?;
        check_range("kernel_percussive", self.kernel_percussive, 1, 1001)?;
        check_range("power", self.power, 0.01, 100.0)?;
        check_range("margin_harmonic", self.margin_harmonic, 1.0, 1e6)?;
        check_range("margin_percussive", self.margin_percussive, 1.0, 1e6)
    }
}

/// The two parts of a magnitude spectrogram `S`: `librosa.decompose.hpss(S, ...)`, both of its shape.
///
/// With `H` the median of `S` over `kernel_harmonic` frames and `P` that over `kernel_percussive` bins, both mirrored at
/// the edges, the harmonic part is `S · Hᵖ / (Hᵖ + (m P)ᵖ)` with `p` = `power` and `m` = `margin_harmonic`; the
/// percussive part likewise with both swapped. Where both medians are 0, each part gets half of `S`, or nothing when a
/// margin is above 1. After Fitzgerald (DAFx 2010) and Driedger, Müller and Disch (ISMIR 2014).
///
/// Memory: six times the spectrogram.
///
/// ```
/// use crooner_features::{HpssConfig, StftConfig, hpss, stft};
///
/// let tone: Vec<f32> = (0..32_000).map(|i| (0.3 * i as f32).sin()).collect();
/// let magnitude = stft(&tone, &StftConfig::default())?.magnitude();
/// let (harmonic, percussive) = hpss(&magnitude, &HpssConfig::default())?;
/// let energy = |s: &[f32]| s.iter().map(|x| x * x).sum::<f32>();
/// assert!(energy(harmonic.values()) > 100.0 * energy(percussive.values()));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Value`] for a magnitude that is NaN, infinite or
/// negative.
pub fn hpss(
    magnitude: &Spectrogram,
    config: &HpssConfig,
) -> Result<(Spectrogram, Spectrogram), FeatureError> {
    let medians = Medians::new(magnitude, config)?;
    let part = |x: &[f32], reference: &[f32], margin: f32| {
        let mut values = magnitude.values().to_vec();
        let (power, split_zeros) = (config.power, config.splits_zeros());
        dispatch(SoftMask { values: &mut values, x, reference, margin, power, split_zeros });
        Spectrogram::new(magnitude.n_bins(), magnitude.n_frames(), values)
    };
    Ok((
        part(&medians.harmonic, &medians.percussive, config.margin_harmonic)?,
        part(&medians.percussive, &medians.harmonic, config.margin_percussive)?,
    ))
}

impl HpssConfig {
    fn splits_zeros(&self) -> bool {
        self.margin_harmonic == 1.0 && self.margin_percussive == 1.0
    }
}

/// Medians over time and over frequency, both `[n_bins, n_frames]`.
struct Medians {
    harmonic: Vec<f32>,
    percussive: Vec<f32>,
}

impl Medians {
    fn new(magnitude: &Spectrogram, config: &HpssConfig) -> Result<Self, FeatureError> {
        config.validate()?;
        let (n_bins, n_frames) = (magnitude.n_bins(), magnitude.n_frames());
        let usable = |value: &f32| (0.0..=f32::MAX).contains(value);
        if let Some(index) = magnitude.values().iter().position(|value| !usable(value)) {
            let value = magnitude.values()[index];
            return Err(FeatureError::Value { bin: index / n_frames, frame: index % n_frames, value });
        }
        if magnitude.values().is_empty() {
            return Ok(Self { harmonic: Vec::new(), percussive: Vec::new() });
        }
        let over_time = median_of_columns(magnitude.to_frames().values(), n_bins, config.kernel_harmonic);
        Ok(Self {
            harmonic: Frames::from_parts(n_bins, over_time).to_spectrogram().into_values(),
            percussive: median_of_columns(magnitude.values(), n_frames, config.kernel_percussive),
        })
    }
}

/// `values` times `xᵖ / (xᵖ + rᵖ)`, `r` being `reference` times `margin`: `librosa.util.softmask`.
struct SoftMask<'a> {
    values: &'a mut [f32],
    x: &'a [f32],
    reference: &'a [f32],
    margin: f32,
    power: f32,
    split_zeros: bool,
}

impl WithSimd for SoftMask<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, x, reference, margin, power, split_zeros } = self;
        let of_nothing = if split_zeros { 0.5 } else { 0.0 };
        let values = values.iter_mut().zip(x).zip(reference);
        if power == 2.0 {
            for ((value, &x), &r) in values {
                *value *= soft_mask(x, r * margin, of_nothing, |x| x * x);
            }
        } else {
            for ((value, &x), &r) in values {
                *value *= soft_mask(x, r * margin, of_nothing, |x| x.powf(power));
            }
        }
    }
}

/// Without branches, which vector instructions do not have.
#[inline(always)]
fn soft_mask(x: f32, reference: f32, of_nothing: f32, raise: impl Fn(f32) -> f32) -> f32 {
    let largest = if x > reference { x } else { reference };
    let is_something = largest >= f32::MIN_POSITIVE;
    let scale = if is_something { largest } else { 1.0 };
    let (x, reference) = (raise(x / scale), raise(reference / scale));
    let mask = x / (x + reference);
    if is_something { mask } else { of_nothing }
}

macro_rules! hpss_feature {
    ($(#[$doc:meta])* $name:ident, $part:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Sample rate in Hz, in `1000..=768000`; says what the samples are and changes no value. Default 16,000.
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
            /// Frames over which the harmonic median is taken, in `1..=1001`. Default 31.
            pub kernel_harmonic: usize,
            /// Bins over which the percussive median is taken, in `1..=1001`. Default 31.
            pub kernel_percussive: usize,
            /// Exponent of the soft mask, in `0.01..=100`. Default 2.
            pub power: f32,
            /// Margin of the harmonic part, in `1..=1e6`. Default 1.
            pub margin_harmonic: f32,
            /// Margin of the percussive part, in `1..=1e6`. Default 1.
            pub margin_percussive: f32,
        }

        impl Default for $name {
            fn default() -> Self {
                let StftConfig { n_fft, win_length, hop_length, window, center, pad_mode } = StftConfig::default();
                let HpssConfig { kernel_harmonic, kernel_percussive, power, margin_harmonic, margin_percussive } =
                    HpssConfig::default();
                Self {
                    sample_rate: 16_000,
                    n_fft,
                    win_length,
                    hop_length,
                    window,
                    center,
                    pad_mode,
                    kernel_harmonic,
                    kernel_percussive,
                    power,
                    margin_harmonic,
                    margin_percussive,
                }
            }
        }

        impl $name {
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

            /// The part that separates.
            #[must_use]
            pub fn hpss(&self) -> HpssConfig {
                HpssConfig {
                    kernel_harmonic: self.kernel_harmonic,
                    kernel_percussive: self.kernel_percussive,
                    power: self.power,
                    margin_harmonic: self.margin_harmonic,
                    margin_percussive: self.margin_percussive,
                }
            }
        }

        impl Feature for $name {
            fn validate(&self) -> Result<(), FeatureError> {
                check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
                self.stft().validate()?;
                self.hpss().validate()
            }

            fn sample_rate(&self) -> u32 {
                self.sample_rate
            }

            fn n_bins(&self) -> usize {
                self.stft().n_bins()
            }

            fn hop_length(&self) -> usize {
                self.hop_length
            }

            fn n_frames(&self, n_samples: usize) -> usize {
                self.stft().n_frames(n_samples)
            }

            fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
                self.validate()?;
                let (stft, hpss, part) = (self.stft(), self.hpss(), $part);
                Ok(Box::new(WholeTrack::new(move |samples| part_frames(samples, &stft, &hpss, part))))
            }
        }
    };
}

hpss_feature! {
    /// Settings of the harmonic part of the magnitude spectrogram; the defaults are librosa's, at 16 kHz.
    HpssHarmonicConfig, Part::Harmonic
}

hpss_feature! {
    /// Settings of the percussive part of the magnitude spectrogram; the defaults are librosa's, at 16 kHz.
    HpssPercussiveConfig, Part::Percussive
}

#[derive(Clone, Copy)]
enum Part {
    Harmonic,
    Percussive,
}

/// One part of the magnitude spectrogram of a track, frame after frame.
fn part_frames(
    samples: &[f32],
    stft: &StftConfig,
    hpss: &HpssConfig,
    part: Part,
) -> Result<Frames, FeatureError> {
    let n_bins = stft.n_bins();
    let length = stft.win_length();
    let mut window = vec![0.0; stft.n_fft];
    window[(stft.n_fft - length) / 2..][..length].copy_from_slice(&stft.window.coefficients(length));
    // Masks are quotients: in `f32` what loud bins leave in quiet ones would show.
    let mut transform = WideTransform::new(window);
    let mut magnitudes = vec![0.0; n_bins * stft.n_frames(samples.len())];
    let mut pairs = magnitudes.chunks_mut(2 * n_bins);
    let mut waiting: Vec<f32> = Vec::with_capacity(stft.n_fft);
    let mut on_pair = |first: &[f32], second: Option<&[f32]>| {
        if let Some(pair) = pairs.next() {
            transform.apply(first, second);
            let (first, second) = pair.split_at_mut(n_bins);
            transform.magnitudes(first, second);
        }
    };
    let mut on_frame = |frame: &[f32]| {
        if waiting.is_empty() {
            waiting.extend_from_slice(frame);
        } else {
            on_pair(&waiting, Some(frame));
            waiting.clear();
        }
    };
    let mut framer = Framer::new(stft);
    framer.push(samples, &mut on_frame)?;
    framer.finish(&mut on_frame)?;
    if !waiting.is_empty() {
        on_pair(&waiting, None);
    }

    let mut frames = Frames::from_parts(n_bins, magnitudes);
    let turned = frames.to_spectrogram();
    let over_time = median_of_columns(frames.values(), n_bins, hpss.kernel_harmonic);
    let over_bins = median_of_columns(turned.values(), turned.n_frames(), hpss.kernel_percussive);
    let over_bins = Spectrogram::new(n_bins, turned.n_frames(), over_bins)?.to_frames();
    let (x, reference, margin) = match part {
        Part::Harmonic => (&over_time[..], over_bins.values(), hpss.margin_harmonic),
        Part::Percussive => (over_bins.values(), &over_time[..], hpss.margin_percussive),
    };
    let (power, split_zeros) = (hpss.power, hpss.splits_zeros());
    dispatch(SoftMask { values: frames.values_mut(), x, reference, margin, power, split_zeros });
    Ok(frames)
}
