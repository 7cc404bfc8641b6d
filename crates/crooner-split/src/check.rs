//! The one gate to a [`Split`](crate::Split): whoever proposes an assignment, it is checked here.

use std::collections::BTreeMap;

use crate::{Group, Item, Side, SplitConfig, SplitError, SplitKind};

/// A track and its side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) item: Item,
    pub(crate) side: Side,
}

/// Which of the three sides were seen.
#[derive(Clone, Copy, Default)]
struct Sides([bool; 3]);

impl Sides {
    fn insert(&mut self, side: Side) {
        self.0[side as usize] = true;
    }

    fn contains(self, side: Side) -> bool {
        self.0[side as usize]
    }
}

/// Refuses rows whose ids repeat, whose groups overlap, or that leave a class off a side. `rows` must
/// be sorted.
pub(crate) fn check(config: &SplitConfig, rows: &[Row]) -> Result<(), SplitError> {
    if rows.is_empty() {
        return Err(SplitError::NoItems);
    }
    check_ids(rows)?;
    match config.kind {
        // A group is a track, and ids have just been found unique.
        SplitKind::Song | SplitKind::FewShot | SplitKind::Official => {}
        SplitKind::Album | SplitKind::Group | SplitKind::Date | SplitKind::Hash | SplitKind::LeaveOneOut => {
            check_groups(config, rows)?;
        }
    }
    check_classes(config, rows)?;
    check_sides(rows)
}

fn check_ids(rows: &[Row]) -> Result<(), SplitError> {
    for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
        if a.item.id == b.item.id {
            return Err(if a.side == b.side {
                SplitError::DuplicateId { id: a.item.id.clone() }
            } else {
                leak(Group::Track(&a.item.id), a.side, b.side)
            });
        }
    }
    Ok(())
}

/// Every group is on one side, and in an album split of one class; there a class with exactly two groups may
/// train and validate on the one that is not the test.
fn check_groups(config: &SplitConfig, rows: &[Row]) -> Result<(), SplitError> {
    let mut groups: BTreeMap<Group<'_>, (&str, Sides)> = BTreeMap::new();
    for Row { item, side } in rows {
        let group = config.group_of(item);
        let (class, sides) = groups.entry(group).or_insert_with(|| (&item.label, Sides::default()));
        if config.kind == SplitKind::Album && *class != item.label {
            return Err(SplitError::GroupOfTwoClasses {
                group: group.to_string(),
                first: config.class(class),
                second: config.class(&item.label),
            });
        }
        sides.insert(*side);
    }
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    let may_share = config.kind == SplitKind::Album && config.folds.is_none();
    for (class, _) in groups.values().filter(|_| may_share) {
        *sizes.entry(class).or_default() += 1;
    }
    for (group, (class, sides)) in groups {
        let overlap = |a, b| sides.contains(a) && sides.contains(b);
        if overlap(Side::Train, Side::Test) {
            return Err(leak(group, Side::Train, Side::Test));
        }
        if overlap(Side::Validation, Side::Test) {
            return Err(leak(group, Side::Validation, Side::Test));
        }
        if overlap(Side::Train, Side::Validation) && sizes.get(class) != Some(&2) {
            return Err(leak(group, Side::Train, Side::Validation));
        }
    }
    Ok(())
}

/// Every class is on the sides that the kind promises.
fn check_classes(config: &SplitConfig, rows: &[Row]) -> Result<(), SplitError> {
    let needed: &[Side] = match config.kind {
        _ if config.holds_out_classes() => &[],
        SplitKind::Song | SplitKind::Album | SplitKind::Group | SplitKind::FewShot | SplitKind::Date => {
            &Side::ALL
        }
        SplitKind::Hash | SplitKind::LeaveOneOut => &[Side::Train],
        SplitKind::Official => &[],
    };
    let mut classes: BTreeMap<&str, Sides> = BTreeMap::new();
    for row in rows {
        classes.entry(&row.item.label).or_default().insert(row.side);
    }
    for (class, sides) in classes {
        if let Some(side) = needed.iter().copied().find(|&side| !sides.contains(side)) {
            return Err(SplitError::MissingSide { class: config.class(class), side, all: needed.len() == 3 });
        }
    }
    Ok(())
}

fn check_sides(rows: &[Row]) -> Result<(), SplitError> {
    let mut sides = Sides::default();
    rows.iter().for_each(|row| sides.insert(row.side));
    match Side::ALL.into_iter().find(|&side| !sides.contains(side)) {
        Some(side) => Err(SplitError::EmptySide { side }),
        None => Ok(()),
    }
}

fn leak(group: Group<'_>, first: Side, second: Side) -> SplitError {
    SplitError::Leak { group: group.to_string(), first, second }
}
