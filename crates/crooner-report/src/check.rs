//! What must hold before a report is written: every number is one, and the parts agree with each other.

use crate::{Class, Error, Evaluation, FORMAT, Level, Report, Score, Scores, Training};

/// How far a score may be from the ratio it is said to be, or from the range it must be in: room for
/// rounding and another order of summation, no more.
const TOLERANCE: f64 = 1e-9;

impl Report {
    /// Checks what the types cannot say: that numbers are finite and in range, that the tables have one row
    /// per artist, and that accuracies and supports are those of the confusion matrix beside them.
    ///
    /// [`Report::to_json`], [`Report::from_json`] and [`html`](crate::html) all do this first.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] or [`Error::Invalid`], naming the first key that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if self.format != FORMAT {
            return Err(Error::Format { expected: FORMAT, found: self.format });
        }
        match (self.run.slice_seconds, self.run.slice_segments) {
            (Some(seconds), None) => at_least_zero("run.slice_seconds", seconds)?,
            (None, Some(_)) => {}
            (seconds, _) => {
                let found = if seconds.is_some() { "both" } else { "neither" };
                return Err(Error::invalid("run.slice_seconds", "either this or run.slice_segments", found));
            }
        }
        check_evaluation(&self.test)?;
        check_score("chance.majority", self.chance.majority)?;
        check_score("chance.uniform", self.chance.uniform)?;
        check_training(&self.training)?;
        for (i, example) in self.examples.iter().enumerate() {
            at_least_zero(&format!("examples[{i}].start_seconds"), example.start_seconds)?;
            at_least_zero(&format!("examples[{i}].length_seconds"), example.length_seconds)?;
        }
        for (i, track) in self.worst_tracks.iter().enumerate() {
            share(&format!("worst_tracks[{i}].probability"), track.probability)?;
            share(&format!("worst_tracks[{i}].true_probability"), track.true_probability)?;
        }
        for (i, pair) in self.confused.iter().enumerate() {
            if pair.count > pair.of {
                let expected = format!("at most `of`, {}", pair.of);
                return Err(Error::invalid(format!("confused[{i}].count"), expected, pair.count));
            }
        }
        at_least_zero("seconds.prepare", self.seconds.prepare)?;
        at_least_zero("seconds.train", self.seconds.train)?;
        at_least_zero("seconds.evaluate", self.seconds.evaluate)
    }
}

fn check_evaluation(test: &Evaluation) -> Result<(), Error> {
    check_level("test.slice", &test.slice)?;
    check_level("test.track", &test.track)?;
    check_scores("test.track_mean", test.track_mean)?;
    let names = |level: &Level| level.classes.iter().map(|class| class.name.clone()).collect::<Vec<_>>();
    if names(&test.slice) != names(&test.track) {
        let expected = "the artists of `test.slice.classes`, in the same order";
        return Err(Error::invalid("test.track.classes", expected, "others"));
    }
    Ok(())
}

fn check_level(key: &str, level: &Level) -> Result<(), Error> {
    check_scores(key, level.scores())?;
    let n_classes = level.classes.len();
    if n_classes == 0 {
        return Err(Error::invalid(format!("{key}.classes"), "one entry per artist", "none"));
    }
    check_square(&format!("{key}.confusion"), &level.confusion, n_classes)?;
    for (i, (class, row)) in level.classes.iter().zip(&level.confusion).enumerate() {
        check_class(&format!("{key}.classes[{i}]"), class)?;
        let in_row: u64 = row.iter().sum();
        if class.support != in_row {
            let expected = format!("{in_row}, the sum of the artist's row in the confusion matrix");
            return Err(Error::invalid(format!("{key}.classes[{i}].support"), expected, class.support));
        }
    }
    let (correct, total) = (level.correct(), level.total());
    if total == 0 {
        return Err(Error::invalid(format!("{key}.confusion"), "counts of at least one test item", "none"));
    }
    if (level.accuracy.value - correct as f64 / total as f64).abs() > TOLERANCE {
        let expected = format!("{correct}/{total}, as the confusion matrix has it");
        return Err(Error::invalid(format!("{key}.accuracy.value"), expected, level.accuracy.value));
    }
    Ok(())
}

/// Checks that `rows` is `n_classes` rows of `n_classes` counts.
pub(crate) fn check_square(key: &str, rows: &[Vec<u64>], n_classes: usize) -> Result<(), Error> {
    if rows.len() != n_classes {
        return Err(Error::invalid(key, format!("{n_classes} rows, one per artist"), rows.len()));
    }
    for (i, row) in rows.iter().enumerate() {
        if row.len() != n_classes {
            let expected = format!("{n_classes} counts, one per artist");
            return Err(Error::invalid(format!("{key}[{i}]"), expected, row.len()));
        }
    }
    Ok(())
}

fn check_class(key: &str, class: &Class) -> Result<(), Error> {
    for (name, value) in [("precision", class.precision), ("recall", class.recall), ("f1", class.f1)] {
        if let Some(value) = value {
            share(&format!("{key}.{name}"), value)?;
        }
    }
    Ok(())
}

/// Checks all three scores.
pub(crate) fn check_scores(key: &str, scores: Scores) -> Result<(), Error> {
    check_score(&format!("{key}.accuracy"), scores.accuracy)?;
    check_score(&format!("{key}.weighted_f1"), scores.weighted_f1)?;
    check_score(&format!("{key}.macro_f1"), scores.macro_f1)
}

/// Checks that a score and both ends of its interval are in `0..=1`, and the ends in order.
pub(crate) fn check_score(key: &str, score: Score) -> Result<(), Error> {
    share(&format!("{key}.value"), score.value)?;
    share(&format!("{key}.low"), score.low)?;
    share(&format!("{key}.high"), score.high)?;
    if score.low > score.high {
        return Err(Error::invalid(format!("{key}.low"), format!("at most {}", score.high), score.low));
    }
    Ok(())
}

fn check_training(training: &Training) -> Result<(), Error> {
    check_epochs(&training.epochs)?;
    match training.best_epoch {
        Some(best) if !training.epochs.iter().any(|epoch| epoch.epoch == best) => {
            Err(Error::invalid("training.best_epoch", "an epoch of `training.epochs`", best))
        }
        _ => Ok(()),
    }
}

/// Checks that epochs ascend and that their figures are finite.
pub(crate) fn check_epochs(epochs: &[crate::Epoch]) -> Result<(), Error> {
    let mut previous = 0;
    for (i, epoch) in epochs.iter().enumerate() {
        let key = format!("training.epochs[{i}]");
        if epoch.epoch <= previous {
            let expected = format!("more than {previous}, as epochs count up from 1");
            return Err(Error::invalid(format!("{key}.epoch"), expected, epoch.epoch));
        }
        previous = epoch.epoch;
        at_least_zero(&format!("{key}.learning_rate"), epoch.learning_rate)?;
        for (name, value) in [("train_loss", epoch.train_loss), ("validation_loss", epoch.validation_loss)] {
            if let Some(value) = value {
                at_least_zero(&format!("{key}.{name}"), value)?;
            }
        }
        if let Some(value) = epoch.validation_f1 {
            share(&format!("{key}.validation_f1"), value)?;
        }
    }
    Ok(())
}

/// Checks that `value` is in `0..=1`, give or take a rounding error; NaN is not.
pub(crate) fn share(key: &str, value: f64) -> Result<(), Error> {
    if (-TOLERANCE..=1.0 + TOLERANCE).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(key, "a number from 0 to 1", value))
}

/// Checks that `value` is finite and not negative.
pub(crate) fn at_least_zero(key: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::invalid(key, "a finite number of at least 0", value))
}
