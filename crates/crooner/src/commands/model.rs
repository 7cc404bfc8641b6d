//! A classifier that a command line names.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use burn::tensor::Device;
use crooner_split::Split;
use crooner_train::Classifier;
use crooner_zoo::Published;

use crate::experiment::DatasetConfig;
use crate::progress::Progress;
use crate::run_dir::RunDir;

/// Which classifier is meant.
pub(crate) enum Model {
    Run(PathBuf),
    Published(&'static Published),
}

/// What a run was trained on.
pub(crate) struct TrainedOn {
    pub(crate) dataset: DatasetConfig,
    pub(crate) split: Split,
}

impl Model {
    /// The folder of a run if there is one, else a published model.
    pub(crate) fn find(path: &Path) -> Result<Self> {
        let name = path.to_str().unwrap_or_default();
        match crooner_zoo::find(name) {
            Ok(published) if !path.exists() => return Ok(Self::Published(published)),
            Ok(_) => Progress::hidden().line(&format!(
                "note: {name} is taken to be the folder here, not the published model of that name"
            )),
            // What no folder's path can be mistaken for may be meant as a name.
            Err(error) if !path.exists() && path.components().count() == 1 => {
                bail!("there is no run at {name}: `crooner train` makes one; and {error}")
            }
            Err(_) => {}
        }
        Ok(Self::Run(RunDir::open(path)?.finished_model()?))
    }

    /// The experiment and split of a run that was trained here; nothing for a model that comes from elsewhere.
    pub(crate) fn trained_on(&self) -> Result<Option<TrainedOn>> {
        let Self::Run(path) = self else { return Ok(None) };
        let Some(dir) = path.parent() else { return Ok(None) };
        let dir = RunDir::open(dir)?;
        if !dir.split().exists() {
            return Ok(None);
        }
        Ok(Some(TrainedOn { dataset: dir.experiment()?.dataset, split: dir.read_split()? }))
    }

    /// The classifier on `device`.
    pub(crate) fn load(&self, device: Device) -> Result<Classifier> {
        match self {
            Self::Run(path) => Ok(Classifier::load(path, device)?),
            Self::Published(published) => Ok(published.classifier(device)?),
        }
    }
}
