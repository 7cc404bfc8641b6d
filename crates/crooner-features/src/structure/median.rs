//! Sliding medians.

use crate::fourier::simd::{Simd, WithSimd, dispatch};

/// Columns that are filtered side by side.
const LANES: usize = 16;

/// The median of the `size` values around each value of every column of `values` (rows of `n_columns`), the column
/// mirrored at both ends with its end repeated: `scipy.ndimage.median_filter(values, size=(size, 1), mode="reflect")`.
/// For an even `size` the window reaches one further back and the upper of the middle two is taken, as in SciPy.
///
/// The values of the window are kept in order. A step takes one value out and puts another in, which moves every value in
/// between by one place: a minimum, a maximum and a selection each, without a branch, so that neighbouring columns are
/// done side by side. For windows of some tens of values this is faster than any search tree. Values are not NaN.
pub(crate) fn median_of_columns(values: &[f32], n_columns: usize, size: usize) -> Vec<f32> {
    let mut medians = vec![0.0; values.len()];
    dispatch(MedianOfColumns { values, n_columns, size, medians: &mut medians });
    medians
}

struct MedianOfColumns<'a> {
    values: &'a [f32],
    n_columns: usize,
    size: usize,
    medians: &'a mut [f32],
}

impl WithSimd for MedianOfColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, n_columns, size, medians } = self;
        let rows = values.len() / n_columns;
        let before = size / 2;
        // Where each place of the longer column lies, from half a window before the first row on.
        let places: Vec<usize> = (0..rows + size)
            .map(|i| mirrored_with_end(i as isize - before as isize, rows) * n_columns)
            .collect();
        let mut sorted = vec![[0.0f32; LANES]; size + 2];
        for first in (0..n_columns).step_by(LANES) {
            let width = LANES.min(n_columns - first);
            let row = |place: usize| {
                let start = place + first;
                let mut lanes = [0.0; LANES];
                if let Some(full) = values[start..].first_chunk::<LANES>().filter(|_| width == LANES) {
                    lanes = *full;
                } else {
                    lanes[..width].copy_from_slice(&values[start..][..width]);
                }
                lanes
            };
            // Sentinels at both ends; the window of the first row starts out in order.
            sorted[0] = [f32::NEG_INFINITY; LANES];
            sorted[size + 1] = [f32::INFINITY; LANES];
            let window: Vec<[f32; LANES]> = places[..size].iter().map(|&place| row(place)).collect();
            for lane in 0..LANES {
                let mut column: Vec<f32> = window.iter().map(|lanes| lanes[lane]).collect();
                column.sort_unstable_by(f32::total_cmp);
                for (slot, value) in sorted[1..].iter_mut().zip(column) {
                    slot[lane] = value;
                }
            }
            for (t, (&old, &new)) in places.iter().zip(&places[size..]).enumerate() {
                let median = &sorted[1 + before];
                medians[t * n_columns + first..][..width].copy_from_slice(&median[..width]);
                exchange(&mut sorted, &row(old), &row(new));
            }
        }
    }
}

/// Takes `old` out of the sorted values between two sentinels and puts `new` in, lane by lane.
///
/// With `u` the sorted values and `new` among them, `u[i]` is `new` held between the neighbours `s[i-1]` and `s[i]`. What is
/// left without the first value that is not below `old` is `u[i]` below it and `u[i+1]` from there on.
#[inline(always)]
fn exchange(sorted: &mut [[f32; LANES]], old: &[f32; LANES], new: &[f32; LANES]) {
    let clamp = |low: f32, value: f32, high: f32| {
        let raised = if value > low { value } else { low };
        if raised < high { raised } else { high }
    };
    let last = sorted.len() - 1;
    let mut low = sorted[0];
    let mut high = sorted[1];
    let mut u: [f32; LANES] = std::array::from_fn(|lane| clamp(low[lane], new[lane], high[lane]));
    for i in 1..last {
        low = high;
        high = sorted[i + 1];
        let next: [f32; LANES] = std::array::from_fn(|lane| clamp(low[lane], new[lane], high[lane]));
        sorted[i] = std::array::from_fn(|lane| if u[lane] < old[lane] { u[lane] } else { next[lane] });
        u = next;
    }
}

/// Position in `0..n` of a place outside, mirrored at the ends with the end itself repeated.
fn mirrored_with_end(position: isize, n: usize) -> usize {
    let place = position.rem_euclid(2 * n as isize) as usize;
    place.min(2 * n - 1 - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_sorting_every_window() {
        for (rows, columns, size) in
            [(1, 1, 31), (5, 3, 1), (40, 33, 2), (9, 17, 31), (100, 20, 31), (64, 16, 6)]
        {
            let mut state = 7u32;
            let values: Vec<f32> = (0..rows * columns)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Few distinct values: ties matter.
                    ((state >> 24) % 23) as f32
                })
                .collect();
            let medians = median_of_columns(&values, columns, size);
            for t in 0..rows {
                for column in 0..columns {
                    let place = |i: usize| mirrored_with_end((t + i) as isize - (size / 2) as isize, rows);
                    let mut window: Vec<f32> =
                        (0..size).map(|i| values[place(i) * columns + column]).collect();
                    window.sort_by(f32::total_cmp);
                    assert_eq!(
                        medians[t * columns + column],
                        window[size / 2],
                        "{rows} {columns} {size} {t}"
                    );
                }
            }
        }
    }
}
