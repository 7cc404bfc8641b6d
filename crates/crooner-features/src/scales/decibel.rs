//! Power and amplitude to decibels, and back.

use crate::{FeatureError, Spectrogram};

/// `10 log10(x) = DB_PER_OCTAVE · log2(x)`.
const DB_PER_OCTAVE: f32 = (10.0 * std::f64::consts::LOG10_2) as f32;

/// `2 / ln 2 / (2n + 1)`: `log2((1 + z) / (1 - z))` is the sum of these times `z^(2n + 1)`.
const LOG2_SERIES: [f32; 4] = {
    let two_over_ln_2 = 2.0 / std::f64::consts::LN_2;
    [
        two_over_ln_2 as f32,
        (two_over_ln_2 / 3.0) as f32,
        (two_over_ln_2 / 5.0) as f32,
        (two_over_ln_2 / 7.0) as f32,
    ]
};

/// Values searched for their largest side by side.
const LANES: usize = 8;

/// What 0 dB means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// This power (or amplitude), above 0.
    Value(f32),
    /// The largest value of the spectrogram: `ref=np.max`.
    Max,
}

/// How values become decibels.
#[derive(Debug, Clone, PartialEq)]
pub struct DbConfig {
    /// The value at 0 dB. Default: 1.
    pub reference: Reference,
    /// Smaller values count as this one. Default 1e-10 (of power; librosa takes 1e-5 of amplitude).
    pub amin: f32,
    /// Everything quieter than the loudest value less this many dB is raised to it; above 0. Default: 80.
    pub top_db: Option<f32>,
}

impl Default for DbConfig {
    fn default() -> Self {
        Self { reference: Reference::Value(1.0), amin: 1e-10, top_db: Some(80.0) }
    }
}

impl DbConfig {
    /// librosa's defaults for amplitudes: as [`DbConfig::default`] but `amin` = 1e-5.
    #[must_use]
    pub fn amplitude() -> Self {
        Self { amin: 1e-5, ..Self::default() }
    }

    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        if let Reference::Value(value) = self.reference {
            check_positive("reference", value)?;
        }
        check_positive("amin", self.amin)?;
        self.top_db.map_or(Ok(()), |top_db| check_positive("top_db", top_db))
    }
}

/// Fails unless `value` is a finite, positive and normal number: [`log2`] reads its exponent from the bits.
fn check_positive(key: &'static str, value: f32) -> Result<(), FeatureError> {
    if value.is_normal() && value > 0.0 {
        Ok(())
    } else {
        Err(FeatureError::config(key, format!("a number of at least {:e}", f32::MIN_POSITIVE), value))
    }
}

/// Decibels of a power spectrogram: `librosa.power_to_db(S, ref=..., amin=..., top_db=...)`.
///
/// `dB = 10 log10(max(S, amin)) - 10 log10(max(reference, amin))`, then raised to at least the largest dB less `top_db`.
///
/// ```
/// use crooner_features::{DbConfig, Spectrogram, power_to_db};
///
/// let power = Spectrogram::new(1, 3, vec![1.0, 0.1, 0.0])?;
/// let db = power_to_db(&power, &DbConfig::default())?;
/// assert!(db.values().iter().zip([0.0, -10.0, -80.0]).all(|(db, expected)| (db - expected).abs() < 1e-5));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Value`] for a power that is NaN, infinite or
/// negative.
pub fn power_to_db(power: &Spectrogram, config: &DbConfig) -> Result<Spectrogram, FeatureError> {
    to_db(power, config, 1.0)
}

/// Decibels of a magnitude spectrogram: `librosa.amplitude_to_db(S, ref=..., amin=..., top_db=...)`.
///
/// As [`power_to_db`] with `20 log10` for `10 log10`; see [`DbConfig::amplitude`] for librosa's defaults.
///
/// # Errors
/// As [`power_to_db`].
pub fn amplitude_to_db(amplitude: &Spectrogram, config: &DbConfig) -> Result<Spectrogram, FeatureError> {
    to_db(amplitude, config, 2.0)
}

/// Powers of decibels: `librosa.db_to_power(S_db, ref=reference)`, `reference · 10^(dB / 10)`.
///
/// ```
/// use crooner_features::{DbConfig, Spectrogram, db_to_power, power_to_db};
///
/// let power = Spectrogram::new(1, 3, vec![1.0, 0.1, 1e-7])?;
/// let back = db_to_power(&power_to_db(&power, &DbConfig::default())?, 1.0)?;
/// assert!(back.values().iter().zip(power.values()).all(|(a, b)| (a / b - 1.0).abs() < 1e-5));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] unless `reference` is positive and finite, [`FeatureError::Decibel`] for a value that is NaN
/// or whose power is no finite `f32`.
pub fn db_to_power(db: &Spectrogram, reference: f32) -> Result<Spectrogram, FeatureError> {
    check_positive("reference", reference)?;
    from_db(db, f64::from(reference), 10.0)
}

/// Amplitudes of decibels: `librosa.db_to_amplitude(S_db, ref=reference)`, `reference · 10^(dB / 20)`.
///
/// # Errors
/// As [`db_to_power`].
pub fn db_to_amplitude(db: &Spectrogram, reference: f32) -> Result<Spectrogram, FeatureError> {
    check_positive("reference", reference)?;
    from_db(db, f64::from(reference), 20.0)
}

fn from_db(db: &Spectrogram, reference: f64, per_decade: f64) -> Result<Spectrogram, FeatureError> {
    let values = db.map(|&db| (reference * 10f64.powf(f64::from(db) / per_decade)) as f32);
    match values.values().iter().position(|value| !value.is_finite()) {
        Some(index) => {
            let (bin, frame) = (index / db.n_frames(), index % db.n_frames());
            Err(FeatureError::Decibel { bin, frame, value: db.values()[index] })
        }
        None => Ok(values),
    }
}

/// Fails unless every value is finite and at least 0, as magnitudes and powers are.
pub(crate) fn check_not_negative(values: &Spectrogram) -> Result<(), FeatureError> {
    match values.values().iter().position(|value| !(0.0..=f32::MAX).contains(value)) {
        Some(index) => {
            let (bin, frame) = (index / values.n_frames(), index % values.n_frames());
            Err(FeatureError::Value { bin, frame, value: values.values()[index] })
        }
        None => Ok(()),
    }
}

fn to_db(values: &Spectrogram, config: &DbConfig, factor: f32) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    check_not_negative(values)?;
    let reference = match config.reference {
        Reference::Value(value) => value,
        Reference::Max => peak(values.values()),
    };
    let convert = |value: f32| factor * decibels(value, config.amin);
    let reference_db = convert(reference);
    let mut db = values.map(|&value| convert(value) - reference_db).into_values();
    if let Some(top_db) = config.top_db {
        let floor = peak(&db) - top_db;
        raise_to(&mut db, floor);
    }
    Spectrogram::new(values.n_bins(), values.n_frames(), db)
}

/// `10 log10(max(power, amin))` for a finite power and a positive normal `amin`, to within `1.5e-7 * (|dB| + 10)`.
#[inline(always)]
pub(crate) fn decibels(power: f32, amin: f32) -> f32 {
    DB_PER_OCTAVE * log2(if power > amin { power } else { amin })
}

/// The largest value; -inf for none.
pub(crate) fn peak(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (groups, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for group in groups {
        for (lane, &value) in lanes.iter_mut().zip(group) {
            *lane = larger(*lane, value);
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, larger)
}

/// Raises every value below `floor` to it.
pub(crate) fn raise_to(values: &mut [f32], floor: f32) {
    for value in values {
        *value = if *value < floor { floor } else { *value };
    }
}

/// Binary logarithm of a positive, normal, finite `x`, in arithmetic that the compiler turns into vector instructions.
/// The tests below bound the error of the decibels made of it.
///
/// Splits `x = 2ᵉ m` with `m` in `[√½, √2)` by its bits, then `log2(m) = 2 / ln 2 · atanh(z)`, `z = (m - 1) / (m + 1)`,
/// `|z| <= 0.1716`: four terms of the series leave `2 / (9 ln 2) · z⁹ < 5e-8`, less than `f32` resolves at `m = √2`.
#[inline(always)]
fn log2(x: f32) -> f32 {
    /// Bits of √½.
    const SQRT_HALF: u32 = 0x3f35_04f3;
    const MANTISSA_BITS: u32 = 23;
    let exponent = (x.to_bits().wrapping_sub(SQRT_HALF) as i32) >> MANTISSA_BITS;
    let m = f32::from_bits(x.to_bits().wrapping_sub((exponent << MANTISSA_BITS) as u32));
    let z = (m - 1.0) / (m + 1.0);
    let z2 = z * z;
    let [c0, c1, c2, c3] = LOG2_SERIES;
    let series = c0 + z2 * (c1 + z2 * (c2 + z2 * c3));
    exponent as f32 + z * series
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bound that `decibels` promises over every positive normal number, from every exponent and 4,096 mantissas.
    #[test]
    fn decibels_stay_within_their_error_bound() {
        let mut worst: f64 = 0.0;
        for exponent in 1..255u32 {
            for step in 0..4096u32 {
                let power = f32::from_bits(exponent << 23 | step << 11 | (step * 977) & 0x7ff);
                let exact = 10.0 * f64::from(power).log10();
                let error = (f64::from(decibels(power, f32::MIN_POSITIVE)) - exact).abs();
                worst = worst.max(error / (exact.abs() + 10.0));
            }
        }
        assert!(worst < 1.5e-7, "relative to |dB| + 10: {worst:e}");
    }

    #[test]
    fn decibels_are_exact_at_powers_of_two_and_floored_at_amin() {
        assert_eq!(decibels(1.0, 1e-10), 0.0);
        assert_eq!(decibels(0.0, 1.0), 0.0);
        assert_eq!(decibels(8.0, 1e-10), 3.0 * DB_PER_OCTAVE);
        assert_eq!(decibels(0.0, 1e-10), decibels(1e-10, 1e-10));
    }

    #[test]
    fn peak_finds_the_largest_wherever_it_lies() {
        for len in 1..40 {
            for at in 0..len {
                let mut values = vec![-3.0; len];
                values[at] = -2.0;
                assert_eq!(peak(&values), -2.0, "{at} of {len}");
            }
        }
        assert_eq!(peak(&[]), f32::NEG_INFINITY);
    }
}
