//! Pictures and the self-contained HTML report of a training run: plain data in, bytes out.
//!
//! - [`Report`] is what a run found out, and [`Report::to_json`] is the file `report.json`.
//! - [`html()`] is the same as one HTML file for people, with everything it shows inside it.
//! - [`SeedsReport`] is what several seeds came to, with [`SeedsReport::to_json`] and [`seeds_html`].
//! - [`pairs_html`] is a page of pairs of recordings side by side: what an audit found.
//! - [`picture`] draws: learning curves, confusion matrix, bars, waveform, any feature over time.
//!
//! Nothing here reads a file, looks at a clock or prints, and the same data always gives the same bytes.
//!
//! ```
//! use crooner_report::picture::{HeatMap, Layout, Levels, Rows, Theme, heat_map};
//!
//! // Ten frames of four mel bands, a tenth of a second apart.
//! let db: Vec<f32> = (0..40).map(|i| -2.0 * i as f32).collect();
//! let map = HeatMap {
//!     what: "Log-mel spectrogram",
//!     values: &db,
//!     n_bins: 4,
//!     first_seconds: 0.0,
//!     hop_seconds: 0.1,
//!     rows: Rows::Bands(&[200.0, 400.0, 800.0, 1600.0]),
//!     levels: Levels::Decibels,
//! };
//! let svg = heat_map(&map, &Layout::default())?;
//! assert_eq!(svg.label(), "Log-mel spectrogram of 1.0 seconds in 4 bands from 200 to 1600 Hz, levels from −78 to 0 dB");
//! assert!(svg.document().starts_with("<?xml"));
//! assert!(svg.png(Theme::Light)?.starts_with(b"\x89PNG"));
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
mod seeds;
mod text;

pub use error::Error;
pub use html::{
    ExamplePictures, PairsPage, PairsSection, PicturedPair, Pictures, PlainTable, html, pairs_html,
    seeds_html,
};
pub use picture::Svg;
pub use report::{
    Chance, Class, ConfusedPair, Epoch, Evaluation, Example, FORMAT, Failure, Level, PartSize, Report, Run,
    Score, Scores, Seconds, SplitSizes, Training, WorstTrack, finite,
};
pub use seeds::{SeedRun, SeedsReport, SeedsSummary, Spread, SpreadScores};
pub use text::plural;
