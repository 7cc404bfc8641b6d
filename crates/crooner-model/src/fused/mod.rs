//! [`crooner_kernels`] as operations of burn's flex backend, differentiable where gradients go through them.
//!
//! A network stays one ordinary burn module: these operations read the parameters of its stock layers and update the
//! same running statistics.

mod adam;
mod block;
mod gru;

use burn::backend::DispatchDevice;
use burn::backend::Flex;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Device, TensorData};

pub(crate) use adam::adam;
pub(crate) use block::{BlockKind, conv_block};
pub(crate) use gru::gru;

/// Whether `device`, or the one that it differentiates, is flex.
pub(crate) fn runs_on(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        #[expect(
            clippy::allow_attributes,
            reason = "whether it is unreachable depends on the backends built in"
        )]
        #[allow(unreachable_patterns, reason = "flex may be the only backend")]
        _ => false,
    }
}

const FITS: &str =
    "the shapes of a network's layers fit each other, and slices are at least as long as its pools";
const FLOATS: &str = "networks compute in f32, and the tensor was made contiguous";

#[expect(clippy::expect_used, reason = "see FLOATS")]
fn floats(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect(FLOATS)
}

fn tensor(values: Vec<f32>, shape: impl Into<Vec<usize>>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

fn dims(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().to_vec()
}

/// Hands gradients to the inputs that asked for one.
fn register<const N: usize>(
    gradients: &mut Gradients,
    to: [Option<NodeId>; N],
    of: [(Option<Vec<f32>>, Vec<usize>); N],
) {
    for (id, (values, shape)) in to.into_iter().zip(of) {
        if let (Some(id), Some(values)) = (id, values) {
            gradients.register::<Flex>(id, tensor(values, shape));
        }
    }
}
