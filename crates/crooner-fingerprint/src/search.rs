//! Many queries at once: their hashes, sorted, against the sorted hashes of the index.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::align::{alignments, is_shift_tried, may_align};
use crate::decision::{Tested, is_worth_testing};
use crate::postings::{Postings, place_of};
use crate::recordings::Recordings;
use crate::{FingerprintError, Match, Peak, quints};

/// A hash that occurs in more places than this says too little to be worth following.
const MOST_PLACES: usize = 200;
/// Two unrelated tracks rarely share so many hashes at one alignment; where they do, it is tested.
const NEEDED_VOTES: usize = 2;

/// How many queries are looked up together, at most.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Peaks of those queries: each has about 40 probes of 8 bytes.
    pub(crate) peaks: usize,
    /// Votes, of 16 bytes, that are expected of those; twice as many are too many.
    pub(crate) votes: usize,
}

impl Limits {
    pub(crate) const USUAL: Self = Self { peaks: 600_000, votes: 16_000_000 };
}

/// Votes of a peak for each hash in the index, if it is of music; a first guess.
const CROWDING: f64 = 2e-8;
/// Probes that a thread looks up at a time, and how many such parts are in work together.
const PROBES: usize = 1 << 14;
const PARTS: usize = 16;

/// What is looked for.
pub(crate) struct Query<'a> {
    /// Sorted.
    pub(crate) peaks: Cow<'a, [Peak]>,
    /// Only tracks with smaller numbers are.
    pub(crate) before: u32,
}

/// Queries that are looked up together.
struct Batch<'a> {
    queries: &'a [Query<'a>],
    /// Of all queries, one after another; peaks are numbered by that.
    peaks: Vec<Peak>,
    /// Of each peak its query.
    query_of: Vec<u32>,
    /// The first peak of each query.
    begins: Vec<u32>,
}

/// A hash that a query may have in common with a track, and the number of its anchor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Probe {
    key: u32,
    anchor: u32,
}

/// A hash of a query that occurs in a track.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Vote {
    track: u32,
    /// The number of the anchor in the query; those of one query follow one another.
    anchor: u32,
    /// The anchor in the track.
    there: Peak,
}

/// The matches of each query, the surest first; none if `is_cancelled`. `seconds` is the length of all recordings.
pub(crate) fn search(
    postings: &Postings,
    recordings: &Recordings,
    seconds: f64,
    queries: &[Query<'_>],
    limits: Limits,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<Vec<Vec<Match>>>, FingerprintError> {
    let mut answers = Vec::with_capacity(queries.len());
    let mut votes_of_peak = CROWDING * postings.n_records() as f64;
    while let Some(rest) = queries.get(answers.len()..).filter(|rest| !rest.is_empty()) {
        if is_cancelled() {
            return Ok(None);
        }
        let n_peaks = limits.peaks.min((limits.votes as f64 / votes_of_peak) as usize);
        let batch = Batch::first_of(rest, n_peaks);
        let mut votes = Vec::new();
        let is_full = |n_votes| n_votes > 2 * limits.votes && batch.queries.len() > 1;
        let looked_up = batch.votes(postings, &|n_votes| is_full(n_votes) || is_cancelled(), &mut votes)?;
        votes_of_peak = (votes.len() as f64 / (looked_up * batch.peaks.len() as f64)).max(1e-3);
        if looked_up < 1.0 {
            // Cancelled, or again with fewer queries.
            continue;
        }
        votes.par_sort_unstable();
        votes.dedup();
        let of = |vote: &Vote| (vote.track, batch.query_of[vote.anchor as usize]);
        let found = votes
            .par_chunk_by(|a, b| of(a) == of(b))
            .filter(|votes| votes.len() >= NEEDED_VOTES)
            .map(|votes| batch.best(recordings, seconds, votes))
            .filter_map(Result::transpose)
            .collect::<Result<Vec<(usize, Match)>, FingerprintError>>()?;
        let mut matches = vec![Vec::new(); batch.queries.len()];
        for (query, found) in found {
            matches[query].push(found);
        }
        for matches in &mut matches {
            matches.sort_by(|a, b| a.log10_chance.total_cmp(&b.log10_chance).then(a.track.cmp(&b.track)));
        }
        answers.append(&mut matches);
    }
    Ok(Some(answers))
}

impl<'a> Batch<'a> {
    /// As many of the queries as have `n_peaks` together, at least one.
    fn first_of(queries: &'a [Query<'a>], n_peaks: usize) -> Self {
        let mut batch = Self { queries: &[], peaks: Vec::new(), query_of: Vec::new(), begins: Vec::new() };
        for (n, query) in queries.iter().enumerate() {
            if n > 0 && batch.peaks.len() + query.peaks.len() > n_peaks {
                break;
            }
            batch.begins.push(batch.peaks.len() as u32);
            batch.peaks.extend_from_slice(&query.peaks);
            batch.query_of.resize(batch.peaks.len(), n as u32);
            batch.queries = &queries[..=n];
        }
        batch
    }

    /// Adds the votes to `votes` until `is_enough`, which is told how many there are; returns the share of the probes that
    /// were looked up.
    fn votes(
        &self,
        postings: &Postings,
        is_enough: &dyn Fn(usize) -> bool,
        votes: &mut Vec<Vote>,
    ) -> Result<f64, FingerprintError> {
        let probes = |(query, begin): (&Query<'_>, &u32)| {
            let mut probes = Vec::new();
            quints::probes(&query.peaks, &mut |quint| {
                probes.push(Probe { key: quint.key, anchor: begin + quint.anchor });
            });
            probes
        };
        let mut probes: Vec<Probe> =
            self.queries.par_iter().zip(&self.begins).flat_map_iter(probes).collect();
        probes.par_sort_unstable();
        let mut parts = Vec::new();
        let mut rest = &probes[..];
        while let Some(last) = rest.get(PROBES) {
            let (part, others) = rest.split_at(rest.partition_point(|probe| probe.key <= last.key));
            parts.push(part);
            rest = others;
        }
        parts.push(rest);
        for (done, group) in parts.chunks(PARTS).enumerate() {
            if is_enough(votes.len()) {
                return Ok((done * PARTS) as f64 / parts.len() as f64);
            }
            let of_parts = group.par_iter().map(|part| self.part_votes(postings, part));
            for part in of_parts.collect::<Result<Vec<_>, FingerprintError>>()? {
                votes.extend(part);
            }
        }
        Ok(1.0)
    }

    /// The votes of some of the probes, sorted by key.
    fn part_votes(&self, postings: &Postings, probes: &[Probe]) -> Result<Vec<Vote>, FingerprintError> {
        let (mut reader, mut places, mut votes) = (postings.reader(), Vec::new(), Vec::new());
        for probes in probes.chunk_by(|a, b| a.key == b.key) {
            reader.find(probes[0].key, MOST_PLACES, &mut places)?;
            if places.len() > MOST_PLACES {
                continue;
            }
            for &Probe { anchor, .. } in probes {
                let here = self.peaks[anchor as usize];
                let before = self.queries[self.query_of[anchor as usize] as usize].before;
                let votes_for = places.iter().map(place_of).filter(|&(track, _)| track < before);
                let tried = votes_for.filter(|&(_, there)| is_shift_tried(here, there));
                votes.extend(tried.map(|(track, there)| Vote { track, anchor, there }));
            }
        }
        Ok(votes)
    }

    /// The best alignment of a query with a track that it has these votes for; and the number of the query.
    fn best(
        &self,
        recordings: &Recordings,
        seconds: f64,
        votes: &[Vote],
    ) -> Result<Option<(usize, Match)>, FingerprintError> {
        let pairs: Vec<(Peak, Peak)> =
            votes.iter().map(|vote| (self.peaks[vote.anchor as usize], vote.there)).collect();
        if !may_align(&pairs, NEEDED_VOTES) {
            return Ok(None);
        }
        let candidates = alignments(&pairs, NEEDED_VOTES);
        if candidates.is_empty() {
            return Ok(None);
        }
        let (track, number) = (votes[0].track, self.query_of[votes[0].anchor as usize] as usize);
        let (query, reference) = (&self.queries[number].peaks, recordings.peaks(track)?);
        // What repeats itself is alike at several offsets: the one at which most peaks coincide is meant.
        let best = candidates
            .into_iter()
            .filter(|candidate| is_worth_testing(query, &reference, candidate))
            .filter_map(|candidate| Tested::new(query, &reference, candidate.alignment, seconds))
            .map(|tested| tested.into_match(track))
            .max_by(|a, b| a.agreeing.cmp(&b.agreeing).then(b.log10_chance.total_cmp(&a.log10_chance)));
        Ok(best.map(|found| (number, found)))
    }
}
