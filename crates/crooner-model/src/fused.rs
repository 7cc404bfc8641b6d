//! [`crooner_kernels`] as operations of burn's flex backend, differentiable.
//!
//! A network stays one ordinary burn module: these operations read the parameters of its stock layers and update the
//! same running statistics.

#![expect(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]

use std::sync::Arc;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, Flex, backend_extension};
use burn::module::RunningState;
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, TensorData};
use crooner_kernels::{
    Activation, BlockParams, BlockSaved, ConvBlock, Dropout, GruKind, GruParams, GruSaved, Kernels, Order,
    Returns, Statistics,
};

use crate::gru::Gru;

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

/// What of a GRU is no tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GruSetting {
    kernels: Kernels,
    kind: GruKind,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedOps: Backend {
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

    /// States of a GRU of `x` `[batch, n_frames, d_input]` from `initial` `[batch, units]` on.
    fn gru(
        x: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        input: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        setting: GruSetting,
    ) -> FloatTensor<Self>;
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
    let running = |state: &RunningState<Tensor<1>>| {
        let value = if batch_statistics { state.value_sync() } else { state.value() };
        value.to_device(&device)
    };
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
    }
    Tensor::from_dispatch(y)
}

/// States of `x` `[batch, n_frames, d_input]` from `initial` `[batch, units]`, or zero, on: `[batch, n_frames, units]`, or
/// `[batch, 1, units]` where the kind returns the last alone.
pub(crate) fn gru(
    kernels: Kernels,
    kind: GruKind,
    x: Tensor<3>,
    initial: Option<Tensor<2>>,
    gru: &Gru,
) -> Tensor<3> {
    let device = x.device();
    let [units, columns] = gru.recurrent.dims();
    let initial = initial.unwrap_or_else(|| Tensor::zeros([x.dims()[0], units], &device));
    let recurrent_bias = match &gru.recurrent_bias {
        Some(bias) => bias.val(),
        None => Tensor::zeros([columns], &device),
    };
    Tensor::from_dispatch(Dispatch::gru(
        x.into_dispatch(),
        initial.into_dispatch(),
        gru.input.val().into_dispatch(),
        gru.recurrent.val().into_dispatch(),
        gru.input_bias.val().into_dispatch(),
        recurrent_bias.into_dispatch(),
        GruSetting { kernels, kind },
    ))
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

/// A GRU on flex tensors, all contiguous.
#[derive(Clone, Debug)]
struct Recurrence {
    x: FlexTensor,
    initial: FlexTensor,
    input: FlexTensor,
    recurrent: FlexTensor,
    input_bias: FlexTensor,
    recurrent_bias: FlexTensor,
    setting: GruSetting,
}

impl Recurrence {
    fn layer(&self) -> crooner_kernels::Gru {
        let (x, recurrent) = (dims(&self.x), dims(&self.recurrent));
        let kind = self.setting.kind;
        crooner_kernels::Gru { batch: x[0], n_frames: x[1], d_input: x[2], units: recurrent[0], kind }
    }

    fn params(&self) -> GruParams<'_> {
        GruParams {
            input: floats(&self.input),
            recurrent: floats(&self.recurrent),
            input_bias: floats(&self.input_bias),
            recurrent_bias: floats(&self.recurrent_bias),
        }
    }

    #[expect(clippy::expect_used, reason = "see FITS")]
    fn forward(&self, keep: bool) -> (FlexTensor, Option<GruSaved>) {
        let layer = self.layer();
        let initial = Some(floats(&self.initial));
        let output =
            layer.forward(self.setting.kernels, floats(&self.x), initial, &self.params(), keep).expect(FITS);
        let n_states = if layer.kind.returns == Returns::All { layer.n_frames } else { 1 };
        (tensor(output.states, [layer.batch, n_states, layer.units]), output.saved)
    }
}

impl FusedOps for Flex {
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

    fn gru(
        x: FlexTensor,
        initial: FlexTensor,
        input: FlexTensor,
        recurrent: FlexTensor,
        input_bias: FlexTensor,
        recurrent_bias: FlexTensor,
        setting: GruSetting,
    ) -> FlexTensor {
        let [x, initial, input, recurrent, input_bias, recurrent_bias] =
            [x, initial, input, recurrent, input_bias, recurrent_bias].map(|tensor| tensor.to_contiguous());
        let layer = Recurrence { x, initial, input, recurrent, input_bias, recurrent_bias, setting };
        layer.forward(false).0
    }
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

#[derive(Debug)]
struct GruBackward;

#[derive(Clone, Debug)]
struct GruState {
    recurrence: Recurrence,
    saved: Arc<GruSaved>,
}

impl Backward<Flex, 6> for GruBackward {
    type State = GruState;

    #[expect(clippy::expect_used, reason = "see FITS")]
    fn backward(self, ops: Ops<GruState, 6>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let to = ops.parents.map(|parent| parent.map(|node| node.id));
        let d_states = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let GruState { recurrence, saved } = ops.state;
        let found = recurrence
            .layer()
            .backward(floats(&recurrence.x), &recurrence.params(), &saved, floats(&d_states))
            .expect(FITS);
        let of = [
            (Some(found.x), dims(&recurrence.x)),
            (Some(found.initial), dims(&recurrence.initial)),
            (Some(found.input), dims(&recurrence.input)),
            (Some(found.recurrent), dims(&recurrence.recurrent)),
            (Some(found.input_bias), dims(&recurrence.input_bias)),
            (Some(found.recurrent_bias), dims(&recurrence.recurrent_bias)),
        ];
        register(gradients, to, of);
    }
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
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

    fn gru(
        x: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        input: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        setting: GruSetting,
    ) -> FloatTensor<Self> {
        let inputs = [x, initial, input, recurrent, input_bias, recurrent_bias];
        let nodes = inputs.each_ref().map(FloatTensor::<Self>::node);
        let [x, initial, input, recurrent, input_bias, recurrent_bias] =
            inputs.map(|tensor| tensor.into_primitive().to_contiguous());
        let recurrence = Recurrence { x, initial, input, recurrent, input_bias, recurrent_bias, setting };
        let (states, saved) = recurrence.forward(true);
        match (GruBackward.prepare::<C>(nodes).compute_bound().stateful(), saved) {
            (OpsKind::Tracked(prepared), Some(saved)) => {
                prepared.finish(GruState { recurrence, saved: Arc::new(saved) }, states)
            }
            (OpsKind::Tracked(_), None) => unreachable!("what the backward pass needs was asked for"),
            (OpsKind::UnTracked(prepared), _) => prepared.finish(states),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::Tolerance;
    use burn::tensor::activation::gelu;

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
