//! What a track looks like: the report's waveform and log-mel picture.

use std::path::Path;

use anyhow::{Context, Result};
use crooner_audio::AudioReader;
use crooner_features::{FeatureConfig, mel_frequencies};
use crooner_report::picture::{Rows, SpectrogramAxes, spectrogram, waveform};
use crooner_report::{Example, ExamplePictures};
use half::f16;

/// How much of a track is shown.
const SECONDS: f64 = 10.0;

/// The first seconds of the track at `path`, whose `frames` are `[n_frames, n_mels]`.
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
    let (rate, n_mels) = (features.sample_rate(), features.n_bins());
    let hop_seconds = features.hop_length() as f64 / f64::from(rate);
    let samples = head(path, rate).with_context(|| format!("cannot draw {}", path.display()))?;

    let n_frames = ((SECONDS / hop_seconds) as usize).min(frames.len() / n_mels);
    let values: Vec<f32> = frames[..n_frames * n_mels].iter().map(|value| value.to_f32()).collect();
    let centres = mel_centres(features);
    let rows = centres.as_deref().map_or(Rows::Numbered, Rows::Mel);
    let axes = SpectrogramAxes { hop_seconds, rows };
    let pictures = ExamplePictures {
        track: id.to_owned(),
        waveform: waveform(&samples, rate)?,
        feature: features.name().to_owned(),
        spectrogram: spectrogram(&values, n_frames, n_mels, axes)?,
    };
    let example = Example {
        track: id.to_owned(),
        artist: artist.to_owned(),
        start_seconds: 0.0,
        length_seconds: samples.len() as f64 / f64::from(rate),
    };
    Ok((example, pictures))
}

/// Centre frequency of every mel band, in Hz, where the feature has mel bands.
fn mel_centres(features: &FeatureConfig) -> Option<Vec<f32>> {
    let FeatureConfig::LogMel(config) = features else { return None };
    let mel = config.mel();
    let top = mel.f_max_hz.map_or(f64::from(config.sample_rate) / 2.0, f64::from);
    // The outermost two are edges, not centres.
    let edges = mel_frequencies(mel.n_mels + 2, f64::from(mel.f_min_hz), top, mel.scale);
    Some(edges[1..=mel.n_mels].iter().map(|&hz| hz as f32).collect())
}

fn head(path: &Path, rate: u32) -> Result<Vec<f32>> {
    let wanted = (SECONDS * f64::from(rate)) as usize;
    let mut reader = AudioReader::open_at(path, rate)?;
    let mut samples = Vec::with_capacity(wanted);
    while samples.len() < wanted {
        let Some(block) = reader.next_block()? else { break };
        samples.extend_from_slice(block);
    }
    samples.truncate(wanted);
    Ok(samples)
}
