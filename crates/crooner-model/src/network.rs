//! The registry of networks: one variant here and one in [`ModelConfig`] for each.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::layers::{Layers, together};
use crate::{Crnn, Input, Mode, ModelConfig, ModelError};

/// A network of any kind, built from a [`ModelConfig`].
#[derive(Module, Debug)]
pub enum Network {
    /// Convolutional recurrent network.
    Crnn(Crnn),
}

impl ModelConfig {
    /// Builds the network on `device` with initial weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`ModelError`] if the configuration is out of range or does not fit `input`.
    pub fn init(&self, input: Input, seed: u64, device: &Device) -> Result<Network, ModelError> {
        match self {
            Self::Crnn(config) => Ok(Network::Crnn(Crnn::new(config, input, seed, device)?)),
        }
    }
}

impl Network {
    /// `[batch, n_mels, n_frames]` in dB to logits `[batch, n_classes]`.
    ///
    /// # Panics
    ///
    /// If `n_mels` differs from the network's, or `n_frames` is below [`ModelConfig::min_frames`].
    pub fn forward(&self, mel: Tensor<3>, mode: Mode) -> Tensor<2> {
        together(&mel.device(), || match self {
            Self::Crnn(network) => network.forward(mel, mode),
        })
    }

    /// `[batch, n_mels, n_frames]` in dB to embeddings `[batch, width]`: what the last layer tells classes apart by.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn embed(&self, mel: Tensor<3>) -> Tensor<2> {
        together(&mel.device(), || match self {
            Self::Crnn(network) => network.embed(mel),
        })
    }

    /// [`forward`](Self::forward) by the layers given.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward); and if the layers are fused and the device is not flex.
    pub fn forward_by(&self, layers: Layers, mel: Tensor<3>, mode: Mode) -> Tensor<2> {
        match self {
            Self::Crnn(network) => network.forward_by(layers, mel, mode),
        }
    }
}
