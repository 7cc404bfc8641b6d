//! Which recordings are worth comparing for versions: the nearest by a sketch of their harmony.

use std::collections::BinaryHeap;

use rayon::prelude::*;
use realfft::num_complex::Complex32;

use crate::Fingerprint;
use crate::versions::frames;

/// Frames in a patch, and from one to the next: 32 and 8 s.
const PATCH: usize = 64;
const PATCH_HOP: usize = 16;
/// Rates of change that are kept of a patch: slower than one in 2 s.
const SLOW: usize = 16;
/// Numbers in a sketch.
const N_VALUES: usize = 12 * (SLOW + 1);
/// What 1 is in a sketch: the sum of the squares of its numbers, 2^26 or a little more, fits 32 bits.
const ONE: f32 = 8192.0;

/// So many others each sketch is compared with, the likeliest: all, while there are no more.
const COMPARED: usize = 8192;
/// One sketch in so many is a centre, around which others are listed.
const LISTED: usize = 256;

/// What of a recording's harmony is the same in every key and at every time: 408 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch([i16; N_VALUES]);

impl Sketch {
    /// The sketch of a recording, `[12 * 17]`, of Euclidean length 1 but for rounding to 2⁻¹³; none for less than 32 s or
    /// for silence.
    #[must_use]
    pub fn new(fingerprint: &Fingerprint) -> Option<Self> {
        let chroma = frames(fingerprint);
        let patches: Vec<Vec<f32>> = chroma.windows(PATCH).step_by(PATCH_HOP).map(magnitudes).collect();
        let middle = patches.len() / 2;
        patches.first()?;
        let values: Vec<f32> = (0..N_VALUES)
            .map(|place| {
                let mut column: Vec<f32> = patches.iter().map(|patch| patch[place]).collect();
                *column.select_nth_unstable_by(middle, f32::total_cmp).1
            })
            .collect();
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        let rounded = std::array::from_fn(|place| (ONE * values[place] / norm).round() as i16);
        (norm > 0.0).then_some(Self(rounded))
    }

    /// Cosine of the angle between two sketches, in `0..=1` but for rounding.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        self.product(other) as f32 / (ONE * ONE)
    }

    /// Of whole numbers, so that the order of summation does not matter and processors add many at once.
    fn product(&self, other: &Self) -> i32 {
        self.0.iter().zip(&other.0).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
    }
}

/// Pairs worth comparing: of each recording the `nearest` others by sketch. Each pair once, smaller number first, sorted.
///
/// Up to 8,192 recordings these are the nearest of all. Beyond, one sketch in 256 is a centre, every other is listed with
/// its nearest centre, and each is compared with those of the lists around the nearest centres, 8,192 in all: the cost of a
/// recording hardly grows with their number, and a few of the nearest are missed (`examples/neighbours.rs` counts them).
#[must_use]
pub fn candidates(sketches: &[Option<Sketch>], nearest: usize) -> Vec<(u32, u32)> {
    nearest_pairs(sketches, nearest, COMPARED)
}

fn nearest_pairs(sketches: &[Option<Sketch>], nearest: usize, compared: usize) -> Vec<(u32, u32)> {
    let all: Vec<(u32, &Sketch)> =
        (0..).zip(sketches).filter_map(|(n, of)| Some((n, of.as_ref()?))).collect();
    let step = if all.len() > compared { LISTED } else { all.len().max(1) };
    let centres: Vec<&Sketch> = all.iter().step_by(step).map(|(_, sketch)| *sketch).collect();
    let mut lists: Vec<Vec<(u32, &Sketch)>> = vec![Vec::new(); centres.len()];
    let closest = |(_, sketch): &(u32, &Sketch)| {
        let products = centres.iter().enumerate().map(|(place, centre)| (sketch.product(centre), place));
        products.max_by_key(|&(product, place)| (product, usize::MAX - place)).map_or(0, |(_, place)| place)
    };
    let places: Vec<usize> = all.par_iter().map(closest).collect();
    for (&one, place) in all.iter().zip(places) {
        lists[place].push(one);
    }
    let of = |&(number, sketch): &(u32, &Sketch)| -> Vec<(u32, u32)> {
        let by_centre = centres.iter().zip(&lists).map(|(centre, list)| (sketch.product(centre), list));
        let mut order: BinaryHeap<(i32, usize)> =
            by_centre.enumerate().map(|(place, (product, _))| (product, usize::MAX - place)).collect();
        let around = std::iter::from_fn(|| order.pop()).flat_map(|(_, place)| &lists[usize::MAX - place]);
        // The nearest so far; of equals the smaller number.
        let mut best: Vec<(i32, u32)> = Vec::with_capacity(nearest + 1);
        for &(other, theirs) in around.filter(|(other, _)| *other != number).take(compared) {
            let product = sketch.product(theirs);
            let place = best.partition_point(|&(better, by)| (-better, by) < (-product, other));
            if place < nearest {
                best.insert(place, (product, other));
                best.truncate(nearest);
            }
        }
        best.iter().map(|&(_, other)| (number.min(other), number.max(other))).collect()
    };
    // Members of a list look at the same lists, which then are in the cache.
    let mut pairs: Vec<(u32, u32)> =
        lists.par_iter().flat_map(|list| list.par_iter().flat_map_iter(of)).collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs
}

/// Magnitudes of the Fourier transform over pitch classes and time, of slow changes only, compressed by a square root.
fn magnitudes(patch: &[[f32; 12]]) -> Vec<f32> {
    let turn = |n: usize, of: usize| Complex32::cis(-std::f32::consts::TAU * (n % of) as f32 / of as f32);
    // Over time first, of each pitch class.
    let over_time: Vec<[Complex32; 12]> = (0..=SLOW)
        .map(|rate| {
            let mut sum = [Complex32::default(); 12];
            for (time, frame) in patch.iter().enumerate() {
                let phase = turn(rate * time, PATCH);
                for (sum, value) in sum.iter_mut().zip(frame) {
                    *sum += phase * value;
                }
            }
            sum
        })
        .collect();
    let magnitude = |(row, class): (&[Complex32; 12], usize)| {
        let sum: Complex32 = row.iter().enumerate().map(|(n, value)| value * turn(class * n, 12)).sum();
        sum.norm().sqrt()
    };
    // The constant is what all music shares.
    let all = over_time.iter().flat_map(|row| (0..12).map(move |class| (row, class)));
    all.enumerate().map(|(place, cell)| if place == 0 { 0.0 } else { magnitude(cell) }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::versions::tests::song;

    #[test]
    fn the_sketch_does_not_hear_the_key() {
        let sketch = |fingerprint: &Fingerprint| Sketch::new(fingerprint).unwrap();
        let original = sketch(&song(1, 240, 0, 1.0));
        assert!(original.similarity(&sketch(&song(1, 240, 7, 1.0))) > 0.95);
        assert!((original.similarity(&original) - 1.0).abs() < 1e-3);
        let songs: Vec<_> =
            (0..12).map(|n| Sketch::new(&song(n / 2 * 100_000, 240, 3 * n as usize, 1.0))).collect();
        let pairs = candidates(&songs, 1);
        for n in 0..6 {
            assert!(pairs.contains(&(2 * n, 2 * n + 1)), "{pairs:?}");
        }
    }

    #[test]
    fn what_is_short_or_silent_has_none() {
        assert!(Sketch::new(&song(1, PATCH - 1, 0, 1.0)).is_none());
        assert!(Sketch::new(&Fingerprint::of(&vec![0.0; 400_000], 8_000).unwrap()).is_none());
        assert_eq!(candidates(&[], 5), []);
        assert_eq!(candidates(&[None, None], 5), []);
    }

    #[test]
    fn lists_find_nearly_all_and_versions_always() {
        // Every second song is a version of the one before it; some have no sketch.
        let sketch = |n: u32| Sketch::new(&song(n / 2 * 7_919, 80, 5 * n as usize % 12, 1.0));
        let songs: Vec<_> = (0..1_500).map(|n| sketch(n).filter(|_| n % 97 != 0)).collect();
        let all: BTreeSet<(u32, u32)> = nearest_pairs(&songs, 5, usize::MAX).into_iter().collect();
        // Against the definition.
        let mut expected: Vec<(i32, u32)> = (1_u32..)
            .zip(&songs[1..])
            .filter_map(|(n, theirs)| Some((songs[2].as_ref()?.product(theirs.as_ref()?), n)))
            .filter(|(_, n)| *n != 2)
            .collect();
        expected.sort_by_key(|&(product, n)| (-product, n));
        assert!(expected[..5].iter().all(|&(_, n)| all.contains(&(n.min(2), n.max(2)))));

        let some: BTreeSet<(u32, u32)> = nearest_pairs(&songs, 5, 700).into_iter().collect();
        let found = all.intersection(&some).count() as f64 / all.len() as f64;
        // Songs of random chords have no neighbourhood, and a list is nearly as good as another.
        assert!(found > 0.6 && found < 1.0, "{found}");
        for n in (0..1_500).step_by(2).filter(|n| n % 97 != 0 && (n + 1) % 97 != 0) {
            assert!(some.contains(&(n, n + 1)), "{n}");
        }
    }
}
