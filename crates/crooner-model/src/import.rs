//! Weights of other programs: their names and layouts, and which of this crate's tensors they are.
//!
//! A [`Dialect`] is a table of names; a configuration says how many blocks and layers to fill in.

use std::collections::{BTreeMap, BTreeSet};

use crate::crnn::config::CrnnConfig;
use crate::{NamedTensor, Network, WeightsError};

mod dialect;

pub use dialect::Dialect;

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
    /// `[height, width, in, out]` to `[out, in, height, width]`.
    ChannelFirst,
    /// Gates z, r, h side by side to r, z, n.
    GateOrder,
    /// The same of one row of two.
    GateOrderOfRow(usize),
}

/// Which of ours is which of theirs.
struct Rule {
    ours: String,
    theirs: Vec<String>,
    how: How,
}

fn rule(ours: impl Into<String>, theirs: impl Into<String>, how: How) -> Rule {
    Rule { ours: ours.into(), theirs: vec![theirs.into()], how }
}

/// Why tensors are not those of a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Tensors that do not match, by the file's names.
    #[error("{}", mismatch(.missing, .unknown, .misshapen))]
    Mismatch {
        /// Tensors that the network needs.
        missing: Vec<String>,
        /// Tensors that belong nowhere.
        unknown: Vec<String>,
        /// Tensors of another size.
        misshapen: Vec<Misshapen>,
    },
    /// A network whose own tensors cannot be read or written.
    #[error(transparent)]
    Network(#[from] WeightsError),
}

/// A tensor of another size than the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// As the file has it.
    pub name: String,
    /// The sizes that it should have there.
    pub expected: Vec<usize>,
    /// The sizes that it has.
    pub found: Vec<usize>,
}

fn mismatch(missing: &[String], unknown: &[String], misshapen: &[Misshapen]) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("the weights lack {}", missing.join(", ")));
    }
    if !unknown.is_empty() {
        parts.push(format!("the network has no place for {}", unknown.join(", ")));
    }
    for Misshapen { name, expected, found } in misshapen {
        parts.push(format!("{name}: expected shape {expected:?}, found {found:?}"));
    }
    parts.join("; ")
}

/// `network`, which was built from `config`, with all its parameters and statistics replaced by `tensors`: in the
/// first of `dialects` in which they match.
///
/// # Errors
///
/// [`ImportError::Mismatch`] naming every tensor that is missing, left over or of another size, in the dialect in
/// which there are fewest.
///
/// # Panics
///
/// If there is no dialect.
pub fn import_into(
    network: Network,
    dialects: &[Dialect],
    config: &CrnnConfig,
    tensors: &[NamedTensor],
) -> Result<Network, ImportError> {
    let shapes: BTreeMap<String, Vec<usize>> =
        network.weights()?.into_iter().map(|tensor| (tensor.name, tensor.shape)).collect();
    let tensors: BTreeMap<&str, &NamedTensor> =
        tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut nearest: Option<(usize, ImportError)> = None;
    for dialect in dialects {
        match translate(*dialect, config, &shapes, &tensors) {
            Ok(tensors) => return Ok(network.with_weights(tensors)?),
            Err(found) => {
                if nearest.as_ref().is_none_or(|(least, _)| found.0 < *least) {
                    nearest = Some(found);
                }
            }
        }
    }
    let (_, error) = nearest.unwrap_or_else(|| unreachable!("at least one dialect"));
    Err(error)
}

/// The tensors of a network built from `config`, named and laid out as PyTorch's modules have them:
/// [`Dialect::Torch`].
#[must_use]
pub fn export(config: &CrnnConfig, tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    let rules = Dialect::Torch.rules(config);
    let by_ours: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.ours.as_str(), rule)).collect();
    let renamed = tensors.into_iter().filter_map(|tensor| {
        let rule = by_ours.get(tensor.name.as_str())?;
        // To transpose is its own inverse, and this dialect has nothing else.
        let (shape, values) = rule.how.apply(config, &[&tensor]);
        Some(NamedTensor { name: rule.theirs.concat(), shape, values })
    });
    renamed.collect()
}

/// All tensors by our names and in our layout, or what does not match and how many there are.
fn translate(
    dialect: Dialect,
    config: &CrnnConfig,
    shapes: &BTreeMap<String, Vec<usize>>,
    tensors: &BTreeMap<&str, &NamedTensor>,
) -> Result<Vec<NamedTensor>, (usize, ImportError)> {
    let rules = dialect.rules(config);
    let needed: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.theirs).map(String::as_str).collect();
    let missing: Vec<String> =
        needed.iter().filter(|&name| !tensors.contains_key(name)).map(|&name| name.to_owned()).collect();
    let unknown: Vec<String> = tensors
        .keys()
        .filter(|&name| !needed.contains(name) && !dialect.ignores(name))
        .map(|&name| name.to_owned())
        .collect();
    let mut misshapen = Vec::new();
    for rule in &rules {
        let Some(ours) = shapes.get(&rule.ours) else { continue };
        let expected = rule.how.their_shape(ours);
        for tensor in rule.theirs.iter().filter_map(|name| tensors.get(name.as_str())) {
            let known = misshapen.iter().any(|wrong: &Misshapen| wrong.name == tensor.name);
            if tensor.shape != expected && !known {
                let (name, found) = (tensor.name.clone(), tensor.shape.clone());
                misshapen.push(Misshapen { name, expected: expected.clone(), found });
            }
        }
    }
    let count = missing.len() + unknown.len() + misshapen.len();
    if count > 0 {
        return Err((count, ImportError::Mismatch { missing, unknown, misshapen }));
    }
    let translated = rules.iter().map(|rule| {
        let parts: Vec<&NamedTensor> =
            rule.theirs.iter().filter_map(|name| tensors.get(name.as_str()).copied()).collect();
        let (shape, values) = rule.how.apply(config, &parts);
        NamedTensor { name: rule.ours.clone(), shape, values }
    });
    Ok(translated.collect())
}

impl How {
    /// The shape that each part of theirs has if ours has `shape`.
    fn their_shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Transposed, _) => shape.iter().rev().copied().collect(),
            (Self::Gates, [rows @ .., columns]) => [rows, &[columns / 3]].concat(),
            (Self::ChannelFirst, &[outputs, inputs, height, width]) => vec![height, width, inputs, outputs],
            (Self::GateOrderOfRow(_), _) => [&[2], shape].concat(),
            _ => shape.to_vec(),
        }
    }

    /// Shape and values of ours, out of all parts of theirs, whose shapes have been checked.
    fn apply(self, config: &CrnnConfig, parts: &[&NamedTensor]) -> (Vec<usize>, Vec<f32>) {
        let Some(&first) = parts.first() else { return (Vec::new(), Vec::new()) };
        let (shape, values) = (&first.shape[..], &first.values[..]);
        match (self, shape) {
            (Self::Transposed, &[rows, columns]) => {
                let at = |i: usize| values[i % rows * columns + i / rows];
                (vec![columns, rows], (0..rows * columns).map(at).collect())
            }
            (Self::Turned, &[.., height, width]) => {
                let kernels = values.chunks((height * width).max(1));
                (shape.to_vec(), kernels.flat_map(|kernel| kernel.iter().rev().copied()).collect())
            }
            (Self::Gates, &[ref rows @ .., units]) => {
                let n_rows: usize = rows.iter().product();
                let row =
                    |r: usize| parts.iter().flat_map(move |p| p.values[r * units..(r + 1) * units].to_vec());
                ([rows, &[parts.len() * units]].concat(), (0..n_rows).flat_map(row).collect())
            }
            (Self::Deviation, _) => {
                let variance = |&deviation: &f32| {
                    ((f64::from(deviation) + 1e-6).powi(2) - config.batch_norm.epsilon) as f32
                };
                (shape.to_vec(), values.iter().map(variance).collect())
            }
            (Self::ChannelFirst, &[height, width, inputs, outputs]) => {
                let taps = height * width;
                let at = |i: usize| {
                    let (output, input, tap) = (i / (inputs * taps), i / taps % inputs, i % taps);
                    values[(tap * inputs + input) * outputs + output]
                };
                (vec![outputs, inputs, height, width], (0..values.len()).map(at).collect())
            }
            (Self::GateOrder, &[.., columns]) => (shape.to_vec(), in_our_order(values, columns)),
            (Self::GateOrderOfRow(row), &[_, columns]) => {
                (vec![columns], in_our_order(&values[row * columns..(row + 1) * columns], columns))
            }
            _ => (shape.to_vec(), values.to_vec()),
        }
    }
}

/// Rows of gates z, r, h as rows of r, z, n.
fn in_our_order(values: &[f32], columns: usize) -> Vec<f32> {
    let units = (columns / 3).max(1);
    let row = |row: &[f32]| [&row[units..2 * units], &row[..units], &row[2 * units..]].concat();
    values.chunks(columns.max(1)).flat_map(row).collect()
}
