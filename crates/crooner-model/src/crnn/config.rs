//! `[model.crnn]`: every setting of the CRNN, and its range.

use serde::{Deserialize, Serialize};

use crate::crnn::blocks::BlockKind;
use crate::{Input, ModelError, Output};

/// A CRNN: input norm, conv blocks, GRU layers, summary over time, dense.
///
/// The defaults are those of Nasrullah & Zhao (2019), section III, with today's GRU, except the blocks and the GRU
/// layers, which have none and must be given. Settings left at a default that is newer than version 0.1 are not
/// written, so that older files keep their spelling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrnnConfig {
    /// Conv blocks, from the spectrogram on. At least one.
    pub blocks: Vec<BlockConfig>,
    /// Units of each GRU layer; each passes its whole sequence on. At least one.
    pub gru: Vec<usize>,
    /// Convolution kernel `[frequency, time]`, odd, with zero padding that keeps the size.
    #[serde(default = "default_kernel")]
    pub kernel: [usize; 2],
    /// What follows the convolutions of a block.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activation: Activation,
    /// Where batch normalisation stands in a block.
    #[serde(default, skip_serializing_if = "is_default")]
    pub norm: NormPosition,
    /// Share of activations dropped after every block, `0 <= p < 1`.
    #[serde(default = "default_block_dropout")]
    pub block_dropout: f64,
    /// What is dropped as one in the blocks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub block_dropout_unit: DropoutUnit,
    /// What becomes of the sequence.
    #[serde(default, skip_serializing_if = "is_default")]
    pub summary: Summary,
    /// Share of activations dropped before the dense layer, `0 <= p < 1`.
    #[serde(default = "default_head_dropout")]
    pub head_dropout: f64,
    /// What the logits mean.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: Output,
    /// Batch normalisation of the input and of every block.
    #[serde(default)]
    pub batch_norm: BatchNormConfig,
    /// What happens to the spectrogram before the first block.
    #[serde(default, skip_serializing_if = "is_default")]
    pub input: InputConfig,
    /// Which kind of GRU.
    #[serde(default, skip_serializing_if = "is_default")]
    pub recurrence: RecurrenceConfig,
    /// How initial weights are drawn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub initial: InitialConfig,
}

/// One block: convolutions -> activation and batch norm, in either order -> max pool -> dropout, or of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockConfig {
    /// How the layers are put together.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: BlockKind,
    /// Output channels, at least one.
    pub filters: usize,
    /// Max pool `[frequency, time]`, stride equal to its size, remainder dropped.
    pub pool: [usize; 2],
    /// Convolutions, at least one. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub convolutions: usize,
    /// Convolution kernel, if not [`CrnnConfig::kernel`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<[usize; 2]>,
    /// Activation, if not [`CrnnConfig::activation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// Where batch normalisation stands, if not [`CrnnConfig::norm`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<NormPosition>,
    /// Share dropped, if not [`CrnnConfig::block_dropout`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `x` where positive, `exp(x) - 1` elsewhere.
    #[default]
    Elu,
    /// `x` where positive, 0 elsewhere.
    Relu,
    /// `x Phi(x)` with `Phi` the standard normal's distribution function.
    Gelu,
    /// `x`.
    Identity,
}

/// Where a block's batch normalisation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormPosition {
    /// Convolution, activation, normalisation: Nasrullah & Zhao (2019).
    #[default]
    AfterActivation,
    /// Convolution, normalisation, activation: Choi et al. (2016).
    BeforeActivation,
    /// Nowhere.
    None,
}

/// What dropout drops as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropoutUnit {
    /// Each activation on its own.
    #[default]
    Element,
    /// Whole channels: PyTorch's `Dropout2d`.
    Channel,
}

/// What becomes of the GRU's states `h_1 ... h_T`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Summary {
    /// The last state; of a backward layer the one that has read the whole sequence.
    #[default]
    Last,
    /// Their mean.
    Mean,
    /// The largest of each unit.
    Max,
    /// `sum_t a_t h_t` with `a = softmax_t(v . tanh(W h_t + b))` (Bahdanau et al. 2015).
    Attention,
    /// All of them, one after the other: slices must have the length that the network was built for.
    Flatten,
}

/// Batch normalisation: `y = gamma (x - mean) / sqrt(var + epsilon) + beta`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchNormConfig {
    /// Share of the old running statistic kept at each step (Keras' meaning), `0 <= m < 1`.
    pub momentum: f64,
    /// Added to the variance, positive.
    pub epsilon: f64,
}

impl Default for BatchNormConfig {
    /// Keras' defaults, which the paper used: momentum 0.99, epsilon 1e-3.
    fn default() -> Self {
        Self { momentum: 0.99, epsilon: 1e-3 }
    }
}

/// `[model.crnn.input]`: in this order, before the first block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputConfig {
    /// Whether each slice has its own mean taken off and is divided by its own standard deviation. Default: no.
    pub standardise: bool,
    /// Frames of zeros put before the first and after the last frame. Default: 0.
    pub pad_frames: usize,
    /// What batch normalisation has statistics for.
    pub norm: InputNorm,
}

/// What the input's batch normalisation has a mean and a variance for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputNorm {
    /// Each mel band.
    #[default]
    Bands,
    /// Each frame of a slice, padding included: slices must have the length that the network was built for.
    Frames,
    /// The whole picture.
    Picture,
    /// Nothing: there is none.
    None,
}

/// `[model.crnn.recurrence]`: which kind of GRU; the formulas are [`Gru`](crate::Gru)'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecurrenceConfig {
    /// Whether the state is reset after or before its product with the recurrent weights.
    pub reset: Reset,
    /// What the gates r and z are passed through.
    pub gates: Gates,
    /// Whether a second GRU reads every layer's input backwards, its states put beside the first one's.
    pub bidirectional: bool,
    /// Where a layer's state starts.
    pub initial_state: InitialState,
}

/// When the reset gate acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// After the recurrent product, with a bias of its own: PyTorch, cuDNN, Keras since 2.3.
    #[default]
    After,
    /// Before the recurrent product: Cho et al. (2014), Keras up to 2.2.
    Before,
}

/// What the gates r and z are passed through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gates {
    /// `1 / (1 + exp(-x))`.
    #[default]
    Sigmoid,
    /// `min(max(0.2 x + 0.5, 0), 1)`: Keras 1 and 2.
    HardSigmoid,
}

/// Where a layer's state starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialState {
    /// At zero.
    #[default]
    Zeros,
    /// The first layer's at zero, every other one's at the last state of the layer before. Their units must agree.
    Previous,
}

/// `[model.crnn.initial]`: how initial weights are drawn; biases start at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitialConfig {
    /// Convolutions, the GRUs' input weights, dense layers.
    pub kernel: Initialiser,
    /// The GRUs' recurrent weights.
    pub recurrent: Initialiser,
}

impl Default for InitialConfig {
    /// Keras' defaults, which the paper used.
    fn default() -> Self {
        Self { kernel: Initialiser::GlorotUniform, recurrent: Initialiser::Orthogonal }
    }
}

/// A distribution of initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialiser {
    /// Uniform in `+-sqrt(6 / (fan_in + fan_out))` (Glorot & Bengio 2010).
    GlorotUniform,
    /// Uniform in `+-sqrt(6 / fan_in)` (He et al. 2015).
    HeUniform,
    /// Orthonormal rows, or columns where there are fewer of them (Saxe et al. 2013).
    Orthogonal,
}

fn default_kernel() -> [usize; 2] {
    [3, 3]
}

fn default_block_dropout() -> f64 {
    0.1
}

fn default_head_dropout() -> f64 {
    0.3
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_one(value: &usize) -> bool {
    *value == 1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn check(
    ok: bool,
    key: &str,
    expected: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), ModelError> {
    let error = || ModelError::OutOfRange { key: format!("model.crnn.{key}"), expected, found: found() };
    if ok { Ok(()) } else { Err(error()) }
}

fn check_share(key: &str, p: f64) -> Result<(), ModelError> {
    check((0.0..1.0).contains(&p), key, "a share of at least 0 and below 1", || p.to_string())
}

fn check_kernel(key: &str, kernel: [usize; 2]) -> Result<(), ModelError> {
    check(kernel.iter().all(|k| k % 2 == 1), key, "two odd sizes", || format!("{kernel:?}"))
}

impl CrnnConfig {
    /// See [`ModelConfig::validate`](crate::ModelConfig::validate).
    ///
    /// # Errors
    ///
    /// [`ModelError::OutOfRange`].
    pub fn validate(&self) -> Result<(), ModelError> {
        check(!self.blocks.is_empty(), "blocks", "at least one block", || "none".into())?;
        for (i, block) in self.blocks.iter().enumerate() {
            block.validate(i)?;
        }
        check(!self.gru.is_empty(), "gru", "at least one layer", || "none".into())?;
        let units = || format!("{:?}", self.gru);
        check(self.gru.iter().all(|&n| n >= 1), "gru", "at least 1 unit a layer", units)?;
        let alike = self.gru.windows(2).all(|pair| pair[0] == pair[1]);
        let starts_anew = self.recurrence.initial_state == InitialState::Zeros;
        let expected = "layers of equal size, because recurrence.initial_state is \"previous\"";
        check(starts_anew || alike, "gru", expected, units)?;
        check_kernel("kernel", self.kernel)?;
        check_share("block_dropout", self.block_dropout)?;
        check_share("head_dropout", self.head_dropout)?;
        let BatchNormConfig { momentum, epsilon } = self.batch_norm;
        check_share("batch_norm.momentum", momentum)?;
        let positive = epsilon > 0.0 && epsilon.is_finite();
        check(positive, "batch_norm.epsilon", "a positive number", || epsilon.to_string())
    }

    /// See [`ModelConfig::min_frames`](crate::ModelConfig::min_frames).
    #[must_use]
    pub fn min_frames(&self) -> usize {
        let product = self.blocks.iter().fold(1_usize, |n, block| n.saturating_mul(block.pool[1]));
        product.saturating_sub(2 * self.input.pad_frames).max(1)
    }

    /// See [`ModelConfig::fixes_frames`](crate::ModelConfig::fixes_frames).
    #[must_use]
    pub fn fixes_frames(&self) -> bool {
        self.input.norm == InputNorm::Frames || self.summary == Summary::Flatten
    }

    /// Frames of a slice with its padding.
    pub(crate) fn padded_frames(&self, n_frames: usize) -> usize {
        n_frames + 2 * self.input.pad_frames
    }

    /// Frames left after every pool over time, of a slice of `n_frames`.
    pub(crate) fn pooled_frames(&self, n_frames: usize) -> usize {
        self.blocks.iter().fold(self.padded_frames(n_frames), |frames, block| frames / block.pool[1])
    }

    /// Bands left after every pool over frequency.
    pub(crate) fn pooled_bands(&self, n_mels: usize) -> usize {
        self.blocks.iter().fold(n_mels, |bands, block| bands / block.pool[0])
    }

    /// Each block, and how many channels it reads.
    pub(crate) fn blocks_with_channels(&self) -> impl Iterator<Item = (&BlockConfig, usize)> {
        self.blocks.iter().zip(std::iter::once(1).chain(self.blocks.iter().map(|block| block.filters)))
    }

    /// GRUs that read a layer's input: one in each direction.
    pub(crate) fn directions(&self) -> usize {
        if self.recurrence.bidirectional { 2 } else { 1 }
    }

    /// [`validate`](Self::validate), and that the network can read such an input.
    pub(crate) fn validate_for(&self, input: Input) -> Result<(), ModelError> {
        self.validate()?;
        if self.pooled_bands(input.n_mels) == 0 {
            let needed = self.blocks.iter().map(|block| block.pool[0]).product();
            return Err(ModelError::TooFewBands { needed, n_mels: input.n_mels });
        }
        if self.pooled_frames(input.n_frames) == 0 {
            return Err(ModelError::TooFewFrames { needed: self.min_frames(), n_frames: input.n_frames });
        }
        if input.n_classes < 2 {
            return Err(ModelError::TooFewClasses { found: input.n_classes });
        }
        Ok(())
    }
}

impl BlockConfig {
    fn validate(&self, index: usize) -> Result<(), ModelError> {
        let key = |name: &str| format!("blocks[{index}].{name}");
        let Self { filters, pool, convolutions, .. } = *self;
        check(filters >= 1, &key("filters"), "at least 1", || filters.to_string())?;
        let sizes = pool.iter().all(|&p| p >= 1);
        check(sizes, &key("pool"), "two sizes of at least 1", || format!("{pool:?}"))?;
        check(convolutions >= 1, &key("convolutions"), "at least 1", || convolutions.to_string())?;
        self.kernel.map_or(Ok(()), |kernel| check_kernel(&key("kernel"), kernel))?;
        self.dropout.map_or(Ok(()), |p| check_share(&key("dropout"), p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelConfig;

    const INPUT: Input = Input { n_mels: 16, n_frames: 32, n_classes: 2 };

    fn config() -> CrnnConfig {
        toml::from_str("blocks = [{ filters = 4, pool = [2, 2] }, { filters = 8, pool = [4, 2] }]\ngru = [8]")
            .unwrap()
    }

    #[test]
    fn defaults_are_the_papers() {
        let config = config();
        assert_eq!((config.kernel, config.block_dropout, config.head_dropout), ([3, 3], 0.1, 0.3));
        assert_eq!(config.batch_norm, BatchNormConfig { momentum: 0.99, epsilon: 1e-3 });
        assert_eq!(config.min_frames(), 4);
        assert_eq!(config.pooled_bands(128), 16);
    }

    #[test]
    fn defaults_newer_than_the_first_version_are_not_written() {
        let text = toml::to_string(&config()).unwrap();
        let keys: Vec<_> =
            text.lines().filter_map(|line| line.split_once(" = ")).map(|pair| pair.0).collect();
        let old = ["gru", "kernel", "block_dropout", "head_dropout"];
        let blocks = ["filters", "pool", "filters", "pool"];
        let mut expected: Vec<_> = old.into_iter().chain(blocks).chain(["momentum", "epsilon"]).collect();
        let mut found = keys;
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_bad_value_is_named_with_its_key() {
        type Spoil = fn(&mut CrnnConfig);
        let cases: [(&str, Spoil); 12] = [
            ("blocks: expected at least one block, found none", |c| c.blocks.clear()),
            ("blocks[1].filters: expected at least 1, found 0", |c| {
                c.blocks[1].filters = 0;
            }),
            ("blocks[0].pool: expected two sizes of at least 1, found [0, 2]", |c| {
                c.blocks[0].pool[0] = 0;
            }),
            ("blocks[0].convolutions: expected at least 1, found 0", |c| {
                c.blocks[0].convolutions = 0;
            }),
            ("blocks[0].kernel: expected two odd sizes, found [2, 3]", |c| {
                c.blocks[0].kernel = Some([2, 3]);
            }),
            ("blocks[1].dropout: expected a share of at least 0 and below 1, found -1", |c| {
                c.blocks[1].dropout = Some(-1.0);
            }),
            ("gru: expected at least one layer, found none", |c| c.gru.clear()),
            (
                "gru: expected layers of equal size, because recurrence.initial_state is \"previous\", found [8, 4]",
                |c| {
                    c.gru.push(4);
                    c.recurrence.initial_state = InitialState::Previous;
                },
            ),
            ("kernel: expected two odd sizes, found [3, 4]", |c| {
                c.kernel = [3, 4];
            }),
            ("block_dropout: expected a share of at least 0 and below 1, found 1", |c| {
                c.block_dropout = 1.0;
            }),
            ("batch_norm.momentum: expected a share of at least 0 and below 1, found -0.5", |c| {
                c.batch_norm.momentum = -0.5;
            }),
            ("batch_norm.epsilon: expected a positive number, found NaN", |c| {
                c.batch_norm.epsilon = f64::NAN;
            }),
        ];
        for (message, spoil) in cases {
            let mut config = config();
            spoil(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), format!("model.crnn.{message}"));
        }
    }

    #[test]
    fn input_that_does_not_fit_is_refused() {
        let few_bands = config().validate_for(Input { n_mels: 7, ..INPUT }).unwrap_err();
        assert_eq!(few_bands, ModelError::TooFewBands { needed: 8, n_mels: 7 });
        let few_frames = config().validate_for(Input { n_frames: 3, ..INPUT }).unwrap_err();
        assert_eq!(few_frames, ModelError::TooFewFrames { needed: 4, n_frames: 3 });
        let one_class = config().validate_for(Input { n_classes: 1, ..INPUT }).unwrap_err();
        assert_eq!(one_class, ModelError::TooFewClasses { found: 1 });
    }

    #[test]
    fn unknown_keys_are_errors() {
        let error = toml::from_str::<ModelConfig>("[crnn]\nblocks = []\ngru = []\ndropuot = 1").unwrap_err();
        assert!(error.message().contains("unknown field `dropuot`"), "{error}");
    }
}
