//! Pictures and the self-contained HTML report of a training run: plain data in, bytes out.
//!
//! - [`Report`] is what a run found out, and [`Report::to_json`] is the file `report.json`.
//! - [`html()`] is the same as one HTML file for people, with everything it shows inside it.
//! - [`picture`] draws: learning curves, confusion matrix, bars, waveform, log-mel spectrogram.
//!
//! Nothing here reads a file, looks at a clock or prints, and the same data always gives the same bytes.
//!
//! ```
//! use crooner_report::picture::{Rows, SpectrogramAxes, spectrogram, waveform};
//!
//! // One second of a 440 Hz tone, and a spectrogram of ten frames of four bands.
//! let tone: Vec<f32> = (0..16_000).map(|n| (n as f32 * 440.0 / 16_000.0 * std::f32::consts::TAU).sin()).collect();
//! let svg = waveform(&tone, 16_000)?;
//! assert!(svg.document().starts_with("<?xml"));
//!
//! let db: Vec<f32> = (0..40).map(|i| -2.0 * i as f32).collect();
//! let axes = SpectrogramAxes { hop_seconds: 0.1, rows: Rows::Mel(&[200.0, 400.0, 800.0, 1600.0]) };
//! let svg = spectrogram(&db, 10, 4, axes)?;
//! assert_eq!(svg.label(), "Log-mel spectrogram of 1.0 seconds in 4 bands from 200 to 1600 Hz, levels from −78 to 0 dB");
//! # Ok::<(), crooner_report::Error>(())
//! ```
//!
//! What is deliberately absent: scripts, external fonts, interactive charts, a template engine, and any
//! computation of a score. Scores are computed where the predictions are; this crate refuses those that
//! contradict their own confusion matrix ([`Report::check`]).

mod check;
mod error;
mod html;
mod json;
pub mod picture;
mod report;
mod text;

pub use error::Error;
pub use html::{ExamplePictures, Pictures, html};
pub use picture::Svg;
pub use report::{
    Chance, Class, ConfusedPair, Epoch, Evaluation, Example, FORMAT, Failure, Level, PartSize, Report, Run,
    Score, Scores, Seconds, SplitSizes, Training, WorstTrack, finite,
};
pub use text::plural;
