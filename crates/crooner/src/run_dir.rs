//! The files of a run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use crooner_kernels::Kernels;
use crooner_split::Split;
use serde::{Deserialize, Serialize};

use crate::backend::device_name;
use crate::experiment::Experiment;

/// A folder `runs/<name>`.
#[derive(Clone, Debug)]
pub(crate) struct RunDir(PathBuf);

/// Where a run was computed: `environment.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Environment {
    /// Version of crooner.
    pub(crate) crooner: String,
    /// Revision of its source, where it was built from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    /// Name of the backend.
    pub(crate) backend: String,
    /// What burn calls the device.
    pub(crate) device: String,
    /// Kernels of the flex backend: with others, results differ by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kernels: Option<String>,
    /// Threads of the CPU part.
    pub(crate) threads: usize,
    /// Operating system and processor family.
    pub(crate) platform: String,
}

impl RunDir {
    /// An existing run.
    ///
    /// # Errors
    ///
    /// A sentence that says what is missing.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let run = Self(path.to_owned());
        if !path.is_dir() {
            bail!("there is no run at {}: `crooner train` makes one", path.display());
        }
        if !run.config().is_file() {
            bail!("{} is no run of crooner: it has no config.toml", path.display());
        }
        Ok(run)
    }

    /// Makes the folder of a new run.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder of a run called `name` with settings `config`: `runs/<name>`, or the first of
    /// `runs/<name>-2`, ... that is free or holds the unfinished run of these settings.
    pub(crate) fn free(name: &str, config: &str) -> PathBuf {
        let candidate = |n: usize| match n {
            1 => Path::new("runs").join(name),
            _ => Path::new("runs").join(format!("{name}-{n}")),
        };
        let usable = |path: &Path| {
            let dir = Self(path.to_owned());
            let unfinished = || fs::read_to_string(dir.config()).is_ok_and(|text| text == config);
            !path.exists() || (!Self::is_finished_at(path) && unfinished())
        };
        (1..).map(candidate).find(|path| usable(path)).unwrap_or_else(|| candidate(1))
    }

    /// Whether `path` holds a run that has ended: its report is written last.
    pub(crate) fn is_finished_at(path: &Path) -> bool {
        Self(path.to_owned()).report_json().exists()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        let name = self.0.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| self.0.display().to_string())
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    pub(crate) fn environment(&self) -> PathBuf {
        self.0.join("environment.toml")
    }

    pub(crate) fn split(&self) -> PathBuf {
        self.0.join("split.json")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.safetensors")
    }

    pub(crate) fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// The trained classifier.
    ///
    /// # Errors
    ///
    /// A sentence that says how to finish a run that has none yet.
    pub(crate) fn finished_model(&self) -> Result<PathBuf> {
        let model = self.model();
        if !model.is_file() {
            let path = self.0.display();
            bail!("the run {path} is not finished: `crooner train --resume {path}` continues it");
        }
        Ok(model)
    }

    pub(crate) fn report_json(&self) -> PathBuf {
        self.0.join("report.json")
    }

    pub(crate) fn report_html(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// The settings of the run.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn experiment(&self) -> Result<Experiment> {
        Experiment::read(&self.config())
    }

    /// The split of the run, checked again.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn read_split(&self) -> Result<Split> {
        let path = self.split();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a split", path.display()))
    }

    /// Where the run was computed.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn read_environment(&self) -> Result<Environment> {
        let path = self.environment();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not an environment", path.display()))
    }

    /// Writes one of the files, whole or not at all.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        Ok(crooner_train::write_atomically(path, bytes)?)
    }

    /// The same, as JSON for people and programs.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn write_json(&self, path: &Path, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value)? + "\n";
        self.write(path, text.as_bytes())
    }
}

impl Environment {
    /// This program on `device`.
    pub(crate) fn of(backend: &str, device: &Device) -> Self {
        let kernels = if backend == "flex" { Kernels::chosen().ok() } else { None };
        Self {
            crooner: env!("CARGO_PKG_VERSION").to_owned(),
            revision: option_env!("CROONER_REVISION").map(str::to_owned),
            backend: backend.to_owned(),
            device: device_name(device),
            kernels: kernels.map(|kernels| kernels.name().to_owned()),
            threads: rayon::current_num_threads(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}
