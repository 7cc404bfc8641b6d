//! Million Song Dataset (Bertin-Mahieux 2011): one HDF5 file a song, `A/B/C/TRABC....h5`, and `unique_tracks.txt`.

mod song;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::folder::{needs, require_folder};
use crate::info::Info;
use crate::lists::{bad, find, lines, misplaced, require_some, text, tree};
use crate::scan::{Layout, Scan, scan};
use crate::{Catalogue, Content, Dataset, DatasetError, Request, SkipReason, Skipped, Track};

pub use song::{Segments, segments};

pub(crate) static MSD: Msd =
    Msd { info: LazyLock::new(|| Info::embedded(include_str!("../../../datasets/msd/dataset.toml"))) };

pub(crate) struct Msd {
    info: LazyLock<Info>,
}

const LAYOUT: &str = "A/B/C/TRABC....h5, with the letters of the track id";
const SEPARATOR: &str = "<SEP>";

impl Dataset for Msd {
    fn info(&self) -> &Info {
        &self.info
    }

    /// The release is the album. `year` is absent where it is not known (0 in the file), `terms` are those of the
    /// artist, the heaviest first, separated by `; `, and `term` is the heaviest.
    ///
    /// A track's file is its HDF5 file, which holds [`segments`], or with the option `audio` the audio that is called
    /// by its id: songs without are then skipped.
    fn open(&self, request: &Request) -> Result<Catalogue, DatasetError> {
        let (root, extensions) = needs(&self.info, request)?;
        require_folder(root)?;
        let data = find(root, &["MillionSongSubset/data", "MillionSongSubset", "data"])
            .unwrap_or_else(|| root.to_owned());
        let list = list(root, &data);
        let mut listed = match &list {
            Some(path) => unique_tracks(path)?,
            None => BTreeMap::new(),
        };
        let audio = match request.options.get("audio") {
            Some(folder) => Some(Audio::of(Path::new(folder), &extensions)?),
            None => None,
        };
        let found = tree(&data, &data, &["h5".to_owned()])?;
        let mut joined = Joined { tracks: Vec::new(), skipped: found.skipped, audio };
        for track in found.tracks {
            // Summary files lie beside the folders of letters.
            if !is_placed(&track) {
                joined.skipped.push(misplaced(&track, LAYOUT));
                continue;
            }
            let id = track.title.clone();
            if let Some(path) = list.as_ref().filter(|_| listed.remove(&id).is_none()) {
                let list = path.display().to_string();
                joined.skipped.push(Skipped { path: track.path, reason: SkipReason::Unlisted { list } });
                continue;
            }
            match song::describe(&track.path, track.clone()) {
                Ok(described) => joined.add(&id, described),
                Err(error) => {
                    joined
                        .skipped
                        .push(Skipped { path: track.path, reason: SkipReason::Unreadable { error } });
                }
            }
        }
        if let Some(list) = list {
            let list = list.display().to_string();
            joined.skipped.extend(listed.into_keys().map(|id| Skipped {
                path: data.join(place(&id)),
                reason: SkipReason::Missing { list: list.clone() },
            }));
        }
        joined.catalogue(self.name(), &data, found.ignored)
    }
}

/// What is in the catalogue so far.
struct Joined {
    tracks: Vec<Track>,
    skipped: Vec<Skipped>,
    audio: Option<Audio>,
}

impl Joined {
    fn add(&mut self, id: &str, mut track: Track) {
        if let Some(audio) = &mut self.audio {
            let Some(file) = audio.files.remove(id) else {
                let reason = SkipReason::Lacks { what: format!("audio in {}", audio.root.display()) };
                self.skipped.push(Skipped { path: track.path, reason });
                return;
            };
            (track.id, track.path) = (file.id, file.path);
        }
        self.tracks.push(track);
    }

    fn catalogue(
        mut self,
        name: &str,
        data: &Path,
        ignored: crate::Ignored,
    ) -> Result<Catalogue, DatasetError> {
        let (root, content) = match self.audio {
            Some(audio) => {
                let unlisted = audio.files.into_values().map(|file| {
                    let list = data.display().to_string();
                    Skipped { path: file.path, reason: SkipReason::Unlisted { list } }
                });
                self.skipped.extend(unlisted);
                (audio.root, Content::Audio)
            }
            None => (data.to_owned(), Content::Segments),
        };
        require_some(&root, &self.tracks, &self.skipped)?;
        let catalogue = Catalogue::new(name, root, self.tracks, self.skipped, ignored)?;
        Ok(catalogue.with_content(content).with_caution(NAMES))
    }
}

const NAMES: &str = "Names of MSD's artists vary (\"X feat. Y\") and releases repeat: `--label artist_id` keeps artists \
                     apart, and known mismatches of songs and tracks are in sid_mismatches.txt of the data set.";

/// Audio by the track id that it is called.
struct Audio {
    root: PathBuf,
    files: BTreeMap<String, Track>,
}

impl Audio {
    fn of(root: &Path, extensions: &[String]) -> Result<Self, DatasetError> {
        require_folder(root)?;
        let Scan { mut tracks, .. } = scan(root, extensions, Layout::Tree)?;
        // Of two files of one id the first counts, whatever the order in which they were listed.
        tracks.sort_by(|a, b| b.id.cmp(&a.id));
        let files = tracks.into_iter().map(|track| (track.title.clone(), track)).collect();
        Ok(Self { root: root.to_owned(), files })
    }
}

/// The folders of a track id, and its file.
fn place(id: &str) -> String {
    let mut letters = id.chars().skip(2);
    let mut folder = || letters.next().map(String::from).unwrap_or_default();
    format!("{}/{}/{}/{id}.h5", folder(), folder(), folder())
}

fn is_placed(track: &Track) -> bool {
    is_track_id(&track.title) && place(&track.title) == track.id
}

fn is_track_id(id: &str) -> bool {
    id.len() == 18 && id.starts_with("TR") && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The list of all tracks: of the subset if that is what this is.
fn list(root: &Path, data: &Path) -> Option<PathBuf> {
    const NAMES: [&str; 4] = [
        "AdditionalFiles/subset_unique_tracks.txt",
        "AdditionalFiles/unique_tracks.txt",
        "subset_unique_tracks.txt",
        "unique_tracks.txt",
    ];
    [Some(root), data.parent(), Some(data)].into_iter().flatten().find_map(|folder| find(folder, &NAMES))
}

/// `TRACK<SEP>SONG<SEP>ARTIST<SEP>TITLE`: the song of every track.
fn unique_tracks(path: &Path) -> Result<BTreeMap<String, String>, DatasetError> {
    let mut tracks = BTreeMap::new();
    for (number, line) in lines(&text(path)?) {
        let mut fields = line.splitn(4, SEPARATOR);
        match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(track), Some(song), Some(_), Some(_)) if is_track_id(track) => {
                tracks.insert(track.to_owned(), song.to_owned());
            }
            _ => {
                let expected = "expected TRACK<SEP>SONG<SEP>ARTIST<SEP>TITLE";
                return Err(bad(path, number, format!("{expected}, found {line:?}")));
            }
        }
    }
    Ok(tracks)
}
