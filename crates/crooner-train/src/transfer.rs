//! Starting from the weights of another network.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::tensor::Tensor;
use crooner_model::weights::ModulePath;
use crooner_model::{NamedTensor, Network, WeightsError};

/// First part of the names of the tensors that depend on the classes.
const HEAD: &str = "head";

/// Weights to start from.
#[derive(Clone, Copy, Debug)]
pub struct Initial<'a> {
    /// All tensors of the other network.
    pub weights: &'a [NamedTensor],
    /// Whether its classes are the same, in the same order; otherwise its head is of no use.
    pub same_classes: bool,
}

/// Which tensors a network took over from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Those that were taken.
    pub taken: Vec<String>,
    /// Those of the network that keep the values drawn from the seed: the other has none of that name and shape.
    pub fresh: Vec<String>,
    /// Those of the other network that have no place in this one, or another shape.
    pub left: Vec<String>,
}

impl Transfer {
    /// Whether everything but the head was taken.
    pub(crate) fn covers_encoder(&self) -> bool {
        self.fresh.iter().all(|name| is_head(name))
    }
}

fn is_head(name: &str) -> bool {
    name.split('.').next() == Some(HEAD)
}

/// `network` with the tensors of `initial` that fit it by name and shape.
///
/// # Errors
///
/// [`WeightsError::Unreadable`] if a device does not give a tensor back.
pub fn transfer(network: Network, initial: Initial<'_>) -> Result<(Network, Transfer), WeightsError> {
    let others: BTreeMap<&str, &NamedTensor> =
        initial.weights.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut weights = network.weights()?;
    let mut transfer = Transfer::default();
    for tensor in &mut weights {
        let usable = initial.same_classes || !is_head(&tensor.name);
        match others.get(tensor.name.as_str()) {
            Some(other) if usable && other.shape == tensor.shape => {
                tensor.values.clone_from(&other.values);
                transfer.taken.push(tensor.name.clone());
            }
            _ => transfer.fresh.push(tensor.name.clone()),
        }
    }
    let left = initial.weights.iter().filter(|other| !transfer.taken.contains(&other.name));
    transfer.left = left.map(|other| other.name.clone()).collect();
    Ok((network.with_weights(weights)?, transfer))
}

/// `network` with everything but its head frozen: no gradients, and batch norm by its running statistics,
/// which stay as they are.
#[must_use]
pub(crate) fn freeze_encoder(network: Network) -> Network {
    let mut head = HeadParams { path: ModulePath::default(), ids: Vec::new() };
    network.visit(&mut head);
    network.freeze().unfreeze_group(ParamGroup::from_ids(head.ids))
}

struct HeadParams {
    path: ModulePath,
    ids: Vec<ParamId>,
}

impl ModuleVisitor for HeadParams {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if is_head(&self.path.name()) {
            self.ids.push(param.id);
        }
    }
}
