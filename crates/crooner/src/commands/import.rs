//! `crooner import`

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use burn::module::Module;
use crooner_model::import::Dialect;
use crooner_zoo::preset::{Labelled, Slices};
use crooner_zoo::{Preset, weights_file};

use crate::backend::Backend;
use crate::cli::ImportArgs;
use crate::experiment::Experiment;
use crate::run_dir::{Environment, RunDir};
use crate::say;

pub(crate) fn run(args: &ImportArgs) -> Result<ExitCode> {
    let experiment = Experiment::resolve(&args.overrides())?;
    if args.output.exists() {
        bail!("{} exists already: an import makes a folder of its own", args.output.display());
    }
    let labels = match &args.labels {
        Some(path) => read_labels(path)?,
        None => match crooner_zoo::find(&experiment.preset) {
            Ok(published) => published.labels()?,
            Err(_) => bail!(
                "the preset {} has no classes of its own: --labels names a file with one a line",
                experiment.preset
            ),
        },
    };
    let tensors = weights_file::read(&args.weights)?;
    let backend = Backend::find("flex")?;
    let device = backend.open()?;
    let preset = Preset {
        features: experiment.features.clone(),
        slices: Slices { frames: experiment.slices.frames },
        recording: experiment.recording,
        model: experiment.model.clone(),
        split: Labelled { label: experiment.split.label.clone() },
    };
    let origin = args.weights.display().to_string();
    let n_labels = labels.len();
    let classifier = preset.classifier(labels, &Dialect::ALL, &tensors, &origin, device.clone())?;

    let dir = RunDir::create(&args.output)?;
    dir.write(&dir.config(), experiment.to_toml()?.as_bytes())?;
    let environment = Environment::of(backend.name(), &device);
    dir.write(&dir.environment(), toml::to_string(&environment)?.as_bytes())?;
    classifier.save(&dir.model())?;
    let parameters = classifier.network().num_params();
    say(&format!("{}: {parameters} parameters, {n_labels} labels", dir.path().display()))?;
    Ok(ExitCode::SUCCESS)
}

/// One a line, or a JSON list.
fn read_labels(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let labels: Vec<String> = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not a JSON list of names", path.display()))?
    } else {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    for (index, label) in labels.iter().enumerate() {
        if labels[..index].contains(label) {
            bail!("{}: `{label}` is there twice", path.display());
        }
    }
    Ok(labels)
}
