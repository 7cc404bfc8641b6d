//! LibriSpeech (Panayotov 2015): `SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-UTTERANCE.flac` and SPEAKERS.TXT.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::folder::{needs, require_folder};
use crate::lists::{bad, find, last, lines, misplaced, require, require_some, text, tree};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request, SkipReason, Skipped, Track};

pub(crate) static LIBRISPEECH: Set =
    Set::with_missing(include_str!("../../../datasets/librispeech/dataset.toml"), open, missing_chapters);

const LAYOUT: &str = "SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-UTTERANCE.flac";

struct Speaker {
    sex: String,
    name: String,
}

/// Speakers are the artists and chapters their albums. `split` is the published one (train-*, dev-* and
/// test-* folders), whose speakers are disjoint.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let root = find(root, &["LibriSpeech"]).unwrap_or_else(|| root.to_owned());
    let list =
        require(&root, &["SPEAKERS.TXT"], "the list of speakers that every part of LibriSpeech brings")?;
    let speakers = speakers(&list)?;
    let found = tree(&root, &root, &extensions)?;
    let (mut tracks, mut skipped) = (Vec::new(), found.skipped);
    for mut track in found.tracks {
        let Some([subset, speaker, chapter, _]) = exactly(&track.id) else {
            skipped.push(misplaced(&track, LAYOUT));
            continue;
        };
        let split = match subset.split('-').next() {
            Some("train") => "train",
            Some("dev") => "validation",
            Some("test") => "test",
            _ => {
                skipped.push(misplaced(&track, LAYOUT));
                continue;
            }
        };
        if !track.title.starts_with(&format!("{speaker}-{chapter}-")) {
            skipped.push(misplaced(&track, LAYOUT));
            continue;
        }
        let Some(known) = speakers.get(&speaker) else {
            return Err(DatasetError::BadList {
                path: list,
                line: None,
                reason: format!("speaker {speaker} of {} is not in it", track.path.display()),
            });
        };
        track = track
            .with_field("speaker", &speaker)
            .with_field("sex", &known.sex)
            .with_field("name", &known.name)
            .with_field("subset", subset)
            .with_field("split", split);
        (track.artist, track.album) = (speaker, chapter);
        tracks.push(track);
    }
    require_some(&root, &tracks, &skipped)?;
    missing(&tracks, &mut skipped)?;
    Catalogue::new(&info.name, &root, tracks, skipped, found.ignored)
}

/// Utterances that the transcript of their chapter has, `SPEAKER-CHAPTER.trans.txt`, and that are not there.
fn missing(tracks: &[Track], skipped: &mut Vec<Skipped>) -> Result<(), DatasetError> {
    let found: BTreeSet<&Path> = tracks.iter().map(|track| track.path.as_path()).collect();
    let chapter =
        |track: &Track| Some((track.path.parent()?.to_owned(), track.title.rsplit_once('-')?.0.to_owned()));
    let chapters: BTreeSet<(PathBuf, String)> = tracks.iter().filter_map(chapter).collect();
    for (folder, name) in chapters {
        let list = folder.join(format!("{name}.trans.txt"));
        if !list.is_file() {
            continue;
        }
        for (_, line) in lines(&text(&list)?) {
            let utterance = line.split(' ').next().unwrap_or(line);
            let path = folder.join(format!("{utterance}.flac"));
            if !found.contains(path.as_path()) {
                let reason = SkipReason::Missing { list: list.display().to_string() };
                skipped.push(Skipped { path, reason });
            }
        }
    }
    Ok(())
}

/// The four names of an id.
fn exactly(id: &str) -> Option<[String; 4]> {
    let names: [&str; 4] = last(id)?;
    (names.iter().map(|name| name.len() + 1).sum::<usize>() == id.len() + 1).then(|| names.map(str::to_owned))
}

/// `ID | SEX | SUBSET | MINUTES | NAME`, where a name may contain a bar; `;` begins a comment.
fn speakers(path: &Path) -> Result<HashMap<String, Speaker>, DatasetError> {
    let mut speakers = HashMap::new();
    for (number, line) in lines(&text(path)?).filter(|(_, line)| !line.starts_with(';')) {
        let fields: Vec<&str> = line.splitn(5, '|').map(str::trim).collect();
        let [id, sex, _, _, name] = fields.as_slice() else {
            return Err(bad(
                path,
                number,
                format!("expected ID | SEX | SUBSET | MINUTES | NAME, found {line:?}"),
            ));
        };
        speakers.insert((*id).to_owned(), Speaker { sex: (*sex).to_owned(), name: (*name).to_owned() });
    }
    Ok(speakers)
}

/// Folders of chapters that CHAPTERS.TXT (`ID | READER | MINUTES | SUBSET | ...`) has and that hold no audio, of the
/// subsets that are there.
fn missing_chapters(catalogue: &Catalogue) -> Result<Vec<PathBuf>, DatasetError> {
    let Some(list) = find(&catalogue.root, &["CHAPTERS.TXT"]) else { return Ok(Vec::new()) };
    let subsets: BTreeSet<&str> = catalogue.tracks.iter().filter_map(|track| track.get("subset")).collect();
    let found: BTreeSet<(&str, &str)> =
        catalogue.tracks.iter().map(|track| (track.artist.as_str(), track.album.as_str())).collect();
    let mut missing = Vec::new();
    for (number, line) in lines(&text(&list)?).filter(|(_, line)| !line.starts_with(';')) {
        let fields: Vec<&str> = line.splitn(5, '|').map(str::trim).collect();
        let [chapter, speaker, _, subset, _] = fields.as_slice() else {
            return Err(bad(
                &list,
                number,
                format!("expected ID | READER | MINUTES | SUBSET and more, found {line:?}"),
            ));
        };
        if subsets.contains(subset) && !found.contains(&(*speaker, *chapter)) {
            missing.push(catalogue.root.join(subset).join(speaker).join(chapter));
        }
    }
    Ok(missing)
}
