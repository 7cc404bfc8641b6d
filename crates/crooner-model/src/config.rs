//! What a network is made of. Plain data: read from TOML, checked once, then built.

use serde::{Deserialize, Serialize};

/// Which network, with its sizes. Externally tagged: `[model.crnn]` in TOML.
///
/// A new network is one variant here, one in [`Network`](crate::Network) and one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ModelConfig {
    /// Convolutional recurrent network, [`Crnn`](crate::Crnn).
    Crnn(CrnnConfig),
}

impl ModelConfig {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`ModelError::OutOfRange`] naming the key, the allowed range and what was found.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self {
            Self::Crnn(config) => config.validate(),
        }
    }

    /// The fewest frames a slice may have: what the pools over time leave at least one frame of.
    #[must_use]
    pub fn min_frames(&self) -> usize {
        match self {
            Self::Crnn(config) => config.min_frames(),
        }
    }
}

/// The sizes that the data, not the architecture, decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Mel bands of a slice.
    pub n_mels: usize,
    /// Artists to tell apart.
    pub n_classes: usize,
}

/// A CRNN: conv blocks, GRU layers, dense.
///
/// The defaults are those of Nasrullah & Zhao (2019), section III, except the blocks and the GRU
/// layers, which have none and must be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrnnConfig {
    /// Conv blocks, from the spectrogram on. At least one.
    pub blocks: Vec<BlockConfig>,
    /// Units of each GRU layer; all but the last pass their whole sequence on. At least one.
    pub gru: Vec<usize>,
    /// Convolution kernel `[frequency, time]`, odd, with zero padding that keeps the size.
    #[serde(default = "default_kernel")]
    pub kernel: [usize; 2],
    /// Share of activations dropped after every block, `0 <= p < 1`.
    #[serde(default = "default_block_dropout")]
    pub block_dropout: f64,
    /// Share of activations dropped before the dense layer, `0 <= p < 1`.
    #[serde(default = "default_head_dropout")]
    pub head_dropout: f64,
    /// Batch normalisation of the input bands and of every block.
    #[serde(default)]
    pub batch_norm: BatchNormConfig,
}

/// One block: convolution -> ELU -> batch norm -> max pool -> dropout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockConfig {
    /// Output channels, at least one.
    pub filters: usize,
    /// Max pool `[frequency, time]`, stride equal to its size, remainder dropped.
    pub pool: [usize; 2],
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

fn default_kernel() -> [usize; 2] {
    [3, 3]
}

fn default_block_dropout() -> f64 {
    0.1
}

fn default_head_dropout() -> f64 {
    0.3
}

impl CrnnConfig {
    /// See [`ModelConfig::validate`].
    ///
    /// # Errors
    ///
    /// [`ModelError::OutOfRange`].
    pub fn validate(&self) -> Result<(), ModelError> {
        let check = |ok: bool, key: &str, expected: &'static str, found: String| {
            if ok { Ok(()) } else { Err(ModelError::OutOfRange { key: key.to_owned(), expected, found }) }
        };
        check(!self.blocks.is_empty(), "model.crnn.blocks", "at least one block", "none".into())?;
        for (i, block) in self.blocks.iter().enumerate() {
            let key = |name: &str| format!("model.crnn.blocks[{i}].{name}");
            check(block.filters >= 1, &key("filters"), "at least 1", block.filters.to_string())?;
            let pool = block.pool;
            check(
                pool.iter().all(|&p| p >= 1),
                &key("pool"),
                "two sizes of at least 1",
                format!("{pool:?}"),
            )?;
        }
        check(!self.gru.is_empty(), "model.crnn.gru", "at least one layer", "none".into())?;
        check(
            self.gru.iter().all(|&n| n >= 1),
            "model.crnn.gru",
            "at least 1 unit a layer",
            format!("{:?}", self.gru),
        )?;
        let odd = self.kernel.iter().all(|k| k % 2 == 1);
        check(odd, "model.crnn.kernel", "two odd sizes", format!("{:?}", self.kernel))?;
        for (key, p) in
            [("model.crnn.block_dropout", self.block_dropout), ("model.crnn.head_dropout", self.head_dropout)]
        {
            check((0.0..1.0).contains(&p), key, "a share of at least 0 and below 1", p.to_string())?;
        }
        let BatchNormConfig { momentum, epsilon } = self.batch_norm;
        let key = "model.crnn.batch_norm.momentum";
        check(
            (0.0..1.0).contains(&momentum),
            key,
            "a share of at least 0 and below 1",
            momentum.to_string(),
        )?;
        let positive = epsilon > 0.0 && epsilon.is_finite();
        check(positive, "model.crnn.batch_norm.epsilon", "a positive number", epsilon.to_string())
    }

    /// See [`ModelConfig::min_frames`].
    #[must_use]
    pub fn min_frames(&self) -> usize {
        self.blocks.iter().map(|block| block.pool[1]).product()
    }

    /// Bands left after every pool over frequency.
    pub(crate) fn pooled_bands(&self, n_mels: usize) -> usize {
        self.blocks.iter().fold(n_mels, |bands, block| bands / block.pool[0])
    }

    /// [`validate`](Self::validate), and that the network can read such an input.
    pub(crate) fn validate_for(&self, input: Input) -> Result<(), ModelError> {
        self.validate()?;
        if self.pooled_bands(input.n_mels) == 0 {
            let needed = self.blocks.iter().map(|block| block.pool[0]).product();
            return Err(ModelError::TooFewBands { needed, n_mels: input.n_mels });
        }
        if input.n_classes < 2 {
            return Err(ModelError::TooFewClasses { found: input.n_classes });
        }
        Ok(())
    }
}

/// What is wrong with a model's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A value outside its range.
    #[error("{key}: expected {expected}, found {found}")]
    OutOfRange {
        /// Path of the key in the experiment's TOML.
        key: String,
        /// The allowed range.
        expected: &'static str,
        /// The value given.
        found: String,
    },
    /// The pools over frequency leave no band.
    #[error(
        "the pools of model.crnn.blocks divide the bands by {needed}, but there are only {n_mels} mel bands"
    )]
    TooFewBands {
        /// Bands that would leave one.
        needed: usize,
        /// Bands there are.
        n_mels: usize,
    },
    /// Nothing to tell apart.
    #[error("a classifier needs at least 2 classes, found {found}")]
    TooFewClasses {
        /// Classes given.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn every_bad_value_is_named_with_its_key() {
        type Spoil = fn(&mut CrnnConfig);
        let cases: [(&str, Spoil); 8] = [
            ("model.crnn.blocks: expected at least one block, found none", |c| c.blocks.clear()),
            ("model.crnn.blocks[1].filters: expected at least 1, found 0", |c| c.blocks[1].filters = 0),
            ("model.crnn.blocks[0].pool: expected two sizes of at least 1, found [0, 2]", |c| {
                c.blocks[0].pool[0] = 0;
            }),
            ("model.crnn.gru: expected at least one layer, found none", |c| c.gru.clear()),
            ("model.crnn.kernel: expected two odd sizes, found [3, 4]", |c| c.kernel = [3, 4]),
            ("model.crnn.block_dropout: expected a share of at least 0 and below 1, found 1", |c| {
                c.block_dropout = 1.0;
            }),
            ("model.crnn.batch_norm.momentum: expected a share of at least 0 and below 1, found -0.5", |c| {
                c.batch_norm.momentum = -0.5;
            }),
            ("model.crnn.batch_norm.epsilon: expected a positive number, found NaN", |c| {
                c.batch_norm.epsilon = f64::NAN;
            }),
        ];
        for (message, spoil) in cases {
            let mut config = config();
            spoil(&mut config);
            assert_eq!(config.validate().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn input_that_does_not_fit_is_refused() {
        let few_bands = config().validate_for(Input { n_mels: 7, n_classes: 2 }).unwrap_err();
        assert_eq!(few_bands, ModelError::TooFewBands { needed: 8, n_mels: 7 });
        let one_class = config().validate_for(Input { n_mels: 8, n_classes: 1 }).unwrap_err();
        assert_eq!(one_class, ModelError::TooFewClasses { found: 1 });
    }

    #[test]
    fn unknown_keys_are_errors() {
        let error = toml::from_str::<ModelConfig>("[crnn]\nblocks = []\ngru = []\ndropuot = 1").unwrap_err();
        assert!(error.message().contains("unknown field `dropuot`"), "{error}");
    }
}
