//! Split by date: of every class the newest is the test and the oldest trains.

use std::collections::BTreeMap;

use super::Class;
use crate::{Item, Side, SplitConfig, SplitError};

/// Whole dates, so that one date of a class is on one side: the newest whose tracks come nearest to
/// `test_fraction` of the class, then of what is left the newest nearest to `validation_fraction`, each at
/// least one date. No seed is needed.
pub(super) fn assign<'a>(
    class: &Class<'a>,
    config: &SplitConfig,
) -> Result<Vec<(Side, &'a Item)>, SplitError> {
    let mut by_date: BTreeMap<&str, Vec<&'a Item>> = BTreeMap::new();
    for &item in &class.items {
        if !is_date(&item.group) {
            return Err(SplitError::NotADate {
                id: item.id.clone(),
                column: config.group.clone(),
                found: item.group.clone(),
            });
        }
        by_date.entry(&item.group).or_default().push(item);
    }
    let dates: Vec<Vec<&Item>> = by_date.into_values().collect();
    if dates.len() < 3 {
        return Err(SplitError::TooFewGroups {
            class: config.class(class.name),
            group: config.group.clone(),
            found: dates.len(),
            needed: 3,
        });
    }
    let (rest, test) = dates.split_at(dates.len() - newest(&dates, config.test_fraction, 2));
    let (train, validation) = rest.split_at(rest.len() - newest(rest, config.validation_fraction, 1));
    let side =
        |side, dates: &[Vec<&'a Item>]| dates.iter().flatten().map(|&item| (side, item)).collect::<Vec<_>>();
    Ok([side(Side::Train, train), side(Side::Validation, validation), side(Side::Test, test)].concat())
}

/// How many of the newest dates come nearest to `fraction` of all tracks: at least 1, leaving at least `keep`,
/// the fewest of equals.
fn newest(dates: &[Vec<&Item>], fraction: f64, keep: usize) -> usize {
    let wanted = dates.iter().map(Vec::len).sum::<usize>() as f64 * fraction;
    let (mut best, mut distance, mut tracks) = (1, f64::INFINITY, 0);
    for (index, date) in dates.iter().rev().take(dates.len() - keep).enumerate() {
        tracks += date.len();
        let off = (tracks as f64 - wanted).abs();
        if off < distance {
            (best, distance) = (index + 1, off);
        }
    }
    best
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`: these sort as text.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let digits = |part: &str, n| part.len() == n && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.next().is_some_and(|year| digits(year, 4))
        && parts.by_ref().take(2).all(|part| digits(part, 2))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_iso() {
        for good in ["1999", "1999-05", "1999-05-31"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["", "99", "1999-5", "1999-05-31-01", "May 1999", "1999-", "19999"] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
