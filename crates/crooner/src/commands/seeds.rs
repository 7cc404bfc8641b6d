//! `crooner train --seeds`: one experiment at several seeds, and what they come to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use crooner_report::{
    Chance, FORMAT, Report, Scores, SeedRun, SeedsReport, SeedsSummary, Spread, SpreadScores, seeds_html,
};
use crooner_train::{Trials, write_atomically};

use super::train;
use crate::cli::TrainArgs;
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::run_dir::{Environment, RunDir};
use crate::say;

/// What several seeds came to, for programs.
pub(crate) const SUMMARY: &str = "seeds.json";
/// The same for people.
const PAGE: &str = "seeds.html";

/// Trains at each of `seeds` what is not trained yet, each in a folder of its own below one, and sums up.
pub(crate) fn run(args: &TrainArgs, seeds: &[u64]) -> Result<ExitCode> {
    let experiment = Experiment::resolve(&args.overrides())?;
    let folder = folder(args, &experiment)?;
    let lines = Progress::hidden();
    for (i, &seed) in seeds.iter().enumerate() {
        let path = folder.join(name(seed));
        if RunDir::is_finished_at(&path) {
            lines.line(&format!("seed {seed:<6}finished before: {}", path.display()));
            continue;
        }
        lines.line(&format!("seed {seed:<6}{} of {}", i + 1, seeds.len()));
        let experiment = Experiment { seed, ..experiment.clone() };
        let code = train::one(args, &experiment, &path).with_context(|| format!("seed {seed}"))?;
        if !RunDir::is_finished_at(&path) {
            lines.line("or all seeds, by the same command again: it keeps what is done");
            return Ok(code);
        }
    }
    let report = sum_up(&folder, &experiment, seeds)?;
    write_atomically(&folder.join(SUMMARY), report.to_json()?.as_bytes())?;
    write_atomically(&folder.join(PAGE), seeds_html(&report)?.as_bytes())?;
    print(&report)?;
    say(&format!("report     {}", folder.join(PAGE).display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The summary in `folder`.
///
/// # Errors
///
/// A sentence that says what makes one.
pub(crate) fn read(folder: &Path) -> Result<SeedsReport> {
    let path = folder.join(SUMMARY);
    if !path.is_file() {
        let folder = folder.display();
        bail!(
            "{folder} holds no {SUMMARY}: `crooner train --seeds 5 --out {folder}` trains at several seeds and makes one"
        );
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    SeedsReport::from_json(&text).with_context(|| format!("{}", path.display()))
}

/// Name of the folder of a seed's run.
fn name(seed: u64) -> String {
    format!("seed{seed}")
}

/// Where the runs go: the folder asked for, or the first of `runs/DATASET-SPLIT-seeds`, `...-2` and so on that is free or
/// holds runs of these settings.
fn folder(args: &TrainArgs, experiment: &Experiment) -> Result<PathBuf> {
    if let Some(folder) = &args.out {
        if let Some(other) = run_of_other_settings(folder, experiment)? {
            bail!(
                "{} holds a run of other settings (see its config.toml): choose another --out, or remove it first",
                other.display()
            );
        }
        if RunDir::is_finished_at(folder) {
            bail!("{} holds a finished run: choose another --out for several", folder.display());
        }
        return Ok(folder.clone());
    }
    let base = format!("{}-seeds", train::data_and_split(experiment));
    for n in 1_usize.. {
        let name = if n == 1 { base.clone() } else { format!("{base}-{n}") };
        let folder = Path::new("runs").join(name);
        if run_of_other_settings(&folder, experiment)?.is_none() {
            return Ok(folder);
        }
    }
    Err(anyhow!("every folder runs/{base}-N is taken"))
}

/// A run in `folder` that is not one of `experiment` at its seed.
fn run_of_other_settings(folder: &Path, experiment: &Experiment) -> Result<Option<PathBuf>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let context = || format!("cannot read the folder {}", folder.display());
    let mut runs = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let seed = path.file_name().and_then(|name| name.to_str()?.strip_prefix("seed")?.parse().ok());
        if let Some(seed) = seed
            && path.join("config.toml").is_file()
        {
            runs.push((seed, path));
        }
    }
    runs.sort();
    for (seed, path) in runs {
        let config = path.join("config.toml");
        let text =
            fs::read_to_string(&config).with_context(|| format!("cannot read {}", config.display()))?;
        if text != (Experiment { seed, ..experiment.clone() }).to_toml()? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn sum_up(folder: &Path, experiment: &Experiment, seeds: &[u64]) -> Result<SeedsReport> {
    let mut reports = Vec::new();
    let mut environments = Vec::new();
    for &seed in seeds {
        let dir = RunDir::open(&folder.join(name(seed)))?;
        let path = dir.report_json();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        reports.push(Report::from_json(&text).with_context(|| format!("{}", path.display()))?);
        environments.push(dir.read_environment()?);
    }
    let runs: Vec<SeedRun> =
        seeds.iter().zip(&reports).map(|(&seed, report)| SeedRun::of(report, &name(seed))).collect();
    let absolute = std::path::absolute(folder).with_context(|| format!("{}", folder.display()))?;
    let folder_name = absolute.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(SeedsReport {
        format: FORMAT,
        name: folder_name.unwrap_or_else(|| folder.display().to_string()),
        dataset: experiment.dataset.name.clone(),
        preset: experiment.preset.clone(),
        label: experiment.split.label.clone(),
        kind: experiment.split.kind.to_string(),
        summary: summary(&runs)?,
        notes: notes(&runs, &reports, &environments),
        runs,
    })
}

fn summary(runs: &[SeedRun]) -> Result<SeedsSummary> {
    let spread = |of: &dyn Fn(&SeedRun) -> f64| {
        let values: Vec<f64> = runs.iter().map(of).collect();
        let Trials { n: _, mean, standard_deviation, low, high } =
            Trials::of(&values).context("an interval over seeds needs at least two")?;
        Ok::<_, anyhow::Error>(Spread { mean, standard_deviation, low, high })
    };
    let scores = |of: fn(&SeedRun) -> Scores| {
        Ok::<_, anyhow::Error>(SpreadScores {
            accuracy: spread(&|run| of(run).accuracy.value)?,
            weighted_f1: spread(&|run| of(run).weighted_f1.value)?,
            macro_f1: spread(&|run| of(run).macro_f1.value)?,
        })
    };
    let guess =
        |of: fn(&Chance) -> f64| runs.iter().map(|run| of(&run.chance)).sum::<f64>() / runs.len() as f64;
    Ok(SeedsSummary {
        track: scores(|run| run.track)?,
        track_mean: scores(|run| run.track_mean)?,
        slice: scores(|run| run.slice)?,
        majority: guess(|chance| chance.majority.value),
        uniform: guess(|chance| chance.uniform.value),
    })
}

/// What a reader should know: which splits, computed where, and what the runs' own reports note.
fn notes(runs: &[SeedRun], reports: &[Report], environments: &[Environment]) -> Vec<String> {
    let mut notes = Vec::new();
    notes.push(if runs.windows(2).all(|pair| pair[0].split == pair[1].split) {
        "All seeds were tested on the same recordings: the spread is that of training alone.".to_owned()
    } else {
        "Every seed draws its own split: the spread is that of the choice of recordings and of training together."
            .to_owned()
    });
    let computed = |environment: &Environment| {
        let Environment { crooner, revision, backend, kernels, .. } = environment.clone();
        (crooner, revision, backend, kernels)
    };
    if environments.windows(2).any(|pair| computed(&pair[0]) != computed(&pair[1])) {
        notes.push(
            "The runs were not all computed by the same crooner with the same kernels (see their environment.toml): they may \
             differ by more than their seeds."
                .to_owned(),
        );
    }
    let mut seen: Vec<&String> = Vec::new();
    for note in reports.iter().flat_map(|report| &report.split.notes) {
        if seen.contains(&note) {
            continue;
        }
        seen.push(note);
        let of: Vec<String> = reports
            .iter()
            .filter(|report| report.split.notes.contains(note))
            .map(|report| report.run.seed.to_string())
            .collect();
        notes.push(if of.len() == reports.len() {
            note.clone()
        } else {
            format!("Seed {}: {note}", of.join(", "))
        });
    }
    notes
}

fn print(report: &SeedsReport) -> Result<()> {
    let SeedsReport { runs, summary, label, .. } = report;
    say(&format!(
        "\n{} seeds    {} split; mean ± standard deviation [95 % interval of the mean]",
        runs.len(),
        report.kind
    ))?;
    say(&format!("           {:<31}{:<31}macro F1", "accuracy", "weighted F1"))?;
    let levels = [("track", summary.track), ("track mean", summary.track_mean), ("slice", summary.slice)];
    for (name, SpreadScores { accuracy, weighted_f1, macro_f1 }) in levels {
        let [accuracy, weighted_f1, macro_f1] = [accuracy, weighted_f1, macro_f1].map(shown);
        say(&format!("{name:<11}{accuracy:<31}{weighted_f1:<31}{macro_f1}"))?;
    }
    let (majority, uniform) = (summary.majority, summary.uniform);
    say(&format!("chance     {majority:.3} (most frequent {label}), {uniform:.3} (any {label})"))?;
    report.notes.iter().try_for_each(|note| say(&format!("note: {note}")))
}

fn shown(spread: Spread) -> String {
    let Spread { mean, standard_deviation, low, high } = spread;
    format!("{mean:.3} ± {standard_deviation:.3} [{low:.3}, {high:.3}]")
}
