//! What the scores rest on: the data, what could not be read, the time it took, and how to do it again.

use super::markup::{Cell, Column, Html};
use super::words::{count, duration, thousands};
use crate::{Failure, Report, Run, Seconds, SplitSizes};

pub(super) fn write(page: &mut Html, report: &Report) {
    write_split(page, &report.split);
    write_failures(page, &report.failures);
    write_seconds(page, report.seconds);
    write_reproduction(page, &report.run);
}

fn write_split(page: &mut Html, split: &SplitSizes) {
    let columns = [("Part", Column::Text), ("Recordings", Column::Number), ("Slices", Column::Number)];
    let parts = [("Training", split.train), ("Validation", split.validation), ("Test", split.test)];
    let rows = parts.map(|(name, size)| {
        vec![Cell::plain(name), Cell::Plain(thousands(size.tracks)), Cell::Plain(thousands(size.slices))]
    });
    page.section("The data");
    page.table(&format!("Sizes of the three parts of the {} split.", split.kind), &columns, rows);
    if !split.notes.is_empty() {
        page.raw("<ul>\n");
        for note in &split.notes {
            page.raw("<li>").text(note).raw("</li>\n");
        }
        page.raw("</ul>\n");
    }
    page.raw("<p class=\"note\">Fingerprint of the split: <code>").text(&split.fingerprint);
    page.raw("</code>. Runs with the same one were tested on the same recordings.</p>\n").end_section();
}

fn write_failures(page: &mut Html, failures: &[Failure]) {
    page.section("What could not be read");
    if failures.is_empty() {
        page.paragraph("Every recording could be read.");
    } else {
        let caption = count(failures.len() as u64, "recording was left out.", "recordings were left out.");
        let rows =
            failures.iter().map(|failure| vec![Cell::plain(&failure.track), Cell::plain(&failure.error)]);
        page.table(&caption, &[("Recording", Column::Text), ("Why", Column::Text)], rows);
    }
    page.end_section();
}

fn write_seconds(page: &mut Html, seconds: Seconds) {
    let stages = [
        ("Decoding and features", seconds.prepare),
        ("Training", seconds.train),
        ("Scoring the test part", seconds.evaluate),
        ("Together", seconds.prepare + seconds.train + seconds.evaluate),
    ];
    let rows = stages.map(|(name, seconds)| vec![Cell::plain(name), Cell::Plain(duration(seconds))]);
    page.section("Time");
    page.table("How long each stage took.", &[("Stage", Column::Text), ("Time", Column::Number)], rows);
    page.end_section();
}

fn write_reproduction(page: &mut Html, run: &Run) {
    page.section("Do it again");
    page.raw("<p>This command gives the run again:</p>\n<pre tabindex=\"0\"><code>").text(&run.command);
    page.raw("</code></pre>\n<details>\n<summary>The resolved configuration</summary>\n");
    page.raw("<pre tabindex=\"0\"><code>").text(&run.config_toml);
    page.raw("</code></pre>\n</details>\n").end_section();
}
