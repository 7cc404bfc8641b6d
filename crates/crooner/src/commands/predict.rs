//! `crooner predict`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use crooner_model::Output;
use crooner_train::{ClassifierInfo, Heard, Listener};
use serde::Serialize;

use super::listening::listen;
use super::model::Model;
use crate::backend::Backend;
use crate::cli::PredictArgs;
use crate::inputs::{extensions, files};
use crate::progress::Progress;
use crate::{interrupt, of_file, say};

/// What the network says of one file. With tags there is no single answer, so none is given.
#[derive(Debug, Serialize)]
struct Prediction {
    file: PathBuf,
    #[serde(flatten)]
    answer: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    top: Vec<Candidate>,
    /// Absent where the file does not say how long the recording is.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    slices: Vec<SlicePrediction>,
}

#[derive(Debug, Serialize)]
struct Candidate {
    #[serde(flatten)]
    label: Named,
    probability: f64,
}

/// One entry: a label under what it is called, such as `artist`, `genre` or `tag`.
type Named = BTreeMap<String, String>;

#[derive(Debug, Serialize)]
struct SlicePrediction {
    start_seconds: f64,
    #[serde(flatten)]
    answer: Option<Named>,
    /// In the order of the document's labels.
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
    /// One entry: all labels under what they are called, such as `artists`, `genres` or `tags`.
    #[serde(flatten)]
    labels: BTreeMap<String, &'a [String]>,
    predictions: Vec<Prediction>,
    failures: Vec<Failure>,
}

/// The key of one label and of all. A column that is called as the document calls something else has `label_` before it.
fn keys(noun: &str) -> [String; 2] {
    const TAKEN: [&str; 11] = [
        "error",
        "failures",
        "file",
        "predictions",
        "probabilities",
        "probability",
        "run",
        "seconds",
        "slices",
        "start_seconds",
        "top",
    ];
    let keys = [noun.to_owned(), crooner_report::plural(noun)];
    if keys.iter().any(|key| TAKEN.contains(&key.as_str())) {
        return keys.map(|key| format!("label_{key}"));
    }
    keys
}

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let model = Model::find(&args.run)?;
    let cancel = interrupt::watch()?;
    let classifier = model.load(backend.open()?)?;
    let files = files(&args.inputs, extensions(&classifier.info().features))?;

    let [_, all] = keys(classifier.info().noun());
    let mut document = Document {
        run: &args.run,
        labels: BTreeMap::from([(all, classifier.info().labels.as_slice())]),
        predictions: Vec::new(),
        failures: Vec::new(),
    };
    let bar = Progress::new(files.len() as u64, "listening {bar:32} {pos}/{len} files, {eta} left");
    let mut done = 0;
    let complete = listen(&classifier, Listener::listen, &files, cancel, &bar, |index, heard| {
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
                let error = error.to_string();
                bar.line(&format!("error: {}", of_file(&file.display().to_string(), &error)));
                document.failures.push(Failure { file: file.clone(), error });
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
    let [key, _] = keys(info.noun());
    let named = |label: &String| Named::from([(key.clone(), label.clone())]);
    let best = ranked.first().filter(|_| info.model.output() == Output::Softmax);
    let (answer, probability) = best.map(|&(label, p)| (named(label), p)).unzip();
    let top =
        ranked.iter().take(top).map(|&(label, probability)| Candidate { label: named(label), probability });
    Prediction {
        file: file.to_owned(),
        answer,
        probability,
        top: top.collect(),
        seconds: heard.seconds,
        slices: slice_predictions(info, heard, named),
    }
}

fn slice_predictions(
    info: &ClassifierInfo,
    heard: &Heard,
    named: impl Fn(&String) -> Named,
) -> Vec<SlicePrediction> {
    let answer = |row: &[f32]| match info.model.output() {
        Output::Softmax => Some(named(&info.labels[crooner_train::argmax(row)])),
        Output::Sigmoid => None,
    };
    heard
        .slices
        .rows()
        .zip(&heard.starts)
        .map(|(row, &start_seconds)| SlicePrediction {
            start_seconds,
            answer: answer(row),
            probabilities: row.to_vec(),
        })
        .collect()
}

fn print(prediction: &Prediction) -> Result<()> {
    let top: Vec<String> = prediction
        .top
        .iter()
        .flat_map(|Candidate { label, probability }| {
            label.values().map(move |label| format!("{label} {:.1} %", 100.0 * probability))
        })
        .collect();
    say(&format!("{}: {}", prediction.file.display(), top.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn labels_stand_under_what_they_are_called() {
        assert_eq!(keys("genre"), ["genre", "genres"]);
        assert_eq!(keys("country"), ["country", "countries"]);
        assert_eq!(keys("slice"), ["label_slice", "label_slices"]);
        assert_eq!(keys("probability"), ["label_probability", "label_probabilities"]);
    }
}
