//! Adam (Kingma & Ba 2015, algorithm 1), with its state keyed by parameter name.
//!
//! The arithmetic is burn's and PyTorch's. The state is kept here, and not by burn's own
//! optimiser, because a run must resume bit for bit on the device it is on: burn 0.22 restores
//! an optimiser on the default device (the GPU, in a build that has one), and passes over states
//! it cannot restore.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use crooner_model::weights::ModulePath;
use crooner_model::{NamedTensor, Network};

/// Decay of the mean of gradients.
const BETA_1: f64 = 0.9;
/// Decay of the mean of squared gradients.
const BETA_2: f64 = 0.999;
/// Keeps the step finite where gradients vanish.
const EPSILON: f64 = 1e-8;

/// Running moments of every parameter.
#[derive(Clone, Debug, Default)]
pub struct Adam {
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
    /// Moves the parameters of `network` along `gradients`:
    ///
    /// ```text
    /// m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
    /// p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
    /// ```
    #[must_use]
    pub fn step(&mut self, network: Network, gradients: &Gradients, learning_rate: f64) -> Network {
        self.steps += 1;
        let mut step = Step { path: ModulePath::default(), adam: self, gradients, learning_rate };
        network.map(&mut step)
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

    /// The optimiser that [`state`](Self::state) came from, on `device`; `None` if a moment lacks
    /// its counterpart.
    #[must_use]
    pub fn from_state(steps: u32, tensors: Vec<NamedTensor>, device: &burn::tensor::Device) -> Option<Self> {
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
        Some(Self { steps, moments })
    }
}

struct Step<'a> {
    path: ModulePath,
    adam: &'a mut Adam,
    gradients: &'a Gradients,
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
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = tensor.grad(self.gradients) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let shape = tensor.dims();
        let len = shape.iter().product::<usize>();
        let gradient: Tensor<1> = gradient.reshape([len]);
        let moments = self.adam.moments.entry(self.path.name()).or_insert_with(|| {
            let zeros = Tensor::zeros([len], &gradient.device());
            Moments { shape: shape.to_vec(), mean: zeros.clone(), square: zeros }
        });
        moments.mean = moments.mean.clone() * BETA_1 + gradient.clone() * (1.0 - BETA_1);
        moments.square = moments.square.clone() * BETA_2 + gradient.clone() * gradient * (1.0 - BETA_2);

        let t = f64::from(self.adam.steps);
        let rate = self.learning_rate / (1.0 - BETA_1.powf(t));
        let scale = (1.0 - BETA_2.powf(t)).sqrt();
        let delta = moments.mean.clone() * rate / (moments.square.clone().sqrt() / scale + EPSILON);
        let moved = tensor.inner() - delta.reshape(shape);
        Param::from_mapped_value(id, Tensor::from_inner(moved).require_grad(), mapper)
    }
}
