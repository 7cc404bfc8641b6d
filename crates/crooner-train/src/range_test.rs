//! Which learning rate? The range test of Smith (2017), *Cyclical Learning Rates for Training Neural Networks*.
//!
//! A network is trained for some steps while the rate grows from step to step by the same factor. The loss first
//! stays, then falls, then explodes. A good rate is where it falls fastest, well before it is lowest.

use std::sync::atomic::Ordering;

use crate::TrainError;
use crate::config::check;
use crate::fit::{FitRequest, check_model};
use crate::step::Stepper;

/// How much of the running mean of the loss each step keeps.
const MEMORY: f64 = 0.95;
/// The test ends when the mean loss is so many times the lowest.
const EXPLODED: f64 = 4.0;
/// First steps, whose mean loss is of too few to be trusted: as many as the running mean remembers.
const UNSURE: usize = 20;
/// A slope is that of the line through this share of all steps to either side.
const REACH: f64 = 0.05;
/// Share of the first loss by which the loss must fall for there to be a suggestion.
const LEAST_FALL: f64 = 0.02;

/// From which rate to which, and in how many steps: step `i` of `n` has the rate `first (last / first)^(i / (n - 1))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeTest {
    /// The rate of the first step, positive.
    pub first: f64,
    /// The rate of the last step, above the first.
    pub last: f64,
    /// Steps, at least 60.
    pub steps: usize,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangePoint {
    /// Its learning rate.
    pub learning_rate: f64,
    /// Loss of its slices before it, nats.
    pub loss: f64,
    /// Running mean of the losses: `m <- 0.95 m + 0.05 loss`, divided by `1 - 0.95^(i + 1)` so that it does not start
    /// at 0 (Kingma & Ba 2015, section 3).
    pub mean_loss: f64,
}

/// What a range test found.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeCurve {
    /// The steps whose loss was finite.
    pub points: Vec<RangePoint>,
    /// Whether the loss exploded before the last rate: it was not finite, or its mean 4 times the lowest.
    pub exploded: bool,
    /// Where the mean loss falls fastest over the logarithm of the rate, by lines fitted through a tenth of the
    /// steps each; `None` if it does not fall by 2 % of its first value.
    pub suggestion: Option<f64>,
}

impl Default for RangeTest {
    fn default() -> Self {
        Self { first: 1e-6, last: 1.0, steps: 200 }
    }
}

impl RangeTest {
    fn validate(&self) -> Result<(), TrainError> {
        let Self { first, last, steps } = *self;
        check(first > 0.0 && first.is_finite(), "first learning rate", "a positive number", first)?;
        check(last > first && last.is_finite(), "last learning rate", "more than the first", last)?;
        check(steps >= 3 * UNSURE, "steps of the range test", "at least 60", steps)
    }

    fn rate(&self, step: usize) -> f64 {
        self.first * (self.last / self.first).powf(step as f64 / (self.steps - 1) as f64)
    }
}

/// Runs the range test on the task, network, optimiser and options of `request`, all but its learning rate, schedule,
/// epochs and checkpoint. Nothing is written. `watch` is told of every step. An interrupt ends it with what there is.
///
/// # Errors
///
/// [`TrainError::OutOfRange`] for a range that is none; otherwise as [`fit`](crate::fit()).
pub fn range_test(
    request: &FitRequest<'_>,
    range: RangeTest,
    mut watch: impl FnMut(&RangePoint),
) -> Result<RangeCurve, TrainError> {
    range.validate()?;
    check_model(request)?;
    let (mut stepper, _) = Stepper::start(request)?;
    let mut curve = Curve::default();
    for epoch in 1.. {
        let (order, _) = Stepper::epoch_order(request, epoch);
        let ended =
            Stepper::epoch_batches(request, &order, epoch, 0, |batches| -> Result<bool, TrainError> {
                let mut number = 0;
                while let Some(group) = stepper.group(batches) {
                    if request.cancel.load(Ordering::Relaxed) || curve.points.len() == range.steps {
                        return Ok(true);
                    }
                    let learning_rate = range.rate(curve.points.len());
                    let loss = stepper.step(group, epoch, number, learning_rate)?.loss;
                    let Some(point) = curve.add(learning_rate, loss) else { return Ok(true) };
                    watch(&point);
                    number += 1;
                }
                Ok(curve.points.len() == range.steps)
            });
        if ended? {
            break;
        }
    }
    let suggestion = steepest(&curve.points, range.steps);
    Ok(RangeCurve { points: curve.points, exploded: curve.exploded, suggestion })
}

/// The curve under way.
#[derive(Debug, Default)]
struct Curve {
    points: Vec<RangePoint>,
    sum: f64,
    lowest: Option<f64>,
    exploded: bool,
}

impl Curve {
    /// The step as a point, unless the loss has exploded.
    fn add(&mut self, learning_rate: f64, loss: f64) -> Option<RangePoint> {
        if !loss.is_finite() {
            self.exploded = true;
            return None;
        }
        self.sum = MEMORY * self.sum + (1.0 - MEMORY) * loss;
        let steps = (self.points.len() + 1) as f64;
        let mean_loss = self.sum / (1.0 - MEMORY.powf(steps));
        let point = RangePoint { learning_rate, loss, mean_loss };
        self.points.push(point);
        if self.points.len() > UNSURE {
            let lowest = self.lowest.map_or(mean_loss, |lowest| lowest.min(mean_loss));
            self.lowest = Some(lowest);
            if mean_loss > EXPLODED * lowest {
                self.exploded = true;
                return None;
            }
        }
        Some(point)
    }
}

/// The rate at which the mean loss falls fastest, before its lowest; of `steps` planned.
fn steepest(points: &[RangePoint], steps: usize) -> Option<f64> {
    let sure = points.get(UNSURE..)?;
    let lowest = (0..sure.len()).min_by(|&a, &b| sure[a].mean_loss.total_cmp(&sure[b].mean_loss))?;
    if sure[lowest].mean_loss > (1.0 - LEAST_FALL) * sure[0].mean_loss {
        return None;
    }
    let reach = ((REACH * steps as f64) as usize).max(1);
    let windows = sure[..=lowest].windows(2 * reach + 1);
    let steepest = windows.min_by(|a, b| slope(a).total_cmp(&slope(b)));
    // A fall within less than a window is as steep as it gets.
    Some(steepest.map_or(sure[lowest / 2].learning_rate, |window| window[reach].learning_rate))
}

/// Slope of the least-squares line through the mean losses, per step, but for a positive factor. Rates are equally far
/// apart in the logarithm, so that slopes per step compare.
fn slope(window: &[RangePoint]) -> f64 {
    let middle = (window.len() - 1) as f64 / 2.0;
    window.iter().enumerate().map(|(i, point)| (i as f64 - middle) * point.mean_loss).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test on a loss that is known: 2 up to a rate of 1e-3, 1 from 1e-2 on, exploding above 0.5.
    fn curve_of(loss: impl Fn(f64) -> f64) -> (RangeCurve, RangeTest) {
        let range = RangeTest::default();
        let mut curve = Curve::default();
        for step in 0..range.steps {
            let rate = range.rate(step);
            if curve.add(rate, loss(rate)).is_none() {
                break;
            }
        }
        let suggestion = steepest(&curve.points, range.steps);
        (RangeCurve { points: curve.points, exploded: curve.exploded, suggestion }, range)
    }

    #[test]
    fn the_suggestion_is_where_the_loss_falls_fastest() {
        let (curve, range) = curve_of(|rate| match rate {
            ..1e-3 => 2.0,
            1e-3..1e-2 => 2.0 - (rate.log10() + 3.0),
            1e-2..0.5 => 1.0,
            _ => 1e3,
        });
        assert!(curve.exploded);
        let suggestion = curve.suggestion.unwrap();
        // The running mean lags by some 20 steps, 0.6 decades, at most.
        assert!((1e-3..=4e-2).contains(&suggestion), "{suggestion}");
        assert!((range.rate(0) - 1e-6).abs() < 1e-18 && (range.rate(199) - 1.0).abs() < 1e-12);
        let mean = &curve.points[0];
        assert!((mean.mean_loss - 2.0).abs() < 1e-12, "the mean does not start at 0");
    }

    /// Noise of the first steps, or a single lucky batch, is no fall.
    #[test]
    fn noise_does_not_decide() {
        let (curve, _) = curve_of(|rate| match rate {
            ..2e-6 => 2.6,
            ..1e-3 => {
                if (rate.log10() * 33.0) as i64 % 2 == 0 {
                    2.1
                } else {
                    1.9
                }
            }
            1e-3..1e-2 => 2.0 - 0.8 * (rate.log10() + 3.0),
            _ => 1.2,
        });
        let suggestion = curve.suggestion.unwrap();
        assert!((1e-3..=4e-2).contains(&suggestion), "{suggestion}");
    }

    #[test]
    fn a_loss_that_never_falls_suggests_nothing() {
        let (curve, _) = curve_of(|_| 2.0);
        assert_eq!((curve.suggestion, curve.exploded, curve.points.len()), (None, false, 200));
        let (curve, _) = curve_of(|rate| if rate < 1e-3 { 2.0 } else { f64::NAN });
        assert_eq!((curve.suggestion, curve.exploded), (None, true));
        assert!(curve.points.len() < 200);
    }
}
