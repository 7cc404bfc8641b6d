//! Mean and variance of a block's channels.

use crate::activation::Activation;
use crate::block::BlockParams;
use crate::geometry::Geometry;
use crate::simd::Simd;
use crate::simd::portable::Portable;

/// What the channels are normalised with.
pub(crate) struct Moments {
    pub(crate) mean: Vec<f64>,
    pub(crate) variance: Vec<f64>,
    pub(crate) inverse_deviation: Vec<f64>,
}

impl Moments {
    fn new(mean: Vec<f64>, variance: Vec<f64>, epsilon: f64) -> Self {
        let inverse_deviation = variance.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect();
        Self { mean, variance, inverse_deviation }
    }

    pub(crate) fn given(mean: &[f32], variance: &[f32], epsilon: f64) -> Self {
        let [mean, variance] = [mean, variance].map(|values| values.iter().copied().map(f64::from).collect());
        Self::new(mean, variance, epsilon)
    }

    /// From the sums of `count` values a channel less its centre, and of the squares of that, `[2, k]`.
    pub(crate) fn of(sums: &[f64], centre: &[f32], filters: usize, count: usize, epsilon: f64) -> Self {
        let (k, count) = (sums.len() / 2, count as f64);
        let moments = (0..filters).map(|j| {
            let off = sums[j] / count;
            let (mean, variance) = (f64::from(centre[j]) + off, sums[k + j] / count - off * off);
            // Rounding may leave less than nothing; a NaN stays.
            (mean, if variance < 0.0 { 0.0 } else { variance })
        });
        let (mean, variance) = moments.unzip();
        Self::new(mean, variance, epsilon)
    }

    pub(crate) fn both(&self) -> [&[f64]; 2] {
        [&self.mean, &self.inverse_deviation]
    }
}

/// Activations at the middle of the first image, `[k]`: what all are compared with before they are squared, so that the
/// squares do not hide the variance of a channel that hardly varies, as one that ELU holds at -1.
pub(crate) fn centre(
    g: &Geometry,
    input: &[f32],
    params: &BlockParams<'_>,
    activation: Activation,
) -> Vec<f32> {
    let [rows, columns] = g.kernel;
    // In the layout of the weights, `[channels, rows, columns]`, zero outside the image.
    let mut patch = vec![0.0; g.channels * rows * columns];
    for i in 0..rows {
        for j in 0..columns {
            let row = (g.height / 2 + i).checked_sub(rows / 2).filter(|row| *row < g.height);
            let column = (g.width / 2 + j).checked_sub(columns / 2).filter(|column| *column < g.width);
            let (Some(row), Some(column)) = (row, column) else { continue };
            let pixel = &input[(row * g.width + column) * g.channels..][..g.channels];
            for (channel, value) in pixel.iter().enumerate() {
                patch[(channel * rows + i) * columns + j] = *value;
            }
        }
    }
    let mut centre = vec![0.0; g.k()];
    let filters = params.weight.chunks_exact(patch.len()).zip(params.bias);
    for (centre, (weight, bias)) in centre.iter_mut().zip(filters) {
        *centre = bias + dot(weight, &patch);
    }
    for values in centre.chunks_exact_mut(Portable::LANES) {
        // SAFETY: a vector's worth.
        unsafe { activation.of(Portable::load(values.as_ptr())).store(values.as_mut_ptr()) };
    }
    centre
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    sums.into_iter().chain(rest).sum()
}
