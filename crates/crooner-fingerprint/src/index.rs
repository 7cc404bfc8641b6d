//! An index of recordings: what is added, what is asked, and the answer.

use std::ops::Range;
use std::path::Path;

use crate::postings::{self, Postings, Record, Scratch};
use crate::quints::{self, Quint};
use crate::recordings::Recordings;
use crate::search::{self, Limits, Query};
use crate::{Fingerprint, FingerprintError, Peak};

/// Most places of one hash in one track: loops repeat theirs.
const MOST_PLACES_IN_TRACK: usize = 4;

/// Recordings, and where each of their hashes occurs.
///
/// Of a recording its peaks are kept (8 bytes each, about 15 a second) and the places of its hashes (14 bytes each, about
/// 39 a second), sorted by hash. [`Index::default`] keeps all that in memory, [`Index::with_scratch`] at most 0.3 GB of it,
/// however much is added, and the rest in files.
///
/// A query follows at most 200 places of each of its hashes. Many queries at once are answered far faster than one by one,
/// since their hashes are looked up in the order in which the places are kept: [`matches_of`](Self::matches_of).
#[derive(Debug)]
pub struct Index {
    recordings: Recordings,
    postings: Postings,
    scratch: Option<Scratch>,
    seconds: f64,
}

impl Default for Index {
    fn default() -> Self {
        Self::new(None)
    }
}

/// A track of the index that sounds like the query, somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Which: tracks are numbered from 0 as they are added.
    pub track: u32,
    /// How much faster the query runs than the track: 1.01 for a percent.
    pub speed: f64,
    /// How much higher the query sounds, in cents; 17 for a percent of speed.
    pub cents: f64,
    /// Where in the track the query begins: `t_track = speed * t_query + offset_seconds`.
    pub offset_seconds: f64,
    /// The part of the query that is alike.
    pub query_seconds: Range<f64>,
    /// The same part of the track.
    pub track_seconds: Range<f64>,
    /// Peaks of the query in that part.
    pub peaks: usize,
    /// Those of them that coincide with a peak of the track, within 20 ms and 25 cents.
    pub agreeing: usize,
    /// The share that coincides when the two are shifted against each other: what chance gives.
    pub chance: f64,
    /// Logarithm, to base 10, of a bound on the expected number of unrelated tracks in the index that would be found
    /// alike to this degree by chance.
    ///
    /// Of the `n` peaks of the part that is alike `k` coincide, where each would by chance with probability `p`; by
    /// Chernoff's bound that happens with probability of at most
    ///
    /// ```text
    /// exp(-(n / d) * (q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)))),   q = k / n
    /// ```
    ///
    /// `p` is the share that coincides at other offsets of the same two recordings, so that common keys and scales are
    /// accounted for: the upper quartile over 60 offsets, or, if that is more, the median over the offsets near those at
    /// which most peaks begin together, so that common beats are. `d >= 1` is how much more the shares scatter than
    /// independent peaks would (by their interquartile range; of the two ways to turn, the smaller). It is multiplied by
    /// the number of alignments that might have been found: offsets over the whole index (one for each 20 ms), 19 speeds,
    /// and beginnings and ends of the part (`n² / 2`).
    pub log10_chance: f64,
}

/// What a [`Match`] says about two recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// One is a copy of the other or of a part of it: at least half of the shorter one is alike.
    SameRecording,
    /// A passage of both is the same audio: a sample, a loop, a jingle, a medley.
    SharedPassage,
}

impl Match {
    /// A match with [`log10_chance`](Self::log10_chance) below this is proven: less than one such among a million queries
    /// would be a coincidence.
    pub const PROVEN: f64 = -6.0;
    /// The share of the shorter recording that makes a copy of a shared passage.
    pub const COPY: f64 = 0.5;

    /// The share of the shorter of two recordings, of `query_seconds` and `track_seconds`, that is alike.
    #[must_use]
    pub fn coverage(&self, query_seconds: f64, track_seconds: f64) -> f64 {
        let alike = self.query_seconds.end - self.query_seconds.start;
        let whole = query_seconds.min(track_seconds / self.speed);
        if whole > 0.0 { (alike / whole).min(1.0) } else { 0.0 }
    }

    /// What is proven of two recordings of these lengths; nothing where chance might explain the match.
    #[must_use]
    pub fn verdict(&self, query_seconds: f64, track_seconds: f64) -> Option<Verdict> {
        let copy = self.coverage(query_seconds, track_seconds) >= Self::COPY;
        let verdict = if copy { Verdict::SameRecording } else { Verdict::SharedPassage };
        (self.log10_chance < Self::PROVEN).then_some(verdict)
    }
}

/// The hashes of a fingerprint, ready to be added: what of adding can be done on many threads.
#[derive(Debug)]
pub struct Prepared {
    peaks: Vec<Peak>,
    seconds: f64,
    quints: Vec<Quint>,
}

impl Prepared {
    /// Computes the hashes.
    #[must_use]
    pub fn new(fingerprint: Fingerprint) -> Self {
        let mut quints = Vec::new();
        quints::exact(&fingerprint.peaks, &mut |quint| quints.push(quint));
        quints.sort_unstable();
        quints.dedup();
        let mut run = (None, 0);
        quints.retain(|quint| {
            run = if run.0 == Some(quint.key) { (run.0, run.1 + 1) } else { (Some(quint.key), 1) };
            run.1 <= MOST_PLACES_IN_TRACK
        });
        Self { seconds: fingerprint.seconds(), peaks: fingerprint.peaks, quints }
    }
}

impl Index {
    /// An index that keeps what exceeds 0.3 GB in files in `folder`, which exists: some 0.5 kB for each second of
    /// recordings, and for a moment up to twice as much. The files have no names and vanish with the index.
    #[must_use]
    pub fn with_scratch(folder: &Path) -> Self {
        Self::new(Some(Scratch(folder.to_owned())))
    }

    fn new(scratch: Option<Scratch>) -> Self {
        let postings = Postings::new(scratch.clone());
        Self { recordings: Recordings::default(), postings, scratch, seconds: 0.0 }
    }

    /// Adds a track and returns its number.
    ///
    /// # Errors
    /// [`FingerprintError::Full`] after 2³² tracks, [`FingerprintError::Scratch`] for a file that cannot be written.
    pub fn add(&mut self, fingerprint: Fingerprint) -> Result<u32, FingerprintError> {
        self.add_prepared(Prepared::new(fingerprint))
    }

    /// Adds a track whose hashes are computed, and returns its number.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_prepared(&mut self, prepared: Prepared) -> Result<u32, FingerprintError> {
        let Prepared { peaks, seconds, quints } = prepared;
        let full = |_| FingerprintError::Full { limit: u64::from(u32::MAX) };
        let track = u32::try_from(self.len()).map_err(full)?;
        let record = |quint: &Quint| postings::record(quint.key, track, peaks[quint.anchor as usize]);
        let records: Vec<Record> = quints.iter().map(record).collect();
        self.recordings.add(peaks);
        self.seconds += seconds;
        if let (true, Some(scratch)) = (self.postings.add(records)?, &self.scratch) {
            self.recordings.spill(scratch)?;
        }
        Ok(track)
    }

    /// Brings together what lies in several places, which makes queries faster. It costs about as much as adding the tracks
    /// did, and is worth it before each track of a large index is looked up.
    ///
    /// # Errors
    /// [`FingerprintError::Scratch`].
    pub fn compact(&mut self) -> Result<(), FingerprintError> {
        self.postings.compact()
    }

    /// The tracks that sound like the query or a part of it, the surest first; an excerpt of five seconds is enough.
    ///
    /// Only matches with [`log10_chance`](Match::log10_chance) below 0 are returned; a caller who wants proof asks for
    /// less: [`Match::verdict`].
    ///
    /// # Errors
    /// [`FingerprintError::Scratch`] for a file that cannot be read; never of an index in memory.
    pub fn query(&self, query: &Fingerprint) -> Result<Vec<Match>, FingerprintError> {
        let query = Query { peaks: (&query.peaks[..]).into(), before: u32::MAX };
        let matches = self.search(&[query], &|| false)?.and_then(|mut matches| matches.pop());
        Ok(matches.unwrap_or_default())
    }

    /// Of each of these tracks of the index the matches among the tracks before it: asked for all tracks, that compares
    /// every pair once. Tracks that are not there match nothing. None if `is_cancelled` became true meanwhile.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn matches_of(
        &self,
        tracks: Range<u32>,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Vec<Match>>>, FingerprintError> {
        let query = |track| Ok(Query { peaks: self.recordings.peaks(track)?, before: track });
        let queries = tracks.map(query).collect::<Result<Vec<_>, FingerprintError>>()?;
        self.search(&queries, is_cancelled)
    }

    fn search(
        &self,
        queries: &[Query<'_>],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Vec<Match>>>, FingerprintError> {
        self.search_within(queries, Limits::USUAL, is_cancelled)
    }

    fn search_within(
        &self,
        queries: &[Query<'_>],
        limits: Limits,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Vec<Match>>>, FingerprintError> {
        search::search(&self.postings, &self.recordings, self.seconds, queries, limits, is_cancelled)
    }

    /// Number of tracks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recordings.len()
    }

    /// Whether nothing has been added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of hashes kept.
    #[must_use]
    pub fn n_hashes(&self) -> u64 {
        self.postings.n_records()
    }

    /// Bytes that the index takes in memory and in files.
    #[must_use]
    pub fn n_bytes(&self) -> (u64, u64) {
        let (peaks, records) = (self.recordings.n_bytes(), self.postings.n_bytes());
        (peaks.0 + records.0, peaks.1 + records.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::numbers;

    /// Tracks of peaks at random, of which every third is the one before it, a little faster and cut.
    fn catalogue(n_tracks: u32) -> Vec<Fingerprint> {
        let mut random = numbers(7);
        let mut tracks: Vec<Fingerprint> = Vec::new();
        for track in 0..n_tracks {
            let mut peaks: Vec<Peak> = match tracks.last() {
                Some(last) if track % 3 == 2 => last.peaks[100..]
                    .iter()
                    .map(|peak| Peak { time: (f64::from(peak.time) / 1.005) as u32, pitch: peak.pitch + 2 })
                    .collect(),
                _ => {
                    let peak = |n: u32| Peak { time: 17 * n + random(15) as u32, pitch: random(990) as u16 };
                    (0..500).map(peak).collect()
                }
            };
            peaks.sort_unstable();
            tracks.push(Fingerprint { peaks, chroma: Vec::new(), n_samples: 8_000 * 34 });
        }
        tracks
    }

    #[test]
    fn files_answer_as_memory_does_and_many_at_once_as_each_alone() {
        let folder = tempfile::tempdir().unwrap();
        let tracks = catalogue(60);
        let mut memory = Index::default();
        let mut filed = Index::with_scratch(folder.path());
        filed.postings = Postings::new(filed.scratch.clone()).with_in_memory(3_000);
        for track in &tracks {
            memory.add(track.clone()).unwrap();
            filed.add(track.clone()).unwrap();
        }
        assert!(memory.n_bytes().1 == 0 && filed.n_bytes().1 > 14 * memory.n_hashes() / 2);
        assert_eq!(filed.n_hashes(), memory.n_hashes());
        let of = |index: &Index, tracks| index.matches_of(tracks, &|| false).unwrap().unwrap();
        let all = of(&memory, 0..60);
        assert_eq!(of(&filed, 0..60), all);
        for (number, (track, matches)) in (0..).zip(tracks.iter().zip(&all)) {
            let mut alone = filed.query(track).unwrap();
            assert!(alone.iter().any(|found| found.track == number));
            alone.retain(|found| found.track < number);
            assert_eq!(&alone, matches, "{number}");
            let proven = matches.iter().filter(|found| found.verdict(34.0, 34.0).is_some());
            let expected = if number % 3 == 2 { vec![number - 1] } else { Vec::new() };
            assert_eq!(proven.map(|found| found.track).collect::<Vec<_>>(), expected);
        }
        // However few are looked up together.
        let queries = || {
            let query = |(n, track): (usize, &Fingerprint)| Query {
                peaks: track.peaks.clone().into(),
                before: n as u32,
            };
            tracks[..20].iter().enumerate().map(query).collect::<Vec<_>>()
        };
        for (peaks, votes) in [(4_000, 1_000_000), (1_000_000, 10), (1_000_000, 300)] {
            let found = filed.search_within(&queries(), Limits { peaks, votes }, &|| false);
            assert_eq!(found.unwrap().unwrap(), all[..20], "{peaks} {votes}");
        }

        filed.compact().unwrap();
        memory.compact().unwrap();
        assert_eq!(of(&filed, 0..60), all);
        assert_eq!(of(&memory, 58..59), all[58..59]);
        assert_eq!(memory.matches_of(0..60, &|| true).unwrap(), None);
    }
}
