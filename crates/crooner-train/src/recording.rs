//! What of a recording a classifier hears, and how exactly.

use std::borrow::Cow;
use std::path::Path;

use crooner_features::FeatureConfig;
use crooner_model::ModelConfig;
use crooner_store::{Analyser, FrontEnd, samples_of};
use half::slice::HalfFloatSliceExt;
use serde::{Deserialize, Serialize};

use crate::{Classifier, SlicePredictions, TrainError};

/// `[recording]`: what a classifier hears of a new recording before it cuts it into slices.
///
/// The defaults are what training hears of its tracks: all of it, in half precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recording {
    /// Only so many samples from the middle are heard, at the sample rate of the features, at least 1: samples
    /// `(n - m) / 2 .. (n + m) / 2` of `n`. Default: the whole recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_samples: Option<usize>,
    /// What becomes of a recording that is too short.
    pub short: Short,
    /// How features are rounded.
    pub precision: Precision,
}

/// What becomes of a recording that is too short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Short {
    /// If it has fewer frames than a slice, they are continued with the quietest value they have.
    #[default]
    Quietest,
    /// If it has fewer samples than `middle_samples`, they are continued with zeros.
    Silence,
    /// If it has fewer frames than a slice, the slice is that short. Needs a network that reads slices of any length.
    Keep,
}

/// How features are rounded before a network reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// To half precision, as the store keeps them: to 1/32 dB above -128 dB.
    #[default]
    Half,
    /// Not at all.
    Single,
}

impl Recording {
    /// Whether this is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the samples must be there before features are computed.
    fn needs_samples(&self) -> bool {
        self.middle_samples.is_some() || self.precision == Precision::Single
    }

    /// Checks every setting, also against the network's and the features'.
    ///
    /// # Errors
    ///
    /// [`TrainError::OutOfRange`] naming the key.
    pub fn validate(&self, model: &ModelConfig, features: &FrontEnd) -> Result<(), TrainError> {
        let error = |key, expected: &str, found: &str| {
            Err(TrainError::OutOfRange { key, expected: expected.to_owned(), found: found.to_owned() })
        };
        if let FrontEnd::Segments(_) = features
            && self.needs_samples()
        {
            return error(
                "recording",
                &format!("no middle_samples, and precision = half, as {} has no samples", features.name()),
                "others",
            );
        }
        match (self.short, self.middle_samples) {
            (_, Some(0)) => error("recording.middle_samples", "at least 1", "0"),
            (Short::Silence, None) => error(
                "recording.short",
                "quietest or keep, as there is no middle_samples to fill up to",
                "silence",
            ),
            (Short::Keep, _) if model.fixes_frames() => error(
                "recording.short",
                "quietest or silence, as the network reads slices of one length only",
                "keep",
            ),
            _ => Ok(()),
        }
    }

    /// The samples that are heard, and the number of the first.
    #[must_use]
    pub fn clip<'a>(&self, samples: &'a [f32]) -> (Cow<'a, [f32]>, usize) {
        match self.middle_samples {
            Some(wanted) if samples.len() > wanted => {
                let start = (samples.len() - wanted) / 2;
                (Cow::Borrowed(&samples[start..start + wanted]), start)
            }
            Some(wanted) if self.short == Short::Silence => {
                let mut filled = samples.to_vec();
                filled.resize(wanted, 0.0);
                (Cow::Owned(filled), 0)
            }
            _ => (Cow::Borrowed(samples), 0),
        }
    }
}

/// A classifier that listens to one audio file after the other.
pub struct Listener<'a> {
    classifier: &'a Classifier,
    analyser: Analyser<'a>,
}

/// What a classifier says of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Probabilities for every slice.
    pub slices: SlicePredictions,
    /// When each slice begins, in seconds.
    pub starts: Vec<f64>,
    /// Seconds of the whole file; `None` where no audio is decoded, since segments do not say when the last one ends.
    pub seconds: Option<f64>,
}

impl<'a> Listener<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(classifier: &'a Classifier) -> Self {
        Self { classifier, analyser: Analyser::new(&classifier.info().features) }
    }

    /// Reads the file at `path`, computes its features unless they are in it, and classifies its slices.
    ///
    /// # Errors
    ///
    /// [`TrainError::Audio`] if the file cannot be read or analysed, [`TrainError::TooShort`] if the network cannot
    /// read so little, [`TrainError`] if logits cannot be read from the device.
    pub fn listen(&mut self, path: &Path) -> Result<Heard, TrainError> {
        let (frames, extent) = self.read(path)?;
        self.classified(&frames, extent)
    }

    /// The embedding of the file at `path`, see [`Classifier::embed`].
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen).
    pub fn embed(&mut self, path: &Path) -> Result<Vec<f32>, TrainError> {
        let (frames, _) = self.read(path)?;
        self.classifier.embed(&frames)
    }

    /// [`listen`](Self::listen) to the samples of a recording, at the sample rate of the features.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen), and [`TrainError::NotOfAudio`] if the features are not computed from samples.
    pub fn hear(&self, samples: &[f32]) -> Result<Heard, TrainError> {
        let FrontEnd::Audio(config) = &self.classifier.info().features else {
            return Err(TrainError::NotOfAudio { features: self.classifier.info().features.name() });
        };
        let (frames, extent) = self.analyse(config, samples)?;
        self.classified(&frames, extent)
    }

    /// Features of the file at `path`, `[n_frames, n_bins]`.
    fn read(&mut self, path: &Path) -> Result<(Vec<f32>, Extent), TrainError> {
        let info = self.classifier.info();
        if let FrontEnd::Audio(config) = &info.features
            && info.recording.needs_samples()
        {
            return self.analyse(config, &samples_of(path, config.sample_rate())?);
        }
        // In blocks: an hour takes no more memory than its frames.
        let analysis = self.analyser.analyse(path)?;
        let mut frames = vec![0.0; analysis.values.len()];
        analysis.values.convert_to_f32_slice(&mut frames);
        let extent = match &info.features {
            FrontEnd::Audio(config) => Extent::of(config, 0, analysis.n_samples),
            FrontEnd::Segments(_) => Extent::Segments { starts: analysis.starts },
        };
        Ok((frames, extent))
    }

    /// Features of what is heard of `samples`.
    fn analyse(&self, config: &FeatureConfig, samples: &[f32]) -> Result<(Vec<f32>, Extent), TrainError> {
        let recording = &self.classifier.info().recording;
        let (clip, first) = recording.clip(samples);
        let frames = features(config, &clip, recording.precision)?;
        Ok((frames, Extent::of(config, first, samples.len() as u64)))
    }

    fn classified(&self, frames: &[f32], extent: Extent) -> Result<Heard, TrainError> {
        let slices = self.classifier.classify_single(frames)?;
        let slice_frames = self.classifier.info().slice_frames;
        Ok(match extent {
            Extent::Samples { first, n, sample_rate, hop_length } => {
                let rate = f64::from(sample_rate);
                let slice_seconds = (slice_frames * hop_length) as f64 / rate;
                let start = |slice| first as f64 / rate + slice as f64 * slice_seconds;
                let starts = (0..slices.len()).map(start).collect();
                Heard { starts, seconds: Some(n as f64 / rate), slices }
            }
            Extent::Segments { starts } => {
                let starts = starts.into_iter().step_by(slice_frames.max(1)).take(slices.len());
                Heard { starts: starts.collect(), slices, seconds: None }
            }
        })
    }
}

/// What of a recording was read.
enum Extent {
    /// From the sample number `first`, of `n`.
    Samples { first: usize, n: u64, sample_rate: u32, hop_length: usize },
    /// When each segment begins, in seconds.
    Segments { starts: Vec<f64> },
}

impl Extent {
    fn of(config: &FeatureConfig, first: usize, n: u64) -> Self {
        Self::Samples { first, n, sample_rate: config.sample_rate(), hop_length: config.hop_length() }
    }
}

/// `[n_frames, n_bins]`
fn features(config: &FeatureConfig, samples: &[f32], precision: Precision) -> Result<Vec<f32>, TrainError> {
    let mut frames = config.frames(samples)?.into_values();
    if precision == Precision::Half {
        frames.iter_mut().for_each(|value| *value = half::f16::from_f32(*value).to_f32());
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(middle_samples: Option<usize>, short: Short) -> Recording {
        Recording { middle_samples, short, precision: Precision::Half }
    }

    #[test]
    fn the_middle_is_taken_and_what_is_short_is_continued_with_zeros() {
        let samples: Vec<f32> = (1..=7).map(|i| i as f32).collect();
        let clip = |wanted, short| {
            let (clip, start) = recording(Some(wanted), short).clip(&samples);
            (clip.into_owned(), start)
        };
        assert_eq!(clip(3, Short::Silence), (vec![3.0, 4.0, 5.0], 2));
        assert_eq!(clip(4, Short::Silence), (vec![2.0, 3.0, 4.0, 5.0], 1));
        assert_eq!(clip(7, Short::Silence), (samples.clone(), 0));
        assert_eq!(clip(9, Short::Silence).0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 0.0]);
        assert_eq!(clip(9, Short::Keep), (samples.clone(), 0));
        assert_eq!(recording(None, Short::Quietest).clip(&samples).0, samples);
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let model = |extra: &str| -> ModelConfig {
            toml::from_str(&format!(
                "[crnn]\nblocks = [{{ filters = 2, pool = [2, 2] }}]\ngru = [2]\n{extra}"
            ))
            .unwrap()
        };
        let front_end = |json| serde_json::from_str::<FrontEnd>(json).unwrap();
        let (audio, segments) = (front_end(r#"{"log-mel": {}}"#), front_end(r#"{"msd-timbre": {}}"#));
        let refused =
            |recording: Recording, extra| recording.validate(&model(extra), &audio).unwrap_err().to_string();
        assert_eq!(
            refused(recording(Some(0), Short::Keep), ""),
            "recording.middle_samples: expected at least 1, found 0"
        );
        assert_eq!(
            refused(recording(None, Short::Silence), ""),
            "recording.short: expected quietest or keep, as there is no middle_samples to fill up to, found silence"
        );
        assert_eq!(
            refused(recording(None, Short::Keep), "summary = \"flatten\""),
            "recording.short: expected quietest or silence, as the network reads slices of one length only, found keep"
        );
        assert!(recording(Some(9), Short::Keep).validate(&model(""), &audio).is_ok());
        let error = recording(Some(9), Short::Keep).validate(&model(""), &segments).unwrap_err();
        assert_eq!(
            error.to_string(),
            "recording: expected no middle_samples, and precision = half, as msd-timbre has no samples, found others"
        );
        assert!(recording(None, Short::Keep).validate(&model(""), &segments).is_ok());
    }
}
