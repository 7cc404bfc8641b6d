//! A running mean of the weights, which generalises better than the last of them (Polyak & Juditsky 1992).

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::weights::ModulePath;
use crooner_model::{NamedTensor, Network};

/// Exponential moving average of all parameters and batch-norm statistics `w`. After step `t`, from 1,
///
/// ```text
/// a_1 = w_1
/// a_t = d_t a_(t-1) + (1 - d_t) w_t        d_t = min(d, (1 + t) / (10 + t))
/// ```
///
/// The growing decay is that of `tf.train.ExponentialMovingAverage(d, num_updates=t)`: early steps are
/// soon forgotten.
#[derive(Clone, Debug)]
pub(crate) struct Average {
    decay: f64,
    tensors: BTreeMap<String, (Vec<usize>, Tensor<1>)>,
}

impl Average {
    pub(crate) fn new(decay: f64) -> Self {
        Self { decay, tensors: BTreeMap::new() }
    }

    /// The average that [`weights`](Self::weights) came from, on `device`.
    pub(crate) fn from_weights(decay: f64, weights: Vec<NamedTensor>, device: &Device) -> Self {
        let upload = |tensor: NamedTensor| {
            let len = tensor.values.len();
            let values = Tensor::from_data(TensorData::new(tensor.values, [len]), device);
            (tensor.name, (tensor.shape, values))
        };
        Self { decay, tensors: weights.into_iter().map(upload).collect() }
    }

    /// Takes in the weights after step `t`, from 1.
    pub(crate) fn update(&mut self, network: &Network, t: u32) {
        let decay = self.decay_at(t);
        let mut update = Update { path: ModulePath::default(), decay, tensors: &mut self.tensors };
        // Running statistics gather updates by thread; `valid` brings them together.
        network.valid().visit(&mut update);
    }

    fn decay_at(&self, t: u32) -> f64 {
        let t = f64::from(t);
        self.decay.min((1.0 + t) / (10.0 + t))
    }

    /// The averages under the names of the network's tensors; none before the first step.
    pub(crate) fn weights(&self) -> Vec<NamedTensor> {
        let named = |(name, (shape, tensor)): (&String, &(Vec<usize>, Tensor<1>))| NamedTensor {
            name: name.clone(),
            shape: shape.clone(),
            values: tensor.to_data().iter::<f32>().collect(),
        };
        self.tensors.iter().map(named).collect()
    }
}

struct Update<'a> {
    path: ModulePath,
    decay: f64,
    tensors: &'a mut BTreeMap<String, (Vec<usize>, Tensor<1>)>,
}

impl ModuleVisitor for Update<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let shape = value.dims().to_vec();
        let value: Tensor<1> = value.reshape([shape.iter().product::<usize>()]);
        let name = self.path.name();
        let average = match self.tensors.remove(&name) {
            Some((_, average)) => average * self.decay + value * (1.0 - self.decay),
            None => value,
        };
        self.tensors.insert(name, (shape, average));
    }
}

#[cfg(test)]
mod tests {
    use crooner_model::{Input, ModelConfig};

    use super::*;

    #[test]
    fn the_average_is_the_recurrences() {
        let device = Device::flex();
        let model: ModelConfig =
            toml::from_str("[crnn]\nblocks = [{ filters = 2, pool = [2, 2] }]\ngru = [3]").unwrap();
        let network = model.init(Input { n_mels: 4, n_frames: 4, n_classes: 2 }, 0, &device).unwrap();
        let start = network.weights().unwrap();
        let at = |step: u32| -> Vec<NamedTensor> {
            let moved = |value: &f32| value * step as f32 + 0.1 * step as f32;
            let one =
                |t: &NamedTensor| NamedTensor { values: t.values.iter().map(moved).collect(), ..t.clone() };
            start.iter().map(one).collect()
        };
        let mut average = Average::new(0.5);
        let mut expected: Vec<Vec<f64>> = Vec::new();
        for t in 1..=15 {
            let weights = at(t);
            average.update(&network.clone().with_weights(weights.clone()).unwrap(), t);
            let values = weights.iter().map(|w| w.values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
            if t == 1 {
                expected = values.collect();
                continue;
            }
            let decay = f64::min(0.5, f64::from(1 + t) / f64::from(10 + t));
            for (old, new) in expected.iter_mut().zip(values) {
                old.iter_mut().zip(new).for_each(|(old, new)| *old = *old * decay + new * (1.0 - decay));
            }
        }
        let found: BTreeMap<_, _> = average.weights().into_iter().map(|w| (w.name.clone(), w)).collect();
        assert_eq!(found.len(), start.len());
        for (weights, expected) in start.iter().zip(expected) {
            for (found, expected) in found[&weights.name].values.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{}: {found}, {expected}", weights.name);
            }
        }
        let again = Average::from_weights(0.5, average.weights(), &device);
        assert_eq!(again.weights(), average.weights());
    }
}
