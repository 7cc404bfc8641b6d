//! `crooner evaluate`

use std::process::ExitCode;

use anyhow::{Result, bail};
use crooner_model::Output;
use crooner_split::Side;
use crooner_store::{PrepareOptions, Store};
use crooner_train::evaluate::predict_side;
use crooner_train::{Classifier, Task, TrainError, evaluate};
use serde_json::json;

use super::scores;
use super::sources::{catalogue, prepare};
use crate::backend::Backend;
use crate::cli::EvaluateArgs;
use crate::progress::Progress;
use crate::run_dir::RunDir;
use crate::{interrupt, report, say};

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let dir = RunDir::open(&args.run)?;
    let experiment = dir.experiment()?;
    if !dir.split().exists() && dir.model().exists() {
        bail!("{} was imported, not trained here: it has no test tracks", dir.path().display());
    }
    let split = dir.read_split()?;
    let device = backend.open()?;
    let classifier = Classifier::load(&dir.finished_model()?, device.clone())?;
    if classifier.info().model.output() == Output::Sigmoid {
        bail!("{}: {}", dir.path().display(), TrainError::Tags);
    }
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
    if args.json {
        let labels = task.labels();
        let scores = json!({
            "test": report::scores(&evaluation, labels),
            "chance": report::chance(&evaluation),
        });
        say(&serde_json::to_string_pretty(&scores)?)?;
    } else {
        scores::print(&evaluation, &task, &split)?;
    }
    Ok(ExitCode::SUCCESS)
}
