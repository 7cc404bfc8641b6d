//! Whole groups by shares, by folds, or one left out.

use std::collections::{BTreeMap, BTreeSet};

use super::balance::{Bins, Load, balance};
use crate::check::Row;
use crate::shuffle::Shuffler;
use crate::{Class, Group, Item, Side, SplitConfig, SplitError, SplitKind};

/// The order of the bins of a holdout.
const SIDES: [Side; 3] = [Side::Train, Side::Validation, Side::Test];

/// The groups of some tracks, sorted.
type Groups<'a> = BTreeMap<Group<'a>, Vec<&'a Item>>;

fn groups_of<'a>(items: &'a [Item], config: &'a SplitConfig) -> Groups<'a> {
    let mut groups = Groups::new();
    for item in items {
        groups.entry(config.group_of(item)).or_default().push(item);
    }
    groups
}

/// What is balanced by itself: the groups of one class, or all of them if some are of several classes.
struct Part<'a> {
    /// Keys the shuffles: the class, or nothing if there are several.
    name: &'a str,
    /// Sorted.
    classes: Vec<&'a str>,
    groups: Vec<(Group<'a>, Vec<&'a Item>)>,
}

/// Divides groups into parts. Where classes themselves are held out, all of them are one class here.
fn parts<'a>(groups: Groups<'a>, config: &SplitConfig) -> Vec<Part<'a>> {
    let class_of = |items: &[&'a Item]| -> Option<&'a str> {
        let first = items.first()?;
        let one = items.iter().all(|item| item.label == first.label);
        (one && !config.holds_out_classes()).then_some(first.label.as_str())
    };
    if groups.values().all(|items| class_of(items).is_some()) {
        let mut parts: BTreeMap<&str, Part<'a>> = BTreeMap::new();
        for (group, items) in groups {
            let name = class_of(&items).unwrap_or_default();
            let part =
                parts.entry(name).or_insert_with(|| Part { name, classes: vec![name], groups: vec![] });
            part.groups.push((group, items));
        }
        return parts.into_values().collect();
    }
    let classes: BTreeSet<&str> = if config.holds_out_classes() {
        BTreeSet::from([""])
    } else {
        groups.values().flatten().map(|item| item.label.as_str()).collect()
    };
    vec![Part { name: "", classes: classes.into_iter().collect(), groups: groups.into_iter().collect() }]
}

impl<'a> Part<'a> {
    /// Shuffles the groups, and balances them into bins; `reserve` as in [`Bins`].
    fn fill(&mut self, purpose: &str, seed: u64, shares: &[f64], reserve: &[usize]) -> Vec<usize> {
        Shuffler::new(seed, &format!("{purpose}/groups"), self.name).shuffle(&mut self.groups);
        let preference: Vec<Vec<usize>> = self
            .classes
            .iter()
            .map(|class| {
                let mut order: Vec<usize> = (0..shares.len()).collect();
                Shuffler::new(seed, &format!("{purpose}/bins"), class).shuffle(&mut order);
                order
            })
            .collect();
        let loads: Vec<Load> = self.groups.iter().map(|(_, items)| self.load(items)).collect();
        balance(&loads, &Bins { shares, preference: &preference, reserve })
    }

    fn load(&self, items: &[&Item]) -> Load {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for item in items {
            // One class only: whatever it is called.
            let class = self.classes.binary_search(&item.label.as_str()).unwrap_or(0);
            *counts.entry(class).or_default() += 1;
        }
        Load { classes: counts.into_iter().collect() }
    }

    /// An error for every class with fewer than `needed` groups.
    fn check_sizes(&self, config: &SplitConfig, needed: usize, errors: &mut Vec<SplitError>) {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, items) in &self.groups {
            let classes: BTreeSet<&str> = if config.holds_out_classes() {
                BTreeSet::from([""])
            } else {
                items.iter().map(|item| item.label.as_str()).collect()
            };
            for class in classes {
                *sizes.entry(class).or_default() += 1;
            }
        }
        for (class, found) in sizes.into_iter().filter(|(_, found)| *found < needed) {
            errors.push(if config.holds_out_classes() {
                SplitError::TooFewClasses { label: config.label.clone(), found, needed }
            } else {
                SplitError::TooFewGroups {
                    class: config.class(class),
                    group: config.group_noun().to_owned(),
                    found,
                    needed,
                }
            });
        }
    }
}

/// Whole groups for the test and for validation, by their fractions of every class's tracks.
pub(super) fn by_share(items: &[Item], config: &SplitConfig, seed: u64) -> Result<Vec<Row>, Vec<SplitError>> {
    let [train, validation, test] = config.shares();
    let (mut rows, mut errors) = (Vec::with_capacity(items.len()), Vec::new());
    for mut part in parts(groups_of(items, config), config) {
        let before = errors.len();
        part.check_sizes(config, SIDES.len(), &mut errors);
        if errors.len() == before {
            let places = part.fill("group", seed, &[train, validation, test], &[2, 1, 0]);
            rows.extend(place(part, &places, |bin| SIDES[bin]));
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

/// `folds` bins of equal shares; bin number `fold` is the test, the next one validates.
pub(super) fn by_folds(
    items: &[Item],
    config: &SplitConfig,
    seed: u64,
    folds: usize,
) -> Result<Vec<Row>, Vec<SplitError>> {
    let fold = config.fold.unwrap_or_default();
    let side = |bin: usize| match bin {
        bin if bin == fold => Side::Test,
        bin if bin == (fold + 1) % folds => Side::Validation,
        _ => Side::Train,
    };
    let purpose = format!("folds/{}", config.kind);
    let shares = vec![1.0 / folds as f64; folds];
    let (mut rows, mut errors) = (Vec::with_capacity(items.len()), Vec::new());
    for mut part in parts(groups_of(items, config), config) {
        let before = errors.len();
        part.check_sizes(config, folds, &mut errors);
        if errors.len() == before {
            let places = part.fill(&purpose, seed, &shares, &[]);
            errors.extend(uncovered(&part, &places, config, folds));
            rows.extend(place(part, &places, side));
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

/// Classes that some fold has nothing of. Can only be where groups are of several classes: an empty bin is
/// otherwise always the lightest.
fn uncovered(part: &Part<'_>, places: &[usize], config: &SplitConfig, folds: usize) -> Option<SplitError> {
    if config.holds_out_classes() {
        return None;
    }
    let mut seen: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for ((_, items), &bin) in part.groups.iter().zip(places) {
        for item in items {
            seen.entry(&item.label).or_default().insert(bin);
        }
    }
    let (class, bins) = seen.into_iter().find(|(_, bins)| bins.len() < folds)?;
    Some(SplitError::FoldWithoutClass { class: config.class(class), folds, covered: bins.len() })
}

/// How many groups there are to leave out, one after the other.
pub(crate) fn count(items: &[Item], config: &SplitConfig) -> usize {
    groups_of(items, config).len()
}

/// Group number `fold`, in the order of their names, is the test; of the others a share validates.
pub(super) fn one_out(items: &[Item], config: &SplitConfig, seed: u64) -> Result<Vec<Row>, Vec<SplitError>> {
    let fold = config.fold.unwrap_or_default();
    let mut groups = groups_of(items, config);
    let folds = groups.len();
    let Some(group) = groups.keys().nth(fold).copied() else {
        return Err(vec![SplitError::Fold { fold, folds }]);
    };
    let left_out = groups.remove(&group).unwrap_or_default();
    let mut all = Part { name: "", classes: vec![], groups: groups.into_iter().collect() };
    let classes: BTreeSet<&str> =
        all.groups.iter().flat_map(|(_, items)| items).map(|item| item.label.as_str()).collect();
    let lost: BTreeSet<&str> =
        left_out.iter().map(|item| item.label.as_str()).filter(|class| !classes.contains(class)).collect();
    if let Some(class) = lost.first() {
        return Err(vec![SplitError::OnlyGroup { class: config.class(class), group: group.to_string() }]);
    }
    all.classes = classes.into_iter().collect();
    let validation = config.validation_fraction;
    let mut places = all.fill("leave-one-out", seed, &[1.0 - validation, validation], &[0]);
    if !places.contains(&1) {
        match spare(&all) {
            Some(group) => places[group] = 1,
            None => return Err(vec![SplitError::NothingToSpare { group: config.group_noun().to_owned() }]),
        }
    }
    let mut rows: Vec<Row> = left_out.into_iter().map(|item| row(item, Side::Test)).collect();
    rows.extend(place(all, &places, |bin| [Side::Train, Side::Validation][bin]));
    Ok(rows)
}

/// The smallest group that every class can do without, the first of equals.
fn spare(part: &Part<'_>) -> Option<usize> {
    let mut tracks: BTreeMap<&str, usize> = BTreeMap::new();
    for item in part.groups.iter().flat_map(|(_, items)| items) {
        *tracks.entry(&item.label).or_default() += 1;
    }
    let can_go = |items: &[&Item]| {
        let mut own: BTreeMap<&str, usize> = BTreeMap::new();
        for item in items {
            *own.entry(&item.label).or_default() += 1;
        }
        own.into_iter().all(|(class, n)| tracks.get(class).is_some_and(|all| *all > n))
    };
    let candidates = part.groups.iter().enumerate().filter(|(_, (_, items))| can_go(items));
    candidates.min_by_key(|(_, (_, items))| items.len()).map(|(index, _)| index)
}

fn place<'a>(part: Part<'a>, places: &[usize], side: impl Fn(usize) -> Side) -> Vec<Row> {
    let placed = part.groups.into_iter().zip(places);
    placed
        .flat_map(|((_, items), &bin)| items.into_iter().map(move |item| (item, bin)))
        .map(|(item, bin)| row(item, side(bin)))
        .collect()
}

fn row(item: &Item, side: Side) -> Row {
    Row { item: item.clone(), side }
}

/// Every group by its own hash, whatever else there is: a track stays where it is as the catalogue grows.
///
/// `u` = the first 8 bytes of BLAKE3 `derive_key` with context `"crooner-split v1 hash"` over
/// `seed as u64 little-endian ‖ names of the group, each followed by 0x00`, little-endian, times 2^-64; the
/// test takes `u < test`, validation what follows by its share.
pub(crate) fn hash_side(item: &Item, config: &SplitConfig, seed: u64) -> Side {
    let [_, validation, test] = config.shares();
    let mut key = blake3::Hasher::new_derive_key("crooner-split v1 hash");
    key.update(&seed.to_le_bytes());
    let names = match config.group_of(item) {
        Group::Track(id) => vec![id],
        Group::Album { artist, album } => vec![artist, album],
        Group::Column { value, .. } => vec![value],
        Group::InClass { class, value, .. } => vec![class, value],
    };
    for name in names {
        key.update(name.as_bytes());
        key.update(&[0]);
    }
    let mut word = [0; 8];
    word.copy_from_slice(&key.finalize().as_bytes()[..8]);
    // 53 bits fit a double exactly.
    let u = (u64::from_le_bytes(word) >> 11) as f64 / (1_u64 << 53) as f64;
    if u < test {
        Side::Test
    } else if u < test + validation {
        Side::Validation
    } else {
        Side::Train
    }
}

pub(super) fn by_hash(items: &[Item], config: &SplitConfig, seed: u64) -> Vec<Row> {
    items.iter().map(|item| row(item, hash_side(item, config, seed))).collect()
}

/// Kinds that a number of folds goes with.
pub(crate) fn takes_folds(kind: SplitKind) -> bool {
    matches!(kind, SplitKind::Song | SplitKind::Album | SplitKind::Group)
}

/// The class of an error, if it is about one that could be left out.
pub(crate) fn class_of(error: &SplitError) -> Option<&Class> {
    match error {
        SplitError::TooFewTracks { class, .. }
        | SplitError::OneGroup { class, .. }
        | SplitError::TwoSingles { class, .. }
        | SplitError::TooFewGroups { class, .. }
        | SplitError::FoldWithoutClass { class, .. }
        | SplitError::OnlyGroup { class, .. }
        | SplitError::MissingSide { class, .. } => Some(class),
        SplitError::NoItems
        | SplitError::NoneLeft { .. }
        | SplitError::Fraction { .. }
        | SplitError::UnknownKind { .. }
        | SplitError::DuplicateId { .. }
        | SplitError::GroupOfTwoClasses { .. }
        | SplitError::TooFewClasses { .. }
        | SplitError::Fold { .. }
        | SplitError::FoldsOfKind { .. }
        | SplitError::FewFolds { .. }
        | SplitError::Shots { .. }
        | SplitError::NotADate { .. }
        | SplitError::NothingToSpare { .. }
        | SplitError::NeedsList
        | SplitError::EmptySide { .. }
        | SplitError::Leak { .. }
        | SplitError::RowNames { .. }
        | SplitError::Version { .. }
        | SplitError::Fingerprint { .. } => None,
    }
}
