//! Predictions of slices and tracks, and their scores.

use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::{Mode, Network, Output};
use crooner_split::Side;

use crate::TrainError;
use crate::batches::Batches;
use crate::bootstrap::{Contribution, Score, scores, uniform_guess};
use crate::fit::argmax;
use crate::metrics::Confusion;
use crate::task::Task;

/// Probabilities of the classes for a run of slices.
#[derive(Clone, Debug, PartialEq)]
pub struct SlicePredictions {
    n_classes: usize,
    probabilities: Vec<f32>,
    loss: f64,
}

impl SlicePredictions {
    /// No slices yet.
    #[must_use]
    pub fn new(n_classes: usize) -> Self {
        Self { n_classes, probabilities: Vec::new(), loss: 0.0 }
    }

    /// What `logits`, `[slices, n_classes]`, mean, in f64 on the host, whatever the device.
    pub(crate) fn of(output: Output, logits: Tensor<2>) -> Self {
        let [_, n_classes] = logits.dims();
        let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
        let rows = logits.chunks_exact(n_classes).flat_map(|row| output.probabilities(row));
        Self { n_classes, probabilities: rows.map(|p| p as f32).collect(), loss: 0.0 }
    }

    /// Softmax of `logits`, `[slices, n_classes]`, in f64 on the host, whatever the device.
    /// `labels` are the true classes, for the loss.
    pub(crate) fn from_logits(logits: Tensor<2>, labels: &[usize]) -> Result<Self, TrainError> {
        let [_, n_classes] = logits.dims();
        let mut predictions = Self::new(n_classes);
        let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
        for (index, row) in logits.chunks_exact(n_classes).enumerate() {
            let peak = row.iter().fold(f64::NEG_INFINITY, |peak, &v| peak.max(f64::from(v)));
            let sum: f64 = row.iter().map(|&v| (f64::from(v) - peak).exp()).sum();
            let log_probability = |v: f32| f64::from(v) - peak - sum.ln();
            predictions.probabilities.extend(row.iter().map(|&v| log_probability(v).exp() as f32));
            if let Some(&label) = labels.get(index) {
                predictions.loss -= log_probability(row[label]);
            }
        }
        Ok(predictions)
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.probabilities.append(&mut other.probabilities);
        self.loss += other.loss;
    }

    /// Number of slices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.probabilities.len() / self.n_classes
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.probabilities.is_empty()
    }

    /// Probabilities of each slice.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> + Clone {
        self.probabilities.chunks_exact(self.n_classes)
    }

    /// Mean cross-entropy, nats.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.loss / self.len() as f64
    }

    /// Mean probability of each class over all slices.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        mean(self.rows(), self.n_classes)
    }
}

/// Mean probability of each class.
fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]>, n_classes: usize) -> Vec<f64> {
    let n = rows.len() as f64;
    let mut mean = vec![0.0; n_classes];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(sum, &p)| *sum += f64::from(p));
    }
    mean.iter_mut().for_each(|sum| *sum /= n);
    mean
}

/// The paper's vote: the class that most slices name, counting only slices whose highest
/// probability exceeds 0.5, or all slices if none does; ties go to the lowest class.
#[must_use]
pub fn vote<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, n_classes: usize) -> usize {
    let count = |threshold: f32| {
        let mut votes = vec![0.0_f32; n_classes];
        for row in rows.clone() {
            let class = argmax(row);
            if row[class] > threshold {
                votes[class] += 1.0;
            }
        }
        votes
    };
    let sure = count(0.5);
    if sure.iter().any(|&n| n > 0.0) { argmax(&sure) } else { argmax(&count(f32::NEG_INFINITY)) }
}

/// Predicts every slice of a side, in order.
///
/// # Errors
///
/// [`TrainError`] if logits cannot be read from the device.
pub fn predict_side(
    network: &Network,
    task: &Task<'_>,
    side: Side,
    batch_size: usize,
    device: &Device,
) -> Result<SlicePredictions, TrainError> {
    let mut predictions = SlicePredictions::new(task.labels().len());
    let batches = Batches { task, side, slices: task.side(side).slices(), batch_size, augment: None };
    batches.ahead(|batches| {
        for batch in batches {
            let mel = TensorData::new(batch.mel, [batch.labels.len(), task.n_mels(), task.slice_frames()]);
            let logits = network.forward(Tensor::from_data(mel, device), Mode::Inference);
            predictions.append(SlicePredictions::from_logits(logits, &batch.labels)?);
        }
        Ok::<(), TrainError>(())
    })?;
    Ok(predictions)
}

/// Scores at one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Share of right answers.
    pub accuracy: Score,
    /// F1 averaged by support.
    pub weighted_f1: Score,
    /// Plain mean of F1.
    pub macro_f1: Score,
    /// All answers.
    pub confusion: Confusion,
}

/// What the network said of one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackResult {
    /// Its id.
    pub id: String,
    /// Its class.
    pub truth: usize,
    /// The class by [`vote`].
    pub voted: usize,
    /// The class of the highest mean probability.
    pub likeliest: usize,
    /// Mean probability of each class.
    pub mean: Vec<f64>,
    /// Number of slices.
    pub slices: usize,
}

/// Scores of a side, with 95 % bootstrap intervals over its tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Each slice on its own.
    pub slice: Level,
    /// Each track by [`vote`].
    pub track: Level,
    /// Each track by mean probability.
    pub track_mean: Level,
    /// Accuracy on these tracks of always naming the class with most training tracks ([`evaluate_heard`]: with most of
    /// these tracks).
    pub majority: Score,
    /// Accuracy of guessing, each class as likely; the interval is where 95 % of guessers land.
    pub uniform: Score,
    /// Every track.
    pub tracks: Vec<TrackResult>,
}

/// A track of a known class, and what a network said of its slices.
struct Answers<'a> {
    id: &'a str,
    truth: usize,
    rows: Vec<&'a [f32]>,
}

/// Scores `predictions`, those of all slices of `side` in order; `seed` draws the resamples.
#[must_use]
pub fn evaluate(task: &Task<'_>, side: Side, predictions: &SlicePredictions, seed: u64) -> Evaluation {
    let tracks = task.side(side);
    let mut answers: Vec<Answers<'_>> = tracks
        .tracks()
        .iter()
        .map(|track| Answers { id: &track.id, truth: track.label, rows: Vec::new() })
        .collect();
    for (slice, row) in tracks.slices().zip(predictions.rows()) {
        answers[slice.track].rows.push(row);
    }
    let training = task.side(Side::Train).tracks().iter().map(|track| track.label);
    score(&answers, task.labels().len(), training, seed)
}

/// A recording of a known class that a classifier has heard.
#[derive(Clone, Debug, PartialEq)]
pub struct HeardTrack {
    /// Its id.
    pub id: String,
    /// Its class, an index into the classifier's labels.
    pub truth: usize,
    /// What the classifier said, at least one slice.
    pub slices: SlicePredictions,
}

/// Scores recordings that no split knows, at least one; `seed` draws the resamples. The class that is always named for
/// [`majority`](Evaluation::majority) is the most frequent among them.
#[must_use]
pub fn evaluate_heard(tracks: &[HeardTrack], n_classes: usize, seed: u64) -> Evaluation {
    let answers: Vec<Answers<'_>> = tracks
        .iter()
        .map(|track| Answers { id: &track.id, truth: track.truth, rows: track.slices.rows().collect() })
        .collect();
    score(&answers, n_classes, tracks.iter().map(|track| track.truth), seed)
}

/// Scores of `answers`; chance names the class that is most frequent in `known`.
fn score(
    answers: &[Answers<'_>],
    n_classes: usize,
    known: impl Iterator<Item = usize>,
    seed: u64,
) -> Evaluation {
    let results: Vec<TrackResult> = answers
        .iter()
        .map(|Answers { id, truth, rows }| {
            let mean = mean(rows.iter().copied(), n_classes);
            let likeliest = argmax(&mean);
            let voted = vote(rows.iter().copied(), n_classes);
            TrackResult { id: (*id).to_owned(), truth: *truth, voted, likeliest, mean, slices: rows.len() }
        })
        .collect();

    let level = |contributions: Vec<Contribution>| {
        let statistics = [Confusion::accuracy, Confusion::weighted_f1, Confusion::macro_f1];
        let [accuracy, weighted_f1, macro_f1] = scores(&contributions, n_classes, seed, statistics);
        let mut confusion = Confusion::new(n_classes);
        for (truth, predicted, times) in contributions.into_iter().flatten() {
            confusion.add(truth, predicted, times);
        }
        Level { accuracy, weighted_f1, macro_f1, confusion }
    };
    let each = |class: &dyn Fn(&TrackResult) -> usize| -> Vec<Contribution> {
        results.iter().map(|result| vec![(result.truth, class(result), 1)]).collect()
    };
    let by_slice = answers
        .iter()
        .map(|track| track.rows.iter().map(|row| (track.truth, argmax(row), 1)).collect())
        .collect();

    let largest = most_frequent(known, n_classes);
    let [majority] = scores(&each(&|_| largest), n_classes, seed, [Confusion::accuracy]);
    Evaluation {
        slice: level(by_slice),
        track: level(each(&|result| result.voted)),
        track_mean: level(each(&|result| result.likeliest)),
        majority,
        uniform: uniform_guess(answers.len(), n_classes),
        tracks: results,
    }
}

/// The most frequent class, the first of equals.
fn most_frequent(classes: impl Iterator<Item = usize>, n_classes: usize) -> usize {
    let mut counts = vec![0_usize; n_classes];
    for class in classes {
        counts[class] += 1;
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    counts.iter().position(|&count| count == most).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voted(rows: &[[f32; 3]]) -> usize {
        vote(rows.iter().map(<[f32; 3]>::as_slice), 3)
    }

    #[test]
    fn only_sure_slices_vote() {
        assert_eq!(voted(&[[0.4, 0.3, 0.3], [0.4, 0.3, 0.3], [0.1, 0.1, 0.8]]), 2);
    }

    #[test]
    fn all_slices_vote_when_none_is_sure() {
        assert_eq!(voted(&[[0.3, 0.4, 0.3], [0.3, 0.4, 0.3], [0.1, 0.4, 0.5]]), 1);
    }

    #[test]
    fn ties_go_to_the_lowest_class() {
        assert_eq!(voted(&[[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]), 1);
        assert_eq!(voted(&[[0.2, 0.4, 0.4]]), 1);
    }

    #[test]
    fn softmax_and_loss_are_exact_even_for_huge_logits() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_floats([[1000.0, 1000.0, -1000.0], [0.0, 0.0, 0.0]], &device);
        let predictions = SlicePredictions::from_logits(logits, &[0, 1]).unwrap();
        assert_eq!(predictions.rows().next().unwrap(), [0.5, 0.5, 0.0]);
        let expected = f64::midpoint(2.0_f64.ln(), 3.0_f64.ln());
        assert!((predictions.loss() - expected).abs() < 1e-12);
    }
}
