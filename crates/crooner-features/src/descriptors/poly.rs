//! Polynomials fitted to spectra.

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framed::{FrameByFrame, Magnitudes, framed_answers, framed_config};
use crate::{Extractor, FeatureConfig, FeatureError, Spectrogram};

framed_config! {
    /// Settings of the polynomial features; the defaults are librosa's, at 16 kHz.
    PolyFeaturesConfig {
        /// Degree of the polynomial, in `0..=10` and below the number of bins. Default 1.
        order: usize = 1,
    }
}

impl Feature for PolyFeaturesConfig {
    framed_answers!();

    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1000, 768_000)?;
        self.stft().validate()?;
        check_range("order", self.order, 0, 10.min(self.n_fft / 2))
    }

    fn n_bins(&self) -> usize {
        self.order + 1
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let stft = self.stft();
        let n = stft.n_bins();
        let nyquist_hz = (n - 1) as f64 * f64::from(self.sample_rate) / self.n_fft as f64;
        let fitter = fitter(n, self.order, nyquist_hz);
        let mut magnitudes = Magnitudes::new(&stft);
        let compute = move |samples: &[f32], out: &mut [f32]| {
            let magnitudes = magnitudes.of(samples);
            for (out, row) in out.iter_mut().zip(fitter.chunks_exact(n)) {
                *out = row.iter().zip(magnitudes).map(|(w, &x)| w * f64::from(x)).sum::<f64>() as f32;
            }
        };
        Ok(Box::new(FrameByFrame::new(&stft, self.n_bins(), compute)))
    }
}

/// `[order + 1, n]` weights that turn `n` values, at places from 0 to `highest`, into the coefficients of the polynomial
/// that fits them best, the highest power first.
///
/// With `V = Q R` the powers of the places, scaled to 0 to 1, orthogonalised twice, the coefficients are `R⁻¹ Qᵀ values`.
fn fitter(n: usize, order: usize, highest: f64) -> Vec<f64> {
    let places: Vec<f64> = (0..n).map(|i| i as f64 / (n - 1).max(1) as f64).collect();
    let mut q: Vec<Vec<f64>> = Vec::new();
    // Row `j` of `R⁻¹ Qᵀ`, built while the columns of `Q` are: each is a sum of powers, whose weights are kept.
    let mut powers: Vec<Vec<f64>> = Vec::new();
    for degree in 0..=order {
        let mut column: Vec<f64> = places.iter().map(|x| x.powi(degree as i32)).collect();
        let mut weights = vec![0.0; order + 1];
        weights[degree] = 1.0;
        for _ in 0..2 {
            for (other, other_weights) in q.iter().zip(&powers) {
                let product: f64 = column.iter().zip(other).map(|(a, b)| a * b).sum();
                column.iter_mut().zip(other).for_each(|(a, b)| *a -= product * b);
                weights.iter_mut().zip(other_weights).for_each(|(a, b)| *a -= product * b);
            }
        }
        let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
        column.iter_mut().for_each(|x| *x /= length);
        weights.iter_mut().for_each(|w| *w /= length);
        q.push(column);
        powers.push(weights);
    }
    let coefficient = |degree: usize| {
        let scale = highest.powi(degree as i32);
        let of_column = |i: usize| q.iter().zip(&powers).map(|(q, w)| q[i] * w[degree]).sum::<f64>() / scale;
        (0..n).map(of_column).collect::<Vec<f64>>()
    };
    (0..=order).rev().flat_map(coefficient).collect()
}

/// Coefficients of the polynomial in frequency (Hz) that fits every frame's magnitudes best, the highest power first,
/// `[order + 1, n_frames]`: `librosa.feature.poly_features`.
///
/// ```
/// use crooner_features::{PolyFeaturesConfig, poly_features};
///
/// let click: Vec<f32> = (0..16_000).map(|i| if i == 8192 { 1.0 } else { 0.0 }).collect();
/// let line = poly_features(&click, &PolyFeaturesConfig::default())?;
/// // A click has a flat spectrum: no slope, and the height of the window over it.
/// assert!(line.bin(0)[16].abs() < 1e-9 && (line.bin(1)[16] - 1.0).abs() < 1e-5);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for a setting out of range.
pub fn poly_features(samples: &[f32], config: &PolyFeaturesConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::PolyFeatures(config.clone()).frames(samples)?.to_spectrogram())
}
