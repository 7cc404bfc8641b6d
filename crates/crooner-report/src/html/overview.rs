//! The top of the page: the result in one sentence, and what was run.

use super::markup::Html;
use super::words::{count, percent, percent_interval, thousands};
use crate::{Report, Run};

pub(super) fn write(page: &mut Html, report: &Report) {
    page.raw("<header>\n<p class=\"kicker\">crooner · report of a training run</p>\n<h1>");
    page.text(&report.run.name).raw("</h1>\n<p class=\"lead\">").text(&headline(report));
    page.raw("</p>\n</header>\n");
    page.section("What was run");
    page.paragraph(&summary(report));
    page.raw("<dl>\n");
    for (term, value) in facts(&report.run) {
        page.raw("<div><dt>").text(term).raw("</dt><dd>").text(&value).raw("</dd></div>\n");
    }
    page.raw("</dl>\n").end_section();
}

/// The result in plain words.
fn headline(report: &Report) -> String {
    let level = &report.test.track;
    format!(
        "On {} it never heard, the classifier named the right {} for {} ({}, 95\u{202F}% interval {}; \
         guessing gives {}).",
        count(level.total(), "recording", "recordings"),
        report.split.label,
        thousands(level.correct()),
        percent(level.accuracy.value),
        percent_interval(level.accuracy),
        percent(report.chance.best()),
    )
}

/// The task in a few sentences.
fn summary(report: &Report) -> String {
    let Report { run, split, test, .. } = report;
    format!(
        "The task was to tell {} of the data set {} apart. The network hears slices of {}, and the \
         slices of a recording vote{}. It has {}. Training and test recordings were split by {}.",
        count(test.track.classes.len() as u64, &split.label, &crate::plural(&split.label)),
        run.dataset,
        match (run.slice_seconds, run.slice_segments) {
            (Some(seconds), _) => format!("{}\u{202F}s", Trimmed(seconds)),
            (None, segments) => count(segments.unwrap_or_default(), "segment", "segments"),
        },
        if split.label == "artist" { " on who plays" } else { "" },
        count(run.parameters, "parameter", "parameters"),
        split.kind,
    )
}

/// A number with at most three decimals.
struct Trimmed(f64);

impl std::fmt::Display for Trimmed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(format!("{:.3}", self.0).trim_end_matches('0').trim_end_matches('.'))
    }
}

fn facts(run: &Run) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Data set", run.dataset.clone()),
        ("Preset", run.preset.clone()),
        ("Seed", run.seed.to_string()),
        ("Backend", run.backend.clone()),
        ("Device", run.device.clone()),
        ("Version", format!("crooner {}", run.version)),
    ];
    if let Some(revision) = &run.revision {
        facts.push(("Revision", revision.clone()));
    }
    facts
}
