//! `crooner picture`

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use crooner_features::{DbConfig, FeatureConfig, Frames, Reference, amplitude_to_db};
use crooner_report::Svg;
use crooner_report::picture::{HeatMap, Layout, Levels, Rows, Theme, heat_map, waveform};
use crooner_train::write_atomically;

use super::features::configure;
use crate::cli::{PictureArgs, PictureOf, ThemeName};
use crate::pictures::{Axis, samples_of};
use crate::similarity::self_similarity;

/// Pixels of an .svg, and a .png has twice as many: for fine screens and for print.
const WIDTH: u32 = 800;
/// Most stretches of a track that are compared with each other: as many as a picture has pixels.
const MOST_COMPARED: usize = 1000;

pub(crate) fn run(args: &PictureArgs) -> Result<ExitCode> {
    let format = Format::of(&args.output)?;
    let plan = Plan::of(args)?;
    if args.input.is_dir() {
        bail!("{} is a folder: a picture is of one file", args.input.display());
    }
    let samples = excerpt(args)?;
    let svg = plan.draw(args, &samples)?;
    let width = args.width.unwrap_or(if format == Format::Png { 2 * WIDTH } else { WIDTH });
    let bytes = format.encode(&svg.scaled_to(width)?, args.theme)?;
    write_atomically(&args.output, &bytes)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Svg,
}

impl Format {
    pub(super) fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => bail!("{}: the name must end in .png or .svg, which says how to write it", path.display()),
        }
    }

    pub(super) fn encode(self, svg: &Svg, theme: Option<ThemeName>) -> Result<Vec<u8>> {
        let chosen = theme.map(|name| match name {
            ThemeName::Light => Theme::Light,
            ThemeName::Dark => Theme::Dark,
        });
        Ok(match (self, chosen) {
            (Self::Png, theme) => svg.png(theme.unwrap_or_default())?,
            (Self::Svg, Some(theme)) => svg.document_in(theme).into_bytes(),
            (Self::Svg, None) => svg.document().into_bytes(),
        })
    }
}

/// The samples asked for.
fn excerpt(args: &PictureArgs) -> Result<Vec<f32>> {
    let PictureArgs { input, start, seconds, sample_rate, .. } = args;
    let samples = |seconds: f64| (seconds * f64::from(*sample_rate)).round() as usize;
    let (first, wanted) = (samples(*start), seconds.map(samples));
    if wanted == Some(0) {
        bail!("--seconds {}: expected at least one sample, 1/{sample_rate} s", seconds.unwrap_or_default());
    }
    let (excerpt, passed) = samples_of(input, *sample_rate, first, wanted)?;
    let lasts = || format!("{} lasts {:.3} s", input.display(), passed as f64 / f64::from(*sample_rate));
    match (wanted, seconds) {
        _ if excerpt.is_empty() => bail!("{}, and --start {start} is not before its end", lasts()),
        (Some(wanted), Some(seconds)) if excerpt.len() < wanted => bail!(
            "{}, and --start {start} --seconds {seconds} is more than that: without --seconds, all is drawn",
            lasts()
        ),
        _ => Ok(excerpt),
    }
}

/// What is drawn, and its settings.
enum Plan {
    Waveform,
    /// A feature, whose title is given and whose values become dB where they are magnitudes.
    Feature {
        title: &'static str,
        config: FeatureConfig,
        magnitudes: bool,
        height: u32,
    },
    SelfSimilarity(FeatureConfig),
}

impl Plan {
    fn of(args: &PictureArgs) -> Result<Self> {
        if args.axis.is_some() && args.of != PictureOf::Spectrogram {
            bail!("--axis is of a spectrogram: other pictures have the axis of what they show");
        }
        if args.feature.is_some() && args.of != PictureOf::SelfSimilarity {
            bail!("--feature is of a self-similarity: other pictures are each of one feature");
        }
        let configure = |name| configure(name, args.sample_rate, &args.settings);
        let feature = |name, title, magnitudes, height| -> Result<Self> {
            Ok(Self::Feature { title, config: configure(name)?, magnitudes, height })
        };
        match args.of {
            PictureOf::Waveform => match args.settings.first() {
                Some(setting) => bail!("--set {setting}: a waveform has no settings"),
                None => Ok(Self::Waveform),
            },
            PictureOf::Spectrogram => {
                let stft = configure("stft")?;
                if let FeatureConfig::Stft(config) = &stft
                    && config.power != 1.0
                {
                    bail!(
                        "--set power={}: a spectrogram is drawn in dB, which are the same for any power",
                        config.power
                    );
                }
                Ok(Self::Feature { title: "Spectrogram", config: stft, magnitudes: true, height: 420 })
            }
            PictureOf::Mel => feature("log-mel", "Mel spectrogram", false, 420),
            PictureOf::Cqt => feature("cqt", "Constant-Q transform", true, 420),
            PictureOf::Chroma => feature("chroma-cqt", "Chromagram", false, 340),
            PictureOf::Tempogram => feature("tempogram", "Tempogram", false, 380),
            PictureOf::SelfSimilarity => {
                Ok(Self::SelfSimilarity(configure(args.feature.as_deref().unwrap_or("chroma-cqt"))?))
            }
        }
    }

    fn draw(&self, args: &PictureArgs, samples: &[f32]) -> Result<Svg> {
        let name = args.input.file_name().unwrap_or(args.input.as_os_str()).to_string_lossy();
        let details: Vec<&str> = std::iter::once(&*name).chain(args.settings.iter().map(|s| &**s)).collect();
        let mut details = details.join(", ");
        let layout = |title, details, width, height| Layout { width, height, title, details };
        match self {
            Self::Waveform => {
                let layout = layout("Waveform", &details, WIDTH, 240);
                Ok(waveform(samples, args.sample_rate, args.start, &layout)?)
            }
            Self::Feature { title, config, magnitudes, height } => {
                let mut frames = config.frames(samples)?;
                let mut axis = Axis::of(config)?;
                if *magnitudes {
                    let db = DbConfig { reference: Reference::Max, ..DbConfig::amplitude() };
                    frames = amplitude_to_db(&frames.to_spectrogram(), &db)?.to_frames();
                    axis.levels = Levels::Decibels;
                }
                axis.scale = args.axis.unwrap_or_default();
                let mut values = frames.into_values();
                if axis.levels == Levels::Decibels {
                    let loudest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    values.iter_mut().for_each(|db| *db -= loudest);
                }
                let layout = layout(title, &details, WIDTH, *height);
                draw(title, &values, config, args.start, axis.rows(), axis.levels, &layout)
            }
            Self::SelfSimilarity(config) => {
                let frames: Frames = config.frames(samples)?;
                let block = frames.n_frames().div_ceil(MOST_COMPARED);
                let values = self_similarity(&frames, block);
                let n = frames.n_frames().div_ceil(block);
                details = format!("{details}, {}", config.name());
                let hop_seconds = block as f64 * config.hop_length() as f64 / f64::from(config.sample_rate());
                let map = HeatMap {
                    what: "Self-similarity",
                    values: &values,
                    n_bins: n,
                    first_seconds: args.start,
                    hop_seconds,
                    rows: Rows::Time,
                    levels: Levels::Plain,
                };
                Ok(heat_map(&map, &layout("Self-similarity", &details, 660, 602))?)
            }
        }
    }
}

fn draw(
    what: &str,
    values: &[f32],
    config: &FeatureConfig,
    start: f64,
    rows: Rows<'_>,
    levels: Levels,
    layout: &Layout<'_>,
) -> Result<Svg> {
    let hop_seconds = config.hop_length() as f64 / f64::from(config.sample_rate());
    let map =
        HeatMap { what, values, n_bins: config.n_bins(), first_seconds: start, hop_seconds, rows, levels };
    Ok(heat_map(&map, layout)?)
}
