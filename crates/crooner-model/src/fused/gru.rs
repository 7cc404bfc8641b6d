//! The gated recurrent unit.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use crooner_kernels::{GruKind, GruParams, GruSaved, Kernels, Returns};

use super::{FITS, dims, floats, register, tensor};
use crate::gru::Gru;

/// What of a GRU is no tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GruSetting {
    kernels: Kernels,
    kind: GruKind,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait GruOps: Backend {
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

impl GruOps for Flex {
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

impl<C: CheckpointStrategy> GruOps for Autodiff<Flex, C> {
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
