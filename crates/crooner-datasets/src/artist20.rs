//! artist20 (Ellis 2007): `ARTIST/ALBUM/TRACK.mp3`, six albums of each of twenty artists.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::folder::{needs, require_folder};
use crate::lists::{find, lines, require_some, text};
use crate::scan::{Layout, Scan, scan};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request, SkipReason, Skipped};

pub(crate) static ARTIST20: Set = Set::new(include_str!("../../../datasets/artist20/dataset.toml"), open);

/// The lists of the published package, `ARTIST/ALBUM/TRACK` without an extension: three albums of every artist to train,
/// one to validate, two to test.
const SIDES: [(&str, &str); 3] = [
    ("train", "a20-trn-tracks.list"),
    ("validation", "a20-val-tracks.list"),
    ("test", "a20-tst-tracks.list"),
];
/// All tracks, in the same way.
const ALL: [&str; 2] = ["a20-all-tracks.list", "a20-all-tracks.txt"];
/// Where the package has its lists.
const LISTS: [&str; 2] = ["artist20/lists", "lists"];

/// Albums of every artist, and so folds.
const ALBUMS: usize = 6;

/// The field `fold` numbers the albums of each artist from 1 in the order of their names: a six-fold
/// jackknife that tests one album of every artist. `number` is the track's, as its file name begins. `split` is the
/// published one where its lists are there.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let audio = find(root, &["artist20/mp3s-32k", "mp3s-32k"]).unwrap_or_else(|| root.to_owned());
    let mut found = scan(&audio, &extensions, Layout::ArtistAlbum)?;
    require_some(&audio, &found.tracks, &found.skipped)?;
    lists(root, &audio, &mut found)?;
    let mut albums: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for track in &found.tracks {
        albums.entry(track.artist.clone()).or_default().insert(track.album.clone(), 0);
    }
    for albums in albums.values_mut() {
        albums.values_mut().zip(1..).for_each(|(fold, number)| *fold = number);
    }
    for track in &mut found.tracks {
        let fold = albums.get(&track.artist).and_then(|albums| albums.get(&track.album));
        let digits: String = track.title.chars().take_while(char::is_ascii_digit).collect();
        let title = track.title[digits.len()..].trim_start_matches(['-', '_', ' ', '.']).replace('_', " ");
        if !digits.is_empty() && !title.is_empty() {
            track.title = title;
            track.fields.insert("number".to_owned(), digits);
        }
        if let Some(fold) = fold {
            track.fields.insert("fold".to_owned(), fold.to_string());
        }
    }
    let odd: Vec<String> = albums
        .iter()
        .filter(|(_, albums)| albums.len() != ALBUMS)
        .map(|(artist, albums)| format!("{artist} has {}", albums.len()))
        .collect();
    let mut catalogue = Catalogue::new(&info.name, &audio, found.tracks, found.skipped, found.ignored)?;
    if !odd.is_empty() {
        let odd = odd.join(", ");
        catalogue =
            catalogue.with_caution(format!("artist20 has {ALBUMS} albums of every artist, but {odd}."));
    }
    Ok(catalogue)
}

/// Gives every track its side, and notes what the lists have and the folder has not.
fn lists(root: &Path, audio: &Path, found: &mut Scan) -> Result<(), DatasetError> {
    let Some(folder) = find(root, &LISTS) else { return Ok(()) };
    let key = |id: &str| id.rsplit_once('.').map_or(id, |(key, _)| key).to_owned();
    let by_key: HashMap<String, usize> =
        found.tracks.iter().enumerate().map(|(index, track)| (key(&track.id), index)).collect();
    let mut missing = BTreeMap::new();
    let sides = SIDES.into_iter().map(|(side, name)| (Some(side), name));
    for (side, name) in ALL.into_iter().map(|name| (None, name)).chain(sides) {
        let Some(list) = find(&folder, &[name]) else { continue };
        for (_, line) in lines(&text(&list)?) {
            let entry = line.trim();
            // A list may name its files with an extension after all.
            let index = by_key.get(entry).or_else(|| by_key.get(&key(entry)));
            match (index, side) {
                (None, _) => {
                    missing.entry(audio.join(entry)).or_insert_with(|| list.display().to_string());
                }
                (Some(&index), Some(side)) => {
                    found.tracks[index].fields.insert("split".to_owned(), side.to_owned());
                }
                (Some(_), None) => {}
            }
        }
    }
    let missing =
        missing.into_iter().map(|(path, list)| Skipped { path, reason: SkipReason::Missing { list } });
    found.skipped.extend(missing);
    Ok(())
}
