//! Gated recurrent unit, with its three gates in one matrix.

use burn::module::{Module, Param};
use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Tensor, s};

use crate::init::Init;
use crate::layers::Layers;

/// Gated recurrent unit (Cho et al. 2014) that resets after the recurrent product, as PyTorch's
/// `torch.nn.GRU` and Keras' `reset_after=True` do:
///
/// ```text
/// r_t = sigmoid(W_r x_t + b_r + U_r h_{t-1} + c_r)
/// z_t = sigmoid(W_z x_t + b_z + U_z h_{t-1} + c_z)
/// n_t =    tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + c_n))
/// h_t = (1 - z_t) * n_t + z_t * h_{t-1},        h_0 = 0
/// ```
///
/// The gates lie side by side in the order r, z, n, so that the input of all frames takes one
/// matrix product, and each step of the recurrence one more.
#[derive(Module, Debug)]
pub struct Gru {
    /// `W`, `[d_input, 3 units]`.
    pub input: Param<Tensor<2>>,
    /// `U`, `[units, 3 units]`.
    pub recurrent: Param<Tensor<2>>,
    /// `b`, `[3 units]`.
    pub input_bias: Param<Tensor<1>>,
    /// `c`, `[3 units]`.
    pub recurrent_bias: Param<Tensor<1>>,
}

impl Gru {
    pub(crate) fn new(init: &Init<'_>, name: &str, d_input: usize, units: usize) -> Self {
        Self {
            input: init.glorot_uniform(&format!("{name}.input"), [d_input, 3 * units], d_input, 3 * units),
            recurrent: init.orthogonal(&format!("{name}.recurrent"), units, 3 * units),
            input_bias: init.zeros(3 * units),
            recurrent_bias: init.zeros(3 * units),
        }
    }

    /// States after every frame: `[batch, n_frames, d_input]` to `[batch, n_frames, units]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let states = self.states(x).into_iter().map(|h| h.unsqueeze_dim(1)).collect();
        Tensor::cat(states, 1)
    }

    /// State after the last frame: `[batch, n_frames, d_input]` to `[batch, units]`.
    ///
    /// # Panics
    ///
    /// If there is no frame.
    pub fn forward_last(&self, x: Tensor<3>) -> Tensor<2> {
        #[expect(
            clippy::expect_used,
            reason = "documented panic: a sequence without a frame has no last state"
        )]
        self.states(x).pop().expect("at least one frame")
    }

    /// [`forward`](Self::forward) by the layers given.
    pub(crate) fn forward_by(&self, layers: Layers, x: Tensor<3>) -> Tensor<3> {
        match layers {
            Layers::Stock => self.forward(x),
            #[cfg(feature = "flex")]
            Layers::Fused(kernels) => {
                crate::fused::gru(kernels, crooner_kernels::GruKind::default(), x, None, self)
            }
        }
    }

    /// [`forward_last`](Self::forward_last) by the layers given.
    pub(crate) fn forward_last_by(&self, layers: Layers, x: Tensor<3>) -> Tensor<2> {
        match layers {
            Layers::Stock => self.forward_last(x),
            #[cfg(feature = "flex")]
            Layers::Fused(kernels) => {
                let returns = crooner_kernels::Returns::Last;
                let kind = crooner_kernels::GruKind { returns, ..Default::default() };
                crate::fused::gru(kernels, kind, x, None, self).squeeze_dim(1)
            }
        }
    }

    fn states(&self, x: Tensor<3>) -> Vec<Tensor<2>> {
        let [batch, n_frames, d_input] = x.dims();
        let [units, gates] = self.recurrent.dims();
        let inputs = x.reshape([batch * n_frames, d_input]).matmul(self.input.val())
            + self.input_bias.val().unsqueeze();
        let inputs = inputs.reshape([batch, n_frames, gates]);
        let recurrent = self.recurrent.val();
        let bias: Tensor<2> = self.recurrent_bias.val().unsqueeze();

        let mut h = Tensor::zeros([batch, units], &recurrent.device());
        let mut states = Vec::with_capacity(n_frames);
        for t in 0..n_frames {
            let i = inputs.clone().slice(s![.., t, ..]).reshape([batch, gates]);
            let u = h.clone().matmul(recurrent.clone()) + bias.clone();
            let rz = sigmoid(i.clone().slice(s![.., ..2 * units]) + u.clone().slice(s![.., ..2 * units]));
            let r = rz.clone().slice(s![.., ..units]);
            let z = rz.slice(s![.., units..]);
            let n = tanh(i.slice(s![.., 2 * units..]) + r * u.slice(s![.., 2 * units..]));
            h = n.clone() + z * (h - n);
            states.push(h.clone());
        }
        states
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
        let mut other = GruConfig::new(d_input, units, true).with_reset_after(true).init(device);
        let part = |gate: usize, w: &Param<Tensor<2>>, b: &Param<Tensor<1>>| Linear {
            weight: leaf(w.val().slice(s![.., gate * units..(gate + 1) * units])),
            bias: Some(leaf(b.val().slice(s![gate * units..(gate + 1) * units]))),
        };
        for (gate, controller) in
            [&mut other.reset_gate, &mut other.update_gate, &mut other.new_gate].into_iter().enumerate()
        {
            controller.input_transform = part(gate, &gru.input, &gru.input_bias);
            controller.hidden_transform = part(gate, &gru.recurrent, &gru.recurrent_bias);
        }
        other
    }

    fn ramp<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        let len = shape.iter().product::<usize>();
        let values: Vec<f32> = (0..len).map(|i| ((i * 37 % 101) as f32 / 50.0) - 1.0).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    #[test]
    fn equals_burns_gru_in_values_and_gradients() {
        let device = Device::flex().autodiff();
        let mut gru = Gru::new(&Init { seed: 5, device: &device }, "gru", 6, 4);
        gru.input_bias = Param::from_tensor(ramp([12], &device));
        gru.recurrent_bias = Param::from_tensor(ramp([12], &device).flip([0]));
        let x = ramp([3, 7, 6], &device).require_grad();

        let ours = gru.forward(x.clone());
        let theirs = burn_gru(&gru, &device).forward(x.clone(), None);
        let weight = ramp([3, 7, 4], &device);
        let our_gradients = (ours.clone() * weight.clone()).sum().backward();
        let their_gradients = (theirs.clone() * weight).sum().backward();

        let tolerance = Tolerance::<f32>::absolute(1e-6);
        theirs.into_data().assert_approx_eq::<f32>(&ours.clone().into_data(), tolerance);
        x.grad(&their_gradients)
            .unwrap()
            .into_data()
            .assert_approx_eq::<f32>(&x.grad(&our_gradients).unwrap().into_data(), Tolerance::absolute(1e-5));
        let last = gru.forward_last(x).into_data();
        last.assert_eq(&ours.slice(s![.., 6, ..]).reshape([3, 4]).into_data(), true);
    }
}
