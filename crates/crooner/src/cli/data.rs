//! Arguments of the commands that look after data.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ColumnArgs, DataArgs, SourceArgs, StoreArgs, parse_pair};
use crate::experiment::Overrides;

#[derive(Debug, Args)]
pub(crate) struct PrepareArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Only part I of N, counted from 0, for running on several machines
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub(crate) shard: Option<(usize, usize)>,
    /// Read all of what is there, and compute damaged parts again
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// The split to look at: split.json, or a table (.csv, .parquet) with the columns id and side; or a kind of split, as
    /// `crooner split --help` lists
    #[arg(long, visible_alias = "split-file", value_name = "FILE|KIND")]
    pub(crate) split: Option<String>,
    /// Decides who goes where in a kind of split
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Do not guess at versions of the same song
    #[arg(long)]
    pub(crate) no_versions: bool,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Write everything found as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page that shows each pair, spectrograms side by side
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write a split with every recording on one side: .json, or a table (.csv, .parquet)
    #[arg(long, value_name = "FILE", requires = "split")]
    pub(crate) fix: Option<PathBuf>,
    /// Let --fix replace a file that is there
    #[arg(long, requires = "fix")]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StoreCommandArgs {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreAction {
    /// Show what lies in a store: features and fingerprints, tracks, hours, size
    Stat(StoreArgs),
    /// Read all features and compare their checksums
    Verify {
        #[command(flatten)]
        store: StoreArgs,
        /// Remove damaged parts, so that prepare-data computes them again
        #[arg(long)]
        remove: bool,
    },
    /// Remove features that no data set needs any more, and fingerprints of audio that is gone or changed
    Gc {
        #[command(flatten)]
        store: StoreArgs,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DatasetsArgs {
    /// Show this one
    pub(crate) name: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<DatasetsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetsCommand {
    /// Say what of a copy is missing, extra or damaged; exit code 1 if anything is
    Check {
        /// Which set
        name: String,
        /// Where the copy lies: its folder, or the table
        #[arg(long = "root", value_name = "DIR", alias = "data")]
        folder: Option<PathBuf>,
        /// For table: which of its columns is what, as in path=FILE,artist=SINGER
        #[arg(long, value_name = "NAME=COLUMN", value_delimiter = ',', value_parser = parse_pair)]
        columns: Vec<(String, String)>,
        /// A choice that the data set offers, as in subset=small
        #[arg(long = "with", value_name = "KEY=VALUE", value_parser = parse_pair)]
        options: Vec<(String, String)>,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Length of the slices that are counted
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    slice_seconds: Option<f64>,
    /// What is kept together: song, album, group, few-shot, date, hash, leave-one-out or official
    #[arg(long, value_name = "KIND", default_value = "album")]
    pub(crate) split: String,
    /// Folds of equal shares, each the test once (song, album, group)
    #[arg(long, value_name = "K")]
    pub(crate) folds: Option<usize>,
    /// Tracks of each class to train on (few-shot)
    #[arg(long, value_name = "N")]
    pub(crate) shots: Option<usize>,
    /// Share of the test
    #[arg(long, value_name = "F", default_value_t = 0.1)]
    pub(crate) test_fraction: f64,
    /// Share of validation, of what the test leaves
    #[arg(long, value_name = "F", default_value_t = 0.1)]
    pub(crate) validation_fraction: f64,
    /// Decides who goes where
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Leave out the classes for which the split is impossible, and say which
    #[arg(long)]
    pub(crate) drop_small: bool,
    /// Folder to write to
    #[arg(short, long, value_name = "DIR", default_value = "splits")]
    pub(crate) output: PathBuf,
}

impl SplitArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            split: Some(self.split.clone()),
            label: self.columns.label.clone(),
            group: self.columns.group.clone(),
            slice_seconds: self.slice_seconds,
            ..self.source.overrides()
        }
    }
}

impl AuditArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            label: self.columns.label.clone(),
            group: self.columns.group.clone(),
            ..self.data.overrides()
        }
    }
}

pub(super) fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts
        .filter(|(i, n)| i < n)
        .ok_or_else(|| "expected I/N with I counted from 0 and below N, as in 0/4".to_owned())
}
