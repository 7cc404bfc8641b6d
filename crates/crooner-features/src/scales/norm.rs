//! Norms of the columns of a feature, and of filters.

use serde::{Deserialize, Serialize};

use crate::Spectrogram;

/// By what a vector is divided: `librosa.util.normalize(S, norm=...)`.
///
/// A vector whose norm is below the smallest normal `f32` stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Nothing.
    None,
    /// Its largest magnitude, `max |x|`.
    Inf,
    /// The sum of its magnitudes, `Σ |x|`.
    L1,
    /// Its Euclidean length, `√Σ |x|²`.
    L2,
}

impl Norm {
    /// The norm of a vector; 1 for [`Norm::None`].
    #[must_use]
    pub fn of(self, values: &[f32]) -> f64 {
        self.of_magnitudes(values.iter().map(|&value| f64::from(value.abs())))
    }

    pub(crate) fn of_magnitudes(self, magnitudes: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Inf => magnitudes.fold(0.0, f64::max),
            Self::L1 => magnitudes.sum(),
            Self::L2 => magnitudes.map(|magnitude| magnitude * magnitude).sum::<f64>().sqrt(),
        }
    }

    /// Divides `values` by their norm.
    pub(crate) fn apply(self, values: &mut [f32]) {
        let norm = self.of(values);
        if self != Self::None && norm >= f64::from(f32::MIN_POSITIVE) {
            for value in values {
                *value = (f64::from(*value) / norm) as f32;
            }
        }
    }

    /// Divides every frame of `values`, `n_bins` long each, by its norm.
    pub(crate) fn apply_to_frames(self, values: &mut [f32], n_bins: usize) {
        if self != Self::None {
            values.chunks_exact_mut(n_bins).for_each(|frame| self.apply(frame));
        }
    }
}

/// Every column (one frame) divided by its norm: `librosa.util.normalize(S, norm=..., axis=-2)`.
///
/// ```
/// use crooner_features::{Norm, Spectrogram, normalize};
///
/// let s = Spectrogram::new(2, 2, vec![3.0, 0.0, 4.0, 0.0])?;
/// assert_eq!(normalize(&s, Norm::L2).values(), [0.6, 0.0, 0.8, 0.0]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
#[must_use]
pub fn normalize(spectrogram: &Spectrogram, norm: Norm) -> Spectrogram {
    let mut frames = spectrogram.to_frames();
    norm.apply_to_frames(frames.values_mut(), spectrogram.n_bins().max(1));
    frames.to_spectrogram()
}
