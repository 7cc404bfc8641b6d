//! A list of tracks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::{Counts, DatasetError, Ignored, Skipped};

/// One recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Unique in the catalogue: the path relative to its root, with `/` on every system.
    pub id: String,
    /// Who plays: the class to be recognised.
    pub artist: String,
    /// The album, unique within its artist.
    pub album: String,
    /// For people; not unique.
    pub title: String,
    /// The file.
    pub path: PathBuf,
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
    /// What looked like music and was left out, sorted by path.
    pub skipped: Vec<Skipped>,
    /// What did not look like music.
    pub ignored: Ignored,
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
        Ok(Self { name, root: root.into(), tracks, skipped, ignored })
    }

    /// Every artist once, sorted: the classes.
    pub fn artists(&self) -> Vec<&str> {
        let artists: BTreeSet<_> = self.tracks.iter().map(|track| track.artist.as_str()).collect();
        artists.into_iter().collect()
    }

    /// Every (artist, album) once, sorted.
    pub fn albums(&self) -> Vec<(&str, &str)> {
        let albums: BTreeSet<_> =
            self.tracks.iter().map(|track| (track.artist.as_str(), track.album.as_str())).collect();
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

    /// Whether there is enough to learn from: at least `min_artists` artists with at least
    /// `min_tracks_per_artist` tracks each.
    ///
    /// # Errors
    ///
    /// Naming the artists that are there, or all those that have too few tracks.
    pub fn require_classes(
        &self,
        min_artists: usize,
        min_tracks_per_artist: usize,
    ) -> Result<(), DatasetError> {
        let counts = self.artist_counts();
        if counts.len() < min_artists {
            return Err(DatasetError::TooFewArtists {
                root: self.root.clone(),
                needed: min_artists,
                found: counts.into_iter().map(|count| count.artist).collect(),
            });
        }
        let short: Vec<_> = counts.into_iter().filter(|count| count.tracks < min_tracks_per_artist).collect();
        if short.is_empty() {
            Ok(())
        } else {
            Err(DatasetError::TooFewTracks {
                root: self.root.clone(),
                needed: min_tracks_per_artist,
                found: short,
            })
        }
    }
}
