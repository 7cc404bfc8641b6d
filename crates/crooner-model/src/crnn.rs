//! The convolutional recurrent network of Nasrullah & Zhao (2019), arXiv 1901.04555, figure 2.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use crooner_kernels::Dropout;

use crate::dropout::{self, Mode};
use crate::gru::Gru;
use crate::init::Init;
use crate::layers::Layers;
use crate::{BlockConfig, CrnnConfig, Input, ModelError};

/// Conv blocks -> permute/reshape -> GRU -> dense.
///
/// ```text
/// [batch, n_mels, n_frames]                      log-mel slice, dB
///   batch norm over the mel bands
///   blocks of conv -> ELU -> batch norm -> max pool -> dropout
/// [batch, filters, bands, frames]
///   permute, reshape: each frame's bands and filters become one vector
/// [batch, frames, bands * filters]
///   GRU layers; the last one's last state
/// [batch, units]
///   dropout, dense
/// [batch, n_classes]                             logits
/// ```
#[derive(Module, Debug)]
pub struct Crnn {
    /// Batch norm of the mel bands.
    pub input_norm: BatchNorm,
    /// Conv blocks, first to last.
    pub blocks: Vec<ConvBlock>,
    /// GRU layers, first to last.
    pub gru: Vec<Gru>,
    /// Dense layer to the classes.
    pub head: Linear,
    head_dropout: f64,
}

/// Convolution -> ELU -> batch norm -> max pool -> dropout.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// Convolution that keeps the size.
    pub conv: Conv2d,
    /// Batch norm of the channels.
    pub norm: BatchNorm,
    pool: [usize; 2],
    dropout: f64,
}

impl Crnn {
    /// Builds the network on `device` with initial weights drawn from `seed`: kernels Glorot
    /// uniform, recurrent kernels orthogonal, biases zero (the defaults of Keras, which the paper
    /// used).
    ///
    /// # Errors
    ///
    /// [`ModelError`] if `config` is out of range or does not fit `input`.
    pub fn new(config: &CrnnConfig, input: Input, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate_for(input)?;
        let init = Init { seed, device };
        let channels = std::iter::once(1).chain(config.blocks.iter().map(|block| block.filters));
        let blocks = config.blocks.iter().zip(channels).enumerate();
        let blocks: Vec<_> =
            blocks.map(|(i, (block, c))| ConvBlock::new(&init, i, config, block, c)).collect();

        let filters = config.blocks.last().map_or(1, |block| block.filters);
        let widths =
            std::iter::once(config.pooled_bands(input.n_mels) * filters).chain(config.gru.iter().copied());
        let gru = config.gru.iter().zip(widths).enumerate();
        let gru =
            gru.map(|(i, (&units, d_input))| Gru::new(&init, &format!("gru.{i}"), d_input, units)).collect();

        let units = config.gru.last().copied().unwrap_or_default();
        let head = Linear {
            weight: init.glorot_uniform("head.weight", [units, input.n_classes], units, input.n_classes),
            bias: Some(init.zeros(input.n_classes)),
        };
        let input_norm = batch_norm(config, input.n_mels, device);
        Ok(Self { input_norm, blocks, gru, head, head_dropout: config.head_dropout })
    }

    /// `[batch, n_mels, n_frames]` in dB to logits `[batch, n_classes]`, by the [`Layers`] of its device.
    ///
    /// # Panics
    ///
    /// If `n_mels` differs from the network's, or `n_frames` is below
    /// [`CrnnConfig::min_frames`]; on flex, if [`crooner_kernels::VARIABLE`] names no kernels.
    pub fn forward(&self, mel: Tensor<3>, mode: Mode) -> Tensor<2> {
        let layers = Layers::of(&mel.device());
        self.forward_by(layers, mel, mode)
    }

    /// [`forward`](Self::forward) by the layers given: which changes the rounding and the time it takes, and nothing
    /// else.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward); and if the layers are fused and the device is not flex.
    pub fn forward_by(&self, layers: Layers, mel: Tensor<3>, mode: Mode) -> Tensor<2> {
        let x = self.input_norm.forward(mel);
        let [batch, bands, frames] = x.dims();
        let mut number = 0;
        let mut sequence: Tensor<3> = match layers {
            Layers::Stock => {
                let mut x = x.reshape([batch, 1, bands, frames]);
                for block in &self.blocks {
                    x = block.forward(x, dropout::of(mode, number, block.dropout));
                    number += 1;
                }
                let [batch, channels, bands, frames] = x.dims();
                x.permute([0, 3, 2, 1]).reshape([batch, frames, bands * channels])
            }
            #[cfg(feature = "flex")]
            Layers::Fused(kernels) => {
                let mut x = x.reshape([batch, bands, frames, 1]);
                for block in &self.blocks {
                    let dropout = dropout::of(mode, number, block.dropout);
                    let kind = crate::fused::BlockKind {
                        activation: crooner_kernels::Activation::Elu,
                        order: crooner_kernels::Order::ActivationFirst,
                        pool: block.pool,
                    };
                    x = crate::fused::conv_block(kernels, x, &block.conv, Some(&block.norm), kind, dropout);
                    number += 1;
                }
                let [batch, bands, frames, channels] = x.dims();
                x.permute([0, 2, 1, 3]).reshape([batch, frames, bands * channels])
            }
        };
        let Some((last, sequences)) = self.gru.split_last() else {
            unreachable!("a CRNN is only built with at least one GRU layer")
        };
        for gru in sequences {
            sequence = gru.forward_by(layers, sequence);
        }
        let state = last.forward_last_by(layers, sequence);
        let state = dropout::dropout(state, dropout::of(mode, number, self.head_dropout));
        self.head.forward(state)
    }
}

impl ConvBlock {
    fn new(init: &Init<'_>, index: usize, config: &CrnnConfig, block: &BlockConfig, channels: usize) -> Self {
        let BlockConfig { filters, pool } = *block;
        let [rows, columns] = config.kernel;
        let mut conv = Conv2dConfig::new([channels, filters], config.kernel)
            .with_padding(PaddingConfig2d::Same)
            .init(init.device);
        let taps = rows * columns;
        let shape = [filters, channels, rows, columns];
        let name = format!("blocks.{index}.conv.weight");
        conv.weight = init.glorot_uniform(&name, shape, channels * taps, filters * taps);
        conv.bias = Some(init.zeros(filters));
        Self { conv, norm: batch_norm(config, filters, init.device), pool, dropout: config.block_dropout }
    }

    fn forward(&self, x: Tensor<4>, dropout: Option<Dropout>) -> Tensor<4> {
        let x = self.norm.forward(elu(self.conv.forward(x)));
        let pool = MaxPool2dConfig::new(self.pool).with_strides(self.pool).init();
        dropout::dropout_images(pool.forward(x), dropout)
    }
}

/// `x` where positive, `exp(x) - 1` elsewhere.
///
/// Composed so that no branch overflows: burn's own ELU evaluates `exp` on both sides and gives
/// NaN gradients for large inputs.
fn elu(x: Tensor<4>) -> Tensor<4> {
    relu(x.clone()) + x.clamp_max(0.0).exp().sub_scalar(1.0)
}

fn batch_norm(config: &CrnnConfig, features: usize, device: &Device) -> BatchNorm {
    let norm = config.batch_norm;
    // burn's momentum is the share of the new statistic.
    BatchNormConfig::new(features).with_epsilon(norm.epsilon).with_momentum(1.0 - norm.momentum).init(device)
}
