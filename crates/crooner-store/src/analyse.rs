//! One file becomes frames.

use std::error::Error;
use std::path::Path;

use crooner_audio::AudioReader;
use crooner_datasets::segments;
use crooner_features::{Extractor, FeatureConfig, FeatureError};
use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::{FrontEnd, SegmentFeature};

/// Reads and analyses one file after the other, keeping the extractor's buffers.
///
/// Training and inference both come through here: what a network hears of a new file is what it was trained
/// on, down to the rounding of the values.
pub struct Analyser<'a> {
    front_end: &'a FrontEnd,
    extractor: Option<Box<dyn Extractor>>,
}

/// What came out of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// Time-major, `[n_frames, n_bins]`, at least one frame.
    pub values: Vec<f16>,
    /// How many samples were decoded, at the sample rate of the features.
    pub n_samples: u64,
    /// How many packets the decoder had to skip.
    pub damaged_packets: u64,
    /// When each frame begins, in seconds, if the file says so: empty where frames are a hop apart.
    pub starts: Vec<f64>,
}

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The configuration builds no extractor: no fault of the file.
    #[error(transparent)]
    Config(#[from] FeatureError),
    /// The file cannot be read or analysed; the text names it, in one line.
    #[error("{0}")]
    File(String),
}

impl<'a> Analyser<'a> {
    /// For features as `front_end` says.
    #[must_use]
    pub fn new(front_end: &'a FrontEnd) -> Self {
        Self { front_end, extractor: None }
    }

    /// Analyses the file at `path`.
    ///
    /// # Errors
    /// [`AnalysisError::File`] if it cannot be read or analysed; the analyser can go on to the next.
    pub fn analyse(&mut self, path: &Path) -> Result<Analysis, AnalysisError> {
        let config = match self.front_end {
            FrontEnd::Audio(config) => config,
            FrontEnd::Segments(feature) => {
                return read(path, *feature).map_err(|error| AnalysisError::File(chain(error.as_ref())));
            }
        };
        // An extractor that met an error may hold half a track, so it is taken and only put back clean.
        let mut extractor = match self.extractor.take() {
            Some(extractor) => extractor,
            None => config.extractor()?,
        };
        let analysis = decode(path, config, extractor.as_mut());
        if analysis.is_ok() {
            self.extractor = Some(extractor);
        }
        analysis.map_err(|error| AnalysisError::File(chain(error.as_ref())))
    }
}

/// All samples of the audio file at `path`, mixed to one channel, at `sample_rate` Hz.
///
/// # Errors
/// [`AnalysisError::File`] if it cannot be decoded.
pub fn samples_of(path: &Path, sample_rate: u32) -> Result<Vec<f32>, AnalysisError> {
    let read = || -> Result<Vec<f32>, Box<dyn Error>> {
        let mut reader = AudioReader::open_at(path, sample_rate)?;
        let mut samples = Vec::new();
        while let Some(block) = reader.next_block()? {
            samples.extend_from_slice(block);
        }
        Ok(samples)
    };
    read().map_err(|error| AnalysisError::File(chain(error.as_ref())))
}

fn decode(
    path: &Path,
    config: &FeatureConfig,
    extractor: &mut dyn Extractor,
) -> Result<Analysis, Box<dyn Error>> {
    let mut reader = AudioReader::open_at(path, config.sample_rate())?;
    let mut halves = Halves::new(config.n_bins());
    let mut n_samples = 0;
    while let Some(block) = reader.next_block()? {
        n_samples += block.len() as u64;
        extractor.push(block, &mut |frame| halves.add(frame))?;
    }
    let floor = extractor.finish(&mut |frame| halves.add(frame))?;
    let damaged_packets = reader.damaged_packets();
    Ok(Analysis { values: halves.finish(floor)?, n_samples, damaged_packets, starts: Vec::new() })
}

/// The segments of a song.
fn read(path: &Path, feature: SegmentFeature) -> Result<Analysis, Box<dyn Error>> {
    let segments = segments(path)?;
    let values = match feature {
        SegmentFeature::Timbre {} => &segments.timbre,
        SegmentFeature::Pitches {} => &segments.pitches,
    };
    if values.is_empty() {
        return Err(format!("{} is a song without segments", path.display()).into());
    }
    let mut halves = Halves::new(crooner_datasets::Segments::BINS);
    values.chunks_exact(crooner_datasets::Segments::BINS).for_each(|frame| halves.add(frame));
    let values = halves.finish(f32::NEG_INFINITY)?;
    Ok(Analysis { values, n_samples: 0, damaged_packets: 0, starts: segments.starts })
}

/// Frames rounded to half precision as they come, ties to even: an hour of 128 bands at 31.25 frames a second takes
/// 29 MB. What no half-precision number is near is refused.
struct Halves {
    n_bins: usize,
    values: Vec<f16>,
    refused: Option<String>,
}

impl Halves {
    fn new(n_bins: usize) -> Self {
        Self { n_bins, values: Vec::new(), refused: None }
    }

    fn add(&mut self, frame: &[f32]) {
        let start = self.values.len();
        self.values.resize(start + frame.len(), f16::ZERO);
        let half = &mut self.values[start..];
        half.convert_from_f32_slice(frame);
        if self.refused.is_none()
            && let Some(bin) = half.iter().position(|value| !value.is_finite())
        {
            self.refused = Some(format!(
                "bin {bin} of frame {} is {}, which half precision cannot hold: its limit is {}",
                start / self.n_bins,
                frame[bin],
                f16::MAX
            ));
        }
    }

    /// Rounding is monotonic, so the values may be raised to the floor after it.
    fn finish(mut self, floor: f32) -> Result<Vec<f16>, String> {
        if let Some(reason) = self.refused {
            return Err(reason);
        }
        let floor = f16::from_f32(floor);
        for value in &mut self.values {
            *value = if *value < floor { floor } else { *value };
        }
        Ok(self.values)
    }
}

/// An error and its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat their cause in their own text.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_half(values: &[f32], n_bins: usize) -> Result<Vec<f16>, String> {
        let mut halves = Halves::new(n_bins);
        values.chunks(n_bins).for_each(|frame| halves.add(frame));
        halves.finish(f32::NEG_INFINITY)
    }

    #[test]
    fn values_are_raised_to_the_floor_as_if_before_rounding() {
        let values: Vec<f32> = (0..=10_000).map(|step| -100.0 + step as f32 * 0.013).collect();
        for floor in [f32::NEG_INFINITY, -100.0, -63.337, -17.0, 0.1] {
            let mut halves = Halves::new(1);
            halves.add(&values);
            let raised: Vec<f32> = values.iter().map(|value| value.max(floor)).collect();
            assert_eq!(halves.finish(floor).unwrap(), to_half(&raised, 1).unwrap(), "{floor}");
        }
    }

    #[test]
    fn decibels_lose_at_most_a_32nd_of_one() {
        let decibels: Vec<f32> = (0..=160_000).map(|step| -100.0 + step as f32 * 1e-3).collect();
        let half = to_half(&decibels, 1).unwrap();
        for (exact, half) in decibels.iter().zip(&half) {
            let error = (exact - half.to_f32()).abs();
            assert!(error <= if exact.abs() <= 64.0 { 1.0 / 64.0 } else { 1.0 / 32.0 }, "{exact} -> {half}");
        }
    }

    #[test]
    fn ties_go_to_even() {
        // Between 2048 and 4096, half precision holds the even numbers.
        let half = to_half(&[2049.0, 2051.0, -2049.0], 1).unwrap();
        assert_eq!(half, [2048.0, 2052.0, -2048.0].map(f16::from_f32_const));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for value in [1e6, f32::NAN, f32::INFINITY] {
            let error = to_half(&[0.0, 1.0, 2.0, value], 3).unwrap_err();
            assert_eq!(
                error,
                format!("bin 0 of frame 1 is {value}, which half precision cannot hold: its limit is 65504")
            );
        }
    }
}
