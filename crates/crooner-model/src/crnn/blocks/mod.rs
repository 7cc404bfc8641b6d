//! The kinds of blocks: a file for each, and a line of the registry below.

use burn::module::Module;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::Tensor;
use crooner_kernels::Dropout;
use serde::{Deserialize, Serialize};

use crate::crnn::config::{BlockConfig, CrnnConfig, DropoutUnit};
use crate::dropout::{self, Mode};
use crate::init::Init;
use crate::layers::Layers;

mod conv;
mod residual;

pub use conv::ConvBlock;
pub use residual::ResidualBlock;

/// A kind of block is a module with `new`, `forward` and `parts`; the first one is the default.
macro_rules! registry {
    ($(#[doc = $first_doc:literal])+ $first:ident: $first_block:ident, $($(#[doc = $doc:literal])+ $kind:ident: $block:ident,)*) => {
        /// `blocks[].kind`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum BlockKind {
            $(#[doc = $first_doc])+
            #[default]
            $first,
            $($(#[doc = $doc])+ $kind,)*
        }

        /// A block of any kind.
        #[derive(Module, Debug)]
        pub enum Block {
            $(#[doc = $first_doc])+
            $first($first_block),
            $($(#[doc = $doc])+ $kind($block),)*
        }

        impl Block {
            /// `path` is where it stands in the network, `channels` what it reads.
            pub(super) fn new(
                init: &Init<'_>,
                path: &str,
                config: &CrnnConfig,
                block: &BlockConfig,
                channels: usize,
            ) -> Self {
                match block.kind {
                    BlockKind::$first => Self::$first($first_block::new(init, path, config, block, channels)),
                    $(BlockKind::$kind => Self::$kind($block::new(init, path, config, block, channels)),)*
                }
            }

            /// Computes the block; `number` tells its dropout masks from those of other layers.
            pub(super) fn forward(&self, layers: Layers, x: Image, mode: Mode, number: u64) -> Image {
                match self {
                    Self::$first(block) => block.forward(layers, x, mode, number),
                    $(Self::$kind(block) => block.forward(layers, x, mode, number),)*
                }
            }

            /// The layers of a block that reads `channels`, as Keras would count them.
            pub(crate) fn parts(config: &CrnnConfig, block: &BlockConfig, channels: usize) -> Vec<Part> {
                match block.kind {
                    BlockKind::$first => $first_block::parts(config, block, channels),
                    $(BlockKind::$kind => $block::parts(config, block, channels),)*
                }
            }
        }
    };
}

registry! {
    /// Convolutions with nothing between them, activation and batch norm.
    Conv: ConvBlock,
    /// Convolutions with activation and batch norm each, added to the block's input.
    Residual: ResidualBlock,
}

/// A layer with weights, by its path within the block.
pub(crate) enum Part {
    Convolution(String),
    Norm(String),
}

/// Images in the layout that the layers at hand like best.
#[derive(Clone, Debug)]
pub(in crate::crnn) enum Image {
    /// `[batch, channels, bands, frames]`.
    ChannelFirst(Tensor<4>),
    /// `[batch, bands, frames, channels]`.
    #[cfg_attr(not(feature = "flex"), expect(dead_code, reason = "the CPU's kernels make it"))]
    ChannelLast(Tensor<4>),
}

impl Image {
    /// One channel: `[batch, bands, frames]`.
    pub(in crate::crnn) fn of(mel: Tensor<3>) -> Self {
        let [batch, bands, frames] = mel.dims();
        Self::ChannelFirst(mel.reshape([batch, 1, bands, frames]))
    }

    pub(in crate::crnn) fn channel_first(self) -> Tensor<4> {
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
    pub(in crate::crnn) fn sequence(self) -> Tensor<3> {
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

fn max_pool(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    MaxPool2dConfig::new(size).with_strides(size).init().forward(x)
}

fn drop_out(x: Tensor<4>, unit: DropoutUnit, dropout: Option<Dropout>) -> Tensor<4> {
    match unit {
        DropoutUnit::Element => dropout::dropout_images(x, dropout),
        DropoutUnit::Channel => dropout::dropout_channels(x, dropout),
    }
}
