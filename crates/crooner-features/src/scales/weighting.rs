//! How loud frequencies sound beside each other.

use serde::{Deserialize, Serialize};

use crate::{DbConfig, FeatureError, Spectrogram, power_to_db};

/// A curve of loudness over frequency, after IEC 61672 (A, C) and its predecessors (B, D).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// For quiet sound: `librosa.A_weighting`.
    #[default]
    A,
    /// For moderate sound: `librosa.B_weighting`.
    B,
    /// For loud sound: `librosa.C_weighting`.
    C,
    /// For aircraft: `librosa.D_weighting`.
    D,
    /// None: `librosa.Z_weighting`.
    Z,
}

/// The weight in dB of each frequency in Hz, at least `min_db`: `librosa.frequency_weighting(frequencies, kind=kind,
/// min_db=min_db)`, -80 dB in librosa. Without `min_db`, 0 Hz has negative infinity.
///
/// ```
/// use crooner_features::{Weighting, frequency_weighting};
///
/// let db = frequency_weighting(&[100.0, 1000.0], Weighting::A, Some(-80.0));
/// assert!((db[0] + 19.1).abs() < 0.1 && db[1].abs() < 0.01);
/// ```
#[must_use]
pub fn frequency_weighting(frequencies_hz: &[f64], kind: Weighting, min_db: Option<f64>) -> Vec<f64> {
    let weigh = |&hz: &f64| {
        let db = match kind {
            Weighting::A => a_weight(hz * hz),
            Weighting::B => b_weight(hz * hz),
            Weighting::C => c_weight(hz * hz),
            Weighting::D => d_weight(hz * hz),
            Weighting::Z => 0.0,
        };
        min_db.map_or(db, |min_db| db.max(min_db))
    };
    frequencies_hz.iter().map(weigh).collect()
}

/// The corners of the A, B and C curves in Hz.
const HIGH: f64 = 12_194.217;
const LOW: f64 = 20.598_997;

fn a_weight(f2: f64) -> f64 {
    let mids = (f2 + 107.652_65f64.powi(2)).log10() + (f2 + 737.862_23f64.powi(2)).log10();
    2.0 + 20.0 * (edges(f2) + 2.0 * f2.log10() - 0.5 * mids)
}

fn b_weight(f2: f64) -> f64 {
    0.17 + 20.0 * (edges(f2) + 1.5 * f2.log10() - 0.5 * (f2 + 158.489_32f64.powi(2)).log10())
}

fn c_weight(f2: f64) -> f64 {
    0.062 + 20.0 * (edges(f2) + f2.log10())
}

/// What the A, B and C curves share.
fn edges(f2: f64) -> f64 {
    (HIGH * HIGH).log10() - (f2 + HIGH * HIGH).log10() - (f2 + LOW * LOW).log10()
}

fn d_weight(f2: f64) -> f64 {
    let resonance = |centre: f64, width: f64| ((centre.powi(2) - f2).powi(2) + width.powi(2) * f2).log10();
    let ratio = resonance(1018.7, 1039.6)
        - resonance(3136.5, 3424.0)
        - (282.7f64.powi(2) + f2).log10()
        - (1160.0f64.powi(2) + f2).log10();
    20.0 * (0.5 * f2.log10() - 8.304_630_5e-3f64.powi(2).log10() + 0.5 * ratio)
}

/// Decibels of a power spectrogram, each bin weighed by how loud its frequency sounds:
/// `librosa.perceptual_weighting(S, frequencies, kind=kind, ...)`.
///
/// # Errors
/// As [`power_to_db`], and [`FeatureError::Shape`] unless there is one frequency for each bin.
pub fn perceptual_weighting(
    power: &Spectrogram,
    frequencies_hz: &[f64],
    kind: Weighting,
    config: &DbConfig,
) -> Result<Spectrogram, FeatureError> {
    if frequencies_hz.len() != power.n_bins() {
        let expected = format!("one frequency for each of {} bins", power.n_bins());
        return Err(FeatureError::Shape { expected, found: frequencies_hz.len() });
    }
    let mut db = power_to_db(power, config)?.into_values();
    let weights = frequency_weighting(frequencies_hz, kind, Some(-80.0));
    for (row, weight) in db.chunks_exact_mut(power.n_frames().max(1)).zip(weights) {
        row.iter_mut().for_each(|db| *db += weight as f32);
    }
    Spectrogram::new(power.n_bins(), power.n_frames(), db)
}
