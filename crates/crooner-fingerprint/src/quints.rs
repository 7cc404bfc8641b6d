//! Five peaks as one hash.

use crate::Peak;

/// So many of the peaks that follow an anchor are combined with it, four at a time.
const FOLLOWING: usize = 7;
/// The nearest and the farthest such peak, in units of time: 24 ms and 2 s.
const DELAYS: std::ops::RangeInclusive<u32> = 6..=500;
/// The largest interval, in units of pitch: 3 octaves.
const LARGEST_INTERVAL: i32 = 720;

/// Numbers are rounded down to multiples of `size`; one within `margin` of an edge may have come from beyond it.
struct Rounding {
    size: i32,
    margin: i32,
}

/// A number that was rounded.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// The multiple, from -64 on.
    place: u64,
    /// Where it may have come from: 1 above, -1 (without its sign) below, 0 from nowhere else.
    beyond: u64,
}

impl Rounding {
    fn cell(&self, number: i32) -> Cell {
        let beyond = match number.rem_euclid(self.size) {
            rest if rest < self.margin => 1_u64.wrapping_neg(),
            rest if rest >= self.size - self.margin => 1,
            _ => 0,
        };
        Cell { place: (number.div_euclid(self.size) + 64) as u64, beyond }
    }
}

/// Of the anchor's pitch: 250 and 25 cents.
const PITCH: Rounding = Rounding { size: 50, margin: 5 };
/// Of an interval: 90 and 15 cents.
const INTERVAL: Rounding = Rounding { size: 18, margin: 3 };
/// Of a delay: 40 and 8 ms.
const DELAY: Rounding = Rounding { size: 10, margin: 2 };

/// One hash in so many is kept.
const KEPT_ONE_IN: u64 = 13;

/// A hash and the place of its anchor among the peaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quint {
    pub(crate) key: u32,
    pub(crate) anchor: u32,
}

/// Nine numbers, rounded: pitch of the anchor, four intervals, four delays, each from its own number on.
type Cells = [Cell; 9];
/// What a rounded number counts for in the hash: seven bits each, times an odd number that carries all of them to the top
/// (2^64 by the golden ratio: Knuth, *The Art of Computer Programming* 3, 6.4).
const WEIGHTS: [u64; 9] = {
    let mut weights = [0x9E37_79B9_7F4A_7C15; 9];
    let mut place = 8;
    while place > 0 {
        place -= 1;
        weights[place] = weights[place + 1] << 7;
    }
    weights
};

/// The hashes of all quints, each once.
pub(crate) fn exact(peaks: &[Peak], visit: &mut impl FnMut(Quint)) {
    each(peaks, |anchor, cells| visit_kept(anchor, &[sum(&cells)], visit));
}

/// The hashes of all quints, with those across every edge that a number lies near.
pub(crate) fn probes(peaks: &[Peak], visit: &mut impl FnMut(Quint)) {
    // All combinations: each number near an edge doubles them.
    let mut combinations = [0_u64; 1 << 9];
    each(peaks, |anchor, cells| {
        combinations[0] = sum(&cells);
        let mut n_combinations = 1;
        for (cell, weight) in cells.iter().zip(WEIGHTS).filter(|(cell, _)| cell.beyond != 0) {
            let beyond = weight.wrapping_mul(cell.beyond);
            let (before, after) = combinations.split_at_mut(n_combinations);
            for (after, before) in after.iter_mut().zip(before) {
                *after = before.wrapping_add(beyond);
            }
            n_combinations *= 2;
        }
        visit_kept(anchor, &combinations[..n_combinations], visit);
    });
}

/// The weighted sum of the nine numbers.
fn sum(cells: &Cells) -> u64 {
    let weighted = cells.iter().zip(WEIGHTS).map(|(cell, weight)| weight.wrapping_mul(cell.place));
    weighted.fold(0, u64::wrapping_add)
}

fn each(peaks: &[Peak], mut visit: impl FnMut(usize, Cells)) {
    for (anchor, first) in peaks.iter().enumerate() {
        let pitch = PITCH.cell(i32::from(first.pitch));
        let mut following = [(Cell::default(), Cell::default()); FOLLOWING];
        let mut n_following = 0;
        for peak in &peaks[anchor + 1..] {
            let delay = peak.time - first.time;
            if n_following == FOLLOWING || delay > *DELAYS.end() {
                break;
            }
            let interval = i32::from(peak.pitch) - i32::from(first.pitch);
            if delay >= *DELAYS.start() && interval.abs() <= LARGEST_INTERVAL {
                following[n_following] = (INTERVAL.cell(interval), DELAY.cell(delay as i32));
                n_following += 1;
            }
        }
        for d in 3..n_following {
            for c in 2..d {
                for b in 1..c {
                    for a in 0..b {
                        let [(i, e), (j, f), (k, g), (l, h)] = [a, b, c, d].map(|place| following[place]);
                        visit(anchor, [pitch, i, j, k, l, e, f, g, h]);
                    }
                }
            }
        }
    }
}

/// Visits those of a quint's sums whose hash is kept.
fn visit_kept(anchor: usize, sums: &[u64], visit: &mut impl FnMut(Quint)) {
    for &sum in sums.iter().filter(|sum| **sum < u64::MAX / KEPT_ONE_IN) {
        // An index numbers at most 2^32 peaks.
        visit(Quint { key: mix(sum) as u32, anchor: anchor as u32 });
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection that spreads every bit.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn scattered(n: u32) -> Vec<Peak> {
        let random = |n: u32| mix(u64::from(n) + 1);
        let mut peaks: Vec<Peak> = (0..n)
            .map(|n| Peak { time: 16 * n + (random(n) % 16) as u32, pitch: (random(n + 9_999) % 900) as u16 })
            .collect();
        peaks.sort_unstable();
        peaks
    }

    #[test]
    fn every_hash_is_among_its_probes() {
        let peaks = scattered(300);
        let (mut hashes, mut probed) = (Vec::new(), BTreeSet::new());
        exact(&peaks, &mut |quint| hashes.push(quint));
        probes(&peaks, &mut |quint| _ = probed.insert(quint));
        assert!(hashes.len() > 200, "{}", hashes.len());
        assert!(hashes.iter().all(|quint| probed.contains(quint)));
    }

    #[test]
    fn a_percent_of_speed_leaves_many_hashes_to_be_found() {
        let peaks = scattered(2_000);
        let mut hashes = BTreeSet::new();
        exact(&peaks, &mut |quint| _ = hashes.insert(quint));
        for speed in [0.99, 1.01] {
            let shift = (Peak::PER_OCTAVE * f64::log2(speed)).round() as i32;
            let changed: Vec<Peak> = peaks
                .iter()
                .map(|peak| Peak {
                    time: (f64::from(peak.time) / speed).round() as u32,
                    pitch: (i32::from(peak.pitch) + shift).max(0) as u16,
                })
                .collect();
            let mut found = BTreeSet::new();
            probes(&changed, &mut |quint| _ = hashes.contains(&quint).then(|| found.insert(quint)));
            assert!(found.len() * 3 > hashes.len(), "{speed}: {} of {}", found.len(), hashes.len());
        }
    }
}
