//! From the states of the last GRU layer to one vector a slice.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::{softmax, tanh};

use crate::crnn::config::{CrnnConfig, Summary};
use crate::gru::States;
use crate::init::Init;

/// Which states matter: `a = softmax_t(v . tanh(W h_t + b))` (Bahdanau et al. 2015).
#[derive(Module, Debug)]
pub struct Attention {
    /// `W` and `b`, `[width, width]` and `[width]`.
    pub score: Linear,
    /// `v`, `[width, 1]`.
    pub vector: Param<Tensor<2>>,
}

impl Attention {
    pub(super) fn new(init: &Init<'_>, config: &CrnnConfig, width: usize) -> Self {
        let kernel = config.initial.kernel;
        let weight = init.draw(kernel, "attention.score.weight", [width, width], width, width);
        let vector = init.draw(kernel, "attention.vector", [width, 1], width, 1);
        Self { score: Linear { weight, bias: Some(init.zeros(width)) }, vector }
    }

    /// `[batch, n_frames, width]` to `[batch, width]`.
    fn forward(&self, states: Tensor<3>) -> Tensor<2> {
        let [batch, n_frames, width] = states.dims();
        let flat: Tensor<2> = states.clone().reshape([batch * n_frames, width]);
        let scores = tanh(self.score.forward(flat)).matmul(self.vector.val());
        let weights = softmax(scores.reshape([batch, n_frames]), 1);
        (states * weights.reshape([batch, n_frames, 1])).sum_dim(1).reshape([batch, width])
    }
}

/// Values of a summary of `n_frames` states of `width` values.
pub(super) fn width(summary: Summary, n_frames: usize, width: usize) -> usize {
    match summary {
        Summary::Last | Summary::Mean | Summary::Max | Summary::Attention => width,
        Summary::Flatten => n_frames * width,
    }
}

/// `[batch, n_frames, width]` to `[batch, ..]`.
pub(super) fn summarise(summary: Summary, attention: Option<&Attention>, states: States) -> Tensor<2> {
    let [batch, n_frames, width] = states.sequence.dims();
    match (summary, attention) {
        (Summary::Last, _) => states.last,
        (Summary::Max, _) => states.sequence.max_dim(1).reshape([batch, width]),
        (Summary::Flatten, _) => states.sequence.reshape([batch, n_frames * width]),
        (Summary::Attention, Some(attention)) => attention.forward(states.sequence),
        (Summary::Attention, None) => unreachable!("a network with this summary is built with attention"),
        (Summary::Mean, _) => states.sequence.mean_dim(1).reshape([batch, width]),
    }
}
