//! GTZAN (Tzanetakis 2002): `GENRE/GENRE.NNNNN.wav`, and the split that Sturm's catalogue of faults led to.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::folder::{needs, require_folder};
use crate::lists::{Sides, find, last, misplaced, require_some, tree};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request};

pub(crate) static GTZAN: Set =
    Set::with_missing(include_str!("../../../datasets/gtzan/dataset.toml"), open, missing);

const LAYOUT: &str = "GENRE/GENRE.NNNNN.wav";

const GENRES: [&str; 10] =
    ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"];
/// Excerpts of each, numbered from 0.
const EXCERPTS: usize = 100;

static FILTERED: LazyLock<Sides> = LazyLock::new(filtered);

/// The fault-filtered lists: 443 train, 197 validate, 290 test; the other 70 are in none.
fn filtered() -> Sides {
    let lists = [
        ("train", include_str!("../../../datasets/gtzan/train_filtered.txt")),
        ("validation", include_str!("../../../datasets/gtzan/valid_filtered.txt")),
        ("test", include_str!("../../../datasets/gtzan/test_filtered.txt")),
    ];
    let rows = lists.into_iter().flat_map(|(side, list)| list.lines().map(move |id| (id.to_owned(), side)));
    rows.collect::<HashMap<_, _>>()
}

/// `split` is the fault-filtered split; excerpts without are of the 70 that it leaves out.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let audio =
        find(root, &["genres", "genres_original", "Data/genres_original"]).unwrap_or_else(|| root.to_owned());
    let found = tree(&audio, &audio, &extensions)?;
    let (mut tracks, mut skipped) = (Vec::new(), found.skipped);
    for mut track in found.tracks {
        let genre = last(&track.id).map(|[genre, _]: [&str; 2]| genre.to_owned());
        let genre = genre.filter(|genre| {
            let number = track.title.strip_prefix(genre.as_str()).and_then(|rest| rest.strip_prefix('.'));
            number.is_some_and(|number| number.len() == 5 && number.bytes().all(|b| b.is_ascii_digit()))
        });
        let Some(genre) = genre else {
            skipped.push(misplaced(&track, LAYOUT));
            continue;
        };
        if let Some(side) = FILTERED.get(&track.title) {
            track = track.with_field("split", *side);
        }
        tracks.push(track.with_field("genre", genre));
    }
    require_some(&audio, &tracks, &skipped)?;
    let catalogue = Catalogue::new(&info.name, &audio, tracks, skipped, found.ignored)?;
    Ok(catalogue.with_caution(
        "GTZAN holds exact repeats, other versions, distortions and many excerpts of one artist (Sturm 2013): a \
         random split puts them on both sides and flatters the score; `--split official` is the fault-filtered \
         one (443 train, 197 validate, 290 test).",
    ))
}

/// Excerpts that are not there, by the rule of their names.
#[expect(clippy::unnecessary_wraps, reason = "other sets read lists")]
fn missing(catalogue: &Catalogue) -> Result<Vec<PathBuf>, DatasetError> {
    let found: BTreeSet<&str> = catalogue.tracks.iter().map(|track| track.title.as_str()).collect();
    let extension =
        catalogue.tracks.iter().find_map(|track| track.path.extension()?.to_str()).unwrap_or("wav");
    let named = GENRES
        .into_iter()
        .flat_map(|genre| (0..EXCERPTS).map(move |number| (genre, format!("{genre}.{number:05}"))));
    let missing = named.filter(|(_, name)| !found.contains(name.as_str()));
    Ok(missing.map(|(genre, name)| catalogue.root.join(genre).join(format!("{name}.{extension}"))).collect())
}
