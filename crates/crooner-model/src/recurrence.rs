//! The recurrence of a GRU as one kernel, for burn's CubeCL backends (wgpu among them), differentiable.
//!
//! Frame by frame out of burn's operations, a layer takes a dozen dispatches a frame forward and more backward. Here a
//! workgroup takes a sequence, keeps its state in workgroup memory and goes through the frames inside the kernel,
//! with barriers among the threads of one sequence alone: sequences do not meet. The products with all frames at
//! once (of the inputs, and of the gradients) stay burn's.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps as _;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Cube, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{Device, Shape, Tensor};
use burn_cubecl::cubecl::{CubeCount, CubeDim};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use crooner_kernels::{Direction, Gate, GruKind, Reset};

use self::kernel::{Known, backward_kernel, forward_kernel};

mod kernel;

/// Units that fit: four values of each into the 16 KB of workgroup memory that every WebGPU device has.
pub(crate) const MAX_UNITS: usize = 1024;
/// Threads of a workgroup: what every WebGPU device has.
const MAX_THREADS: u32 = 256;

/// Whether `device`, or the one that it differentiates, is one of CubeCL's.
pub(crate) fn runs_on(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Cube(_)),
        #[expect(
            clippy::allow_attributes,
            reason = "whether it is unreachable depends on the backends built in"
        )]
        #[allow(unreachable_patterns, reason = "CubeCL's may be the only backend")]
        _ => false,
    }
}

#[backend_extension(Cube, Autodiff)]
pub(crate) trait RecurrenceOps: Backend {
    /// States `[batch, n_frames, units]` out of projected inputs `[batch, n_frames, 3 units]` from `initial`
    /// `[batch, units]` on. The gates are in the order r, z, n.
    fn recurrence(
        projected: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        kind: GruKind,
    ) -> FloatTensor<Self>;
}

/// All states of a GRU, `[batch, n_frames, units]`, of projected inputs `[batch, n_frames, 3 units]`; in the order of the
/// frames, in whichever direction they are read.
pub(crate) fn recurrence(
    projected: Tensor<3>,
    initial: Tensor<2>,
    recurrent: Tensor<2>,
    recurrent_bias: Tensor<1>,
    kind: GruKind,
) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::recurrence(
        projected.into_dispatch(),
        initial.into_dispatch(),
        recurrent.into_dispatch(),
        recurrent_bias.into_dispatch(),
        kind,
    ))
}

/// The recurrence on CubeCL's tensors, all contiguous.
#[derive(Clone, Debug)]
struct Recurrence {
    projected: CubeTensor,
    initial: CubeTensor,
    recurrent: CubeTensor,
    bias: CubeTensor,
    kind: GruKind,
}

/// What the backward pass needs besides.
#[derive(Clone, Debug)]
struct Kept {
    gates: CubeTensor,
    previous: CubeTensor,
}

impl Recurrence {
    fn new(tensors: [CubeTensor; 4], kind: GruKind) -> Self {
        let [projected, initial, recurrent, bias] = tensors.map(into_contiguous);
        Self { projected, initial, recurrent, bias, kind }
    }

    /// `[batch, n_frames, units]`.
    fn sizes(&self) -> [usize; 3] {
        let [batch, n_frames, columns] = self.projected.meta.shape().dims();
        [batch, n_frames, columns / 3]
    }

    fn known(&self, keep: bool) -> Known {
        let GruKind { reset, gate, direction, .. } = self.kind;
        Known {
            units: self.sizes()[2],
            reset_after: reset == Reset::After,
            hard_gates: gate == Gate::HardSigmoid,
            reverse: direction == Direction::Reverse,
            keep,
        }
    }

    fn empty(&self, shape: impl Into<Shape>) -> CubeTensor {
        let like = &self.projected;
        empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), like.dtype)
    }

    fn grid(&self, threads: usize) -> (CubeCount, CubeDim) {
        let threads = u32::try_from(threads).map_or(MAX_THREADS, |threads| threads.min(MAX_THREADS));
        let limit = self.projected.client.properties().hardware.max_cube_dim.0;
        let batch = u32::try_from(self.sizes()[0]).unwrap_or(u32::MAX);
        (CubeCount::Static(batch, 1, 1), CubeDim::new_1d(threads.min(limit)))
    }

    fn n_frames(&self) -> u32 {
        u32::try_from(self.sizes()[1]).unwrap_or(u32::MAX)
    }

    fn forward(&self, keep: bool) -> (CubeTensor, Kept) {
        let [batch, n_frames, units] = self.sizes();
        let states = self.empty([batch, n_frames, units]);
        let kept = |values: usize| self.empty(if keep { [batch, n_frames, values] } else { [1, 1, 1] });
        let (gates, previous) = (kept(4 * units), kept(units));
        let (count, dim) = self.grid(3 * units);
        forward_kernel::launch(
            &self.projected.client,
            count,
            dim,
            self.projected.clone().into_tensor_arg(),
            self.initial.clone().into_tensor_arg(),
            self.recurrent.clone().into_tensor_arg(),
            self.bias.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            gates.clone().into_tensor_arg(),
            previous.clone().into_tensor_arg(),
            self.n_frames(),
            self.known(keep),
        );
        (states, Kept { gates, previous })
    }

    fn backward(&self, kept: &Kept, d_states: CubeTensor) -> Found {
        let [batch, n_frames, units] = self.sizes();
        let known = self.known(true);
        let found = Found {
            d_projected: self.empty([batch, n_frames, 3 * units]),
            other: self.empty([batch, n_frames, if known.reset_after { 3 * units } else { units }]),
            d_initial: self.empty([batch, units]),
        };
        let (count, dim) = self.grid(units);
        backward_kernel::launch(
            &self.projected.client,
            count,
            dim,
            into_contiguous(d_states).into_tensor_arg(),
            self.recurrent.clone().into_tensor_arg(),
            kept.gates.clone().into_tensor_arg(),
            kept.previous.clone().into_tensor_arg(),
            found.d_projected.clone().into_tensor_arg(),
            found.other.clone().into_tensor_arg(),
            found.d_initial.clone().into_tensor_arg(),
            self.n_frames(),
            known,
        );
        found
    }
}

/// What the backward kernel gives.
struct Found {
    d_projected: CubeTensor,
    /// See [`backward_kernel`].
    other: CubeTensor,
    d_initial: CubeTensor,
}

impl RecurrenceOps for Cube {
    fn recurrence(
        projected: CubeTensor,
        initial: CubeTensor,
        recurrent: CubeTensor,
        recurrent_bias: CubeTensor,
        kind: GruKind,
    ) -> CubeTensor {
        Recurrence::new([projected, initial, recurrent, recurrent_bias], kind).forward(false).0
    }
}

#[derive(Debug)]
struct RecurrenceBackward;

#[derive(Clone, Debug)]
struct State {
    recurrence: Recurrence,
    kept: Kept,
}

impl Backward<Cube, 4> for RecurrenceBackward {
    type State = State;

    fn backward(self, ops: Ops<State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [projected, initial, recurrent, bias] = ops.parents.map(|parent| parent.map(|node| node.id));
        let d_states = gradients.consume::<Cube>(&ops.node);
        let State { recurrence, kept } = ops.state;
        let [batch, n_frames, units] = recurrence.sizes();
        let reset_after = recurrence.kind.reset == Reset::After;
        let found = recurrence.backward(&kept, d_states);

        let rows = batch * n_frames;
        let flat =
            |tensor: CubeTensor, columns: usize| Cube::float_reshape(tensor, Shape::new([rows, columns]));
        let previous = Cube::float_transpose(flat(kept.previous, units));
        let d_sums =
            flat(if reset_after { found.other.clone() } else { found.d_projected.clone() }, 3 * units);
        if let Some(id) = recurrent {
            let d_recurrent = if reset_after {
                Cube::float_matmul(previous, d_sums.clone())
            } else {
                let part = |range| Cube::float_slice(d_sums.clone(), &[slice(0..rows), slice(range)]);
                let factors = Cube::float_transpose(flat(found.other, units));
                let of_gates = Cube::float_matmul(previous, part(0..2 * units));
                let of_candidate = Cube::float_matmul(factors, part(2 * units..3 * units));
                Cube::float_cat(vec![of_gates, of_candidate], 1)
            };
            gradients.register::<Cube>(id, d_recurrent);
        }
        if let Some(id) = bias {
            let summed = Cube::float_reshape(Cube::float_sum_dim(d_sums, 0), Shape::new([3 * units]));
            gradients.register::<Cube>(id, summed);
        }
        if let Some(id) = initial {
            gradients.register::<Cube>(id, found.d_initial);
        }
        if let Some(id) = projected {
            gradients.register::<Cube>(id, found.d_projected);
        }
    }
}

fn slice(range: std::ops::Range<usize>) -> burn::tensor::Slice {
    range.into()
}

impl<C: CheckpointStrategy> RecurrenceOps for Autodiff<Cube, C> {
    fn recurrence(
        projected: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        kind: GruKind,
    ) -> FloatTensor<Self> {
        let inputs = [projected, initial, recurrent, recurrent_bias];
        let nodes = inputs.each_ref().map(FloatTensor::<Self>::node);
        let recurrence = Recurrence::new(inputs.map(FloatTensor::<Self>::into_primitive), kind);
        match RecurrenceBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (states, kept) = recurrence.forward(true);
                prepared.finish(State { recurrence, kept }, states)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(recurrence.forward(false).0),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use crooner_kernels::{GruParams, Kernels, Returns};

    use super::*;

    /// Numbers without a pattern in `-scale..scale`.
    fn values(n: usize, salt: usize, scale: f32) -> Vec<f32> {
        let number = |i: usize| ((i + 7 * salt) * 7919 % 10_007) as f32 / 5003.5 - 1.0;
        (0..n).map(|i| scale * number(i)).collect()
    }

    fn assert_near(what: &str, found: Tensor<1>, expected: &[f32]) {
        let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
        assert_eq!(found.len(), expected.len(), "{what}");
        let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        assert!(largest > 1e-3, "{what}: nothing to compare");
        for (i, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= 2e-5 * largest, "{what} {i}: {a}, not {b}");
        }
    }

    #[test]
    fn states_and_gradients_are_those_of_the_cpus_kernels() {
        let device = Device::wgpu(Default::default()).autodiff();
        let [batch, n_frames, d_input] = [3, 9, 4];
        for (units, reset, gate, direction) in [
            (5, Reset::After, Gate::Sigmoid, Direction::Forward),
            (5, Reset::Before, Gate::Sigmoid, Direction::Forward),
            (32, Reset::After, Gate::HardSigmoid, Direction::Reverse),
            (32, Reset::Before, Gate::HardSigmoid, Direction::Reverse),
            // More columns, and more units, than threads.
            (100, Reset::After, Gate::Sigmoid, Direction::Reverse),
            (300, Reset::Before, Gate::Sigmoid, Direction::Forward),
        ] {
            let kind = GruKind { reset, gate, direction, returns: Returns::All };
            let columns = 3 * units;
            let x = values(batch * n_frames * d_input, 1, 2.0);
            let initial = values(batch * units, 2, 0.9);
            let input = values(d_input * columns, 3, 0.8);
            let recurrent = values(units * columns, 4, 1.5 / (units as f32).sqrt());
            let input_bias = values(columns, 5, 0.5);
            let recurrent_bias = values(columns, 6, 0.5);
            let weights = values(batch * n_frames * units, 7, 1.0);

            let layer = crooner_kernels::Gru { batch, n_frames, d_input, units, kind };
            let params = GruParams {
                input: &input,
                recurrent: &recurrent,
                input_bias: &input_bias,
                recurrent_bias: &recurrent_bias,
            };
            let kernels = Kernels::named("portable").unwrap();
            let expected = layer.forward(kernels, &x, Some(&initial), &params, true).unwrap();
            let saved = expected.saved.unwrap();
            let gradients = layer.backward(&x, &params, &saved, &weights).unwrap();

            let tensor = |values: &[f32], shape: [usize; 2]| {
                Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), &device).require_grad()
            };
            let x = tensor(&x, [batch * n_frames, d_input]);
            let initial = tensor(&initial, [batch, units]);
            let input = tensor(&input, [d_input, columns]);
            let recurrent = tensor(&recurrent, [units, columns]);
            let input_bias = tensor(&input_bias, [1, columns]);
            let recurrent_bias = tensor(&recurrent_bias, [1, columns]);
            let projected = x.clone().matmul(input.clone()) + input_bias.clone();
            let states = recurrence(
                projected.reshape([batch, n_frames, columns]),
                initial.clone(),
                recurrent.clone(),
                recurrent_bias.clone().reshape([columns]),
                kind,
            );
            let what = |part: &str| format!("{units} units, {kind:?}: {part}");
            assert_near(&what("states"), states.clone().flatten(0, 2), &expected.states);

            let weights = Tensor::<3>::from_data(TensorData::new(weights, [batch, n_frames, units]), &device);
            let found = (states * weights).sum().backward();
            for (part, tensor, expected) in [
                ("x", x, &gradients.x),
                ("initial", initial, &gradients.initial),
                ("input", input, &gradients.input),
                ("recurrent", recurrent, &gradients.recurrent),
                ("input bias", input_bias, &gradients.input_bias),
                ("recurrent bias", recurrent_bias, &gradients.recurrent_bias),
            ] {
                assert_near(&what(part), tensor.grad(&found).unwrap().flatten(0, 1), expected);
            }
        }
    }
}
