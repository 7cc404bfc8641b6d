//! `crooner train --find-learning-rate`

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use crooner_report::picture::range_curve;
use crooner_train::checkpoint::Identity;
use crooner_train::{FitRequest, RangeCurve, RangeTest, Task, range_test, write_atomically};

use super::picture::Format;
use super::train::{Material, Start, describe, initial, refuse_verification, split};
use crate::backend::Backend;
use crate::cli::TrainArgs;
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::{interrupt, say};

/// Pixels of a .png in proportion to an .svg: for fine screens and for print.
const PNG_SCALE: u32 = 2;

pub(super) fn run(args: &TrainArgs, picture: &Path) -> Result<ExitCode> {
    let format = Format::of(picture)?;
    let backend = Backend::find(&args.backend.name)?;
    let experiment = Experiment::resolve(&args.overrides())?;
    let device = backend.open()?;
    let cancel = interrupt::watch()?;
    let lines = Progress::hidden();
    let Some(material) = Material::of(&experiment, &args.source.store.root, cancel, &lines)? else {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    };
    let Material { catalogue, features, usable, .. } = material;
    let split = split(&experiment, &catalogue, &usable)?;
    refuse_verification(&split)?;
    let task = Task::new(&features, &split, experiment.slices.frames)?;
    describe(&lines, &task, &split);
    let started = initial(&experiment, &task, &device, &lines)?;
    let request = FitRequest {
        task: &task,
        model: &experiment.model,
        config: &experiment.training,
        seed: experiment.seed,
        initial: started.as_ref().map(Start::initial),
        device: &device,
        checkpoint: None,
        identity: &Identity::new(),
        cancel,
    };
    let range = RangeTest::default();
    let bar = Progress::new(range.steps as u64, "{msg} {bar:24}");
    let mut done = 0;
    let found = range_test(&request, range, |point| {
        done += 1;
        bar.set(done, range.steps as u64, || {
            format!("learning rate {:.1e}  loss {:.3}", point.learning_rate, point.mean_loss)
        });
    });
    bar.clear();
    let RangeCurve { points, exploded, suggestion } = found?;
    if cancel.load(Ordering::Relaxed) {
        lines.line("interrupted; nothing was written");
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    if points.len() < 2 {
        bail!("the loss was not a number from the first steps on, at a learning rate of {}", range.first);
    }
    let curve: Vec<_> = points.iter().map(|point| (point.learning_rate, point.mean_loss)).collect();
    let svg = range_curve(&curve, suggestion)?;
    let svg = if format == Format::Png {
        let width = PNG_SCALE * svg.width();
        svg.scaled_to(width)?
    } else {
        svg
    };
    write_atomically(picture, &format.encode(&svg, None)?)?;

    let (first, last) = (points[0].learning_rate, points[points.len() - 1].learning_rate);
    let end = if exploded { "where the loss exploded" } else { "and the loss did not explode" };
    say(&format!("tried      {} steps, learning rates from {first:.1e} to {last:.1e}, {end}", points.len()))?;
    match suggestion {
        Some(rate) => say(&format!(
            "suggestion training.learning_rate = {rate:.1e}, where the mean loss falls fastest (now {:.1e})",
            experiment.training.learning_rate
        ))?,
        None => say("suggestion none: the loss did not fall at any of these rates")?,
    }
    say(&format!("curve      {}", picture.display()))?;
    Ok(ExitCode::SUCCESS)
}
