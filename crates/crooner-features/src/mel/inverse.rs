//! From cepstral coefficients and mel bands back to spectra and samples.

use crate::error::check_range;
use crate::fourier::inverse::{GriffinLimConfig, griffin_lim};
use crate::mel::dct::{inverse_dct_matrix, lift};
use crate::scales::decibel::check_not_negative;
use crate::{DctNorm, FeatureError, MelConfig, Spectrogram, db_to_power, mel_filter_bank};

/// How cepstral coefficients were made, as far as it takes to undo it.
#[derive(Debug, Clone, PartialEq)]
pub struct MfccToMelConfig {
    /// Number of mel bands, at least the number of coefficients and at most 4096. Default 128.
    pub n_mels: usize,
    /// Type of the cosine transform, 1, 2 or 3. Default 2.
    pub dct_type: u8,
    /// The scaling of the cosine transform. Default: orthonormal.
    pub norm: DctNorm,
    /// The power at 0 dB, above 0. Default 1.
    pub reference: f32,
    /// Period of the lifter, 0 for none, in `0..=10000`. Default 0.
    pub lifter: f32,
}

impl Default for MfccToMelConfig {
    fn default() -> Self {
        Self { n_mels: 128, dct_type: 2, norm: DctNorm::Ortho, reference: 1.0, lifter: 0.0 }
    }
}

/// Mel power out of cepstral coefficients, `[n_mels, n_frames]`: `librosa.feature.inverse.mfcc_to_mel(mfcc, ...)`.
///
/// The lifter is divided out, coefficients that were left away count as 0, and the cosine transform and the decibels are
/// undone. With as many coefficients as bands that gives the mel spectrogram back, but for what lay more than 80 dB below
/// its peak.
///
/// ```
/// use crooner_features::{MfccConfig, MfccToMelConfig, mfcc, mfcc_to_mel};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (0.2 * i as f32).sin()).collect();
/// let coefficients = mfcc(&tone, &MfccConfig { n_mfcc: 128, ..MfccConfig::default() })?;
/// let mel = mfcc_to_mel(&coefficients, &MfccToMelConfig::default())?;
/// assert_eq!((mel.n_bins(), mel.n_frames()), (128, 32));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Decibel`] where the decibels are no finite power.
pub fn mfcc_to_mel(mfcc: &Spectrogram, config: &MfccToMelConfig) -> Result<Spectrogram, FeatureError> {
    let n_mfcc = mfcc.n_bins();
    check_range("n_mels", config.n_mels, n_mfcc.max(1), 4096)?;
    check_range("lifter", config.lifter, 0.0, 10_000.0)?;
    let inverse = inverse_dct_matrix(config.dct_type, config.norm, n_mfcc, config.n_mels)?;
    let lifts: Vec<f64> =
        (0..n_mfcc).map(|k| lift(config.lifter, k) + f64::from(f32::MIN_POSITIVE)).collect();
    let frames = mfcc.to_frames();
    let mut db = Vec::with_capacity(config.n_mels * mfcc.n_frames());
    for frame in frames.values().chunks_exact(n_mfcc.max(1)) {
        let flat: Vec<f64> = frame.iter().zip(&lifts).map(|(&c, lift)| f64::from(c) / lift).collect();
        let rows = inverse.chunks_exact(n_mfcc);
        db.extend(rows.map(|row| row.iter().zip(&flat).map(|(w, c)| w * c).sum::<f64>() as f32));
    }
    db_to_power(&crate::Frames::from_parts(config.n_mels, db).to_spectrogram(), config.reference)
}

/// How mel bands were made, as far as it takes to undo it.
#[derive(Debug, Clone, PartialEq)]
pub struct MelToStftConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub n_fft: usize,
    /// The bands.
    pub mel: MelConfig,
    /// Exponent of the magnitudes that made the bands, in `0.1..=10`. Default 2: power.
    pub power: f32,
}

impl Default for MelToStftConfig {
    fn default() -> Self {
        Self { sample_rate: 16_000, n_fft: 2048, mel: MelConfig::default(), power: 2.0 }
    }
}

/// Rounds of descent, at most.
const MAX_ROUNDS: usize = 500;

/// Descent ends when a round moves no bin by more than this share of the largest.
const CLOSE_ENOUGH: f64 = 1e-6;

/// Magnitudes that have nearly the given mel bands, `[n_fft / 2 + 1, n_frames]`:
/// `librosa.feature.inverse.mel_to_stft(M, sr=sample_rate, n_fft=n_fft, power=power, ...)`.
///
/// For each frame the smallest `‖B x - m‖²` over `x >= 0` is sought by accelerated descent (Beck & Teboulle 2009) from the
/// shortest solution `Bᵀ (B Bᵀ)⁻¹ m` with negative values cut off; then the root is taken. There are many more bins than
/// bands, so many `x` are equally near: librosa starts at the same one, and stops elsewhere.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Shape`] for other than `n_mels` bands,
/// [`FeatureError::Value`] for a band that is NaN, infinite or negative.
pub fn mel_to_stft(mel: &Spectrogram, config: &MelToStftConfig) -> Result<Spectrogram, FeatureError> {
    check_range("power", config.power, 0.1, 10.0)?;
    let bank = mel_filter_bank(config.sample_rate, config.n_fft, &config.mel)?;
    if mel.n_bins() != bank.n_mels() {
        let expected = format!("n_mels = {} bands", bank.n_mels());
        return Err(FeatureError::Shape { expected, found: mel.n_bins() });
    }
    check_not_negative(mel)?;
    let bands = Bands::new(&bank.to_dense(), bank.n_bins());
    let frames = mel.to_frames();
    let mut values = Vec::with_capacity(bank.n_bins() * mel.n_frames());
    for frame in frames.values().chunks_exact(bank.n_mels()) {
        let target: Vec<f64> = frame.iter().copied().map(f64::from).collect();
        let root = 1.0 / f64::from(config.power);
        values.extend(bands.solve(&target).iter().map(|x| x.powf(root) as f32));
    }
    Ok(crate::Frames::from_parts(bank.n_bins(), values).to_spectrogram())
}

/// Samples whose mel bands are near the given ones: [`mel_to_stft`], then [`griffin_lim`]:
/// `librosa.feature.inverse.mel_to_audio`.
///
/// # Errors
/// As both, and [`FeatureError::Config`] unless both have the same `n_fft`.
pub fn mel_to_audio(
    mel: &Spectrogram,
    config: &MelToStftConfig,
    phases: &GriffinLimConfig,
    length: Option<usize>,
) -> Result<Vec<f32>, FeatureError> {
    if phases.stft.n_fft != config.n_fft {
        return Err(FeatureError::config("n_fft", format!("{} as for mel", config.n_fft), phases.stft.n_fft));
    }
    griffin_lim(&mel_to_stft(mel, config)?, phases, length)
}

/// A filter bank whose rows overlap with their neighbours alone.
struct Bands {
    n_bins: usize,
    /// First bin and weights of each row.
    rows: Vec<(usize, Vec<f64>)>,
    /// `B Bᵀ`: what is on its diagonal, and beside it.
    squares: Vec<f64>,
    products: Vec<f64>,
}

impl Bands {
    fn new(dense: &[f32], n_bins: usize) -> Self {
        let row = |row: &[f32]| {
            let first = row.iter().position(|w| *w != 0.0).unwrap_or(0);
            let end = row.iter().rposition(|w| *w != 0.0).map_or(first, |last| last + 1);
            (first, row[first..end].iter().copied().map(f64::from).collect())
        };
        let rows: Vec<(usize, Vec<f64>)> = dense.chunks_exact(n_bins).map(row).collect();
        let product =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let dense: Vec<&[f32]> = dense.chunks_exact(n_bins).collect();
        let squares = dense.iter().map(|row| product(row, row)).collect();
        let products = dense.windows(2).map(|pair| product(pair[0], pair[1])).collect();
        Self { n_bins, rows, squares, products }
    }

    /// `B x`
    fn of(&self, x: &[f64]) -> Vec<f64> {
        let row = |(first, weights): &(usize, Vec<f64>)| {
            weights.iter().zip(&x[*first..]).map(|(w, x)| w * x).sum::<f64>()
        };
        self.rows.iter().map(row).collect()
    }

    /// `Bᵀ m`
    fn back(&self, m: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; self.n_bins];
        for ((first, weights), m) in self.rows.iter().zip(m) {
            for (x, w) in x[*first..].iter_mut().zip(weights) {
                *x += w * m;
            }
        }
        x
    }

    /// `(B Bᵀ)⁻¹ m` by elimination; rows that depend on others, such as empty bands, give 0.
    fn unmix(&self, m: &[f64]) -> Vec<f64> {
        let n = m.len();
        let mut diagonal = self.squares.clone();
        let mut right = m.to_vec();
        let is_zero = |pivot: f64, square: f64| pivot <= 1e-10 * square || square == 0.0;
        for i in 1..n {
            if !is_zero(diagonal[i - 1], self.squares[i - 1]) {
                let factor = self.products[i - 1] / diagonal[i - 1];
                diagonal[i] -= factor * self.products[i - 1];
                right[i] -= factor * right[i - 1];
            }
        }
        let mut solution = vec![0.0; n];
        for i in (0..n).rev() {
            if !is_zero(diagonal[i], self.squares[i]) {
                let above = if i + 1 < n { self.products[i] * solution[i + 1] } else { 0.0 };
                solution[i] = (right[i] - above) / diagonal[i];
            }
        }
        solution
    }

    /// The `x >= 0` whose bands are nearest to `target`.
    fn solve(&self, target: &[f64]) -> Vec<f64> {
        let not_negative = |x: f64| x.max(0.0);
        let mut x: Vec<f64> = self.back(&self.unmix(target)).into_iter().map(not_negative).collect();
        // No eigenvalue of B Bᵀ is above the largest sum of a row.
        let beside = |i: usize| self.products.get(i).copied().unwrap_or(0.0);
        let row_sum = |i: usize| self.squares[i] + beside(i) + if i > 0 { beside(i - 1) } else { 0.0 };
        let steepest = (0..self.rows.len()).map(row_sum).fold(0.0, f64::max);
        if steepest == 0.0 {
            return x;
        }
        let (mut ahead, mut pace) = (x.clone(), 1.0f64);
        for _ in 0..MAX_ROUNDS {
            let missing: Vec<f64> = self.of(&ahead).iter().zip(target).map(|(a, t)| a - t).collect();
            let gradient = self.back(&missing);
            let next: Vec<f64> =
                ahead.iter().zip(&gradient).map(|(x, g)| not_negative(x - g / steepest)).collect();
            let moved = next.iter().zip(&x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            let largest = next.iter().copied().fold(0.0, f64::max);
            let next_pace = (1.0 + (1.0 + 4.0 * pace * pace).sqrt()) / 2.0;
            let carry = (pace - 1.0) / next_pace;
            ahead = next.iter().zip(&x).map(|(new, old)| new + carry * (new - old)).collect();
            (x, pace) = (next, next_pace);
            if moved <= CLOSE_ENOUGH * largest {
                break;
            }
        }
        x
    }
}
