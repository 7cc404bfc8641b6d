//! What a training step minimises: cross-entropy, with weights for classes and soft targets.
//!
//! With the logits' softmax `p`, the target `t` of a slice (1 for its class; two shares with mixup),
//! label smoothing `e` over `C` classes and class weights `w`, the loss of a batch is
//!
//! ```text
//! t'_nc = (1 - e) t_nc + e / C
//! L = - sum_nc w_c t'_nc log p_nc  /  sum_nc w_c t_nc
//! ```
//!
//! For one class a slice this is `torch.nn.functional.cross_entropy(weight=w, label_smoothing=e)`; smoothing
//! is of Szegedy et al. (2016), section 7.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use crooner_split::Side;

use crate::batches::Batch;
use crate::config::{ClassWeights, FitConfig};
use crate::task::Task;

/// Turns batches into targets, and logits into losses.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    class_weights: Vec<f32>,
    label_smoothing: f64,
}

/// `w_c t'_nc` and `sum_nc w_c t_nc` of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Targets {
    values: Vec<f32>,
    /// How much the batch counts: its number of slices, unless classes have weights.
    pub(crate) weight: f64,
    n_classes: usize,
}

impl Objective {
    pub(crate) fn new(config: &FitConfig, task: &Task<'_>) -> Self {
        let mut counts = vec![0_usize; task.labels().len()];
        let train = task.side(Side::Train);
        for (number, track) in train.tracks().iter().enumerate() {
            counts[track.label] += train.n_slices_of(number);
        }
        let class_weights = match config.class_weights {
            ClassWeights::None => vec![1.0; counts.len()],
            ClassWeights::Balanced => balanced(&counts),
        };
        Self { class_weights, label_smoothing: config.label_smoothing }
    }

    pub(crate) fn targets(&self, batch: &Batch) -> Targets {
        let n_classes = self.class_weights.len();
        let mut values = vec![0.0_f32; batch.len() * n_classes];
        let mut weight = 0.0;
        for (n, row) in values.chunks_exact_mut(n_classes).enumerate() {
            for (label, share) in batch.shares(n) {
                row[label] += share;
            }
            weight += row.iter().zip(&self.class_weights).map(|(&t, &w)| f64::from(w * t)).sum::<f64>();
            let (kept, spread) = (1.0 - self.label_smoothing, self.label_smoothing / n_classes as f64);
            for (t, w) in row.iter_mut().zip(&self.class_weights) {
                *t = w * (f64::from(*t) * kept + spread) as f32;
            }
        }
        Targets { values, weight, n_classes }
    }
}

/// `n / (C n_c)`, and 0 for a class without slices.
fn balanced(counts: &[usize]) -> Vec<f32> {
    let total: usize = counts.iter().sum();
    let present = counts.iter().filter(|&&count| count > 0).count();
    let weight = |&count: &usize| match count {
        0 => 0.0,
        _ => (total as f64 / (present * count) as f64) as f32,
    };
    counts.iter().map(weight).collect()
}

impl Targets {
    /// The loss to differentiate.
    pub(crate) fn loss(&self, logits: Tensor<2>, device: &Device) -> Tensor<1> {
        let shape = [self.values.len() / self.n_classes, self.n_classes];
        let targets = Tensor::<2>::from_data(TensorData::new(self.values.clone(), shape), device);
        (log_softmax(logits, 1) * targets).sum() * (-1.0 / self.weight)
    }

    /// The same in f64 on the host, from the logits' values.
    pub(crate) fn value(&self, logits: &[f32]) -> f64 {
        let mut loss = 0.0;
        for (row, targets) in
            logits.chunks_exact(self.n_classes).zip(self.values.chunks_exact(self.n_classes))
        {
            let peak = row.iter().fold(f64::NEG_INFINITY, |peak, &v| peak.max(f64::from(v)));
            let sum: f64 = row.iter().map(|&v| (f64::from(v) - peak).exp()).sum();
            for (&v, &t) in row.iter().zip(targets) {
                if t != 0.0 {
                    loss -= f64::from(t) * (f64::from(v) - peak - sum.ln());
                }
            }
        }
        loss / self.weight
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::batches::Mix;

    #[derive(Deserialize)]
    struct Reference {
        losses: Vec<Case>,
        class_counts: Vec<usize>,
        class_weights: Vec<f64>,
    }

    /// A loss of PyTorch's, in f64.
    #[derive(Deserialize)]
    struct Case {
        logits: Vec<f32>,
        labels: Vec<usize>,
        weights: Vec<f32>,
        smoothing: f64,
        others: Option<Vec<usize>>,
        share: f64,
        loss: f64,
        gradient: Vec<f64>,
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../tests/reference/options.json")).unwrap()
    }

    #[test]
    fn losses_and_gradients_are_pytorchs() {
        let cases = reference().losses;
        assert_eq!(cases.len(), 5);
        for (i, case) in cases.into_iter().enumerate() {
            let n_classes = case.weights.len();
            let objective = Objective { class_weights: case.weights, label_smoothing: case.smoothing };
            let mix = case.others.map(|labels| Mix { labels, share: case.share as f32 });
            let batch = Batch { mel: Vec::new(), labels: case.labels, mix };
            let targets = objective.targets(&batch);
            let value = targets.value(&case.logits);
            assert!((value - case.loss).abs() < 1e-6, "case {i}: {value} is not {}", case.loss);

            let device = Device::flex().autodiff();
            let shape = [batch.len(), n_classes];
            let logits = Tensor::<2>::from_data(TensorData::new(case.logits, shape), &device).require_grad();
            let loss = targets.loss(logits.clone(), &device);
            let found: f32 = loss.clone().into_data().iter::<f32>().next().unwrap();
            assert!((f64::from(found) - case.loss).abs() < 1e-5, "case {i}: {found}");
            let gradient = logits.grad(&loss.backward()).unwrap().into_data();
            for (found, expected) in gradient.iter::<f32>().zip(case.gradient) {
                assert!((f64::from(found) - expected).abs() < 1e-6, "case {i}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn balanced_weights_are_scikit_learns() {
        let Reference { class_counts, class_weights, .. } = reference();
        for (found, expected) in balanced(&class_counts).iter().zip(class_weights) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} is not {expected}");
        }
        assert_eq!(balanced(&[3, 0, 3]), [1.0, 0.0, 1.0]);
    }
}
