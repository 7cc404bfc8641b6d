//! Weights for other programs.

use std::collections::HashMap;

use crooner_model::ModelConfig;
use crooner_model::import::export;
use crooner_train::Classifier;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::ZooError;

/// A file of weights.
#[derive(Clone, Debug)]
pub struct WeightsFile {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// How many tensors that is.
    pub n_tensors: usize,
}

/// The weights of `classifier` as safetensors, named and laid out as in a PyTorch state dict
/// ([`Dialect::Torch`](crooner_model::import::Dialect::Torch)). The metadata key `crooner` has features, slice,
/// architecture and labels as JSON.
///
/// # Errors
///
/// [`ZooError::Weights`] if a device does not give its tensors back.
pub fn torch_safetensors(classifier: &Classifier) -> Result<WeightsFile, ZooError> {
    let ModelConfig::Crnn(config) = &classifier.info().model;
    let tensors = export(config, classifier.network().weights()?);
    let unwritable = |found: String| ZooError::Format {
        origin: "the network".to_owned(),
        expected: "writable as safetensors",
        found,
    };
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
        views.push((&tensor.name, view.map_err(|error| unwritable(error.to_string()))?));
    }
    let info = serde_json::to_string(classifier.info()).map_err(|error| unwritable(error.to_string()))?;
    let metadata = HashMap::from([("crooner".to_owned(), info)]);
    let bytes =
        safetensors::serialize(views, Some(metadata)).map_err(|error| unwritable(error.to_string()))?;
    Ok(WeightsFile { bytes, n_tensors: tensors.len() })
}
