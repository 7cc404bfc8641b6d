//! A list of tracks.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::{Counts, DatasetError, Ignored, Skipped};

/// One recording.
///
/// A name that a set does not know is empty: [`get`](Self::get) then has no value for it, and a task that
/// needs it is refused ([`Catalogue::select`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Unique in the catalogue: the path relative to its root, with `/` on every system.
    pub id: String,
    /// Who plays: by default the class to be recognised.
    pub artist: String,
    /// The album, unique within its artist.
    pub album: String,
    /// For people; not unique.
    pub title: String,
    /// The file.
    pub path: PathBuf,
    /// Whatever else the set says of it: genre, year, speaker, ..., by name.
    pub fields: BTreeMap<String, String>,
}

impl Track {
    /// A track without further fields.
    pub fn new(
        id: impl Into<String>,
        artist: impl Into<String>,
        album: impl Into<String>,
        title: impl Into<String>,
        path: impl Into<PathBuf>,
    ) -> Self {
        Self {
            id: id.into(),
            artist: artist.into(),
            album: album.into(),
            title: title.into(),
            path: path.into(),
            fields: BTreeMap::new(),
        }
    }

    /// With one more field; an empty value is none.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.fields.insert(name.into(), value);
        }
        self
    }

    /// The value of a column: `id`, `artist`, `album`, `title`, or one of [`fields`](Self::fields). `None` if
    /// there is none or it is empty.
    pub fn get(&self, column: &str) -> Option<&str> {
        let value = match column {
            "id" => &self.id,
            "artist" => &self.artist,
            "album" => &self.album,
            "title" => &self.title,
            other => self.fields.get(other)?,
        };
        (!value.is_empty()).then_some(value.as_str())
    }
}

/// The class and the group of a track, as [`Catalogue::select`] finds them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selected<'a> {
    /// What is to be recognised.
    pub label: &'a str,
    /// What is kept together.
    pub group: Cow<'a, str>,
}

/// What the files of a catalogue's tracks hold, and so which features they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Audio to decode.
    #[default]
    Audio,
    /// Songs of the Million Song Dataset: [`segments`](crate::segments), no audio.
    Segments,
}

/// The tracks of a data set, and what was left out. Made by [`Catalogue::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Catalogue {
    /// The data set's name.
    pub name: String,
    /// The folder that holds the artists.
    pub root: PathBuf,
    /// Sorted by id; never empty.
    pub tracks: Vec<Track>,
    /// What the tracks' files hold.
    pub content: Content,
    /// What looked like music and was left out, sorted by path.
    pub skipped: Vec<Skipped>,
    /// What did not look like music.
    pub ignored: Ignored,
    /// What a user of this set must know, one sentence each.
    pub cautions: Vec<String>,
}

/// How much of one artist there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArtistCount {
    /// Who.
    pub artist: String,
    /// How many albums.
    pub albums: usize,
    /// How many tracks on all of them.
    pub tracks: usize,
}

/// How much of one album there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlbumCount {
    /// Whose.
    pub artist: String,
    /// Which.
    pub album: String,
    /// How many tracks.
    pub tracks: usize,
}

/// A catalogue in a few numbers, for whoever prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The data set's name.
    pub name: String,
    /// Artists, albums, tracks.
    pub counts: Counts,
    /// The artist with the fewest tracks, by name among equals.
    pub smallest: Option<ArtistCount>,
    /// The artist with the most tracks, by name among equals.
    pub largest: Option<ArtistCount>,
    /// How many things were left out with a reason.
    pub skipped: usize,
    /// What was passed over without one.
    pub ignored: Ignored,
}

impl Catalogue {
    /// Sorts what a data set found.
    ///
    /// # Errors
    ///
    /// When there is no track or an id repeats.
    pub fn new(
        name: impl Into<String>,
        root: impl Into<PathBuf>,
        mut tracks: Vec<Track>,
        mut skipped: Vec<Skipped>,
        ignored: Ignored,
    ) -> Result<Self, DatasetError> {
        let name = name.into();
        if tracks.is_empty() {
            return Err(DatasetError::NoTracks { name });
        }
        tracks.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some((a, _)) = tracks.iter().zip(tracks.iter().skip(1)).find(|(a, b)| a.id == b.id) {
            return Err(DatasetError::DuplicateId { name, id: a.id.clone() });
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        let content = Content::default();
        Ok(Self { name, root: root.into(), tracks, content, skipped, ignored, cautions: Vec::new() })
    }

    /// With files that hold something other than audio.
    #[must_use]
    pub fn with_content(self, content: Content) -> Self {
        Self { content, ..self }
    }

    /// With something that a user of the set must know: one sentence.
    #[must_use]
    pub fn with_caution(mut self, sentence: impl Into<String>) -> Self {
        self.cautions.push(sentence.into());
        self
    }

    /// Every artist that is known once, sorted.
    pub fn artists(&self) -> Vec<&str> {
        let artists: BTreeSet<_> = self.tracks.iter().filter_map(|track| track.get("artist")).collect();
        artists.into_iter().collect()
    }

    /// Every (artist, album) whose album is known once, sorted.
    pub fn albums(&self) -> Vec<(&str, &str)> {
        let albums: BTreeSet<_> = self
            .tracks
            .iter()
            .filter_map(|track| Some((track.artist.as_str(), track.get("album")?)))
            .collect();
        albums.into_iter().collect()
    }

    /// Albums and tracks of every artist, sorted by artist.
    pub fn artist_counts(&self) -> Vec<ArtistCount> {
        let mut counts: Vec<ArtistCount> = Vec::new();
        for AlbumCount { artist, tracks, .. } in self.album_counts() {
            match counts.last_mut() {
                Some(last) if last.artist == artist => {
                    last.albums += 1;
                    last.tracks += tracks;
                }
                _ => counts.push(ArtistCount { artist, albums: 1, tracks }),
            }
        }
        counts
    }

    /// Tracks of every album, sorted by artist and album.
    pub fn album_counts(&self) -> Vec<AlbumCount> {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for track in &self.tracks {
            *counts.entry((&track.artist, &track.album)).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((artist, album), tracks)| AlbumCount {
                artist: artist.to_owned(),
                album: album.to_owned(),
                tracks,
            })
            .collect()
    }

    /// How many artists, albums and tracks.
    pub fn counts(&self) -> Counts {
        Counts { artists: self.artists().len(), albums: self.albums().len(), tracks: self.tracks.len() }
    }

    /// The catalogue in a few numbers.
    pub fn summary(&self) -> Summary {
        let mut artists = self.artist_counts();
        artists.sort_by(|a, b| (a.tracks, &a.artist).cmp(&(b.tracks, &b.artist)));
        let most = artists.last().map_or(0, |artist| artist.tracks);
        Summary {
            name: self.name.clone(),
            counts: self.counts(),
            smallest: artists.first().cloned(),
            largest: artists.into_iter().find(|artist| artist.tracks == most),
            skipped: self.skipped.len(),
            ignored: self.ignored,
        }
    }

    /// The columns that some track has a value in, sorted: what [`select`](Self::select) can choose from.
    pub fn columns(&self) -> Vec<&str> {
        let fixed = ["album", "artist", "id", "title"];
        let named =
            fixed.into_iter().filter(|name| self.tracks.iter().any(|track| track.get(name).is_some()));
        let fields = self.tracks.iter().flat_map(|track| track.fields.keys().map(String::as_str));
        named.chain(fields).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The class (column `label`) and group (column `group`) of every track, in the order of the tracks.
    ///
    /// An album is one within its artist, so where classes are not the artists it is called
    /// `ARTIST / ALBUM`. The group `track` (or `id`) makes every track a group of its own.
    ///
    /// # Errors
    ///
    /// [`DatasetError::UnknownColumn`] if no track has that column, [`DatasetError::MissingValues`] if some
    /// have not.
    pub fn select<'a>(&'a self, label: &str, group: &str) -> Result<Vec<Selected<'a>>, DatasetError> {
        self.require_column(if group == "track" { "id" } else { group })?;
        self.select_label(label, group)
    }

    /// The same for tasks that keep nothing together: the group is empty where it is not known.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select), for the label only.
    pub fn select_label<'a>(&'a self, label: &str, group: &str) -> Result<Vec<Selected<'a>>, DatasetError> {
        let group = if group == "track" { "id" } else { group };
        self.require_column(label)?;
        let qualified = group == "album" && label != "artist";
        let select = |track: &'a Track| {
            let label = track.get(label)?;
            let group = match (track.get(group).unwrap_or_default(), track.get("artist")) {
                (album, Some(artist)) if qualified && !album.is_empty() => {
                    Cow::Owned(format!("{artist} / {album}"))
                }
                (group, _) => Cow::Borrowed(group),
            };
            Some(Selected { label, group })
        };
        Ok(self.tracks.iter().filter_map(select).collect())
    }

    fn require_column(&self, column: &str) -> Result<(), DatasetError> {
        /// A column may be missing in a million tracks; the first few tell.
        const SHOWN: usize = 3;
        let missing = || self.tracks.iter().filter(|track| track.get(column).is_none());
        let found = missing().count();
        if found == 0 {
            return Ok(());
        }
        let name = self.name.clone();
        if found == self.tracks.len() {
            let known = self.columns().into_iter().map(str::to_owned).collect();
            return Err(DatasetError::UnknownColumn { name, column: column.to_owned(), known });
        }
        Err(DatasetError::MissingValues {
            name,
            column: column.to_owned(),
            found,
            of: self.tracks.len(),
            examples: missing().take(SHOWN).map(|track| track.id.clone()).collect(),
        })
    }

    /// Tracks of every class that the column `label` names, sorted by class.
    pub fn class_counts(&self, label: &str) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for class in self.tracks.iter().filter_map(|track| track.get(label)) {
            *counts.entry(class).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// Whether there is enough to learn from: at least `min_classes` classes (values of the column `label`)
    /// with at least `min_tracks_per_class` tracks each.
    ///
    /// # Errors
    ///
    /// Naming the classes that are there, or all those that have too few tracks.
    pub fn require_classes(
        &self,
        label: &str,
        min_classes: usize,
        min_tracks_per_class: usize,
    ) -> Result<(), DatasetError> {
        let counts = self.class_counts(label);
        if counts.len() < min_classes {
            return Err(DatasetError::TooFewClasses {
                root: self.root.clone(),
                label: label.to_owned(),
                needed: min_classes,
                found: counts.into_iter().map(|(class, _)| class.to_owned()).collect(),
            });
        }
        let short: Vec<_> = counts
            .into_iter()
            .filter(|(_, tracks)| *tracks < min_tracks_per_class)
            .map(|(class, tracks)| (class.to_owned(), tracks))
            .collect();
        if short.is_empty() {
            Ok(())
        } else {
            Err(DatasetError::TooFewTracks {
                root: self.root.clone(),
                label: label.to_owned(),
                needed: min_tracks_per_class,
                found: short,
            })
        }
    }
}
