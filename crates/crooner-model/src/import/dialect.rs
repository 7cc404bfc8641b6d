//! The tables of names.

use serde::{Deserialize, Serialize};

use super::{How, Rule, rule};
use crate::crnn::blocks::{Block, Part};
use crate::crnn::config::{CrnnConfig, InitialState, InputNorm, Reset, Summary};

/// Whose names and layouts a file of weights has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// crooner's own: the paths of the module tree.
    Crooner,
    /// What [`export`](super::export) writes: modules of `torch.nn` under their usual names. `bn0` is the input's batch
    /// norm; block `k` has `convk` (`convk_1`, `convk_2`, ... if there are several) and `bnk` (likewise); the layers of the GRU
    /// are one `gru` where `torch.nn.GRU` can be that, else `gru1`, `gru2`, ...; then `attention` and
    /// `attention_vector`, if there is one, and `fc`.
    Torch,
    /// Keras 2 and 3, each kind of layer counted from 0: `conv2d.0.kernel`, `batch_normalization.0.gamma`,
    /// `gru.0.recurrent_kernel`, `dense.0.bias`.
    Keras,
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

impl Dialect {
    /// What an unknown file may be; [`Dialect::ChoiAsPublished`] has the names of [`Dialect::Choi`].
    pub const ALL: [Self; 6] = [Self::Crooner, Self::Torch, Self::Keras, Self::Hsieh, Self::Won, Self::Choi];

    /// Tensors of the file that say nothing of the network: counters, layers that the source builds and never runs,
    /// its front-end.
    pub(super) fn ignores(self, name: &str) -> bool {
        match self {
            Self::Torch => name.ends_with(".num_batches_tracked"),
            Self::Hsieh => {
                name.ends_with(".num_batches_tracked")
                    || name.split('.').next().is_some_and(|l| l.starts_with("Bn") && l.ends_with("_1"))
            }
            Self::Won => name.ends_with(".num_batches_tracked") || name.starts_with("spec."),
            Self::Crooner | Self::Keras | Self::Choi | Self::ChoiAsPublished => false,
        }
    }

    /// All tensors of a network of `config`.
    pub(super) fn rules(self, config: &CrnnConfig) -> Vec<Rule> {
        let mut rules = Vec::new();
        // Keras counts its layers.
        let (mut norms, mut convolutions) = (0, 0);
        if config.input.norm != InputNorm::None {
            rules.extend(self.norm("input_norm", "0", norms));
            norms += 1;
        }
        for (i, (block, channels)) in config.blocks_with_channels().enumerate() {
            let parts = Block::parts(config, block, channels);
            let is_norm = |part: &&Part| matches!(part, Part::Norm(_));
            let several_norms = parts.iter().filter(is_norm).count() > 1;
            let several = parts.iter().filter(|part| !is_norm(part)).count() > 1;
            let (mut norm, mut convolution) = (0, 0);
            for part in &parts {
                match part {
                    Part::Convolution(name) => {
                        let ours = format!("blocks.{i}.{name}");
                        rules.extend(self.convolution(&ours, i + 1, convolution, several, convolutions));
                        (convolution, convolutions) = (convolution + 1, convolutions + 1);
                    }
                    Part::Norm(name) => {
                        let k = if several_norms {
                            format!("{}_{}", i + 1, norm + 1)
                        } else {
                            format!("{}", i + 1)
                        };
                        rules.extend(self.norm(&format!("blocks.{i}.{name}"), &k, norms));
                        (norm, norms) = (norm + 1, norms + 1);
                    }
                }
            }
        }
        for i in 0..config.gru.len() {
            rules.extend(self.gru(i, config, false));
            if config.recurrence.bidirectional {
                rules.extend(self.gru(i, config, true));
            }
        }
        if config.summary == Summary::Attention {
            rules.push(rule("attention.score.weight", "attention.weight", How::Transposed));
            rules.push(rule("attention.score.bias", "attention.bias", How::Same));
            rules.push(rule("attention.vector", "attention_vector.weight", How::Transposed));
        }
        let (weight, bias, how) = match self {
            Self::Hsieh => ("linear1.weight", "linear1.bias", How::Transposed),
            Self::Won => ("dense.weight", "dense.bias", How::Transposed),
            Self::Choi | Self::ChoiAsPublished => ("output_W", "output_b", How::Same),
            Self::Torch | Self::Crooner => ("fc.weight", "fc.bias", How::Transposed),
            Self::Keras => ("dense.0.kernel", "dense.0.bias", How::Same),
        };
        rules.push(rule("head.weight", weight, how));
        rules.push(rule("head.bias", bias, How::Same));
        if self == Self::Crooner {
            rules = rules.into_iter().map(|r| rule(r.ours.clone(), r.ours, How::Same)).collect();
        }
        rules
    }

    /// Batch norm of block `k`, 0 being the input's; the `count`-th there is.
    fn norm(self, ours: &str, k: &str, count: usize) -> [Rule; 4] {
        let torch = ["weight", "bias", "running_mean", "running_var"].map(|part| format!(".{part}"));
        let theano = ["gamma", "beta", "running_mean", "running_std"].map(|part| format!("_{part}"));
        let keras = ["gamma", "beta", "moving_mean", "moving_variance"].map(|part| format!(".{part}"));
        let (layer, parts) = match (self, k) {
            (Self::Hsieh, _) => (format!("Bn{k}"), torch),
            (Self::Torch | Self::Crooner, _) => (format!("bn{k}"), torch),
            (Self::Won, "0") => ("spec_bn".to_owned(), torch),
            (Self::Won, _) => (format!("layer{k}.bn"), torch),
            (Self::Choi | Self::ChoiAsPublished, "0") => ("bn_0_freq".to_owned(), theano),
            (Self::Choi | Self::ChoiAsPublished, _) => (format!("bn{k}"), theano),
            (Self::Keras, _) => (format!("batch_normalization.{count}"), keras),
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

    /// Convolution number `j`, from 0, of block `k`, from 1; the `count`-th there is.
    fn convolution(self, ours: &str, k: usize, j: usize, several: bool, count: usize) -> [Rule; 2] {
        let torch = |layer: String| (format!("{layer}.weight"), format!("{layer}.bias"), How::Same);
        let (weight, bias, how) = match self {
            Self::Hsieh if j == 0 => torch(format!("Conv{k}")),
            Self::Hsieh => torch(format!("Conv{k}_{j}")),
            Self::Torch | Self::Crooner if several => torch(format!("conv{k}_{}", j + 1)),
            Self::Torch | Self::Crooner => torch(format!("conv{k}")),
            Self::Won => torch(format!("layer{k}.conv")),
            Self::Choi | Self::ChoiAsPublished => (format!("conv{k}_W"), format!("conv{k}_b"), How::Turned),
            Self::Keras => {
                (format!("conv2d.{count}.kernel"), format!("conv2d.{count}.bias"), How::ChannelFirst)
            }
        };
        [rule(format!("{ours}.weight"), weight, how), rule(format!("{ours}.bias"), bias, How::Same)]
    }

    /// GRU layer number `i`, from 0, forwards or backwards.
    fn gru(self, i: usize, config: &CrnnConfig, backwards: bool) -> Vec<Rule> {
        let after = config.recurrence.reset == Reset::After;
        let ours = if backwards { format!("gru_backwards.{i}") } else { format!("gru.{i}") };
        let torch = |layer: String, l: usize| {
            let suffix = if backwards { format!("l{l}_reverse") } else { format!("l{l}") };
            let mut rules = vec![
                rule(format!("{ours}.input"), format!("{layer}.weight_ih_{suffix}"), How::Transposed),
                rule(format!("{ours}.recurrent"), format!("{layer}.weight_hh_{suffix}"), How::Transposed),
                rule(format!("{ours}.input_bias"), format!("{layer}.bias_ih_{suffix}"), How::Same),
            ];
            if after {
                let bias = format!("{layer}.bias_hh_{suffix}");
                rules.push(rule(format!("{ours}.recurrent_bias"), bias, How::Same));
            }
            rules
        };
        match self {
            Self::Hsieh => torch(format!("gru{}", i + 1), 0),
            Self::Won => torch(format!("layer{}", config.blocks.len() + 1), i),
            Self::Torch | Self::Crooner => {
                let equal = config.gru.iter().all(|units| Some(units) == config.gru.first());
                let one = equal && config.recurrence.initial_state == InitialState::Zeros;
                if one { torch("gru".to_owned(), i) } else { torch(format!("gru{}", i + 1), 0) }
            }
            Self::Choi | Self::ChoiAsPublished => {
                let gates = |part: &str, letter: char| Rule {
                    ours: format!("{ours}.{part}"),
                    theirs: ['r', 'z', 'h'].map(|gate| format!("gru{}_{letter}_{gate}", i + 1)).to_vec(),
                    how: How::Gates,
                };
                vec![gates("input", 'W'), gates("recurrent", 'U'), gates("input_bias", 'b')]
            }
            Self::Keras => {
                // `Bidirectional` holds its two layers one after the other.
                let number = if config.recurrence.bidirectional { 2 * i + usize::from(backwards) } else { i };
                let keras = |part: &str, theirs: &str, how| {
                    rule(format!("{ours}.{part}"), format!("gru.{number}.{theirs}"), how)
                };
                let kernel = keras("input", "kernel", How::GateOrder);
                let recurrent = keras("recurrent", "recurrent_kernel", How::GateOrder);
                if after {
                    let bias = |part, row| keras(part, "bias", How::GateOrderOfRow(row));
                    vec![kernel, recurrent, bias("input_bias", 0), bias("recurrent_bias", 1)]
                } else {
                    vec![kernel, recurrent, keras("input_bias", "bias", How::GateOrder)]
                }
            }
        }
    }
}
