//! How the learning rate moves while training.
//!
//! A rate is a function of the settings, the complete epochs and the number of the step: there is no
//! state to keep, so that an interrupted run goes on with the same rates.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::config::{Metric, check};
use crate::fit::EpochRecord;

/// `training.schedule`: `"constant"`, `[training.schedule.cosine]` or `[training.schedule.plateau]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always `training.learning_rate`.
    #[default]
    Constant,
    /// Up in a line, then down along half a cosine.
    Cosine(Cosine),
    /// Down whenever the validation score has stopped improving.
    Plateau(Plateau),
}

/// Linear warm-up, then cosine annealing (Loshchilov & Hutter 2017, equation 5, without restarts) down to
/// the last of `training.epochs`. With `r` the learning rate, `f` the final fraction, `W` steps of warm-up and `T`
/// steps in all, step `t` (from 0) has the rate
///
/// ```text
/// r (t + 1) / W                                            t < W
/// r (f + (1 - f) (1 + cos(pi (t - W) / (T - W))) / 2)      t >= W
/// ```
///
/// `torch.optim.lr_scheduler.CosineAnnealingLR` after `LinearLR`, stepped once a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// Epochs of warm-up, at least 0 and fewer than `training.epochs`; fractions are allowed.
    pub warmup_epochs: f64,
    /// Where the cosine ends, as a share of the learning rate, `0..=1`.
    pub final_fraction: f64,
}

/// `torch.optim.lr_scheduler.ReduceLROnPlateau` on the score of `training.early_stopping`: after more
/// than `patience` epochs in a row that are not better than the best by the share `threshold`, the rate is
/// multiplied by `factor`, but never falls below `min_learning_rate`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    /// What the rate is multiplied by, `0 < f < 1`.
    pub factor: f64,
    /// Epochs without improvement that are put up with.
    pub patience: usize,
    /// Share of the best score by which another must be better, at least 0.
    pub threshold: f64,
    /// Lowest rate, at least 0.
    pub min_learning_rate: f64,
}

impl Default for Plateau {
    /// PyTorch's, but patience 5, since training stops after ten.
    fn default() -> Self {
        Self { factor: 0.1, patience: 5, threshold: 1e-4, min_learning_rate: 0.0 }
    }
}

/// Where a step is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position<'a> {
    /// Complete epochs.
    pub(crate) history: &'a [EpochRecord],
    /// Steps done in the epoch under way.
    pub(crate) step: usize,
    /// Steps of an epoch.
    pub(crate) steps: usize,
    /// Epochs in all.
    pub(crate) epochs: usize,
}

impl Schedule {
    pub(crate) fn validate(&self, epochs: usize) -> Result<(), TrainError> {
        match self {
            Self::Constant => Ok(()),
            Self::Cosine(Cosine { warmup_epochs, final_fraction }) => {
                check(
                    *warmup_epochs >= 0.0 && *warmup_epochs < epochs as f64,
                    "training.schedule.cosine.warmup_epochs",
                    "at least 0 and fewer than training.epochs",
                    warmup_epochs,
                )?;
                let key = "training.schedule.cosine.final_fraction";
                check((0.0..=1.0).contains(final_fraction), key, "a share of 0 to 1", final_fraction)
            }
            Self::Plateau(Plateau { factor, patience: _, threshold, min_learning_rate }) => {
                let key = "training.schedule.plateau.factor";
                check(*factor > 0.0 && *factor < 1.0, key, "a share above 0 and below 1", factor)?;
                let not_negative = |value: f64| value >= 0.0 && value.is_finite();
                let key = "training.schedule.plateau.threshold";
                check(not_negative(*threshold), key, "a number of at least 0", threshold)?;
                let key = "training.schedule.plateau.min_learning_rate";
                check(not_negative(*min_learning_rate), key, "a number of at least 0", min_learning_rate)
            }
        }
    }

    /// Whether rates depend on how many epochs there are to be.
    #[must_use]
    pub fn depends_on_epochs(&self) -> bool {
        match self {
            Self::Cosine(_) => true,
            Self::Constant | Self::Plateau(_) => false,
        }
    }

    /// The rate of a step, from `learning_rate`.
    pub(crate) fn rate(&self, learning_rate: f64, metric: Metric, at: Position<'_>) -> f64 {
        match self {
            Self::Constant => learning_rate,
            Self::Cosine(cosine) => {
                let step = at.history.len() * at.steps + at.step;
                cosine.rate(learning_rate, step as f64, at.steps as f64, at.epochs as f64)
            }
            Self::Plateau(plateau) => {
                plateau.rate(learning_rate, metric, at.history.iter().map(|record| metric.of(record)))
            }
        }
    }
}

impl Cosine {
    fn rate(&self, learning_rate: f64, step: f64, steps: f64, epochs: f64) -> f64 {
        let warmup = (self.warmup_epochs * steps).floor();
        if step < warmup {
            return learning_rate * (step + 1.0) / warmup;
        }
        let done = ((step - warmup) / (epochs * steps - warmup)).min(1.0);
        let share = f64::midpoint(1.0, (PI * done).cos());
        learning_rate * (self.final_fraction + (1.0 - self.final_fraction) * share)
    }
}

impl Plateau {
    fn rate(&self, learning_rate: f64, metric: Metric, scores: impl Iterator<Item = f64>) -> f64 {
        let (mut rate, mut best, mut bad) = (learning_rate, None, 0);
        for score in scores {
            let improved = best.is_none_or(|best: f64| {
                let sign = if metric.lower_is_better() { -1.0 } else { 1.0 };
                metric.is_better(score, best * (1.0 + sign * self.threshold))
            });
            if improved {
                (best, bad) = (Some(score), 0);
            } else {
                bad += 1;
            }
            if bad > self.patience {
                rate = (rate * self.factor).max(self.min_learning_rate.min(rate));
                bad = 0;
            }
        }
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/reference/options.py` prints them.
    const REFERENCE: &str = include_str!("../tests/reference/options.json");

    #[derive(Deserialize)]
    struct Reference {
        cosine: Vec<f64>,
        plateau_scores: Vec<f64>,
        plateau: Vec<f64>,
        plateau_max: Vec<f64>,
    }

    fn reference() -> Reference {
        serde_json::from_str(REFERENCE).unwrap()
    }

    fn assert_close(found: f64, expected: f64, what: &str) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
            "{what}: {found} is not {expected}"
        );
    }

    #[test]
    fn cosine_is_pytorchs() {
        let cosine = Cosine { warmup_epochs: 1.5, final_fraction: 0.05 };
        let expected = reference().cosine;
        assert_eq!(expected.len(), 6 * 4);
        for (step, expected) in expected.into_iter().enumerate() {
            assert_close(cosine.rate(0.02, step as f64, 4.0, 6.0), expected, &format!("step {step}"));
        }
    }

    #[test]
    fn plateau_is_pytorchs() {
        let plateau = Plateau { factor: 0.3, patience: 1, threshold: 0.01, min_learning_rate: 1e-3 };
        let Reference { plateau_scores, plateau: lower, plateau_max: higher, .. } = reference();
        for (metric, expected) in [(Metric::Loss, lower), (Metric::Accuracy, higher)] {
            assert_eq!(expected.len(), plateau_scores.len());
            for (epochs, expected) in expected.into_iter().enumerate() {
                let scores = plateau_scores[..=epochs].iter().copied();
                assert_close(plateau.rate(0.1, metric, scores), expected, &format!("{metric:?} {epochs}"));
            }
        }
    }
}
