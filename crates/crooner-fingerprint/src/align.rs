//! From hashes found to the few alignments worth testing.

use crate::Peak;

/// `time of track = speed * time of query + offset`, and pitches of the query `shift` above those of the track, all in
/// the units of [`Peak`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Alignment {
    pub(crate) speed: f64,
    pub(crate) offset: f64,
    pub(crate) shift: f64,
}

/// Peaks coincide within 20 ms and 25 cents of where an alignment puts them.
pub(crate) const TIME: f64 = 5.0;
pub(crate) const PITCH: f64 = 5.0;

/// An alignment on which some pairs of anchors agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) alignment: Alignment,
    /// How many.
    pub(crate) votes: usize,
    /// The anchor in the query of the middle one.
    pub(crate) middle: Peak,
}

/// Speeds that are tried: so many steps either way, of a unit of pitch (0.29 %) each.
pub(crate) const STEPS: i32 = 9;
/// Votes that differ by less than this agree: 0.13 s.
const BIN: f64 = 32.0;
/// Pitches that differ by less agree with a speed: 10 cents.
const SHIFT_TOLERANCE: i32 = 2;
/// Alignments that are tested, at most.
const TESTED: usize = 6;
/// Speeds beyond this are taken for chance.
const LARGEST_SPEED: f64 = 1.03;

/// Whether a speed that is tried explains the difference of these pitches.
pub(crate) fn is_shift_tried(query: Peak, track: Peak) -> bool {
    shift(&(query, track)).abs() <= STEPS + SHIFT_TOLERANCE
}

/// Whether [`alignments`] may find one: whether a pair agrees with so many others, itself included, at any speed. Of the
/// pairs that unrelated tracks share by chance this rejects nearly all, in a small part of the time.
pub(crate) fn may_align(pairs: &[(Peak, Peak)], needed: usize) -> bool {
    /// More are no chance, or take longer to compare than to align.
    const FEW: usize = 32;
    /// The largest speed that is tried is 1 + 26 / 1000.
    const PER_MILLE: i64 = 27;
    let agree = |one: &(Peak, Peak), other: &(Peak, Peak)| {
        let here = i64::from(one.0.time) - i64::from(other.0.time);
        let there = i64::from(one.1.time) - i64::from(other.1.time);
        (shift(one) - shift(other)).abs() <= 2 * SHIFT_TOLERANCE
            && 1000 * (there - here).abs() <= 1000 * BIN as i64 + PER_MILLE * here.abs()
    };
    pairs.len() > FEW
        || pairs.iter().any(|one| pairs.iter().filter(|other| agree(one, other)).count() >= needed)
}

/// The alignments on which most pairs of anchors (query, track) agree, the best first; `needed` must agree.
pub(crate) fn alignments(pairs: &[(Peak, Peak)], needed: usize) -> Vec<Candidate> {
    let mut found: Vec<(usize, Alignment)> = Vec::new();
    let mut offsets = Vec::new();
    for step in -STEPS..=STEPS {
        let speed = (f64::from(step) / Peak::PER_OCTAVE).exp2();
        offsets.clear();
        offsets.extend(
            pairs
                .iter()
                .filter(|pair| (shift(pair) - step).abs() <= SHIFT_TOLERANCE)
                .map(|pair| offset(pair, speed)),
        );
        offsets.sort_unstable_by(f64::total_cmp);
        let mut first = 0;
        for last in 0..offsets.len() {
            while offsets[last] - offsets[first] > BIN {
                first += 1;
            }
            let votes = last + 1 - first;
            if votes >= needed {
                let middle = offsets[first + votes / 2];
                keep(&mut found, votes, Alignment { speed, offset: middle, shift: f64::from(step) });
            }
        }
    }
    found.into_iter().filter_map(|(votes, alignment)| refined(pairs, votes, alignment)).collect()
}

/// Among the best, of which none is close to another: a loop fits in many places, a match in one.
fn keep(found: &mut Vec<(usize, Alignment)>, votes: usize, alignment: Alignment) {
    let close = |other: &Alignment| (other.offset - alignment.offset).abs() < 4.0 * BIN;
    if let Some(place) = found.iter().position(|(_, other)| close(other)) {
        if found[place].0 >= votes {
            return;
        }
        found.remove(place);
    }
    let place = found.partition_point(|(others, _)| *others >= votes);
    found.insert(place, (votes, alignment));
    found.truncate(TESTED);
}

/// The line through the pairs that agree.
fn refined(pairs: &[(Peak, Peak)], votes: usize, alignment: Alignment) -> Option<Candidate> {
    let agree = |pair: &&(Peak, Peak)| {
        (f64::from(shift(pair)) - alignment.shift).abs() <= f64::from(SHIFT_TOLERANCE)
            && (offset(pair, alignment.speed) - alignment.offset).abs() <= BIN
    };
    let agreeing: Vec<(Peak, Peak)> = pairs.iter().filter(agree).copied().collect();
    let middle = agreeing.get(agreeing.len() / 2)?.0;
    Some(Candidate { alignment: fitted(agreeing.into_iter(), alignment), votes, middle })
}

/// Least squares over pairs of peaks (query, track); where they span too little to tell the speed, it stays.
pub(crate) fn fitted(pairs: impl Iterator<Item = (Peak, Peak)>, alignment: Alignment) -> Alignment {
    /// Two seconds, as the standard deviation of times.
    const SPAN: f64 = 500.0;
    let (mut n, mut x, mut y, mut xx, mut xy, mut shifts) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    // Deviations from the alignment that is refined: they stay small, and so do their squares.
    for (query, track) in pairs {
        let time = f64::from(query.time);
        let rest = f64::from(track.time) - alignment.speed * time - alignment.offset;
        n += 1.0;
        x += time;
        y += rest;
        xx += time * time;
        xy += time * rest;
        shifts += f64::from(query.pitch) - f64::from(track.pitch);
    }
    if n == 0.0 {
        return alignment;
    }
    let variance = (xx / n - (x / n).powi(2)).max(0.0);
    let slope = if variance > SPAN * SPAN { (xy / n - x / n * (y / n)) / variance } else { 0.0 };
    let speed = alignment.speed + slope;
    if !(1.0 / LARGEST_SPEED..=LARGEST_SPEED).contains(&speed) {
        return alignment;
    }
    Alignment { speed, offset: alignment.offset + y / n - slope * x / n, shift: shifts / n }
}

fn shift((query, track): &(Peak, Peak)) -> i32 {
    i32::from(query.pitch) - i32::from(track.pitch)
}

fn offset((query, track): &(Peak, Peak), speed: f64) -> f64 {
    f64::from(track.time) - speed * f64::from(query.time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_among_outliers() {
        let peak = |time: f64, pitch: u16| Peak { time: time.round() as u32, pitch };
        // 0.87 % faster, 3 units of pitch higher, beginning at 1,000.
        let speed = (3.0 / Peak::PER_OCTAVE).exp2();
        let mut pairs: Vec<_> = (0..40)
            .map(|n| f64::from(n) * 300.0)
            .map(|time| (peak(time, 403), peak(speed * time + 1000.0, 400)))
            .collect();
        pairs.extend(
            (0..200).map(|n| (peak(f64::from(n * 57), 500), peak(f64::from(n * 7919 % 12_007), 497))),
        );
        let best = alignments(&pairs, 3)[0];
        assert!((best.alignment.speed - speed).abs() < 2e-4, "{best:?}");
        assert!((best.alignment.offset - 1000.0).abs() < 2.0, "{best:?}");
        assert!((best.alignment.shift - 3.0).abs() < 0.5, "{best:?}");
    }

    #[test]
    fn what_is_rejected_early_has_no_alignment() {
        let mut state = 3_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        let (mut rejected, mut aligned) = (0, 0);
        for _ in 0..20_000 {
            let n = 3 + random(5);
            let pair = |_| {
                let query = Peak { time: random(600), pitch: 500 };
                (query, Peak { time: random(600), pitch: 490 + random(20) as u16 })
            };
            let pairs: Vec<_> = (0..n).map(pair).collect();
            let is_found = !alignments(&pairs, 3).is_empty();
            assert!(may_align(&pairs, 3) || !is_found, "{pairs:?}");
            rejected += u32::from(!may_align(&pairs, 3));
            aligned += u32::from(is_found);
        }
        assert!(rejected > 1_000 && aligned > 20, "{rejected} {aligned}");
    }

    #[test]
    fn too_few_votes_are_none() {
        let peak = |time| Peak { time, pitch: 100 };
        assert!(alignments(&[(peak(0), peak(50)), (peak(300), peak(351))], 3).is_empty());
    }
}
