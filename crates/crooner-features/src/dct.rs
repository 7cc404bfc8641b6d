//! Discrete cosine transforms, as matrices.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::FeatureError;
use crate::error::check_range;

/// Scaling of the cosine transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DctNorm {
    /// Orthonormal rows.
    #[default]
    Ortho,
    /// Unscaled: type II is `2 Σ x cos(...)`.
    None,
}

/// The first `n_rows` rows of the cosine transform of `n` values, `[n_rows, n]`: `scipy.fft.dct(x, type=dct_type,
/// norm=norm)` is its product with `x`.
///
/// Type 2: `y[k] = 2 s Σₘ x[m] cos(π k (2m + 1) / 2n)`. Type 3: `y[k] = s₀ x[0] + 2 s Σₘ x[m] cos(π m (2k + 1) / 2n)` over
/// `m >= 1`. Unscaled, `s = s₀ = 1`; orthonormal, rows (type 2) or columns (type 3) have length 1 and the two types are
/// inverse to each other.
///
/// ```
/// use crooner_features::{DctNorm, dct_matrix};
///
/// let matrix = dct_matrix(2, DctNorm::Ortho, 1, 4)?;
/// assert!(matrix.iter().all(|w| (w - 0.5).abs() < 1e-15));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] unless `dct_type` is 2 or 3 and `1 <= n_rows <= n <= 65536`.
pub fn dct_matrix(dct_type: u8, norm: DctNorm, n_rows: usize, n: usize) -> Result<Vec<f64>, FeatureError> {
    check_range("dct_type", dct_type, 2, 3)?;
    check_range("n", n, 1, 1 << 16)?;
    check_range("n_rows", n_rows, 1, n)?;
    let length = n as f64;
    let weight = |k: usize, m: usize| {
        let is_constant = if dct_type == 2 { k == 0 } else { m == 0 };
        let scale = match norm {
            DctNorm::None if dct_type == 3 && is_constant => 1.0,
            DctNorm::None => 2.0,
            DctNorm::Ortho if is_constant => (1.0 / length).sqrt(),
            DctNorm::Ortho => (2.0 / length).sqrt(),
        };
        let (wave, place) = if dct_type == 2 { (k, m) } else { (m, k) };
        scale * (PI * wave as f64 * (2 * place + 1) as f64 / (2.0 * length)).cos()
    };
    Ok((0..n_rows).flat_map(|k| (0..n).map(move |m| weight(k, m))).collect())
}

/// The inverse of [`dct_matrix`], of whose input only the first `n_given` values are not zero: `[n, n_given]`.
pub(crate) fn inverse_dct_matrix(
    dct_type: u8,
    norm: DctNorm,
    n_given: usize,
    n: usize,
) -> Result<Vec<f64>, FeatureError> {
    check_range("dct_type", dct_type, 2, 3)?;
    let other = dct_matrix(5 - dct_type, norm, n, n)?;
    let scale = match norm {
        DctNorm::Ortho => 1.0,
        DctNorm::None => 1.0 / (2.0 * n as f64),
    };
    Ok(other.chunks_exact(n).flat_map(|row| row[..n_given].iter().map(|w| scale * w)).collect())
}

/// Factor of coefficient `n` under a lifter of this period: `1 + lifter / 2 sin(π (n + 1) / lifter)`; 1 for 0.
pub(crate) fn lift(lifter: f32, n: usize) -> f64 {
    let lifter = f64::from(lifter);
    if lifter > 0.0 { 1.0 + lifter / 2.0 * (PI * (n + 1) as f64 / lifter).sin() } else { 1.0 }
}
