//! Settings of the training loop: `[training]` of an experiment's TOML.
//!
//! The defaults are the protocol of Nasrullah & Zhao (2019); every option beyond it is off.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::augment::Augmentation;
use crate::fit::EpochRecord;
use crate::schedule::Schedule;

/// Settings of the training loop: `[training]` in TOML. The defaults are the paper's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Most epochs, at least 1.
    pub epochs: usize,
    /// Epochs without a better [`early_stopping`](Self::early_stopping) before training stops, at least 1.
    pub patience: usize,
    /// Slices computed at once, at least 1. An epoch's last batch may be smaller.
    pub batch_size: usize,
    /// Step size of the optimiser, positive; the [`schedule`](Self::schedule) multiplies it.
    pub learning_rate: f64,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Decay of kernels towards 0, at least 0; what it means is up to the [`Optimizer`]. Biases and the
    /// scales and offsets of batch norm do not decay.
    pub weight_decay: f64,
    /// Longest gradient, as the Euclidean norm over all parameters, at least 0; 0 turns it off.
    pub clip_norm: f64,
    /// Batches whose gradients make one step, at least 1.
    pub accumulation: usize,
    /// Share of the target spread evenly over all classes, `0 <= e < 1`.
    pub label_smoothing: f64,
    /// How much each class counts in the loss.
    pub class_weights: ClassWeights,
    /// Which slices make up an epoch.
    pub sampling: Sampling,
    /// What decides the best epoch, and when to stop.
    pub early_stopping: Metric,
    /// Decay of the running mean of the weights, `0 <= d < 1`; 0 turns it off, 0.99 to 0.999 are usual.
    pub weight_average: f64,
    /// Weights to start from: a run, or its `model.safetensors`; otherwise from the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_from: Option<PathBuf>,
    /// What of the network keeps the weights it started from.
    pub freeze: Freeze,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// How training slices are varied.
    pub augmentation: Augmentation,
}

/// `training.optimizer`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Kingma & Ba (2015); weight decay is L2, `g + wd p` in place of the gradient `g`: `torch.optim.Adam`.
    #[default]
    Adam,
    /// Loshchilov & Hutter (2019); weight decay is decoupled, `p - lr wd p` before the step:
    /// `torch.optim.AdamW`.
    Adamw,
}

/// `training.class_weights`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every slice counts alike.
    #[default]
    None,
    /// `n / (C n_c)` for a slice of class `c`, of `n` training slices of which `n_c` are of that class, with `C`
    /// classes that have any: scikit-learn's `compute_class_weight("balanced")`. A class without slices has weight 0.
    Balanced,
}

/// `training.sampling`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Every training slice once, in random order.
    #[default]
    Shuffled,
    /// As many slices, as many of every class (but for one): slices of a small class come again, each as
    /// often as any other but for one.
    Balanced,
}

/// `training.early_stopping`: a score of the validation slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Mean cross-entropy, lower is better.
    #[default]
    Loss,
    /// F1 averaged by support, higher is better.
    WeightedF1,
    /// Share of right answers, higher is better.
    Accuracy,
}

/// `training.freeze`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freeze {
    /// Everything learns.
    #[default]
    Nothing,
    /// Only the head learns. Batch norm uses, and keeps, the running statistics it started from; dropout
    /// stays.
    Encoder,
}

impl Metric {
    /// Its value in an epoch.
    #[must_use]
    pub fn of(self, record: &EpochRecord) -> f64 {
        match self {
            Self::Loss => record.validation_loss,
            Self::WeightedF1 => record.validation_f1,
            Self::Accuracy => record.validation_accuracy,
        }
    }

    /// Whether `new` is better than `old`.
    #[must_use]
    pub fn is_better(self, new: f64, old: f64) -> bool {
        if self.lower_is_better() { new < old } else { new > old }
    }

    pub(crate) fn lower_is_better(self) -> bool {
        match self {
            Self::Loss => true,
            Self::WeightedF1 | Self::Accuracy => false,
        }
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "validation loss",
            Self::WeightedF1 => "weighted F1 on the validation slices",
            Self::Accuracy => "accuracy on the validation slices",
        }
    }
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 200,
            patience: 10,
            batch_size: 16,
            learning_rate: 1e-3,
            optimizer: Optimizer::default(),
            weight_decay: 0.0,
            clip_norm: 0.0,
            accumulation: 1,
            label_smoothing: 0.0,
            class_weights: ClassWeights::default(),
            sampling: Sampling::default(),
            early_stopping: Metric::default(),
            weight_average: 0.0,
            init_from: None,
            freeze: Freeze::default(),
            schedule: Schedule::default(),
            augmentation: Augmentation::default(),
        }
    }
}

impl FitConfig {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`TrainError::OutOfRange`] naming the key.
    pub fn validate(&self) -> Result<(), TrainError> {
        let counts = [
            ("training.epochs", self.epochs),
            ("training.patience", self.patience),
            ("training.batch_size", self.batch_size),
            ("training.accumulation", self.accumulation),
        ];
        for (key, value) in counts {
            check(value >= 1, key, "at least 1", value)?;
        }
        let rate = self.learning_rate;
        check(rate > 0.0 && rate.is_finite(), "training.learning_rate", "a positive number", rate)?;
        for (key, value) in
            [("training.weight_decay", self.weight_decay), ("training.clip_norm", self.clip_norm)]
        {
            check(value >= 0.0 && value.is_finite(), key, "a number of at least 0", value)?;
        }
        let shares = [
            ("training.label_smoothing", self.label_smoothing),
            ("training.weight_average", self.weight_average),
        ];
        for (key, value) in shares {
            check((0.0..1.0).contains(&value), key, "a share of at least 0 and below 1", value)?;
        }
        let starts = self.freeze == Freeze::Nothing || self.init_from.is_some();
        check(starts, "training.freeze", "`nothing`, or training.init_from beside it", "`encoder`, alone")?;
        self.schedule.validate(self.epochs)?;
        self.augmentation.validate()
    }

    /// These settings without what a run may be asked to change: the number of epochs, unless the
    /// schedule depends on it.
    #[must_use]
    pub fn lasting(&self) -> Self {
        let epochs = if self.schedule.depends_on_epochs() { self.epochs } else { 0 };
        Self { epochs, ..self.clone() }
    }
}

/// `ok`, or the error that says why not.
pub(crate) fn check(
    ok: bool,
    key: &'static str,
    expected: &str,
    found: impl ToString,
) -> Result<(), TrainError> {
    if ok {
        return Ok(());
    }
    Err(TrainError::OutOfRange { key, expected: expected.to_owned(), found: found.to_string() })
}
