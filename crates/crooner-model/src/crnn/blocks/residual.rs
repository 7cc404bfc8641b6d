//! `residual`: a block that adds to its input (He et al. 2016, arXiv 1512.03385).

use burn::module::Module;

use super::{BlockKind, ConvBlock, Image, Part, drop_out, max_pool};
use crate::crnn::config::{Activation, BlockConfig, CrnnConfig, DropoutUnit, NormPosition};
use crate::dropout::{self, Mode};
use crate::init::Init;
use crate::layers::Layers;

/// `y = pool(F(x) + S(x))`, then dropout.
///
/// `F` is `convolutions` times convolution, activation and batch norm, in the order that `norm` says; `S` is `x` itself, or a
/// convolution of 1 x 1 where `x` has another number of channels.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// The layers of `F`.
    pub layers: Vec<ConvBlock>,
    /// The convolution of `S`, if there is one.
    pub shortcut: Option<ConvBlock>,
    pool: [usize; 2],
    dropout: f64,
    #[module(skip)]
    unit: DropoutUnit,
}

impl ResidualBlock {
    pub(super) fn new(
        init: &Init<'_>,
        path: &str,
        config: &CrnnConfig,
        block: &BlockConfig,
        channels: usize,
    ) -> Self {
        let plain = plain(block);
        let layers = (0..block.convolutions)
            .map(|i| {
                let channels = if i == 0 { channels } else { block.filters };
                ConvBlock::new(init, &format!("{path}.layers.{i}"), config, &plain, channels)
            })
            .collect();
        let shortcut = (channels != block.filters)
            .then(|| ConvBlock::new(init, &format!("{path}.shortcut"), config, &shortcut(block), channels));
        Self {
            layers,
            shortcut,
            pool: block.pool,
            dropout: block.dropout.unwrap_or(config.block_dropout),
            unit: config.block_dropout_unit,
        }
    }

    pub(super) fn parts(config: &CrnnConfig, block: &BlockConfig, channels: usize) -> Vec<Part> {
        let within = |path: String, block: &BlockConfig| {
            ConvBlock::parts(config, block, channels).into_iter().map(move |part| match part {
                Part::Convolution(name) => Part::Convolution(format!("{path}.{name}")),
                Part::Norm(name) => Part::Norm(format!("{path}.{name}")),
            })
        };
        let layers = (0..block.convolutions).flat_map(|i| within(format!("layers.{i}"), &plain(block)));
        let mut parts: Vec<Part> = layers.collect();
        if channels != block.filters {
            parts.extend(within("shortcut".to_owned(), &shortcut(block)));
        }
        parts
    }

    pub(super) fn forward(&self, layers: Layers, x: Image, mode: Mode, number: u64) -> Image {
        let along = |x: Image, layer: &ConvBlock| layer.forward(layers, x, mode, number);
        let sum = self.layers.iter().fold(x.clone(), along).channel_first()
            + self.shortcut.iter().fold(x, along).channel_first();
        let y = max_pool(sum, self.pool);
        Image::ChannelFirst(drop_out(y, self.unit, dropout::of(mode, number, self.dropout)))
    }
}

/// One layer of `F`.
fn plain(block: &BlockConfig) -> BlockConfig {
    BlockConfig { kind: BlockKind::Conv, convolutions: 1, pool: [1, 1], dropout: Some(0.0), ..*block }
}

fn shortcut(block: &BlockConfig) -> BlockConfig {
    BlockConfig {
        kernel: Some([1, 1]),
        activation: Some(Activation::Identity),
        norm: Some(NormPosition::None),
        ..plain(block)
    }
}
