//! What holds for every catalogue, configuration and seed.

use std::collections::{BTreeMap, BTreeSet};

use crooner_split::{Class, Item, Note, Side, Split, SplitConfig, SplitError, SplitKind};
use proptest::prelude::*;

/// Tracks per album, per artist. Names repeat across artists on purpose.
fn catalogue(shape: &[Vec<usize>]) -> Vec<Item> {
    let mut items = Vec::new();
    for (a, albums) in shape.iter().enumerate() {
        for (b, &n_tracks) in albums.iter().enumerate() {
            for t in 0..n_tracks {
                items.push(Item::new(
                    format!("artist {a}/album {b}/{t}"),
                    format!("artist {a}"),
                    format!("album {b}"),
                ));
            }
        }
    }
    items
}

/// One to five artists with two to six albums of two to eight tracks: splittable both ways.
fn shapes() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(2_usize..8, 2..6), 1..5)
}

fn configs() -> impl Strategy<Value = SplitConfig> {
    (prop::sample::select(&[SplitKind::Song, SplitKind::Album][..]), 0.001..0.999_f64, 0.001..0.999_f64)
        .prop_map(|(kind, test, validation)| {
            SplitConfig::new(kind).with_test_fraction(test).with_validation_fraction(validation)
        })
}

fn of_artist<'a>(items: &'a [Item], artist: &str) -> Vec<&'a Item> {
    items.iter().filter(|item| item.label == artist).collect()
}

proptest! {
    #[test]
    fn sides_are_complete_and_disjoint(shape in shapes(), config in configs(), seed: u64) {
        let items = catalogue(&shape);
        let split = Split::new(&items, &config, seed).unwrap();

        let mut ids: Vec<_> = split.rows().map(|(_, item)| item.clone()).collect();
        prop_assert_eq!(ids.len(), split.train().len() + split.validation().len() + split.test().len());
        ids.sort();
        let mut expected = items.clone();
        expected.sort();
        prop_assert_eq!(ids, expected);

        let groups = |side: Side| -> BTreeSet<_> {
            split.side(side).iter().map(|item| config.group_of(item)).collect()
        };
        prop_assert!(groups(Side::Test).is_disjoint(&groups(Side::Train)));
        prop_assert!(groups(Side::Test).is_disjoint(&groups(Side::Validation)));
        for artist in split.classes() {
            for side in Side::ALL {
                prop_assert!(!of_artist(split.side(side), artist).is_empty());
            }
        }
        prop_assert_eq!(split.classes().len(), shape.len());
    }

    #[test]
    fn fewer_tracks_stay_on_their_sides(shape in shapes(), config in configs(), seed: u64, left_out: u8) {
        let split = Split::new(&catalogue(&shape), &config, seed).unwrap();
        let keeps = |id: &str| id.bytes().fold(0, u8::wrapping_add) % 7 != left_out % 7;
        let complete = [split.train(), split.validation(), split.test()].iter().all(|side| {
            split.classes().iter().all(|class| of_artist(side, class).iter().any(|item| keeps(&item.id)))
        });
        match split.only(keeps) {
            Ok(fewer) => {
                let expected: Vec<_> = split.rows().filter(|(_, item)| keeps(&item.id)).collect();
                prop_assert_eq!(fewer.rows().collect::<Vec<_>>(), expected);
                prop_assert_eq!(fewer.config(), split.config());
            }
            Err(error) => prop_assert!(!complete, "{}", error),
        }
        prop_assert_eq!(split.only(|_| true).unwrap(), split.clone());
        prop_assert!(split.only(|_| false).is_err());
    }

    #[test]
    fn song_shares_are_within_one_track(shape in shapes(), config in configs(), seed: u64) {
        let config = SplitConfig { kind: SplitKind::Song, ..config };
        let items = catalogue(&shape);
        let split = Split::new(&items, &config, seed).unwrap();
        for artist in split.classes() {
            let n = of_artist(&items, artist).len();
            let n_test = of_artist(split.test(), artist).len();
            let n_validation = of_artist(split.validation(), artist).len();
            // Within one track of the fraction, or stopped by "everyone keeps at least one".
            let near = |found: usize, of: usize, fraction: f64, most: usize| {
                let wanted = of as f64 * fraction;
                (found as f64 - wanted).abs() < 1.0 || (found == most && wanted > most as f64)
            };
            prop_assert!(near(n_test, n, config.test_fraction, n - 2), "{n_test} of {n}");
            let rest = n - n_test;
            prop_assert!(near(n_validation, rest, config.validation_fraction, rest - 1), "{n_validation} of {rest}");
        }
    }

    #[test]
    fn album_split_holds_out_one_album_each(shape in shapes(), seed: u64) {
        let items = catalogue(&shape);
        let split = Split::new(&items, &SplitConfig::new(SplitKind::Album), seed).unwrap();
        let mut shared = Vec::new();
        for artist in split.classes() {
            let albums = |side| -> BTreeSet<_> {
                of_artist(split.side(side), artist).into_iter().map(|item| item.group.as_str()).collect()
            };
            let all: BTreeSet<_> = of_artist(&items, artist).into_iter().map(|i| i.group.as_str()).collect();
            prop_assert_eq!(albums(Side::Test).len(), 1);
            prop_assert_eq!(albums(Side::Validation).len(), 1);
            if all.len() == 2 {
                prop_assert_eq!(albums(Side::Validation), albums(Side::Train));
                shared.push(artist.to_owned());
            } else {
                prop_assert!(albums(Side::Validation).is_disjoint(&albums(Side::Train)));
                prop_assert_eq!(albums(Side::Train).len(), all.len() - 2);
            }
        }
        let expected = if shared.is_empty() {
            vec![]
        } else {
            vec![Note::ValidationFromTrainingGroup { label: "artist".into(), group: "album".into(), classes: shared }]
        };
        prop_assert_eq!(split.notes(), expected);
    }

    #[test]
    fn listing_order_does_not_matter(
        (items, shuffled) in shapes().prop_map(|s| catalogue(&s)).prop_flat_map(|items| {
            (Just(items.clone()), Just(items).prop_shuffle())
        }),
        config in configs(),
        seed: u64,
    ) {
        prop_assert_eq!(Split::new(&items, &config, seed), Split::new(&shuffled, &config, seed));
    }

    #[test]
    fn another_artist_moves_nobody(shape in shapes(), config in configs(), seed: u64) {
        let items = catalogue(&shape);
        let split = Split::new(&items, &config, seed).unwrap();
        let mut more = items.clone();
        for (album, track) in [("album 0", 1), ("album 0", 2), ("album 1", 3), ("album 1", 4)] {
            more.push(Item::new(format!("new/{track}"), "AAA new", album));
        }
        let bigger = Split::new(&more, &config, seed).unwrap();
        for item in &items {
            prop_assert_eq!(bigger.side_of(&item.id), split.side_of(&item.id));
        }
    }

    #[test]
    fn text_round_trips(shape in shapes(), config in configs(), seed: u64) {
        let split = Split::new(&catalogue(&shape), &config, seed).unwrap();
        prop_assert_eq!(&toml::from_str::<Split>(&toml::to_string(&split).unwrap()).unwrap(), &split);
        prop_assert_eq!(&serde_json::from_str::<Split>(&serde_json::to_string(&split).unwrap()).unwrap(), &split);
    }

    /// Whichever single row of an album split is moved by hand: it is refused, or nothing leaked.
    #[test]
    fn no_edit_leaks(shape in shapes(), seed: u64, row: prop::sample::Index, to in prop::sample::select(&Side::ALL[..])) {
        let split = Split::new(&catalogue(&shape), &SplitConfig::new(SplitKind::Album), seed).unwrap();
        let mut file = serde_json::to_value(&split).unwrap();
        file.as_object_mut().unwrap().remove("fingerprint");
        let rows = file["tracks"].as_array_mut().unwrap();
        let row = row.index(rows.len());
        rows[row]["side"] = serde_json::to_value(to).unwrap();

        let Ok(edited) = serde_json::from_value::<Split>(file) else { return Ok(()) };
        let mut sides: BTreeMap<_, BTreeSet<Side>> = BTreeMap::new();
        for (side, item) in edited.rows() {
            sides.entry((&item.label, &item.group)).or_default().insert(side);
        }
        for (album, sides) in &sides {
            prop_assert!(!sides.contains(&Side::Test) || sides.len() == 1, "{album:?} {sides:?}");
        }
    }
}

#[test]
fn seeds_differ() {
    let items = catalogue(&[vec![10; 6], vec![10; 6], vec![10; 6]]);
    for kind in [SplitKind::Song, SplitKind::Album] {
        let prints: BTreeSet<_> = (0..20)
            .map(|seed| Split::new(&items, &SplitConfig::new(kind), seed).unwrap().fingerprint().to_owned())
            .collect();
        assert!(prints.len() >= 19, "{kind}: {} different splits of 20", prints.len());
    }
}

#[test]
fn whether_two_albums_can_be_split_does_not_depend_on_the_seed() {
    let items = catalogue(&[vec![1, 2]]);
    for seed in 0..50 {
        let split = Split::new(&items, &SplitConfig::default(), seed).unwrap();
        assert_eq!(split.test().len(), 1);
        assert_eq!(split.test()[0].group, "album 0");
    }
    let items = catalogue(&[vec![1, 1]]);
    assert_eq!(
        Split::new(&items, &SplitConfig::default(), 0),
        Err(SplitError::TwoSingles {
            class: Class { column: "artist".into(), name: "artist 0".into() },
            group: "album".into(),
        })
    );
}
