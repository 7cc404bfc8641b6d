//! PyTorch checkpoints.

use std::path::Path;

use crooner_model::NamedTensor;
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};

use crate::ZooError;

/// How the names end under which checkpoints keep weights beside other things.
const NEST: &str = "state_dict";
/// How those begin under which they keep an optimiser's state.
const OPTIMISER: &str = "optim";

pub(super) fn tensors(path: &Path, origin: &str) -> Result<Vec<NamedTensor>, ZooError> {
    let wrong = |found: String| ZooError::Format {
        origin: origin.to_owned(),
        expected: "a PyTorch checkpoint that can be read",
        found,
    };
    let reader = PytorchReader::new(path).map_err(|error| wrong(error.to_string()))?;
    let mut tensors: Vec<(String, Tensor)> = reader.into_tensors().into_iter().collect();
    tensors.retain(|(name, _)| !name.starts_with(OPTIMISER));
    let nest = tensors.iter().find_map(|(name, _)| {
        let (first, _) = name.split_once('.')?;
        first.ends_with(NEST).then(|| format!("{first}."))
    });
    if let Some(nest) = nest {
        tensors.retain(|(name, _)| name.starts_with(&nest));
    }
    // A nest, or a wrapper: `DataParallel` and Lightning put `module.` or `model.` before every name.
    while let Some(prefix) = shared_prefix(&tensors) {
        for (name, _) in &mut tensors {
            name.drain(..prefix);
        }
    }
    if tensors.is_empty() {
        return Err(wrong("it holds no tensor".to_owned()));
    }
    let read = |(name, tensor): (String, Tensor)| {
        let bytes = tensor.read().map_err(|error| wrong(error.to_string()))?;
        Ok(NamedTensor { name, shape: tensor.shape().to_vec(), values: values(tensor.dtype(), &bytes) })
    };
    tensors.into_iter().map(read).collect()
}

/// Length of the first part of the names and its dot, if all names begin with the same.
fn shared_prefix(tensors: &[(String, Tensor)]) -> Option<usize> {
    let (first, _) = tensors.first()?;
    let (prefix, _) = first.split_at(first.find('.')? + 1);
    tensors.iter().all(|(name, _)| name.starts_with(prefix)).then_some(prefix.len())
}

/// Numbers in the order of this machine's bytes; those that `f32` has not are rounded.
fn values(dtype: DType, bytes: &[u8]) -> Vec<f32> {
    fn all<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
    }
    match dtype {
        DType::F64 => all(bytes, |b| f64::from_ne_bytes(b) as f32),
        DType::F32 => all(bytes, f32::from_ne_bytes),
        DType::F16 => all(bytes, |b| f16::from_ne_bytes(b).to_f32()),
        DType::BF16 => all(bytes, |b| bf16::from_ne_bytes(b).to_f32()),
        DType::I64 => all(bytes, |b| i64::from_ne_bytes(b) as f32),
        DType::I32 => all(bytes, |b| i32::from_ne_bytes(b) as f32),
        DType::I16 => all(bytes, |b| f32::from(i16::from_ne_bytes(b))),
        DType::I8 => all(bytes, |b| f32::from(i8::from_ne_bytes(b))),
        DType::U64 => all(bytes, |b| u64::from_ne_bytes(b) as f32),
        DType::U32 => all(bytes, |b| u32::from_ne_bytes(b) as f32),
        DType::U16 => all(bytes, |b| f32::from(u16::from_ne_bytes(b))),
        DType::U8 | DType::Bool => all(bytes, |[b]| f32::from(b)),
    }
}
