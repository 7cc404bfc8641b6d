//! A step of Adam, on a parameter and its moments.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use crooner_kernels::{AdamStep, Kernels};

use super::{FITS, floats};

#[backend_extension(Flex)]
pub(crate) trait AdamOps: Backend {
    /// Parameter, mean and square after a step.
    fn adam(
        param: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        kernels: Kernels,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Parameter, mean and square after a step; none of them differentiated, all of one length and on flex.
pub(crate) fn adam<const D: usize>(
    kernels: Kernels,
    step: AdamStep,
    param: Tensor<D>,
    gradient: Tensor<1>,
    moments: [Tensor<1>; 2],
) -> (Tensor<D>, [Tensor<1>; 2]) {
    let [mean, square] = moments.map(Tensor::into_dispatch);
    let (param, mean, square) =
        Dispatch::adam(param.into_dispatch(), gradient.into_dispatch(), mean, square, kernels, step);
    (Tensor::from_dispatch(param), [mean, square].map(Tensor::from_dispatch))
}

impl AdamOps for Flex {
    #[expect(clippy::expect_used, reason = "see FITS")]
    fn adam(
        param: FlexTensor,
        gradient: FlexTensor,
        mean: FlexTensor,
        square: FlexTensor,
        kernels: Kernels,
        step: AdamStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        // In place: nobody else holds the moments. The parameter is copied if somebody does.
        let [mut param, mut mean, mut square] = [param, mean, square].map(|tensor| tensor.to_contiguous());
        let gradient = gradient.to_contiguous();
        let gradient = floats(&gradient);
        step.run(kernels, param.storage_mut(), gradient, mean.storage_mut(), square.storage_mut())
            .expect(FITS);
        (param, mean, square)
    }
}
