//! Arguments of the commands that compute and draw features.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct FeaturesArgs {
    /// An audio file, or a folder of them
    #[arg(value_name = "FILE|DIR", required_unless_present = "list")]
    pub(crate) input: Option<PathBuf>,
    /// Which feature; may be given more than once for a folder
    #[arg(long = "feature", value_name = "NAME", required_unless_present = "list")]
    pub(crate) features: Vec<String>,
    /// Of a file: .npy, .parquet, .csv or .json. Of a folder: a folder, that gets one .npy for each file and feature
    #[arg(short, long, value_name = "PATH", required_unless_present = "list")]
    pub(crate) output: Option<PathBuf>,
    /// Sample rate to compute at
    #[arg(long, value_name = "HZ", default_value_t = 22_050)]
    pub(crate) sample_rate: u32,
    /// A setting of the feature, under its own name or librosa's; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Files at a time [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Show the features there are, with their settings
    #[arg(long, conflicts_with_all = ["input", "features", "output", "settings"])]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PictureArgs {
    /// An audio file
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// What to draw
    #[arg(long, value_name = "WHAT")]
    pub(crate) of: PictureOf,
    /// The picture to write: .png or .svg
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Where to begin, in seconds
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = parse_seconds)]
    pub(crate) start: f64,
    /// How much to draw, in seconds [default: all that follows]
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    pub(crate) seconds: Option<f64>,
    /// Sample rate to compute at
    #[arg(long, value_name = "HZ", default_value_t = 22_050)]
    pub(crate) sample_rate: u32,
    /// A setting of what is drawn, under its own name or librosa's; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Frequency axis of a spectrogram [default: log]
    #[arg(long)]
    pub(crate) axis: Option<FrequencyAxis>,
    /// What is compared in a self-similarity, any feature [default: chroma-cqt]
    #[arg(long, value_name = "NAME")]
    pub(crate) feature: Option<String>,
    /// Colours [default: light; an .svg without it takes those of its reader]
    #[arg(long)]
    pub(crate) theme: Option<ThemeName>,
    /// Width in pixels, everything in proportion [default: 1600 for .png, 800 for .svg]
    #[arg(long, value_name = "PX")]
    pub(crate) width: Option<u32>,
}

/// What `crooner picture` draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureOf {
    Waveform,
    Spectrogram,
    Mel,
    Cqt,
    Chroma,
    Tempogram,
    SelfSimilarity,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrequencyAxis {
    #[default]
    Log,
    Mel,
    Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeName {
    Light,
    Dark,
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=1e9).contains(seconds));
    seconds.ok_or_else(|| "expected a number of seconds of at least 0, as in 12.5".to_owned())
}
