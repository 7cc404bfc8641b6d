//! The scores, and how to read them.

use super::markup::{Cell, Column, Html};
use super::words::{count, interval, with_article};
use crate::picture::{ScoreBar, score_bars};
use crate::{Error, Report, Score, Scores};

pub(super) fn write(page: &mut Html, report: &Report) -> Result<(), Error> {
    let test = &report.test;
    let chance = &report.chance;
    page.section("Scores");
    let rows = [
        ("Recording, by vote", test.track.scores()),
        ("Recording, by mean probability", test.track_mean),
        ("Single slice", test.slice.scores()),
    ];
    let bars = rows.map(|(name, scores)| ScoreBar { name, score: scores.accuracy });
    let picture = score_bars(&bars, chance.best())?;
    let label = &report.split.label;
    page.figure(
        &[&picture],
        &format!(
            "Accuracy with its 95\u{202F}% interval. Chance is the better of two ways of guessing: always the \
             {label} with most training recordings, or any {label} at random."
        ),
    );
    let caption = format!(
        "Scores on {} ({}), with 95\u{202F}% bootstrap intervals over recordings.",
        count(test.track.total(), "test recording", "test recordings"),
        count(test.slice.total(), "slice", "slices"),
    );
    let columns = [
        ("Scored", Column::Text),
        ("Weighted F1", Column::Number),
        ("Macro F1", Column::Number),
        ("Accuracy", Column::Number),
    ];
    let [commonest, any] = [format!("Guess: the commonest {label}"), format!("Guess: any {label}")];
    let guesses = [(commonest.as_str(), chance.majority), (any.as_str(), chance.uniform)];
    let measured = rows.into_iter().map(|(name, scores)| measured(name, scores));
    page.table(&caption, &columns, measured.chain(guesses.map(guessed)));
    how_to_read(page, label, &report.split.kind);
    page.end_section();
    Ok(())
}

fn measured(name: &str, scores: Scores) -> Vec<Cell> {
    vec![Cell::plain(name), score(scores.weighted_f1), score(scores.macro_f1), score(scores.accuracy)]
}

fn guessed((name, accuracy): (&str, Score)) -> Vec<Cell> {
    vec![Cell::plain(name), Cell::Undefined, Cell::Undefined, score(accuracy)]
}

/// A score with its interval, or alone where it is an exact expectation.
fn score(score: Score) -> Cell {
    let value = format!("{:.3}", score.value);
    if score.low == score.high && score.low == score.value {
        return Cell::Plain(value);
    }
    Cell::WithInterval(value, interval(score))
}

/// What the figures mean, for a reader who meets them for the first time.
fn how_to_read(page: &mut Html, label: &str, kind: &str) {
    page.raw("<h3>How to read them</h3>\n");
    page.paragraph(&format!(
        "F1 is the harmonic mean of precision (of what was given to {}, how much is theirs) and \
         recall (of what is theirs, how much was found). Weighted F1 averages it over the {many} by their \
         number of recordings, macro F1 counts every {label} alike. The interval says how far chance in \
         the choice of test recordings reaches: with others of the same {many}, the score would fall \
         within it about 95 times in 100. Two runs whose intervals overlap widely have not been told apart.",
        with_article(label),
        many = crate::plural(label),
    ));
    page.paragraph(&format!(
        "It matters how recordings were divided. In a song split, songs of one album are on both sides, \
         and a model can recognise the sound of the album (its mastering, its instruments) in place of the \
         artist. An album split keeps every album whole on one side: it is the harder figure, and the \
         honest one. On the artist20 data the published network reaches a weighted F1 per recording of \
         0.937 with the song split and 0.651 with the album split (Nasrullah and Zhao, 2019; slices of \
         3\u{202F}s, mean of three trials). This run used the {kind} split; compare it with figures of the same \
         split only.",
    ));
}
