//! Gated recurrent unit, with its three gates in one matrix.

use burn::module::{Module, Param};
use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Tensor, s};
pub use crooner_kernels::Direction;

use crate::crnn::config::{CrnnConfig, Gates, RecurrenceConfig, Reset};
use crate::init::Init;
use crate::layers::Layers;

/// Gated recurrent unit (Cho et al. 2014). With `g` the sigmoid, or Keras 2's hard sigmoid
/// `min(max(0.2 x + 0.5, 0), 1)` where [`Gates`] says so:
///
/// ```text
/// r_t = g(W_r x_t + b_r + U_r h_{t-1} + c_r)
/// z_t = g(W_z x_t + b_z + U_z h_{t-1} + c_z)
/// n_t = tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + c_n))       Reset::After: torch.nn.GRU, Keras' reset_after=True
/// n_t = tanh(W_n x_t + b_n + U_n (r_t * h_{t-1}))             Reset::Before: Keras up to 2.2; there is no c
/// h_t = (1 - z_t) * n_t + z_t * h_{t-1}
/// ```
///
/// The gates lie side by side in the order r, z, n, so that the input of all frames takes one
/// matrix product, and each step of the recurrence one more, or two.
#[derive(Module, Debug)]
pub struct Gru {
    /// `W`, `[d_input, 3 units]`.
    pub input: Param<Tensor<2>>,
    /// `U`, `[units, 3 units]`.
    pub recurrent: Param<Tensor<2>>,
    /// `b`, `[3 units]`.
    pub input_bias: Param<Tensor<1>>,
    /// `c`, `[3 units]`; only where the reset comes after.
    pub recurrent_bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    reset: Reset,
    #[module(skip)]
    gates: Gates,
}

/// The states of a layer.
#[derive(Clone, Debug)]
pub struct States {
    /// Each at the frame that it was made at, `[batch, n_frames, units]`.
    pub sequence: Tensor<3>,
    /// After all frames, `[batch, units]`: at the last frame, or the first if frames were read in reverse.
    pub last: Tensor<2>,
}

impl States {
    #[cfg(any(feature = "flex", feature = "wgpu"))]
    fn of(sequence: Tensor<3>, direction: Direction) -> Self {
        let [batch, n_frames, units] = sequence.dims();
        let last = match direction {
            Direction::Forward => n_frames - 1,
            Direction::Reverse => 0,
        };
        Self { last: sequence.clone().slice(s![.., last, ..]).reshape([batch, units]), sequence }
    }
}

impl Gru {
    pub(crate) fn new(
        init: &Init<'_>,
        name: &str,
        config: &CrnnConfig,
        d_input: usize,
        units: usize,
    ) -> Self {
        let RecurrenceConfig { reset, gates, .. } = config.recurrence;
        let (kernel, recurrent) = (config.initial.kernel, config.initial.recurrent);
        let columns = 3 * units;
        Self {
            input: init.draw(kernel, &format!("{name}.input"), [d_input, columns], d_input, columns),
            recurrent: init.draw(recurrent, &format!("{name}.recurrent"), [units, columns], units, columns),
            input_bias: init.zeros(columns),
            recurrent_bias: (reset == Reset::After).then(|| init.zeros(columns)),
            reset,
            gates,
        }
    }

    /// States of `[batch, n_frames, d_input]`, from `initial` `[batch, units]` or zeros on, by the layers given.
    ///
    /// # Panics
    ///
    /// If there is no frame; and if the device is not one that the layers run on.
    #[must_use]
    pub fn forward(
        &self,
        layers: Layers,
        x: Tensor<3>,
        initial: Option<Tensor<2>>,
        direction: Direction,
    ) -> States {
        match layers {
            #[cfg(feature = "flex")]
            Layers::Fused(kernels) => {
                States::of(crate::fused::gru(kernels, self.kind(direction), x, initial, self), direction)
            }
            #[cfg(feature = "wgpu")]
            Layers::FusedGru if self.recurrent.dims()[0] <= crate::recurrence::MAX_UNITS => {
                let [batch, _, _] = x.dims();
                let [units, columns] = self.recurrent.dims();
                let device = x.device();
                let states = crate::recurrence::recurrence(
                    self.project(x),
                    initial.unwrap_or_else(|| Tensor::zeros([batch, units], &device)),
                    self.recurrent.val(),
                    match &self.recurrent_bias {
                        Some(bias) => bias.val(),
                        None => Tensor::zeros([columns], &device),
                    },
                    self.kind(direction),
                );
                States::of(states, direction)
            }
            _ => match direction {
                Direction::Forward => self.stock(x, initial),
                Direction::Reverse => {
                    let States { sequence, last } = self.stock(x.flip([1]), initial);
                    States { sequence: sequence.flip([1]), last }
                }
            },
        }
    }

    /// For the kernels.
    #[cfg(any(feature = "flex", feature = "wgpu"))]
    fn kind(&self, direction: Direction) -> crooner_kernels::GruKind {
        crooner_kernels::GruKind {
            reset: match self.reset {
                Reset::After => crooner_kernels::Reset::After,
                Reset::Before => crooner_kernels::Reset::Before,
            },
            gate: match self.gates {
                Gates::Sigmoid => crooner_kernels::Gate::Sigmoid,
                Gates::HardSigmoid => crooner_kernels::Gate::HardSigmoid,
            },
            direction,
            returns: crooner_kernels::Returns::All,
        }
    }

    /// What the inputs of all frames give the gates, `W x + b`: `[batch, n_frames, 3 units]`.
    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, n_frames, d_input] = x.dims();
        let [_, columns] = self.input.dims();
        let inputs = x.reshape([batch * n_frames, d_input]).matmul(self.input.val())
            + self.input_bias.val().unsqueeze();
        inputs.reshape([batch, n_frames, columns])
    }

    fn stock(&self, x: Tensor<3>, initial: Option<Tensor<2>>) -> States {
        let [batch, n_frames, _] = x.dims();
        let [units, columns] = self.recurrent.dims();
        let inputs = self.project(x);
        let recurrent = self.recurrent.val();
        let step = Step {
            gates: self.gates,
            recurrent: recurrent.clone(),
            to_gates: recurrent.clone().slice(s![.., ..2 * units]),
            to_candidate: recurrent.clone().slice(s![.., 2 * units..]),
            bias: self.recurrent_bias.as_ref().map(|bias| bias.val().unsqueeze()),
        };
        let mut h = initial
            .unwrap_or_else(|| Tensor::zeros([batch, units], (&recurrent.device(), recurrent.dtype())));
        let mut states = Vec::with_capacity(n_frames);
        for t in 0..n_frames {
            let i = inputs.clone().slice(s![.., t, ..]).reshape([batch, columns]);
            h = step.next(i, h);
            states.push(h.clone().unsqueeze_dim(1));
        }
        States { sequence: Tensor::cat(states, 1), last: h }
    }
}

/// One frame of a GRU, by burn's operations.
struct Step {
    gates: Gates,
    recurrent: Tensor<2>,
    /// Of `recurrent` the columns of r and z, and those of n.
    to_gates: Tensor<2>,
    to_candidate: Tensor<2>,
    /// Where the reset comes after.
    bias: Option<Tensor<2>>,
}

impl Step {
    /// The state after `h`, for projected inputs `i` `[batch, 3 units]`.
    fn next(&self, i: Tensor<2>, h: Tensor<2>) -> Tensor<2> {
        let [_, units] = h.dims();
        let (i_gates, i_n) = (i.clone().slice(s![.., ..2 * units]), i.slice(s![.., 2 * units..]));
        let split = |gates: Tensor<2>| {
            let gates = match self.gates {
                Gates::Sigmoid => sigmoid(gates),
                Gates::HardSigmoid => gates.mul_scalar(0.2).add_scalar(0.5).clamp(0.0, 1.0),
            };
            (gates.clone().slice(s![.., ..units]), gates.slice(s![.., units..]))
        };
        let (z, n) = match &self.bias {
            Some(bias) => {
                let u = h.clone().matmul(self.recurrent.clone()) + bias.clone();
                let (r, z) = split(i_gates + u.clone().slice(s![.., ..2 * units]));
                (z, tanh(i_n + r * u.slice(s![.., 2 * units..])))
            }
            None => {
                let (r, z) = split(i_gates + h.clone().matmul(self.to_gates.clone()));
                (z, tanh(i_n + (r * h.clone()).matmul(self.to_candidate.clone())))
            }
        };
        n.clone() + z * (h - n)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::Linear;
    use burn::nn::gru::{Gru as BurnGru, GruConfig};
    use burn::tensor::{Device, TensorData, Tolerance};

    use super::*;

    fn leaf<const D: usize>(tensor: Tensor<D>) -> Param<Tensor<D>> {
        Param::from_tensor(tensor.detach())
    }

    /// burn's own GRU with this one's weights.
    fn burn_gru(gru: &Gru, device: &Device) -> BurnGru {
        let [d_input, gates] = gru.input.dims();
        let units = gates / 3;
        let reset_after = gru.reset == Reset::After;
        let mut other = GruConfig::new(d_input, units, true).with_reset_after(reset_after).init(device);
        let part = |gate: usize, w: &Param<Tensor<2>>, b: Option<&Param<Tensor<1>>>| Linear {
            weight: leaf(w.val().slice(s![.., gate * units..(gate + 1) * units])),
            bias: Some(match b {
                Some(b) => leaf(b.val().slice(s![gate * units..(gate + 1) * units])),
                None => leaf(Tensor::zeros([units], device)),
            }),
        };
        for (gate, controller) in
            [&mut other.reset_gate, &mut other.update_gate, &mut other.new_gate].into_iter().enumerate()
        {
            controller.input_transform = part(gate, &gru.input, Some(&gru.input_bias));
            controller.hidden_transform = part(gate, &gru.recurrent, gru.recurrent_bias.as_ref());
        }
        other
    }

    fn ramp<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        let len = shape.iter().product::<usize>();
        let values: Vec<f32> = (0..len).map(|i| ((i * 37 % 101) as f32 / 50.0) - 1.0).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    fn config(text: &str) -> CrnnConfig {
        toml::from_str(&format!("blocks = []\ngru = []\n{text}")).unwrap()
    }

    #[test]
    fn equals_burns_gru_in_values_and_gradients() {
        for text in ["", "recurrence = { reset = \"before\" }"] {
            let device = Device::flex().autodiff();
            let mut gru = Gru::new(&Init { seed: 5, device: &device }, "gru", &config(text), 6, 4);
            gru.input_bias = Param::from_tensor(ramp([12], &device));
            if gru.recurrent_bias.is_some() {
                gru.recurrent_bias = Some(Param::from_tensor(ramp([12], &device).flip([0])));
            }
            let x = ramp([3, 7, 6], &device).require_grad();
            let start = ramp([3, 4], &device);

            for initial in [None, Some(start)] {
                let ours = gru.forward(Layers::Stock, x.clone(), initial.clone(), Direction::Forward);
                let theirs = burn_gru(&gru, &device).forward(x.clone(), initial);
                let weight = ramp([3, 7, 4], &device);
                let our_gradients = (ours.sequence.clone() * weight.clone()).sum().backward();
                let their_gradients = (theirs.clone() * weight).sum().backward();

                let tolerance = Tolerance::<f32>::absolute(1e-6);
                theirs.into_data().assert_approx_eq::<f32>(&ours.sequence.clone().into_data(), tolerance);
                x.grad(&their_gradients).unwrap().into_data().assert_approx_eq::<f32>(
                    &x.grad(&our_gradients).unwrap().into_data(),
                    Tolerance::absolute(1e-5),
                );
                let last = ours.sequence.slice(s![.., 6, ..]).reshape([3, 4]).into_data();
                last.assert_eq(&ours.last.into_data(), true);
            }
        }
    }

    #[test]
    fn hard_gates_are_lines_with_ends() {
        let device = Device::flex();
        let text = "recurrence = { reset = \"before\", gates = \"hard-sigmoid\" }";
        let gru = Gru::new(&Init { seed: 5, device: &device }, "gru", &config(text), 1, 1);
        let weights = |values: [f32; 3]| Param::from_tensor(Tensor::from_floats([values], &device));
        // r is out of the way at 1, n is tanh(x), z is the line.
        let gru = Gru {
            input: weights([0.0, 1.0, 1.0]),
            recurrent: weights([0.0, 0.0, 0.0]),
            input_bias: Param::from_tensor(Tensor::from_floats([3.0, 0.0, 0.0], &device)),
            ..gru
        };
        for (x, z) in [(0.0_f32, 0.5), (1.0, 0.7), (-2.4, 0.02), (-3.0, 0.0), (2.6, 1.0)] {
            let start = Tensor::from_floats([[0.25_f32]], &device);
            let frames = Tensor::from_floats([[[x]]], &device);
            let h =
                gru.forward(Layers::Stock, frames, Some(start), Direction::Forward).last.into_scalar::<f32>();
            let expected = (1.0 - z) * x.tanh() + z * 0.25;
            assert!((h - expected).abs() < 1e-6, "{x}: {h}, not {expected}");
        }
    }

    #[test]
    fn reverse_is_forward_of_the_mirrored_sequence() {
        let device = Device::flex();
        let gru = Gru::new(&Init { seed: 5, device: &device }, "gru", &config(""), 6, 4);
        let x: Tensor<3> = ramp([3, 7, 6], &device);
        let reverse = gru.forward(Layers::Stock, x.clone(), None, Direction::Reverse);
        let mirrored = gru.forward(Layers::Stock, x.flip([1]), None, Direction::Forward);
        reverse.last.into_data().assert_eq(&mirrored.last.clone().into_data(), true);
        let first = reverse.sequence.slice(s![.., 0, ..]).reshape([3, 4]);
        first.into_data().assert_eq(&mirrored.last.into_data(), true);
    }
}
