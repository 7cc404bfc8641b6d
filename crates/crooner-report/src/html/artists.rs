//! How each artist fares, and who is taken for whom.

use super::markup::{Cell, Column, Html};
use super::words::thousands;
use crate::picture::confusion_matrix;
use crate::{ConfusedPair, Error, Level, WorstTrack};

pub(super) fn write_matrix(page: &mut Html, level: &Level) -> Result<(), Error> {
    let names: Vec<_> = level.classes.iter().map(|class| &class.name).collect();
    let picture = confusion_matrix(&names, &level.confusion)?;
    page.section("Who is taken for whom");
    page.figure(
        &[&picture],
        "Confusion matrix of the test recordings, by vote. Each row holds one artist’s recordings, each \
         column those given to one artist; the deeper the colour, the larger the share of the row. Blue is \
         right, rust is wrong.",
    );
    page.end_section();
    Ok(())
}

pub(super) fn write_table(page: &mut Html, level: &Level) {
    let columns = [
        ("Artist", Column::Text),
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
    page.section("Artist by artist");
    page.table("How well each artist is recognised, per test recording, by vote.", &columns, rows);
    if level.classes.iter().any(|class| class.precision.is_none() || class.recall.is_none()) {
        page.raw("<p class=\"note\">A dash is a ratio with nothing in its denominator: no recording was ");
        page.raw("given to the artist (precision), or the artist has none in the test part (recall).</p>\n");
    }
    page.end_section();
}

pub(super) fn write_confused(page: &mut Html, pairs: &[ConfusedPair]) {
    page.section("Most confused pairs");
    if pairs.is_empty() {
        page.paragraph("No artist was taken for another.");
    } else {
        let columns =
            [("Who plays", Column::Text), ("Taken for", Column::Text), ("Recordings", Column::Number)];
        let rows = pairs.iter().map(|pair| {
            let share = format!("{} of {}", thousands(pair.count), thousands(pair.of));
            vec![Cell::plain(&pair.truth), Cell::plain(&pair.predicted), Cell::Plain(share)]
        });
        page.table("Artists most often taken for another, and for whom.", &columns, rows);
    }
    page.end_section();
}

pub(super) fn write_worst(page: &mut Html, tracks: &[WorstTrack]) {
    page.section("Worst recordings");
    if tracks.is_empty() {
        page.paragraph("No test recording was given to the wrong artist.");
    } else {
        let columns = [
            ("Recording", Column::Text),
            ("Who plays", Column::Text),
            ("Taken for", Column::Text),
            ("Probability", Column::Number),
            ("Of the right artist", Column::Number),
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
            "Where the classifier was surest of the wrong artist. Probabilities are means over the slices.",
            &columns,
            rows,
        );
    }
    page.end_section();
}
