//! The log-mel spectrogram, or whatever else the network is given.

use std::ops::Range;

use super::axes::{Axis, Margins, axes, decimals_for, round_ticks};
use super::canvas::{Area, Canvas, LABEL_PX, Type, line, px, write};
use super::raster;
use super::svg::Svg;
use super::theme::QUIET;
use crate::Error;
use crate::check::at_least_zero;
use crate::text::{signed, thousands};

const WIDTH: u32 = 720;
const HEIGHT: u32 = 300;
const MARGINS: Margins = Margins { top: 10.0, right: 66.0, bottom: 42.0, left: 54.0 };
/// Width of the colour bar, and its distance from the picture.
const BAR: f64 = 12.0;
const BAR_GAP: f64 = 14.0;
/// Most columns of the raster in a picture: two to a CSS pixel, for fine screens and for print.
const MOST_COLUMNS: usize = 1200;

/// What the two axes of a spectrogram mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectrogramAxes<'a> {
    /// Time from one frame to the next, in seconds.
    pub hop_seconds: f64,
    /// What a row is.
    pub rows: Rows<'a>,
}

/// What the rows of a spectrogram, and their values, mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rows<'a> {
    /// Mel bands with values in dB: the centre frequency of each, in Hz, ascending.
    Mel(&'a [f32]),
    /// Values of any other feature, numbered from 0.
    Numbered,
}

/// A log-mel spectrogram with its axes: seconds, Hz (one row per mel band, so the marks are mel-spaced) and
/// a colour bar in dB. Of another feature, the rows are numbered and the colour bar has no unit.
///
/// `values` are `n_frames` times `n_mels` of them, time-major (`values[frame * n_mels + band]`). The
/// colours span the lowest to the highest value. More frames than the picture has room for are averaged.
///
/// # Errors
///
/// [`Error::Invalid`] if a size is 0, if `values` or `mel_hz` has another length, if a value is infinite or
/// not a number, if the frequencies do not ascend from at least 0, or if `hop_seconds` is not positive.
pub fn spectrogram(
    values: &[f32],
    n_frames: usize,
    n_mels: usize,
    axes_of: SpectrogramAxes<'_>,
) -> Result<Svg, Error> {
    let raster = Raster::new(values, n_frames, n_mels, MOST_COLUMNS)?;
    check_axes(axes_of, n_mels)?;
    let seconds = n_frames as f64 * axes_of.hop_seconds;
    let [low, high] = raster.range.map(f64::from);
    let label = match axes_of.rows {
        Rows::Mel(hz) => format!(
            "Log-mel spectrogram of {seconds:.1} seconds in {n_mels} bands from {:.0} to {:.0} Hz, \
             levels from {} to {} dB",
            hz[0],
            hz[n_mels - 1],
            signed(low, 0),
            signed(high, 0),
        ),
        Rows::Numbered => {
            format!(
                "{n_mels} values over {seconds:.1} seconds, from {} to {}",
                signed(low, 2),
                signed(high, 2)
            )
        }
    };
    let plot_width = f64::from(WIDTH) - MARGINS.left - MARGINS.right;
    let plot_height = f64::from(HEIGHT) - MARGINS.top - MARGINS.bottom;
    let bar_left = MARGINS.left + plot_width + BAR_GAP;
    let origin = (px(MARGINS.left), px(MARGINS.top));
    let images = raster::image_element(&raster.png()?, origin, (px(plot_width), px(plot_height)))
        + &raster::image_element(&color_bar()?, (px(bar_left), px(MARGINS.top)), (px(BAR), px(plot_height)));
    Canvas { width: WIDTH, height: HEIGHT, min_width: 560, label }.draw_over(images, |area| {
        let ticks = round_ticks(&(0.0..seconds), 12, 0.0);
        let decimals = decimals_for(&ticks);
        let x = Axis { range: 0.0..seconds, ticks, label: &|value| format!("{value:.decimals$}") };
        let bands = match axes_of.rows {
            Rows::Mel(hz) => mel_ticks(hz),
            Rows::Numbered => {
                round_ticks(&(0.0..n_mels as f64), 8, 0.0).into_iter().map(|row| (row, row as u32)).collect()
            }
        };
        let [rows_unit, values_unit] = match axes_of.rows {
            Rows::Mel(_) => ["Hz", "dB"],
            Rows::Numbered => ["value", ""],
        };
        let y = Axis {
            range: 0.0..n_mels as f64,
            ticks: bands.iter().map(|(row, _)| *row).collect(),
            label: &|row| {
                bands
                    .iter()
                    .find(|band| band.0 == row)
                    .map_or(String::new(), |band| thousands(u64::from(band.1)))
            },
        };
        axes(area, MARGINS, x, y, false)?;
        let set = Type::new(LABEL_PX, QUIET);
        let bottom = f64::from(HEIGHT) - 9.0;
        write(area, "seconds", (MARGINS.left + plot_width / 2.0, bottom), set.centered())?;
        write(area, rows_unit, (MARGINS.left - 8.0, bottom), set.right())?;
        write(area, values_unit, (bar_left + BAR / 2.0, bottom), set.centered())?;
        level_marks(area, low..high, bar_left + BAR, plot_height)
    })
}

/// The spectrogram alone as a PNG, one pixel per frame and band, the highest band at the top; arguments as
/// for [`spectrogram`].
///
/// # Errors
///
/// [`Error::Invalid`] if a size is 0, if `values` has another length, or if one is infinite or not a number;
/// [`Error::Png`] if there are more frames or bands than a PNG has room for.
pub fn spectrogram_png(values: &[f32], n_frames: usize, n_mels: usize) -> Result<Vec<u8>, Error> {
    Raster::new(values, n_frames, n_mels, n_frames)?.png()
}

/// Values averaged to as many columns as are wanted, and their range.
struct Raster {
    columns: usize,
    n_mels: usize,
    values: Vec<f32>,
    range: [f32; 2],
}

impl Raster {
    fn new(values: &[f32], n_frames: usize, n_mels: usize, most_columns: usize) -> Result<Self, Error> {
        if n_frames == 0 || n_mels == 0 {
            let found = format!("{n_frames} frames of {n_mels}");
            return Err(Error::invalid("values", "at least one frame of at least one band", found));
        }
        if n_frames.checked_mul(n_mels) != Some(values.len()) {
            let expected = format!("{n_frames} frames of {n_mels} values");
            return Err(Error::invalid("values", expected, format!("{} values", values.len())));
        }
        if let Some(i) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::invalid(format!("values[{i}]"), "a finite number of dB", values[i]));
        }
        let columns = n_frames.min(most_columns);
        let edge = |i: usize| i * n_frames / columns;
        let mut mean = Vec::with_capacity(columns * n_mels);
        for column in 0..columns {
            let frames = &values[edge(column) * n_mels..edge(column + 1) * n_mels];
            let count = (edge(column + 1) - edge(column)) as f64;
            for band in 0..n_mels {
                let sum: f64 = frames.iter().skip(band).step_by(n_mels).copied().map(f64::from).sum();
                mean.push((sum / count) as f32);
            }
        }
        let low = mean.iter().copied().fold(f32::INFINITY, f32::min);
        let high = mean.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Ok(Self { columns, n_mels, values: mean, range: [low, high] })
    }

    fn png(&self) -> Result<Vec<u8>, Error> {
        let [low, high] = self.range.map(f64::from);
        let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
        let level = |value: f32| ((f64::from(value) - low) * scale).round() as u8;
        let rows = (0..self.n_mels).rev();
        let levels: Vec<u8> = rows
            .flat_map(|band| self.values.iter().skip(band).step_by(self.n_mels))
            .map(|&value| level(value))
            .collect();
        raster::encode(&levels, png_size(self.columns)?, png_size(self.n_mels)?)
    }
}

fn png_size(size: usize) -> Result<u32, Error> {
    u32::try_from(size).map_err(|_| Error::invalid("values", "at most 4294967295 frames and bands", size))
}

/// The colour map from top (highest) to bottom, one pixel wide.
fn color_bar() -> Result<Vec<u8>, Error> {
    let levels: Vec<u8> = (0..=u8::MAX).rev().collect();
    raster::encode(&levels, 1, 256)
}

fn check_axes(axes: SpectrogramAxes<'_>, n_mels: usize) -> Result<(), Error> {
    at_least_zero("hop_seconds", axes.hop_seconds)?;
    if axes.hop_seconds == 0.0 {
        return Err(Error::invalid("hop_seconds", "more than 0", 0));
    }
    let Rows::Mel(mel_hz) = axes.rows else { return Ok(()) };
    if mel_hz.len() != n_mels {
        return Err(Error::invalid("mel_hz", format!("{n_mels} values, one per band"), mel_hz.len()));
    }
    let mut previous = 0.0;
    for (i, &hz) in mel_hz.iter().enumerate() {
        if !(hz.is_finite() && hz >= previous) {
            return Err(Error::invalid(format!("mel_hz[{i}]"), format!("at least {previous} Hz"), hz));
        }
        previous = hz;
    }
    Ok(())
}

/// Octaves from 64 Hz that fall within the bands, as (position in rows from the bottom, Hz).
///
/// The centre of band `i` is at `i + 0.5`; between centres the position is interpolated.
fn mel_ticks(mel_hz: &[f32]) -> Vec<(f64, u32)> {
    let octaves = (6..16).map(|power| 1u32 << power);
    let place = |hz: u32| {
        let above = mel_hz.iter().position(|&center| f64::from(center) >= f64::from(hz))?;
        let below = above.checked_sub(1)?;
        let (from, to) = (f64::from(mel_hz[below]), f64::from(mel_hz[above]));
        Some((below as f64 + 0.5 + (f64::from(hz) - from) / (to - from), hz))
    };
    let mut ticks: Vec<(f64, u32)> = Vec::new();
    // From the top, where octaves are far apart: lower ones that would touch are left out.
    for tick in octaves.rev().filter_map(place) {
        let least = 0.07 * mel_hz.len() as f64;
        if ticks.last().is_none_or(|last| last.0 - tick.0 >= least) {
            ticks.push(tick);
        }
    }
    ticks.reverse();
    ticks
}

/// Marks and figures along the colour bar.
fn level_marks(area: &Area<'_>, range: Range<f64>, left: f64, height: f64) -> Result<(), Error> {
    let ticks = round_ticks(&range, 5, 0.0);
    let decimals = decimals_for(&ticks);
    for tick in ticks {
        let y = MARGINS.top + height * (range.end - tick) / (range.end - range.start);
        line(area, (left, y), (left + 4.0, y), QUIET, 1.0)?;
        write(area, &signed(tick, decimals), (left + 8.0, y), Type::new(LABEL_PX, QUIET))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octaves_stand_where_their_frequency_is() {
        // Bands at 100, 200, ... 1000 Hz: 256 Hz is 56 % of the way from the second centre to the third.
        let mel_hz: Vec<f32> = (1..=10).map(|i| i as f32 * 100.0).collect();
        let ticks = mel_ticks(&mel_hz);
        let hz: Vec<_> = ticks.iter().map(|tick| tick.1).collect();
        assert_eq!(hz, [128, 256, 512]);
        assert!((ticks[1].0 - 2.06).abs() < 1e-9, "{ticks:?}");
    }

    #[test]
    fn frames_that_share_a_column_are_averaged() {
        let raster = Raster::new(&[1.0, 10.0, 3.0, 30.0, 5.0, 50.0, 7.0, 70.0], 4, 2, 2).unwrap();
        assert_eq!(raster.values, [2.0, 20.0, 6.0, 60.0]);
        assert_eq!(raster.range, [2.0, 60.0]);
    }
}
