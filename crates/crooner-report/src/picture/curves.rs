//! Learning curves.

use std::ops::Range;

use plotters::element::{Circle, PathElement};
use plotters::prelude::Color;

use super::axes::{Axis, Chart, Margins, axes, decimals_for, round_ticks};
use super::canvas::{Area, Canvas, LABEL_PX, Type, write};
use super::svg::Svg;
use super::theme::{BLUE, Ink, QUIET, RUST, TEXT};
use crate::check::check_epochs;
use crate::{Epoch, Error};

const WIDTH: u32 = 372;
const HEIGHT: u32 = 260;
const MARGINS: Margins = Margins { top: 44.0, right: 14.0, bottom: 40.0, left: 40.0 };

/// One curve: a value for some of the epochs.
struct Curve {
    name: &'static str,
    ink: Ink,
    points: Vec<(f64, Option<f64>)>,
}

/// Training and validation loss over the epochs, with the epoch whose weights were kept marked.
///
/// An epoch without a finite loss leaves a gap. The vertical axis starts at 0.
///
/// # Errors
///
/// [`Error::Invalid`] if there are no epochs, if they do not ascend, or if a loss is negative, infinite or
/// not a number.
pub fn loss_curves(epochs: &[Epoch], best_epoch: Option<u64>) -> Result<Svg, Error> {
    check_epochs(epochs)?;
    let points = |of: fn(&Epoch) -> Option<f64>| epochs.iter().map(|e| (e.epoch as f64, of(e))).collect();
    let curves = [
        Curve { name: "training", ink: BLUE, points: points(|e| e.train_loss) },
        Curve { name: "validation", ink: RUST, points: points(|e| e.validation_loss) },
    ];
    let highest = curves.iter().flat_map(|c| &c.points).filter_map(|p| p.1).fold(0.0, f64::max);
    let top = if highest > 0.0 { highest * 1.05 } else { 1.0 };
    draw("Loss", &curves, 0.0..top, best_epoch)
}

/// Weighted F1 on the validation slices over the epochs, with the epoch whose weights were kept marked.
///
/// An epoch without a figure leaves a gap. The vertical axis is 0 to 1.
///
/// # Errors
///
/// [`Error::Invalid`] if there are no epochs, if they do not ascend, or if a score is not in `0..=1`.
pub fn f1_curve(epochs: &[Epoch], best_epoch: Option<u64>) -> Result<Svg, Error> {
    check_epochs(epochs)?;
    let points = epochs.iter().map(|e| (e.epoch as f64, e.validation_f1)).collect();
    draw("Weighted F1", &[Curve { name: "validation", ink: RUST, points }], 0.0..1.0, best_epoch)
}

fn draw(title: &str, curves: &[Curve], y_range: Range<f64>, best_epoch: Option<u64>) -> Result<Svg, Error> {
    let epochs = curves.first().map_or(&[][..], |curve| &curve.points);
    let (Some(&(first, _)), Some(&(last, _))) = (epochs.first(), epochs.last()) else {
        return Err(Error::invalid("training.epochs", "at least one epoch", "none"));
    };
    let label = label(title, curves, last, best_epoch);
    Canvas { width: WIDTH, height: HEIGHT, min_width: 0, label }.draw(|area| {
        heading(area, title, curves)?;
        // One epoch is a point in the middle, not an axis of length 0.
        let x_range = if first < last { first..last } else { first - 0.5..last + 0.5 };
        let y_ticks = round_ticks(&y_range, 5, 0.0);
        let decimals = decimals_for(&y_ticks);
        let x_ticks = round_ticks(&x_range, 6, 1.0);
        let x = Axis::new(x_range, x_ticks, |value| format!("{value:.0}"));
        let y = Axis::new(y_range.clone(), y_ticks, |value| format!("{value:.decimals$}"));
        let mut chart = axes(area, MARGINS, &x, &y, true)?;
        let middle = (MARGINS.left + f64::from(WIDTH) - MARGINS.right) / 2.0;
        let bottom = f64::from(HEIGHT) - 9.0;
        write(area, "epoch", (middle, bottom), Type::new(LABEL_PX, QUIET).centered())?;
        if let Some(best) = best_epoch {
            mark(&mut chart, best as f64, &y_range)?;
        }
        for curve in curves {
            trace(&mut chart, curve, best_epoch)?;
        }
        if curves.iter().all(|curve| curve.points.iter().all(|point| point.1.is_none())) {
            let center = (middle, f64::from(HEIGHT) / 2.0);
            write(area, "no finite value", center, Type::new(LABEL_PX, QUIET).centered())?;
        }
        Ok(())
    })
}

/// The title at the left, the names of the curves in their colours at the right.
fn heading(area: &Area<'_>, title: &str, curves: &[Curve]) -> Result<(), Error> {
    let y = 14.0;
    write(area, title, (2.0, y), Type::new(14.0, TEXT).bold())?;
    let mut right = f64::from(WIDTH) - MARGINS.right;
    for curve in curves.iter().rev() {
        write(area, curve.name, (right, y), Type::new(LABEL_PX, curve.ink).right())?;
        right -= crate::text::width_em(curve.name) * LABEL_PX + 14.0;
    }
    Ok(())
}

/// A thin line at the epoch whose weights were kept.
fn mark(chart: &mut Chart<'_>, epoch: f64, y_range: &Range<f64>) -> Result<(), Error> {
    let line = QUIET.color().stroke_width(10);
    chart.draw_series([PathElement::new(vec![(epoch, y_range.start), (epoch, y_range.end)], line)])?;
    Ok(())
}

/// The curve, with gaps where it has no value and a dot at the epoch that was kept.
fn trace(chart: &mut Chart<'_>, curve: &Curve, best_epoch: Option<u64>) -> Result<(), Error> {
    let line = curve.ink.color().stroke_width(18);
    let dot = curve.ink.color().filled();
    for run in curve.points.split(|point| point.1.is_none()) {
        let points: Vec<_> = run.iter().filter_map(|&(x, y)| y.map(|y| (x, y))).collect();
        match points[..] {
            [] => {}
            // A line from a point to itself is invisible.
            [alone] => {
                chart.draw_series([Circle::new(alone, 25, dot)])?;
            }
            _ => {
                chart.draw_series([PathElement::new(points, line)])?;
            }
        }
    }
    let best = curve.points.iter().find(|point| best_epoch.is_some_and(|best| point.0 == best as f64));
    if let Some(&(x, Some(y))) = best {
        chart.draw_series([Circle::new((x, y), 38, dot)])?;
    }
    Ok(())
}

/// The picture in words.
fn label(title: &str, curves: &[Curve], last: f64, best_epoch: Option<u64>) -> String {
    let mut label = format!("{title} over {last:.0} epoch{}", if last > 1.0 { "s" } else { "" });
    for curve in curves {
        let mut values = curve.points.iter().filter_map(|point| point.1);
        if let Some(from) = values.next() {
            let to = values.next_back().unwrap_or(from);
            label += &format!("; {} from {from:.3} to {to:.3}", curve.name);
        }
    }
    if let Some(best) = best_epoch {
        label += &format!("; the weights of epoch {best} were kept");
    }
    label
}
