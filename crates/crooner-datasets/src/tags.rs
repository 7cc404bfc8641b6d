//! Any tree of audio, named by the files' own tags.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use lofty::config::ParseOptions;
use lofty::file::TaggedFileExt as _;
use lofty::prelude::{Accessor as _, ItemKey};
use lofty::probe::Probe;
use unicode_normalization::UnicodeNormalization as _;

use crate::folder::{needs, require_folder};
use crate::scan::{Layout, scan};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request, SkipReason, Skipped, Track};

pub(crate) static TAGS: Set = Set::new(include_str!("../../../datasets/tags/dataset.toml"), open);

/// A track's artist is its album artist if it has one (so that "X feat. Y" stays with X), else its artist;
/// both are fields too. Spellings that differ only in case, in Unicode form or in spaces are one: the
/// commonest, the first of equals, is shown. A file without artist is skipped, one without album has none.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let found = scan(root, &extensions, Layout::Tree)?;
    let (mut tracks, mut skipped) = (Vec::new(), found.skipped);
    for mut track in found.tracks {
        match read(&track.path) {
            Ok(tags) => {
                let get = |name: &str| tags.get(name).cloned().unwrap_or_default();
                let album_artist = get("album_artist");
                track.artist = if album_artist.is_empty() { get("track_artist") } else { album_artist };
                track.album = get("album");
                if let Some(title) = tags.get("title") {
                    track.title.clone_from(title);
                }
                track.fields = tags;
                for name in ["album", "title"] {
                    track.fields.remove(name);
                }
                if track.artist.is_empty() {
                    skipped.push(lacks(&track, "artist tag"));
                } else {
                    tracks.push(track);
                }
            }
            Err(error) => {
                skipped.push(Skipped { path: track.path, reason: SkipReason::Unreadable { error } });
            }
        }
    }
    if let (true, Some(first)) = (tracks.is_empty(), skipped.first()) {
        let (skipped, example) = (skipped.len(), first.to_string());
        return Err(DatasetError::NothingUsable { root: root.to_owned(), skipped, example });
    }
    unify(&mut tracks);
    let n_without = tracks.iter().filter(|track| track.album.is_empty()).count();
    let catalogue = Catalogue::new(&info.name, root, tracks, skipped, found.ignored)?;
    Ok(match n_without {
        0 => catalogue,
        n => catalogue.with_caution(format!(
            "{n} track(s) have no album tag: an album split needs one (`--split song` does not)."
        )),
    })
}

fn lacks(track: &Track, what: &str) -> Skipped {
    Skipped { path: track.path.clone(), reason: SkipReason::Lacks { what: what.to_owned() } }
}

/// The tags of a file, by our names; those that are absent or blank are not there.
fn read(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let probe = Probe::open(path).map_err(|error| error.to_string())?;
    let probe = probe.guess_file_type().map_err(|error| error.to_string())?;
    let options = ParseOptions::new().read_properties(false).read_cover_art(false);
    let file = probe.options(options).read().map_err(|error| error.to_string())?;
    let mut tags = BTreeMap::new();
    // The format's own tag first: an old ID3v1 behind it cuts names at 30 bytes.
    for tag in file.primary_tag().into_iter().chain(file.tags()) {
        let number = |number: Option<u32>| number.map(|number| Cow::Owned(number.to_string()));
        let text = |key: ItemKey| tag.get_string(key).map(Cow::Borrowed);
        let year = text(ItemKey::RecordingDate)
            .or(text(ItemKey::Year))
            .or(text(ItemKey::ReleaseDate))
            .or(text(ItemKey::OriginalReleaseDate));
        let values = [
            ("track_artist", tag.artist()),
            ("album_artist", text(ItemKey::AlbumArtist)),
            ("album", tag.album()),
            ("title", tag.title()),
            ("genre", tag.genre()),
            ("disc", number(tag.disk())),
            ("number", number(tag.track())),
            ("year", year.and_then(|date| date.get(..4).map(|year| Cow::Owned(year.to_owned())))),
        ];
        for (name, value) in values {
            let value = value.as_deref().map(str::trim).unwrap_or_default();
            if !value.is_empty() && !tags.contains_key(name) {
                tags.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    Ok(tags)
}

/// What two spellings of one name have in common: NFKC, lower case, single spaces.
pub(crate) fn folded(name: &str) -> String {
    let lower: String = name.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Gives artists, albums of one artist and genres one spelling each.
fn unify(tracks: &mut [Track]) {
    spell(tracks, |track| Some((folded(&track.artist), &mut track.artist)));
    spell(tracks, |track| Some((format!("{}\0{}", track.artist, folded(&track.album)), &mut track.album)));
    spell(tracks, |track| track.fields.get_mut("genre").map(|genre| (folded(genre), genre)));
}

fn spell(tracks: &mut [Track], name: impl Fn(&mut Track) -> Option<(String, &mut String)>) {
    let mut spellings: HashMap<String, BTreeMap<String, usize>> = HashMap::new();
    for (key, shown) in tracks.iter_mut().filter_map(&name) {
        *spellings.entry(key).or_default().entry(shown.clone()).or_default() += 1;
    }
    for (key, shown) in tracks.iter_mut().filter_map(&name) {
        // The first of the most frequent.
        let best = spellings.get(&key).and_then(|known| {
            let most = known.values().max()?;
            known.iter().find(|(_, count)| *count == most).map(|(spelling, _)| spelling)
        });
        if let Some(best) = best {
            shown.clone_from(best);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn spellings_that_look_alike_are_one() {
        // Composed and decomposed, case, width, spaces.
        assert_eq!(folded("Bj\u{f6}rk"), folded("BJO\u{308}RK"));
        assert_eq!(folded("The  xx "), folded("the XX"));
        assert_eq!(folded("\u{ff21}BC"), folded("abc"));
        assert_ne!(folded("The Beatles"), folded("Beatles, The"));
    }
}
