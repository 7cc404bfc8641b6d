//! The convolutional recurrent network of Nasrullah & Zhao (2019), arXiv 1901.04555, figure 2, and its family.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::{Device, Tensor};

use crate::dropout::{self, Mode};
use crate::gru::{Direction, Gru, States};
use crate::init::Init;
use crate::layers::Layers;
use crate::{Input, ModelError};

pub mod blocks;
pub mod config;
mod input;
pub(crate) mod summary;

pub use blocks::Block;
use blocks::Image;
use config::{CrnnConfig, InitialState, InputConfig, Summary};
pub use summary::Attention;

/// Conv blocks -> permute/reshape -> GRU -> summary -> dense.
///
/// ```text
/// [batch, n_mels, n_frames]                      log-mel slice, dB
///   standardisation, padding, batch norm         InputConfig
///   blocks of convolutions -> activation, batch norm -> max pool -> dropout, or of another kind
/// [batch, filters, bands, frames]
///   permute, reshape: each frame's bands and filters become one vector
/// [batch, frames, bands * filters]
///   GRU layers
/// [batch, frames, units]                         twice the units where bidirectional
///   summary over time: the last state, ...
/// [batch, units]                                 frames * units where flattened
///   dropout, dense
/// [batch, n_classes]                             logits
/// ```
#[derive(Module, Debug)]
pub struct Crnn {
    /// Batch norm of the input, if there is one.
    pub input_norm: Option<BatchNorm>,
    /// Blocks, first to last.
    pub blocks: Vec<Block>,
    /// GRU layers, first to last.
    pub gru: Vec<Gru>,
    /// Their counterparts that read backwards; none, or one each.
    pub gru_backwards: Vec<Gru>,
    /// Where states are summed up by attention.
    pub attention: Option<Attention>,
    /// Dense layer to the classes.
    pub head: Linear,
    head_dropout: f64,
    #[module(skip)]
    setting: Setting,
}

/// What of a network is no number.
#[derive(Clone, Copy, Debug)]
struct Setting {
    input: InputConfig,
    initial_state: InitialState,
    summary: Summary,
}

/// What a network computes on its way, for [`Crnn::forward_watched`].
#[derive(Clone, Debug)]
pub enum Stage {
    /// The slices as the first block gets them, `[batch, n_mels, frames]`.
    Input(Tensor<3>),
    /// What the block of this number gives, `[batch, filters, bands, frames]`.
    Block(usize, Tensor<4>),
    /// The states of the GRU layer of this number, `[batch, frames, units]`.
    Gru(usize, Tensor<3>),
    /// What the dense layer gets, before dropout: an embedding of the slices, `[batch, width]`.
    Summary(Tensor<2>),
}

impl Crnn {
    /// Builds the network on `device` with initial weights drawn from `seed`, as [`CrnnConfig::initial`] says, and
    /// biases zero.
    ///
    /// # Errors
    ///
    /// [`ModelError`] if `config` is out of range or does not fit `input`.
    pub fn new(config: &CrnnConfig, input: Input, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate_for(input)?;
        let init = Init { seed, device };
        let blocks = config.blocks_with_channels().enumerate();
        let blocks = blocks
            .map(|(i, (block, channels))| Block::new(&init, &format!("blocks.{i}"), config, block, channels));
        let blocks: Vec<_> = blocks.collect();

        let filters = config.blocks.last().map_or(1, |block| block.filters);
        let states = config.gru.iter().map(|units| units * config.directions());
        let widths: Vec<usize> =
            std::iter::once(config.pooled_bands(input.n_mels) * filters).chain(states).collect();
        let layers = |name: &str| -> Vec<Gru> {
            let layers = config.gru.iter().zip(&widths).enumerate();
            layers.map(|(i, (&n, &d))| Gru::new(&init, &format!("{name}.{i}"), config, d, n)).collect()
        };
        let (gru, gru_backwards) = (layers("gru"), layers("gru_backwards"));
        let gru_backwards = if config.recurrence.bidirectional { gru_backwards } else { Vec::new() };

        let states = widths.last().copied().unwrap_or_default();
        let attention = (config.summary == Summary::Attention).then(|| Attention::new(&init, config, states));
        let width = summary::width(config.summary, config.pooled_frames(input.n_frames), states);
        let classes = input.n_classes;
        let head = Linear {
            weight: init.draw(config.initial.kernel, "head.weight", [width, classes], width, classes),
            bias: Some(init.zeros(classes)),
        };
        let setting = Setting {
            input: config.input,
            initial_state: config.recurrence.initial_state,
            summary: config.summary,
        };
        let input_norm = input::norm(&init, config, input);
        let head_dropout = config.head_dropout;
        Ok(Self { input_norm, blocks, gru, gru_backwards, attention, head, head_dropout, setting })
    }

    /// `[batch, n_mels, n_frames]` in dB to logits `[batch, n_classes]`, by the [`Layers`] of its device.
    ///
    /// # Panics
    ///
    /// If `n_mels` differs from the network's, `n_frames` is below [`CrnnConfig::min_frames`], or differs from the
    /// network's where [`CrnnConfig::fixes_frames`]; on flex, if [`crooner_kernels::VARIABLE`] names no kernels.
    pub fn forward(&self, mel: Tensor<3>, mode: Mode) -> Tensor<2> {
        let layers = Layers::of(&mel.device());
        self.forward_by(layers, mel, mode)
    }

    /// `[batch, n_mels, n_frames]` in dB to what the dense layer gets, `[batch, width]`: slices that sound alike to the
    /// network have similar embeddings, also of classes that it was not trained on.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn embed(&self, mel: Tensor<3>) -> Tensor<2> {
        let mel = input::prepare(self.setting.input, self.input_norm.as_ref(), mel);
        self.summary(Layers::of(&mel.device()), mel, Mode::Inference, &mut |_| {})
    }

    /// [`forward`](Self::forward) by the layers given: which changes the rounding and the time it takes, and nothing
    /// else.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward); and if the layers are fused and the device is not flex.
    pub fn forward_by(&self, layers: Layers, mel: Tensor<3>, mode: Mode) -> Tensor<2> {
        self.forward_watched(layers, mel, mode, |_| {})
    }

    /// [`forward_by`](Self::forward_by), showing `watch` what each part gives.
    ///
    /// # Panics
    ///
    /// As [`forward_by`](Self::forward_by).
    pub fn forward_watched(
        &self,
        layers: Layers,
        mel: Tensor<3>,
        mode: Mode,
        mut watch: impl FnMut(Stage),
    ) -> Tensor<2> {
        let mel = input::prepare(self.setting.input, self.input_norm.as_ref(), mel);
        watch(Stage::Input(mel.clone()));
        let summary = self.summary(layers, mel, mode, &mut watch);
        watch(Stage::Summary(summary.clone()));
        let number = self.blocks.len() as u64;
        let summary = dropout::dropout(summary, dropout::of(mode, number, self.head_dropout));
        self.head.forward(summary)
    }

    /// What the dense layer gets, of slices as the first block gets them.
    fn summary(
        &self,
        layers: Layers,
        mel: Tensor<3>,
        mode: Mode,
        watch: &mut impl FnMut(Stage),
    ) -> Tensor<2> {
        let mut image = Image::of(mel);
        for (i, block) in self.blocks.iter().enumerate() {
            image = block.forward(layers, image, mode, i as u64);
            watch(Stage::Block(i, image.clone().channel_first()));
        }
        let states = self.states(layers, image.sequence(), watch);
        summary::summarise(self.setting.summary, self.attention.as_ref(), states)
    }

    /// The states of the last GRU layer.
    fn states(&self, layers: Layers, mut sequence: Tensor<3>, watch: &mut impl FnMut(Stage)) -> States {
        let (mut last, mut last_backwards) = (None, None);
        for (i, gru) in self.gru.iter().enumerate() {
            let start = |last: &Option<Tensor<2>>| {
                last.clone().filter(|_| self.setting.initial_state == InitialState::Previous)
            };
            let forwards = gru.forward(layers, sequence.clone(), start(&last), Direction::Forward);
            sequence = match self.gru_backwards.get(i) {
                None => forwards.sequence,
                Some(gru) => {
                    let backwards = gru.forward(layers, sequence, start(&last_backwards), Direction::Reverse);
                    last_backwards = Some(backwards.last);
                    Tensor::cat(vec![forwards.sequence, backwards.sequence], 2)
                }
            };
            last = Some(forwards.last);
            watch(Stage::Gru(i, sequence.clone()));
        }
        let last: Vec<Tensor<2>> = [last, last_backwards].into_iter().flatten().collect();
        States { sequence, last: Tensor::cat(last, 1) }
    }
}

fn batch_norm(config: &CrnnConfig, features: usize, device: &Device) -> BatchNorm {
    let norm = config.batch_norm;
    // burn's momentum is the share of the new statistic.
    BatchNormConfig::new(features).with_epsilon(norm.epsilon).with_momentum(1.0 - norm.momentum).init(device)
}
