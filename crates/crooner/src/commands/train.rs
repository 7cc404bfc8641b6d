//! `crooner train`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Result, bail};
use burn::module::Module;
use burn::tensor::Device;
use crooner_datasets::Catalogue;
use crooner_model::NamedTensor;
use crooner_report::{Run, Seconds};
use crooner_split::{Side, Split, SplitConfig};
use crooner_store::{FeatureSet, FrontEnd, PrepareOptions, Store};
use crooner_train::checkpoint::Identity;
use crooner_train::evaluate::predict_side;
use crooner_train::{Classifier, ClassifierInfo, FitOutcome, FitRequest, Initial, Stopped, Task, evaluate};

use super::fitting::fit_with_progress;
use super::sources::{Usable, catalogue, divide, prepare, select};
use super::{find_rate, leakage, scores, seeds};
use crate::backend::{Backend, device_name};
use crate::cli::TrainArgs;
use crate::experiment::Experiment;
use crate::progress::{Progress, duration};
use crate::report::{self, Findings};
use crate::run_dir::{Environment, RunDir};
use crate::{interrupt, pictures, split_file};

/// Fewest tracks of a class that a split can use: one for each side.
const MIN_TRACKS: usize = 3;

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    if let Some(seeds) = &args.seeds {
        return seeds::run(args, &seeds.0);
    }
    if let Some(picture) = &args.find_learning_rate {
        return find_rate::run(args, picture);
    }
    let (experiment, path) = plan(args)?;
    one(args, &experiment, &path)
}

/// Trains `experiment` in the folder `path`, from its checkpoint if it has one.
pub(crate) fn one(args: &TrainArgs, experiment: &Experiment, path: &Path) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let lines = Progress::hidden();
    if let Some(warning) = backend.warning() {
        lines.line(&format!("note: {warning}"));
    }
    let device = backend.open()?;
    let cancel = interrupt::watch()?;

    let Some(material) = Material::of(experiment, &args.source.store.root, cancel, &lines)? else {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    };
    let Material { catalogue, features, usable, prepare_seconds } = material;
    let dir = RunDir::create(path)?;
    let split = match args.resume {
        Some(_) => dir.read_split()?,
        None => split(experiment, &catalogue, &usable)?,
    };
    refuse_verification(&split)?;
    // A run that goes on was allowed to begin.
    let is_allowed = args.allow_leakage || args.resume.is_some();
    let store = Store::open(&args.source.store.root)?;
    let leaks = leakage::check(&catalogue, &split, &store, is_allowed, cancel, &lines)?;
    let environment = Environment::of(backend.name(), &device);
    dir.write(&dir.config(), experiment.to_toml()?.as_bytes())?;
    dir.write(&dir.environment(), toml::to_string(&environment)?.as_bytes())?;
    dir.write_json(&dir.split(), &split)?;

    let task = Task::new(&features, &split, experiment.slices.frames)?;
    describe(&lines, &task, &split);
    let begun = Instant::now();
    let identity = identity(experiment, &features, &split)?;
    let started = initial(experiment, &task, &device, &lines)?;
    if started.is_some() && dir.checkpoint().exists() {
        lines.line("note: the run has a checkpoint already and goes on from there");
    }
    let mut remarks = usable.remarks();
    remarks.extend(leaks);
    if let Some((path, fingerprint)) = started.as_ref().map(|start| (&start.path, &start.split))
        && fingerprint != split.fingerprint()
    {
        let leak = format!(
            "The weights started from {}, which was trained on another split: it may have heard test tracks of this \
             one, and the scores may be too good.",
            path.display()
        );
        lines.line(&format!("note: {leak}"));
        remarks.push(leak);
    }
    let request = FitRequest {
        task: &task,
        model: &experiment.model,
        config: &experiment.training,
        seed: experiment.seed,
        initial: started.as_ref().map(Start::initial),
        device: &device,
        checkpoint: Some(&dir.checkpoint()),
        identity: &identity,
        cancel,
    };
    let (outcome, waited) = fit_with_progress(&request, &dir)?;
    let train_seconds = begun.elapsed().as_secs_f64();
    if let Stopped::Interrupted { epochs, steps } = outcome.stopped {
        lines.line(&format!(
            "interrupted after {epochs} epochs and {steps} steps; to continue:\n  crooner train --resume {}",
            dir.path().display()
        ));
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }

    let seconds = Seconds { prepare: prepare_seconds, train: train_seconds, evaluate: 0.0 };
    let finished = Finished {
        experiment,
        backend,
        device: &device,
        task: &task,
        split: &split,
        usable: &usable,
        remarks,
    };
    finished.conclude(&dir, outcome, seconds, waited, |track| {
        let track = catalogue.tracks.iter().find(|candidate| candidate.id == track)?;
        Some(track.path.clone())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What an experiment is made of: tracks, and features of them.
pub(super) struct Material {
    pub(super) catalogue: Catalogue,
    pub(super) features: FeatureSet,
    pub(super) usable: Usable,
    pub(super) prepare_seconds: f64,
}

impl Material {
    /// Prepares what is not in the store yet; `None` if that was interrupted.
    pub(super) fn of(
        experiment: &Experiment,
        root: &Path,
        cancel: &AtomicBool,
        lines: &Progress,
    ) -> Result<Option<Self>> {
        let catalogue = catalogue(&experiment.dataset, root, lines)?;
        let selected = select(&catalogue, &experiment.split)?;
        // A given split is checked when it is read, and may leave small classes out.
        if experiment.split_file.is_none() {
            catalogue.require_classes(&experiment.split.label, 2, MIN_TRACKS)?;
        }
        let store = Store::open(root)?;
        let prepared = prepare(&store, &catalogue, &experiment.features, &PrepareOptions::default(), cancel)?;
        lines.line(&format!("data       {}", prepared.sentence()));
        if prepared.summary.interrupted {
            lines.line(interrupt::SENTENCE);
            return Ok(None);
        }
        let features = store.features(&catalogue, &experiment.features)?;
        let usable = Usable::of(&features, &selected, experiment.slices.frames);
        for remark in usable.remarks() {
            let hint = if prepared.of_audio { " `--slice-seconds` makes slices shorter." } else { "" };
            lines.line(&format!("note: {remark}{hint}"));
        }
        Ok(Some(Self { catalogue, features, usable, prepare_seconds: prepared.seconds }))
    }
}

/// The split of an experiment, read or drawn.
pub(super) fn split(experiment: &Experiment, catalogue: &Catalogue, usable: &Usable) -> Result<Split> {
    match &experiment.split_file {
        Some(file) => {
            split_file::read(file, &usable.items, &usable.left_out(), &experiment.split, experiment.seed)
        }
        None => divide(catalogue, &usable.items, &experiment.split, experiment.seed),
    }
}

/// That the split's classes are on all sides.
pub(super) fn refuse_verification(split: &Split) -> Result<()> {
    if split.config().holds_out_classes() {
        let label = crooner_report::plural(&split.config().label);
        bail!(
            "this split holds out whole {label}: it is for verification, and no classifier can name what it never heard"
        );
    }
    Ok(())
}

/// The settings, and the folder of the run.
fn plan(args: &TrainArgs) -> Result<(Experiment, PathBuf)> {
    if let Some(path) = &args.resume {
        let mut experiment = RunDir::open(path)?.experiment()?;
        experiment.training.epochs = args.epochs.unwrap_or(experiment.training.epochs);
        return Ok((experiment, path.clone()));
    }
    let experiment = Experiment::resolve(&args.overrides())?;
    if let Some(path) = &args.out {
        if RunDir::is_finished_at(path) {
            bail!("{} holds a finished run: choose another --out, or remove it first", path.display());
        }
        return Ok((experiment, path.clone()));
    }
    let name = format!("{}-seed{}", data_and_split(&experiment), experiment.seed);
    let path = RunDir::free(&name, &experiment.to_toml()?);
    Ok((experiment, path))
}

/// `demo-song`: what the folders of an experiment's runs are called after.
pub(crate) fn data_and_split(experiment: &Experiment) -> String {
    let dataset = match &experiment.dataset.root {
        Some(root) => root.file_name().map_or("music".to_owned(), |name| name.to_string_lossy().into_owned()),
        None => experiment.dataset.name.clone(),
    };
    format!("{dataset}-{}", experiment.split.kind)
}

/// Everything that decides the weights, so that a checkpoint continues only its own run. The
/// number of epochs is not among it, unless the schedule depends on it: a finished run may be asked for more.
fn identity(experiment: &Experiment, features: &FeatureSet, split: &Split) -> Result<Identity> {
    let training = experiment.training.lasting();
    Ok(Identity::from([
        ("seed".to_owned(), experiment.seed.to_string()),
        ("features".to_owned(), features.fingerprint().to_owned()),
        ("slice length".to_owned(), experiment.slices.frames.to_string()),
        ("split".to_owned(), split.fingerprint().to_owned()),
        ("model".to_owned(), serde_json::to_string(&experiment.model)?),
        ("training".to_owned(), serde_json::to_string(&training)?),
    ]))
}

/// Weights of another run.
pub(super) struct Start {
    path: PathBuf,
    weights: Vec<NamedTensor>,
    /// Whether they are for the same artists.
    same_classes: bool,
    /// Fingerprint of the split that they were trained on.
    split: String,
}

impl Start {
    pub(super) fn initial(&self) -> Initial<'_> {
        Initial { weights: &self.weights, same_classes: self.same_classes }
    }
}

/// The weights to start from, if the settings name any.
pub(super) fn initial(
    experiment: &Experiment,
    task: &Task<'_>,
    device: &Device,
    lines: &Progress,
) -> Result<Option<Start>> {
    let Some(path) = &experiment.training.init_from else { return Ok(None) };
    let path = if path.is_dir() { RunDir::open(path)?.finished_model()? } else { path.clone() };
    let classifier = Classifier::load(&path, device.clone())?;
    if classifier.info().features != experiment.features {
        lines.line(&format!("note: {} was trained on other features than these", path.display()));
    }
    let same_classes = classifier.info().labels == task.labels();
    let weights = classifier.network().weights()?;
    let split = classifier.info().split.clone();
    Ok(Some(Start { path, weights, same_classes, split }))
}

pub(super) fn describe(lines: &Progress, task: &Task<'_>, split: &Split) {
    let side = |side| {
        let side = task.side(side);
        format!("{} tracks ({} slices)", side.tracks().len(), side.n_slices())
    };
    lines.line(&format!(
        "split      {}: {} to train, {} to validate, {} to test; {} {}",
        split.config().kind,
        side(Side::Train),
        side(Side::Validation),
        side(Side::Test),
        task.labels().len(),
        crooner_report::plural(&split.config().label)
    ));
    for note in split.notes() {
        lines.line(&format!("note: {note}"));
    }
}

/// A trained run, about to be evaluated and written down.
struct Finished<'a> {
    experiment: &'a Experiment,
    backend: Backend,
    device: &'a Device,
    task: &'a Task<'a>,
    split: &'a Split,
    usable: &'a Usable,
    /// What a reader of the scores should know.
    remarks: Vec<String>,
}

impl Finished<'_> {
    fn conclude(
        self,
        dir: &RunDir,
        outcome: FitOutcome,
        mut seconds: Seconds,
        waited: Option<f64>,
        path_of: impl Fn(&str) -> Option<PathBuf>,
    ) -> Result<()> {
        let Self { experiment, backend, device, task, split, usable, remarks } = self;
        let begun = Instant::now();
        let batch_size = experiment.training.batch_size;
        let predictions = predict_side(&outcome.network, task, Side::Test, batch_size, device)?;
        let evaluation = evaluate(task, Side::Test, &predictions, experiment.seed);
        seconds.evaluate = begun.elapsed().as_secs_f64();

        let parameters = outcome.network.num_params() as u64;
        let info = ClassifierInfo {
            features: experiment.features.clone(),
            slice_frames: experiment.slices.frames,
            model: experiment.model.clone(),
            recording: experiment.recording,
            labels: task.labels().to_vec(),
            label: split.config().label.clone(),
            split: split.fingerprint().to_owned(),
            seed: experiment.seed,
        };
        Classifier::new(info, outcome.network, device.clone()).save(&dir.model())?;

        let features = &experiment.features;
        let example = example(task, features, &path_of)?;
        let (examples, drawn) =
            example.map_or((vec![], vec![]), |(example, drawn)| (vec![example], vec![drawn]));
        let run = Run {
            name: dir.name(),
            dataset: experiment.dataset.name.clone(),
            preset: experiment.preset.clone(),
            backend: backend.name().to_owned(),
            device: device_name(device),
            seed: experiment.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: option_env!("CROONER_REVISION").map(str::to_owned),
            parameters,
            slice_seconds: features.hop_seconds().map(|hop| experiment.slices.frames as f64 * hop),
            slice_segments: features.hop_seconds().is_none().then_some(experiment.slices.frames as u64),
            command: "crooner train --config config.toml".to_owned(),
            config_toml: experiment.to_toml()?,
        };
        let report = report::report(Findings {
            run,
            task,
            split,
            remarks,
            evaluation: &evaluation,
            history: &outcome.history,
            metric: experiment.training.early_stopping,
            stopped: report::stopped(outcome.stopped, &experiment.training),
            examples,
            failures: usable.failures.clone(),
            seconds,
        });
        let html = crooner_report::html(&report, &crooner_report::Pictures { examples: drawn })?;
        dir.write(&dir.report_html(), html.as_bytes())?;
        // Last: it marks the run as finished.
        dir.write(&dir.report_json(), report.to_json()?.as_bytes())?;

        let SplitConfig { kind, label, .. } = split.config();
        scores::print(&evaluation, task.labels().len(), label, &format!("{kind} split"))?;
        let waited = waited.map(|share| format!("; waiting for data: {:.1} % of the epochs", 100.0 * share));
        crate::say(&format!("trained in {}{}", duration(seconds.train), waited.unwrap_or_default()))?;
        crate::say(&format!("report     {}", dir.report_html().display()))?;
        crate::say(&format!("try it     crooner predict {} FILE", dir.path().display()))
    }
}

/// The start of the first test track, as a waveform and a log-mel picture, if it can be heard.
fn example(
    task: &Task<'_>,
    features: &FrontEnd,
    path_of: &impl Fn(&str) -> Option<PathBuf>,
) -> Result<Option<(crooner_report::Example, crooner_report::ExamplePictures)>> {
    let FrontEnd::Audio(features) = features else { return Ok(None) };
    let Some(track) = task.side(Side::Test).tracks().first() else { return Ok(None) };
    let Some(path) = path_of(&track.id) else { return Ok(None) };
    let artist = &task.labels()[track.label];
    pictures::example(&track.id, artist, &path, features, task.frames(track)).map(Some)
}
