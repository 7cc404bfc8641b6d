//! The page of several seeds.

use super::markup::{Cell, Column, Html};
use super::words::{count, interval, percent};
use crate::picture::{ScoreBar, score_bars};
use crate::{Error, SeedRun, SeedsReport, Spread, SpreadScores};

pub(super) fn write(page: &mut Html, report: &SeedsReport) -> Result<(), Error> {
    page.raw("<header>\n<p class=\"kicker\">crooner · one experiment, several seeds</p>\n<h1>");
    page.text(&report.name).raw("</h1>\n<p class=\"lead\">").text(&headline(report));
    page.raw("</p>\n</header>\n");
    together(page, report)?;
    each(page, report);
    Ok(())
}

fn headline(report: &SeedsReport) -> String {
    let accuracy = report.summary.track.accuracy;
    format!(
        "Over {}, the classifier named the right {} for {} of the recordings it never heard (mean; 95\u{202F}% \
         interval of the mean {}; guessing gives {}).",
        count(report.runs.len() as u64, "seed", "seeds"),
        report.label,
        percent(accuracy.mean),
        format_args!("{}–{}", percent(accuracy.low), percent(accuracy.high)),
        percent(report.summary.majority.max(report.summary.uniform)),
    )
}

fn together(page: &mut Html, report: &SeedsReport) -> Result<(), Error> {
    let summary = &report.summary;
    page.section("Scores over all seeds");
    page.paragraph(&format!(
        "Data set {}, preset {}, {} split. The seed decides the split, the initial weights, the order of slices and \
         the dropout masks.",
        report.dataset, report.preset, report.kind
    ));
    let columns = [
        ("Scored", Column::Text),
        ("Weighted F1", Column::Number),
        ("Macro F1", Column::Number),
        ("Accuracy", Column::Number),
    ];
    let rows = [
        ("Recording, by vote", summary.track),
        ("Recording, by mean probability", summary.track_mean),
        ("Single slice", summary.slice),
    ];
    let rows = rows.into_iter().map(|(name, SpreadScores { accuracy, weighted_f1, macro_f1 })| {
        vec![Cell::plain(name), spread(weighted_f1), spread(macro_f1), spread(accuracy)]
    });
    let label = &report.label;
    let guesses = [
        (format!("Guess: the commonest {label}"), summary.majority),
        (format!("Guess: any {label}"), summary.uniform),
    ];
    let guesses = guesses.into_iter().map(|(name, mean)| {
        vec![Cell::Plain(name), Cell::Undefined, Cell::Undefined, Cell::Plain(format!("{mean:.3}"))]
    });
    let caption =
        "Mean ± standard deviation over the seeds, with the 95\u{202F}% interval of the mean (Student’s t).";
    page.table(caption, &columns, rows.chain(guesses));
    let names: Vec<String> = report.runs.iter().map(|run| format!("Seed {}", run.seed)).collect();
    let bars: Vec<ScoreBar<'_>> = names
        .iter()
        .zip(&report.runs)
        .map(|(name, run)| ScoreBar { name, score: run.track.accuracy })
        .collect();
    let picture = score_bars(&bars, summary.majority.max(summary.uniform))?;
    page.figure(
        &[&picture],
        "Accuracy per recording by vote at each seed, with its 95\u{202F}% interval over recordings, against chance.",
    );
    page.raw("<h3>How to read them</h3>\n");
    page.paragraph(
        "There are two intervals, and they answer two questions. That of one run says how far chance in the choice of its \
         test recordings reaches. That of the mean says how well these seeds tell the mean of all seeds; it knows no \
         recordings but these, so other music may score outside of it. Two experiments are best compared seed by \
         seed, at the same seeds: crooner compare does so.",
    );
    for note in &report.notes {
        page.paragraph(note);
    }
    page.end_section();
    Ok(())
}

/// Mean and standard deviation over the interval of the mean.
fn spread(spread: Spread) -> Cell {
    let Spread { mean, standard_deviation, low, high } = spread;
    let ends = crate::Score { value: mean, low, high };
    Cell::WithInterval(format!("{mean:.3} ± {standard_deviation:.3}"), interval(ends))
}

fn each(page: &mut Html, report: &SeedsReport) {
    page.section("Every seed");
    let columns = [
        ("Seed", Column::Text),
        ("Accuracy by vote", Column::Number),
        ("Weighted F1 by vote", Column::Number),
        ("Weighted F1 by mean", Column::Number),
        ("Weighted F1 of slices", Column::Number),
        ("Test recordings", Column::Number),
        ("Epochs", Column::Number),
        ("Report", Column::Text),
    ];
    let row = |run: &SeedRun| {
        let with_interval =
            |score: crate::Score| Cell::WithInterval(format!("{:.3}", score.value), interval(score));
        vec![
            Cell::plain(run.seed),
            with_interval(run.track.accuracy),
            with_interval(run.track.weighted_f1),
            with_interval(run.track_mean.weighted_f1),
            with_interval(run.slice.weighted_f1),
            Cell::plain(run.test_tracks),
            Cell::plain(run.epochs),
            Cell::Plain(format!("{}/report.html", run.folder)),
        ]
    };
    page.table(
        "Each run, with 95\u{202F}% bootstrap intervals over its test recordings.",
        &columns,
        report.runs.iter().map(row),
    );
    page.end_section();
}
