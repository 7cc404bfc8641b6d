//! The waveform.

use plotters::element::{PathElement, Polygon};
use plotters::prelude::Color;

use super::axes::{Axis, Margins, axes, decimals_for, round_ticks};
use super::canvas::{Canvas, LABEL_PX, Type, write};
use super::layout::Layout;
use super::svg::Svg;
use super::theme::{BLUE, QUIET};
use super::time::time_marks;
use crate::Error;
use crate::check::at_least_zero;
use crate::text::signed;

/// Left and right as in the heat map, so that the two can stand one above the other.
const MARGINS: Margins = Margins { top: 8.0, right: 88.0, bottom: 42.0, left: 58.0 };

/// A waveform: amplitude over seconds, as the envelope between the lowest and the highest of the samples
/// that share a pixel.
///
/// `samples` are PCM values at `sample_rate_hz`, usually in `-1..=1`; the vertical axis reaches as far as
/// the loudest of them. The first is at `start_seconds`.
///
/// ```
/// use crooner_report::picture::{Layout, Theme, waveform};
///
/// // A second of a 220 Hz tone that fades out.
/// let fade = |n: u32| (1.0 - n as f32 / 16_000.0) * (n as f32 * 220.0 / 16_000.0 * std::f32::consts::TAU).sin();
/// let tone: Vec<f32> = (0..16_000).map(fade).collect();
/// let svg = waveform(&tone, 16_000, 0.0, &Layout { height: 200, ..Layout::default() })?;
/// assert_eq!(svg.label(), "Waveform of 1.0 seconds with peak amplitude 1.00");
/// assert!(svg.document_in(Theme::Light).contains("</svg>"));
/// # Ok::<(), crooner_report::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Invalid`] if there are no samples, if one is infinite or not a number, if the rate is 0, if
/// `start_seconds` is not finite and at least 0, or if the picture too small.
pub fn waveform(
    samples: &[f32],
    sample_rate_hz: u32,
    start_seconds: f64,
    layout: &Layout<'_>,
) -> Result<Svg, Error> {
    if samples.is_empty() {
        return Err(Error::invalid("samples", "at least one sample", "none"));
    }
    if sample_rate_hz == 0 {
        return Err(Error::invalid("sample_rate_hz", "at least 1", 0));
    }
    if let Some(i) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(Error::invalid(format!("samples[{i}]"), "a finite number", samples[i]));
    }
    at_least_zero("start_seconds", start_seconds)?;
    let margins = layout.margins(MARGINS);
    let room = layout.room(margins)?;
    let seconds = samples.len() as f64 / f64::from(sample_rate_hz);
    let span = start_seconds..start_seconds + seconds;
    let peak = samples.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
    let reach = if peak > 0.0 { f64::from(peak) * 1.04 } else { 1.0 };
    // Two to a CSS pixel, for fine screens and for print.
    let columns = (2.0 * room.0) as usize;
    let label = format!("Waveform of {seconds:.1} seconds with peak amplitude {peak:.2}");
    let Layout { width, height, .. } = *layout;
    Canvas { width, height, min_width: 560, label }.draw(|area| {
        layout.heading(area, margins)?;
        let time = time_marks(&span, (room.0 / 52.0) as usize);
        let x = Axis { range: span, marks: time.marks };
        let y_ticks = round_ticks(&(-reach..reach), 5, 0.0);
        let y_decimals = decimals_for(&y_ticks);
        let y = Axis::new(-reach..reach, y_ticks, |value| signed(value, y_decimals));
        let mut chart = axes(area, margins, &x, &y, true)?;
        let envelope = envelope(samples, columns);
        let at = |i: usize| start_seconds + (i as f64 + 0.5) / envelope.len() as f64 * seconds;
        let upper = envelope.iter().enumerate().map(|(i, bounds)| (at(i), f64::from(bounds.1)));
        let lower = envelope.iter().enumerate().map(|(i, bounds)| (at(i), f64::from(bounds.0)));
        let line = BLUE.color().stroke_width(8);
        if samples.len() > columns {
            let outline: Vec<_> = upper.clone().chain(lower.rev()).collect();
            chart.draw_series([Polygon::new(outline, BLUE.color().filled())])?;
        }
        // An envelope without height, as of silence or of single samples, still shows as a line.
        chart.draw_series([PathElement::new(upper.collect::<Vec<_>>(), line)])?;
        let place = (margins.left + room.0 / 2.0, f64::from(height) - 9.0);
        write(area, time.unit, place, Type::new(LABEL_PX, QUIET).centered())
    })
}

/// Lowest and highest sample of each of at most `columns` equal stretches, none of them empty.
fn envelope(samples: &[f32], columns: usize) -> Vec<(f32, f32)> {
    let columns = columns.min(samples.len());
    let edge = |i: usize| i * samples.len() / columns;
    (0..columns)
        .map(|i| {
            let stretch = &samples[edge(i)..edge(i + 1)];
            let bounds = (f32::INFINITY, f32::NEG_INFINITY);
            stretch.iter().fold(bounds, |(low, high), &sample| (low.min(sample), high.max(sample)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_envelope_of_few_samples_is_the_samples() {
        assert_eq!(envelope(&[0.5, -0.5], 10), [(0.5, 0.5), (-0.5, -0.5)]);
    }

    proptest! {
        #[test]
        fn the_envelope_encloses_every_sample_and_touches_the_extremes(
            samples in prop::collection::vec(-1f32..1.0, 1..300),
            columns in 1usize..40,
        ) {
            let envelope = envelope(&samples, columns);
            prop_assert_eq!(envelope.len(), columns.min(samples.len()));
            let n = envelope.len();
            for (i, &(low, high)) in envelope.iter().enumerate() {
                let stretch = &samples[i * samples.len() / n..(i + 1) * samples.len() / n];
                prop_assert!(stretch.iter().all(|s| (low..=high).contains(s)));
                prop_assert!(stretch.contains(&low) && stretch.contains(&high));
            }
        }
    }
}
