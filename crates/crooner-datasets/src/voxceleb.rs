//! VoxCeleb 1 and 2 (Nagrani 2017, Chung 2018): `ID/VIDEO/UTTERANCE.wav` or `.m4a`, and their lists.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::folder::{needs, require_folder};
use crate::lists::{bad, find, last, lines, misplaced, require_some, text, tree};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request, SkipReason, Skipped};

pub(crate) static VOXCELEB1: Set =
    Set::new(include_str!("../../../datasets/voxceleb1/dataset.toml"), |info, request| {
        open(info, request, "vox1_meta.csv")
    });
pub(crate) static VOXCELEB2: Set = Set::with_missing(
    include_str!("../../../datasets/voxceleb2/dataset.toml"),
    |info, request| open(info, request, VOX2_META),
    missing_speakers,
);

const VOX2_META: &str = "vox2_meta.csv";

const LAYOUT: &str = "ID/VIDEO/UTTERANCE, with an ID such as id10001";

/// A pair of utterances, and whether one speaker says both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Whether the speaker is the same.
    pub same: bool,
    /// The one utterance: an id of the catalogue.
    pub first: String,
    /// The other.
    pub second: String,
}

/// Speakers are the artists and videos their albums. `split` is the published identification split if
/// `iden_split.txt` is there; `set` is the part (dev or test) that the verification task puts a speaker in.
fn open(info: &Info, request: &Request, meta: &str) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let meta = speakers(root, meta)?;
    let list = find(root, &["iden_split.txt", "meta/iden_split.txt"]);
    let mut sides = match &list {
        Some(path) => identification(path)?,
        None => HashMap::new(),
    };
    let found = tree(root, root, &extensions)?;
    let (mut tracks, mut skipped) = (Vec::new(), found.skipped);
    for mut track in found.tracks {
        let names: Option<[String; 3]> = last(&track.id).map(|names: [&str; 3]| names.map(str::to_owned));
        let Some([speaker, video, file]) = names.filter(|[speaker, ..]| is_speaker(speaker)) else {
            skipped.push(misplaced(&track, LAYOUT));
            continue;
        };
        let key = format!("{speaker}/{video}/{file}");
        match (&list, sides.remove(&key)) {
            (None, _) => {}
            (Some(_), Some(side)) => track = track.with_field("split", side),
            (Some(path), None) => {
                let list = path.display().to_string();
                skipped.push(Skipped { path: track.path, reason: SkipReason::Unlisted { list } });
                continue;
            }
        }
        for (name, value) in meta.get(&speaker).into_iter().flatten() {
            track = track.with_field(*name, value);
        }
        track = track.with_field("speaker", &speaker);
        track.title = format!("{speaker}/{video}/{}", track.title);
        (track.artist, track.album) = (speaker, video);
        tracks.push(track);
    }
    if let Some(list) = list {
        let list = list.display().to_string();
        skipped.extend(
            sides.into_keys().map(|key| Skipped {
                path: root.join(key),
                reason: SkipReason::Missing { list: list.clone() },
            }),
        );
    }
    require_some(root, &tracks, &skipped)?;
    Catalogue::new(&info.name, root, tracks, skipped, found.ignored)
}

fn is_speaker(name: &str) -> bool {
    name.strip_prefix("id")
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `iden_split.txt`: `1 id10001/VIDEO/00001.wav`, where 1 trains, 2 validates, 3 tests.
fn identification(path: &Path) -> Result<HashMap<String, &'static str>, DatasetError> {
    let mut sides = HashMap::new();
    for (number, line) in lines(&text(path)?) {
        let side = match line.split_once(' ') {
            Some(("1", file)) => (file, "train"),
            Some(("2", file)) => (file, "validation"),
            Some(("3", file)) => (file, "test"),
            _ => return Err(bad(path, number, format!("expected 1, 2 or 3 and a file, found {line:?}"))),
        };
        sides.insert(side.0.trim().to_owned(), side.1);
    }
    Ok(sides)
}

/// What `vox?_meta.csv` says of every speaker, if it is there.
fn speakers(root: &Path, meta: &str) -> Result<HashMap<String, Fields>, DatasetError> {
    let path = find(root, &[meta, &format!("meta/{meta}")]);
    path.map_or_else(|| Ok(HashMap::new()), |path| read_meta(&path))
}

/// Folders of speakers that VoxCeleb2's list has and that hold no audio, of the parts (dev or test) that are there: it
/// has no list of utterances.
fn missing_speakers(catalogue: &Catalogue) -> Result<Vec<PathBuf>, DatasetError> {
    let found: BTreeSet<&str> = catalogue.tracks.iter().map(|track| track.artist.as_str()).collect();
    let parts: BTreeSet<&str> = catalogue.tracks.iter().filter_map(|track| track.get("set")).collect();
    let missing = speakers(&catalogue.root, VOX2_META)?.into_iter().filter_map(|(speaker, fields)| {
        let (_, part) = fields.into_iter().find(|(name, _)| *name == "set")?;
        let is_missing = parts.contains(part.as_str()) && !found.contains(speaker.as_str());
        is_missing.then(|| catalogue.root.join(part).join("aac").join(speaker))
    });
    Ok(missing.collect())
}

/// Named values of a speaker.
type Fields = Vec<(&'static str, String)>;

/// `vox?_meta.csv`: a header and one line for each speaker, with tabs (1) or commas (2) and stray spaces.
fn read_meta(path: &Path) -> Result<HashMap<String, Fields>, DatasetError> {
    let text = text(path)?;
    let mut rows = lines(&text).map(|(number, line)| {
        let fields: Vec<&str> = line.split(['\t', ',']).map(str::trim).collect();
        (number, fields)
    });
    let header = rows.next().map(|(_, header)| header).unwrap_or_default();
    let mut speakers = HashMap::new();
    for (number, row) in rows {
        if row.len() != header.len() {
            return Err(bad(path, number, format!("expected {} values, found {}", header.len(), row.len())));
        }
        let mut fields = Vec::new();
        for (&name, &value) in header.iter().zip(&row) {
            let name = match name.to_ascii_lowercase().as_str() {
                "vggface1 id" | "vggface2 id" => "name",
                "gender" => "sex",
                "nationality" => "nationality",
                "set" => "set",
                _ => continue,
            };
            fields.push((name, value.to_owned()));
        }
        speakers.insert(row[0].to_owned(), fields);
    }
    Ok(speakers)
}

/// Reads a verification list such as `veri_test.txt`: `1 FILE FILE` for the same speaker, `0 FILE FILE` for two.
///
/// The files of the list are `ID/VIDEO/UTTERANCE`, or the last three parts of any data set's paths; with tabs between the
/// fields they may have spaces in them. The trials name the tracks of `catalogue`.
///
/// # Errors
///
/// [`DatasetError::BadList`] for a line that is no trial or names an utterance that the catalogue lacks.
pub fn trials(path: &Path, catalogue: &Catalogue) -> Result<Vec<Trial>, DatasetError> {
    let ids: HashMap<String, &str> = catalogue
        .tracks
        .iter()
        .filter_map(|track| Some((last::<3>(&track.id)?.join("/"), track.id.as_str())))
        .collect();
    let mut trials = Vec::new();
    for (number, line) in lines(&text(path)?) {
        let fields: Vec<&str> = if line.contains('\t') {
            line.split('\t').map(str::trim).collect()
        } else {
            line.split_whitespace().collect()
        };
        let [same @ ("0" | "1"), first, second] = fields.as_slice() else {
            return Err(bad(path, number, format!("expected 0 or 1 and two files, found {line:?}")));
        };
        let id = |file: &str| match ids.get(file) {
            Some(id) => Ok((*id).to_owned()),
            None => Err(bad(path, number, format!("data set {:?} has no track {file:?}", catalogue.name))),
        };
        trials.push(Trial { same: *same == "1", first: id(first)?, second: id(second)? });
    }
    Ok(trials)
}
