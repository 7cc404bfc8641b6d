//! `crooner evaluate`

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use crooner_model::Output;
use crooner_split::Side;
use crooner_store::{PrepareOptions, Store};
use crooner_train::evaluate::predict_side;
use crooner_train::{
    Classifier, Evaluation, HeardTrack, Listener, Task, TrainError, evaluate, evaluate_heard,
};
use serde_json::json;

use super::listening::listen_to_tracks;
use super::model::Model;
use super::scores;
use super::sources::{catalogue, list, prepare};
use super::verify;
use crate::backend::Backend;
use crate::cli::EvaluateArgs;
use crate::experiment::DatasetConfig;
use crate::progress::Progress;
use crate::run_dir::RunDir;
use crate::{interrupt, report, say};

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    match (args.dataset()?, &args.trials) {
        (Some(dataset), Some(trials)) => verify::run(args, &dataset, trials),
        (Some(dataset), None) => elsewhere(args, &dataset),
        (None, Some(_)) => {
            bail!("--trials names pairs of the recordings of --data or --dataset, and there is neither")
        }
        (None, None) => test_side(args),
    }
}

/// The test tracks of a run.
fn test_side(args: &EvaluateArgs) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    if let Model::Published(_) = Model::find(&args.run)? {
        bail!("{} is a published model: --data names the tracks to test it on", args.run.display());
    }
    let dir = RunDir::open(&args.run)?;
    let experiment = dir.experiment()?;
    if !dir.split().exists() && dir.model().exists() {
        bail!(
            "{} was imported, not trained here: it has no test tracks, and --data names some",
            dir.path().display()
        );
    }
    let split = dir.read_split()?;
    let device = backend.open()?;
    let classifier = Classifier::load(&dir.finished_model()?, device.clone())?;
    check_classes(dir.path(), &classifier)?;
    if classifier.info().split != split.fingerprint() {
        bail!("{}: its split.json is not the split that its model was trained on", dir.path().display());
    }

    let cancel = interrupt::watch()?;
    let root = &args.store.root;
    let catalogue = catalogue(&experiment.dataset, root, &Progress::hidden())?;
    let store = Store::open(root)?;
    let features = &classifier.info().features;
    let prepared = prepare(&store, &catalogue, features, &PrepareOptions::default(), cancel)?;
    if prepared.summary.interrupted {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    let features = store.features(&catalogue, features)?;
    let task = Task::new(&features, &split, classifier.info().slice_frames)?;
    let batch_size = experiment.training.batch_size;
    let predictions = predict_side(classifier.network(), &task, Side::Test, batch_size, &device)?;
    let evaluation = evaluate(&task, Side::Test, &predictions, experiment.seed);
    let chosen = format!("{} split", split.config().kind);
    print(args, &evaluation, task.labels(), &split.config().label, &chosen)?;
    Ok(ExitCode::SUCCESS)
}

/// All tracks of `dataset`, heard as `crooner predict` hears them.
fn elsewhere(args: &EvaluateArgs, dataset: &DatasetConfig) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let model = Model::find(&args.run)?;
    if model.trained_on()?.is_some_and(|run| run.dataset == *dataset) {
        bail!(
            "{} was trained on these very tracks: without --data, its test tracks alone are scored",
            args.run.display()
        );
    }
    let classifier = model.load(backend.open()?)?;
    check_classes(&args.run, &classifier)?;
    let label = args.label.as_ref().unwrap_or(&classifier.info().label);

    let catalogue = catalogue(dataset, &args.store.root, &Progress::hidden())?;
    let selected = catalogue.select_label(label, "album")?;
    let labels = &classifier.info().labels;
    let class_of: BTreeMap<&str, usize> =
        labels.iter().enumerate().map(|(class, label)| (label.as_str(), class)).collect();
    let (mut tracks, mut truths, mut unknown) = (Vec::new(), HashMap::new(), BTreeSet::new());
    for (track, selected) in catalogue.tracks.iter().zip(&selected) {
        match class_of.get(selected.label) {
            Some(&class) => {
                tracks.push(track);
                truths.insert(track.id.as_str(), class);
            }
            None => {
                unknown.insert(selected.label);
            }
        }
    }
    if tracks.is_empty() {
        bail!(
            "{} knows no {label} of {}; it knows {}",
            args.run.display(),
            catalogue.name,
            labels.iter().take(5).map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
                + if labels.len() > 5 { ", ..." } else { "" }
        );
    }
    list(
        &Progress::hidden(),
        &format!("{label} unknown to {}", args.run.display()),
        unknown.iter().map(ToString::to_string),
    );

    let mut heard = Vec::new();
    let complete = listen_to_tracks(&classifier, Listener::listen, &tracks, |track, outcome| {
        let truth = truths[track.id.as_str()];
        heard.push(HeardTrack { id: track.id.clone(), truth, slices: outcome.slices });
    })?;
    if !complete {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    if heard.is_empty() {
        bail!("none of the {} tracks could be read", tracks.len());
    }
    let evaluation = evaluate_heard(&heard, labels.len(), classifier.info().seed);
    print(args, &evaluation, labels, label, &format!("of {}", catalogue.name))?;
    Ok(ExitCode::SUCCESS)
}

/// That a track has one class.
fn check_classes(path: &Path, classifier: &Classifier) -> Result<()> {
    if classifier.info().model.output() == Output::Sigmoid {
        bail!("{}: {}", path.display(), TrainError::Tags);
    }
    Ok(())
}

fn print(
    args: &EvaluateArgs,
    evaluation: &Evaluation,
    labels: &[String],
    label: &str,
    chosen: &str,
) -> Result<()> {
    if args.json {
        let scores = json!({
            "test": report::scores(evaluation, labels),
            "chance": report::chance(evaluation),
        });
        say(&serde_json::to_string_pretty(&scores)?)
    } else {
        scores::print(evaluation, labels.len(), label, chosen)
    }
}
