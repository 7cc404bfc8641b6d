//! `crooner prepare-data`

use std::process::ExitCode;

use anyhow::Result;
use crooner_store::{PrepareOptions, Store};

use super::sources::{catalogue, prepare};
use crate::cli::PrepareArgs;
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::{interrupt, say};

pub(crate) fn run(args: &PrepareArgs) -> Result<ExitCode> {
    let experiment = Experiment::resolve(&args.source.overrides())?;
    let cancel = interrupt::watch()?;
    let root = &args.source.store.root;
    let catalogue = catalogue(&experiment.dataset, root, &Progress::hidden())?;
    let store = Store::open(root)?;
    let options = PrepareOptions { jobs: args.jobs, shard: args.shard, verify: args.verify };
    let prepared = prepare(&store, &catalogue, &experiment.features, &options, cancel)?;
    say(&prepared.sentence())?;
    if prepared.summary.interrupted {
        say(interrupt::SENTENCE)?;
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    Ok(ExitCode::SUCCESS)
}
