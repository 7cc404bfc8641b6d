//! The user's own folder: what is read, what is passed over, and what is refused in which words.

use std::path::Path;

use crate::common::{folder, ids, open, set, skipped};
use crooner_datasets::{Catalogue, Counts, Ignored, Request, Track};
use proptest::prelude::*;

#[test]
fn artists_albums_and_tracks_come_from_the_path() {
    let root =
        folder(["Low/Trust/01 Tonight.mp3", "Low/Trust/CD2/01 Tonight.FLAC", "Eels/Trust/01 Tonight.mp3"]);
    let catalogue = open(root.path()).unwrap();
    assert_eq!(
        ids(&catalogue),
        ["Eels/Trust/01 Tonight.mp3", "Low/Trust/01 Tonight.mp3", "Low/Trust/CD2/01 Tonight.FLAC"]
    );
    // Equal names of album and track, and yet three tracks on two albums.
    assert_eq!(catalogue.counts(), Counts { artists: 2, albums: 2, tracks: 3 });
    assert_eq!(catalogue.albums(), [("Eels", "Trust"), ("Low", "Trust")]);
    let track = &catalogue.tracks[2];
    assert_eq!(
        (track.artist.as_str(), track.album.as_str(), track.title.as_str()),
        ("Low", "Trust", "01 Tonight")
    );
    assert_eq!(track.path, root.path().join(&track.id));
}

#[test]
fn nothing_is_left_out_silently() {
    let root = folder([
        ".DS_Store",
        ".hidden/a/b.mp3",
        "notes.txt",
        "stray.mp3",
        "Low/loose.ogg",
        "Low/Trust/1.mp3",
        "Low/Trust/._1.mp3",
        "Low/Trust/cover.jpg",
        "Low/Trust/mp3",
        "Silent/Scans/page.png",
    ]);
    let catalogue = open(root.path()).unwrap();
    assert_eq!(ids(&catalogue), ["Low/Trust/1.mp3"]);
    assert_eq!(
        skipped(&catalogue, root.path()),
        [
            "Low/loose.ogg: is directly in its artist's folder, on no album, expected ARTIST/ALBUM/TRACK",
            "Silent: is an artist's folder without any audio file",
            "stray.mp3: is directly in the root, expected ARTIST/ALBUM/TRACK",
        ]
    );
    assert_eq!(catalogue.ignored, Ignored { hidden: 3, not_audio: 4 });
    let summary = catalogue.summary();
    assert_eq!((summary.skipped, summary.ignored.total(), summary.counts.tracks), (3, 7, 1));
}

#[test]
fn extensions_are_the_callers() {
    let root = folder(["a/b/1.wav", "a/b/2.mp3"]);
    let open = |extensions: &[&str]| {
        set("folder")
            .open(&Request::default().with_root(root.path()).with_extensions(extensions.iter().copied()))
    };
    assert_eq!(ids(&open(&[".WAV", "wav"]).unwrap()), ["a/b/1.wav"]);
    for none in [&[][..], &["", "."]] {
        assert_eq!(
            open(none).unwrap_err().to_string(),
            "data set \"folder\" needs the file name extensions that count as audio, and none was given"
        );
    }
}

#[test]
fn every_wrong_folder_has_its_own_sentence() {
    let error =
        |root: &Path| open(root).unwrap_err().to_string().replace(&format!("{}", root.display()), "ROOT");
    let root = folder([]);
    assert_eq!(error(root.path()), "folder \"ROOT\" is empty: expected ARTIST/ALBUM/TRACK in it");
    assert_eq!(
        error(&root.path().join("absent")),
        "folder \"ROOT\" does not exist: expected a folder laid out ARTIST/ALBUM/TRACK"
    );
    let root = folder(["file.mp3"]);
    assert_eq!(
        error(&root.path().join("file.mp3")),
        "\"ROOT\" is not a folder: expected a folder laid out ARTIST/ALBUM/TRACK"
    );
    let root = folder([".x", "a/b/cover.jpg", "c/d/e/f.txt"]);
    assert_eq!(
        error(root.path()),
        "no audio file in folder \"ROOT\": looked for .flac, .mp3, .ogg in ARTIST/ALBUM/TRACK and found 3 other file(s)"
    );
    let root = folder(["Trust/2.mp3", "Trust/1.mp3", "Trust/cover.jpg"]);
    assert_eq!(
        error(root.path()),
        "none of the 2 audio file(s) in folder \"ROOT\" is in a folder of an album (the first is \"ROOT/Trust/1.mp3\"): \
         expected ARTIST/ALBUM/TRACK; if this is the folder of one artist or album, name the folder that holds the artists"
    );
}

#[test]
fn too_few_classes_name_who_is_there() {
    let root = folder(["Low/Trust/1.mp3", "Low/Trust/2.mp3", "Eels/a/1.mp3", "Abba/a/1.mp3", "Abba/b/1.mp3"]);
    let catalogue = open(root.path()).unwrap();
    let error = |artists, tracks| {
        let error = catalogue.require_classes("artist", artists, tracks).unwrap_err().to_string();
        error.replace(&format!("{}", root.path().display()), "ROOT")
    };
    catalogue.require_classes("artist", 3, 1).unwrap();
    assert_eq!(
        error(4, 1),
        "\"ROOT\" has 3 artist(s) (Abba, Eels, Low), expected at least 4: every artist needs a folder of its own, \
         ARTIST/ALBUM/TRACK; check that this is the folder that holds the artists"
    );
    assert_eq!(
        error(2, 2),
        "too few tracks in \"ROOT\": expected at least 2 of every artist, found 1 of \"Eels\"; add tracks or take these \
         artists out"
    );
    assert!(error(2, 3).contains("found 2 of \"Abba\", 1 of \"Eels\", 2 of \"Low\";"));

    let summary = catalogue.summary();
    assert_eq!(summary.smallest.unwrap().artist, "Eels");
    let largest = summary.largest.unwrap();
    assert_eq!((largest.artist.as_str(), largest.albums, largest.tracks), ("Abba", 2, 2));

    let many: Vec<_> = (0..9).map(|k| format!("artist {k}/album/1.mp3")).collect();
    let root = folder(many.iter().map(String::as_str));
    let error = open(root.path()).unwrap().require_classes("artist", 2, 3).unwrap_err().to_string();
    assert!(error.contains("1 of \"artist 4\", too few of 4 other artists; add"), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn links_are_followed_and_never_loop() {
        let elsewhere = folder(["Trust/1.mp3", "one.mp3"]);
        let root = folder(["Low/Hey What/1.mp3", "Low/Hey What/CD1/2.mp3"]);
        let at = |path: &str| root.path().join(path);
        symlink(elsewhere.path().join("Trust"), at("Low/Trust")).unwrap();
        symlink(elsewhere.path().join("one.mp3"), at("Low/Hey What/3.mp3")).unwrap();
        symlink(at("Low"), at("Low/Hey What/loop")).unwrap();
        symlink(root.path(), at("Low/Hey What/CD1/all")).unwrap();
        symlink("/", at("Low/Hey What/world")).unwrap();
        symlink("self", at("Low/Hey What/self")).unwrap();
        symlink(root.path(), elsewhere.path().join("Trust/back")).unwrap();
        symlink("cover.jpg", at("Low/Hey What/dead.mp3")).unwrap();

        let catalogue = open(root.path()).unwrap();
        assert_eq!(
            ids(&catalogue),
            ["Low/Hey What/1.mp3", "Low/Hey What/3.mp3", "Low/Hey What/CD1/2.mp3", "Low/Trust/1.mp3"]
        );
        assert!(catalogue.tracks.iter().all(|track| track.path.is_file()));
        let home = format!("leads to the same place as {}", root.path().display());
        let skipped = skipped(&catalogue, root.path());
        for expected in [
            format!("Low/Hey What/CD1/all: {home}"),
            "Low/Hey What/loop: leads to the same place as Low".to_owned(),
            "Low/Hey What/world: is a link to a folder that contains the catalogue itself".to_owned(),
            format!("Low/Trust/back: {home}"),
        ] {
            assert!(skipped.contains(&expected), "{expected} is not in {skipped:#?}");
        }
        assert!(
            skipped[1].starts_with("Low/Hey What/dead.mp3: cannot be read: No such file"),
            "{skipped:#?}"
        );
        assert!(skipped[3].starts_with("Low/Hey What/self: cannot be read: "), "{skipped:#?}");
        assert_eq!(skipped.len(), 6);
    }

    #[test]
    fn one_recording_is_one_track_however_many_links_lead_to_it() {
        let root = folder(["Low/Trust/1.mp3"]);
        let at = |path: &str| root.path().join(path);
        // In the order of names these come before what they lead to, and what is really there wins.
        symlink(at("Low"), at("A synonym")).unwrap();
        symlink(at("Low/Trust"), at("Low/A best of")).unwrap();
        symlink(at("Low/Trust/1.mp3"), at("Low/Trust/0.mp3")).unwrap();
        let catalogue = open(root.path()).unwrap();
        assert_eq!(ids(&catalogue), ["Low/Trust/1.mp3"]);
        assert_eq!(
            skipped(&catalogue, root.path()),
            [
                "A synonym: leads to the same place as Low",
                "Low/A best of: leads to the same place as Low/Trust",
                "Low/Trust/0.mp3: leads to the same place as Low/Trust/1.mp3",
            ]
        );
    }

    #[test]
    fn a_root_may_be_a_link() {
        let real = folder(["Low/Trust/1.mp3"]);
        let other = folder([]);
        let link = other.path().join("music");
        symlink(real.path(), &link).unwrap();
        let catalogue = open(&link).unwrap();
        assert_eq!(catalogue.tracks[0].path, link.join("Low/Trust/1.mp3"));
    }

    #[test]
    fn names_that_are_not_utf8_are_skipped_and_shown() {
        let root = folder(["Low/Trust/1.mp3"]);
        let bad = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
        crate::common::touch(&root.path().join("Low/Trust").join(bad(b"caf\xe9.mp3")));
        crate::common::touch(&root.path().join("Low/Trust").join(bad(b"caf\xe9.jpg")));
        crate::common::touch(&root.path().join(bad(b"Bj\xf6rk")).join("Debut/1.mp3"));
        let catalogue = open(root.path()).unwrap();
        assert_eq!(ids(&catalogue), ["Low/Trust/1.mp3"]);
        assert_eq!(catalogue.ignored.not_audio, 1);
        let reasons: Vec<_> = catalogue.skipped.iter().map(|skipped| skipped.reason.to_string()).collect();
        assert_eq!(
            reasons,
            [
                "its name is not UTF-8 (it reads \"Bj\u{fffd}rk\")",
                "its name is not UTF-8 (it reads \"caf\u{fffd}.mp3\")"
            ]
        );

        let root = folder([]);
        crate::common::touch(&root.path().join(bad(b"Bj\xf6rk")).join("Debut/1.mp3"));
        let error = open(root.path()).unwrap_err().to_string();
        assert!(error.contains("1 thing(s) were skipped") && error.contains("is not UTF-8"), "{error}");
    }

    #[test]
    fn what_is_not_a_file_is_not_opened() {
        let root = folder(["Low/Trust/1.mp3"]);
        let _socket = UnixListener::bind(root.path().join("Low/Trust/2.mp3")).unwrap();
        let catalogue = open(root.path()).unwrap();
        assert_eq!(skipped(&catalogue, root.path()), ["Low/Trust/2.mp3: is not a regular file"]);
    }

    #[expect(clippy::print_stderr, reason = "a test that cannot check anything must say so")]
    #[test]
    fn folders_that_cannot_be_read_are_named() {
        let root = folder(["Low/Trust/1.mp3", "Eels/Closed/1.mp3"]);
        let closed = root.path().join("Eels/Closed");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let is_privileged = fs::read_dir(&closed).is_ok();
        let catalogue = open(root.path()).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
        if is_privileged {
            eprintln!("SKIPPED: this user may read everything");
            return;
        }
        assert_eq!(ids(&catalogue), ["Low/Trust/1.mp3"]);
        let skipped = skipped(&catalogue, root.path());
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].starts_with("Eels/Closed: cannot be read: Permission denied"), "{skipped:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Against a reference that knows the rule in one line and no file system.
    #[test]
    fn any_tree_gives_what_the_rule_says(
        paths in prop::collection::btree_set("([ab.]|Ä ö)(/[ab.]x){0,3}/[cd.]{1,2}\\.(mp3|OGG|jpg)", 1..20)
    ) {
        // "./x" would be "x" by another name. Folders end in x, or have no dot: none is a file's name.
        let root = folder(paths.iter().map(String::as_str).filter(|path| !path.starts_with("./")));
        let expected: Vec<_> = paths
            .iter()
            .filter(|path| path.split('/').all(|name| !name.starts_with('.')))
            .filter(|path| path.split('/').count() >= 3 && !path.ends_with("jpg"))
            .map(String::as_str)
            .collect();
        match open(root.path()) {
            Ok(catalogue) => prop_assert_eq!(ids(&catalogue), expected),
            Err(_) => prop_assert!(expected.is_empty()),
        }
    }
}

#[test]
fn any_column_may_be_the_class_or_the_group() {
    let track = |id: &str, genre: &str| Track::new(id, "Low", "Trust", id, id).with_field("genre", genre);
    let open = |tracks| Catalogue::new("mine", "music", tracks, vec![], Ignored::default()).unwrap();
    let catalogue = open(vec![track("1", "rock"), track("2", "slow")]);
    assert_eq!(catalogue.columns(), ["album", "artist", "genre", "id", "title"]);
    let selected = |label, group| -> Vec<(&str, String)> {
        let found = catalogue.select(label, group).unwrap();
        found.into_iter().map(|selected| (selected.label, selected.group.into_owned())).collect()
    };
    assert_eq!(selected("artist", "album")[0], ("Low", "Trust".into()));
    // An album of one name is one within its artist only.
    assert_eq!(selected("genre", "album")[1], ("slow", "Low / Trust".into()));
    assert_eq!(selected("genre", "artist")[1], ("slow", "Low".into()));
    assert_eq!(selected("genre", "track")[1], ("slow", "2".into()));
    let error = catalogue.select("mood", "album").unwrap_err().to_string();
    assert_eq!(
        error,
        "no track of data set \"mine\" has a column \"mood\": there is album, artist, genre, id, title; a table \
         (`--dataset table`) can bring others"
    );
    let error = catalogue.require_classes("genre", 3, 1).unwrap_err().to_string();
    assert_eq!(error, "\"music\" has 2 genre(s) (rock, slow), expected at least 3");
    let error =
        open(vec![track("1", "rock"), track("2", "")]).select("genre", "album").unwrap_err().to_string();
    assert_eq!(
        error,
        "1 of the 2 tracks of data set \"mine\" have no genre (such as \"2\"): add it, leave these tracks out, or \
         choose another column"
    );
}
