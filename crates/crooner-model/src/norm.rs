//! Batch norm whose running statistics are never behind.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

/// `norm` of `x`.
pub(crate) fn normalise<const D: usize>(norm: &BatchNorm, x: Tensor<D>) -> Tensor<D> {
    let y = norm.forward(x);
    settle(norm);
    y
}

/// Takes over what the last forward pass made of the running statistics. burn keeps it back, by thread, until the same
/// thread comes again, and takes the mean over threads; but the steps of a training may run on one thread or another.
pub(crate) fn settle(norm: &BatchNorm) {
    for state in [&norm.running_mean, &norm.running_var] {
        let _ = state.value_sync();
    }
}
