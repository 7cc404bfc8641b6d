//! An inverted index: from a hash to every place where it occurs.

use std::ops::Range;

use crate::align::{Vote, alignments};
use crate::decision::Tested;
use crate::quads::{self, Quad};
use crate::{Fingerprint, FingerprintError, Peak};

/// A hash that occurs in more places than this says too little to be worth following.
const MOST_PLACES: usize = 200;
/// Most places of one hash in one track: loops repeat theirs.
const MOST_PLACES_IN_TRACK: usize = 4;
/// Two unrelated tracks rarely share so many hashes at one alignment; what they share is tested.
const NEEDED_VOTES: usize = 3;
/// The end of a chain.
const NOWHERE: u32 = u32::MAX;

/// One place of one hash.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u32,
    /// The next entry of the same slot.
    next: u32,
    track: u32,
    /// Among the peaks of the track.
    anchor: u32,
}

/// Fingerprints, and where each of their hashes occurs.
///
/// Adding a track costs the same however many there are: a hash is chained to its slot, and the table of slots doubles
/// when there are as many entries. A query follows at most 200 places of each of its hashes, so that it too has
/// a bound that does not depend on the number of tracks. Memory: 16 to 20 bytes a hash, about 35 hashes a second.
#[derive(Debug)]
pub struct Index {
    tracks: Vec<Fingerprint>,
    /// A power of two of them; the latest entry of each.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    seconds: f64,
}

impl Default for Index {
    fn default() -> Self {
        Self { tracks: Vec::new(), slots: vec![NOWHERE; 1 << 10], entries: Vec::new(), seconds: 0.0 }
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
    /// `p` is the upper quartile of the share that coincides at 60 other offsets of the same two recordings, so that
    /// common keys and scales are accounted for; `d >= 1` is how much more those shares scatter than independent peaks
    /// would (by their interquartile range). It is multiplied by the number of alignments that might have been found:
    /// offsets over the whole index (one for each 20 ms), 19 speeds, and beginnings and ends of the part (`n² / 2`).
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
    fingerprint: Fingerprint,
    quads: Vec<Quad>,
}

impl Prepared {
    /// Computes the hashes.
    #[must_use]
    pub fn new(fingerprint: Fingerprint) -> Self {
        let mut quads = Vec::new();
        quads::exact(&fingerprint.peaks, &mut |quad| quads.push(quad));
        quads.sort_unstable();
        quads.dedup();
        let mut run = (None, 0);
        quads.retain(|quad| {
            run = if run.0 == Some(quad.key) { (run.0, run.1 + 1) } else { (Some(quad.key), 1) };
            run.1 <= MOST_PLACES_IN_TRACK
        });
        Self { fingerprint, quads }
    }
}

impl Index {
    /// Adds a track and returns its number.
    ///
    /// # Errors
    /// [`FingerprintError::Full`] after 2³² hashes: some 33,000 hours.
    pub fn add(&mut self, fingerprint: Fingerprint) -> Result<u32, FingerprintError> {
        self.add_prepared(Prepared::new(fingerprint))
    }

    /// Adds a track whose hashes are computed, and returns its number.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_prepared(&mut self, prepared: Prepared) -> Result<u32, FingerprintError> {
        let Prepared { fingerprint, quads } = prepared;
        let full = |what| FingerprintError::Full { what, limit: u64::from(NOWHERE) };
        let track = u32::try_from(self.tracks.len()).map_err(|_| full("tracks"))?;
        if self.entries.len() + quads.len() >= NOWHERE as usize {
            return Err(full("hashes"));
        }
        for Quad { key, anchor } in quads {
            if self.entries.len() == self.slots.len() {
                self.grow();
            }
            let slot = self.slot(key);
            let place = self.entries.len() as u32;
            self.entries.push(Entry { key, next: self.slots[slot], track, anchor });
            self.slots[slot] = place;
        }
        self.seconds += fingerprint.seconds();
        self.tracks.push(fingerprint);
        Ok(track)
    }

    /// The tracks that sound like the query or a part of it, the surest first; an excerpt of five seconds is enough.
    ///
    /// Only matches with [`log10_chance`](Match::log10_chance) below 0 are returned; a caller who wants proof asks for
    /// less: [`Match::verdict`].
    #[must_use]
    pub fn query(&self, query: &Fingerprint) -> Vec<Match> {
        self.query_before(query, u32::MAX)
    }

    /// As [`query`](Self::query), but only among the tracks numbered below `end`: asking so for each track of an index
    /// compares every pair once.
    #[must_use]
    pub fn query_before(&self, query: &Fingerprint, end: u32) -> Vec<Match> {
        let mut votes = self.votes(query, end);
        votes.sort_unstable();
        votes.dedup();
        let mut matches: Vec<Match> = votes
            .chunk_by(|a, b| a.track == b.track)
            .filter(|votes| votes.len() >= NEEDED_VOTES)
            .filter_map(|votes| self.best(query, votes))
            .collect();
        matches.sort_by(|a, b| a.log10_chance.total_cmp(&b.log10_chance).then(a.track.cmp(&b.track)));
        matches
    }

    /// Number of tracks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether nothing has been added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// The fingerprint of a track.
    #[must_use]
    pub fn track(&self, track: u32) -> Option<&Fingerprint> {
        self.tracks.get(track as usize)
    }

    /// Number of hashes kept.
    #[must_use]
    pub fn n_hashes(&self) -> usize {
        self.entries.len()
    }

    /// Memory that the index takes, in bytes: fingerprints, slots and entries.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        let fingerprints: usize = self
            .tracks
            .iter()
            .map(|track| size_of_val(&track.peaks[..]) + size_of_val(&track.chroma[..]))
            .sum();
        fingerprints + self.slots.capacity() * size_of::<u32>() + self.entries.capacity() * size_of::<Entry>()
    }

    fn votes(&self, query: &Fingerprint, end: u32) -> Vec<Vote> {
        let mut votes = Vec::new();
        quads::probes(&query.peaks, &mut |quad| {
            let before = votes.len();
            let mut place = self.slots[self.slot(quad.key)];
            let mut n_places = 0;
            while let Some(entry) = self.entries.get(place as usize) {
                if entry.key == quad.key {
                    n_places += 1;
                    if n_places > MOST_PLACES {
                        votes.truncate(before);
                        break;
                    }
                    if entry.track < end {
                        votes.push(Vote { track: entry.track, query: quad.anchor, reference: entry.anchor });
                    }
                }
                place = entry.next;
            }
        });
        votes
    }

    fn best(&self, query: &Fingerprint, votes: &[Vote]) -> Option<Match> {
        let track = votes.first()?.track;
        let reference = self.track(track)?;
        let pairs: Vec<(Peak, Peak)> = votes
            .iter()
            .map(|vote| (query.peaks[vote.query as usize], reference.peaks[vote.reference as usize]))
            .collect();
        // What repeats itself is alike at several offsets: the one at which most peaks coincide is meant.
        alignments(&pairs, NEEDED_VOTES)
            .into_iter()
            .filter_map(|alignment| Tested::new(query, reference, alignment))
            .map(|tested| tested.into_match(track, self.seconds))
            .filter(|found| found.log10_chance < 0.0)
            .max_by(|a, b| a.agreeing.cmp(&b.agreeing).then(b.log10_chance.total_cmp(&a.log10_chance)))
    }

    /// Of the bits of a key none decided whether it was kept.
    fn slot(&self, key: u32) -> usize {
        (key as usize) & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![NOWHERE; 2 * self.slots.len()];
        for place in 0..self.entries.len() {
            let slot = self.slot(self.entries[place].key);
            self.entries[place].next = self.slots[slot];
            self.slots[slot] = place as u32;
        }
    }
}
