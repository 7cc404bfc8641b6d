//! How sure an alignment is.

use crate::Peak;
use crate::align::{Alignment, Candidate, PITCH, STEPS, TIME, fitted};
use crate::controls::{LEAST_CHANCE, controls};
use crate::index::Match;

/// While the alignment is still coarse, within twice that.
const COARSE: f64 = 2.0;
/// What a peak that coincides, and one that does not, says for the part that is alike: logarithms of the ratio of
/// probabilities 0.35 and 0.08.
const FOR: f64 = 1.476;
const AGAINST: f64 = -0.347;
/// Fewer peaks, or as many within a shorter time (3 s), decide nothing: one run up a scale is like another.
const FEWEST: usize = 12;
const SHORTEST: u32 = 750;
/// Where no more votes than this agree, so many of the peaks around them must coincide for all others to be looked at.
const FEW_VOTES: usize = 4;
const AROUND: usize = 64;
const COINCIDING_AROUND: usize = 12;

/// An alignment, and what all peaks say to it.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    alignment: Alignment,
    /// The first and the last peak of the query that coincide, in the part that is alike.
    part: (Peak, Peak),
    peaks: usize,
    agreeing: usize,
    chance: f64,
    /// Natural logarithm of the bound on the number of times that chance gives so many.
    log_chance: f64,
}

impl Tested {
    /// With the number of alignments that an index of `seconds` might have offered. None where no part is alike, or
    /// chance is expected to give as much.
    pub(crate) fn new(query: &[Peak], track: &[Peak], alignment: Alignment, seconds: f64) -> Option<Self> {
        let log_alignments = |n_peaks: usize| {
            let offsets = (seconds / (TIME * Peak::SECONDS)).max(1.0);
            let parts = (n_peaks as f64).powi(2) / 2.0;
            (offsets * f64::from(2 * STEPS + 1) * parts).ln()
        };
        // Whether so many of so many peaks can be more than chance, however small its share might be found to be.
        let says_something = |agreeing: usize, n_peaks: usize| {
            let share = agreeing as f64 / n_peaks as f64;
            n_peaks as f64 * divergence(share, LEAST_CHANCE) > log_alignments(n_peaks)
        };
        let pairs = partners(query, track, alignment, COARSE);
        // Most that is tested is chance, and shows it here: within twice the tolerance more peaks coincide, not fewer.
        let coarse = &pairs[best_part(&pairs)?];
        if !says_something(coarse.iter().flatten().count(), coarse.len()) {
            return None;
        }
        let alignment = refine(query, &pairs, alignment);
        let pairs = partners(query, track, alignment, 1.0);
        let alignment = refine(query, &pairs, alignment);
        let pairs = partners(query, track, alignment, 1.0);

        let part = best_part(&pairs)?;
        let (inside, coinciding) = (&query[part.clone()], &pairs[part]);
        let peaks = inside.len();
        let agreeing = coinciding.iter().flatten().count();
        let (first, last) = (*inside.first()?, *inside.last()?);
        let is_short = peaks < FEWEST || last.time - first.time < SHORTEST;
        if is_short || !says_something(agreeing, peaks) {
            return None;
        }
        let (chance, excess) = controls(inside, track, alignment);
        let share = agreeing as f64 / peaks as f64;
        let log_chance = log_alignments(peaks) - peaks as f64 / excess * divergence(share, chance);
        let tested = Self { alignment, part: (first, last), peaks, agreeing, chance, log_chance };
        (log_chance < 0.0).then_some(tested)
    }

    pub(crate) fn into_match(self, track: u32) -> Match {
        let Alignment { speed, offset, shift } = self.alignment;
        let (first, last) = (self.part.0.seconds(), self.part.1.seconds());
        let offset_seconds = offset * Peak::SECONDS;
        Match {
            track,
            speed,
            cents: shift * 1200.0 / Peak::PER_OCTAVE,
            offset_seconds,
            query_seconds: first..last,
            track_seconds: speed * first + offset_seconds..speed * last + offset_seconds,
            peaks: self.peaks,
            agreeing: self.agreeing,
            chance: self.chance,
            log10_chance: self.log_chance / std::f64::consts::LN_10,
        }
    }
}

/// Whether a candidate is worth [testing](Tested::new): most of what few votes agree on is chance, and shows it at a glance.
pub(crate) fn is_worth_testing(query: &[Peak], track: &[Peak], candidate: &Candidate) -> bool {
    let place = query.partition_point(|peak| *peak < candidate.middle);
    let around = &query[place.saturating_sub(AROUND / 2)..query.len().min(place + AROUND / 2)];
    let coinciding = || partners(around, track, candidate.alignment, 1.0).iter().flatten().count();
    candidate.votes > FEW_VOTES || coinciding() >= COINCIDING_AROUND
}

fn refine(query: &[Peak], pairs: &[Option<Peak>], alignment: Alignment) -> Alignment {
    let coinciding = query.iter().zip(pairs).filter_map(|(&peak, &partner)| Some((peak, partner?)));
    fitted(coinciding, alignment)
}

/// Of each peak of the query the nearest in time of the track's that coincide with it, within so many tolerances.
/// Peaks are sorted.
fn partners(query: &[Peak], track: &[Peak], alignment: Alignment, tolerances: f64) -> Vec<Option<Peak>> {
    let (time_tolerance, pitch_tolerance) = (tolerances * TIME, tolerances * PITCH);
    let place = |peak: &Peak| alignment.speed * f64::from(peak.time) + alignment.offset;
    let mut pairs = vec![None; query.len()];
    let (Some(first), Some(last)) = (track.first(), track.last()) else { return pairs };
    let [first, last] = [first, last].map(|peak| f64::from(peak.time));
    // Only where the two overlap.
    let begin = query.partition_point(|peak| place(peak) + time_tolerance < first);
    let end = query.partition_point(|peak| place(peak) - time_tolerance <= last).max(begin);
    let Some(earliest) = query.get(begin).map(|peak| place(peak) - time_tolerance) else { return pairs };
    let mut rest = &track[track.partition_point(|other| f64::from(other.time) < earliest)..];
    for (peak, pair) in query[begin..end].iter().zip(&mut pairs[begin..end]) {
        let (time, pitch) = (place(peak), f64::from(peak.pitch) - alignment.shift);
        let earliest = time - time_tolerance;
        while let [next, others @ ..] = rest
            && f64::from(next.time) < earliest
        {
            rest = others;
        }
        let mut nearest = f64::INFINITY;
        for other in rest {
            let distance = f64::from(other.time) - time;
            if distance > time_tolerance {
                break;
            }
            let is_alike = (f64::from(other.pitch) - pitch).abs() <= pitch_tolerance;
            if is_alike && distance.abs() < nearest {
                (*pair, nearest) = (Some(*other), distance.abs());
            }
        }
    }
    pairs
}

/// The run of peaks with the largest sum of evidence (Kadane's algorithm), if that is above 0.
fn best_part(pairs: &[Option<Peak>]) -> Option<std::ops::Range<usize>> {
    let (mut best, mut sum, mut from) = ((0.0, 0..0), 0.0, 0);
    for (place, pair) in pairs.iter().enumerate() {
        if sum <= 0.0 {
            (sum, from) = (0.0, place);
        }
        sum += if pair.is_some() { FOR } else { AGAINST };
        if sum > best.0 {
            best = (sum, from..place + 1);
        }
    }
    Some(best.1).filter(|part| !part.is_empty())
}

/// Kullback and Leibler's divergence of a coin of probability `share` from one of `chance`; 0 where it is not larger.
fn divergence(share: f64, chance: f64) -> f64 {
    if share <= chance || chance >= 1.0 {
        return 0.0;
    }
    let part = |q: f64, p: f64| if q > 0.0 { q * (q / p).ln() } else { 0.0 };
    part(share, chance) + part(1.0 - share, 1.0 - chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::numbers;

    #[test]
    fn the_bound_bounds_the_binomial_tail() {
        // P(X >= 12) for 40 tosses of 0.1, summed term by term.
        let (n, k, p) = (40_u32, 12_u32, 0.1_f64);
        let choose = |n: u32, k: u32| (1..=k).map(|i| f64::from(n - k + i) / f64::from(i)).product::<f64>();
        let tail: f64 =
            (k..=n).map(|i| choose(n, i) * p.powi(i as i32) * (1.0 - p).powi((n - i) as i32)).sum();
        let bound = (-f64::from(n) * divergence(f64::from(k) / f64::from(n), p)).exp();
        assert!(bound >= tail && bound < 20.0 * tail, "{bound:e} {tail:e}");
    }

    /// Two tones at each sixteenth of 120 beats a minute, of fourteen pitches: 150 s.
    fn by_the_clock(seed: u64) -> Vec<Peak> {
        let mut random = numbers(seed);
        let tone = |n: u32| Peak { time: n / 2 * 125 / 4 + random(3) as u32, pitch: 34 * random(14) as u16 };
        let mut peaks: Vec<Peak> = (0..2400).map(tone).collect();
        peaks.sort_unstable();
        peaks
    }

    #[test]
    fn music_by_the_same_clock_is_alike_only_by_chance() {
        let (one, other) = (by_the_clock(1), by_the_clock(2));
        let at_beat = |beat: i32| Alignment { speed: 1.0, offset: f64::from(125 * beat), shift: 0.0 };
        for beat in -40..40 {
            let tested = Tested::new(&one, &other, at_beat(beat), 3600.0);
            assert!(tested.is_none(), "{beat}: {tested:?}");
        }
        // Of itself every peak is found, and that is no chance.
        let later: Vec<Peak> = one.iter().map(|peak| Peak { time: peak.time + 125, ..*peak }).collect();
        let itself = Tested::new(&one, &later, at_beat(1), 3600.0).unwrap();
        assert!(itself.peaks == itself.agreeing && itself.log_chance < -100.0, "{itself:?}");
    }

    #[test]
    fn the_part_that_is_alike_is_cut_out() {
        let peak = Some(Peak { time: 0, pitch: 0 });
        let mut pairs = vec![None; 30];
        pairs[10..20].fill(peak);
        pairs[14] = None;
        assert_eq!(best_part(&pairs), Some(10..20));
        assert_eq!(best_part(&[None, None]), None);
    }
}
