//! Numbers as people write them.

use crate::Score;
pub(super) use crate::text::thousands;

/// A narrow space that does not break, for between a figure and its unit.
const THIN: char = '\u{202F}';

/// `0.83` as `83 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}{THIN}%", 100.0 * share)
}

/// The ends of an interval as `58–100 %`.
pub(super) fn percent_interval(score: Score) -> String {
    format!("{:.0}–{:.0}{THIN}%", 100.0 * score.low, 100.0 * score.high)
}

/// The ends of an interval as `0.58–1.00`.
pub(super) fn interval(score: Score) -> String {
    format!("{:.2}–{:.2}", score.low, score.high)
}

/// A count and what it counts: `1 track`, `1 204 tracks`.
pub(super) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{}\u{A0}{}", thousands(n), if n == 1 { one } else { many })
}

/// `a genre`, `an artist`.
pub(super) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// A noun with a capital.
pub(super) fn capital(noun: &str) -> String {
    let mut letters = noun.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A span of time, in the unit that suits it.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 9.95 {
        return format!("{seconds:.1}{THIN}s");
    }
    // Rounded once, so that 59.7 s is 1 min and not 0 min 60 s.
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s}{THIN}s"),
        (0, min, s) => format!("{min}{THIN}min {s:02}{THIN}s"),
        (h, min, _) => format!("{}{THIN}h {min:02}{THIN}min", thousands(h)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_in_the_unit_that_suits_them() {
        let plain = |seconds| duration(seconds).replace(THIN, " ");
        assert_eq!(plain(0.0), "0.0 s");
        assert_eq!(plain(3.24), "3.2 s");
        assert_eq!(plain(9.96), "10 s");
        assert_eq!(plain(59.7), "1 min 00 s");
        assert_eq!(plain(3_599.9), "1 h 00 min");
        assert_eq!(plain(90_061.0), "25 h 01 min");
    }

    #[test]
    fn percentages_and_counts() {
        assert_eq!(percent(5.0 / 6.0), "83\u{202F}%");
        let score = Score { value: 0.8, low: 0.583, high: 1.0 };
        assert_eq!(percent_interval(score), "58–100\u{202F}%");
        assert_eq!(interval(score), "0.58–1.00");
        assert_eq!(count(1, "track", "tracks"), "1\u{A0}track");
        assert_eq!(count(1204, "track", "tracks"), "1\u{202F}204\u{A0}tracks");
    }
}
