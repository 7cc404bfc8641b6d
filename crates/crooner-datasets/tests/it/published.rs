//! Sets in their published layouts, on the miniatures of `datasets/miniatures.py`.

use std::collections::BTreeSet;

use crate::common::{ids, miniature, set, skipped};
use crooner_datasets::{Catalogue, CheckReport, Request, Segments, Table, check, segments, trials};

fn request(name: &str) -> Request {
    Request::default().with_root(miniature(name)).with_extensions(["mp3", "ogg", "flac", "wav", "m4a"])
}

fn open(name: &str) -> Catalogue {
    set(name).open(&request(name)).unwrap()
}

/// (id, column) of every track.
fn column<'a>(catalogue: &'a Catalogue, name: &str) -> Vec<(&'a str, &'a str)> {
    catalogue.tracks.iter().map(|track| (track.id.as_str(), track.get(name).unwrap_or("-"))).collect()
}

#[test]
fn artist20_numbers_its_folds_and_misses_an_album() {
    let catalogue = open("artist20");
    assert_eq!(catalogue.counts().albums, 17);
    let track = catalogue.tracks.iter().find(|track| track.id.contains("Impossible")).unwrap();
    assert_eq!((track.artist.as_str(), track.title.as_str()), ("cœur de pirate", "Intro"));
    assert_eq!((track.get("fold"), track.get("number")), (Some("3"), Some("01")));
    assert_eq!(catalogue.cautions, ["artist20 has 6 albums of every artist, but cœur de pirate has 5."]);
    assert!(skipped(&catalogue, &catalogue.root)[0].starts_with("aerosmith/stray.mp3: "));
    let report = check(set("artist20"), &request("artist20")).unwrap();
    assert!(!report.is_whole());
    assert!(report.to_string().contains("expected   20 artists, 120 albums, 1413 tracks"), "{report}");
    assert_eq!(
        report.missing,
        [miniature("artist20").join("mp3s-32k/cœur de pirate/Roses/03-Crier tout bas")]
    );
    let sides = |artist: &str| -> Vec<&str> {
        let tracks = catalogue.tracks.iter().filter(|track| track.artist == artist);
        tracks.map(|track| track.get("split").unwrap_or("none")).collect()
    };
    let beatles = sides("beatles");
    let count = |side: &str| beatles.iter().filter(|found| **found == side).count();
    assert_eq!(["train", "validation", "test", "none"].map(count), [6, 2, 4, 0]);
}

#[test]
fn librispeech_reads_speakers_and_parts() {
    let catalogue = open("librispeech");
    assert_eq!((catalogue.counts().artists, catalogue.counts().albums, catalogue.tracks.len()), (4, 8, 16));
    let track = catalogue.tracks.iter().find(|track| track.artist == "26").unwrap();
    assert_eq!(track.get("name"), Some("Denny Sayers | d.b.a. Denny"));
    assert_eq!(
        (track.get("split"), track.get("sex"), track.album.as_str()),
        (Some("train"), Some("M"), "495")
    );
    let sides: BTreeSet<_> = column(&catalogue, "split").into_iter().map(|(_, s)| s).collect();
    assert_eq!(sides.into_iter().collect::<Vec<_>>(), ["test", "train", "validation"]);
    assert_eq!(skipped(&catalogue, &catalogue.root).len(), 1);
}

#[test]
fn librispeech_misses_chapters_without_audio() {
    let report = check(set("librispeech"), &request("librispeech")).unwrap();
    assert_eq!(report.missing, [miniature("librispeech").join("LibriSpeech/train-clean-100/26/497")]);
}

#[test]
fn librispeech_misses_what_the_transcripts_have() {
    let copy = tempfile::tempdir().unwrap();
    let chapter = "LibriSpeech/dev-clean/84/121123";
    std::fs::create_dir_all(copy.path().join(chapter)).unwrap();
    for name in ["LibriSpeech/SPEAKERS.TXT".into()]
        .into_iter()
        .chain(["-0000.flac", ".trans.txt"].map(|end| format!("{chapter}/84-121123{end}")))
    {
        std::fs::copy(miniature("librispeech").join(&name), copy.path().join(&name)).unwrap();
    }
    let report = check(set("librispeech"), &request("librispeech").with_root(copy.path())).unwrap();
    let lost = copy.path().join(chapter).join("84-121123-0001.flac");
    let text = report.to_string();
    assert!(text.contains(&format!("missing    {}", lost.display())), "{text}");
    assert!(text.ends_with("1 missing, 0 extra, 0 damaged"), "{text}");
}

#[test]
fn voxceleb_has_its_identification_split_and_trials() {
    let catalogue = open("voxceleb1");
    assert_eq!(catalogue.tracks.len(), 17);
    let track = &catalogue.tracks[0];
    assert_eq!((track.id.as_str(), track.artist.as_str()), ("wav/id10001/-eGO1Jd2Oyo/00001.wav", "id10001"));
    assert_eq!((track.get("split"), track.get("name")), (Some("test"), Some("A.J._Buckley")));
    let trials = trials(&miniature("voxceleb1").join("veri_test.txt"), &catalogue).unwrap();
    assert_eq!(trials.iter().map(|trial| trial.same).collect::<Vec<_>>(), [true, false]);
    assert_eq!(trials[1].second, "wav/id10002/7gWzIy6yIIk/00001.wav");

    let report: CheckReport = check(set("voxceleb1"), &request("voxceleb1")).unwrap();
    assert_eq!(report.missing, [miniature("voxceleb1").join("id10003/-eGO1Jd2Oyo/00002.wav")]);
    assert_eq!((report.extra.len(), report.damaged.len()), (2, 0));

    let second = open("voxceleb2");
    assert_eq!(second.tracks[0].get("set"), Some("dev"));
    assert_eq!((second.counts().artists, second.counts().albums), (3, 6));
    let report = check(set("voxceleb2"), &request("voxceleb2")).unwrap();
    assert_eq!(report.missing, [miniature("voxceleb2").join("dev/aac/id00016")]);
}

#[test]
fn gtzan_has_the_filtered_split_and_warns() {
    let catalogue = open("gtzan");
    assert_eq!(catalogue.tracks.len(), 14);
    let of = |id: &str| catalogue.tracks.iter().find(|track| track.title == id).unwrap().get("split");
    assert_eq!(
        [of("blues.00029"), of("blues.00000"), of("blues.00012")],
        [Some("train"), Some("validation"), Some("test")]
    );
    assert_eq!(of("jazz.00054"), Some("train"));
    assert!(catalogue.cautions[0].contains("Sturm 2013"));
    assert_eq!(skipped(&catalogue, &catalogue.root).len(), 1);
    let report = check(set("gtzan"), &request("gtzan")).unwrap();
    assert_eq!(report.missing.len(), 1000 - 14);
    assert!(report.missing.contains(&miniature("gtzan").join("genres_original/rock/rock.00099.wav")));
}

#[test]
fn fma_reads_its_three_line_header() {
    let catalogue = open("fma");
    assert_eq!(ids(&catalogue), ["000/000002.mp3", "000/000005.mp3", "000/000010.mp3", "001/001000.mp3"]);
    let track = &catalogue.tracks[2];
    assert_eq!((track.artist.as_str(), track.title.as_str()), ("Kurt Vile", "Freeway, \"live\""));
    assert_eq!(
        (track.get("genre"), track.get("year"), track.get("split")),
        (Some("Pop"), Some("2008"), Some("validation"))
    );
    let report = check(set("fma"), &request("fma")).unwrap();
    assert_eq!(report.missing, [miniature("fma").join("fma_small/001/001001.mp3")]);
    assert_eq!((report.verified, report.damaged.len()), (4, 0));
    let error = set("fma").open(&request("fma").with_option("subset", "tiny")).unwrap_err().to_string();
    assert_eq!(
        error,
        "option \"subset\" of data set \"fma\" is \"tiny\", expected small or medium or large or full"
    );
    let error = set("fma").open(&request("fma").with_option("sbset", "small")).unwrap_err().to_string();
    assert_eq!(error, "data set \"fma\" has no option \"sbset\": it has subset");
}

#[test]
fn a_changed_file_is_damaged() {
    let copy = tempfile::tempdir().unwrap();
    for name in [
        "fma_metadata/tracks.csv",
        "fma_small/checksums",
        "fma_small/000/000002.mp3",
        "fma_small/000/000005.mp3",
    ] {
        let to = copy.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(miniature("fma").join(name), to).unwrap();
    }
    std::fs::write(copy.path().join("fma_small/000/000002.mp3"), "changed").unwrap();
    let report = check(set("fma"), &request("fma").with_root(copy.path())).unwrap();
    assert_eq!(report.damaged.len(), 1);
    assert!(report.damaged[0].1.starts_with("its checksum is "), "{report}");
    assert_eq!(report.missing.len(), 3, "{report}");
}

#[test]
fn every_kind_of_table_gives_the_same_catalogue() {
    let open = |file: &str| {
        let request = Request::default().with_root(miniature("table").join(file)).with_column("path", "file");
        set("table").open(&request.with_column("artist", "Sänger").with_column("album", "record")).unwrap()
    };
    let csv = open("table.csv");
    assert_eq!(
        ids(&csv),
        ["music/Björk/Hunter, live.mp3", "music/Björk/Jóga.mp3", "music/low/1.ogg", "music/low/2.ogg"]
    );
    assert_eq!(
        column(&csv, "mood").iter().map(|(_, mood)| *mood).collect::<Vec<_>>(),
        ["wild", "calm", "calm", "-"]
    );
    assert_eq!((csv.tracks[0].artist.as_str(), csv.tracks[0].get("year")), ("Björk", Some("1997")));
    assert_eq!(csv.skipped.len(), 1);
    for other in ["table.tsv", "table.parquet", "table.jsonl"] {
        assert_eq!(open(other).tracks, csv.tracks, "{other}");
    }
    let error = |request: Request| set("table").open(&request).unwrap_err().to_string();
    let root = Request::default().with_root(miniature("table").join("table.csv"));
    assert!(error(root.clone()).ends_with(
        "no column says where the audio is: expected --columns path=NAME, with NAME of Sänger, file, record, mood, year"
    ));
    assert!(error(root.with_column("path", "files")).contains("there is no column \"files\" for path"));
}

#[test]
fn a_folder_is_no_table() {
    let error = set("table").open(&request("table")).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "table/miniature\": is a folder, expected a table of audio files (.csv, .tsv, .parquet, .jsonl)"
        ),
        "{error}"
    );
}

#[test]
fn tables_are_written_as_they_are_read() {
    let table = Table {
        columns: vec!["\u{feff}id".into(), "side".into()],
        rows: vec![vec!["a, \"b\"\nc".into(), "test".into()], vec!["Björk".into(), String::new()]],
    };
    let folder = tempfile::tempdir().unwrap();
    let [csv, parquet] = ["t.csv", "t.parquet"].map(|name| folder.path().join(name));
    std::fs::write(&csv, table.to_csv()).unwrap();
    std::fs::write(&parquet, table.to_parquet(&parquet).unwrap()).unwrap();
    assert_eq!(Table::read(&csv).unwrap(), table);
    assert_eq!(Table::read(&parquet).unwrap(), table);
    std::fs::write(&csv, "a,b\n1,2\n3\n").unwrap();
    let error = Table::read(&csv).unwrap_err().to_string();
    assert!(error.ends_with("line 3: expected 2 values, found 1"), "{error}");
}

#[test]
fn tags_are_what_mutagen_wrote() {
    let catalogue = open("tags");
    let found: Vec<_> = catalogue
        .tracks
        .iter()
        .map(|t| (t.id.as_str(), t.artist.as_str(), t.album.as_str(), t.title.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("a.mp3", "Björk", "Selmasongs", "I've Seen It All"),
            ("b.mp3", "Björk", "Selmasongs", "Cvalda"),
            ("d.flac", "Low", "Trust", "(That's How You Sing) Amazing Grace"),
            ("deep/er/c.mp3", "Björk", "Selmasongs", "Cvalda"),
            ("e.wav", "Low", "Trust", "e"),
            ("no album.mp3", "Low", "", "no album"),
        ]
    );
    let first = &catalogue.tracks[0];
    assert_eq!(first.get("track_artist"), Some("Björk feat. Thom Yorke"));
    assert_eq!(
        [first.get("year"), first.get("number"), first.get("disc")],
        [Some("2000"), Some("4"), Some("1")]
    );
    assert_eq!(catalogue.tracks[1].get("genre"), Some("Electronic"));
    let skipped = skipped(&catalogue, &catalogue.root);
    assert!(skipped[0].starts_with("broken.mp3: cannot be read: "), "{skipped:?}");
    assert_eq!(skipped[1], "no artist.mp3: has no artist tag");
    assert_eq!(
        catalogue.cautions,
        ["1 track(s) have no album tag: an album split needs one (`--split song` does not)."]
    );
    let error = catalogue.select("artist", "album").unwrap_err().to_string();
    assert!(
        error.starts_with("1 of the 6 tracks of data set \"tags\" have no album (such as \"no album.mp3\")"),
        "{error}"
    );
    assert_eq!(catalogue.select_label("artist", "album").unwrap()[5].group, "");
}

#[test]
fn a_folder_of_labels_is_read_when_asked_for() {
    let root = crate::common::folder(["calm/1.mp3", "calm/deep/2.mp3", "wild/3.mp3", "stray.mp3"]);
    let request =
        Request::default().with_root(root.path()).with_extensions(["mp3"]).with_option("layout", "label");
    let catalogue = set("folder").open(&request).unwrap();
    assert_eq!(
        column(&catalogue, "label"),
        [("calm/1.mp3", "calm"), ("calm/deep/2.mp3", "calm"), ("wild/3.mp3", "wild")]
    );
    assert_eq!(
        skipped(&catalogue, root.path()),
        ["stray.mp3: is directly in the root, expected LABEL/TRACK"]
    );
}

#[test]
fn msd_reads_what_its_songs_say() {
    let catalogue = open("msd");
    assert_eq!(
        ids(&catalogue),
        [
            "A/A/A/TRAAAAW128F429D538.h5",
            "A/A/A/TRAAABD128F429CF47.h5",
            "A/A/A/TRAAADZ128F9348C2E.h5",
            "B/C/D/TRBCDEF128F425D3A6.h5"
        ]
    );
    let [first, second, third, fourth] = catalogue.tracks.as_slice() else { panic!("four tracks") };
    assert_eq!((first.artist.as_str(), first.album.as_str()), ("Casual", "Fear Itself"));
    assert_eq!(first.title, "I Didn't Mean To");
    assert_eq!((first.get("year"), first.get("term")), (None, Some("hip hop")));
    assert_eq!(first.get("terms"), Some("hip hop; underground rap; g funk"));
    assert_eq!((first.get("duration"), first.get("tempo")), (Some("218.93179"), Some("92.198")));
    assert_eq!((second.artist.as_str(), second.get("year")), ("Casual feat. Björk", Some("1969")));
    assert_eq!(second.get("artist_id"), first.get("artist_id"));
    assert_eq!(third.title, "Amor De Cabaret - ñandú");
    assert_eq!(third.get("terms"), Some("cumbia; salsa; tejano"), "by weight, equals as they were");
    assert_eq!(third.get("artist_location"), Some("Ciudad de México"));
    assert_eq!((fourth.get("terms"), fourth.get("song_id")), (None, Some("SONHOTT12A8C13493C")));

    let report = check(set("msd"), &request("msd")).unwrap();
    assert_eq!(report.missing, [miniature("msd").join("data/Z/Z/Z/TRZZZZZ12903D05E3A.h5")]);
    let [(cut, _)] = report.damaged.as_slice() else { panic!("{report}") };
    assert!(cut.ends_with("TRAAAEF128F4273421.h5"), "{report}");
    let extra: Vec<_> = report.extra.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(extra.len(), 2);
    assert!(extra[0].contains("is not listed in") && extra[1].contains("is not where"), "{report}");
}

#[test]
fn msd_joins_audio_by_track_id() {
    let audio = tempfile::tempdir().unwrap();
    for name in ["7/TRAAAAW128F429D538.mp3", "TRBCDEF128F425D3A6.ogg", "TRAAAAA128F0000000.mp3"] {
        let path = audio.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    let request = request("msd").with_option("audio", audio.path().to_str().unwrap());
    let catalogue = set("msd").open(&request).unwrap();
    assert_eq!(ids(&catalogue), ["7/TRAAAAW128F429D538.mp3", "TRBCDEF128F425D3A6.ogg"]);
    assert_eq!(catalogue.root, audio.path());
    assert_eq!(catalogue.tracks[0].artist, "Casual");
    assert!(catalogue.tracks.iter().all(|track| track.path == catalogue.root.join(&track.id)));
    let left_out: Vec<_> = catalogue.skipped.iter().map(ToString::to_string).collect();
    assert!(left_out.iter().any(|reason| reason.contains("TRAAAAA128F0000000.mp3: is not listed")));
    assert_eq!(left_out.iter().filter(|reason| reason.contains("has no audio in")).count(), 2);
}

#[test]
fn msd_reads_what_its_databases_say() {
    let of_songs = open("msd");
    let request = || request("msd").with_option("metadata", "database");
    let catalogue = set("msd").open(&request()).unwrap();
    // A file that is cut off is not looked into.
    let cut = "A/A/A/TRAAAEF128F4273421.h5";
    let expected: Vec<&str> = ids(&of_songs).into_iter().chain([cut]).collect();
    assert_eq!(ids(&catalogue).into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect());
    for song in &of_songs.tracks {
        let track = catalogue.tracks.iter().find(|track| track.id == song.id).unwrap();
        assert_eq!((&track.artist, &track.album, &track.title), (&song.artist, &song.album, &song.title));
        for column in ["track_id", "song_id", "artist_id", "year"] {
            assert_eq!(track.get(column), song.get(column), "{column} of {}", song.id);
        }
    }
    let [first, second, third, fourth, ..] = catalogue.tracks.as_slice() else { panic!("five tracks") };
    assert_eq!(first.get("terms"), Some("hip hop; underground rap; g funk"));
    assert_eq!(
        (first.get("duration"), first.get("shs_work"), first.get("term")),
        (Some("218.93179"), None, None)
    );
    assert_eq!((second.get("artist_mbid"), second.get("shs_work")), (None, Some("-7")));
    assert_eq!((third.get("duration"), third.get("terms")), (Some("252"), Some("salsa; cumbia; tejano")));
    // A row of several pages, and a song without a title.
    assert_eq!((fourth.id.as_str(), fourth.title.as_str()), (cut, "TRAAAEF128F4273421"));
    assert_eq!(fourth.album, "Antmusic ".repeat(300).trim());

    let report = check(set("msd"), &request()).unwrap();
    assert_eq!(report.missing, [miniature("msd").join("data/Z/Z/Z/TRZZZZZ12903D05E3A.h5")]);
    assert!(report.damaged.is_empty(), "{report}");
    assert!(report.extra[0].1.ends_with("subset_track_metadata.db"), "{report}");

    // Audio alone, without a song's file.
    let folder = tempfile::tempdir().unwrap();
    let database = miniature("msd").join("AdditionalFiles/subset_track_metadata.db");
    std::fs::copy(&database, folder.path().join("track_metadata.db")).unwrap();
    std::fs::create_dir(folder.path().join("audio")).unwrap();
    std::fs::write(folder.path().join("audio/TRZZZZZ12903D05E3A.mp3"), "audio").unwrap();
    let audio = folder.path().join("audio");
    let alone = request().with_root(folder.path()).with_option("audio", audio.to_str().unwrap());
    let catalogue = set("msd").open(&alone).unwrap();
    assert_eq!((ids(&catalogue), catalogue.skipped.len()), (vec!["TRZZZZZ12903D05E3A.mp3"], 5));
    assert_eq!(catalogue.tracks[0].title, "Gone <SEP> away");
    assert_eq!(catalogue.tracks[0].get("terms"), None, "artist_term.db is not there");

    // Whatever happens to a byte of it, an answer comes, and an error names the file.
    let bytes = std::fs::read(&database).unwrap();
    let copy = folder.path().join("track_metadata.db");
    let mut refused = 0;
    for at in (0..bytes.len()).step_by(61) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 7);
        std::fs::write(&copy, damaged).unwrap();
        if let Err(error) = set("msd").open(&alone) {
            refused += usize::from(error.to_string().contains("track_metadata.db"));
        }
    }
    assert!(refused >= 5, "{refused}");
    for n in [0, 50, 1024, bytes.len() - 1024] {
        std::fs::write(&copy, &bytes[..n]).unwrap();
        let error = set("msd").open(&alone).unwrap_err().to_string();
        assert!(error.contains("track_metadata.db"), "{error}");
    }
    std::fs::write(&copy, &bytes).unwrap();
    std::fs::write(folder.path().join("track_metadata.db-wal"), "unwritten").unwrap();
    assert!(set("msd").open(&alone).unwrap_err().to_string().contains("track_metadata.db-wal holds changes"));
}

#[test]
fn msd_has_segments() {
    let of = |track: &str| {
        let [a, b, c] = [2, 3, 4].map(|place| &track[place..=place]);
        segments(&miniature("msd").join(format!("data/{a}/{b}/{c}/{track}.h5")))
    };
    // As datasets/miniatures.py wrote them with PyTables.
    for (track, seed, n) in
        [("TRAAAAW128F429D538", 0, 5), ("TRAAABD128F429CF47", 1, 300), ("TRAAADZ128F9348C2E", 2, 1)]
    {
        let found = of(track).unwrap();
        assert_eq!(found.starts.len(), n);
        for (index, start) in found.starts.iter().enumerate() {
            assert_eq!(*start, 0.25 * index as f64 + 0.01 * f64::from(seed));
            for bin in 0..Segments::BINS {
                let at = index * Segments::BINS + bin;
                assert_eq!(found.timbre[at], (10 * index) as f32 - bin as f32 + 0.5 * seed as f32);
                assert_eq!(found.pitches[at], (1.0 + ((index + bin) % 12) as f64) as f32 / 12.0);
            }
        }
    }
    assert_eq!(of("TRBCDEF128F425D3A6").unwrap(), Segments::default(), "a song of no segments");
    let error = of("TRAAAEF128F4273421").unwrap_err().to_string();
    assert!(error.contains("TRAAAEF128F4273421.h5"), "{error}");
}
