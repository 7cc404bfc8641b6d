//! What several seeds of one experiment came to, as plain data: the contents of `seeds.json`.

use serde::{Deserialize, Serialize};

use crate::check::{check_score, check_scores};
use crate::{Chance, Error, FORMAT, Report, Scores};

/// The same experiment at several seeds: each run, and what they come to together. It holds no clock: the same
/// runs always give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedsReport {
    /// The layout of this data: [`FORMAT`].
    pub format: u32,
    /// Name of the experiment, and of its directory.
    pub name: String,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the preset that the configuration started from.
    pub preset: String,
    /// What the classes are, as in `artist`.
    pub label: String,
    /// How recordings were kept together, as in `song` or `album`.
    pub kind: String,
    /// The runs, in the order of the seeds asked for.
    pub runs: Vec<SeedRun>,
    /// Means and spreads over the runs.
    pub summary: SeedsSummary,
    /// What a reader should know, one sentence each.
    pub notes: Vec<String>,
}

/// One of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedRun {
    /// Its seed.
    pub seed: u64,
    /// Its folder, below that of the experiment.
    pub folder: String,
    /// Hash of its split: two runs with the same were tested on the same tracks.
    pub split: String,
    /// Number of test tracks.
    pub test_tracks: u64,
    /// Epochs trained.
    pub epochs: u64,
    /// The epoch whose weights were kept; `None` if none was.
    pub best_epoch: Option<u64>,
    /// Each test track, by the vote of its slices; intervals over tracks.
    pub track: Scores,
    /// Each test track, by the mean of its slices' probabilities.
    pub track_mean: Scores,
    /// Each test slice on its own.
    pub slice: Scores,
    /// What guessing would score on these test tracks.
    pub chance: Chance,
}

/// Every score over the runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedsSummary {
    /// Tracks, by vote.
    pub track: SpreadScores,
    /// Tracks, by mean probability.
    pub track_mean: SpreadScores,
    /// Slices.
    pub slice: SpreadScores,
    /// Mean accuracy of always naming the class with most training tracks.
    pub majority: f64,
    /// Mean accuracy of naming any class at random.
    pub uniform: f64,
}

/// Three scores over the runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpreadScores {
    /// Share of predictions that are right.
    pub accuracy: Spread,
    /// F1 averaged by the number of items.
    pub weighted_f1: Spread,
    /// F1 of each class, averaged with equal weight.
    pub macro_f1: Spread,
}

/// A mean over runs with its 95 % interval, which may reach beyond `0..=1`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a single run.
    pub standard_deviation: f64,
    /// Lower end of the interval of the mean.
    pub low: f64,
    /// Upper end of the interval of the mean.
    pub high: f64,
}

impl SeedRun {
    /// What `report` says of its run, which lies in `folder`.
    #[must_use]
    pub fn of(report: &Report, folder: &str) -> Self {
        Self {
            seed: report.run.seed,
            folder: folder.to_owned(),
            split: report.split.fingerprint.clone(),
            test_tracks: report.test.track.total(),
            epochs: report.training.epochs.len() as u64,
            best_epoch: report.training.best_epoch,
            track: report.test.track.scores(),
            track_mean: report.test.track_mean,
            slice: report.test.slice.scores(),
            chance: report.chance,
        }
    }
}

impl SeedsReport {
    /// Checks that there are at least two runs, that no seed comes twice, and that every number is one and every
    /// mean that of its runs.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] or [`Error::Invalid`], naming the first key that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if self.format != FORMAT {
            return Err(Error::Format { expected: FORMAT, found: self.format });
        }
        if self.runs.len() < 2 {
            return Err(Error::invalid("runs", "at least two", self.runs.len()));
        }
        for (i, run) in self.runs.iter().enumerate() {
            let key = format!("runs[{i}]");
            if self.runs[..i].iter().any(|before| before.seed == run.seed) {
                return Err(Error::invalid(format!("{key}.seed"), "a seed that no other run has", run.seed));
            }
            for (name, scores) in [("track", run.track), ("track_mean", run.track_mean), ("slice", run.slice)]
            {
                check_scores(&format!("{key}.{name}"), scores)?;
            }
            check_score(&format!("{key}.chance.majority"), run.chance.majority)?;
            check_score(&format!("{key}.chance.uniform"), run.chance.uniform)?;
        }
        self.check_means()
    }

    fn check_means(&self) -> Result<(), Error> {
        type Level = fn(&SeedRun) -> Scores;
        let summary = &self.summary;
        let levels: [(&str, SpreadScores, Level); 3] = [
            ("track", summary.track, |run| run.track),
            ("track_mean", summary.track_mean, |run| run.track_mean),
            ("slice", summary.slice, |run| run.slice),
        ];
        let mean =
            |of: &dyn Fn(&SeedRun) -> f64| self.runs.iter().map(of).sum::<f64>() / self.runs.len() as f64;
        for (name, spreads, scores) in levels {
            let key = |score| format!("summary.{name}.{score}");
            let accuracy = mean(&|run| scores(run).accuracy.value);
            check_spread(&key("accuracy"), spreads.accuracy, accuracy)?;
            let weighted_f1 = mean(&|run| scores(run).weighted_f1.value);
            check_spread(&key("weighted_f1"), spreads.weighted_f1, weighted_f1)?;
            let macro_f1 = mean(&|run| scores(run).macro_f1.value);
            check_spread(&key("macro_f1"), spreads.macro_f1, macro_f1)?;
        }
        let majority = mean(&|run| run.chance.majority.value);
        check_mean("summary.majority", summary.majority, majority)?;
        check_mean("summary.uniform", summary.uniform, mean(&|run| run.chance.uniform.value))
    }

    /// As JSON: indented by two spaces, keys in the order of the fields, a newline at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the data contradicts itself, see [`SeedsReport::check`].
    pub fn to_json(&self) -> Result<String, Error> {
        self.check()?;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// What [`SeedsReport::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] for text that is no such report, otherwise as [`SeedsReport::check`].
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let report: Self = serde_json::from_str(text)?;
        report.check()?;
        Ok(report)
    }
}

fn check_spread(key: &str, spread: Spread, mean: f64) -> Result<(), Error> {
    check_mean(&format!("{key}.mean"), spread.mean, mean)?;
    let Spread { mean, standard_deviation, low, high } = spread;
    if !(standard_deviation.is_finite() && standard_deviation >= 0.0) {
        let expected = "a finite number of at least 0";
        return Err(Error::invalid(format!("{key}.standard_deviation"), expected, standard_deviation));
    }
    if !(low <= mean && low.is_finite()) {
        return Err(Error::invalid(format!("{key}.low"), format!("at most the mean, {mean}"), low));
    }
    if !(high >= mean && high.is_finite()) {
        return Err(Error::invalid(format!("{key}.high"), format!("at least the mean, {mean}"), high));
    }
    Ok(())
}

fn check_mean(key: &str, found: f64, mean: f64) -> Result<(), Error> {
    if (found - mean).abs() <= 1e-9 {
        return Ok(());
    }
    Err(Error::invalid(key, format!("{mean}, the mean over the runs"), found))
}
