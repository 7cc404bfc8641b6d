//! Weights of other programs: their names and layouts, and which of this crate's tensors they are.
//!
//! A dialect is a table of names; a configuration says how many blocks and layers to fill in.

use std::collections::{BTreeMap, BTreeSet};

use crate::NamedTensor;
use crate::crnn::config::{CrnnConfig, InputNorm, NormPosition};

/// Whose names and layouts a file of weights has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `CRNN2D_elu2` of Hsieh et al. (2020), PyTorch: `Bn0`, `Conv1`, `Conv1_1`, `gru1`, `linear1`.
    Hsieh,
    /// `CRNN` of Won et al. (2020), PyTorch: `spec_bn`, `layer1.conv`, `layer5`, `dense`.
    Won,
    /// `MusicTaggerCRNN` of Choi et al. (2016), Keras 1 on Theano. Kernels are those of a true convolution, and
    /// `running_std` holds standard deviations, as Keras up to 1.0.6 stored them: `sqrt(var + 1e-6)`.
    Choi,
    /// The same file as Keras from 1.0.7 on reads it: `running_std` taken as a variance.
    ChoiAsPublished,
}

/// What becomes of a tensor on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Same,
    /// `[out, in]` to `[in, out]`.
    Transposed,
    /// Kernels turned by 180 degrees.
    Turned,
    /// Gates r, z, n side by side, from three tensors.
    Gates,
    /// `(deviation + 1e-6)^2 - epsilon`: the variance that gives the divisor `deviation + 1e-6`.
    Deviation,
}

struct Rule {
    ours: String,
    theirs: Vec<String>,
    how: How,
}

fn rule(ours: String, theirs: impl Into<String>, how: How) -> Rule {
    Rule { ours, theirs: vec![theirs.into()], how }
}

/// Why tensors are not those of a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Tensors that the network needs.
    #[error("the weights lack {}", .names.join(", "))]
    Missing {
        /// By the dialect's names.
        names: Vec<String>,
    },
    /// Tensors that belong nowhere.
    #[error("the network has no place for {}", .names.join(", "))]
    Unknown {
        /// As the file has them.
        names: Vec<String>,
    },
    /// Parts of one tensor that do not fit each other.
    #[error("{name}: expected {expected}, found shape {found:?}")]
    Shape {
        /// As the file has it.
        name: String,
        /// The kind of tensor.
        expected: &'static str,
        /// Its sizes.
        found: Vec<usize>,
    },
}

/// The tensors of a network of `config`, named and laid out as
/// [`Network::with_weights`](crate::Network::with_weights) takes them.
///
/// # Errors
///
/// [`ImportError`] naming what is missing, what is left, or what has another number of dimensions.
pub fn import(
    dialect: Dialect,
    config: &CrnnConfig,
    tensors: Vec<NamedTensor>,
) -> Result<Vec<NamedTensor>, ImportError> {
    let tensors: BTreeMap<String, NamedTensor> =
        tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    let rules = dialect.rules(config);
    let needed: Vec<&String> = rules.iter().flat_map(|rule| &rule.theirs).collect();
    let names: Vec<String> =
        needed.iter().filter(|&&n| !tensors.contains_key(n)).map(|&n| n.clone()).collect();
    if !names.is_empty() {
        return Err(ImportError::Missing { names });
    }
    let used: BTreeSet<&String> = needed.into_iter().collect();
    let names: Vec<String> =
        tensors.keys().filter(|&name| !used.contains(name) && !dialect.ignores(name)).cloned().collect();
    if !names.is_empty() {
        return Err(ImportError::Unknown { names });
    }
    rules.iter().map(|rule| rule.apply(config, &tensors)).collect()
}

impl Rule {
    fn apply(
        &self,
        config: &CrnnConfig,
        tensors: &BTreeMap<String, NamedTensor>,
    ) -> Result<NamedTensor, ImportError> {
        let parts: Vec<&NamedTensor> = self.theirs.iter().filter_map(|name| tensors.get(name)).collect();
        let [first, ..] = parts[..] else { return Err(ImportError::Missing { names: self.theirs.clone() }) };
        let wrong =
            |expected| ImportError::Shape { name: first.name.clone(), expected, found: first.shape.clone() };
        let (shape, values) = match self.how {
            How::Same => (first.shape.clone(), first.values.clone()),
            How::Transposed => {
                let [rows, columns] = first.shape[..] else { return Err(wrong("a matrix")) };
                let at = |i: usize| first.values[i % rows * columns + i / rows];
                (vec![columns, rows], (0..rows * columns).map(at).collect())
            }
            How::Turned => {
                let [.., height, width] = first.shape[..] else { return Err(wrong("kernels")) };
                let taps = (height * width).max(1);
                let turned = first.values.chunks(taps).flat_map(|kernel| kernel.iter().rev().copied());
                (first.shape.clone(), turned.collect())
            }
            How::Gates => {
                if parts.iter().any(|part| part.shape != first.shape) {
                    return Err(wrong("three gates of one shape"));
                }
                let Some((&units, rows)) = first.shape.split_last() else { return Err(wrong("a gate")) };
                let mut shape = rows.to_vec();
                shape.push(parts.len() * units);
                let n_rows: usize = rows.iter().product();
                let row =
                    |r: usize| parts.iter().flat_map(move |p| p.values[r * units..(r + 1) * units].to_vec());
                (shape, (0..n_rows).flat_map(row).collect())
            }
            How::Deviation => {
                let variance = |&deviation: &f32| {
                    ((f64::from(deviation) + 1e-6).powi(2) - config.batch_norm.epsilon) as f32
                };
                (first.shape.clone(), first.values.iter().map(variance).collect())
            }
        };
        Ok(NamedTensor { name: self.ours.clone(), shape, values })
    }
}

impl Dialect {
    /// Tensors of the file that say nothing of the network: counters, layers that the source builds and never runs,
    /// its front-end.
    fn ignores(self, name: &str) -> bool {
        match self {
            Self::Hsieh => {
                name.ends_with(".num_batches_tracked")
                    || name.split('.').next().is_some_and(|l| l.starts_with("Bn") && l.ends_with("_1"))
            }
            Self::Won => name.ends_with(".num_batches_tracked") || name.starts_with("spec."),
            Self::Choi | Self::ChoiAsPublished => false,
        }
    }

    fn rules(self, config: &CrnnConfig) -> Vec<Rule> {
        let mut rules = Vec::new();
        if config.input.norm != InputNorm::None {
            rules.extend(self.norm("input_norm", 0));
        }
        for (i, block) in config.blocks.iter().enumerate() {
            for j in 0..block.convolutions {
                let ours = match j {
                    0 => format!("blocks.{i}.conv"),
                    _ => format!("blocks.{i}.further.{}", j - 1),
                };
                rules.extend(self.convolution(&ours, i + 1, j));
            }
            if block.norm.unwrap_or(config.norm) != NormPosition::None {
                rules.extend(self.norm(&format!("blocks.{i}.norm"), i + 1));
            }
        }
        for i in 0..config.gru.len() {
            rules.extend(self.gru(i, config.blocks.len()));
        }
        let (weight, bias, how) = match self {
            Self::Hsieh => ("linear1.weight", "linear1.bias", How::Transposed),
            Self::Won => ("dense.weight", "dense.bias", How::Transposed),
            Self::Choi | Self::ChoiAsPublished => ("output_W", "output_b", How::Same),
        };
        rules.push(rule("head.weight".into(), weight, how));
        rules.push(rule("head.bias".into(), bias, How::Same));
        rules
    }

    /// Batch norm number `k`, 0 being the input's.
    fn norm(self, ours: &str, k: usize) -> [Rule; 4] {
        let torch = ["weight", "bias", "running_mean", "running_var"].map(|part| format!(".{part}"));
        let keras = ["gamma", "beta", "running_mean", "running_std"].map(|part| format!("_{part}"));
        let (layer, parts) = match (self, k) {
            (Self::Hsieh, _) => (format!("Bn{k}"), torch),
            (Self::Won, 0) => ("spec_bn".to_owned(), torch),
            (Self::Won, _) => (format!("layer{k}.bn"), torch),
            (Self::Choi | Self::ChoiAsPublished, 0) => ("bn_0_freq".to_owned(), keras),
            (Self::Choi | Self::ChoiAsPublished, _) => (format!("bn{k}"), keras),
        };
        let [gamma, beta, mean, var] = parts.map(|part| format!("{layer}{part}"));
        let how = if self == Self::Choi { How::Deviation } else { How::Same };
        [
            rule(format!("{ours}.gamma"), gamma, How::Same),
            rule(format!("{ours}.beta"), beta, How::Same),
            rule(format!("{ours}.running_mean"), mean, How::Same),
            rule(format!("{ours}.running_var"), var, how),
        ]
    }

    /// Convolution number `j`, from 0, of block `k`, from 1.
    fn convolution(self, ours: &str, k: usize, j: usize) -> [Rule; 2] {
        let (weight, bias, how) = match (self, j) {
            (Self::Hsieh, 0) => (format!("Conv{k}.weight"), format!("Conv{k}.bias"), How::Same),
            (Self::Hsieh, _) => (format!("Conv{k}_{j}.weight"), format!("Conv{k}_{j}.bias"), How::Same),
            (Self::Won, _) => (format!("layer{k}.conv.weight"), format!("layer{k}.conv.bias"), How::Same),
            (Self::Choi | Self::ChoiAsPublished, _) => {
                (format!("conv{k}_W"), format!("conv{k}_b"), How::Turned)
            }
        };
        [rule(format!("{ours}.weight"), weight, how), rule(format!("{ours}.bias"), bias, How::Same)]
    }

    /// GRU layer number `i`, from 0, after so many blocks.
    fn gru(self, i: usize, blocks: usize) -> Vec<Rule> {
        let torch = |layer: String, l: usize| {
            vec![
                rule(format!("gru.{i}.input"), format!("{layer}.weight_ih_l{l}"), How::Transposed),
                rule(format!("gru.{i}.recurrent"), format!("{layer}.weight_hh_l{l}"), How::Transposed),
                rule(format!("gru.{i}.input_bias"), format!("{layer}.bias_ih_l{l}"), How::Same),
                rule(format!("gru.{i}.recurrent_bias"), format!("{layer}.bias_hh_l{l}"), How::Same),
            ]
        };
        match self {
            Self::Hsieh => torch(format!("gru{}", i + 1), 0),
            Self::Won => torch(format!("layer{}", blocks + 1), i),
            Self::Choi | Self::ChoiAsPublished => {
                let gates = |ours: &str, part: char| Rule {
                    ours: format!("gru.{i}.{ours}"),
                    theirs: ['r', 'z', 'h'].map(|gate| format!("gru{}_{part}_{gate}", i + 1)).to_vec(),
                    how: How::Gates,
                };
                vec![gates("input", 'W'), gates("recurrent", 'U'), gates("input_bias", 'b')]
            }
        }
    }
}
