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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slice {
    /// Index into the side's tracks.
    pub track: usize,
    /// First frame.
    pub start: usize,
}

/// Tracks of one side, cut into slices that do not overlap; a remainder shorter than a slice is
/// left out.
///
/// Slices are numbered track by track. There is no list of them: a million tracks have more than memory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideTracks {
    /// Tracks with at least one slice.
    tracks: Vec<TaskTrack>,
    ends: Ends,
    slice_frames: usize,
    too_short: Vec<String>,
}

impl SideTracks {
    fn new(slice_frames: usize, n_tracks: usize) -> Self {
        let (tracks, ends) = (Vec::with_capacity(n_tracks), Ends::with_capacity(n_tracks));
        Self { tracks, ends, slice_frames, too_short: Vec::new() }
    }

    fn push(&mut self, track: TaskTrack, n_frames: usize) {
        match slice_starts(n_frames, self.slice_frames).len() {
            0 => self.too_short.push(track.id),
            n_slices => {
                self.ends.push(n_slices);
                self.tracks.push(track);
            }
        }
    }

    /// Tracks with at least one slice.
    #[must_use]
    pub fn tracks(&self) -> &[TaskTrack] {
        &self.tracks
    }

    /// Ids of tracks shorter than a slice, which take no part.
    #[must_use]
    pub fn too_short(&self) -> &[String] {
        &self.too_short
    }

    /// Slices of all tracks.
    #[must_use]
    pub fn n_slices(&self) -> usize {
        self.ends.total()
    }

    /// Slices of track number `track`.
    ///
    /// # Panics
    ///
    /// If there is no such track.
    #[must_use]
    pub fn n_slices_of(&self, track: usize) -> usize {
        self.ends.of(track)
    }

    /// Slice number `number`, found in time that grows with the logarithm of the number of tracks.
    ///
    /// # Panics
    ///
    /// If there is no such slice.
    #[must_use]
    pub fn slice(&self, number: usize) -> Slice {
        let (track, number) = self.ends.find(number);
        Slice { track, start: number * self.slice_frames }
    }

    /// All slices, in order.
    pub fn slices(&self) -> impl Iterator<Item = Slice> + Send {
        (0..self.tracks.len()).flat_map(move |track| {
            (0..self.n_slices_of(track)).map(move |slice| Slice { track, start: slice * self.slice_frames })
        })
    }
}

/// Slices that are numbered track by track: of each track, how many it and those before it have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ends(Vec<usize>);

impl Ends {
    pub(crate) fn with_capacity(n_tracks: usize) -> Self {
        Self(Vec::with_capacity(n_tracks))
    }

    /// Adds a track of so many slices.
    pub(crate) fn push(&mut self, n_slices: usize) {
        self.0.push(self.total() + n_slices);
    }

    pub(crate) fn total(&self) -> usize {
        self.0.last().copied().unwrap_or_default()
    }

    /// Slices of the tracks before this one.
    fn before(&self, track: usize) -> usize {
        if track == 0 { 0 } else { self.0[track - 1] }
    }

    /// Slices of this track.
    pub(crate) fn of(&self, track: usize) -> usize {
        self.0[track] - self.before(track)
    }

    /// The track of a slice, and its number there.
    ///
    /// Sought from where it would be if all tracks were as long, in steps that double, and then by halves: of a million
    /// tracks few are looked at, and those side by side.
    pub(crate) fn find(&self, number: usize) -> (usize, usize) {
        assert!(number < self.total(), "slice {number} of {}", self.total());
        let is_later = |track: usize| self.0[track] <= number;
        // In 128 bits the product fits; the quotient is below the number of tracks.
        let guess = (number as u128 * self.0.len() as u128 / self.total() as u128) as usize;
        let (mut low, mut high, mut step) = (guess, guess, 1);
        if is_later(guess) {
            while high < self.0.len() && is_later(high) {
                (low, high, step) = (high + 1, high + step, 2 * step);
            }
        } else {
            while low > 0 && !is_later(low - 1) {
                (low, high, step) = (low.saturating_sub(step), low, 2 * step);
            }
        }
        let high = high.min(self.0.len() - 1);
        let track = low + self.0[low..high].partition_point(|&end| end <= number);
        (track, number - self.before(track))
    }
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
        let mut sides = Side::ALL.map(|side| {
            let n_tracks = rows.iter().filter(|row| row.side == side).count();
            SideTracks::new(slice_frames, n_tracks)
        });
        for TaskRow { side, id, artist, source: index } in rows {
            let label = labels.partition_point(|label| *label < artist);
            let n_frames = source.frames(index).len() / source.n_mels();
            sides[side as usize].push(TaskTrack { id, source: index, label }, n_frames);
        }
        for side in Side::ALL {
            if sides[side as usize].tracks.is_empty() {
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
        let track = &self.side(side).tracks[slice.track];
        let n_mels = self.n_mels();
        let frames = &self.frames(track)[slice.start * n_mels..];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::{Purpose, below, generator};

    #[test]
    fn every_slice_is_found_in_its_track() {
        let mut rng = generator(0, Purpose::Order, 0);
        let mut random = |n_tracks: usize, most: usize| -> Vec<usize> {
            (0..n_tracks).map(|_| 1 + below(&mut rng, most)).collect()
        };
        let even = vec![7; 100];
        // One long track at either end leads every guess astray.
        let uneven = [vec![1; 300], vec![2000], vec![1; 5]].concat();
        let reversed = uneven.iter().rev().copied().collect();
        for lengths in [vec![1], vec![5], even, uneven, reversed, random(200, 3), random(200, 40)] {
            let mut ends = Ends::with_capacity(lengths.len());
            lengths.iter().for_each(|&n_slices| ends.push(n_slices));
            let places = lengths.iter().enumerate();
            let expected =
                places.flat_map(|(track, &n_slices)| (0..n_slices).map(move |slice| (track, slice)));
            assert!((0..ends.total()).map(|number| ends.find(number)).eq(expected), "{lengths:?}");
        }
    }
}
