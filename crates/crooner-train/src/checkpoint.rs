//! The state of a training run, in one file written whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use crooner_model::NamedTensor;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::adam::Adam;
use crate::file::TensorFile;
use crate::fit::{EpochRecord, PartialEpoch};

/// Version of the file's layout.
const FORMAT: u32 = 2;

/// What decides a run's results, by name: a checkpoint resumes only where all agree.
pub type Identity = BTreeMap<String, String>;

/// Everything that the rest of a run depends on.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) progress: Progress,
    pub(crate) network: Vec<NamedTensor>,
    pub(crate) best: Vec<NamedTensor>,
    pub(crate) adam: Vec<NamedTensor>,
    /// Running means of the weights; none where they are not averaged.
    pub(crate) average: Vec<NamedTensor>,
}

/// Where the run stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Complete epochs.
    pub(crate) history: Vec<EpochRecord>,
    /// The epoch under way.
    pub(crate) partial: PartialEpoch,
    /// Steps of the optimiser.
    pub(crate) adam_steps: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    identity: Identity,
    progress: Progress,
}

const PARTS: [&str; 4] = ["network", "best", "adam", "average"];

impl Checkpoint {
    pub(crate) fn write(self, path: &Path, identity: &Identity) -> Result<(), TrainError> {
        let header = Header { format: FORMAT, identity: identity.clone(), progress: self.progress };
        let mut tensors = Vec::new();
        for (part, named) in PARTS.iter().zip([self.network, self.best, self.adam, self.average]) {
            tensors
                .extend(named.into_iter().map(|t| NamedTensor { name: format!("{part}.{}", t.name), ..t }));
        }
        TensorFile { header, tensors }.write(path)
    }

    pub(crate) fn read(path: &Path, identity: &Identity) -> Result<Self, TrainError> {
        let expected = "a checkpoint of a training run";
        let TensorFile { header, tensors } = TensorFile::<Header>::read(path, expected)?;
        if header.format != FORMAT {
            let path = path.to_owned();
            return Err(TrainError::Version {
                path,
                what: "checkpoint format",
                expected: FORMAT,
                found: header.format,
            });
        }
        let differs = identity.iter().find(|&(key, value)| header.identity.get(key) != Some(value));
        if let Some((what, _)) = differs {
            return Err(TrainError::OtherRun { path: path.to_owned(), what: what.clone() });
        }
        let mut parts = [const { Vec::new() }; 4];
        for tensor in tensors {
            let (part, name) = tensor.name.split_once('.').unwrap_or((&tensor.name, ""));
            let Some(index) = PARTS.iter().position(|&known| known == part) else {
                let found = format!("it holds a tensor {}", tensor.name);
                return Err(TrainError::Format { path: path.to_owned(), expected, found });
            };
            parts[index].push(NamedTensor { name: name.to_owned(), ..tensor });
        }
        let [network, best, adam, average] = parts;
        Ok(Self { progress: header.progress, network, best, adam, average })
    }

    /// `adam` as it was.
    pub(crate) fn optimiser(&mut self, adam: Adam, path: &Path, device: &Device) -> Result<Adam, TrainError> {
        let tensors = std::mem::take(&mut self.adam);
        adam.with_state(self.progress.adam_steps, tensors, device).ok_or_else(|| TrainError::Format {
            path: path.to_owned(),
            expected: "a checkpoint of a training run",
            found: "the optimiser's moments are not in pairs".to_owned(),
        })
    }
}
