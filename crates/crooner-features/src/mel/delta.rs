//! Changes over time.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::fourier::framing::mirrored;
use crate::{FeatureError, Spectrogram};

/// What stands for the frames before the first and after the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaMode {
    /// Nothing: the polynomials of the first and last whole window go on to the ends. Needs `width` frames. librosa's
    /// default.
    #[default]
    Interp,
    /// The first and the last frame.
    Nearest,
    /// The frames mirrored about the first and the last one, which are not repeated.
    Mirror,
    /// Zeros.
    Constant,
    /// The other end.
    Wrap,
}

/// How changes are estimated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaConfig {
    /// Frames looked at, odd, in `3..=1001`. Default 9.
    pub width: usize,
    /// Order of the derivative, in `1..=width - 1`. Default 1.
    pub order: usize,
    /// What happens at the ends. Default: interpolation.
    pub mode: DeltaMode,
}

impl Default for DeltaConfig {
    fn default() -> Self {
        Self { width: 9, order: 1, mode: DeltaMode::Interp }
    }
}

impl DeltaConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        if self.width.is_multiple_of(2) {
            return Err(FeatureError::config("width", "odd and between 3 and 1001", self.width));
        }
        check_range("width", self.width, 3, 1001)?;
        check_range("order", self.order, 1, self.width - 1)
    }
}

/// Local estimate of the derivative of every row over time, as large as `values`:
/// `librosa.feature.delta(values, width=width, order=order, mode=mode)`.
///
/// A polynomial of degree `order` is fitted to `width` frames by least squares (Savitzky & Golay 1964), and derived as
/// often: `n!` times its leading coefficient. That is the same anywhere in the window, so in [`DeltaMode::Interp`] the
/// frames nearer to an end than half a window have the value of the first or last whole one.
///
/// ```
/// use crooner_features::{DeltaConfig, Spectrogram, delta};
///
/// let ramp = Spectrogram::new(1, 20, (0..20).map(|t| 3.0 * t as f32).collect())?;
/// assert!(delta(&ramp, &DeltaConfig::default())?.values().iter().all(|slope| (slope - 3.0).abs() < 1e-5));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::TooFewFrames`] for fewer than `width` frames in
/// [`DeltaMode::Interp`].
pub fn delta(values: &Spectrogram, config: &DeltaConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    let DeltaConfig { width, order, mode } = *config;
    let (half, n) = (width / 2, values.n_frames());
    if mode == DeltaMode::Interp && width > n {
        return Err(FeatureError::TooFewFrames { n_frames: n, width });
    }
    if n == 0 {
        return Spectrogram::new(values.n_bins(), 0, Vec::new());
    }
    let weights = leading_coefficient(width, order);
    let mut deltas = Vec::with_capacity(values.values().len());
    let mut padded = Vec::with_capacity(n + 2 * half);
    for row in values.values().chunks_exact(n) {
        if mode == DeltaMode::Interp {
            padded.clear();
            padded.extend_from_slice(row);
        } else {
            let before = |distance| outside(row, distance, mode, false);
            let after = |distance| outside(row, distance, mode, true);
            padded.clear();
            padded.extend((1..=half).rev().map(before));
            padded.extend_from_slice(row);
            padded.extend((1..=half).map(after));
        }
        let start = deltas.len();
        deltas.extend(
            padded.windows(width).map(|window| {
                window.iter().zip(&weights).map(|(x, w)| f64::from(*x) * w).sum::<f64>() as f32
            }),
        );
        if mode == DeltaMode::Interp {
            let (first, last) = (deltas[start], deltas[deltas.len() - 1]);
            deltas.splice(start..start, std::iter::repeat_n(first, half));
            deltas.extend(std::iter::repeat_n(last, half));
        }
    }
    Spectrogram::new(values.n_bins(), n, deltas)
}

/// The value `distance` frames before the first of `row`, or after the last.
fn outside(row: &[f32], distance: usize, mode: DeltaMode, is_after: bool) -> f32 {
    let n = row.len();
    let from_end = |place: usize| if is_after { n - 1 - place } else { place };
    match mode {
        DeltaMode::Constant => 0.0,
        DeltaMode::Interp | DeltaMode::Nearest => row[from_end(0)],
        DeltaMode::Mirror => row[from_end(mirrored(distance, n))],
        DeltaMode::Wrap => row[from_end(n - 1 - (distance - 1) % n)],
    }
}

/// Weights whose sum over a window is `order!` times the leading coefficient of the polynomial of degree `order` that
/// fits it best: the monic polynomial of that degree that is orthogonal to all lower ones, over its square.
fn leading_coefficient(width: usize, order: usize) -> Vec<f64> {
    let half = (width / 2) as f64;
    let positions: Vec<f64> = (0..width).map(|i| i as f64 - half).collect();
    let mut basis: Vec<Vec<f64>> = vec![vec![1.0; width]];
    for degree in 1..=order {
        let mut next: Vec<f64> = basis[degree - 1].iter().zip(&positions).map(|(p, x)| p * x).collect();
        for lower in &basis {
            let product: f64 = next.iter().zip(lower).map(|(a, b)| a * b).sum();
            let square: f64 = lower.iter().map(|b| b * b).sum();
            next.iter_mut().zip(lower).for_each(|(a, b)| *a -= product / square * b);
        }
        basis.push(next);
    }
    let highest = &basis[order];
    let square: f64 = highest.iter().map(|p| p * p).sum();
    let factorial: f64 = (1..=order).map(|n| n as f64).product();
    highest.iter().map(|p| factorial * p / square).collect()
}
