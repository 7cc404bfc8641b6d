//! `crooner predict`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use crooner_model::Output;
use crooner_train::{ClassifierInfo, Heard};
use serde::Serialize;

use super::listening::listen;
use super::model::Model;
use crate::backend::Backend;
use crate::cli::PredictArgs;
use crate::inputs::audio_files;
use crate::progress::Progress;
use crate::{interrupt, say};

/// What the network says of one file. With tags there is no single answer, so none is given.
#[derive(Debug, Serialize)]
struct Prediction {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    top: Vec<Candidate>,
    seconds: f64,
    slices: Vec<SlicePrediction>,
}

#[derive(Debug, Serialize)]
struct Candidate {
    #[serde(flatten)]
    label: Label,
    probability: f64,
}

/// Under the key `artist` or `tag`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Label {
    Artist(String),
    Tag(String),
}

#[derive(Debug, Serialize)]
struct SlicePrediction {
    start_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    /// In the order of `artists` or `tags`.
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
    #[serde(flatten)]
    labels: Labels<'a>,
    predictions: Vec<Prediction>,
    failures: Vec<Failure>,
}

/// Under the key `artists` or `tags`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Labels<'a> {
    Artists(&'a [String]),
    Tags(&'a [String]),
}

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let model = Model::find(&args.run)?;
    let files = audio_files(&args.inputs)?;
    let cancel = interrupt::watch()?;
    let classifier = model.load(backend.open()?)?;

    let mut document = Document {
        run: &args.run,
        labels: match classifier.info().model.output() {
            Output::Softmax => Labels::Artists(&classifier.info().labels),
            Output::Sigmoid => Labels::Tags(&classifier.info().labels),
        },
        predictions: Vec::new(),
        failures: Vec::new(),
    };
    let bar = Progress::new(files.len() as u64, "listening {bar:32} {pos}/{len} files, {eta} left");
    let mut done = 0;
    let complete = listen(&classifier, &files, cancel, &bar, |index, heard| {
        done += 1;
        let file = &files[index];
        match heard {
            Ok(heard) => {
                let prediction = prediction(classifier.info(), file, &heard, args.top);
                if args.json {
                    document.predictions.push(prediction);
                } else {
                    bar.suspend(|| print(&prediction))?;
                }
            }
            Err(error) => {
                bar.line(&format!("error: {}: {error}", file.display()));
                document.failures.push(Failure { file: file.clone(), error: error.to_string() });
            }
        }
        Ok(())
    })?;
    bar.clear();
    let failed = document.failures.len();
    if args.json {
        say(&serde_json::to_string_pretty(&document)?)?;
    }
    if !complete {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    if failed > 0 && done > 1 {
        bar.line(&format!("{failed} of {done} files could not be read"));
    }
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn prediction(info: &ClassifierInfo, file: &Path, heard: &Heard, top: usize) -> Prediction {
    let mut ranked: Vec<(&String, f64)> = info.labels.iter().zip(heard.slices.mean()).collect();
    // Stable: equals stay in the order of the labels.
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let best = ranked.first().filter(|_| info.model.output() == Output::Softmax);
    let (artist, probability) = best.map(|&(artist, p)| (artist.clone(), p)).unzip();
    let label = |label: &String| match info.model.output() {
        Output::Softmax => Label::Artist(label.clone()),
        Output::Sigmoid => Label::Tag(label.clone()),
    };
    let top =
        ranked.iter().take(top).map(|&(name, probability)| Candidate { label: label(name), probability });
    Prediction {
        file: file.to_owned(),
        artist,
        probability,
        top: top.collect(),
        seconds: heard.n_samples as f64 / f64::from(info.features.sample_rate()),
        slices: slice_predictions(info, heard),
    }
}

fn slice_predictions(info: &ClassifierInfo, heard: &Heard) -> Vec<SlicePrediction> {
    let rate = f64::from(info.features.sample_rate());
    let slice_seconds = (info.slice_frames * info.features.hop_length()) as f64 / rate;
    let first_seconds = heard.first_sample as f64 / rate;
    let artist = |row: &[f32]| match info.model.output() {
        Output::Softmax => Some(info.labels[crooner_train::argmax(row)].clone()),
        Output::Sigmoid => None,
    };
    heard
        .slices
        .rows()
        .enumerate()
        .map(|(index, row)| SlicePrediction {
            start_seconds: first_seconds + index as f64 * slice_seconds,
            artist: artist(row),
            probabilities: row.to_vec(),
        })
        .collect()
}

fn print(prediction: &Prediction) -> Result<()> {
    let top: Vec<String> = prediction
        .top
        .iter()
        .map(|Candidate { label: Label::Artist(label) | Label::Tag(label), probability }| {
            format!("{label} {:.1} %", 100.0 * probability)
        })
        .collect();
    say(&format!("{}: {}", prediction.file.display(), top.join(", ")))
}
