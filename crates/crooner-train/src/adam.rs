//! Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2), with their state
//! keyed by parameter name.
//!
//! The arithmetic is burn's and PyTorch's. The state is kept here, and not by burn's own
//! optimiser, because a run must resume bit for bit on the device it is on: burn 0.22 restores
//! an optimiser on the default device (the GPU, in a build that has one), and passes over states
//! it cannot restore.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use crooner_model::optimiser::{AdamStep, adam};
use crooner_model::weights::ModulePath;
use crooner_model::{Layers, NamedTensor, Network};

use crate::config::Optimizer;
use crate::gradients::NamedGradients;

/// Decay of the mean of gradients.
const BETA_1: f64 = 0.9;
/// Decay of the mean of squared gradients.
const BETA_2: f64 = 0.999;
/// Keeps the step finite where gradients vanish.
const EPSILON: f64 = 1e-8;

/// Running moments of every parameter.
#[derive(Clone, Debug, Default)]
pub struct Adam {
    kind: Optimizer,
    weight_decay: f64,
    steps: u32,
    moments: BTreeMap<String, Moments>,
}

#[derive(Clone, Debug)]
struct Moments {
    shape: Vec<usize>,
    mean: Tensor<1>,
    square: Tensor<1>,
}

impl Adam {
    /// No steps yet; with `weight_decay` 0 both kinds are the same.
    #[must_use]
    pub fn new(kind: Optimizer, weight_decay: f64) -> Self {
        Self { kind, weight_decay, ..Self::default() }
    }

    /// Moves the parameters `p` of `network` along `gradients`, with weight decay `wd` of the kernels, which
    /// are the parameters of at least two dimensions:
    ///
    /// ```text
    /// Adam:  g = g + wd p          AdamW: p = p - lr wd p
    /// m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
    /// p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
    /// ```
    ///
    /// A parameter without a gradient stays as it is.
    #[must_use]
    pub fn step(&mut self, network: Network, gradients: &NamedGradients, learning_rate: f64) -> Network {
        self.steps += 1;
        let mut step = Step { path: ModulePath::default(), adam: self, gradients, learning_rate };
        network.map(&mut step)
    }

    /// Steps taken.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }

    /// Steps taken, and the moments as tensors named `mean.PARAMETER` and `square.PARAMETER`.
    #[must_use]
    pub fn state(&self) -> (u32, Vec<NamedTensor>) {
        let mut tensors = Vec::new();
        for (name, moments) in &self.moments {
            for (kind, tensor) in [("mean", &moments.mean), ("square", &moments.square)] {
                let values = tensor.to_data().iter::<f32>().collect();
                tensors.push(NamedTensor {
                    name: format!("{kind}.{name}"),
                    shape: moments.shape.clone(),
                    values,
                });
            }
        }
        (self.steps, tensors)
    }

    /// This optimiser with the [`state`](Self::state) given, on `device`; `None` if a moment lacks its
    /// counterpart.
    #[must_use]
    pub fn with_state(
        self,
        steps: u32,
        tensors: Vec<NamedTensor>,
        device: &burn::tensor::Device,
    ) -> Option<Self> {
        let mut halves: BTreeMap<String, [Option<NamedTensor>; 2]> = BTreeMap::new();
        for tensor in tensors {
            let (kind, name) = tensor.name.split_once('.')?;
            let index = ["mean", "square"].iter().position(|&known| known == kind)?;
            let name = name.to_owned();
            halves.entry(name).or_default()[index] = Some(tensor);
        }
        let upload = |values: Vec<f32>| {
            let len = values.len();
            Tensor::from_data(TensorData::new(values, [len]), device)
        };
        let mut moments = BTreeMap::new();
        for (name, [mean, square]) in halves {
            let (mean, square) = (mean?, square?);
            let shape = mean.shape;
            moments.insert(name, Moments { shape, mean: upload(mean.values), square: upload(square.values) });
        }
        Some(Self { steps, moments, ..self })
    }
}

struct Step<'a> {
    path: ModulePath,
    adam: &'a mut Adam,
    gradients: &'a NamedGradients,
    learning_rate: f64,
}

impl ModuleMapper for Step<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(gradient) = self.gradients.get(&name) else { return param };
        let (id, tensor, mapper) = param.consume();
        let tensor = tensor.inner();
        let shape = tensor.dims();
        let len = shape.iter().product::<usize>();
        let decay = if D >= 2 { self.adam.weight_decay } else { 0.0 };
        let mut gradient = gradient.clone();
        let mut kept = tensor;
        if decay > 0.0 {
            match self.adam.kind {
                Optimizer::Adam => gradient = gradient + kept.clone().reshape([len]) * decay,
                Optimizer::Adamw => kept = kept * (1.0 - self.learning_rate * decay),
            }
        }
        let Moments { mean, square, .. } = self.adam.moments.remove(&name).unwrap_or_else(|| {
            let zeros = || Tensor::zeros([len], &gradient.device());
            Moments { shape: shape.to_vec(), mean: zeros(), square: zeros() }
        });
        let t = f64::from(self.adam.steps);
        let step = AdamStep {
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: EPSILON,
            rate: self.learning_rate / (1.0 - BETA_1.powf(t)),
            scale: (1.0 - BETA_2.powf(t)).sqrt(),
        };
        let layers = Layers::of(&gradient.device());
        let (moved, [mean, square]) = adam(layers, &step, kept, gradient, [mean, square]);
        self.adam.moments.insert(name, Moments { shape: shape.to_vec(), mean, square });
        Param::from_mapped_value(id, Tensor::from_inner(moved).require_grad(), mapper)
    }
}

#[cfg(test)]
mod tests {
    use crooner_model::{Input, ModelConfig};
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        shapes: BTreeMap<String, Vec<usize>>,
        optimisers: BTreeMap<String, Expected>,
    }

    #[derive(Deserialize)]
    struct Expected {
        norms: Vec<f64>,
        params: BTreeMap<String, Vec<f32>>,
    }

    /// As the script makes them.
    fn gradient(name: &str, step: usize, size: usize) -> Vec<f32> {
        let value = |i: usize| (((i + 1) * (name.len() + 7 * step) * 37) % 101) as f32;
        (0..size).map(|i| (value(i) - 50.0) / 25.0).collect()
    }

    #[test]
    fn ten_steps_are_pytorchs() {
        let reference: Reference =
            serde_json::from_str(include_str!("../tests/reference/options.json")).unwrap();
        let device = burn::tensor::Device::flex().autodiff();
        let model: ModelConfig =
            toml::from_str("[crnn]\nblocks = [{ filters = 2, pool = [2, 2] }]\ngru = [3]").unwrap();
        for (name, kind, clip) in [
            ("adam", Optimizer::Adam, None),
            ("adamw", Optimizer::Adamw, None),
            ("adamw_clipped", Optimizer::Adamw, Some(4.0)),
        ] {
            let expected = &reference.optimisers[name];
            let mut network = model.init(Input { n_mels: 4, n_frames: 4, n_classes: 4 }, 0, &device).unwrap();
            let mut weights = network.weights().unwrap();
            for tensor in &mut weights {
                if let Some(shape) = reference.shapes.get(&tensor.name) {
                    assert_eq!(&tensor.shape, shape, "{}", tensor.name);
                    let start = gradient(&tensor.name, 0, tensor.values.len());
                    tensor.values = start.into_iter().map(|value| 0.5 + value / 10.0).collect();
                }
            }
            network = network.with_weights(weights).unwrap();
            let mut adam = Adam::new(kind, 0.3);
            for step in 1..=10 {
                let tensors = reference.shapes.iter().map(|(name, shape)| {
                    let values = gradient(name, step, shape.iter().product());
                    let len = values.len();
                    let tensor = Tensor::from_data(TensorData::new(values, [len]), &device.clone().inner());
                    (name.clone(), tensor)
                });
                let mut gradients = NamedGradients::from_tensors(tensors);
                if let Some(longest) = clip {
                    let norm = gradients.norm().unwrap();
                    assert!((norm / expected.norms[step - 1] - 1.0).abs() < 1e-6, "{norm} at step {step}");
                    gradients.clip(longest).unwrap();
                }
                network = adam.step(network, &gradients, 0.01);
            }
            for NamedTensor { name: parameter, values, .. } in network.weights().unwrap() {
                for (found, expected) in
                    values.iter().zip(expected.params.get(&parameter).into_iter().flatten())
                {
                    assert!((found - expected).abs() < 2e-6, "{name} {parameter}: {found} is not {expected}");
                }
            }
        }
    }
}
