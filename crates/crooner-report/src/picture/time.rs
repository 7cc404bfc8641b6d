//! The axis of time.

use std::ops::Range;

use super::axes::{decimals_for, round_ticks};

/// Spans that are longer are marked in minutes, in seconds.
const LONG: f64 = 120.0;

/// Where time is marked, how the marks read, and in what unit they are.
pub(super) struct TimeMarks {
    pub(super) marks: Vec<(f64, String)>,
    pub(super) unit: &'static str,
}

/// At most about `at_most` marks within `range`, which is in seconds.
pub(super) fn time_marks(range: &Range<f64>, at_most: usize) -> TimeMarks {
    if range.end <= LONG {
        let ticks = round_ticks(range, at_most, 0.0);
        let decimals = decimals_for(&ticks);
        let marks = ticks.into_iter().map(|at| (at, format!("{at:.decimals$}"))).collect();
        return TimeMarks { marks, unit: "seconds" };
    }
    let rough = (range.end - range.start) / at_most as f64;
    let round =
        [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0];
    let step =
        round.into_iter().find(|step| *step >= rough).unwrap_or_else(|| (rough / 3600.0).ceil() * 3600.0);
    let (first, last) = ((range.start / step).ceil() as u64, (range.end / step).floor() as u64);
    let marks = (first..=last).map(|i| (i as f64 * step, clock((i as f64 * step).round() as u64)));
    let unit = if range.end < 3600.0 { "minutes:seconds" } else { "hours:minutes:seconds" };
    let marks = if range.end < 3600.0 {
        marks.collect()
    } else {
        marks.map(|(at, label)| (at, if at < 3600.0 { format!("0:{label:0>5}") } else { label })).collect()
    };
    TimeMarks { marks, unit }
}

/// `1:05`, or `1:02:05` from an hour on.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(range: Range<f64>) -> (Vec<String>, &'static str) {
        let TimeMarks { marks, unit } = time_marks(&range, 6);
        (marks.into_iter().map(|mark| mark.1).collect(), unit)
    }

    #[test]
    fn marks_are_seconds_minutes_or_hours() {
        assert_eq!(labels(0.0..3.0).0, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]);
        assert_eq!(
            labels(30.0..60.0),
            (["30", "35", "40", "45", "50", "55", "60"].map(str::to_owned).into(), "seconds")
        );
        assert_eq!(
            labels(0.0..245.0),
            (["0:00", "1:00", "2:00", "3:00", "4:00"].map(str::to_owned).into(), "minutes:seconds")
        );
        assert_eq!(labels(0.0..7300.0).0, ["0:00:00", "0:30:00", "1:00:00", "1:30:00", "2:00:00"]);
    }
}
