//! What a network is made of. Plain data: read from TOML, checked once, then built.

use serde::{Deserialize, Serialize};

use crate::crnn::config::CrnnConfig;

/// Which network, with its sizes. Externally tagged: `[model.crnn]` in TOML.
///
/// A new network is one variant here, one in [`Network`](crate::Network) and one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ModelConfig {
    /// Convolutional recurrent network, [`Crnn`](crate::Crnn).
    Crnn(CrnnConfig),
}

impl ModelConfig {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`ModelError::OutOfRange`] naming the key, the allowed range and what was found.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self {
            Self::Crnn(config) => config.validate(),
        }
    }

    /// The fewest frames a slice may have: what the pools over time leave at least one frame of.
    #[must_use]
    pub fn min_frames(&self) -> usize {
        match self {
            Self::Crnn(config) => config.min_frames(),
        }
    }

    /// Whether a network reads slices of the length that it was built for and no other.
    #[must_use]
    pub fn fixes_frames(&self) -> bool {
        match self {
            Self::Crnn(config) => config.fixes_frames(),
        }
    }

    /// What the logits mean.
    #[must_use]
    pub fn output(&self) -> Output {
        match self {
            Self::Crnn(config) => config.output,
        }
    }
}

/// The sizes that the data, not the architecture, decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Mel bands of a slice.
    pub n_mels: usize,
    /// Frames of a slice. Most networks read slices of other lengths too; see [`ModelConfig::fixes_frames`].
    pub n_frames: usize,
    /// Classes to tell apart.
    pub n_classes: usize,
}

/// What the logits `x` mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Exactly one class is right: `p_i = exp(x_i) / sum_j exp(x_j)`.
    #[default]
    Softmax,
    /// Any number of classes (tags) are right: `p_i = 1 / (1 + exp(-x_i))`.
    Sigmoid,
}

impl Output {
    /// Probabilities of one row of logits, in f64.
    #[must_use]
    pub fn probabilities(self, logits: &[f32]) -> Vec<f64> {
        match self {
            Self::Softmax => {
                let peak = logits.iter().fold(f64::NEG_INFINITY, |peak, &x| peak.max(f64::from(x)));
                let sum: f64 = logits.iter().map(|&x| (f64::from(x) - peak).exp()).sum();
                logits.iter().map(|&x| (f64::from(x) - peak - sum.ln()).exp()).collect()
            }
            Self::Sigmoid => logits.iter().map(|&x| 1.0 / (1.0 + (-f64::from(x)).exp())).collect(),
        }
    }
}

/// What is wrong with a model's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A value outside its range.
    #[error("{key}: expected {expected}, found {found}")]
    OutOfRange {
        /// Path of the key in the experiment's TOML.
        key: String,
        /// The allowed range.
        expected: &'static str,
        /// The value given.
        found: String,
    },
    /// The pools over frequency leave no band.
    #[error(
        "the pools of model.crnn.blocks divide the bands by {needed}, but there are only {n_mels} mel bands"
    )]
    TooFewBands {
        /// Bands that would leave one.
        needed: usize,
        /// Bands there are.
        n_mels: usize,
    },
    /// The pools over time leave no frame.
    #[error("the model's pools need slices of at least {needed} frames, but slices have {n_frames}")]
    TooFewFrames {
        /// Frames that would leave one.
        needed: usize,
        /// Frames there are.
        n_frames: usize,
    },
    /// Nothing to tell apart.
    #[error("a classifier needs at least 2 classes, found {found}")]
    TooFewClasses {
        /// Classes given.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_do_not_overflow() {
        let softmax = Output::Softmax.probabilities(&[1000.0, 1000.0, -1000.0]);
        assert!((softmax[0] - 0.5).abs() < 1e-12 && softmax[2] == 0.0);
        let sigmoid = Output::Sigmoid.probabilities(&[0.0, 1000.0, -1000.0]);
        assert_eq!(sigmoid, [0.5, 1.0, 0.0]);
    }
}
