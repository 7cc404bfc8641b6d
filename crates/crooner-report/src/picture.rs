//! Pictures of sound and of scores: plain slices in, [`Svg`] out, which [`Svg::png`] turns into pixels.
//!
//! | picture | of |
//! |---|---|
//! | [`loss_curves`], [`f1_curve`] | a training run, epoch by epoch |
//! | [`range_curve`] | the loss while the learning rate grows |
//! | [`confusion_matrix`] | who is taken for whom |
//! | [`f1_bars`] | how well each artist is recognised |
//! | [`score_bars`] | scores with their intervals, against chance |
//! | [`waveform`] | samples over time |
//! | [`heat_map`] | any feature over time: spectrogram, chromagram, tempogram, self-similarity |
//!
//! All are drawn in one small palette with a light and a dark half ([`Svg::document`] follows the reader's
//! colour scheme), with the reader's own sans-serif font (in a PNG: DejaVu Sans), and at most 720 pixels wide unless
//! there are more artists than fit or a [`Layout`] asks for more. The same input gives the same bytes.

mod axes;
mod bars;
mod canvas;
mod color_map;
mod confusion;
mod curves;
mod heat_map;
mod ink_map;
mod layout;
mod png;
mod range;
mod raster;
mod rows;
mod sampling;
mod svg;
pub(crate) mod theme;
mod time;
mod waveform;

pub use bars::{ScoreBar, f1_bars, score_bars};
pub use confusion::confusion_matrix;
pub use curves::{f1_curve, loss_curves};
pub use heat_map::{HeatMap, Levels, heat_map};
pub use layout::Layout;
pub use range::range_curve;
pub use rows::Rows;
pub use svg::{Svg, Theme};
pub use waveform::waveform;
