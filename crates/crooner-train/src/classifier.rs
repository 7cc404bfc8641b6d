//! A trained network with all it needs to hear a new file, in one file.

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::{Input, Mode, ModelConfig, Network, Output};
use crooner_store::FrontEnd;
use half::f16;
use half::slice::HalfFloatSliceExt;
use serde::{Deserialize, Serialize};

use crate::batches::transpose;
use crate::evaluate::SlicePredictions;
use crate::file::TensorFile;
use crate::task::slice_starts;
use crate::{Recording, Short, TrainError};

/// Version of the file's layout.
const FORMAT: u32 = 1;
/// Slices computed at once.
const BATCH: usize = 16;

/// What a network was trained on, and what it reads and says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierInfo {
    /// Features it was trained on, and must be given.
    pub features: FrontEnd,
    /// Frames of a slice.
    pub slice_frames: usize,
    /// The network.
    pub model: ModelConfig,
    /// What of a new recording it hears.
    #[serde(default, skip_serializing_if = "Recording::is_default")]
    pub recording: Recording,
    /// Artists, or whatever else it tells apart, or tags, in the order of the logits.
    pub labels: Vec<String>,
    /// Column of the data set that the labels are values of. Older files do not say: they tell artists apart.
    #[serde(default = "artist")]
    pub label: String,
    /// Fingerprint of the split it was trained on.
    pub split: String,
    /// Seed it was trained with.
    pub seed: u64,
}

fn artist() -> String {
    "artist".to_owned()
}

impl ClassifierInfo {
    /// What one of the labels is called: as its column is, or `tag` if a recording has any number of them.
    #[must_use]
    pub fn noun(&self) -> &str {
        match self.model.output() {
            Output::Softmax => &self.label,
            Output::Sigmoid => "tag",
        }
    }
}

/// Tells who is playing.
#[derive(Debug)]
pub struct Classifier {
    info: ClassifierInfo,
    network: Network,
    device: Device,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    features_version: u32,
    info: ClassifierInfo,
}

impl Classifier {
    /// A trained `network` on `device`, without autodiff.
    #[must_use]
    pub fn new(info: ClassifierInfo, network: Network, device: Device) -> Self {
        Self { info, network, device }
    }

    /// Writes the weights as safetensors, with everything else in the file's metadata.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let features_version = self.info.features.version();
        let header = Header { format: FORMAT, features_version, info: self.info.clone() };
        TensorFile { header, tensors: self.network.weights()? }.write(path)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// [`TrainError::Format`] or [`TrainError::Version`] if the file is not a classifier that this
    /// version reads, [`TrainError::Weights`] if its tensors are not its network's.
    pub fn load(path: &Path, device: Device) -> Result<Self, TrainError> {
        let TensorFile { header, tensors } = TensorFile::<Header>::read(path, "a trained classifier")?;
        let version =
            |what, expected, found| TrainError::Version { path: path.to_owned(), what, expected, found };
        if header.format != FORMAT {
            return Err(version("classifier format", FORMAT, header.format));
        }
        let info = header.info;
        if header.features_version != info.features.version() {
            return Err(version("features version", info.features.version(), header.features_version));
        }
        info.recording.validate(&info.model, &info.features)?;
        let input = Input {
            n_mels: info.features.n_bins(),
            n_frames: info.slice_frames,
            n_classes: info.labels.len(),
        };
        let network = info.model.init(input, info.seed, &device)?;
        let network = network
            .with_weights(tensors)
            .map_err(|source| TrainError::Weights { path: path.to_owned(), source })?;
        Ok(Self { info, network, device })
    }

    /// What it was trained on, and what it reads and says.
    #[must_use]
    pub fn info(&self) -> &ClassifierInfo {
        &self.info
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Probabilities of the artists (or tags) for every slice of a recording: `frames` is
    /// `[n_frames, n_mels]`, dB, at least one frame. A recording shorter than a slice is one slice,
    /// its end filled with the quietest value it has, unless [`Short::Keep`] says that it stays that short.
    ///
    /// # Errors
    ///
    /// [`TrainError::TooShort`] if the network cannot read so few frames.
    ///
    /// # Panics
    ///
    /// If there is no frame, or `frames` is not whole frames.
    pub fn classify(&self, frames: &[f16]) -> Result<SlicePredictions, TrainError> {
        let mut single = vec![0.0; frames.len()];
        frames.convert_to_f32_slice(&mut single);
        self.classify_single(&single)
    }

    /// [`classify`](Self::classify) of frames that were not rounded.
    ///
    /// # Errors
    ///
    /// As [`classify`](Self::classify).
    ///
    /// # Panics
    ///
    /// As [`classify`](Self::classify).
    pub fn classify_single(&self, frames: &[f32]) -> Result<SlicePredictions, TrainError> {
        let mut predictions = SlicePredictions::new(self.info.labels.len());
        self.each_batch(frames, |mel| {
            let logits = self.network.forward(mel, Mode::Inference);
            predictions.append(SlicePredictions::of(self.info.model.output(), logits));
        })?;
        Ok(predictions)
    }

    /// The mean embedding of a recording's slices, which are those that [`classify`](Self::classify) tells apart: recordings
    /// that sound alike to the network have embeddings in similar directions.
    ///
    /// # Errors
    ///
    /// As [`classify`](Self::classify).
    ///
    /// # Panics
    ///
    /// As [`classify`](Self::classify).
    pub fn embed(&self, frames: &[f32]) -> Result<Vec<f32>, TrainError> {
        let (mut sum, mut n_slices) = (Vec::new(), 0.0);
        self.each_batch(frames, |mel| {
            let embeddings = self.network.embed(mel);
            let [n, width] = embeddings.dims();
            sum.resize(width, 0.0);
            n_slices += n as f64;
            for (index, value) in embeddings.into_data().iter::<f32>().enumerate() {
                sum[index % width] += f64::from(value);
            }
        })?;
        Ok(sum.iter().map(|sum| (sum / n_slices) as f32).collect())
    }

    /// Gives `each` the slices of a recording, `[slices, n_mels, frames]`, some at a time.
    fn each_batch(&self, frames: &[f32], mut each: impl FnMut(Tensor<3>)) -> Result<(), TrainError> {
        let (n_mels, mut n_frames) = (self.info.features.n_bins(), self.info.slice_frames);
        assert!(
            !frames.is_empty() && frames.len().is_multiple_of(n_mels),
            "at least one frame, and only whole ones"
        );
        let found = frames.len() / n_mels;
        let mut frames = Cow::Borrowed(frames);
        if found < n_frames {
            if self.info.recording.short == Short::Keep {
                let needed = self.info.model.min_frames();
                if found < needed {
                    return Err(TrainError::TooShort { n_frames: found, needed });
                }
                n_frames = found;
            } else {
                let quietest = frames.iter().copied().fold(f32::INFINITY, f32::min);
                frames.to_mut().resize(n_mels * n_frames, quietest);
            }
        }
        let starts: Vec<usize> = slice_starts(frames.len() / n_mels, n_frames).collect();
        for starts in starts.chunks(BATCH) {
            let mut mel = vec![0.0; starts.len() * n_mels * n_frames];
            for (&start, mel) in starts.iter().zip(mel.chunks_exact_mut(n_mels * n_frames)) {
                transpose(&frames[start * n_mels..(start + n_frames) * n_mels], n_mels, mel);
            }
            each(Tensor::from_data(TensorData::new(mel, [starts.len(), n_mels, n_frames]), &self.device));
        }
        Ok(())
    }
}
