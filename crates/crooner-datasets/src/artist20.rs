//! artist20 (Ellis 2007): `ARTIST/ALBUM/TRACK.mp3`, six albums of each of twenty artists.

use std::collections::BTreeMap;

use crate::folder::{needs, require_folder};
use crate::lists::{find, require_some};
use crate::scan::{Layout, scan};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request};

pub(crate) static ARTIST20: Set = Set::new(include_str!("../../../datasets/artist20/dataset.toml"), open);

/// Albums of every artist, and so folds.
const ALBUMS: usize = 6;

/// The field `fold` numbers the albums of each artist from 1 in the order of their names: a six-fold
/// jackknife that tests one album of every artist. `number` is the track's, as its file name begins.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let audio = find(root, &["artist20/mp3s-32k", "mp3s-32k"]).unwrap_or_else(|| root.to_owned());
    let mut found = scan(&audio, &extensions, Layout::ArtistAlbum)?;
    require_some(&audio, &found.tracks, &found.skipped)?;
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
