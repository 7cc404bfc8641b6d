//! Tensors out of files of other programs. What a file is, its first bytes say; its name does not matter.

use std::fs;
use std::path::Path;

use crooner_model::NamedTensor;
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::ZooError;

mod keras;
mod pytorch;

/// First bytes of a zip archive: PyTorch since 1.6, Keras 3.
const ZIP: &[u8] = b"PK\x03\x04";
/// First bytes of HDF5: Keras 1 and 2, and 3 where asked for.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// First byte of a pickle: PyTorch before 1.6.
const PICKLE: &[u8] = b"\x80";

/// The tensors of the file at `path`, as `f32`, sorted by name: safetensors, a PyTorch checkpoint (`.pt`, `.pth`), or
/// weights of Keras (`.keras`, `.h5`).
///
/// Of a PyTorch checkpoint with more than weights, the tensors under a key that ends in `state_dict` are taken (but for an
/// optimiser's); what is before every name, such as `module.`, is left out. Nothing that a pickle says is run. Tensors of
/// Keras are named as [`Dialect::Keras`](crooner_model::import::Dialect::Keras) says; those of Keras 1 have their own
/// names, and kernels as on Theano, also where TensorFlow wrote them.
///
/// # Errors
///
/// [`ZooError::Io`] if it cannot be read, [`ZooError::Format`] if it is none of these.
pub fn read(path: &Path) -> Result<Vec<NamedTensor>, ZooError> {
    let bytes = fs::read(path).map_err(|source| ZooError::Io { path: path.to_owned(), source })?;
    let origin = path.display().to_string();
    let mut tensors = if bytes.starts_with(HDF5) {
        keras::tensors(bytes, &origin)?
    } else if bytes.starts_with(ZIP) {
        match keras::weights_of_archive(&bytes, &origin)? {
            Some(weights) => keras::tensors(weights, &origin)?,
            None => pytorch::tensors(path, &origin)?,
        }
    } else if bytes.starts_with(PICKLE) {
        pytorch::tensors(path, &origin)?
    } else {
        safetensors(&bytes, &origin)?
    };
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tensors)
}

/// The tensors of a safetensors file, as `f32`; `origin` names it in errors. Counters (64-bit integers) come as the
/// numbers they are, rounded.
///
/// # Errors
///
/// [`ZooError::Format`] for bytes that are not safetensors, or tensors of another kind of number.
pub fn safetensors(bytes: &[u8], origin: &str) -> Result<Vec<NamedTensor>, ZooError> {
    let wrong =
        |found: String| ZooError::Format { origin: origin.to_owned(), expected: "a safetensors file", found };
    let file = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
    let mut tensors = Vec::with_capacity(file.len());
    for (name, view) in file.iter() {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            Dtype::F16 => data.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            Dtype::BF16 => data.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
            Dtype::I64 => data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect(),
            other => return Err(wrong(format!("tensor {name} is {other:?}, not a floating-point number"))),
        };
        tensors.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tensors)
}
