//! From an evaluation to the report's plain data.

use crooner_report as report;
use crooner_split::{Side, Split};
use crooner_train::bootstrap;
use crooner_train::config::Metric;
use crooner_train::evaluate::{Evaluation, Level, TrackResult};
use crooner_train::fit::{EpochRecord, best_epoch};
use crooner_train::{FitConfig, Stopped, Task};

/// Most pairs and tracks that the report lists.
const LISTED: usize = 10;

/// Everything that a finished run knows.
pub(crate) struct Findings<'a> {
    pub(crate) run: report::Run,
    pub(crate) task: &'a Task<'a>,
    pub(crate) split: &'a Split,
    /// What a reader should know about the split besides what the split itself says.
    pub(crate) remarks: Vec<String>,
    pub(crate) evaluation: &'a Evaluation,
    pub(crate) history: &'a [EpochRecord],
    /// What decided the best epoch.
    pub(crate) metric: Metric,
    pub(crate) stopped: String,
    pub(crate) examples: Vec<report::Example>,
    pub(crate) failures: Vec<report::Failure>,
    pub(crate) seconds: report::Seconds,
}

pub(crate) fn report(findings: Findings<'_>) -> report::Report {
    let Findings {
        run,
        task,
        split,
        remarks,
        evaluation,
        history,
        metric,
        stopped,
        examples,
        failures,
        seconds,
    } = findings;
    let notes = split.notes().iter().map(ToString::to_string).chain(remarks).collect();
    let size = |side| {
        let side = task.side(side);
        report::PartSize { tracks: side.tracks().len() as u64, slices: side.n_slices() as u64 }
    };
    report::Report {
        format: report::FORMAT,
        run,
        split: report::SplitSizes {
            label: split.config().label.clone(),
            kind: split.config().kind.to_string(),
            fingerprint: split.fingerprint().to_owned(),
            train: size(Side::Train),
            validation: size(Side::Validation),
            test: size(Side::Test),
            notes,
        },
        test: scores(evaluation, task.labels()),
        chance: chance(evaluation),
        training: training(history, metric, stopped),
        examples,
        confused: confused(evaluation, task.labels()),
        worst_tracks: worst_tracks(&evaluation.tracks, task.labels()),
        failures,
        seconds,
    }
}

/// `report.json`'s `test`.
pub(crate) fn scores(evaluation: &Evaluation, labels: &[String]) -> report::Evaluation {
    report::Evaluation {
        slice: level(&evaluation.slice, labels),
        track: level(&evaluation.track, labels),
        track_mean: level(&evaluation.track_mean, labels).scores(),
    }
}

/// `report.json`'s `chance`.
pub(crate) fn chance(evaluation: &Evaluation) -> report::Chance {
    report::Chance { majority: score(evaluation.majority), uniform: score(evaluation.uniform) }
}

pub(crate) fn score(score: bootstrap::Score) -> report::Score {
    report::Score { value: score.value, low: score.low, high: score.high }
}

fn level(level: &Level, labels: &[String]) -> report::Level {
    let confusion = &level.confusion;
    let classes = labels.iter().enumerate().map(|(class, name)| {
        let scores = confusion.class(class);
        let named = (0..labels.len()).any(|truth| confusion.count(truth, class) > 0);
        let true_ = scores.support > 0;
        report::Class {
            name: name.clone(),
            precision: named.then_some(scores.precision),
            recall: true_.then_some(scores.recall),
            f1: (named || true_).then_some(scores.f1),
            support: scores.support,
        }
    });
    report::Level {
        accuracy: score(level.accuracy),
        weighted_f1: score(level.weighted_f1),
        macro_f1: score(level.macro_f1),
        classes: classes.collect(),
        confusion: confusion.rows().map(<[u64]>::to_vec).collect(),
    }
}

fn training(history: &[EpochRecord], metric: Metric, stopped: String) -> report::Training {
    let epoch = |record: &EpochRecord| report::Epoch {
        epoch: record.epoch as u64,
        train_loss: report::finite(record.train_loss),
        validation_loss: report::finite(record.validation_loss),
        validation_f1: report::finite(record.validation_f1),
        learning_rate: record.learning_rate,
    };
    report::Training {
        epochs: history.iter().map(epoch).collect(),
        best_epoch: best_epoch(history, metric).map(|best| best.epoch as u64),
        stopped,
    }
}

/// Why training stopped: a whole sentence.
pub(crate) fn stopped(stopped: Stopped, training: &FitConfig) -> String {
    match stopped {
        Stopped::EpochLimit => "All epochs were done.".to_owned(),
        Stopped::EarlyStopping => {
            format!(
                "The {} had not improved for {} epochs.",
                training.early_stopping.name(),
                training.patience
            )
        }
        Stopped::Interrupted { epochs, steps } => {
            format!("It was interrupted after {epochs} epochs and {steps} steps.")
        }
    }
}

fn confused(evaluation: &Evaluation, labels: &[String]) -> Vec<report::ConfusedPair> {
    let confusion = &evaluation.track.confusion;
    let mut pairs = Vec::new();
    for (truth, row) in confusion.rows().enumerate() {
        let of = row.iter().sum();
        for (predicted, &count) in row.iter().enumerate() {
            if truth != predicted && count > 0 {
                let (truth, predicted) = (labels[truth].clone(), labels[predicted].clone());
                pairs.push(report::ConfusedPair { truth, predicted, count, of });
            }
        }
    }
    // Stable: equals stay in the order of the labels.
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.count));
    pairs.truncate(LISTED);
    pairs
}

/// The tracks of which the vote was wrong, surest first.
fn worst_tracks(tracks: &[TrackResult], labels: &[String]) -> Vec<report::WorstTrack> {
    let mut worst: Vec<_> = tracks
        .iter()
        .filter(|track| track.voted != track.truth)
        .map(|track| report::WorstTrack {
            id: track.id.clone(),
            truth: labels[track.truth].clone(),
            predicted: labels[track.voted].clone(),
            probability: track.mean[track.voted],
            true_probability: track.mean[track.truth],
            slices: track.slices as u64,
        })
        .collect();
    worst.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    worst.truncate(LISTED);
    worst
}
