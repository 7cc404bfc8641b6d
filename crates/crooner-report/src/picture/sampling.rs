//! Cells of any size onto pixels: each pixel is the mean of the cells under it, by the share of it that they cover.

/// Which cells lie under each of a row of pixels, and how much of it each covers.
pub(super) struct Cover {
    /// First cell, and the shares of that and the following ones, which sum to 1.
    pixels: Vec<(usize, Vec<f32>)>,
}

impl Cover {
    /// For cells between neighbouring `edges`, which ascend, in pixels. A pixel beyond the outermost cells shows the
    /// nearest of them.
    pub(super) fn new(edges: &[f64], n_pixels: usize) -> Self {
        let last = edges.len().saturating_sub(2);
        let mut first = 0;
        let pixels = (0..n_pixels).map(|pixel| {
            let (from, to) = (pixel as f64, pixel as f64 + 1.0);
            while first < last && edges[first + 1] <= from {
                first += 1;
            }
            let mut shares = Vec::new();
            for cell in first..=last {
                let left = if cell == 0 { f64::NEG_INFINITY } else { edges[cell] };
                let right = if cell == last { f64::INFINITY } else { edges[cell + 1] };
                if left >= to {
                    break;
                }
                shares.push((right.min(to) - left.max(from)).max(0.0) as f32);
            }
            (first, shares)
        });
        Self { pixels: pixels.collect() }
    }

    /// For `n_cells` of one size that fill the pixels.
    pub(super) fn even(n_cells: usize, n_pixels: usize) -> Self {
        let size = n_pixels as f64 / n_cells as f64;
        Self::new(&(0..=n_cells).map(|i| i as f64 * size).collect::<Vec<_>>(), n_pixels)
    }

    /// Number of pixels.
    pub(super) fn len(&self) -> usize {
        self.pixels.len()
    }
}

/// The image of a grid of cells, row by row from the top. `cells` are columns one after another, each from the bottom.
pub(super) fn image(cells: &[f32], n_rows: usize, columns: &Cover, rows: &Cover) -> Vec<f32> {
    let (width, height) = (columns.len(), rows.len());
    let mut image = vec![0.0; width * height];
    let mut column = vec![0.0f32; n_rows];
    for (x, (first, shares)) in columns.pixels.iter().enumerate() {
        column.fill(0.0);
        for (cell, share) in cells[first * n_rows..].chunks_exact(n_rows).zip(shares) {
            column.iter_mut().zip(cell).for_each(|(sum, value)| *sum += share * value);
        }
        for (y, (first, shares)) in rows.pixels.iter().enumerate() {
            let value = column[*first..].iter().zip(shares).map(|(value, share)| value * share).sum();
            image[(height - 1 - y) * width + x] = value;
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        // Three cells on two pixels: each pixel covers one cell and half of the middle one.
        let columns = Cover::even(3, 2);
        let image = image(&[1.0, 2.0, 3.0], 1, &columns, &Cover::even(1, 1));
        let expected = [(1.0 + 0.5 * 2.0) / 1.5, (0.5 * 2.0 + 3.0) / 1.5];
        assert!(image.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{image:?}");
    }

    #[test]
    fn columns_go_right_and_rows_upwards() {
        let even = Cover::even(2, 2);
        assert_eq!(image(&[1.0, 2.0, 3.0, 4.0], 2, &even, &even), [2.0, 4.0, 1.0, 3.0]);
    }

    #[test]
    fn cells_may_reach_beyond_the_pixels_or_end_before_them() {
        let beyond = Cover::new(&[-3.0, 0.5, 9.0], 2);
        assert_eq!(image(&[1.0, 3.0], 1, &beyond, &Cover::even(1, 1)), [2.0, 3.0]);
        let short = Cover::new(&[1.0, 2.0, 3.0], 5);
        assert_eq!(image(&[1.0, 3.0], 1, &short, &Cover::even(1, 1)), [1.0, 1.0, 3.0, 3.0, 3.0]);
    }

    proptest! {
        #[test]
        fn shares_of_a_pixel_sum_to_one(steps in prop::collection::vec(0.0f64..5.0, 1..50), n_pixels in 1usize..60) {
            let mut edge = -1.0;
            let edges: Vec<f64> = std::iter::once(edge).chain(steps.iter().map(|step| { edge += step; edge })).collect();
            for (first, shares) in Cover::new(&edges, n_pixels).pixels {
                prop_assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                prop_assert!(first + shares.len() < edges.len());
            }
        }
    }
}
