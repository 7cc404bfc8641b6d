//! Named tensors out of and into a network: what a file of weights holds.
//!
//! Names are the paths of the module tree, such as `blocks.0.conv.weight`, `gru.1.recurrent` or
//! `input_norm.running_mean`. Running statistics of batch norm are among them.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::Network;

/// One parameter or statistic, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Path in the module tree.
    pub name: String,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// `shape.iter().product()` values.
    pub values: Vec<f32>,
}

/// Why tensors do not belong to a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Tensors that the network has and the file has not.
    #[error("the weights lack {}", .names.join(", "))]
    Missing {
        /// Their names.
        names: Vec<String>,
    },
    /// Tensors that the file has and the network has not.
    #[error("the network has no {}", .names.join(", "))]
    Unknown {
        /// Their names.
        names: Vec<String>,
    },
    /// A tensor of another size.
    #[error("{name}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The file's shape.
        found: Vec<usize>,
    },
    /// A tensor that could not be read off its device.
    #[error("{name}: cannot be read from its device: {reason}")]
    Unreadable {
        /// Its name.
        name: String,
        /// What burn said.
        reason: String,
    },
}

impl Network {
    /// All parameters and statistics, in the order of the module tree.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unreadable`] if a device does not give a tensor back as `f32`.
    pub fn weights(&self) -> Result<Vec<NamedTensor>, WeightsError> {
        let mut reader = Reader { path: ModulePath::default(), tensors: Vec::new(), error: None };
        // Running statistics gather updates by thread; `valid` brings them together.
        self.valid().visit(&mut reader);
        match reader.error {
            Some(error) => Err(error),
            None => Ok(reader.tensors),
        }
    }

    /// This network with all its parameters and statistics replaced by `tensors`.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] if one is missing, unknown or of another shape.
    pub fn with_weights(self, tensors: Vec<NamedTensor>) -> Result<Self, WeightsError> {
        let tensors = tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let mut writer = Writer { path: ModulePath::default(), tensors, missing: Vec::new(), shape: None };
        let network = self.map(&mut writer);
        if let Some(error) = writer.shape {
            return Err(error);
        }
        if !writer.missing.is_empty() {
            return Err(WeightsError::Missing { names: writer.missing });
        }
        if !writer.tensors.is_empty() {
            return Err(WeightsError::Unknown { names: writer.tensors.into_keys().collect() });
        }
        Ok(network)
    }
}

/// Name of the parameter being visited by a [`ModuleVisitor`] or [`ModuleMapper`]; the registry's
/// enum is no part of it.
#[derive(Clone, Debug, Default)]
pub struct ModulePath(Vec<Option<String>>);

impl ModulePath {
    /// To be called by `enter_module`.
    pub fn enter(&mut self, name: &str, container_type: &str) {
        self.0.push((!container_type.starts_with("Enum:")).then(|| name.to_owned()));
    }

    /// To be called by `exit_module`.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// Path of the parameter, such as `blocks.0.conv.weight`.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

struct Reader {
    path: ModulePath,
    tensors: Vec<NamedTensor>,
    error: Option<WeightsError>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, tensor) = (self.path.name(), param.val());
        let shape = tensor.dims().to_vec();
        match tensor.into_data().try_to_vec::<f32>() {
            Ok(values) => self.tensors.push(NamedTensor { name, shape, values }),
            Err(reason) => {
                self.error = Some(WeightsError::Unreadable { name, reason: format!("{reason:?}") });
            }
        }
    }
}

struct Writer {
    path: ModulePath,
    tensors: BTreeMap<String, NamedTensor>,
    missing: Vec<String>,
    shape: Option<WeightsError>,
}

impl ModuleMapper for Writer {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(tensor) = self.tensors.remove(&name) else {
            self.missing.push(name);
            return param;
        };
        let expected = param.dims().to_vec();
        if tensor.shape != expected {
            self.shape = Some(WeightsError::Shape { name, expected, found: tensor.shape });
            return param;
        }
        let (id, device) = (param.id, param.lazy_device());
        let value = Tensor::from_data(TensorData::new(tensor.values, tensor.shape), &device);
        param.transform_for_load(value, id)
    }
}
