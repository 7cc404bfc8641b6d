//! The registry of published networks. Another one is a folder in `models/`, a file in `configs/`, and a line here.

use burn::tensor::Device;
use crooner_model::import::Dialect;
use crooner_train::Classifier;
use serde::Deserialize;

use crate::{Preset, ZooError, weights_file};

/// A published network with its trained weights.
#[derive(Debug)]
pub struct Published {
    name: &'static str,
    card: &'static str,
    labels: &'static str,
    licence: &'static str,
    config: &'static str,
    weights: &'static [u8],
}

/// What one should know of a network: `models/<name>/model.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its makers' name for it.
    pub title: String,
    /// What it tells.
    pub tells: String,
    /// What it has heard.
    pub trained_on: String,
    /// What not to expect.
    pub limits: String,
    /// Under which terms its weights are.
    pub licence: String,
    /// Where they are from.
    pub source: String,
    /// Who describes it.
    pub paper: String,
    /// Whose names and layouts its tensors have.
    pub dialect: Dialect,
}

macro_rules! published {
    ($($name:literal),+) => {
        &[$(Published {
            name: $name,
            card: include_str!(concat!("../../../models/", $name, "/model.toml")),
            labels: include_str!(concat!("../../../models/", $name, "/labels.json")),
            licence: include_str!(concat!("../../../models/", $name, "/LICENSE")),
            config: include_str!(concat!("../../../configs/", $name, ".toml")),
            weights: include_bytes!(concat!("../../../models/", $name, "/weights.safetensors")),
        }),+]
    };
}

#[cfg(feature = "models")]
const PUBLISHED: &[Published] = published!["hsieh-artist20", "choi-msd", "won-mtat"];
#[cfg(not(feature = "models"))]
const PUBLISHED: &[Published] = &[];

/// All published networks; none in a program built without the feature `models`.
#[must_use]
pub fn registry() -> &'static [Published] {
    PUBLISHED
}

/// The published network called `name`.
///
/// # Errors
///
/// [`ZooError::UnknownModel`] with the names there are.
pub fn find(name: &str) -> Result<&'static Published, ZooError> {
    registry().iter().find(|published| published.name == name).ok_or_else(|| ZooError::UnknownModel {
        name: name.to_owned(),
        known: registry().iter().map(Published::name).collect(),
    })
}

impl Published {
    /// Its name here.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The text of its licence.
    #[must_use]
    pub fn licence(&self) -> &'static str {
        self.licence
    }

    /// What one should know of it.
    ///
    /// # Errors
    ///
    /// None in practice: a test reads every card.
    pub fn card(&self) -> Result<Card, ZooError> {
        toml::from_str(self.card).map_err(|error| self.wrong("model.toml", &error))
    }

    /// Its classes, in the order of the logits.
    ///
    /// # Errors
    ///
    /// None in practice: a test reads them.
    pub fn labels(&self) -> Result<Vec<String>, ZooError> {
        serde_json::from_str(self.labels).map_err(|error| self.wrong("labels.json", &error))
    }

    /// Its front-end and architecture.
    ///
    /// # Errors
    ///
    /// None in practice: a test reads them.
    pub fn preset(&self) -> Result<Preset, ZooError> {
        Preset::parse(self.config, &format!("configs/{}.toml", self.name))
    }

    /// The network with its trained weights, on `device`.
    ///
    /// # Errors
    ///
    /// None in practice: a test loads every one.
    pub fn classifier(&self, device: Device) -> Result<Classifier, ZooError> {
        let origin = format!("models/{}/weights.safetensors", self.name);
        let tensors = weights_file::safetensors(self.weights, &origin)?;
        self.preset()?.classifier(self.labels()?, &[self.card()?.dialect], &tensors, &origin, device)
    }

    fn wrong(&self, file: &str, error: &dyn std::error::Error) -> ZooError {
        ZooError::Preset { origin: format!("models/{}/{file}", self.name), reason: error.to_string() }
    }
}
