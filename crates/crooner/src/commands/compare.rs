//! `crooner compare`

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use crooner_report::{Score, Scores, SeedRun, SeedsReport, Spread, SpreadScores};
use crooner_train::Trials;
use serde_json::{Value, json};

use super::seeds;
use crate::cli::{CompareArgs, ComparedScore};
use crate::say;

/// One of the experiments.
struct Experiment {
    name: String,
    report: SeedsReport,
}

/// How runs and slices are scored: a name for people, a key for programs, and where it stands.
type Level = (&'static str, &'static str, fn(&SeedRun) -> Scores);

const LEVELS: [Level; 3] = [
    ("track", "track", |run| run.track),
    ("track by mean", "track_mean", |run| run.track_mean),
    ("slice", "slice", |run| run.slice),
];

pub(crate) fn run(args: &CompareArgs) -> Result<ExitCode> {
    let experiments = args.experiments.iter().map(|folder| read(folder)).collect::<Result<Vec<_>>>()?;
    let Some((base, others)) = experiments.split_first().filter(|(_, others)| !others.is_empty()) else {
        bail!("a comparison needs at least two experiments, the one to compare with first");
    };
    for other in others {
        check_pairs(base, other)?;
    }
    if args.json {
        let rows = experiments.iter().map(|experiment| as_json(base, experiment, args.score));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        say(&serde_json::to_string_pretty(&json!({ "score": args.score.name(), "experiments": rows }))?)?;
    } else {
        print(base, &experiments, args.score)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(folder: &Path) -> Result<Experiment> {
    let report = seeds::read(folder)?;
    Ok(Experiment { name: report.name.clone(), report })
}

/// That both were run at the same seeds, and tested on the same recordings at each.
fn check_pairs(base: &Experiment, other: &Experiment) -> Result<()> {
    let seeds = |experiment: &Experiment| {
        let seeds: Vec<String> = experiment.report.runs.iter().map(|run| run.seed.to_string()).collect();
        seeds.join(", ")
    };
    let (of_base, of_other) = (seeds(base), seeds(other));
    if of_base != of_other {
        bail!(
            "{} was run at the seeds {of_base}, and {} at {of_other}: differences are taken seed by seed, and need the same",
            base.name,
            other.name
        );
    }
    let pairs = base.report.runs.iter().zip(&other.report.runs);
    if let Some((run, _)) = pairs.into_iter().find(|(base, other)| base.split != other.split) {
        bail!(
            "at the seed {}, {} and {} were tested on different recordings: their difference would say nothing of the settings",
            run.seed,
            base.name,
            other.name
        );
    }
    Ok(())
}

impl ComparedScore {
    fn of(self, scores: Scores) -> Score {
        match self {
            Self::Accuracy => scores.accuracy,
            Self::WeightedF1 => scores.weighted_f1,
            Self::MacroF1 => scores.macro_f1,
        }
    }

    fn over_seeds(self, scores: SpreadScores) -> Spread {
        match self {
            Self::Accuracy => scores.accuracy,
            Self::WeightedF1 => scores.weighted_f1,
            Self::MacroF1 => scores.macro_f1,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::WeightedF1 => "weighted F1",
            Self::MacroF1 => "macro F1",
        }
    }
}

fn values(experiment: &Experiment, score: ComparedScore, scores: fn(&SeedRun) -> Scores) -> Vec<f64> {
    experiment.report.runs.iter().map(|run| score.of(scores(run)).value).collect()
}

fn trials(values: &[f64]) -> Result<Trials> {
    Trials::of(values).context("an interval over seeds needs at least two")
}

fn differences(after: &[f64], before: &[f64]) -> Result<Trials> {
    Trials::of_differences(after, before).context("differences need the same seeds, at least two")
}

fn as_json(base: &Experiment, experiment: &Experiment, score: ComparedScore) -> Result<Value> {
    let spread = |trials: Trials| {
        let Trials { n: _, mean, standard_deviation, low, high } = trials;
        Spread { mean, standard_deviation, low, high }
    };
    let mut row = json!({ "name": experiment.name });
    for (_, key, scores) in LEVELS {
        let (own, of_base) = (values(experiment, score, scores), values(base, score, scores));
        row[key] = json!({
            "score": spread(trials(&own)?),
            "difference": spread(differences(&own, &of_base)?),
        });
    }
    Ok(row)
}

fn print(base: &Experiment, experiments: &[Experiment], score: ComparedScore) -> Result<()> {
    let SeedsReport { runs, summary, label, kind, .. } = &base.report;
    say(&format!(
        "{}, {kind} split: mean over {} seeds with its 95 % interval, and mean difference to {} seed by seed with its own; an \
         interval without 0 is marked *.\n",
        score.name(),
        runs.len(),
        base.name
    ))?;
    let heads: Vec<String> = LEVELS.iter().map(|(name, ..)| format!("{name} | difference")).collect();
    say(&format!("| | {} |", heads.join(" | ")))?;
    say(&format!("|{}", "---|".repeat(1 + 2 * LEVELS.len())))?;
    for (i, experiment) in experiments.iter().enumerate() {
        let mut cells = vec![experiment.name.clone()];
        for (_, _, scores) in LEVELS {
            let own = values(experiment, score, scores);
            let Trials { mean, low, high, .. } = trials(&own)?;
            cells.push(format!("{mean:.3} [{low:.3}, {high:.3}]"));
            cells.push(match i {
                0 => String::new(),
                _ => difference(differences(&own, &values(base, score, scores))?),
            });
        }
        say(&format!("| {} |", cells.join(" | ")))?;
    }
    let averaging = |experiment: &Experiment| {
        let [vote, mean] = [LEVELS[0].2, LEVELS[1].2].map(|scores| values(experiment, score, scores));
        differences(&mean, &vote)
    };
    say(&format!(
        "\nMean probability in place of the vote, {}: {}",
        base.name,
        difference(averaging(base)?)
    ))?;
    let mean = score.over_seeds(summary.track).mean;
    say(&format!(
        "Chance (accuracy): {:.3} for the most frequent {label}, {:.3} for any; {} has {mean:.3} by vote.",
        summary.majority, summary.uniform, base.name
    ))
}

/// `+0.012 [-0.003, +0.027]`, with a star if 0 is outside.
fn difference(trials: Trials) -> String {
    let Trials { mean, low, high, .. } = trials;
    let star = if trials.excludes(0.0) { " *" } else { "" };
    format!("{mean:+.3} [{low:+.3}, {high:+.3}]{star}")
}
