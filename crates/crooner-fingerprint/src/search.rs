//! Many queries at once: their hashes, sorted, against the sorted hashes of the index.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::align::{Vote, alignments, is_shift_tried, may_align};
use crate::decision::Tested;
use crate::postings::{Postings, place_of};
use crate::recordings::Recordings;
use crate::{FingerprintError, Match, Peak, quads};

/// A hash that occurs in more places than this says too little to be worth following.
const MOST_PLACES: usize = 200;
/// Two unrelated tracks rarely share so many hashes at one alignment; what they share is tested.
const NEEDED_VOTES: usize = 3;

/// Peaks of the queries that are looked up together: each has about 28 probes of 12 bytes.
const PEAKS: usize = 400_000;
/// Votes, of 24 bytes, that are expected of those, at most.
const VOTES: usize = 8_000_000;
/// Probes that a thread looks up at a time.
const PROBES: usize = 1 << 16;

/// What is looked for.
pub(crate) struct Query<'a> {
    /// Sorted.
    pub(crate) peaks: Cow<'a, [Peak]>,
    /// Only tracks with smaller numbers are.
    pub(crate) before: u32,
}

/// A hash that a query may have in common with a track.
struct Probe {
    key: u32,
    query: u32,
    /// Among the peaks of the query.
    anchor: u32,
}

/// The matches of each query, the surest first. `seconds` is the length of all recordings.
pub(crate) fn search(
    postings: &Postings,
    recordings: &Recordings,
    seconds: f64,
    queries: &[Query<'_>],
) -> Result<Vec<Vec<Match>>, FingerprintError> {
    let mut answers = Vec::with_capacity(queries.len());
    // The first batch is small: it tells how many votes a peak has in this index.
    let mut n_peaks = PEAKS / 16;
    while let Some(rest) = queries.get(answers.len()..).filter(|rest| !rest.is_empty()) {
        let mut n_taken = 0;
        let fits = |query: &&Query<'_>| {
            n_taken += query.peaks.len();
            n_taken <= n_peaks
        };
        let batch = &rest[..rest.iter().take_while(fits).count().max(1)];
        let mut votes = votes(postings, batch)?;
        let taken: usize = batch.iter().map(|query| query.peaks.len()).sum();
        n_peaks = (VOTES * taken / votes.len().max(1)).min(PEAKS);
        votes.par_sort_unstable();
        votes.dedup();
        let pairs: Vec<&[Vote]> = votes
            .chunk_by(|a, b| (a.query, a.track) == (b.query, b.track))
            .filter(|votes| votes.len() >= NEEDED_VOTES)
            .collect();
        let found = pairs
            .into_par_iter()
            .map(|votes| best(&batch[votes[0].query as usize], recordings, seconds, votes))
            .filter_map(Result::transpose)
            .collect::<Result<Vec<(u32, Match)>, FingerprintError>>()?;
        let mut matches = vec![Vec::new(); batch.len()];
        for (query, found) in found {
            matches[query as usize].push(found);
        }
        for matches in &mut matches {
            matches.sort_by(|a, b| a.log10_chance.total_cmp(&b.log10_chance).then(a.track.cmp(&b.track)));
        }
        answers.append(&mut matches);
    }
    Ok(answers)
}

fn votes(postings: &Postings, queries: &[Query<'_>]) -> Result<Vec<Vote>, FingerprintError> {
    let probes = |(query, of): (usize, &Query<'_>)| {
        let mut probes = Vec::new();
        quads::probes(&of.peaks, &mut |quad| {
            probes.push(Probe { key: quad.key, query: query as u32, anchor: quad.anchor });
        });
        probes
    };
    let mut probes: Vec<Probe> = queries.par_iter().enumerate().flat_map_iter(probes).collect();
    probes.par_sort_unstable_by_key(|probe| probe.key);
    let mut parts = Vec::new();
    let mut rest = &probes[..];
    while let Some(last) = rest.get(PROBES) {
        let (part, others) = rest.split_at(rest.partition_point(|probe| probe.key <= last.key));
        parts.push(part);
        rest = others;
    }
    parts.push(rest);
    let votes = parts.into_par_iter().map(|part| part_votes(postings, queries, part));
    Ok(votes.collect::<Result<Vec<_>, FingerprintError>>()?.concat())
}

/// The votes of some of the probes, sorted by key.
fn part_votes(
    postings: &Postings,
    queries: &[Query<'_>],
    probes: &[Probe],
) -> Result<Vec<Vote>, FingerprintError> {
    let (mut reader, mut places, mut votes) = (postings.reader(), Vec::new(), Vec::new());
    for probes in probes.chunk_by(|a, b| a.key == b.key) {
        reader.find(probes[0].key, MOST_PLACES, &mut places)?;
        if places.len() > MOST_PLACES {
            continue;
        }
        for (track, there) in places.iter().map(place_of) {
            for &Probe { query, anchor, .. } in probes {
                let Query { peaks, before } = &queries[query as usize];
                let here = peaks[anchor as usize];
                if track < *before && is_shift_tried(here, there) {
                    votes.push(Vote { query, track, there, here });
                }
            }
        }
    }
    Ok(votes)
}

/// The best alignment of a query with a track that it has these votes for; and the number of the query.
fn best(
    query: &Query<'_>,
    recordings: &Recordings,
    seconds: f64,
    votes: &[Vote],
) -> Result<Option<(u32, Match)>, FingerprintError> {
    if !may_align(votes, NEEDED_VOTES) {
        return Ok(None);
    }
    let pairs: Vec<(Peak, Peak)> = votes.iter().map(|vote| (vote.here, vote.there)).collect();
    let alignments = alignments(&pairs, NEEDED_VOTES);
    if alignments.is_empty() {
        return Ok(None);
    }
    let Vote { query: number, track, .. } = votes[0];
    let reference = recordings.peaks(track)?;
    // What repeats itself is alike at several offsets: the one at which most peaks coincide is meant.
    let best = alignments
        .into_iter()
        .filter_map(|alignment| Tested::new(&query.peaks, &reference, alignment, seconds))
        .map(|tested| tested.into_match(track))
        .max_by(|a, b| a.agreeing.cmp(&b.agreeing).then(b.log10_chance.total_cmp(&a.log10_chance)));
    Ok(best.map(|found| (number, found)))
}
