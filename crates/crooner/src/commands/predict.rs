//! `crooner predict`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use crooner_store::Analyser;
use crooner_train::{Classifier, SlicePredictions};
use rayon::prelude::*;
use serde::Serialize;

use crate::backend::Backend;
use crate::cli::PredictArgs;
use crate::inputs::audio_files;
use crate::progress::Progress;
use crate::run_dir::RunDir;
use crate::{interrupt, say};

/// Files between two looks at the interrupt flag, for each thread.
const FILES_PER_THREAD: usize = 4;

/// What the network says of one file.
#[derive(Debug, Serialize)]
struct Prediction {
    file: PathBuf,
    artist: String,
    probability: f64,
    top: Vec<Candidate>,
    seconds: f64,
    slices: Vec<SlicePrediction>,
}

#[derive(Debug, Serialize)]
struct Candidate {
    artist: String,
    probability: f64,
}

#[derive(Debug, Serialize)]
struct SlicePrediction {
    start_seconds: f64,
    artist: String,
    /// In the order of `artists`.
    probabilities: Vec<f32>,
}

#[derive(Debug, Serialize)]
struct Failure {
    file: PathBuf,
    error: String,
}

/// The document that `--json` prints.
#[derive(Debug, Serialize)]
struct Document<'a> {
    run: &'a Path,
    artists: &'a [String],
    predictions: Vec<Prediction>,
    failures: Vec<Failure>,
}

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let model = RunDir::open(&args.run)?.finished_model()?;
    let files = audio_files(&args.inputs)?;
    let cancel = interrupt::watch()?;
    let classifier = Classifier::load(&model, backend.open()?)?;

    let mut document = Document {
        run: &args.run,
        artists: &classifier.info().labels,
        predictions: Vec::new(),
        failures: Vec::new(),
    };
    let total = files.len() as u64;
    let bar = Progress::new(total, "listening {bar:32} {pos}/{len} files, {eta} left");
    let mut done = 0;
    let mut interrupted = false;
    for files in files.chunks(FILES_PER_THREAD * rayon::current_num_threads()) {
        if cancel.load(std::sync::atomic::Ordering::Relaxed) {
            interrupted = true;
            break;
        }
        let outcomes: Vec<_> = files
            .par_iter()
            .map_init(
                || Analyser::new(&classifier.info().features),
                |analyser, file| (file, predict(&classifier, analyser, file, args.top)),
            )
            .collect();
        done += outcomes.len();
        for (file, outcome) in outcomes {
            match outcome {
                Ok(prediction) if args.json => document.predictions.push(prediction),
                Ok(prediction) => bar.suspend(|| print(&prediction))?,
                Err(error) => {
                    bar.line(&format!("error: {}: {error:#}", file.display()));
                    document.failures.push(Failure { file: file.clone(), error: format!("{error:#}") });
                }
            }
        }
        bar.set(done as u64, total, String::new);
    }
    bar.clear();
    let failed = document.failures.len();
    if args.json {
        say(&serde_json::to_string_pretty(&document)?)?;
    }
    if interrupted {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    if failed > 0 && done > 1 {
        bar.line(&format!("{failed} of {done} files could not be read"));
    }
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn predict(
    classifier: &Classifier,
    analyser: &mut Analyser<'_>,
    file: &Path,
    top: usize,
) -> Result<Prediction> {
    let info = classifier.info();
    let analysis = analyser.analyse(file)?;
    let slices = classifier.classify(&analysis.values)?;
    let mut top_candidates: Vec<Candidate> = info
        .labels
        .iter()
        .zip(slices.mean())
        .map(|(artist, probability)| Candidate { artist: artist.clone(), probability })
        .collect();
    // Stable: equals stay in the order of the labels.
    top_candidates.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    top_candidates.truncate(top);
    let Some(best) = top_candidates.first() else { bail!("the classifier knows no artist") };
    Ok(Prediction {
        file: file.to_owned(),
        artist: best.artist.clone(),
        probability: best.probability,
        seconds: analysis.n_samples as f64 / f64::from(info.features.sample_rate()),
        slices: slice_predictions(classifier, &slices),
        top: top_candidates,
    })
}

fn slice_predictions(classifier: &Classifier, slices: &SlicePredictions) -> Vec<SlicePrediction> {
    let info = classifier.info();
    let hop_seconds = info.features.hop_length() as f64 / f64::from(info.features.sample_rate());
    let slice_seconds = info.slice_frames as f64 * hop_seconds;
    slices
        .rows()
        .enumerate()
        .map(|(index, row)| SlicePrediction {
            start_seconds: index as f64 * slice_seconds,
            artist: info.labels[crooner_train::argmax(row)].clone(),
            probabilities: row.to_vec(),
        })
        .collect()
}

fn print(prediction: &Prediction) -> Result<()> {
    let top: Vec<String> = prediction
        .top
        .iter()
        .map(|candidate| format!("{} {:.1} %", candidate.artist, 100.0 * candidate.probability))
        .collect();
    say(&format!("{}: {}", prediction.file.display(), top.join(", ")))
}
