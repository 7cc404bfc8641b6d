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
/// Type 1: `y[k] = s₀ (x[0] + (-1)ᵏ x[n-1]) + 2 s Σₘ x[m] cos(π k m / (n - 1))` over `0 < m < n - 1`. Type 2:
/// `y[k] = 2 s Σₘ x[m] cos(π k (2m + 1) / 2n)`. Type 3: `y[k] = s₀ x[0] + 2 s Σₘ x[m] cos(π m (2k + 1) / 2n)` over
/// `m >= 1`. Unscaled, `s = s₀ = 1`; orthonormal, rows and columns have length 1. Type 1 is then inverse to itself, and types
/// 2 and 3 are inverse to each other.
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
/// [`FeatureError::Config`] unless `dct_type` is 1, 2 or 3 and `1 <= n_rows <= n <= 65536`, and `n >= 2` for type 1.
pub fn dct_matrix(dct_type: u8, norm: DctNorm, n_rows: usize, n: usize) -> Result<Vec<f64>, FeatureError> {
    check_range("dct_type", dct_type, 1, 3)?;
    check_range("n", n, if dct_type == 1 { 2 } else { 1 }, 1 << 16)?;
    check_range("n_rows", n_rows, 1, n)?;
    let weight = match dct_type {
        1 => type_1,
        2 => type_2,
        _ => type_3,
    };
    Ok((0..n_rows).flat_map(|k| (0..n).map(move |m| weight(norm, n, k, m))).collect())
}

fn type_1(norm: DctNorm, n: usize, k: usize, m: usize) -> f64 {
    let length = (n - 1) as f64;
    let is_end = |i: usize| i == 0 || i == n - 1;
    let scale = match norm {
        DctNorm::None if is_end(m) => 1.0,
        DctNorm::None => 2.0,
        DctNorm::Ortho => {
            let halved = |i: usize| if is_end(i) { 0.5 } else { 1.0 };
            (2.0 / length * halved(k) * halved(m)).sqrt()
        }
    };
    scale * (PI * ((k * m) % (2 * (n - 1))) as f64 / length).cos()
}

fn type_2(norm: DctNorm, n: usize, k: usize, m: usize) -> f64 {
    let length = n as f64;
    let scale = match norm {
        DctNorm::None => 2.0,
        DctNorm::Ortho if k == 0 => (1.0 / length).sqrt(),
        DctNorm::Ortho => (2.0 / length).sqrt(),
    };
    scale * (PI * k as f64 * (2 * m + 1) as f64 / (2.0 * length)).cos()
}

fn type_3(norm: DctNorm, n: usize, k: usize, m: usize) -> f64 {
    match norm {
        DctNorm::None if m == 0 => 1.0,
        _ => type_2(norm, n, m, k),
    }
}

/// The inverse of [`dct_matrix`], of whose input only the first `n_given` values are not zero: `[n, n_given]`.
pub(crate) fn inverse_dct_matrix(
    dct_type: u8,
    norm: DctNorm,
    n_given: usize,
    n: usize,
) -> Result<Vec<f64>, FeatureError> {
    check_range("dct_type", dct_type, 1, 3)?;
    let inverse_type = [1, 3, 2][usize::from(dct_type) - 1];
    let other = dct_matrix(inverse_type, norm, n, n)?;
    let period = if dct_type == 1 { n - 1 } else { n };
    let scale = match norm {
        DctNorm::Ortho => 1.0,
        DctNorm::None => 1.0 / (2.0 * period as f64),
    };
    Ok(other.chunks_exact(n).flat_map(|row| row[..n_given].iter().map(|w| scale * w)).collect())
}

/// Factor of coefficient `n` under a lifter of this period: `1 + lifter / 2 sin(π (n + 1) / lifter)`; 1 for 0.
pub(crate) fn lift(lifter: f32, n: usize) -> f64 {
    let lifter = f64::from(lifter);
    if lifter > 0.0 { 1.0 + lifter / 2.0 * (PI * (n + 1) as f64 / lifter).sin() } else { 1.0 }
}
