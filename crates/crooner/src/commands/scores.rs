//! Scores on the terminal.

use anyhow::Result;
use crooner_train::bootstrap::Score;
use crooner_train::evaluate::{Evaluation, Level};

use crate::say;

/// Prints the scores, each with its interval, and chance beside them. The tracks are told apart by `label`, into
/// `n_classes`; `chosen` says how they came to be the test.
pub(crate) fn print(evaluation: &Evaluation, n_classes: usize, label: &str, chosen: &str) -> Result<()> {
    say(&format!(
        "\ntest       {} tracks ({} slices) of {n_classes} {}, {chosen}; [95 % interval over tracks]",
        evaluation.tracks.len(),
        evaluation.tracks.iter().map(|track| track.slices).sum::<usize>(),
        crooner_report::plural(label),
    ))?;
    say(&format!("           {:<22}{:<22}macro F1", "accuracy", "weighted F1"))?;
    let levels: [(&str, &Level); 3] =
        [("track", &evaluation.track), ("track mean", &evaluation.track_mean), ("slice", &evaluation.slice)];
    for (name, level) in levels {
        let [accuracy, weighted, plain] = [level.accuracy, level.weighted_f1, level.macro_f1].map(shown);
        say(&format!("{name:<11}{accuracy:<22}{weighted:<22}{plain}"))?;
    }
    let (majority, uniform) = (evaluation.majority.value, evaluation.uniform.value);
    say(&format!("chance     {majority:.3} (most frequent {label}), {uniform:.3} (any {label})"))
}

pub(crate) fn shown(score: Score) -> String {
    format!("{:.3} [{:.3}, {:.3}]", score.value, score.low, score.high)
}
