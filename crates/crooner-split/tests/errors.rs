//! What is refused, and the sentences that say so.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crooner_split::{Item, Note, Side, Split, SplitConfig, SplitKind};

const BECAUSE: &str =
    "the album split holds out whole albums, one of each artist for the test and one for validation";

fn tracks(artist: &str, album: &str, n: usize) -> Vec<Item> {
    (0..n).map(|k| Item::new(format!("{artist}/{album}/{k}"), artist, album)).collect()
}

fn error(items: &[Item], kind: SplitKind) -> String {
    Split::new(items, &SplitConfig::new(kind), 0).unwrap_err().to_string()
}

#[test]
fn too_little_music_names_the_artist_and_the_counts() {
    assert_eq!(
        error(&[], SplitKind::Song),
        "there is no track to split: expected at least three tracks of every class, found none"
    );
    let few = [tracks("Low", "Trust", 5), tracks("Eels", "Souljacker", 2)].concat();
    assert_eq!(
        error(&few, SplitKind::Song),
        "artist \"Eels\" has 2 track(s): a song split needs at least 3 of every artist (one to train, one to \
         validate, one to test)"
    );
    assert_eq!(
        error(&few, SplitKind::Album),
        "artist \"Eels\" has one album, \"Souljacker\", of 2 track(s): an album split needs at least 2 albums of \
         every artist; use a song split or leave the artist out"
    );
    let singles = [tracks("Eels", "a", 1), tracks("Eels", "b", 1)].concat();
    assert_eq!(
        error(&singles, SplitKind::Album),
        "artist \"Eels\" has two albums of 1 track each: with two albums one is the test, and the other needs at \
         least 2 tracks (one to train, one to validate)"
    );
}

#[test]
fn the_smallest_catalogues_work() {
    let song = Split::new(&tracks("Low", "Trust", 3), &SplitConfig::new(SplitKind::Song), 0).unwrap();
    assert_eq!(Side::ALL.map(|side| song.side(side).len()), [1, 1, 1]);
    let items = [tracks("Low", "a", 1), tracks("Low", "b", 1), tracks("Low", "c", 1)].concat();
    let album = Split::new(&items, &SplitConfig::new(SplitKind::Album), 0).unwrap();
    assert_eq!(Side::ALL.map(|side| album.side(side).len()), [1, 1, 1]);
    assert_eq!(album.notes(), []);
}

#[test]
fn repeated_ids_are_refused() {
    let items = [tracks("Low", "Trust", 3), tracks("Low", "Trust", 1)].concat();
    assert_eq!(
        error(&items, SplitKind::Song),
        "track id \"Low/Trust/0\" is listed more than once: ids must be unique"
    );
}

#[test]
fn fractions_out_of_range_are_refused() {
    let items = tracks("Low", "Trust", 9);
    for bad in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        let config = SplitConfig::new(SplitKind::Song).with_test_fraction(bad);
        let error = Split::new(&items, &config, 0).unwrap_err().to_string();
        assert_eq!(error, format!("test_fraction must be greater than 0 and less than 1, found {bad}"));
        let config = SplitConfig::new(SplitKind::Album).with_validation_fraction(bad);
        let error = Split::new(&items, &config, 0).unwrap_err().to_string();
        assert_eq!(error, format!("validation_fraction must be greater than 0 and less than 1, found {bad}"));
    }
}

#[test]
fn configuration_is_strict() {
    assert!(toml::from_str::<SplitConfig>("kind = 'album'\ntest_fracton = 0.2").is_err());
    assert!(toml::from_str::<SplitConfig>("kind = 'Album'").is_err());
    assert_eq!(
        "songs".parse::<SplitKind>().unwrap_err().to_string(),
        "unknown split kind \"songs\": expected song, album, group, few-shot, date, hash, leave-one-out or official"
    );
    for kind in SplitKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.to_string());
    }
}

#[test]
fn notes_name_artists_and_unused_fractions() {
    let items =
        [tracks("Low", "a", 4), tracks("Low", "b", 4), tracks("Eels", "a", 4), tracks("Eels", "b", 4)];
    let config = SplitConfig::new(SplitKind::Album).with_test_fraction(0.25).with_validation_fraction(0.5);
    let split = Split::new(&items.concat(), &config, 3).unwrap();
    assert_eq!(
        split.notes(),
        [
            Note::UnusedFraction { field: "test_fraction", value: 0.25, because: BECAUSE },
            Note::ValidationFromTrainingGroup {
                label: "artist".into(),
                group: "album".into(),
                classes: vec!["Eels".into(), "Low".into()],
            },
        ]
    );
    assert_eq!(split.validation().len(), 4, "half of four tracks, of two artists");
    assert_eq!(
        split.notes()[1].to_string(),
        "2 artist(s) have only two albums, so their validation tracks come from the album that is trained on (the \
         test album is held out): Eels, Low."
    );
    assert!(split.notes()[0].to_string().starts_with("test_fraction = 0.25 was not used"));

    let three = [&items[0][..], &items[1][..], &tracks("Low", "c", 4)].concat();
    let config = SplitConfig::new(SplitKind::Album).with_validation_fraction(0.5);
    let notes = Split::new(&three, &config, 0).unwrap().notes().to_vec();
    assert_eq!(notes, [Note::UnusedFraction { field: "validation_fraction", value: 0.5, because: BECAUSE }]);
}

/// A file of an album split, one line for each track, as a person would write it.
fn read(rows: &str, kind: &str) -> Result<Split, String> {
    let mut text = format!("version = 1\nseed = 7\nconfig = {{ kind = {kind:?} }}\n");
    for row in rows.split_whitespace() {
        let (id, side) = row.split_once('=').unwrap();
        let mut names = id.split('/');
        let (artist, album) = (names.next().unwrap(), names.next().unwrap());
        text +=
            &format!("[[tracks]]\nid = {id:?}\nartist = {artist:?}\nalbum = {album:?}\nside = {side:?}\n");
    }
    toml::from_str(&text).map_err(|error: toml::de::Error| error.message().to_owned())
}

#[test]
fn hand_made_lists_are_checked() {
    let good = "a/1/x=test a/2/y=validation a/3/z=train a/3/w=train";
    let split = read(good, "album").unwrap();
    assert_eq!(split.train().len(), 2);
    assert_eq!((split.seed(), split.side_of("a/2/y")), (7, Some(Side::Validation)));
    assert_eq!(split.side_of("a/2/unknown"), None);

    let leak = |between: &str| {
        format!(
            "album \"3\" of artist \"a\" is on two sides, {between}: the split leaks, and its scores would mean nothing"
        )
    };
    for (rows, kind, expected) in [
        ("a/1/x=test a/2/y=validation a/3/z=train a/3/w=test", "album", leak("train and test")),
        ("a/1/x=train a/2/y=validation a/3/z=validation a/3/w=test", "album", leak("validation and test")),
        // Sharing the training album is for artists with two albums only.
        ("a/1/x=test a/2/y=validation a/3/z=train a/3/w=validation", "album", leak("train and validation")),
        (
            "a/1/x=test a/1/x=train a/1/y=train a/1/z=validation",
            "song",
            "track \"a/1/x\" is on two sides, train and test: the split leaks, and its scores would mean nothing"
                .to_owned(),
        ),
        (
            "a/1/x=test a/1/x=test a/1/y=train a/1/z=validation",
            "song",
            "track id \"a/1/x\" is listed more than once: ids must be unique".to_owned(),
        ),
        (
            "a/1/x=test a/1/y=train b/1/z=train b/1/q=validation",
            "song",
            "artist \"a\" has no track on the validation side: every artist must be on all three sides".to_owned(),
        ),
    ] {
        assert_eq!(read(rows, kind).unwrap_err(), expected, "{rows}");
    }
    assert!(read("a/1/x=tset", "song").unwrap_err().contains("unknown variant `tset`"));
}

#[test]
fn damaged_files_are_refused() {
    let items = [tracks("Low", "a", 4), tracks("Low", "b", 4)].concat();
    let split = Split::new(&items, &SplitConfig::default(), 0).unwrap();
    let text = toml::to_string(&split).unwrap();

    // The last row cut off: still a valid split, but not the one that was written.
    let cut = &text[..text.rfind("[[tracks]]").unwrap()];
    let error = toml::from_str::<Split>(cut).unwrap_err();
    assert!(error.message().contains(&format!("but it says {}", split.fingerprint())), "{error}");

    let error = toml::from_str::<Split>(&text.replacen("version = 1", "version = 9", 1)).unwrap_err();
    assert_eq!(error.message(), "this split has version 9, expected 1: make it again from its seed");
    let error = toml::from_str::<Split>(&text.replacen("seed = 0", "seed = \"-3\"", 1)).unwrap_err();
    assert_eq!(error.message(), "seed \"-3\" is not a whole number from 0 to 18446744073709551615");
    assert!(toml::from_str::<Split>(&format!("extra = 1\n{text}")).is_err());
}

#[test]
fn the_text_is_readable_and_holds_every_seed() {
    let items = tracks("Low", "Trust", 3);
    let split = Split::new(&items, &SplitConfig::new(SplitKind::Song), u64::MAX).unwrap();
    let text = toml::to_string(&split).unwrap();
    assert!(text.starts_with("version = 1\nseed = \"18446744073709551615\"\nfingerprint = \""), "{text}");
    assert!(
        text.contains("[config]\nkind = \"song\"\ntest_fraction = 0.1\nvalidation_fraction = 0.1\n"),
        "{text}"
    );
    assert!(
        text.contains("[[tracks]]\nid = \"Low/Trust/0\"\nartist = \"Low\"\nalbum = \"Trust\"\nside = \""),
        "{text}"
    );
    assert_eq!(toml::from_str::<Split>(&text).unwrap(), split);
}

#[test]
fn labels_and_groups_may_be_anything() {
    let items: Vec<Item> = (0..12)
        .map(|k| {
            Item::new(format!("{k:02}"), ["jazz", "rock"][k % 2], format!("band {}", k / 2 % 3 * 2 + k % 2))
        })
        .collect();
    let config = SplitConfig::new(SplitKind::Album).with_label("genre").with_group("artist");
    let split = Split::new(&items, &config, 0).unwrap();
    assert_eq!(split.classes(), ["jazz", "rock"]);
    let text = serde_json::to_string(&split).unwrap();
    assert!(text.contains(r#""label":"genre","group":"artist"}"#), "{text}");
    assert!(text.contains(r#"{"id":"00","label":"jazz","group":"band 0","side":""#), "{text}");
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), split);
    let mixed = text.replacen(r#""label":"jazz","group""#, r#""artist":"jazz","group""#, 1);
    let error = serde_json::from_str::<Split>(&mixed).unwrap_err().to_string();
    assert!(error.contains("track \"00\" must have either an artist and an album, or a label and a group"));

    // A band that plays both.
    let mut both = items;
    both[1].group = "band 0".into();
    assert_eq!(
        Split::new(&both, &config, 0).unwrap_err().to_string(),
        "artist \"band 0\" has tracks of genre \"jazz\" and of genre \"rock\": an album split needs every group to be \
         of one class"
    );
    let few = [Item::new("a", "jazz", "x"), Item::new("b", "jazz", "x")];
    assert_eq!(
        Split::new(&few, &config, 0).unwrap_err().to_string(),
        "genre \"jazz\" has one artist, \"x\", of 2 track(s): an album split needs at least 2 artists of every \
         genre; use a song split or leave the genre out"
    );
}
