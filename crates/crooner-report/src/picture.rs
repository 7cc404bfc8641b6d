//! Pictures of sound and of scores: plain slices in, [`Svg`] or PNG bytes out.
//!
//! | picture | of |
//! |---|---|
//! | [`loss_curves`], [`f1_curve`] | a training run, epoch by epoch |
//! | [`confusion_matrix`] | who is taken for whom |
//! | [`f1_bars`] | how well each artist is recognised |
//! | [`score_bars`] | scores with their intervals, against chance |
//! | [`waveform`] | samples over time |
//! | [`spectrogram`], [`spectrogram_png`] | a log-mel spectrogram, with and without axes |
//!
//! All are drawn in one small palette with a light and a dark half ([`Svg::document`] follows the reader's
//! colour scheme), with the reader's own sans-serif font, and at most 720 pixels wide unless there are more
//! artists than fit. The same input gives the same bytes.

mod axes;
mod bars;
mod canvas;
mod color_map;
mod confusion;
mod curves;
mod raster;
mod spectrogram;
mod svg;
pub(crate) mod theme;
mod waveform;

pub use bars::{ScoreBar, f1_bars, score_bars};
pub use confusion::confusion_matrix;
pub use curves::{f1_curve, loss_curves};
pub use spectrogram::{Rows, SpectrogramAxes, spectrogram, spectrogram_png};
pub use svg::Svg;
pub use waveform::waveform;
