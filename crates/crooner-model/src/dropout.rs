//! Dropout whose masks are a function of a seed: [`crooner_kernels::Dropout`], on every backend.

use burn::tensor::{Tensor, TensorData};
use crooner_kernels::Dropout;

/// How a forward pass treats dropout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No dropout.
    Inference,
    /// Masks drawn from `seed`; give every training step its own.
    Train {
        /// Seed of this step's masks.
        seed: u64,
    },
}

/// Dropout of layer number `layer` with probability `p`; `None` where nothing is dropped.
pub(crate) fn of(mode: Mode, layer: u64, p: f64) -> Option<Dropout> {
    match mode {
        Mode::Train { seed } if p > 0.0 => Some(Dropout::new(p, seed, layer)),
        Mode::Train { .. } | Mode::Inference => None,
    }
}

/// Drops elements of `x`, counted in its order.
pub(crate) fn dropout<const D: usize>(x: Tensor<D>, dropout: Option<Dropout>) -> Tensor<D> {
    match dropout {
        Some(dropout) => {
            let dims = x.dims();
            let mask = dropout.mask(dims.iter().product());
            x.clone() * Tensor::from_data(TensorData::new(mask, dims), &x.device())
        }
        None => x,
    }
}

/// Drops elements of images `[batch, channels, height, width]`, counted with the channels last.
pub(crate) fn dropout_images(x: Tensor<4>, dropout: Option<Dropout>) -> Tensor<4> {
    match dropout {
        Some(dropout) => {
            let [batch, channels, height, width] = x.dims();
            let mask = dropout.mask(batch * channels * height * width);
            let mask = TensorData::new(mask, [batch, height, width, channels]);
            x.clone() * Tensor::from_data(mask, &x.device()).permute([0, 3, 1, 2])
        }
        None => x,
    }
}

/// Drops whole channels of images `[batch, channels, height, width]`.
pub(crate) fn dropout_channels(x: Tensor<4>, dropout: Option<Dropout>) -> Tensor<4> {
    match dropout {
        Some(dropout) => {
            let [batch, channels, ..] = x.dims();
            let mask = TensorData::new(dropout.mask(batch * channels), [batch, channels, 1, 1]);
            x.clone() * Tensor::from_data(mask, &x.device())
        }
        None => x,
    }
}
