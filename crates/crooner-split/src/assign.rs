//! Who goes where, class by class. Each kind has its module; none of them can see another class.

mod album;
mod song;

use std::collections::BTreeMap;

use crate::check::Row;
use crate::{Item, Side, SplitConfig, SplitError, SplitKind};

/// One class's tracks, sorted by id.
struct Class<'a> {
    name: &'a str,
    items: Vec<&'a Item>,
}

/// Rows for all items, in no particular order.
pub(crate) fn assign(items: &[Item], config: &SplitConfig, seed: u64) -> Result<Vec<Row>, SplitError> {
    let mut classes: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in items {
        classes.entry(&item.label).or_default().push(item);
    }
    let mut rows = Vec::with_capacity(items.len());
    for (name, mut items) in classes {
        items.sort();
        let class = Class { name, items };
        let assigned = match config.kind {
            SplitKind::Song => song::assign(&class, config, seed)?,
            SplitKind::Album => album::assign(&class, config, seed)?,
        };
        rows.extend(assigned.into_iter().map(|(side, item)| Row { item: item.clone(), side }));
    }
    Ok(rows)
}

/// How many of `n` a fraction takes: `n * fraction` rounded half away from zero, but at least one, and
/// leaving at least `keep`. Needs `n > keep`.
fn share(n: usize, fraction: f64, keep: usize) -> usize {
    // Exact below 2^53; the product is in 0..n, so the cast back cannot overflow.
    let wanted = (n as f64 * fraction).round() as usize;
    wanted.min(n - keep).max(1)
}

/// The first `n_validation` of `items` validate, the rest train.
fn validation_then_train<'a>(
    items: &[&'a Item],
    n_validation: usize,
) -> impl Iterator<Item = (Side, &'a Item)> {
    items
        .iter()
        .enumerate()
        .map(move |(i, &item)| (if i < n_validation { Side::Validation } else { Side::Train }, item))
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_round_half_up_and_leave_everyone_something() {
        assert_eq!(share(70, 0.1, 2), 7);
        assert_eq!(share(74, 0.1, 2), 7);
        assert_eq!(share(75, 0.1, 2), 8, "7.5 rounds away from zero");
        assert_eq!(share(4, 0.1, 2), 1, "0.4 would be none");
        assert_eq!(share(3, 0.99, 2), 1, "2.97 would leave none");
        assert_eq!(share(2, 0.5, 1), 1);
        assert_eq!(share(10, 0.95, 2), 8);
    }
}
