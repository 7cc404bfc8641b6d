//! Four peaks as one hash.

use crate::Peak;

/// So many of the peaks that follow an anchor are combined with it, three at a time.
const FOLLOWING: usize = 6;
/// The nearest and the farthest such peak, in units of time: 24 ms and 2 s.
const DELAYS: std::ops::RangeInclusive<u32> = 6..=500;
/// The largest interval, in units of pitch: 3 octaves.
const LARGEST_INTERVAL: i32 = 720;

/// Numbers are rounded down to multiples of `size`; one within `margin` of an edge may have come from beyond it.
#[derive(Clone, Copy)]
struct Rounding {
    size: i32,
    margin: i32,
}

/// Of the anchor's pitch: 200 and 25 cents.
const PITCH: Rounding = Rounding { size: 40, margin: 5 };
/// Of an interval: 75 and 15 cents.
const INTERVAL: Rounding = Rounding { size: 15, margin: 3 };
/// Of a delay: 32 and 8 ms.
const DELAY: Rounding = Rounding { size: 8, margin: 2 };

/// One hash in so many is kept.
const KEPT_ONE_IN: u64 = 8;

/// A hash and the place of its anchor among the peaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quad {
    pub(crate) key: u32,
    pub(crate) anchor: u32,
}

/// The seven numbers: pitch of the anchor, three intervals, three delays, each from its own number on.
type Numbers = [i32; 7];
const ROUNDINGS: [Rounding; 7] = [PITCH, INTERVAL, INTERVAL, INTERVAL, DELAY, DELAY, DELAY];
/// Bits of a rounded number.
const BITS: usize = 9;

/// The hashes of all quads, each once.
pub(crate) fn exact(peaks: &[Peak], visit: &mut impl FnMut(Quad)) {
    each(peaks, |anchor, numbers| visit_kept(anchor, packed(&numbers), visit));
}

/// The hashes of all quads, with those across every edge that a number lies near.
pub(crate) fn probes(peaks: &[Peak], visit: &mut impl FnMut(Quad)) {
    // All combinations: each number near an edge doubles them.
    let mut combinations = [0_u64; 1 << 7];
    each(peaks, |anchor, numbers| {
        combinations[0] = packed(&numbers);
        let mut n_combinations = 1;
        for (place, (number, Rounding { size, margin })) in numbers.into_iter().zip(ROUNDINGS).enumerate() {
            let rest = number.rem_euclid(size);
            let one = 1_u64 << (BITS * (6 - place));
            // A rounded number is far from both ends of its bits, so that none is carried.
            let beyond = match rest {
                _ if rest < margin => one.wrapping_neg(),
                _ if rest >= size - margin => one,
                _ => continue,
            };
            let (before, after) = combinations.split_at_mut(n_combinations);
            for (after, before) in after.iter_mut().zip(before) {
                *after = before.wrapping_add(beyond);
            }
            n_combinations *= 2;
        }
        for &packed in &combinations[..n_combinations] {
            visit_kept(anchor, packed, visit);
        }
    });
}

/// The seven numbers rounded down.
fn packed(numbers: &Numbers) -> u64 {
    let cells = numbers.iter().zip(ROUNDINGS).map(|(number, rounding)| number.div_euclid(rounding.size));
    cells.fold(0, |packed, cell| (packed << BITS) | (cell + 64) as u64)
}

fn each(peaks: &[Peak], mut visit: impl FnMut(usize, Numbers)) {
    for (anchor, first) in peaks.iter().enumerate() {
        let mut following = [(0, 0); FOLLOWING];
        let mut n_following = 0;
        for peak in &peaks[anchor + 1..] {
            let delay = peak.time - first.time;
            if n_following == FOLLOWING || delay > *DELAYS.end() {
                break;
            }
            let interval = i32::from(peak.pitch) - i32::from(first.pitch);
            if delay >= *DELAYS.start() && interval.abs() <= LARGEST_INTERVAL {
                following[n_following] = (interval, delay as i32);
                n_following += 1;
            }
        }
        for c in 2..n_following {
            for b in 1..c {
                for a in 0..b {
                    let [(i, d), (j, e), (k, f)] = [following[a], following[b], following[c]];
                    visit(anchor, [i32::from(first.pitch), i, j, k, d, e, f]);
                }
            }
        }
    }
}

fn visit_kept(anchor: usize, packed: u64, visit: &mut impl FnMut(Quad)) {
    let hash = mix(packed);
    if (hash >> 32).is_multiple_of(KEPT_ONE_IN) {
        // An index numbers at most 2^32 peaks.
        visit(Quad { key: hash as u32, anchor: anchor as u32 });
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
        exact(&peaks, &mut |quad| hashes.push(quad));
        probes(&peaks, &mut |quad| _ = probed.insert(quad));
        assert!(hashes.len() > 200, "{}", hashes.len());
        assert!(hashes.iter().all(|quad| probed.contains(quad)));
    }

    #[test]
    fn a_percent_of_speed_leaves_many_hashes_to_be_found() {
        let peaks = scattered(2_000);
        let mut hashes = BTreeSet::new();
        exact(&peaks, &mut |quad| _ = hashes.insert(quad));
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
            probes(&changed, &mut |quad| _ = hashes.contains(&quad).then(|| found.insert(quad)));
            assert!(found.len() * 3 > hashes.len(), "{speed}: {} of {}", found.len(), hashes.len());
        }
    }
}
