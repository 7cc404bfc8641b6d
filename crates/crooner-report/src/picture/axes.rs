//! Axes with round ticks, around a plotters chart.

use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::{Cartesian2d, Color, SVGBackend, TRANSPARENT};

use super::canvas::{Area, LABEL_PX, Type, px};
use super::theme::{QUIET, RULE};
use crate::Error;

/// A chart over two linear axes.
pub(super) type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Marked, Marked>>;

/// A linear axis marked at given places: plotters' own would choose them anew.
pub(super) struct Marked {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Marked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// One axis: what it spans, where it is marked, and how a mark reads.
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) marks: Vec<(f64, String)>,
}

impl Axis {
    /// Marked at `ticks`, each of which reads as `label` says.
    pub(super) fn new(range: Range<f64>, ticks: Vec<f64>, label: impl Fn(f64) -> String) -> Self {
        Self { range, marks: ticks.into_iter().map(|tick| (tick, label(tick))).collect() }
    }

    fn ticks(&self) -> Vec<f64> {
        self.marks.iter().map(|mark| mark.0).collect()
    }

    fn label(&self, tick: f64) -> String {
        self.marks.iter().find(|mark| mark.0 == tick).map_or_else(String::new, |mark| mark.1.clone())
    }
}

/// Space around a chart, in pixels; the labels stand in the left and the bottom one.
#[derive(Clone, Copy)]
pub(super) struct Margins {
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) left: f64,
}

/// Draws both axes and, if `grid`, a thin line across at every vertical mark; returns the chart to draw into.
pub(super) fn axes<'a>(
    area: &Area<'a>,
    margins: Margins,
    x: &Axis,
    y: &Axis,
    grid: bool,
) -> Result<Chart<'a>, Error> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(margins.top))
        .margin_right(px(margins.right))
        .x_label_area_size(px(margins.bottom))
        .y_label_area_size(px(margins.left))
        .build_cartesian_2d(
            Marked { range: x.range.clone(), ticks: x.ticks() },
            Marked { range: y.range.clone(), ticks: y.ticks() },
        )?;
    let label = Type::new(LABEL_PX, QUIET).style();
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh();
    if !grid {
        mesh.disable_y_mesh();
    }
    mesh.bold_line_style(RULE.color().stroke_width(10))
        .light_line_style(TRANSPARENT)
        .axis_style(QUIET.color().stroke_width(10))
        .label_style(label)
        .set_all_tick_mark_size(px(4.0))
        .x_label_formatter(&|value| x.label(*value))
        .y_label_formatter(&|value| y.label(*value))
        .draw()?;
    Ok(chart)
}

/// Round numbers (1, 2 or 5 times a power of ten apart, and at least `least_step` apart) within `range`,
/// at most `at_most` of them where the range allows.
pub(super) fn round_ticks(range: &Range<f64>, at_most: usize, least_step: f64) -> Vec<f64> {
    let span = range.end - range.start;
    if !(span.is_finite() && span > 0.0) || at_most == 0 {
        return Vec::new();
    }
    let rough = (span / at_most as f64).max(least_step);
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    let step = factor.unwrap_or(10.0) * power;
    // Marks are counted, not added up: a sum of steps would drift off the round numbers.
    let first = (range.start / step - 1e-9).ceil();
    let last = (range.end / step + 1e-9).floor();
    let count = (last - first + 1.0).max(0.0) as usize;
    (0..count).map(|i| (first + i as f64) * step).collect()
}

/// A number with as many decimals as marks `step` apart need.
pub(super) fn decimals_for(ticks: &[f64]) -> usize {
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    if step.is_finite() && step > 0.0 { (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(round_ticks(&(0.0..1.0), 5, 0.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(round_ticks(&(1.0..12.0), 6, 1.0), [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
        assert_eq!(round_ticks(&(0.5..1.5), 6, 1.0), [1.0]);
        assert_eq!(round_ticks(&(-80.0..0.0), 4, 0.0), [-80.0, -60.0, -40.0, -20.0, 0.0]);
    }

    #[test]
    fn an_empty_range_has_no_ticks() {
        assert!(round_ticks(&(1.0..1.0), 5, 0.0).is_empty());
        assert!(round_ticks(&(f64::NAN..1.0), 5, 0.0).is_empty());
    }

    #[test]
    fn labels_have_the_decimals_their_distance_needs() {
        assert_eq!(decimals_for(&[0.0, 0.25]), 1);
        assert_eq!(decimals_for(&[0.0, 0.02, 0.04]), 2);
        assert_eq!(decimals_for(&[0.0, 20.0]), 0);
    }
}
