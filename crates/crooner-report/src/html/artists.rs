//! How each class fares, and who is taken for whom.

use super::markup::{Cell, Column, Html};
use super::words::{capital, thousands};
use crate::picture::confusion_matrix;
use crate::{ConfusedPair, Error, Level, WorstTrack};

pub(super) fn write_matrix(page: &mut Html, label: &str, level: &Level) -> Result<(), Error> {
    let names: Vec<_> = level.classes.iter().map(|class| &class.name).collect();
    let picture = confusion_matrix(&names, &level.confusion)?;
    page.section("Who is taken for whom");
    page.figure(
        &[&picture],
        &format!(
            "Confusion matrix of the test recordings, by vote. Each row holds one {label}’s recordings, each \
             column those given to one {label}; the deeper the colour, the larger the share of the row. Blue is \
             right, rust is wrong."
        ),
    );
    page.end_section();
    Ok(())
}

pub(super) fn write_table(page: &mut Html, label: &str, level: &Level) {
    let name = capital(label);
    let columns = [
        (name.as_str(), Column::Text),
        ("Precision", Column::Number),
        ("Recall", Column::Number),
        ("F1", Column::Text),
        ("Recordings", Column::Number),
    ];
    let rows = level.classes.iter().map(|class| {
        vec![
            Cell::plain(&class.name),
            Cell::share(class.precision),
            Cell::share(class.recall),
            Cell::Bar(class.f1),
            Cell::Plain(thousands(class.support)),
        ]
    });
    page.section(&format!("{name} by {label}"));
    page.table(&format!("How well each {label} is recognised, per test recording, by vote."), &columns, rows);
    if level.classes.iter().any(|class| class.precision.is_none() || class.recall.is_none()) {
        page.raw("<p class=\"note\">A dash is a ratio with nothing in its denominator: no recording was ");
        page.text(&format!(
            "given to the {label} (precision), or the {label} has none in the test part (recall)."
        ));
        page.raw("</p>\n");
    }
    page.end_section();
}

pub(super) fn write_confused(page: &mut Html, label: &str, pairs: &[ConfusedPair]) {
    page.section("Most confused pairs");
    if pairs.is_empty() {
        page.paragraph(&format!("No {label} was taken for another."));
    } else {
        let columns =
            [(truth(label), Column::Text), ("Taken for", Column::Text), ("Recordings", Column::Number)];
        let rows = pairs.iter().map(|pair| {
            let share = format!("{} of {}", thousands(pair.count), thousands(pair.of));
            vec![Cell::plain(&pair.truth), Cell::plain(&pair.predicted), Cell::Plain(share)]
        });
        let caption =
            format!("{} most often taken for another, and for whom.", capital(&crate::plural(label)));
        page.table(&caption, &columns, rows);
    }
    page.end_section();
}

/// The head of the column that says what a recording really is.
fn truth(label: &str) -> &'static str {
    if label == "artist" { "Who plays" } else { "Really" }
}

pub(super) fn write_worst(page: &mut Html, label: &str, tracks: &[WorstTrack]) {
    page.section("Worst recordings");
    if tracks.is_empty() {
        page.paragraph(&format!("No test recording was given to the wrong {label}."));
    } else {
        let of_the_right = format!("Of the right {label}");
        let columns = [
            ("Recording", Column::Text),
            (truth(label), Column::Text),
            ("Taken for", Column::Text),
            ("Probability", Column::Number),
            (of_the_right.as_str(), Column::Number),
            ("Slices", Column::Number),
        ];
        let rows = tracks.iter().map(|track| {
            vec![
                Cell::plain(&track.id),
                Cell::plain(&track.truth),
                Cell::plain(&track.predicted),
                Cell::share(Some(track.probability)),
                Cell::share(Some(track.true_probability)),
                Cell::Plain(thousands(track.slices)),
            ]
        });
        page.table(
            &format!(
                "Where the classifier was surest of the wrong {label}. Probabilities are means over the slices."
            ),
            &columns,
            rows,
        );
    }
    page.end_section();
}
