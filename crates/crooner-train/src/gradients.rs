//! Gradients by name of parameter: to add up, to measure and to shorten.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use crooner_model::Network;
use crooner_model::weights::ModulePath;

use crate::TrainError;

/// The gradient of every parameter that has one, flat, without autodiff.
#[derive(Clone, Debug, Default)]
pub struct NamedGradients(BTreeMap<String, Tensor<1>>);

impl NamedGradients {
    /// Those of the parameters of `network`.
    #[must_use]
    pub fn of(network: &Network, gradients: &Gradients) -> Self {
        let mut reader = Reader { path: ModulePath::default(), gradients, found: BTreeMap::new() };
        network.visit(&mut reader);
        Self(reader.found)
    }

    /// Gradients made elsewhere, by name.
    #[must_use]
    pub fn from_tensors(tensors: impl IntoIterator<Item = (String, Tensor<1>)>) -> Self {
        Self(tensors.into_iter().collect())
    }

    /// That of one parameter; `None` if the loss does not depend on it, or it is frozen.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor<1>> {
        self.0.get(name)
    }

    /// Adds `share * other`.
    pub(crate) fn add(&mut self, other: Self, share: f64) {
        for (name, gradient) in other.0 {
            let scaled = gradient * share;
            let sum = match self.0.remove(&name) {
                Some(sum) => sum + scaled,
                None => scaled,
            };
            self.0.insert(name, sum);
        }
    }

    /// Multiplies all by `factor`.
    pub(crate) fn scale(&mut self, factor: f64) {
        for gradient in self.0.values_mut() {
            *gradient = gradient.clone() * factor;
        }
    }

    /// Euclidean norm over all parameters, summed in f64 on the host in the order of their names.
    ///
    /// # Errors
    ///
    /// [`TrainError::Gradients`] if a device does not give one back.
    pub fn norm(&self) -> Result<f64, TrainError> {
        let mut sum = 0.0;
        for (name, gradient) in &self.0 {
            let values = gradient.to_data().try_to_vec::<f32>().map_err(|reason| TrainError::Gradients {
                name: name.clone(),
                reason: format!("{reason:?}"),
            })?;
            sum += values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
        }
        Ok(sum.sqrt())
    }

    /// Shortens them to the norm `longest`, if they are longer (Pascanu et al. 2013, algorithm 1; the
    /// arithmetic of `torch.nn.utils.clip_grad_norm_`): `g longest / (|g| + 1e-6)`.
    ///
    /// # Errors
    ///
    /// As [`norm`](Self::norm).
    pub fn clip(&mut self, longest: f64) -> Result<(), TrainError> {
        let factor = longest / (self.norm()? + 1e-6);
        if factor < 1.0 {
            self.scale(factor);
        }
        Ok(())
    }
}

struct Reader<'a> {
    path: ModulePath,
    gradients: &'a Gradients,
    found: BTreeMap<String, Tensor<1>>,
}

impl ModuleVisitor for Reader<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let len = gradient.dims().iter().product::<usize>();
            self.found.insert(self.path.name(), gradient.reshape([len]));
        }
    }
}
