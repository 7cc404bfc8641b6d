//! How alike the parts of a track are.

use crooner_features::Frames;

/// Cosine similarity of every pair of stretches of `block` frames: `[n, n]`, from -1 to 1.
///
/// A stretch is the mean of its frames; of every bin, the mean over the track is taken off and the rest is divided by its
/// standard deviation, so that no bin outweighs the others and what never changes counts for nothing. After Foote,
/// *Visualizing Music and Audio using Self-Similarity* (ACM Multimedia 1999).
pub(crate) fn self_similarity(frames: &Frames, block: usize) -> Vec<f32> {
    let n_bins = frames.n_bins();
    let mut stretches: Vec<Vec<f64>> = frames
        .values()
        .chunks(block * n_bins)
        .map(|stretch| {
            let n = (stretch.len() / n_bins) as f64;
            let sum = |bin: usize| stretch[bin..].iter().step_by(n_bins).map(|&v| f64::from(v)).sum::<f64>();
            (0..n_bins).map(|bin| sum(bin) / n).collect()
        })
        .collect();
    let n = stretches.len();
    for bin in 0..n_bins {
        let column = || stretches.iter().map(|stretch| stretch[bin]);
        let mean = column().sum::<f64>() / n as f64;
        let deviation = (column().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        // Rounding alone makes no difference between stretches.
        let factor = if deviation > 1e-6 * mean.abs() { 1.0 / deviation } else { 0.0 };
        stretches.iter_mut().for_each(|stretch| stretch[bin] = (stretch[bin] - mean) * factor);
    }
    for stretch in &mut stretches {
        let norm = stretch.iter().map(|value| value * value).sum::<f64>().sqrt();
        if norm > 0.0 {
            stretch.iter_mut().for_each(|value| *value /= norm);
        }
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() as f32;
    stretches.iter().flat_map(|a| stretches.iter().map(move |b| dot(a, b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_returns_is_like_itself_and_unlike_the_rest() {
        // A B A, two frames each; the last bin never changes.
        let a = [1.0, 0.0, 5.0];
        let b = [0.0, 2.0, 5.0];
        let frames = Frames::new(3, [a, a, b, b, a, a].concat()).unwrap();
        let similarity = self_similarity(&frames, 2);
        let expected = [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]].concat();
        assert!(similarity.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{similarity:?}");
    }

    #[test]
    fn silence_is_like_nothing_and_no_division_by_zero() {
        let frames = Frames::new(2, vec![0.0; 10]).unwrap();
        assert_eq!(self_similarity(&frames, 2), [0.0; 9]);
    }
}
