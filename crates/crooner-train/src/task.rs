//! What is learnt from what: classes, tracks, and the slices of each side of a split.

use std::collections::BTreeSet;

use crooner_split::{Side, Split};
use crooner_store::FeatureSet;
use half::f16;

use crate::TrainError;

/// Where the frames of tracks come from.
pub trait FrameSource: Sync {
    /// Mel bands of a frame.
    fn n_mels(&self) -> usize;
    /// The frames of track number `track`, `[n_frames, n_mels]`, dB.
    fn frames(&self, track: usize) -> &[f16];
}

impl FrameSource for FeatureSet {
    fn n_mels(&self) -> usize {
        self.n_bins()
    }

    fn frames(&self, track: usize) -> &[f16] {
        Self::frames(self, track)
    }
}

/// A track of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskTrack {
    /// Its id in the catalogue.
    pub id: String,
    /// Its number in the [`FrameSource`].
    pub source: usize,
    /// Its class, an index into [`Task::labels`].
    pub label: usize,
}

/// A run of frames of one track: `frames[start..start + slice_frames]`.
///
/// Eight bytes: there are many, and an epoch holds them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slice {
    track: u32,
    start: u32,
}

impl Slice {
    /// The slice of this track from this frame on.
    #[must_use]
    pub fn new(track: usize, start: usize) -> Self {
        // No list holds 2^32 tracks, and no track as many frames: that is four years.
        Self { track: track as u32, start: start as u32 }
    }

    /// Index into the side's tracks.
    #[must_use]
    pub fn track(self) -> usize {
        self.track as usize
    }

    /// First frame.
    #[must_use]
    pub fn start(self) -> usize {
        self.start as usize
    }
}

/// Tracks of one side, cut into slices that do not overlap; a remainder shorter than a slice is
/// left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideTracks {
    /// Tracks with at least one slice.
    pub tracks: Vec<TaskTrack>,
    /// Their slices, track by track.
    pub slices: Vec<Slice>,
    /// Ids of tracks shorter than a slice, which take no part.
    pub too_short: Vec<String>,
}

/// A classification task: frames, classes and the three sides.
pub struct Task<'a> {
    source: &'a dyn FrameSource,
    labels: Vec<String>,
    slice_frames: usize,
    sides: [SideTracks; 3],
}

impl<'a> Task<'a> {
    /// Cuts the tracks of `split` into slices of `slice_frames` frames. The classes are the
    /// artists, sorted.
    ///
    /// # Errors
    ///
    /// [`TrainError::NotStored`] for a track that the store does not hold,
    /// [`TrainError::NoSlices`] if a side has none.
    pub fn new(features: &'a FeatureSet, split: &Split, slice_frames: usize) -> Result<Self, TrainError> {
        let mut rows = Vec::new();
        for (side, item) in split.rows() {
            let source =
                features.find(&item.id).ok_or_else(|| TrainError::NotStored { track: item.id.clone() })?;
            rows.push(TaskRow { side, id: item.id.clone(), artist: item.label.clone(), source });
        }
        Self::from_rows(features, rows, slice_frames)
    }

    /// The same for frames from anywhere. Keeping the sides apart is up to the caller here.
    ///
    /// # Errors
    ///
    /// [`TrainError::NoSlices`] if a side has none.
    pub fn from_rows(
        source: &'a dyn FrameSource,
        rows: Vec<TaskRow>,
        slice_frames: usize,
    ) -> Result<Self, TrainError> {
        let labels: BTreeSet<&str> = rows.iter().map(|row| row.artist.as_str()).collect();
        let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        let mut sides =
            [const { SideTracks { tracks: Vec::new(), slices: Vec::new(), too_short: Vec::new() } }; 3];
        for TaskRow { side, id, artist, source: index } in rows {
            let side = &mut sides[side as usize];
            let starts = slice_starts(source.frames(index).len() / source.n_mels(), slice_frames);
            if starts.len() == 0 {
                side.too_short.push(id);
                continue;
            }
            let track = side.tracks.len();
            side.slices.extend(starts.map(|start| Slice::new(track, start)));
            let label = labels.partition_point(|label| *label < artist);
            side.tracks.push(TaskTrack { id, source: index, label });
        }
        for side in [Side::Train, Side::Validation, Side::Test] {
            if sides[side as usize].slices.is_empty() {
                return Err(TrainError::NoSlices { side, slice_frames });
            }
        }
        Ok(Self { source, labels, slice_frames, sides })
    }

    /// Class names, sorted.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Mel bands of a frame.
    #[must_use]
    pub fn n_mels(&self) -> usize {
        self.source.n_mels()
    }

    /// Frames of a slice.
    #[must_use]
    pub fn slice_frames(&self) -> usize {
        self.slice_frames
    }

    /// Tracks and slices of a side.
    #[must_use]
    pub fn side(&self, side: Side) -> &SideTracks {
        &self.sides[side as usize]
    }

    /// All frames of a track, `[n_frames, n_mels]`, dB.
    #[must_use]
    pub fn frames(&self, track: &TaskTrack) -> &[f16] {
        self.source.frames(track.source)
    }

    /// The frames of `slice`, `[slice_frames, n_mels]`, and its class.
    pub(crate) fn slice(&self, side: Side, slice: Slice) -> (&[f16], usize) {
        let track = &self.side(side).tracks[slice.track()];
        let n_mels = self.n_mels();
        let frames = &self.frames(track)[slice.start() * n_mels..];
        (&frames[..self.slice_frames * n_mels], track.label)
    }
}

/// A track on its way into a [`Task`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Where it goes.
    pub side: Side,
    /// Its id.
    pub id: String,
    /// Who plays: its class.
    pub artist: String,
    /// Its number in the [`FrameSource`].
    pub source: usize,
}

/// First frames of the slices that do not overlap.
pub(crate) fn slice_starts(n_frames: usize, slice_frames: usize) -> impl ExactSizeIterator<Item = usize> {
    (0..n_frames / slice_frames.max(1)).map(move |i| i * slice_frames)
}
