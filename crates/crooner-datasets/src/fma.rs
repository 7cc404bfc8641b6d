//! FMA (Defferrard 2017): `fma_SUBSET/000/000002.mp3` and `fma_metadata/tracks.csv` with its header of three
//! lines.

use std::path::Path;

use crate::folder::{needs, option, require_folder};
use crate::lists::{bad, find, require, require_some};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Ignored, Info, Request, SkipReason, Skipped, Track};

pub(crate) static FMA: Set = Set::new(include_str!("../../../datasets/fma/dataset.toml"), open);

/// From the smallest to the largest: each contains those before it.
const SUBSETS: [&str; 4] = ["small", "medium", "large", "full"];

/// (level 1, level 2) of the columns that are read, and our names.
const COLUMNS: [(&str, &str, &str); 9] = [
    ("artist", "name", "artist"),
    ("artist", "id", "artist_id"),
    ("album", "title", "album"),
    ("album", "id", "album_id"),
    ("album", "date_released", "date"),
    ("track", "title", "title"),
    ("track", "genre_top", "genre"),
    ("set", "split", "split"),
    ("set", "subset", "subset"),
];

/// The tracks of the subset that `tracks.csv` lists. `artist` and `album` are names, which several may
/// share; `artist_id` and `album_id` tell them apart. `genre` is the top genre, `year` the album's.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, _) = needs(info, request)?;
    require_folder(root)?;
    let list = require(root, &["fma_metadata/tracks.csv", "tracks.csv"], "tracks.csv of fma_metadata.zip")?;
    let subset = match option(info, request, "subset", &SUBSETS)? {
        Some(subset) => subset,
        None => only_subset(info, root)?,
    };
    let audio = require(root, &[&format!("fma_{subset}")], &format!("the folder of fma_{subset}.zip"))?;
    let wanted: &[&str] = &SUBSETS[..=SUBSETS.iter().position(|known| *known == subset).unwrap_or_default()];
    let (mut tracks, mut skipped) = (Vec::new(), Vec::new());
    for row in rows(&list)? {
        let (track, in_subset) = row;
        // Tracks of the full set only carry the subset `full`, or none.
        if subset != "full" && !wanted.contains(&in_subset.as_str()) {
            continue;
        }
        let path = audio.join(&track.id);
        if path.is_file() {
            tracks.push(Track { path, ..track });
        } else {
            let reason = SkipReason::Missing { list: list.display().to_string() };
            skipped.push(Skipped { path, reason });
        }
    }
    require_some(&audio, &tracks, &skipped)?;
    let catalogue = Catalogue::new(&info.name, &audio, tracks, skipped, Ignored::default())?;
    Ok(catalogue.with_caution(
        "Names of FMA's artists and albums repeat: `--group artist_id` (or album_id) keeps them apart; \
         `--split official` is the published split, whose artists are disjoint.",
    ))
}

/// The subset whose audio is there, if it is one.
fn only_subset(info: &Info, root: &Path) -> Result<&'static str, DatasetError> {
    let there: Vec<_> =
        SUBSETS.into_iter().filter(|s| find(root, &[&format!("fma_{s}")]).is_some()).collect();
    match there.as_slice() {
        [only] => Ok(only),
        [] => Err(DatasetError::NotThere {
            path: root.join("fma_small"),
            what: "the audio of one of fma_small.zip, fma_medium.zip, fma_large.zip, fma_full.zip".to_owned(),
        }),
        several => Err(DatasetError::OptionValue {
            name: info.name.clone(),
            option: "subset",
            allowed: several.iter().map(|&subset| subset.to_owned()).collect(),
            found: "(not given, and there are several)".to_owned(),
        }),
    }
}

/// The tracks of `tracks.csv` with their subsets; paths are not there yet.
fn rows(path: &Path) -> Result<Vec<(Track, String)>, DatasetError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(path)
        .map_err(|error| DatasetError::io("read", path)(error.into()))?;
    let mut records = reader.records();
    let mut next = |what: &str| match records.next() {
        Some(Ok(record)) => Ok(record),
        Some(Err(error)) => {
            Err(DatasetError::BadList { path: path.to_owned(), line: None, reason: error.to_string() })
        }
        None => Err(bad(path, 1, format!("expected {what}, found the end of the file"))),
    };
    let (upper, lower, index) =
        (next("a first header line")?, next("a second header line")?, next("a third header line")?);
    if index.get(0) != Some("track_id") {
        return Err(bad(path, 3, format!("expected track_id, found {:?}", index.get(0).unwrap_or_default())));
    }
    let mut places = [0; COLUMNS.len()];
    for (place, (first, second, _)) in places.iter_mut().zip(COLUMNS) {
        let found = upper.iter().zip(&lower).position(|(a, b)| (a, b) == (first, second));
        *place = found.ok_or_else(|| bad(path, 2, format!("there is no column ({first}, {second})")))?;
    }
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|error| DatasetError::BadList {
            path: path.to_owned(),
            line: error.position().map(csv::Position::line),
            reason: error.to_string(),
        })?;
        let line = record.position().map_or(0, csv::Position::line) as usize;
        let number = record.get(0).unwrap_or_default();
        let number: u32 = number
            .parse()
            .map_err(|_| bad(path, line, format!("expected the number of a track, found {number:?}")))?;
        rows.push(row(
            number,
            COLUMNS
                .iter()
                .zip(places)
                .map(|((.., name), at)| (*name, record.get(at).unwrap_or_default().trim())),
        ));
    }
    Ok(rows)
}

fn row<'a>(number: u32, values: impl Iterator<Item = (&'static str, &'a str)>) -> (Track, String) {
    let mut track = Track::new(format!("{:03}/{number:06}.mp3", number / 1000), "", "", "", "");
    let mut subset = String::new();
    for (name, value) in values {
        match name {
            "artist" => value.clone_into(&mut track.artist),
            "album" => value.clone_into(&mut track.album),
            "title" => value.clone_into(&mut track.title),
            "subset" => value.clone_into(&mut subset),
            "date" => track = track.with_field("year", value.get(..4).unwrap_or_default()),
            "split" => track = track.with_field("split", if value == "training" { "train" } else { value }),
            other => track = track.with_field(other, value),
        }
    }
    if track.title.is_empty() {
        track.title = format!("{number:06}");
    }
    (track.with_field("track_id", number.to_string()).with_field("subset", &subset), subset)
}
