//! What a training run found out, as plain data: the contents of `report.json`.
//!
//! Field order is the order of the keys in the file, every list keeps the order it was given, and there is
//! no map: the same data always gives the same bytes.
//!
//! Numbers are finite. One that does not exist (the recall of an artist with no test track, the loss of an
//! epoch that diverged) is [`None`], written as `null`; [`finite`] makes one out of a computed value.

use serde::{Deserialize, Serialize};

/// The version of the layout of `report.json` that this crate reads and writes.
pub const FORMAT: u32 = 1;

/// `Some(value)` when `value` is a number, `None` when it is infinite or not a number.
///
/// ```
/// assert_eq!(crooner_report::finite(0.25), Some(0.25));
/// assert_eq!(crooner_report::finite(f64::NAN), None);
/// ```
pub fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// A whole training run: what was run, on what, how well it did, and where it failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The layout of this data: [`FORMAT`].
    pub format: u32,
    /// What was run.
    pub run: Run,
    /// How the recordings were divided.
    pub split: SplitSizes,
    /// Scores on the test part, which neither training nor early stopping ever saw.
    pub test: Evaluation,
    /// What guessing would score on the same test part.
    pub chance: Chance,
    /// How training went.
    pub training: Training,
    /// The recordings shown in pictures.
    pub examples: Vec<Example>,
    /// Pairs of artists taken for each other, most frequent first.
    pub confused: Vec<ConfusedPair>,
    /// Test tracks on which the classifier was most sure of something wrong, worst first.
    pub worst_tracks: Vec<WorstTrack>,
    /// Tracks that could not be read and so are in no part of the split.
    pub failures: Vec<Failure>,
    /// How long each stage took.
    pub seconds: Seconds,
}

/// What was run, and all it takes to run it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Name of the run, and of its directory.
    pub name: String,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the preset that the configuration started from.
    pub preset: String,
    /// What computed, as in `flex` or `wgpu`.
    pub backend: String,
    /// On which device, in words.
    pub device: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Version of the program.
    pub version: String,
    /// Revision of its source, where known.
    pub revision: Option<String>,
    /// Number of trainable parameters of the model.
    pub parameters: u64,
    /// Length of one slice in seconds of audio, where its frames have a fixed length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slice_seconds: Option<f64>,
    /// Length of one slice in segments (musical events), where these are its frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slice_segments: Option<u64>,
    /// The command that gives this run again.
    pub command: String,
    /// The resolved configuration, as TOML.
    pub config_toml: String,
}

/// Sizes of the three parts, and how they were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSizes {
    /// What the classes are: `artist`, unless another label was asked for.
    #[serde(default = "artist", skip_serializing_if = "is_artist")]
    pub label: String,
    /// How recordings were kept together: `song` or `album`.
    pub kind: String,
    /// Hash of the assignment: two runs with the same fingerprint were tested on the same tracks.
    pub fingerprint: String,
    /// What the model was fitted to.
    pub train: PartSize,
    /// What decided when to stop.
    pub validation: PartSize,
    /// What the scores are from.
    pub test: PartSize,
    /// What a reader should know about the split, one sentence each.
    pub notes: Vec<String>,
}

fn artist() -> String {
    "artist".to_owned()
}

fn is_artist(label: &str) -> bool {
    label == "artist"
}

/// Size of one part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartSize {
    /// Number of tracks.
    pub tracks: u64,
    /// Number of slices cut from them.
    pub slices: u64,
}

/// Scores on the test part: per slice, and per track in two ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Each slice on its own.
    pub slice: Level,
    /// Each track, by the vote of its slices.
    pub track: Level,
    /// Each track, by the mean of its slices' probabilities.
    pub track_mean: Scores,
}

/// A score in `0..=1` with its 95 % interval: the 2.5 % and 97.5 % quantiles of a bootstrap over tracks.
///
/// The quantiles of a small test set need not contain the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The score of the test part as it is.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Three scores of one set of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Share of predictions that are right.
    pub accuracy: Score,
    /// F1 of each artist, averaged with the artist's number of test items as weight.
    pub weighted_f1: Score,
    /// F1 of each artist, averaged with equal weight.
    pub macro_f1: Score,
}

/// The scores at one level (slices or tracks), with what they are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Share of predictions that are right.
    pub accuracy: Score,
    /// F1 of each artist, averaged with the artist's number of test items as weight.
    pub weighted_f1: Score,
    /// F1 of each artist, averaged with equal weight.
    pub macro_f1: Score,
    /// One entry per artist, in the order of the model's outputs.
    pub classes: Vec<Class>,
    /// `confusion[truth][predicted]`: how many items of artist `truth` were given to `predicted`.
    pub confusion: Vec<Vec<u64>>,
}

impl Level {
    /// The three scores without their makings.
    pub fn scores(&self) -> Scores {
        Scores { accuracy: self.accuracy, weighted_f1: self.weighted_f1, macro_f1: self.macro_f1 }
    }

    /// Number of items that were scored.
    pub fn total(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    /// Number of items whose artist was named rightly: the diagonal of the confusion matrix.
    pub fn correct(&self) -> u64 {
        self.confusion.iter().enumerate().filter_map(|(i, row)| row.get(i)).sum()
    }
}

/// How well one artist is recognised. A ratio with denominator 0 is undefined, and `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The artist's name.
    pub name: String,
    /// Of the items given to this artist, the share that are theirs; `None` if none was given.
    pub precision: Option<f64>,
    /// Of this artist's items, the share given to them; `None` if there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall; `None` if the artist has no item and was never named.
    pub f1: Option<f64>,
    /// Number of this artist's items in the test part.
    pub support: u64,
}

/// The accuracy of guessing on the same test tracks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chance {
    /// Always naming the artist with most training tracks; the interval is a bootstrap over tracks.
    pub majority: Score,
    /// Naming an artist at random, each as likely as any other: one in the number of artists. Of all such
    /// guessers, 95 % score within the interval.
    pub uniform: Score,
}

impl Chance {
    /// The accuracy of the better of the two.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.majority.value.max(self.uniform.value)
    }
}

/// How training went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// One entry per epoch, in order.
    pub epochs: Vec<Epoch>,
    /// The epoch whose weights were kept, counted as [`Epoch::epoch`]; `None` if none was.
    pub best_epoch: Option<u64>,
    /// Why training stopped: a whole sentence.
    pub stopped: String,
}

/// One pass over the training part. A figure that was not finite, or not measured, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Its number, counted from 1.
    pub epoch: u64,
    /// Mean cross-entropy over the training slices, in nats.
    pub train_loss: Option<f64>,
    /// Mean cross-entropy over the validation slices, in nats.
    pub validation_loss: Option<f64>,
    /// Weighted F1 over the validation slices, in `0..=1`.
    pub validation_f1: Option<f64>,
    /// Learning rate at the end of the epoch.
    pub learning_rate: f64,
}

/// A recording shown in pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Id of the track.
    pub track: String,
    /// Its artist.
    pub artist: String,
    /// Where the pictured excerpt starts in the track, in seconds.
    pub start_seconds: f64,
    /// How long the pictured excerpt is, in seconds.
    pub length_seconds: f64,
}

/// Two artists, and how often the first was taken for the second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfusedPair {
    /// Who played.
    pub truth: String,
    /// Who was named instead.
    pub predicted: String,
    /// How many of the first artist's test tracks went to the second.
    pub count: u64,
    /// How many test tracks the first artist has.
    pub of: u64,
}

/// A test track that was given to the wrong artist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorstTrack {
    /// Id of the track.
    pub id: String,
    /// Who played.
    pub truth: String,
    /// Who was named instead.
    pub predicted: String,
    /// Probability given to `predicted`, as a mean over the track's slices.
    pub probability: f64,
    /// Probability given to `truth`, as a mean over the track's slices.
    pub true_probability: f64,
    /// Number of slices the verdict rests on.
    pub slices: u64,
}

/// A track that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Id of the track.
    pub track: String,
    /// What went wrong, in words.
    pub error: String,
}

/// How long each stage took, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seconds {
    /// Decoding and computing features.
    pub prepare: f64,
    /// Fitting the model.
    pub train: f64,
    /// Scoring the test part.
    pub evaluate: f64,
}
