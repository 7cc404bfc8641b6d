//! Arguments of the commands that train networks and ask them.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use crooner_train::config::Freeze;

use super::{BackendArgs, ColumnArgs, DataArgs, SourceArgs, StoreArgs};
use crate::experiment::{DatasetConfig, Overrides};

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Keep apart songs, whole albums (harder, and more honest), or as `crooner split --help` lists
    #[arg(long, value_name = "KIND")]
    split: Option<String>,
    /// Train on this split: split.json, or a table (.csv, .parquet) with the columns id and side
    #[arg(long, value_name = "FILE", conflicts_with = "split")]
    split_file: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Length of a slice
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    slice_seconds: Option<f64>,
    /// Decides split, initial weights, order and dropout
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Train at several seeds and sum up: how many, from 0 on, or which, as in 0,21,42. The same command
    /// continues what was interrupted
    #[arg(long, value_name = "N|LIST", value_parser = parse_seeds, conflicts_with_all = ["seed", "resume"])]
    pub(crate) seeds: Option<Seeds>,
    /// Start from the weights of this run, or of a model.safetensors, as far as they fit
    #[arg(long, value_name = "RUN")]
    init_from: Option<PathBuf>,
    /// What of the network keeps those weights: encoder, or nothing [default: nothing]
    #[arg(long, value_name = "WHAT", value_parser = parse_freeze)]
    freeze: Option<Freeze>,
    /// Most epochs
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// Slices a step
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Folder to write to [default: runs/DATASET-SPLIT-seedN; with --seeds, runs/DATASET-SPLIT-seeds]
    #[arg(short, long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Train for some steps while the learning rate grows, draw the loss (.png or .svg), suggest a rate, and no more
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "out", "resume", "epochs"])]
    pub(crate) find_learning_rate: Option<PathBuf>,
    /// Train even if a recording is on two sides of the split; the report says so
    #[arg(long)]
    pub(crate) allow_leakage: bool,
    /// Continue an interrupted run, with its own settings; --epochs may ask for more
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dataset", "data", "preset", "config", "split", "split_file", "columns", "options", "label", "group", "slice_seconds", "seed", "batch_size", "init_from", "freeze"])]
    pub(crate) resume: Option<PathBuf>,
}

/// Seeds to train at, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seeds(pub(crate) Vec<u64>);

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Folders of `crooner train --seeds`, the one to compare with first
    #[arg(required = true, num_args = 2.., value_name = "DIR")]
    pub(crate) experiments: Vec<PathBuf>,
    /// What to compare
    #[arg(long, value_enum, default_value_t = ComparedScore::WeightedF1)]
    pub(crate) score: ComparedScore,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `crooner compare` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComparedScore {
    Accuracy,
    WeightedF1,
    MacroF1,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// Folder of a run, or name of a published model
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Which column of --data or --dataset holds the classes [default: the run's, or artist]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// Verify instead: a list of pairs, a line each, `1 FILE FILE` if they are of one artist and `0 FILE FILE` if not, with
    /// files as ARTIST/ALBUM/TRACK.ext of --data or --dataset, and tabs between them if there are spaces in them
    #[arg(long, value_name = "FILE")]
    pub(crate) trials: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Print the scores as JSON, with the keys of report.json
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// Folder of a run, or name of a published model (`crooner models` lists them)
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) run: PathBuf,
    /// Audio files, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) inputs: Vec<PathBuf>,
    /// How many artists or tags to name for each file
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = parse_top)]
    pub(crate) top: usize,
    /// Print JSON, with every slice
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// Show this one
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// File of weights
    pub(crate) weights: PathBuf,
    /// Features and architecture that the weights are for
    #[arg(long, value_name = "NAME", required_unless_present = "config")]
    preset: Option<String>,
    /// TOML file with settings that differ from the preset's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Names of the classes in the order of the outputs, one a line [default: a published model's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Folder to write to
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Folder of a run, or name of a published model
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) run: PathBuf,
    /// Kind of file
    #[arg(long, value_enum, default_value_t = ExportFormat::Safetensors)]
    pub(crate) format: ExportFormat,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// What `crooner export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Safetensors,
}

impl ImportArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { preset: self.preset.clone(), config: self.config.clone(), ..Overrides::default() }
    }
}

impl TrainArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            split: self.split.clone(),
            split_file: self.split_file.clone(),
            label: self.columns.label.clone(),
            group: self.columns.group.clone(),
            slice_seconds: self.slice_seconds,
            seed: self.seed,
            epochs: self.epochs,
            batch_size: self.batch_size,
            init_from: self.init_from.clone(),
            freeze: self.freeze,
            ..self.source.overrides()
        }
    }
}

impl EvaluateArgs {
    /// Which tracks to score instead of the run's own.
    pub(crate) fn dataset(&self) -> Result<Option<DatasetConfig>> {
        let overrides = self.data.overrides();
        let dataset = DatasetConfig::of(&overrides)?;
        if dataset.is_none()
            && (self.label.is_some() || !overrides.columns.is_empty() || !overrides.options.is_empty())
        {
            bail!("--label, --columns and --with say how to read --data or --dataset, and there is neither");
        }
        Ok(dataset)
    }
}

pub(super) fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let expected = || {
        "expected a number of seeds from 2 to 1000, or at least two different ones, as in 0,21,42".to_owned()
    };
    let seeds: Vec<u64> = match text.parse() {
        Ok(n @ 2..=1000) => (0..n).collect(),
        Ok(_) => return Err(expected()),
        Err(_) => text
            .split(',')
            .map(|seed| seed.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(|_| expected())?,
    };
    let mut different = seeds.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < seeds.len() || seeds.len() < 2 {
        return Err(expected());
    }
    Ok(Seeds(seeds))
}

fn parse_freeze(text: &str) -> Result<Freeze, String> {
    match text {
        "encoder" => Ok(Freeze::Encoder),
        "nothing" => Ok(Freeze::Nothing),
        _ => Err("expected encoder or nothing".to_owned()),
    }
}

fn parse_top(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&k| k >= 1).ok_or_else(|| "expected a number of at least 1".to_owned())
}
