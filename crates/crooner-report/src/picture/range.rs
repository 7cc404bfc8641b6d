//! The loss of a learning-rate range test.

use plotters::element::{Circle, PathElement};
use plotters::prelude::Color;

use super::axes::{Axis, Margins, axes, decimals_for, round_ticks};
use super::canvas::{Canvas, LABEL_PX, Type, write};
use super::svg::Svg;
use super::theme::{BLUE, QUIET, RUST, TEXT};
use crate::Error;
use crate::check::at_least_zero;

const WIDTH: u32 = 560;
const HEIGHT: u32 = 320;
const MARGINS: Margins = Margins { top: 44.0, right: 18.0, bottom: 40.0, left: 44.0 };
/// The vertical axis ends at this many times the first loss: what explodes leaves the picture.
const HIGHEST: f64 = 1.5;

/// Mean loss over the learning rate, on a logarithmic axis, as `(rate, loss)` with ascending rates; a line at `suggestion`.
///
/// The vertical axis is from 0 to 1.5 times the first loss, and losses above are not shown.
///
/// # Errors
///
/// [`Error::Invalid`] if there are fewer than two points, rates are not positive and ascending, or a loss is negative or
/// not finite.
pub fn range_curve(points: &[(f64, f64)], suggestion: Option<f64>) -> Result<Svg, Error> {
    if points.len() < 2 {
        return Err(Error::invalid("points", "at least two", points.len()));
    }
    let mut before = 0.0;
    for (i, &(rate, loss)) in points.iter().enumerate() {
        if !(rate > before && rate.is_finite()) {
            return Err(Error::invalid(format!("points[{i}].rate"), format!("above {before}"), rate));
        }
        at_least_zero(&format!("points[{i}].loss"), loss)?;
        before = rate;
    }
    let (first, last) = (points[0].0.log10(), points[points.len() - 1].0.log10());
    if let Some(rate) = suggestion
        && !(first..=last).contains(&rate.log10())
    {
        return Err(Error::invalid("suggestion", "a rate between the first and the last", rate));
    }
    let top = if points[0].1 > 0.0 { HIGHEST * points[0].1 } else { 1.0 };
    let label = label(points, suggestion);
    Canvas { width: WIDTH, height: HEIGHT, min_width: 0, label }.draw(|area| {
        write(area, "Mean loss over the learning rate", (2.0, 14.0), Type::new(14.0, TEXT).bold())?;
        let x_range = first..last;
        let x_ticks = round_ticks(&x_range, 7, 1.0);
        let y_range = 0.0..top;
        let y_ticks = round_ticks(&y_range, 5, 0.0);
        let decimals = decimals_for(&y_ticks);
        let x = Axis::new(x_range, x_ticks, |decade| format!("1e{decade:.0}"));
        let y = Axis::new(y_range, y_ticks, |value| format!("{value:.decimals$}"));
        let mut chart = axes(area, MARGINS, &x, &y, true)?;
        let middle = (MARGINS.left + f64::from(WIDTH) - MARGINS.right) / 2.0;
        let bottom = f64::from(HEIGHT) - 9.0;
        write(area, "learning rate", (middle, bottom), Type::new(LABEL_PX, QUIET).centered())?;
        let line = BLUE.color().stroke_width(18);
        for run in points.split(|point| point.1 > top) {
            let run: Vec<_> = run.iter().map(|&(rate, loss)| (rate.log10(), loss)).collect();
            match run[..] {
                [] => {}
                // A line from a point to itself is invisible.
                [alone] => {
                    chart.draw_series([Circle::new(alone, 25, BLUE.color().filled())])?;
                }
                _ => {
                    chart.draw_series([PathElement::new(run, line)])?;
                }
            }
        }
        if let Some(rate) = suggestion {
            let at = rate.log10();
            let line = RUST.color().stroke_width(12);
            chart.draw_series([PathElement::new(vec![(at, 0.0), (at, top)], line)])?;
            let right = f64::from(WIDTH) - MARGINS.right;
            let words = format!("falls fastest at {rate:.1e}");
            write(area, &words, (right, 14.0), Type::new(LABEL_PX, RUST).right())?;
        }
        Ok(())
    })
}

/// The picture in words.
fn label(points: &[(f64, f64)], suggestion: Option<f64>) -> String {
    let (first, last) = (points[0], points[points.len() - 1]);
    let lowest = points.iter().copied().reduce(|low, point| if point.1 < low.1 { point } else { low });
    let (at, lowest) = lowest.unwrap_or(first);
    let falls =
        suggestion.map_or("it does not fall".to_owned(), |rate| format!("it falls fastest at {rate:.1e}"));
    format!(
        "Mean loss at learning rates from {:.0e} to {:.0e}: {:.3} at first, lowest {lowest:.3} at {at:.1e}; {falls}",
        first.0, last.0, first.1
    )
}
