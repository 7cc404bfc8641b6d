//! A conv block, the one kind there is. Another kind is a file like this one.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{BatchNorm, PaddingConfig2d};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu};

use super::batch_norm;
use crate::crnn::config::{Activation, BlockConfig, CrnnConfig, DropoutUnit, NormPosition};
use crate::dropout::{self, Mode};
use crate::init::Init;
use crate::layers::Layers;

/// Convolutions with nothing between them -> activation and batch norm, in either order -> max pool -> dropout.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// Convolution that keeps the size.
    pub conv: Conv2d,
    /// Convolutions that follow it.
    pub further: Vec<Conv2d>,
    /// Batch norm of the channels, if there is one.
    pub norm: Option<BatchNorm>,
    pool: [usize; 2],
    dropout: f64,
    #[module(skip)]
    setting: Setting,
}

/// What of a block is no number.
#[derive(Clone, Copy, Debug)]
struct Setting {
    activation: Activation,
    norm: NormPosition,
    unit: DropoutUnit,
}

/// Images in the layout that the layers at hand like best.
#[derive(Clone, Debug)]
pub(super) enum Image {
    /// `[batch, channels, bands, frames]`.
    ChannelFirst(Tensor<4>),
    /// `[batch, bands, frames, channels]`.
    ChannelLast(Tensor<4>),
}

impl Image {
    /// One channel: `[batch, bands, frames]`.
    pub(super) fn of(mel: Tensor<3>) -> Self {
        let [batch, bands, frames] = mel.dims();
        Self::ChannelFirst(mel.reshape([batch, 1, bands, frames]))
    }

    pub(super) fn channel_first(self) -> Tensor<4> {
        match self {
            Self::ChannelFirst(x) => x,
            Self::ChannelLast(x) => x.permute([0, 3, 1, 2]),
        }
    }

    #[cfg(feature = "flex")]
    fn channel_last(self) -> Tensor<4> {
        match self {
            Self::ChannelFirst(x) => {
                let [batch, channels, bands, frames] = x.dims();
                if channels == 1 { x.reshape([batch, bands, frames, 1]) } else { x.permute([0, 2, 3, 1]) }
            }
            Self::ChannelLast(x) => x,
        }
    }

    /// Each frame's bands and channels as one vector: `[batch, frames, bands * channels]`.
    pub(super) fn sequence(self) -> Tensor<3> {
        match self {
            Self::ChannelFirst(x) => {
                let [batch, channels, bands, frames] = x.dims();
                x.permute([0, 3, 2, 1]).reshape([batch, frames, bands * channels])
            }
            Self::ChannelLast(x) => {
                let [batch, bands, frames, channels] = x.dims();
                x.permute([0, 2, 1, 3]).reshape([batch, frames, bands * channels])
            }
        }
    }
}

impl ConvBlock {
    pub(super) fn new(
        init: &Init<'_>,
        index: usize,
        config: &CrnnConfig,
        block: &BlockConfig,
        channels: usize,
    ) -> Self {
        let filters = block.filters;
        let kernel = block.kernel.unwrap_or(config.kernel);
        let conv = |name: &str, channels: usize| {
            let [rows, columns] = kernel;
            let mut conv = Conv2dConfig::new([channels, filters], kernel)
                .with_padding(PaddingConfig2d::Same)
                .init(init.device);
            let taps = rows * columns;
            let shape = [filters, channels, rows, columns];
            let name = format!("blocks.{index}.{name}.weight");
            conv.weight = init.draw(config.initial.kernel, &name, shape, channels * taps, filters * taps);
            conv.bias = Some(init.zeros(filters));
            conv
        };
        let further = (0..block.convolutions - 1).map(|i| conv(&format!("further.{i}"), filters)).collect();
        let setting = Setting {
            activation: block.activation.unwrap_or(config.activation),
            norm: block.norm.unwrap_or(config.norm),
            unit: config.block_dropout_unit,
        };
        let norm = (setting.norm != NormPosition::None).then(|| batch_norm(config, filters, init.device));
        let dropout = block.dropout.unwrap_or(config.block_dropout);
        Self { conv: conv("conv", channels), further, norm, pool: block.pool, dropout, setting }
    }

    /// Computes the block; `number` tells its dropout masks from those of other layers.
    pub(super) fn forward(&self, layers: Layers, x: Image, mode: Mode, number: u64) -> Image {
        let drop = dropout::of(mode, number, self.dropout);
        match layers {
            #[cfg(feature = "flex")]
            Layers::Fused(kernels) if self.is_fusible() => {
                let plain = |x: Tensor<4>, conv: &Conv2d| crate::fused::convolution(kernels, x, conv);
                let x = x.channel_last();
                let (last, x) = match self.further.split_last() {
                    None => (&self.conv, x),
                    Some((last, between)) => (last, between.iter().fold(plain(x, &self.conv), plain)),
                };
                let elements = drop.filter(|_| self.setting.unit == DropoutUnit::Element);
                let block = crate::fused::Block {
                    conv: last,
                    norm: self.norm.as_ref(),
                    activation: self.setting.activation,
                    norm_first: self.setting.norm == NormPosition::BeforeActivation,
                    pool: self.pool,
                    dropout: elements,
                };
                let y = crate::fused::conv_block(kernels, x, &block);
                if self.setting.unit == DropoutUnit::Element {
                    return Image::ChannelLast(y);
                }
                Image::ChannelFirst(dropout::dropout_channels(Image::ChannelLast(y).channel_first(), drop))
            }
            _ => {
                let y = self.stock(x.channel_first());
                Image::ChannelFirst(match self.setting.unit {
                    DropoutUnit::Element => dropout::dropout_images(y, drop),
                    DropoutUnit::Channel => dropout::dropout_channels(y, drop),
                })
            }
        }
    }

    /// Whether the fused kernels can express it.
    #[cfg(feature = "flex")]
    fn is_fusible(&self) -> bool {
        let kernels = std::iter::once(&self.conv).chain(&self.further).map(|conv| conv.kernel_size);
        let pool = self.pool[0] * self.pool[1];
        kernels.into_iter().all(|kernel| kernel == [3, 3])
            && pool <= 256
            && crate::fused::knows(self.setting.activation)
    }

    /// By burn's layers, up to the pool.
    fn stock(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.further.iter().fold(self.conv.forward(x), |x, conv| conv.forward(x));
        let norm = |x: Tensor<4>| match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let x = match self.setting.norm {
            NormPosition::BeforeActivation => activate(self.setting.activation, norm(x)),
            NormPosition::AfterActivation | NormPosition::None => norm(activate(self.setting.activation, x)),
        };
        MaxPool2dConfig::new(self.pool).with_strides(self.pool).init().forward(x)
    }
}

fn activate(activation: Activation, x: Tensor<4>) -> Tensor<4> {
    match activation {
        // Composed so that no branch overflows: burn's own ELU evaluates `exp` on both sides and gives NaN
        // gradients for large inputs.
        Activation::Elu => relu(x.clone()) + x.clamp_max(0.0).exp().sub_scalar(1.0),
        Activation::Relu => relu(x),
        Activation::Gelu => gelu(x),
        Activation::Identity => x,
    }
}
