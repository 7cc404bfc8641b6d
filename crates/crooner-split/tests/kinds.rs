//! Kinds beyond song and album: what holds for every catalogue, configuration and seed.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet};

use crooner_split::{Item, Note, Side, Split, SplitConfig, SplitError, SplitKind};
use proptest::prelude::*;

/// Tracks of every (group, class): groups may be of several classes.
fn catalogue(sizes: &[(usize, usize, usize)]) -> Vec<Item> {
    let mut items = Vec::new();
    for (number, &(group, class, n)) in sizes.iter().enumerate() {
        for track in 0..n {
            items.push(Item::new(
                format!("{number}/{track}"),
                format!("genre {class}"),
                format!("band {group}"),
            ));
        }
    }
    items
}

/// Each class with three to twelve groups of its own.
fn nested() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(prop::collection::vec(1_usize..9, 3..12), 2..5).prop_map(|classes| {
        let sizes = classes.iter().enumerate().flat_map(|(class, groups)| {
            groups.iter().enumerate().map(move |(group, &n)| (100 * class + group, class, n))
        });
        catalogue(&sizes.collect::<Vec<_>>())
    })
}

/// Many groups, each of any of three classes.
fn crossing() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec((0_usize..25, 0_usize..3, 1_usize..6), 60..90).prop_map(|sizes| catalogue(&sizes))
}

fn genre(kind: SplitKind) -> SplitConfig {
    SplitConfig::new(kind).with_label("genre").with_group("artist")
}

fn group_kinds() -> impl Strategy<Value = SplitConfig> {
    (0.05..0.4_f64, 0.05..0.4_f64, 0_usize..3).prop_flat_map(|(test, validation, fold)| {
        let with = move |kind| genre(kind).with_test_fraction(test).with_validation_fraction(validation);
        prop::sample::select(vec![
            with(SplitKind::Group),
            with(SplitKind::Group).with_fold(fold, 3),
            with(SplitKind::Hash),
            SplitConfig { fold: Some(fold), ..with(SplitKind::LeaveOneOut) },
            with(SplitKind::Group).with_label("artist"),
        ])
    })
}

/// What is always true: every track once, no group on two sides.
fn check(items: &[Item], config: &SplitConfig, split: &Split) -> Result<(), TestCaseError> {
    let mut ids: Vec<_> = split.rows().map(|(_, item)| item.clone()).collect();
    ids.sort();
    let mut expected = items.to_vec();
    expected.sort();
    prop_assert_eq!(ids, expected);
    let mut sides: BTreeMap<_, BTreeSet<Side>> = BTreeMap::new();
    for (side, item) in split.rows() {
        sides.entry(config.group_of(item)).or_default().insert(side);
    }
    prop_assert!(sides.values().all(|sides| sides.len() == 1));
    let text = serde_json::to_string(split).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Split>(&text).unwrap(), split);
    Ok(())
}

fn count(split: &Split, side: Side, class: &str) -> usize {
    split.side(side).iter().filter(|item| item.label == class).count()
}

proptest! {
    #[test]
    fn groups_are_never_cut(
        items in prop_oneof![nested(), crossing()],
        config in group_kinds(),
        seed: u64,
    ) {
        match Split::new(&items, &config, seed) {
            Ok(split) => check(&items, &config, &split)?,
            // Hashes may leave a side empty; crossing groups may leave a class no way out.
            Err(SplitError::EmptySide { .. } | SplitError::MissingSide { .. } | SplitError::TooFewGroups { .. }
                | SplitError::FoldWithoutClass { .. } | SplitError::OnlyGroup { .. }
                | SplitError::NothingToSpare { .. }) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }

    #[test]
    fn order_does_not_matter(
        (items, shuffled) in crossing().prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle())),
        config in group_kinds(),
        seed: u64,
    ) {
        prop_assert_eq!(Split::new(&items, &config, seed), Split::new(&shuffled, &config, seed));
    }

    /// Where groups are of one class each, another class moves nobody.
    #[test]
    fn another_class_moves_nobody(items in nested(), fold in prop::option::of(0_usize..3), seed: u64) {
        let config = match fold {
            None => genre(SplitKind::Group),
            Some(fold) => genre(SplitKind::Group).with_fold(fold, 3),
        };
        let split = Split::new(&items, &config, seed).unwrap();
        let mut more = items.clone();
        more.extend((0..9).map(|k| Item::new(format!("new/{k}"), "a new genre", format!("new {}", k % 4))));
        let bigger = Split::new(&more, &config, seed).unwrap();
        for item in &items {
            prop_assert_eq!(bigger.side_of(&item.id), split.side_of(&item.id));
        }
    }

    /// A catalogue that is too large for a list can be divided one class after the other.
    #[test]
    fn classes_by_themselves_are_divided_as_among_others(
        items in nested(),
        kind in prop::sample::select(vec![
            SplitConfig::new(SplitKind::Song),
            SplitConfig::new(SplitKind::Song).with_fold(1, 3),
            SplitConfig::new(SplitKind::Album),
            SplitConfig::new(SplitKind::Album).with_fold(2, 3),
            SplitConfig::new(SplitKind::Group),
            SplitConfig::new(SplitKind::FewShot).with_shots(2),
            SplitConfig::new(SplitKind::Date),
        ]),
        seed: u64,
    ) {
        let config = kind.with_label("genre").with_group("artist");
        // Dates and singles do not fit every catalogue.
        let year = |id: &str| 1900 + id.bytes().map(usize::from).sum::<usize>() % 50;
        let years = |item: &Item| Item { group: year(&item.id).to_string(), ..item.clone() };
        let items: Vec<_> =
            if config.kind == SplitKind::Date { items.iter().map(years).collect() } else { items };
        if let Ok(whole) = Split::new(&items, &config, seed) {
            let classes: BTreeSet<&str> = items.iter().map(|item| item.label.as_str()).collect();
            for class in classes {
                let own: Vec<_> = items.iter().filter(|item| item.label == class).cloned().collect();
                let split = Split::new(&own, &config, seed).unwrap();
                prop_assert_eq!(split.rows().count(), own.len());
                for (side, item) in split.rows() {
                    prop_assert_eq!(whole.side_of(&item.id), Some(side));
                }
            }
        }
    }

    /// Whatever is added or taken away, hashing moves nobody.
    #[test]
    fn hashes_stay(items in crossing(), keep in prop::collection::vec(any::<bool>(), 90), seed: u64) {
        let config = genre(SplitKind::Hash);
        let fewer: Vec<_> = items.iter().zip(keep.iter().cycle()).filter(|(_, k)| **k).map(|(i, _)| i.clone()).collect();
        if let (Ok(all), Ok(some)) = (Split::new(&items, &config, seed), Split::new(&fewer, &config, seed)) {
            for (side, item) in some.rows() {
                prop_assert_eq!(all.side_of(&item.id), Some(side));
            }
        }
    }

    /// Folds test every track once, and of every class no fold has more than another by more than a group.
    #[test]
    fn folds_partition_and_balance(items in nested(), kind in prop::sample::select(vec![SplitKind::Song, SplitKind::Album, SplitKind::Group]), seed: u64) {
        let config = |fold| genre(kind).with_fold(fold, 3);
        let splits: Vec<_> = (0..3).map(|fold| Split::new(&items, &config(fold), seed).unwrap()).collect();
        let mut tested: Vec<_> = splits.iter().flat_map(|split| split.test().to_vec()).collect();
        tested.sort();
        let mut expected = items.clone();
        expected.sort();
        prop_assert_eq!(tested, expected);
        for (fold, split) in splits.iter().enumerate() {
            check(&items, &config(fold), split)?;
            prop_assert_eq!(split.validation(), splits[(fold + 1) % 3].test());
        }
        for class in splits[0].classes() {
            let sizes: Vec<_> = splits.iter().map(|split| count(split, Side::Test, class)).collect();
            let spread = sizes.iter().max().unwrap() - sizes.iter().min().unwrap();
            let mut groups: BTreeMap<_, usize> = BTreeMap::new();
            for item in items.iter().filter(|item| item.label == class) {
                *groups.entry(if kind == SplitKind::Song { &item.id } else { &item.group }).or_default() += 1;
            }
            prop_assert!(spread <= *groups.values().max().unwrap(), "{sizes:?} {groups:?}");
        }
    }

    #[test]
    fn few_shots_are_few(items in nested(), shots in 1_usize..5, seed: u64) {
        let config = genre(SplitKind::FewShot).with_shots(shots);
        let (split, dropped) = match Split::new_without_small(&items, &config, seed) {
            Ok(found) => found,
            Err(SplitError::TooFewGroups { .. } | SplitError::NoneLeft { .. }) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        for class in split.classes() {
            prop_assert_eq!(count(&split, Side::Train, class), shots);
        }
        let kept: BTreeSet<_> = split.classes().into_iter().collect();
        for error in dropped {
            prop_assert!(!kept.contains(error.class().unwrap().name.as_str()));
        }
    }

    #[test]
    fn dates_never_run_backwards(
        years in prop::collection::vec((0_usize..3, 1990_usize..2010), 30..80),
        test in 0.05..0.5_f64,
        seed: u64,
    ) {
        let items: Vec<_> = years.iter().enumerate()
            .map(|(k, (class, year))| Item::new(k.to_string(), class.to_string(), year.to_string())).collect();
        let config = SplitConfig::new(SplitKind::Date).with_group("year").with_test_fraction(test);
        let Ok(split) = Split::new(&items, &config, seed) else { return Ok(()) };
        for class in split.classes() {
            let years = |side| -> Vec<_> {
                split.side(side).iter().filter(|i| i.label == class).map(|i| i.group.clone()).collect()
            };
            prop_assert!(years(Side::Train).iter().max() < years(Side::Validation).iter().min());
            prop_assert!(years(Side::Validation).iter().max() < years(Side::Test).iter().min());
        }
    }
}

#[test]
fn one_group_after_the_other_is_left_out() {
    let items = catalogue(&[(0, 0, 3), (1, 0, 2), (2, 1, 4), (3, 1, 2), (4, 1, 1)]);
    let config = |fold| SplitConfig { fold: Some(fold), ..genre(SplitKind::LeaveOneOut) };
    assert_eq!(Split::n_folds(&items, &config(0)).unwrap(), 5);
    for fold in 0..5 {
        let split = Split::new(&items, &config(fold), 0).unwrap();
        assert!(split.test().iter().all(|item| item.group == format!("band {fold}")));
    }
    let error = Split::new(&items, &config(5), 0).unwrap_err().to_string();
    assert_eq!(error, "there is no fold 5: folds are counted from 0, and there are 5");
    let only = Split::new(&catalogue(&[(0, 0, 3), (1, 1, 2), (2, 1, 2)]), &config(0), 0).unwrap_err();
    assert_eq!(
        only.to_string(),
        "all tracks of genre \"genre 0\" are of artist \"band 0\": leaving that out leaves none to train on"
    );
}

#[test]
fn classes_can_be_held_out() {
    let items = catalogue(&[(0, 0, 3), (1, 1, 2), (2, 2, 4), (3, 3, 2)]);
    let config = SplitConfig::new(SplitKind::Group).with_label("artist").with_group("artist");
    let items: Vec<_> = items.into_iter().map(|item| Item::new(item.id, &item.group, &item.group)).collect();
    let split = Split::new(&items, &config, 0).unwrap();
    assert!(config.holds_out_classes());
    let classes = |side: Side| -> BTreeSet<_> { split.side(side).iter().map(|item| &item.label).collect() };
    assert!(classes(Side::Train).is_disjoint(&classes(Side::Test)));
    let error = Split::new(&items[..5], &config, 0).unwrap_err().to_string();
    assert_eq!(error, "there are 2 artists, and a split that holds out whole artists needs at least 3");
}

#[test]
fn official_lists_are_taken_as_they_are_and_their_faults_told() {
    let row = |id: &str, class: &str, group: &str, side| (Item::new(id, class, group), side);
    let rows = vec![
        row("1", "jazz", "a", Side::Train),
        row("2", "jazz", "a", Side::Test),
        row("3", "jazz", "b", Side::Train),
        row("4", "rock", "c", Side::Train),
        row("5", "rock", "d", Side::Train),
    ];
    let split = Split::official(rows.clone(), &genre(SplitKind::Official), 0).unwrap();
    let notes: Vec<_> = split.notes().iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "the published list has no validation part: 2 of its training tracks, drawn by the seed, validate.",
            "1 artist(s) of the test are also trained or validated on, such as artist \"a\": the score may be \
             flattered.",
            "1 genre(s) have no test track: rock.",
        ]
    );
    let twice = [rows.clone(), vec![row("1", "jazz", "a", Side::Test)]].concat();
    let error = Split::official(twice, &genre(SplitKind::Official), 0).unwrap_err().to_string();
    assert!(error.starts_with("track \"1\" is on two sides, train and test"), "{error}");
    let error = Split::official(rows[3..].to_vec(), &genre(SplitKind::Official), 0).unwrap_err().to_string();
    assert_eq!(
        error,
        "no track is on the test side: a larger test fraction or another seed may put some there"
    );
    let error = Split::new(&[Item::new("1", "a", "b")], &genre(SplitKind::Official), 0).unwrap_err();
    assert_eq!(error, SplitError::NeedsList);
}

#[test]
fn what_cannot_be_is_said_and_can_be_left_out() {
    let items = catalogue(&[(0, 0, 3), (1, 0, 2), (2, 0, 2), (3, 1, 4), (4, 1, 2), (5, 1, 1), (6, 1, 1)]);
    let config = genre(SplitKind::Group).with_fold(0, 4);
    let error = Split::new(&items, &config, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "genre \"genre 0\" has 3 artist(s), and this split needs at least 4; leave the genre out (--drop-small)"
    );
    let (split, dropped) = Split::new_without_small(&items, &config, 0).unwrap();
    assert_eq!((split.classes(), dropped), (vec!["genre 1"], vec![error]));
    let hopeless = Split::new_without_small(&items, &genre(SplitKind::Group).with_fold(0, 9), 0).unwrap_err();
    assert_eq!(
        hopeless.to_string(),
        "no class is left: the split is impossible for all 2; genre \"genre 0\" has 3 artist(s), and this split needs at \
         least 9; leave the genre out (--drop-small)"
    );

    let error = |config: SplitConfig| Split::new(&items, &config, 0).unwrap_err().to_string();
    assert_eq!(
        error(genre(SplitKind::Group).with_fold(0, 2)),
        "folds must be at least 3 (one to test, one to validate, the others to train), found 2"
    );
    let none = Split::n_folds(&items, &SplitConfig { folds: Some(0), ..genre(SplitKind::Group) });
    assert!(none.unwrap_err().to_string().ends_with("found 0"));
    assert!(error(genre(SplitKind::Hash).with_fold(0, 5)).starts_with("a hash split has no folds"));
    assert!(error(genre(SplitKind::FewShot)).contains("the kind is few-shot and shots absent"));
    assert!(error(genre(SplitKind::Song).with_shots(2)).contains("the kind is song and shots 2"));
    assert_eq!(
        error(genre(SplitKind::Date)),
        "track \"0/0\" has the artist \"band 0\": a date split needs a column (--group) of YYYY, YYYY-MM or YYYY-MM-DD"
    );
}

#[test]
fn folds_say_that_fractions_are_not_read() {
    let items = catalogue(&[(0, 0, 3), (1, 0, 2), (2, 0, 2)]);
    let config = genre(SplitKind::Album).with_fold(1, 3).with_test_fraction(0.25);
    let split = Split::new(&items, &config, 0).unwrap();
    let because = "folds have equal shares";
    assert_eq!(split.notes(), [Note::UnusedFraction { field: "test_fraction", value: 0.25, because }]);
}
