//! Several seeds: the page, the JSON, and what is refused.

use crooner_report::{FORMAT, SeedRun, SeedsReport, SeedsSummary, Spread, SpreadScores, seeds_html};

use crate::html::{assert_sound, text};
use crate::small;

/// Two runs, of which the second scores a little lower.
fn two_seeds() -> SeedsReport {
    let runs: Vec<SeedRun> = [0, 21]
        .map(|seed| {
            let mut report = small();
            report.run.seed = seed;
            let mut run = SeedRun::of(&report, &format!("seed{seed}"));
            if seed > 0 {
                run.track.weighted_f1.value = run.track.weighted_f1.low;
            }
            run
        })
        .to_vec();
    let spread = |of: fn(&SeedRun) -> f64| {
        let [a, b] = [of(&runs[0]), of(&runs[1])];
        let mean = f64::midpoint(a, b);
        Spread { mean, standard_deviation: (a - b).abs() / 2_f64.sqrt(), low: mean - 0.5, high: mean + 0.5 }
    };
    let summary = SeedsSummary {
        track: SpreadScores {
            accuracy: spread(|run| run.track.accuracy.value),
            weighted_f1: spread(|run| run.track.weighted_f1.value),
            macro_f1: spread(|run| run.track.macro_f1.value),
        },
        track_mean: SpreadScores {
            accuracy: spread(|run| run.track_mean.accuracy.value),
            weighted_f1: spread(|run| run.track_mean.weighted_f1.value),
            macro_f1: spread(|run| run.track_mean.macro_f1.value),
        },
        slice: SpreadScores {
            accuracy: spread(|run| run.slice.accuracy.value),
            weighted_f1: spread(|run| run.slice.weighted_f1.value),
            macro_f1: spread(|run| run.slice.macro_f1.value),
        },
        majority: spread(|run| run.chance.majority.value).mean,
        uniform: spread(|run| run.chance.uniform.value).mean,
    };
    SeedsReport {
        format: FORMAT,
        name: "demo <song> seeds".to_owned(),
        dataset: "demo".to_owned(),
        preset: "demo".to_owned(),
        label: "artist".to_owned(),
        kind: "song".to_owned(),
        runs,
        summary,
        notes: vec!["Every seed draws its own split.".to_owned()],
    }
}

#[test]
fn the_page_shows_every_seed_and_the_mean() {
    let report = two_seeds();
    let page = seeds_html(&report).unwrap();
    assert_sound(&page);
    let text = text(&page);
    let Spread { mean, standard_deviation, .. } = report.summary.track.weighted_f1;
    for words in [
        "Over 2 seeds, the classifier named the right artist",
        "demo <song> seeds",
        "Seed 21",
        "seed21/report.html",
        "Every seed draws its own split.",
        &format!("{mean:.3} ± {standard_deviation:.3}"),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(page, seeds_html(&report).unwrap());
}

#[test]
fn json_reads_back() {
    let report = two_seeds();
    let text = report.to_json().unwrap();
    assert!(text.starts_with("{\n  \"format\": 1,") && text.ends_with("}\n"));
    assert_eq!(SeedsReport::from_json(&text).unwrap(), report);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let refusal = |change: fn(&mut SeedsReport)| {
        let mut report = two_seeds();
        change(&mut report);
        let refused = report.to_json().unwrap_err().to_string();
        assert_eq!(refused, seeds_html(&report).unwrap_err().to_string());
        refused
    };
    assert_eq!(refusal(|report| report.runs.truncate(1)), "runs must be at least two, found 1");
    assert_eq!(
        refusal(|report| report.runs[1].seed = 0),
        "runs[1].seed must be a seed that no other run has, found 0"
    );
    let mean = refusal(|report| report.summary.slice.macro_f1.mean = 0.25);
    assert!(mean.starts_with("summary.slice.macro_f1.mean must be 0."), "{mean}");
    assert!(mean.ends_with(", the mean over the runs, found 0.25"), "{mean}");
    let low = refusal(|report| report.summary.track.accuracy.low = 2.0);
    assert!(low.starts_with("summary.track.accuracy.low must be at most the mean"), "{low}");
    assert_eq!(
        refusal(|report| report.summary.track.accuracy.standard_deviation = f64::NAN),
        "summary.track.accuracy.standard_deviation must be a finite number of at least 0, found NaN"
    );
    assert_eq!(
        refusal(|report| report.runs[0].track.accuracy.value = 1.5),
        "runs[0].track.accuracy.value must be a number from 0 to 1, found 1.5"
    );
}
