//! `conv`: the block of Nasrullah & Zhao (2019) and of the published networks.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, PaddingConfig2d};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu};
#[cfg(feature = "flex")]
use crooner_kernels::Dropout;
#[cfg(feature = "flex")]
use crooner_kernels::{Kernels, MOST_POOLED, Order};

use super::{Image, Part, drop_out, max_pool};
use crate::crnn::batch_norm;
use crate::crnn::config::{Activation, BlockConfig, CrnnConfig, DropoutUnit, NormPosition};
use crate::dropout::{self, Mode};
use crate::init::Init;
use crate::layers::Layers;
use crate::norm::normalise;

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

impl ConvBlock {
    /// `path` is where it stands in the network, `channels` what it reads.
    pub(super) fn new(
        init: &Init<'_>,
        path: &str,
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
            let name = format!("{path}.{name}.weight");
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

    /// Its layers, as Keras would count them.
    pub(super) fn parts(config: &CrnnConfig, block: &BlockConfig, _channels: usize) -> Vec<Part> {
        let further = (0..block.convolutions - 1).map(|i| Part::Convolution(format!("further.{i}")));
        let mut parts: Vec<Part> =
            std::iter::once(Part::Convolution("conv".to_owned())).chain(further).collect();
        if block.norm.unwrap_or(config.norm) != NormPosition::None {
            parts.push(Part::Norm("norm".to_owned()));
        }
        parts
    }

    /// Computes the block; `number` tells its dropout masks from those of other layers.
    pub(super) fn forward(&self, layers: Layers, x: Image, mode: Mode, number: u64) -> Image {
        let drop = dropout::of(mode, number, self.dropout);
        match layers {
            #[cfg(feature = "flex")]
            Layers::Fused(kernels) => self.fused(kernels, x.channel_last(), drop),
            _ => {
                let y = max_pool(self.stock(x.channel_first()), self.pool);
                Image::ChannelFirst(drop_out(y, self.setting.unit, drop))
            }
        }
    }

    /// By burn's layers, up to the pool.
    fn stock(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.further.iter().fold(self.conv.forward(x), |x, conv| conv.forward(x));
        let norm = |x: Tensor<4>| match &self.norm {
            Some(norm) => normalise(norm, x),
            None => x,
        };
        match self.setting.norm {
            NormPosition::BeforeActivation => activate(self.setting.activation, norm(x)),
            NormPosition::AfterActivation | NormPosition::None => norm(activate(self.setting.activation, x)),
        }
    }

    /// By the kernels, of `[batch, bands, frames, channels]`. burn does what they do not: pools of more than
    /// [`MOST_POOLED`] values, and dropout after those or of whole channels.
    #[cfg(feature = "flex")]
    fn fused(&self, kernels: Kernels, x: Tensor<4>, drop: Option<Dropout>) -> Image {
        use crate::fused::{BlockKind, conv_block};
        let plain = |x: Tensor<4>, conv: &Conv2d| {
            let activation = crooner_kernels::Activation::Identity;
            let kind = BlockKind { activation, order: Order::Unnormalised, pool: [1, 1] };
            conv_block(kernels, x, conv, None, kind, None)
        };
        let (last, x) = match self.further.split_last() {
            None => (&self.conv, x),
            Some((last, between)) => (last, between.iter().fold(plain(x, &self.conv), plain)),
        };
        let pools = self.pool[0] * self.pool[1] <= MOST_POOLED;
        let drops = pools && self.setting.unit == DropoutUnit::Element;
        let kind = BlockKind {
            activation: kernel_activation(self.setting.activation),
            order: match self.setting.norm {
                NormPosition::AfterActivation => Order::ActivationFirst,
                NormPosition::BeforeActivation => Order::NormFirst,
                NormPosition::None => Order::Unnormalised,
            },
            pool: if pools { self.pool } else { [1, 1] },
        };
        let y = conv_block(kernels, x, last, self.norm.as_ref(), kind, drop.filter(|_| drops));
        let y = Image::ChannelLast(y);
        let y = if pools { y } else { Image::ChannelFirst(max_pool(y.channel_first(), self.pool)) };
        if drops || drop.is_none() {
            return y;
        }
        Image::ChannelFirst(drop_out(y.channel_first(), self.setting.unit, drop))
    }
}

#[cfg(feature = "flex")]
fn kernel_activation(activation: Activation) -> crooner_kernels::Activation {
    match activation {
        Activation::Elu => crooner_kernels::Activation::Elu,
        Activation::Relu => crooner_kernels::Activation::Relu,
        Activation::Gelu => crooner_kernels::Activation::Gelu,
        Activation::Identity => crooner_kernels::Activation::Identity,
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
