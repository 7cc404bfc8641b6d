//! What features mean on a picture, and the pictures of the report.

use std::path::Path;

use anyhow::{Context, Result};
use crooner_audio::AudioReader;
use crooner_features::{FeatureConfig, MelConfig, fft_frequencies, mel_frequencies};
use crooner_report::picture::{HeatMap, Layout, Levels, Rows, heat_map, waveform};
use crooner_report::{Example, ExamplePictures};
use half::f16;

use crate::cli::FrequencyAxis;

/// How much of a track is shown in a report.
const SECONDS: f64 = 10.0;

/// Frequency of MIDI note 24, C1, in Hz: the lowest bin of a constant-Q transform unless it is set.
const C1_HZ: f64 = 32.703_195_662_574_83;

/// The rows and values of a feature.
pub(crate) struct Axis {
    kind: Kind,
    /// Of a spectrogram.
    pub(crate) scale: FrequencyAxis,
    pub(crate) levels: Levels,
}

enum Kind {
    Mel(Vec<f32>),
    Stft(Vec<f32>),
    Notes { lowest_midi: f64, bins_per_octave: usize },
    PitchClasses { first: usize },
    Lags { hop_seconds: f64 },
    Numbered,
}

impl Axis {
    pub(crate) fn of(config: &FeatureConfig) -> Result<Self> {
        let notes = |f_min_hz: Option<f32>, bins_per_octave| Kind::Notes {
            lowest_midi: 69.0 + 12.0 * (f_min_hz.map_or(C1_HZ, f64::from) / 440.0).log2(),
            bins_per_octave,
        };
        let kind = match config {
            FeatureConfig::LogMel(config) => mel(&config.mel(), config.sample_rate),
            FeatureConfig::Stft(config) => {
                let hz = fft_frequencies(config.sample_rate, config.n_fft);
                Kind::Stft(hz.into_iter().map(|hz| hz as f32).collect())
            }
            FeatureConfig::Cqt(config) => notes(config.f_min_hz, config.bins_per_octave),
            FeatureConfig::Vqt(config) => notes(config.f_min_hz, config.bins_per_octave),
            FeatureConfig::ChromaStft(config) if config.n_chroma.is_multiple_of(12) => {
                Kind::PitchClasses { first: if config.base_c { 0 } else { 9 } }
            }
            FeatureConfig::ChromaCqt(_) | FeatureConfig::ChromaCens(_)
                if config.n_bins().is_multiple_of(12) =>
            {
                Kind::PitchClasses { first: 0 }
            }
            FeatureConfig::Tempogram(config) => {
                Kind::Lags { hop_seconds: config.hop_length as f64 / f64::from(config.sample_rate) }
            }
            _ => Kind::Numbered,
        };
        let levels =
            if matches!(config, FeatureConfig::LogMel(_)) { Levels::Decibels } else { Levels::Plain };
        Ok(Self { kind, scale: FrequencyAxis::Log, levels })
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        match &self.kind {
            Kind::Mel(hz) => Rows::Bands(hz),
            Kind::Stft(hz) => match self.scale {
                FrequencyAxis::Log => Rows::Logarithmic(hz),
                FrequencyAxis::Mel => Rows::Mel(hz),
                FrequencyAxis::Linear => Rows::Linear(hz),
            },
            Kind::Notes { lowest_midi, bins_per_octave } => {
                Rows::Notes { lowest_midi: *lowest_midi, bins_per_octave: *bins_per_octave }
            }
            Kind::PitchClasses { first } => Rows::PitchClasses { first: *first },
            Kind::Lags { hop_seconds } => Rows::Lags { hop_seconds: *hop_seconds },
            Kind::Numbered => Rows::Numbered,
        }
    }
}

/// Centre frequency of every mel band.
fn mel(mel: &MelConfig, sample_rate: u32) -> Kind {
    let top = mel.f_max_hz.map_or(f64::from(sample_rate) / 2.0, f64::from);
    // The outermost two are edges, not centres.
    let edges = mel_frequencies(mel.n_mels + 2, f64::from(mel.f_min_hz), top, mel.scale);
    Kind::Mel(edges[1..=mel.n_mels].iter().map(|&hz| hz as f32).collect())
}

/// For the report: the first seconds of the track at `path`, whose `frames` are `[n_frames, n_bins]`.
///
/// # Errors
///
/// If the file can no longer be read, or a picture not drawn.
pub(crate) fn example(
    id: &str,
    artist: &str,
    path: &Path,
    features: &FeatureConfig,
    frames: &[f16],
) -> Result<(Example, ExamplePictures)> {
    let (rate, n_bins) = (features.sample_rate(), features.n_bins());
    let hop_seconds = features.hop_length() as f64 / f64::from(rate);
    let wanted = (SECONDS * f64::from(rate)) as usize;
    let cannot = || format!("cannot draw {}", path.display());
    let (samples, _) = samples_of(path, rate, 0, Some(wanted)).with_context(cannot)?;

    let n_frames = ((SECONDS / hop_seconds) as usize).min(frames.len() / n_bins);
    let values: Vec<f32> = frames[..n_frames * n_bins].iter().map(|value| value.to_f32()).collect();
    let axis = Axis::of(features)?;
    let is_log_mel = matches!(features, FeatureConfig::LogMel(_));
    let map = HeatMap {
        what: if is_log_mel { "Log-mel spectrogram" } else { features.name() },
        values: &values,
        n_bins,
        first_seconds: 0.0,
        hop_seconds,
        rows: axis.rows(),
        levels: axis.levels,
    };
    let pictures = ExamplePictures {
        track: id.to_owned(),
        waveform: waveform(&samples, rate, 0.0, &Layout { height: 170, ..Layout::default() })?,
        feature: features.name().to_owned(),
        spectrogram: heat_map(&map, &Layout::default())?,
    };
    let example = Example {
        track: id.to_owned(),
        artist: artist.to_owned(),
        start_seconds: 0.0,
        length_seconds: samples.len() as f64 / f64::from(rate),
    };
    Ok((example, pictures))
}

/// Samples of a file from the one numbered `first` on, `wanted` of them or all, fewer where the file ends; and the number
/// of samples up to where reading stopped.
pub(crate) fn samples_of(
    path: &Path,
    rate: u32,
    first: usize,
    wanted: Option<usize>,
) -> Result<(Vec<f32>, usize)> {
    let mut reader = AudioReader::open_at(path, rate)?;
    let (mut samples, mut passed) = (Vec::new(), 0);
    while wanted.is_none_or(|wanted| samples.len() < wanted) {
        let Some(block) = reader.next_block()? else { break };
        samples.extend_from_slice(&block[first.saturating_sub(passed).min(block.len())..]);
        passed += block.len();
    }
    samples.truncate(wanted.unwrap_or(samples.len()));
    Ok((samples, passed))
}
