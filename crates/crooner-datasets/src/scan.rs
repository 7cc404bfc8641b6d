//! Walks a folder of audio, and reads names off the paths as its [`Layout`] says.
//!
//! Two passes: first everything that lies under the root itself, then, in the order of their paths, the
//! symbolic links. No folder and no file is read twice, so the walk ends whatever the links do, takes
//! time linear in what there is, and what it finds does not depend on the order in which the file system
//! lists names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::{DatasetError, Ignored, SkipReason, Skipped, Track};

/// What the folders of a path are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `ARTIST/ALBUM/TRACK`; deeper folders belong to the album.
    ArtistAlbum,
    /// `LABEL/TRACK`; deeper folders belong to the label, which is the artist too.
    Label,
    /// Whatever: artist and album are left to the caller.
    Tree,
}

/// What was found, unsorted.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) tracks: Vec<Track>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) ignored: Ignored,
    /// How many names the root has, hidden ones included.
    pub(crate) n_entries: usize,
}

/// Lists `root`, an existing folder. `extensions` are in lower case without dot.
pub(crate) fn scan(root: &Path, extensions: &[String], layout: Layout) -> Result<Scan, DatasetError> {
    let real_root = fs::canonicalize(root).map_err(DatasetError::io("read folder", root))?;
    let entries = list(root).map_err(DatasetError::io("read folder", root))?;

    let mut walk = Walk::new(root, &real_root, extensions, layout);
    walk.found.n_entries = entries.len();
    walk.seen.insert(real_root.clone(), root.to_owned());
    let top = Place { path: root.to_owned(), real: real_root.clone(), names: Vec::new() };
    walk.entries(&top, entries);
    walk.folders();
    while let Some((path, names)) = walk.links.pop_first() {
        walk.link(path, names);
        walk.folders();
    }
    if layout != Layout::Tree {
        walk.note_empty_artists();
    }
    Ok(walk.found)
}

/// A file or folder: the path by which it was reached, the one without links, and its names below the
/// root.
struct Place {
    path: PathBuf,
    real: PathBuf,
    names: Vec<String>,
}

struct Walk<'a> {
    root: &'a Path,
    real_root: &'a Path,
    extensions: &'a [String],
    layout: Layout,
    found: Scan,
    /// Folders yet to be listed.
    pending: Vec<Place>,
    /// Links yet to be followed.
    links: BTreeMap<PathBuf, Vec<String>>,
    /// Real path of every folder listed and every track, with the path by which it was reached.
    seen: HashMap<PathBuf, PathBuf>,
    /// Folders in the root that were listed.
    artists: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path, real_root: &'a Path, extensions: &'a [String], layout: Layout) -> Self {
        Self {
            root,
            real_root,
            extensions,
            layout,
            found: Scan::default(),
            pending: Vec::new(),
            links: BTreeMap::new(),
            seen: HashMap::new(),
            artists: BTreeSet::new(),
        }
    }

    fn folders(&mut self) {
        while let Some(place) = self.pending.pop() {
            match list(&place.path) {
                Ok(entries) => {
                    if let [artist] = place.names.as_slice() {
                        self.artists.insert(artist.clone());
                    }
                    self.entries(&place, entries);
                }
                Err(error) => self.unreadable(place.path, &error),
            }
        }
    }

    fn entries(&mut self, parent: &Place, entries: Vec<DirEntry>) {
        for entry in entries {
            let (name, path) = (entry.file_name(), entry.path());
            if name.as_encoded_bytes().starts_with(b".") {
                self.found.ignored.hidden += 1;
                continue;
            }
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    self.unreadable(path, &error);
                    continue;
                }
            };
            if !kind.is_dir() && !kind.is_symlink() && !self.is_audio(&path) {
                self.found.ignored.not_audio += 1;
                continue;
            }
            let Some(utf8) = name.to_str() else {
                let lossy_name = name.to_string_lossy().into_owned();
                self.skip(path, SkipReason::NotUtf8 { lossy_name });
                continue;
            };
            let names: Vec<String> = parent.names.iter().cloned().chain([utf8.to_owned()]).collect();
            if kind.is_symlink() {
                self.links.insert(path, names);
                continue;
            }
            let place = Place { path, real: parent.real.join(&name), names };
            if kind.is_dir() {
                self.folder(place);
            } else if kind.is_file() {
                self.audio(place);
            } else {
                self.skip(place.path, SkipReason::NotAFile);
            }
        }
    }

    fn link(&mut self, path: PathBuf, names: Vec<String>) {
        let target = fs::canonicalize(&path).and_then(|real| Ok((fs::metadata(&real)?, real)));
        let (metadata, real) = match target {
            Ok(target) => target,
            Err(error) => return self.unreadable(path, &error),
        };
        let place = Place { path, real, names };
        if metadata.is_dir() {
            if self.real_root != place.real && self.real_root.starts_with(&place.real) {
                self.skip(place.path, SkipReason::ContainsRoot);
            } else {
                self.folder(place);
            }
        } else if !self.is_audio(&place.path) {
            self.found.ignored.not_audio += 1;
        } else if metadata.is_file() {
            self.audio(place);
        } else {
            self.skip(place.path, SkipReason::NotAFile);
        }
    }

    fn folder(&mut self, place: Place) {
        if let Some(first) = self.seen.get(&place.real) {
            let first = first.clone();
            self.skip(place.path, SkipReason::AlreadyRead { first });
        } else {
            self.seen.insert(place.real.clone(), place.path.clone());
            self.pending.push(place);
        }
    }

    fn audio(&mut self, place: Place) {
        let (artist, album) = match (self.layout, place.names.as_slice()) {
            (Layout::Tree, _) => (String::new(), String::new()),
            (Layout::Label, [label, _, ..]) => (label.clone(), String::new()),
            (Layout::Label, _) => return self.skip(place.path, SkipReason::NoLabel),
            (Layout::ArtistAlbum, [artist, album, _, ..]) => (artist.clone(), album.clone()),
            (Layout::ArtistAlbum, [_, _]) => return self.skip(place.path, SkipReason::NoAlbum),
            (Layout::ArtistAlbum, _) => return self.skip(place.path, SkipReason::NoArtist),
        };
        if let Some(first) = self.seen.get(&place.real) {
            let first = first.clone();
            return self.skip(place.path, SkipReason::AlreadyRead { first });
        }
        let title = place.path.file_stem().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
        self.seen.insert(place.real, place.path.clone());
        let mut track = Track::new(place.names.join("/"), artist, album, title, place.path);
        if self.layout == Layout::Label {
            track = track.with_field("label", place.names.first().map(String::as_str).unwrap_or_default());
        }
        self.found.tracks.push(track);
    }

    /// An artist must not vanish from the classes without a word.
    fn note_empty_artists(&mut self) {
        for track in &self.found.tracks {
            self.artists.remove(&track.artist);
        }
        for skipped in &self.found.skipped {
            let first = skipped.path.strip_prefix(self.root).ok().and_then(|below| below.iter().next());
            if let Some(artist) = first.and_then(OsStr::to_str) {
                self.artists.remove(artist);
            }
        }
        for artist in std::mem::take(&mut self.artists) {
            self.skip(self.root.join(artist), SkipReason::EmptyArtist);
        }
    }

    fn is_audio(&self, path: &Path) -> bool {
        path.extension()
            .and_then(OsStr::to_str)
            .is_some_and(|found| self.extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
    }

    fn unreadable(&mut self, path: PathBuf, error: &io::Error) {
        self.skip(path, SkipReason::Unreadable { error: error.to_string() });
    }

    fn skip(&mut self, path: PathBuf, reason: SkipReason) {
        self.found.skipped.push(Skipped { path, reason });
    }
}

fn list(folder: &Path) -> io::Result<Vec<DirEntry>> {
    fs::read_dir(folder)?.collect()
}
