//! A feature over time as colours: spectrograms, chromagrams, tempograms, self-similarity.

use std::ops::Range;

use super::axes::{Axis, Margins, axes, decimals_for, round_ticks};
use super::canvas::{Area, Canvas, LABEL_PX, Type, line, write};
use super::layout::Layout;
use super::raster::{Place, Raster};
use super::rows::{RowAxis, Rows, positive};
use super::sampling::{Cover, image};
use super::svg::Svg;
use super::theme::QUIET;
use super::time::time_marks;
use crate::Error;
use crate::text::signed;

const MARGINS: Margins = Margins { top: 10.0, right: 88.0, bottom: 42.0, left: 58.0 };
/// Width of the colour bar, and its distance from the picture.
const BAR: f64 = 12.0;
const BAR_GAP: f64 = 14.0;
/// Pixels of the raster for one CSS pixel, for fine screens and for print.
const FINE: f64 = 2.0;
/// Height of a mark's label with air, in pixels.
const MARK_PX: f64 = 19.0;

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// In dB.
    Decibels,
    /// Without a unit.
    Plain,
}

/// A feature over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatMap<'a> {
    /// What it is, as in "Mel spectrogram".
    pub what: &'a str,
    /// Time-major: `values[frame * n_bins + bin]`.
    pub values: &'a [f32],
    /// Values per frame.
    pub n_bins: usize,
    /// Where the first frame is centred, in seconds.
    pub first_seconds: f64,
    /// Time from one frame to the next, in seconds.
    pub hop_seconds: f64,
    /// What the rows are.
    pub rows: Rows<'a>,
    /// What the values are.
    pub levels: Levels,
}

/// A feature with its axes: seconds, whatever the rows are, and a colour bar.
///
/// Colours span the lowest to the highest value that is on the axis. A pixel shows the mean of the values under it.
///
/// ```
/// use crooner_report::picture::{HeatMap, Layout, Levels, Rows, Theme, heat_map};
///
/// // A scale of one octave, a note every 0.25 s, as a chromagram.
/// let chroma: Vec<f32> = (0..12 * 12).map(|i| if i % 12 == i / 12 { 1.0 } else { 0.1 }).collect();
/// let map = HeatMap {
///     what: "Chromagram",
///     values: &chroma,
///     n_bins: 12,
///     first_seconds: 0.0,
///     hop_seconds: 0.25,
///     rows: Rows::PitchClasses { first: 0 },
///     levels: Levels::Plain,
/// };
/// let svg = heat_map(&map, &Layout { title: "Chromagram", details: "scale.wav", ..Layout::default() })?;
/// assert_eq!(svg.label(), "Chromagram of 3.0 seconds in 12 pitch classes, levels from 0.10 to 1.00");
/// let png = svg.scaled_to(1440)?.png(Theme::Dark)?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), crooner_report::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Invalid`] if there are no values, or not a multiple of `n_bins` of them, if one is infinite or not a
/// number, if the rows do not fit, or if the picture is too small.
pub fn heat_map(map: &HeatMap<'_>, layout: &Layout<'_>) -> Result<Svg, Error> {
    let n_frames = check(map)?;
    let margins = layout.margins(MARGINS);
    let room = layout.room(margins)?;
    let place = Place { left: margins.left, top: margins.top, width: room.0, height: room.1 };

    let last_seconds = map.first_seconds + map.hop_seconds * (n_frames - 1) as f64;
    let seconds = map.first_seconds - map.hop_seconds / 2.0..last_seconds + map.hop_seconds / 2.0;
    let at_most = (place.height / MARK_PX) as usize;
    let rows = map.rows.axis(map.n_bins, at_most, [map.first_seconds, last_seconds]);
    let levels = shown_range(map.values, map.n_bins, &rows);
    let length = seconds.end - seconds.start;
    let (unit, decimals) = match map.levels {
        Levels::Decibels => (" dB", 0),
        Levels::Plain => ("", 2),
    };
    let label = format!(
        "{} of {length:.1} seconds{}, levels from {} to {}{unit}",
        map.what,
        map.rows.words(map.n_bins),
        signed(levels.start, decimals),
        signed(levels.end, decimals),
    );
    let bar = Place { left: place.left + place.width + BAR_GAP, width: BAR, ..place };
    let rasters = vec![raster(map, n_frames, &rows, &levels, place), Raster::color_bar(bar)];
    let canvas =
        Canvas { width: layout.width, height: layout.height, min_width: layout.width.min(560), label };
    canvas.draw_over(rasters, |area| {
        layout.heading(area, margins)?;
        let time = time_marks(&seconds, (place.width / 52.0) as usize);
        let x = Axis { range: seconds, marks: time.marks };
        let y = Axis { range: 0.0..1.0, marks: rows.marks };
        axes(area, margins, &x, &y, false)?;
        let set = Type::new(LABEL_PX, QUIET);
        let bottom = f64::from(layout.height) - 9.0;
        write(area, time.unit, (place.left + place.width / 2.0, bottom), set.centered())?;
        // Under the labels of the rows, but never over the edge.
        write(area, rows.unit, (4.0, bottom), set)?;
        level_marks(area, &levels, unit, bar)
    })
}

fn check(map: &HeatMap<'_>) -> Result<usize, Error> {
    let HeatMap { values, n_bins, .. } = *map;
    if n_bins == 0 || values.is_empty() {
        let found = format!("{} values in frames of {n_bins}", values.len());
        return Err(Error::invalid("values", "at least one frame of at least one value", found));
    }
    if !values.len().is_multiple_of(n_bins) {
        let expected = format!("whole frames of {n_bins} values");
        return Err(Error::invalid("values", expected, format!("{} values", values.len())));
    }
    if let Some(i) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::invalid(format!("values[{i}]"), "a finite number", values[i]));
    }
    positive("hop_seconds", map.hop_seconds)?;
    if !map.first_seconds.is_finite() {
        return Err(Error::invalid("first_seconds", "a finite number", map.first_seconds));
    }
    map.rows.check(n_bins)?;
    Ok(values.len() / n_bins)
}

/// Lowest and highest value among the rows that are within the axis.
fn shown_range(values: &[f32], n_bins: usize, rows: &RowAxis) -> Range<f64> {
    let shown = rows.edges.windows(2).map(|edges| edges[1] > 0.0 && edges[0] < 1.0);
    let shown: Vec<usize> =
        rows.order.iter().zip(shown).filter_map(|(row, shown)| shown.then_some(*row)).collect();
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for frame in values.chunks_exact(n_bins) {
        for &row in &shown {
            low = low.min(frame[row]);
            high = high.max(frame[row]);
        }
    }
    f64::from(low)..f64::from(high)
}

/// The values as levels of the colour map.
fn raster(map: &HeatMap<'_>, n_frames: usize, rows: &RowAxis, levels: &Range<f64>, place: Place) -> Raster {
    let [width, height] = [place.width, place.height].map(|pixels| (pixels * FINE) as usize);
    let ordered: Vec<f32> = map
        .values
        .chunks_exact(map.n_bins)
        .flat_map(|frame| rows.order.iter().map(|&row| frame[row]))
        .collect();
    let edges: Vec<f64> = rows.edges.iter().map(|edge| edge * height as f64).collect();
    let values =
        image(&ordered, rows.order.len(), &Cover::even(n_frames, width), &Cover::new(&edges, height));
    let span = levels.end - levels.start;
    let scale = if span > 0.0 { 255.0 / span } else { 0.0 };
    let level = |value: f32| ((f64::from(value) - levels.start) * scale).round() as u8;
    Raster {
        levels: values.into_iter().map(level).collect(),
        width: width as u32,
        height: height as u32,
        place,
    }
}

/// Marks and figures along the colour bar.
fn level_marks(area: &Area<'_>, levels: &Range<f64>, unit: &str, bar: Place) -> Result<(), Error> {
    let ticks = round_ticks(levels, 5, 0.0);
    let decimals = decimals_for(&ticks);
    let left = bar.left + bar.width;
    for tick in ticks {
        let y = bar.top + bar.height * (levels.end - tick) / (levels.end - levels.start);
        line(area, (left, y), (left + 4.0, y), QUIET, 1.0)?;
        let figure = format!("{}{unit}", signed(tick, decimals));
        write(area, &figure, (left + 8.0, y), Type::new(LABEL_PX, QUIET))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<'a>(values: &'a [f32], rows: Rows<'static>) -> HeatMap<'a> {
        HeatMap {
            what: "Test",
            values,
            n_bins: 2,
            first_seconds: 0.0,
            hop_seconds: 0.5,
            rows,
            levels: Levels::Plain,
        }
    }

    #[test]
    fn time_goes_right_and_rows_upwards_from_the_lowest_level_to_the_highest() {
        let map = map(&[-1.0, 0.0, 0.0, 3.0], Rows::Numbered);
        let rows = map.rows.axis(2, 5, [0.0, 0.5]);
        let levels = shown_range(map.values, 2, &rows);
        assert_eq!(levels, -1.0..3.0);
        let place = Place { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
        let raster = raster(&map, 2, &rows, &levels, place);
        assert_eq!((raster.width, raster.height), (2, 2));
        assert_eq!(raster.levels, [64, 255, 0, 64]);
    }

    #[test]
    fn what_is_not_on_the_axis_does_not_set_the_colours() {
        // Of two lags, lag 0 is not drawn.
        let lags = Rows::Lags { hop_seconds: 0.5 };
        let values = [1.0, 0.25, 1.0, 0.5];
        let map = map(&values, lags);
        assert_eq!(shown_range(map.values, 2, &lags.axis(2, 5, [0.0, 0.5])), 0.25..0.5);
    }
}
