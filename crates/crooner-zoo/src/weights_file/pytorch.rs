//! PyTorch checkpoints.

use std::path::Path;

use crooner_model::NamedTensor;
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};

use crate::ZooError;

/// Where checkpoints keep weights that they keep beside other things.
const NESTS: [&str; 2] = ["state_dict.", "model_state_dict."];
/// What wrappers put before every name: `DataParallel`, Lightning.
const WRAPPERS: [&str; 2] = ["module.", "model."];

pub(super) fn tensors(path: &Path, origin: &str) -> Result<Vec<NamedTensor>, ZooError> {
    let wrong = |found: String| ZooError::Format {
        origin: origin.to_owned(),
        expected: "a PyTorch checkpoint that can be read",
        found,
    };
    let reader = PytorchReader::new(path).map_err(|error| wrong(error.to_string()))?;
    let mut tensors: Vec<(String, Tensor)> = reader.into_tensors().into_iter().collect();
    if let Some(nest) = NESTS.iter().find(|nest| tensors.iter().any(|(name, _)| name.starts_with(**nest))) {
        tensors.retain(|(name, _)| name.starts_with(nest));
        strip(&mut tensors, nest);
    }
    for wrapper in WRAPPERS {
        if tensors.iter().all(|(name, _)| name.starts_with(wrapper)) {
            strip(&mut tensors, wrapper);
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

fn strip(tensors: &mut [(String, Tensor)], prefix: &str) {
    for (name, _) in tensors {
        *name = name[prefix.len()..].to_owned();
    }
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
