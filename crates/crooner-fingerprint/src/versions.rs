//! Other versions of the same song: another performance, arrangement, key or tempo. A guess, for a person to listen to.
//!
//! Two steps keep the cost bounded. A [`Sketch`] is the magnitude of the two-dimensional Fourier transform of half a
//! minute of chroma, which neither a transposition nor a shift in time changes (Bertin-Mahieux and Ellis,
//! *Large-Scale Cover Song Recognition Using the 2D Fourier Transform Magnitude*, ISMIR 2012); [`candidates`] are the
//! nearest by it. [`compare`] then aligns the chroma of two recordings: the optimal transposition index, a cross-recurrence
//! plot of stacked frames, and the longest path through it that may bend and be interrupted (Qmax: Serrà, Serra and Andrzejak,
//! *Cross recurrence quantification for cover song identification*, New Journal of Physics 11, 2009).

use std::ops::Range;

use crate::Fingerprint;
pub use crate::sketch::{Sketch, candidates};

/// Frames of chroma a second.
const RATE: f64 = 2.0;
/// Frames of chroma that are looked at, from the beginning: ten minutes.
const MOST_FRAMES: usize = 1200;
/// Frames that are compared together: 5 s.
const STACKED: usize = 10;
/// The share of the other recording's frames that each frame recurs in.
const RECURRING: f64 = 0.1;
/// What an interruption costs when it begins and when it goes on, in frames.
const GAP_BEGINS: f32 = 5.0;
const GAP_GOES_ON: f32 = 0.5;

/// How alike two recordings are in harmony.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// The longest path through the recurrence plot, in frames, over the frames of the shorter recording. Around 1 for a
    /// copy; see [`LIKELY`].
    pub score: f64,
    /// How many semitones the second sounds above the first, in `-5..=6`.
    pub semitones: i32,
    /// Where that path lies in the first recording, in seconds.
    pub first: Range<f64>,
    /// And in the second.
    pub second: Range<f64>,
}

/// A score above this makes two recordings probable versions of one song. Of unrelated half minutes, about one pair in
/// five thousand comes near 0.6; shifted keys and tempi mostly score 1 (`examples/versions.sh` prints both).
pub const LIKELY: f64 = 0.65;

/// Aligns two recordings. None where one is shorter than 10 s.
///
/// Cost: proportional to the product of their lengths, of which at most ten minutes are looked at.
#[must_use]
pub fn compare(first: &Fingerprint, second: &Fingerprint) -> Option<Likeness> {
    let (a, b) = (frames(first), frames(second));
    if a.len().min(b.len()) < 2 * STACKED {
        return None;
    }
    transpositions(&a, &b)
        .into_iter()
        .map(|semitones| aligned(&a, &b, semitones))
        .max_by(|x, y| x.score.total_cmp(&y.score))
}

/// Frames of Euclidean length 1; silence stays silent.
pub(crate) fn frames(fingerprint: &Fingerprint) -> Vec<[f32; 12]> {
    let normed = |frame: &[u8; 12]| {
        let frame = frame.map(f32::from);
        let norm = frame.iter().map(|value| value * value).sum::<f32>().sqrt();
        if norm > 0.0 { frame.map(|value| value / norm) } else { frame }
    };
    fingerprint.chroma.iter().take(MOST_FRAMES).map(normed).collect()
}

/// The two transpositions at which the mean chroma of both agree best.
fn transpositions(a: &[[f32; 12]], b: &[[f32; 12]]) -> [usize; 2] {
    let mean = |frames: &[[f32; 12]]| -> [f32; 12] {
        std::array::from_fn(|class| frames.iter().map(|frame| frame[class]).sum())
    };
    let (a, b) = (mean(a), mean(b));
    let agreement = |shift: usize| -> f32 { (0..12).map(|class| a[class] * b[(class + shift) % 12]).sum() };
    let mut order: [usize; 12] = std::array::from_fn(|shift| shift);
    order.sort_by(|&x, &y| agreement(y).total_cmp(&agreement(x)).then(x.cmp(&y)));
    [order[0], order[1]]
}

fn aligned(a: &[[f32; 12]], b: &[[f32; 12]], shift: usize) -> Likeness {
    let turned: Vec<[f32; 12]> =
        b.iter().map(|frame| std::array::from_fn(|class| frame[(class + shift) % 12])).collect();
    let (rows, columns) = (a.len() + 1 - STACKED, b.len() + 1 - STACKED);
    let similar = stacked(a, &turned, rows, columns);
    let recurs = recurrence(&similar, rows, columns);
    let path = longest_path(&recurs, rows, columns);
    let seconds = |frames: Range<usize>| frames.start as f64 / RATE..(frames.end + STACKED) as f64 / RATE;
    let shift = shift as i32;
    Likeness {
        score: f64::from(path.length) / rows.min(columns) as f64,
        semitones: if shift > 6 { shift - 12 } else { shift },
        first: seconds(path.rows),
        second: seconds(path.columns),
    }
}

/// Similarity of `STACKED` frames from each row and column on: `[rows, columns]`. Sums run along diagonals.
fn stacked(a: &[[f32; 12]], b: &[[f32; 12]], rows: usize, columns: usize) -> Vec<f32> {
    let single: Vec<f32> = a
        .iter()
        .flat_map(|x| b.iter().map(move |y| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>()))
        .collect();
    let mut sums = vec![0.0; rows * columns];
    for row in 0..rows {
        for offset in 0..STACKED {
            let line = &single[(row + offset) * b.len() + offset..][..columns];
            for (sum, value) in sums[row * columns..][..columns].iter_mut().zip(line) {
                *sum += value;
            }
        }
    }
    sums
}

/// Where both the row is among the nearest of the column and the column among the nearest of the row.
fn recurrence(similar: &[f32], rows: usize, columns: usize) -> Vec<bool> {
    // A path must be able to advance everywhere, however short a recording.
    let limit = |values: &mut [f32]| {
        let rank = ((RECURRING * values.len() as f64).round() as usize).clamp(1, values.len()) - 1;
        *values.select_nth_unstable_by(rank, |a, b| b.total_cmp(a)).1
    };
    let mut scratch = Vec::new();
    let mut of = |values: &mut dyn Iterator<Item = f32>| {
        scratch.clear();
        scratch.extend(values);
        limit(&mut scratch)
    };
    let by_row: Vec<f32> =
        (0..rows).map(|row| of(&mut similar[row * columns..][..columns].iter().copied())).collect();
    let by_column: Vec<f32> =
        (0..columns).map(|column| of(&mut similar.iter().skip(column).step_by(columns).copied())).collect();
    let recurs = |(row, limit): (usize, &f32)| {
        let line = &similar[row * columns..][..columns];
        let limit = *limit;
        line.iter()
            .zip(&by_column)
            .map(move |(&value, &other)| value >= limit && value >= other && value > 0.0)
    };
    by_row.iter().enumerate().flat_map(recurs).collect()
}

struct Path {
    length: f32,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Qmax: the best score of a path that advances by (1, 1), (1, 2) or (2, 1), gains 1 where frames recur and pays where
/// they do not.
fn longest_path(recurs: &[bool], rows: usize, columns: usize) -> Path {
    let mut scores = vec![0.0_f32; rows * columns];
    // Where the path through a cell began.
    let mut begins: Vec<(u32, u32)> =
        (0..rows as u32).flat_map(|row| (0..columns as u32).map(move |column| (row, column))).collect();
    let mut best = Path { length: 0.0, rows: 0..0, columns: 0..0 };
    for row in 0..rows {
        for column in 0..columns {
            let here = row * columns + column;
            let steps = [(1, 1), (1, 2), (2, 1)]
                .into_iter()
                .filter(|&(down, across)| row >= down && column >= across)
                .map(|(down, across)| (row - down) * columns + column - across);
            let (mut score, mut begin) = (0.0, begins[here]);
            if recurs[here] {
                score = 1.0;
                for before in steps {
                    if scores[before] + 1.0 > score {
                        (score, begin) = (scores[before] + 1.0, begins[before]);
                    }
                }
            } else {
                for before in steps {
                    let cost = if recurs[before] { GAP_BEGINS } else { GAP_GOES_ON };
                    if scores[before] - cost > score {
                        (score, begin) = (scores[before] - cost, begins[before]);
                    }
                }
            }
            (scores[here], begins[here]) = (score, begin);
            if score > best.length {
                let (first_row, first_column) = (begin.0 as usize, begin.1 as usize);
                best = Path { length: score, rows: first_row..row, columns: first_column..column };
            }
        }
    }
    best
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Peak;

    /// A song whose chords change every second; `seed` decides which, and each of its frames is a little different.
    pub(crate) fn song(seed: u32, frames: usize, semitones: usize, stretch: f64) -> Fingerprint {
        let chord = |n: usize| {
            let mut state = seed.wrapping_add(n as u32).wrapping_mul(0x9E37_79B9);
            state ^= state >> 15;
            (state.wrapping_mul(0x85EB_CA6B) >> 8) as usize % 24
        };
        let frame = |n: usize| {
            let chord = chord((n as f64 * stretch) as usize / 2);
            let third = if chord < 12 { 4 } else { 3 };
            let mut frame = [10_u8; 12];
            for (note, level) in [(0, 255), (third, 200), (7, 220)] {
                frame[(chord % 12 + note + semitones) % 12] = level;
            }
            frame[n * 7 % 12] = frame[n * 7 % 12].saturating_add(30);
            frame
        };
        Fingerprint {
            peaks: Vec::<Peak>::new(),
            chroma: (0..frames).map(frame).collect(),
            n_samples: frames as u64 * 4000,
        }
    }

    #[test]
    fn a_transposed_and_slower_version_is_likely_and_another_song_is_not() {
        let original = song(1, 240, 0, 1.0);
        let version = song(1, 260, 5, 0.92);
        let likeness = compare(&original, &version).unwrap();
        assert!(likeness.score > LIKELY, "{likeness:?}");
        assert_eq!(likeness.semitones, 5);
        let other = compare(&original, &song(77_777, 240, 0, 1.0)).unwrap();
        assert!(other.score < LIKELY / 2.0, "{other:?}");
    }

    #[test]
    fn what_is_too_short_is_not_compared() {
        let short = song(1, 19, 0, 1.0);
        assert!(compare(&short, &song(1, 240, 0, 1.0)).is_none());
    }
}
