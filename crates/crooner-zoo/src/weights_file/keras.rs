//! Weights of Keras: `.h5` of Keras 1 to 3, and `.keras`, which is an archive with such a file.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use crooner_model::NamedTensor;
use hdf5_pure::{AttrValue, File, Group};
use zip::ZipArchive;

use crate::ZooError;

/// Weights in an archive `.keras`.
const WEIGHTS: &str = "model.weights.h5";
/// Weights in a legacy file that holds the model too.
const LEGACY: &str = "model_weights";
/// More than any of these networks by far; an archive may claim any size.
const LARGEST: u64 = 1 << 30;

/// How TensorFlow's names of variables end; Theano's do not.
const TENSORFLOW: &str = ":0";

const NORM: [&str; 4] = ["gamma", "beta", "moving_mean", "moving_variance"];
const GRU: [&str; 3] = ["kernel", "recurrent_kernel", "bias"];
const LINEAR: [&str; 2] = ["kernel", "bias"];

/// The weights in an archive, or none if it is not Keras'.
pub(super) fn weights_of_archive(archive: &[u8], origin: &str) -> Result<Option<Vec<u8>>, ZooError> {
    let wrong = |found: String| ZooError::Format {
        origin: origin.to_owned(),
        expected: "an archive that can be read",
        found,
    };
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|error| wrong(error.to_string()))?;
    if archive.index_for_name(WEIGHTS).is_none() {
        return Ok(None);
    }
    let file = archive.by_name(WEIGHTS).map_err(|error| wrong(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(wrong(format!("{WEIGHTS} has more than {LARGEST} bytes")));
    }
    Ok(Some(bytes))
}

pub(super) fn tensors(bytes: Vec<u8>, origin: &str) -> Result<Vec<NamedTensor>, ZooError> {
    read(bytes).map_err(|found| ZooError::Format {
        origin: origin.to_owned(),
        expected: "a file of Keras' weights that can be read",
        found,
    })
}

fn read(bytes: Vec<u8>) -> Result<Vec<NamedTensor>, String> {
    let file = File::from_bytes(bytes).map_err(text)?;
    let root = file.root();
    let groups = root.groups().map_err(text)?;
    let has = |name: &str| groups.iter().any(|group| group == name);
    if has("layers") {
        return current(&root.group("layers").map_err(text)?);
    }
    let root = if has(LEGACY) { root.group(LEGACY).map_err(text)? } else { root };
    legacy(&root)
}

/// Keras 3: `layers/KIND_NUMBER/vars/0`, numbered in the order of the layers whatever their names are.
fn current(layers: &Group) -> Result<Vec<NamedTensor>, String> {
    let mut tensors = Vec::new();
    for layer in layers.groups().map_err(text)? {
        let (kind, number) = match layer.rsplit_once('_') {
            Some((kind, number)) if number.parse::<usize>().is_ok() => (kind, number),
            _ => (layer.as_str(), "0"),
        };
        let group = layers.group(&layer).map_err(text)?;
        let number: usize = number.parse().unwrap_or_default();
        let found = match kind {
            "batch_normalization" => variables(&group, "vars", &NORM, &format!("{kind}.{number}"))?,
            "conv2d" | "dense" => variables(&group, "vars", &LINEAR, &format!("{kind}.{number}"))?,
            "gru" => variables(&group, "cell/vars", &GRU, &format!("gru.{number}"))?,
            "bidirectional" => {
                let forward = format!("gru.{}", 2 * number);
                let backward = format!("gru.{}", 2 * number + 1);
                let mut both = variables(&group, "forward_layer/cell/vars", &GRU, &forward)?;
                both.extend(variables(&group, "backward_layer/cell/vars", &GRU, &backward)?);
                both
            }
            // Its generator's state.
            "dropout" | "spatial_dropout2d" => Vec::new(),
            _ => variables(&group, "vars", &[], &layer)?,
        };
        tensors.extend(found);
    }
    Ok(tensors)
}

/// The variables `0`, `1`, ... of a layer, by `names`; further ones by their numbers.
fn variables(layer: &Group, path: &str, names: &[&str], prefix: &str) -> Result<Vec<NamedTensor>, String> {
    let mut group = None;
    for part in path.split('/') {
        let parent = group.as_ref().unwrap_or(layer);
        if !parent.groups().map_err(text)?.iter().any(|name| name == part) {
            return Ok(Vec::new());
        }
        group = Some(parent.group(part).map_err(text)?);
    }
    let Some(group) = group else { return Ok(Vec::new()) };
    let mut tensors = Vec::new();
    for number in group.datasets().map_err(text)? {
        let name = number.parse().ok().and_then(|number: usize| names.get(number).copied());
        tensors.push(tensor(&group, &number, format!("{prefix}.{}", name.unwrap_or(&number)))?);
    }
    Ok(tensors)
}

/// Keras 1 and 2: the attributes `layer_names` and `weight_names` give the order; kinds are told by their weights. Kernels
/// of Keras 1 come as they are on Theano.
fn legacy(root: &Group) -> Result<Vec<NamedTensor>, String> {
    let Some(layers) = strings(root, "layer_names")? else {
        return Err("it has neither a group `layers` nor an attribute `layer_names`".to_owned());
    };
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut tensors = Vec::new();
    for layer in layers {
        let group = root.group(&layer).map_err(text)?;
        let paths = strings(&group, "weight_names")?.unwrap_or_default();
        let on_tensorflow = paths.iter().any(|path| path.ends_with(TENSORFLOW));
        let mut weights = Vec::new();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or(&path);
            let name = name.strip_suffix(TENSORFLOW).unwrap_or(name).to_owned();
            weights.push(tensor(&group, &path, name)?);
        }
        let has = |name: &str| weights.iter().any(|tensor| tensor.name == name);
        let dimensions =
            weights.iter().find(|tensor| tensor.name == "kernel").map(|kernel| kernel.shape.len());
        // With how many tensors a layer of the kind has.
        let kind = match dimensions {
            // Both directions of a bidirectional layer come as one.
            _ if has("recurrent_kernel") => Some(("gru", if has("bias") { 3 } else { 2 })),
            _ if has("moving_mean") => Some(("batch_normalization", weights.len())),
            Some(4) => Some(("conv2d", weights.len())),
            Some(2) => Some(("dense", weights.len())),
            _ => None,
        };
        let Some((kind, parts)) = kind else {
            // Keras 1: names are unique by themselves, but for the number of a second session.
            for weight in &mut weights {
                weight.name = weight.name.strip_suffix("_1").unwrap_or(&weight.name).to_owned();
                if let (true, [_, _, height, width]) = (on_tensorflow, weight.shape.as_slice()) {
                    // TensorFlow correlates, Theano convolves: the kernel that does the same there is turned round.
                    weight.values.chunks_mut((height * width).max(1)).for_each(<[f32]>::reverse);
                }
            }
            tensors.extend(weights);
            continue;
        };
        for part in weights.chunks(parts) {
            let count = counts.entry(kind).or_default();
            tensors.extend(part.iter().map(|weight| NamedTensor {
                name: format!("{kind}.{count}.{}", weight.name),
                ..weight.clone()
            }));
            *count += 1;
        }
    }
    Ok(tensors)
}

fn strings(group: &Group, name: &str) -> Result<Option<Vec<String>>, String> {
    let Some(value) = group.attrs().map_err(text)?.remove(name) else { return Ok(None) };
    match (value.as_strings(), &value) {
        (Some(names), _) => Ok(Some(names.to_vec())),
        // An empty list has no strings to be a list of.
        (None, AttrValue::F64Array(none)) if none.is_empty() => Ok(Some(Vec::new())),
        (None, _) => Err(format!("the attribute `{name}` is {value:?}, not a list of names")),
    }
}

fn tensor(group: &Group, path: &str, name: String) -> Result<NamedTensor, String> {
    let dataset = group.dataset(path).map_err(text)?;
    let shape = dataset.shape().map_err(text)?.into_iter().map(|size| size as usize).collect();
    Ok(NamedTensor { name, shape, values: dataset.read_f32().map_err(text)? })
}

fn text(error: hdf5_pure::Error) -> String {
    error.to_string()
}
