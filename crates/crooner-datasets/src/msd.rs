//! Million Song Dataset (Bertin-Mahieux 2011): one HDF5 file a song, `A/B/C/TRABC....h5`, and `unique_tracks.txt`.

mod database;
mod song;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::folder::{needs, option, require_folder};
use crate::lists::{bad, find, lines, misplaced, require_some, text, tree};
use crate::scan::{Layout, Scan, scan};
use crate::set::Set;
use crate::{Catalogue, Content, DatasetError, Ignored, Info, Request, SkipReason, Skipped, Track};

pub use song::{Segments, segments};

pub(crate) static MSD: Set = Set::new(include_str!("../../../datasets/msd/dataset.toml"), open);

const LAYOUT: &str = "A/B/C/TRABC....h5, with the letters of the track id";
const SEPARATOR: &str = "<SEP>";

/// The release is the album. `year` is absent where it is not known (0 in the file), `terms` are those of the
/// artist, the heaviest first, separated by `; `, and `term` is the heaviest.
///
/// A track's file is its HDF5 file, which holds [`segments`], or with the option `audio` the audio that is called
/// by its id: songs without are then skipped. With `metadata=database` no song's file is read.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let (root, extensions) = needs(info, request)?;
    require_folder(root)?;
    let data = find(root, &["MillionSongSubset/data", "MillionSongSubset", "data"])
        .unwrap_or_else(|| root.to_owned());
    let audio = match request.options.get("audio") {
        Some(folder) => Some(Audio::of(Path::new(folder), &extensions)?),
        None => None,
    };
    let mut joined = Joined { tracks: Vec::new(), skipped: Vec::new(), ignored: Ignored::default(), audio };
    match option(info, request, "metadata", &["songs", "database"])? {
        Some("database") => joined.add_database(root, &data)?,
        _ => joined.add_songs(root, &data)?,
    }
    joined.catalogue(&info.name, &data)
}

/// What is in the catalogue so far.
struct Joined {
    tracks: Vec<Track>,
    skipped: Vec<Skipped>,
    ignored: Ignored,
    audio: Option<Audio>,
}

impl Joined {
    /// Every song, described by its own file.
    fn add_songs(&mut self, root: &Path, data: &Path) -> Result<(), DatasetError> {
        let list = list(root, data);
        let mut listed = match &list {
            Some(path) => unique_tracks(path)?,
            None => BTreeMap::new(),
        };
        for track in self.placed(data)? {
            let id = track.title.clone();
            if let Some(path) = list.as_ref().filter(|_| listed.remove(&id).is_none()) {
                self.skip(track.path, SkipReason::Unlisted { list: path.display().to_string() });
                continue;
            }
            match song::describe(&track.path, track.clone()) {
                Ok(described) => self.add(&id, described),
                Err(error) => self.skip(track.path, SkipReason::Unreadable { error }),
            }
        }
        if let Some(list) = list {
            for id in listed.into_keys() {
                self.skip(data.join(place(&id)), SkipReason::Missing { list: list.display().to_string() });
            }
        }
        Ok(())
    }

    /// Every song that `track_metadata.db` describes. Only where there is no audio do they need files of their own.
    fn add_database(&mut self, root: &Path, data: &Path) -> Result<(), DatasetError> {
        let (path, mut songs) = database::songs(root, data)?;
        let list = || path.display().to_string();
        if self.audio.is_some() {
            for (id, song) in songs {
                self.add(&id, Track { path: data.join(place(&id)), ..song });
            }
            return Ok(());
        }
        for track in self.placed(data)? {
            match songs.remove(&track.title) {
                Some(song) => self.add(&track.title, Track { id: track.id, path: track.path, ..song }),
                None => self.skip(track.path, SkipReason::Unlisted { list: list() }),
            }
        }
        for id in songs.into_keys() {
            self.skip(data.join(place(&id)), SkipReason::Missing { list: list() });
        }
        Ok(())
    }

    /// The songs' files; summaries lie beside the folders of letters.
    fn placed(&mut self, data: &Path) -> Result<Vec<Track>, DatasetError> {
        let found = tree(data, data, &["h5".to_owned()])?;
        self.skipped.extend(found.skipped);
        self.ignored = found.ignored;
        let (placed, others): (Vec<_>, Vec<_>) = found.tracks.into_iter().partition(is_placed);
        self.skipped.extend(others.iter().map(|track| misplaced(track, LAYOUT)));
        Ok(placed)
    }

    fn skip(&mut self, path: PathBuf, reason: SkipReason) {
        self.skipped.push(Skipped { path, reason });
    }

    fn add(&mut self, id: &str, mut track: Track) {
        if let Some(audio) = &mut self.audio {
            let Some(file) = audio.files.remove(id) else {
                let reason = SkipReason::Lacks { what: format!("audio in {}", audio.root.display()) };
                self.skip(track.path, reason);
                return;
            };
            (track.id, track.path) = (file.id, file.path);
        }
        self.tracks.push(track);
    }

    fn catalogue(mut self, name: &str, data: &Path) -> Result<Catalogue, DatasetError> {
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
        let catalogue = Catalogue::new(name, root, self.tracks, self.skipped, self.ignored)?;
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
    beside(root, data, &NAMES)
}

/// The first of these that is there, in the folders in which the set's lists may lie.
fn beside(root: &Path, data: &Path, names: &[&str]) -> Option<PathBuf> {
    [Some(root), data.parent(), Some(data)].into_iter().flatten().find_map(|folder| find(folder, names))
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
