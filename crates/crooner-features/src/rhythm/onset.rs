//! Onset strength: how much louder the bands of a log-mel spectrogram became.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::pitch::tuning::median;
use crate::whole_track::WholeTrack;
use crate::{Extractor, FeatureConfig, FeatureError, Frames, LogMelConfig, Spectrogram};

/// How the bands of a frame become one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Their mean; librosa's default.
    #[default]
    Mean,
    /// Their median, as beat tracking takes it.
    Median,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

impl Aggregate {
    /// Of at least one value, which it may reorder.
    pub(crate) fn of(self, values: &mut [f32]) -> f32 {
        match self {
            Self::Mean => {
                let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
                (sum / values.len() as f64) as f32
            }
            Self::Median => median(values),
            Self::Min => values.iter().copied().fold(f32::INFINITY, f32::min),
            Self::Max => values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        }
    }
}

/// Settings of onset strength; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnsetStrengthConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub n_fft: usize,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Number of mel bands from 0 Hz to half the sample rate, in `1..=4096`. Default 128.
    pub n_mels: usize,
    /// Frames between what is compared, in `1..=10000`. Default 1.
    pub lag: usize,
    /// Bands over which the earlier frame's maximum is taken, in `1..=1001`; 1 for none. Default 1.
    pub max_size: usize,
    /// Whether slow trends are taken out by the filter `y[t] = x[t] - x[t-1] + 0.99 y[t-1]`. Default: false.
    pub detrend: bool,
    /// Whether values are moved later by half a window, so that they are centred at the frame. Default: true.
    pub center: bool,
    /// How the bands of a frame become one value. Default: their mean.
    pub aggregate: Aggregate,
}

impl Default for OnsetStrengthConfig {
    fn default() -> Self {
        let LogMelConfig { sample_rate, n_fft, hop_length, n_mels, .. } = LogMelConfig::default();
        Self {
            sample_rate,
            n_fft,
            hop_length,
            n_mels,
            lag: 1,
            max_size: 1,
            detrend: false,
            center: true,
            aggregate: Aggregate::Mean,
        }
    }
}

impl OnsetStrengthConfig {
    fn log_mel(&self) -> LogMelConfig {
        LogMelConfig {
            sample_rate: self.sample_rate,
            n_fft: self.n_fft,
            hop_length: self.hop_length,
            n_mels: self.n_mels,
            ..LogMelConfig::default()
        }
    }

    /// Frames by which the values lie later than the differences they are made of.
    fn shift(&self) -> usize {
        self.lag + if self.center { self.n_fft / (2 * self.hop_length) } else { 0 }
    }

    /// One row per channel, a range of bands; `log_mel` frame after frame.
    fn envelopes(&self, log_mel: &Frames, channels: &[std::ops::Range<usize>]) -> Vec<Vec<f32>> {
        let n_frames = log_mel.n_frames();
        let mut envelopes = vec![vec![0.0; self.shift()]; channels.len()];
        let mut rises = vec![0.0; self.n_mels];
        let mut reference = vec![0.0; self.n_mels];
        for t in self.lag..n_frames {
            let earlier = log_mel.frame(t - self.lag);
            let earlier = if self.max_size == 1 {
                earlier
            } else {
                maximum_filter(earlier, self.max_size, &mut reference);
                &reference
            };
            for ((rise, now), earlier) in rises.iter_mut().zip(log_mel.frame(t)).zip(earlier) {
                *rise = (now - earlier).max(0.0);
            }
            for (envelope, channel) in envelopes.iter_mut().zip(channels) {
                // A median reorders what it sees; channels may overlap.
                let value = if self.aggregate == Aggregate::Median {
                    self.aggregate.of(&mut rises[channel.clone()].to_vec())
                } else {
                    self.aggregate.of(&mut rises[channel.clone()])
                };
                envelope.push(value);
            }
        }
        for envelope in &mut envelopes {
            if self.detrend {
                detrend(envelope);
            }
            if self.center {
                envelope.truncate(n_frames);
            }
        }
        envelopes
    }

    fn validate_all(&self) -> Result<(), FeatureError> {
        FeatureConfig::LogMel(self.log_mel()).validate()?;
        check_range("lag", self.lag, 1, 10_000)?;
        check_range("max_size", self.max_size, 1, 1001)
    }

    fn log_mel_frames(&self, samples: &[f32]) -> Result<Frames, FeatureError> {
        FeatureConfig::LogMel(self.log_mel()).frames(samples)
    }
}

/// The largest of `size` values around each, mirrored at the ends with the end repeated.
fn maximum_filter(values: &[f32], size: usize, output: &mut [f32]) {
    let n = values.len() as isize;
    for (i, output) in (0isize..).zip(output) {
        let window = i - (size / 2) as isize..i - (size / 2) as isize + size as isize;
        let inside = |position: isize| {
            let place = position.rem_euclid(2 * n);
            values[place.min(2 * n - 1 - place) as usize]
        };
        *output = window.map(inside).fold(f32::NEG_INFINITY, f32::max);
    }
}

fn detrend(envelope: &mut [f32]) {
    let (mut before, mut output) = (0.0f64, 0.0f64);
    for value in envelope {
        let input = f64::from(*value);
        output = input - before + 0.99 * output;
        before = input;
        *value = output as f32;
    }
}

impl Feature for OnsetStrengthConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.validate_all()
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
        let n_frames = Feature::n_frames(&self.log_mel(), n_samples);
        if self.center || n_frames == 0 { n_frames } else { n_frames.max(self.lag) }
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        Ok(Box::new(WholeTrack::new(move |samples| {
            Ok(Frames::from_parts(1, onset_envelope(samples, &config)?))
        })))
    }
}

/// Onset strength of a track for valid settings.
pub(crate) fn onset_envelope(
    samples: &[f32],
    config: &OnsetStrengthConfig,
) -> Result<Vec<f32>, FeatureError> {
    let log_mel = config.log_mel_frames(samples)?;
    let all_bands = 0..config.n_mels;
    Ok(config.envelopes(&log_mel, &[all_bands]).pop().unwrap_or_default())
}

/// Onset strength of a track in dB: `librosa.onset.onset_strength(y=samples, sr=sample_rate, ...)`, `[1, n_frames]`, at
/// least 0 (but for `detrend`).
///
/// With `M` the log-mel spectrogram, the value of frame `t` is the mean over bands `m` of
/// `max(0, M[m, t - s] - R[m, t - s - lag])`, where `R` is the largest of the `max_size` bands around `m` and
/// `s = n_fft / (2 hop_length)` when centred, else 0; 0 before the first difference. A track of no more than `lag` frames
/// has no onset.
///
/// Memory: the log-mel spectrogram.
///
/// ```
/// use crooner_features::{OnsetStrengthConfig, onset_strength};
///
/// let mut click = vec![0.0; 16_000];
/// click[8000] = 1.0;
/// let onsets = onset_strength(&click, &OnsetStrengthConfig::default())?;
/// let strongest = (0..32).max_by(|&a, &b| onsets.bin(0)[a].total_cmp(&onsets.bin(0)[b]));
/// assert_eq!((onsets.n_frames(), strongest), (32, Some(16)));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`log_mel`](crate::log_mel), and [`FeatureError::Config`] for any setting out of range.
pub fn onset_strength(samples: &[f32], config: &OnsetStrengthConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(Frames::from_parts(1, onset_envelope(samples, config)?).to_spectrogram())
}

/// Onset strength within several ranges of mel bands:
/// `librosa.onset.onset_strength_multi(y=samples, sr=sample_rate, channels=[slice(...), ...])`, `[n_channels, n_frames]`.
///
/// ```
/// use crooner_features::{OnsetStrengthConfig, onset_strength_multi};
///
/// let bands = onset_strength_multi(&[0.0; 16_000], &OnsetStrengthConfig::default(), &[0..32, 32..128])?;
/// assert_eq!((bands.n_bins(), bands.n_frames()), (2, 32));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`], and [`FeatureError::Config`] for no channel at all or one that is empty or reaches beyond
/// `n_mels`.
pub fn onset_strength_multi(
    samples: &[f32],
    config: &OnsetStrengthConfig,
    channels: &[std::ops::Range<usize>],
) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    if channels.is_empty() {
        return Err(FeatureError::config("channels", "at least one range of bands", "none"));
    }
    if let Some(channel) = channels.iter().find(|range| range.is_empty() || range.end > config.n_mels) {
        let expected = format!("ranges within 0..{} that are not empty", config.n_mels);
        return Err(FeatureError::config("channels", expected, format!("{channel:?}")));
    }
    let envelopes = config.envelopes(&config.log_mel_frames(samples)?, channels);
    Spectrogram::new(channels.len(), envelopes[0].len(), envelopes.concat())
}
