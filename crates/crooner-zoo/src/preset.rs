//! What of an experiment's TOML a classifier needs.

use burn::tensor::Device;
use crooner_model::import::{Dialect, import_into};
use crooner_model::{Input, ModelConfig, NamedTensor};
use crooner_store::FrontEnd;
use crooner_train::{Classifier, ClassifierInfo, Recording};
use serde::Deserialize;

use crate::ZooError;

/// The tables `[features]`, `[slices]`, `[recording]` and `[model]` of an experiment, and the label of its `[split]`;
/// others are not looked at.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Preset {
    /// What the network reads.
    pub features: FrontEnd,
    /// How recordings are cut.
    pub slices: Slices,
    /// What of a new recording is heard.
    #[serde(default)]
    pub recording: Recording,
    /// The network.
    pub model: ModelConfig,
    /// What it tells apart.
    #[serde(default)]
    pub split: Labelled,
}

/// `[split]`, as far as it matters without tracks to divide.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Labelled {
    /// Column that the labels are values of; default `artist`.
    pub label: String,
}

impl Default for Labelled {
    fn default() -> Self {
        Self { label: "artist".to_owned() }
    }
}

/// `[slices]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slices {
    /// Frames of a slice.
    pub frames: usize,
}

impl Preset {
    /// Reads and checks the text of an experiment; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// [`ZooError::Preset`] for a table that is missing or wrong, and whatever is out of range.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ZooError> {
        let wrong = |reason: String| ZooError::Preset { origin: origin.to_owned(), reason };
        let preset: Self = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
        preset.features.validate().map_err(|error| wrong(error.to_string()))?;
        preset.model.validate()?;
        preset.recording.validate(&preset.model, &preset.features)?;
        Ok(preset)
    }

    /// A classifier of these settings for `labels` with the weights `tensors`, named and laid out as in one of
    /// `dialects`; `origin` names the weights in errors.
    ///
    /// # Errors
    ///
    /// [`ZooError::Import`] naming every tensor that does not match in the dialect that comes nearest, and
    /// [`ZooError::Model`] if the network cannot be built.
    pub fn classifier(
        &self,
        labels: Vec<String>,
        dialects: &[Dialect],
        tensors: &[NamedTensor],
        origin: &str,
        device: Device,
    ) -> Result<Classifier, ZooError> {
        let ModelConfig::Crnn(config) = &self.model;
        let input =
            Input { n_mels: self.features.n_bins(), n_frames: self.slices.frames, n_classes: labels.len() };
        let network = self.model.init(input, 0, &device)?;
        let network = import_into(network, dialects, config, tensors)
            .map_err(|source| ZooError::Import { origin: origin.to_owned(), source })?;
        let info = ClassifierInfo {
            features: self.features.clone(),
            slice_frames: self.slices.frames,
            model: self.model.clone(),
            recording: self.recording,
            labels,
            label: self.split.label.clone(),
            split: "none".to_owned(),
            seed: 0,
        };
        Ok(Classifier::new(info, network, device))
    }
}
