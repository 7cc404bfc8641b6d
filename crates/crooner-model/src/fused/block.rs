//! The conv block.

#![expect(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::module::RunningState;
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use crooner_kernels::{Activation, BlockParams, BlockSaved, ConvBlock, Dropout, Kernels, Order, Statistics};

use super::{FITS, dims, floats, register, tensor};
use crate::norm::settle;

/// What a conv block does besides the convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockKind {
    pub(crate) activation: Activation,
    pub(crate) order: Order,
    pub(crate) pool: [usize; 2],
}

/// What of a block is no tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSetting {
    kernels: Kernels,
    kind: BlockKind,
    epsilon: f64,
    dropout: Option<Dropout>,
    /// Whether the batch's own statistics are used, rather than those given.
    batch_statistics: bool,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait BlockOps: Backend {
    /// Output, mean and variance of a conv block; `[batch, height, width, channels]`.
    fn conv_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        setting: BlockSetting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// `conv`, activation, `norm` in their order, max pool and dropout of `[batch, height, width, channels]`; without a
/// norm, [`Order::Unnormalised`]. As with burn's own batch norm, a differentiated input means training: its statistics
/// are used, and added to the running ones.
pub(crate) fn conv_block(
    kernels: Kernels,
    x: Tensor<4>,
    conv: &Conv2d,
    norm: Option<&BatchNorm>,
    kind: BlockKind,
    dropout: Option<Dropout>,
) -> Tensor<4> {
    let device = x.device();
    let filters = conv.weight.dims()[0];
    let bias = match &conv.bias {
        Some(bias) => bias.val(),
        None => Tensor::zeros([filters], &device),
    };
    let Some(norm) = norm else {
        let kind = BlockKind { order: Order::Unnormalised, ..kind };
        let setting = BlockSetting { kernels, kind, epsilon: 1.0, dropout, batch_statistics: false };
        let unused = Tensor::<1>::zeros([1], &device).into_dispatch();
        let (y, _, _) = Dispatch::conv_block(
            x.into_dispatch(),
            conv.weight.val().into_dispatch(),
            bias.into_dispatch(),
            unused.clone(),
            unused.clone(),
            unused.clone(),
            unused,
            setting,
        );
        return Tensor::from_dispatch(y);
    };
    let batch_statistics = device.is_autodiff() && norm.training.is_enabled();
    let setting = BlockSetting { kernels, kind, epsilon: norm.epsilon, dropout, batch_statistics };
    let running = |state: &RunningState<Tensor<1>>| state.value().to_device(&device);
    let (running_mean, running_var) = (running(&norm.running_mean), running(&norm.running_var));
    let (y, mean, variance) = Dispatch::conv_block(
        x.into_dispatch(),
        conv.weight.val().into_dispatch(),
        bias.into_dispatch(),
        norm.gamma.val().into_dispatch(),
        norm.beta.val().into_dispatch(),
        running_mean.clone().into_dispatch(),
        running_var.clone().into_dispatch(),
        setting,
    );
    if batch_statistics {
        let moved = |running: Tensor<1>, batch: Tensor<1>| {
            running.mul_scalar(1.0 - norm.momentum).add(batch.mul_scalar(norm.momentum)).detach()
        };
        norm.running_mean.update(moved(running_mean, Tensor::from_dispatch(mean)));
        norm.running_var.update(moved(running_var, Tensor::from_dispatch(variance)));
        settle(norm);
    }
    Tensor::from_dispatch(y)
}

/// A conv block on flex tensors, all contiguous.
#[derive(Clone, Debug)]
struct Block {
    x: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    setting: BlockSetting,
}

impl Block {
    fn is_normalised(&self) -> bool {
        self.setting.kind.order != Order::Unnormalised
    }

    fn layer(&self) -> ConvBlock {
        let (x, weight) = (dims(&self.x), dims(&self.weight));
        ConvBlock {
            batch: x[0],
            height: x[1],
            width: x[2],
            channels: x[3],
            filters: weight[0],
            kernel: [weight[2], weight[3]],
            pool: self.setting.kind.pool,
            activation: self.setting.kind.activation,
            order: self.setting.kind.order,
            epsilon: self.setting.epsilon,
            dropout: self.setting.dropout,
        }
    }

    fn params(&self) -> BlockParams<'_> {
        let normalised = self.is_normalised();
        BlockParams {
            weight: floats(&self.weight),
            bias: floats(&self.bias),
            gamma: if normalised { floats(&self.gamma) } else { &[] },
            beta: if normalised { floats(&self.beta) } else { &[] },
        }
    }

    #[expect(clippy::expect_used, reason = "see FITS")]
    fn forward(
        &self,
        mean: &FlexTensor,
        variance: &FlexTensor,
        keep: bool,
    ) -> ([FlexTensor; 3], Option<BlockSaved>) {
        let layer = self.layer();
        let statistics = if self.setting.batch_statistics {
            Statistics::Batch
        } else {
            Statistics::Given { mean: floats(mean), variance: floats(variance) }
        };
        let output = layer
            .forward(self.setting.kernels, floats(&self.x), &self.params(), statistics, keep)
            .expect(FITS);
        let y = tensor(output.values, layer.output_shape());
        let (mean, variance) = if self.is_normalised() {
            let filters = [layer.filters];
            (tensor(output.mean, filters), tensor(output.variance, filters))
        } else {
            (mean.clone(), variance.clone())
        };
        ([y, mean, variance], output.saved)
    }
}

impl BlockOps for Flex {
    fn conv_block(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        mean: FlexTensor,
        variance: FlexTensor,
        setting: BlockSetting,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [x, weight, bias, gamma, beta] =
            [x, weight, bias, gamma, beta].map(|tensor| tensor.to_contiguous());
        let block = Block { x, weight, bias, gamma, beta, setting };
        let ([y, mean, variance], _) = block.forward(&mean.to_contiguous(), &variance.to_contiguous(), false);
        (y, mean, variance)
    }
}

#[derive(Debug)]
struct BlockBackward;

#[derive(Clone, Debug)]
struct BlockState {
    block: Block,
    saved: Arc<BlockSaved>,
}

impl Backward<Flex, 5> for BlockBackward {
    type State = BlockState;

    #[expect(clippy::expect_used, reason = "see FITS")]
    fn backward(self, ops: Ops<BlockState, 5>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let to = ops.parents.map(|parent| parent.map(|node| node.id));
        let d_output = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let BlockState { block, saved } = ops.state;
        let found = block
            .layer()
            .backward(floats(&block.x), &block.params(), &saved, floats(&d_output), to[0].is_some())
            .expect(FITS);
        let normalised = block.is_normalised();
        let of = [
            (found.input, dims(&block.x)),
            (Some(found.weight), dims(&block.weight)),
            (Some(found.bias), dims(&block.bias)),
            (normalised.then_some(found.gamma), dims(&block.gamma)),
            (normalised.then_some(found.beta), dims(&block.beta)),
        ];
        register(gradients, to, of);
    }
}

impl<C: CheckpointStrategy> BlockOps for Autodiff<Flex, C> {
    fn conv_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        setting: BlockSetting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [x, weight, bias, gamma, beta];
        let nodes = inputs.each_ref().map(FloatTensor::<Self>::node);
        let [x, weight, bias, gamma, beta] = inputs.map(|tensor| tensor.into_primitive().to_contiguous());
        let block = Block { x, weight, bias, gamma, beta, setting };
        let given = [mean, variance].map(|tensor| tensor.into_primitive().to_contiguous());
        let ([y, mean, variance], saved) = block.forward(&given[0], &given[1], true);
        let y = match (BlockBackward.prepare::<C>(nodes).compute_bound().stateful(), saved) {
            (OpsKind::Tracked(prepared), Some(saved)) => {
                prepared.finish(BlockState { block, saved: Arc::new(saved) }, y)
            }
            (OpsKind::Tracked(_), None) => unreachable!("what the backward pass needs was asked for"),
            (OpsKind::UnTracked(prepared), _) => prepared.finish(y),
        };
        (y, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::activation::gelu;
    use burn::tensor::{Device, TensorData, Tolerance};

    use super::*;

    #[test]
    fn a_convolution_without_norm_is_burns_own() {
        let device = Device::flex().autodiff();
        let values: Vec<f32> = (0..2 * 5 * 7 * 3).map(|i| ((i * 37 % 101) as f32 / 50.0) - 1.0).collect();
        let x = Tensor::<4>::from_data(TensorData::new(values, [2, 5, 7, 3]), &device).require_grad();
        for size in [[1, 1], [3, 3], [5, 3]] {
            let conv = Conv2dConfig::new([3, 4], size).with_padding(PaddingConfig2d::Same).init(&device);
            let kind = BlockKind { activation: Activation::Gelu, order: Order::Unnormalised, pool: [1, 1] };
            let fused = conv_block(Kernels::fastest(), x.clone(), &conv, None, kind, None);
            let stock = gelu(conv.forward(x.clone().permute([0, 3, 1, 2]))).permute([0, 2, 3, 1]);
            let gradients = |y: Tensor<4>| (y.clone() * y).sum().backward();
            let (ours, theirs) = (gradients(fused.clone()), gradients(stock.clone()));
            let same = |a: TensorData, b: TensorData| {
                a.assert_approx_eq::<f32>(&b, Tolerance::absolute(2e-4));
            };
            same(fused.into_data(), stock.into_data());
            same(x.grad(&ours).unwrap().into_data(), x.grad(&theirs).unwrap().into_data());
            let weight = conv.weight.val();
            same(weight.grad(&ours).unwrap().into_data(), weight.grad(&theirs).unwrap().into_data());
        }
    }
}
