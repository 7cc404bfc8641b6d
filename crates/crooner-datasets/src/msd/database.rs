//! The set's SQLite databases: what the songs' files say, in one.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::{beside, is_track_id};
use crate::sqlite::{Database, Value};
use crate::{DatasetError, Track};

const SONGS: [&str; 4] = [
    "AdditionalFiles/subset_track_metadata.db",
    "AdditionalFiles/track_metadata.db",
    "subset_track_metadata.db",
    "track_metadata.db",
];
const TERMS: [&str; 4] = [
    "AdditionalFiles/subset_artist_term.db",
    "AdditionalFiles/artist_term.db",
    "subset_artist_term.db",
    "artist_term.db",
];
/// Of the table `songs`. Left out: how familiar and hot the artist was in 2011, and numbers of a shop.
const COLUMNS: [&str; 10] = [
    "track_id",
    "title",
    "song_id",
    "release",
    "artist_id",
    "artist_mbid",
    "artist_name",
    "duration",
    "year",
    "shs_work",
];

/// The database, and its songs by track id; they have no path yet. Artists have terms if `artist_term.db` is there too:
/// it knows no weights, so that no term is the heaviest.
pub(super) fn songs(root: &Path, data: &Path) -> Result<(PathBuf, BTreeMap<String, Track>), DatasetError> {
    let path = beside(root, data, &SONGS).ok_or_else(|| DatasetError::NotThere {
        path: root.join(SONGS[1]),
        what: "the database of all songs' metadata, track_metadata.db or subset_track_metadata.db".to_owned(),
    })?;
    let terms = match beside(root, data, &TERMS) {
        Some(terms) => artist_terms(&terms)?,
        None => HashMap::new(),
    };
    let mut songs = BTreeMap::new();
    Database::open(&path)?.rows("songs", COLUMNS, |values| {
        let song = song(values, &terms);
        let refused = |reason| DatasetError::BadList { path: path.clone(), line: None, reason };
        let id = song.id.clone();
        if !is_track_id(&id) {
            return Err(refused(format!("expected the id of a track in songs.track_id, found {id:?}")));
        }
        if song.artist.is_empty() {
            return Err(refused(format!("song {id} names no artist in songs.artist_name")));
        }
        match songs.insert(id, song) {
            None => Ok(()),
            Some(song) => Err(refused(format!("it has the track {} more than once", song.id))),
        }
    })?;
    Ok((path, songs))
}

fn song(values: [Value; COLUMNS.len()], terms: &HashMap<String, String>) -> Track {
    let [id, title, song, release, artist_id, mbid, artist, duration, year, work] = values;
    // What is not known is 0, of a duration -1.
    let is_unknown = |value: &Value| matches!(value, Value::Integer(-1 | 0));
    let number = |value: Value| if is_unknown(&value) { String::new() } else { value.into_text() };
    let text = |value: Value| value.into_text().trim().to_owned();
    let (id, title, artist_id) = (text(id), text(title), text(artist_id));
    let terms = terms.get(&artist_id).cloned().unwrap_or_default();
    // Some songs have no title; their id is one.
    let title = if title.is_empty() { id.clone() } else { title };
    Track::new(id.clone(), text(artist), text(release), title, "")
        .with_field("track_id", id)
        .with_field("song_id", text(song))
        .with_field("artist_id", artist_id)
        .with_field("artist_mbid", text(mbid))
        .with_field("duration", number(duration))
        .with_field("year", number(year))
        .with_field("shs_work", number(work))
        .with_field("terms", terms)
}

/// The terms of every artist id, separated by `; `, in the order in which they were added.
fn artist_terms(path: &Path) -> Result<HashMap<String, String>, DatasetError> {
    let mut terms: HashMap<String, String> = HashMap::new();
    Database::open(path)?.rows("artist_term", ["artist_id", "term"], |[artist, term]| {
        let term = term.into_text();
        let term = term.trim();
        if !term.is_empty() {
            let terms = terms.entry(artist.into_text()).or_default();
            let separator = if terms.is_empty() { "" } else { "; " };
            *terms += separator;
            *terms += term;
        }
        Ok(())
    })?;
    Ok(terms)
}
