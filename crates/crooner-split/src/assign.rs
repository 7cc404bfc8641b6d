//! Who goes where. Song, album, few-shot and date go class by class: none of them can see another class. So do
//! groups, unless some are of several classes.

mod album;
mod balance;
mod date;
mod few_shot;
pub(crate) mod group;
mod song;

use std::collections::BTreeMap;

use crate::check::Row;
use crate::{Item, Side, SplitConfig, SplitError, SplitKind};

/// One class's tracks, sorted by id.
struct Class<'a> {
    name: &'a str,
    items: Vec<&'a Item>,
}

/// Rows for all items, in no particular order, or all that stands in the way.
pub(crate) fn assign(items: &[Item], config: &SplitConfig, seed: u64) -> Result<Vec<Row>, Vec<SplitError>> {
    if let Some(folds) = config.folds {
        return group::by_folds(items, config, seed, folds);
    }
    match config.kind {
        SplitKind::Song => by_class(items, |class| song::assign(class, config, seed)),
        SplitKind::Album => by_class(items, |class| album::assign(class, config, seed)),
        SplitKind::Group => group::by_share(items, config, seed),
        SplitKind::FewShot => by_class(items, |class| few_shot::assign(class, config, seed)),
        SplitKind::Date => by_class(items, |class| date::assign(class, config)),
        SplitKind::Hash => Ok(group::by_hash(items, config, seed)),
        SplitKind::LeaveOneOut => group::one_out(items, config, seed),
        SplitKind::Official => Err(vec![SplitError::NeedsList]),
    }
}

fn by_class<'a>(
    items: &'a [Item],
    assign: impl Fn(&Class<'a>) -> Result<Vec<(Side, &'a Item)>, SplitError>,
) -> Result<Vec<Row>, Vec<SplitError>> {
    let mut classes: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in items {
        classes.entry(&item.label).or_default().push(item);
    }
    let (mut rows, mut errors) = (Vec::with_capacity(items.len()), Vec::new());
    for (name, mut items) in classes {
        items.sort();
        match assign(&Class { name, items }) {
            Ok(sides) => rows.extend(sides.into_iter().map(|(side, item)| Row { item: item.clone(), side })),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

/// Rows of a published list, whose validation side, if it has none, is `share(n, validation_fraction)` of each
/// class's training tracks (of classes with at least two), drawn by the seed.
pub(crate) fn with_validation(mut rows: Vec<Row>, config: &SplitConfig, seed: u64) -> (Vec<Row>, bool) {
    if rows.iter().any(|row| row.side == Side::Validation) {
        return (rows, false);
    }
    rows.sort();
    let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.side == Side::Train) {
        classes.entry(row.item.label.clone()).or_default().push(index);
    }
    for (class, mut tracks) in classes.into_iter().filter(|(_, tracks)| tracks.len() > 1) {
        crate::shuffle::Shuffler::new(seed, "official/tracks", &class).shuffle(&mut tracks);
        for index in tracks.iter().take(share(tracks.len(), config.validation_fraction, 1)) {
            rows[*index].side = Side::Validation;
        }
    }
    (rows, true)
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
