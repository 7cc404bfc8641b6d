//! What a frame's spectrum looks like, in one number: centroid, bandwidth, roll-off, flatness.

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framed::{FrameByFrame, Magnitudes, framed_answers, framed_config};
use crate::{Extractor, FeatureConfig, FeatureError, Spectrogram};

/// Settings of a descriptor, and its function.
macro_rules! descriptor {
    (
        $(#[doc = $doc:literal])+
        $config:ident { $($(#[doc = $field_doc:literal])+ $field:ident = $default:literal in $min:literal, $max:literal;)* }
        $(#[doc = $function_doc:literal])+
        $function:ident = $variant:ident
    ) => {
        framed_config! {
            $(#[doc = $doc])+
            $config { $($(#[doc = $field_doc])+ $field: f32 = $default,)* }
        }

        impl Feature for $config {
            framed_answers!();

            fn validate(&self) -> Result<(), FeatureError> {
                check_range("sample_rate", self.sample_rate, 1000, 768_000)?;
                $(check_range(stringify!($field), self.$field, $min, $max)?;)*
                self.stft().validate()
            }

            fn n_bins(&self) -> usize {
                1
            }

            fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
                self.validate()?;
                let (config, stft) = (self.clone(), self.stft());
                let hz = f64::from(self.sample_rate) / self.n_fft as f64;
                let mut magnitudes = Magnitudes::new(&stft);
                let compute = move |samples: &[f32], out: &mut [f32]| {
                    out[0] = config.describe(magnitudes.of(samples), hz);
                };
                Ok(Box::new(FrameByFrame::new(&stft, 1, compute)))
            }
        }

        $(#[doc = $function_doc])+
        ///
        /// # Errors
        /// As [`stft`](crate::stft), and [`FeatureError::Config`] for a setting out of range.
        pub fn $function(samples: &[f32], config: &$config) -> Result<Spectrogram, FeatureError> {
            Ok(FeatureConfig::$variant(config.clone()).frames(samples)?.to_spectrogram())
        }
    };
}

descriptor! {
    /// Settings of the spectral centroid; the defaults are librosa's, at 16 kHz.
    SpectralCentroidConfig {}
    /// Mean frequency of every frame, weighed by magnitude, in Hz, `[1, n_frames]`: `librosa.feature.spectral_centroid`.
    ///
    /// `Σ f |X| / Σ |X|`; 0 for silence.
    ///
    /// ```
    /// use crooner_features::{SpectralCentroidConfig, spectral_centroid};
    ///
    /// let tone: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * (i % 16) as f32 / 16.0).sin()).collect();
    /// let hz = spectral_centroid(&tone, &SpectralCentroidConfig::default())?;
    /// assert!((hz.values()[16] - 1000.0).abs() < 1.0);
    /// # Ok::<(), crooner_features::FeatureError>(())
    /// ```
    spectral_centroid = SpectralCentroid
}

descriptor! {
    /// Settings of the spectral bandwidth; the defaults are librosa's, at 16 kHz.
    SpectralBandwidthConfig {
        /// Power of the distance from the centroid, in `0.1..=10`. Default 2.
        p = 2.0 in 0.1, 10.0;
    }
    /// Spread of every frame's spectrum about its centroid, in Hz, `[1, n_frames]`: `librosa.feature.spectral_bandwidth`.
    ///
    /// `(Σ |X| |f - centroid|^p / Σ |X|)^(1/p)`; 0 for silence.
    ///
    /// ```
    /// use crooner_features::{SpectralBandwidthConfig, spectral_bandwidth};
    ///
    /// let tone: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * (i % 16) as f32 / 16.0).sin()).collect();
    /// let hz = spectral_bandwidth(&tone, &SpectralBandwidthConfig::default())?;
    /// assert!(hz.values()[16] < 50.0);
    /// # Ok::<(), crooner_features::FeatureError>(())
    /// ```
    spectral_bandwidth = SpectralBandwidth
}

descriptor! {
    /// Settings of the spectral roll-off; the defaults are librosa's, at 16 kHz.
    SpectralRolloffConfig {
        /// Share of the magnitudes at or below the roll-off, in `0.001..=0.999`. Default 0.85.
        roll_percent = 0.85 in 0.001, 0.999;
    }
    /// Frequency that a share of every frame's magnitudes does not exceed, in Hz, `[1, n_frames]`:
    /// `librosa.feature.spectral_rolloff`.
    ///
    /// ```
    /// use crooner_features::{SpectralRolloffConfig, spectral_rolloff};
    ///
    /// let tone: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * (i % 16) as f32 / 16.0).sin()).collect();
    /// let hz = spectral_rolloff(&tone, &SpectralRolloffConfig::default())?;
    /// assert!((hz.values()[16] - 1000.0).abs() < 10.0);
    /// # Ok::<(), crooner_features::FeatureError>(())
    /// ```
    spectral_rolloff = SpectralRolloff
}

descriptor! {
    /// Settings of the spectral flatness; the defaults are librosa's, at 16 kHz.
    SpectralFlatnessConfig {
        /// Exponent of the magnitudes, in `0.1..=10`. Default 2: power.
        power = 2.0 in 0.1, 10.0;
        /// Smaller values count as this one, in `1e-30..=1`. Default 1e-10.
        amin = 1e-10 in 1e-30, 1.0;
    }
    /// How much every frame is like noise, from 0 (a tone) to 1 (white noise), `[1, n_frames]`:
    /// `librosa.feature.spectral_flatness`.
    ///
    /// Geometric over arithmetic mean of `|X|^power`.
    ///
    /// ```
    /// use crooner_features::{SpectralFlatnessConfig, spectral_flatness};
    ///
    /// let silence = spectral_flatness(&[0.0; 16_000], &SpectralFlatnessConfig::default())?;
    /// assert!(silence.values().iter().all(|flatness| (flatness - 1.0).abs() < 1e-5));
    /// # Ok::<(), crooner_features::FeatureError>(())
    /// ```
    spectral_flatness = SpectralFlatness
}

/// `Σ weight(f) |X|` and `Σ |X|`; librosa takes sums below the smallest normal `f32` for silence.
fn weighed(magnitudes: &[f32], weight: impl Fn(usize) -> f64) -> f64 {
    let sum: f64 = magnitudes.iter().copied().map(f64::from).sum();
    if sum < f64::from(f32::MIN_POSITIVE) {
        return 0.0;
    }
    magnitudes.iter().enumerate().map(|(bin, x)| weight(bin) * f64::from(*x)).sum::<f64>() / sum
}

fn centroid(magnitudes: &[f32], hz: f64) -> f64 {
    weighed(magnitudes, |bin| bin as f64 * hz)
}

impl SpectralCentroidConfig {
    fn describe(&self, magnitudes: &[f32], hz: f64) -> f32 {
        centroid(magnitudes, hz) as f32
    }
}

impl SpectralBandwidthConfig {
    fn describe(&self, magnitudes: &[f32], hz: f64) -> f32 {
        let (center, p) = (centroid(magnitudes, hz), f64::from(self.p));
        // The default is worth a multiplication instead of a power.
        let spread = if p == 2.0 {
            weighed(magnitudes, |bin| (bin as f64 * hz - center).powi(2)).sqrt()
        } else {
            weighed(magnitudes, |bin| (bin as f64 * hz - center).abs().powf(p)).powf(1.0 / p)
        };
        spread as f32
    }
}

impl SpectralRolloffConfig {
    fn describe(&self, magnitudes: &[f32], hz: f64) -> f32 {
        // Summed in `f32`, one after the other, as NumPy's `cumsum` does: the bin must be the same.
        let total = magnitudes.iter().fold(0.0f32, |sum, x| sum + x);
        let threshold = self.roll_percent * total;
        let mut sum = 0.0f32;
        let bin = magnitudes.iter().position(|x| {
            sum += x;
            sum >= threshold
        });
        (bin.unwrap_or(magnitudes.len() - 1) as f64 * hz) as f32
    }
}

impl SpectralFlatnessConfig {
    fn describe(&self, magnitudes: &[f32], _hz: f64) -> f32 {
        let (power, amin) = (f64::from(self.power), f64::from(self.amin));
        let floored = |powered: f64| if powered > amin { powered } else { amin };
        if power == 2.0 {
            flatness(magnitudes, |x| floored(x * x))
        } else {
            flatness(magnitudes, |x| floored(x.powf(power)))
        }
    }
}

/// Values taken side by side.
const LANES: usize = 8;

/// Geometric over arithmetic mean of `value(x)`; the logarithm that the former needs is taken of products.
fn flatness(magnitudes: &[f32], value: impl Fn(f64) -> f64) -> f32 {
    let (groups, rest) = magnitudes.as_chunks::<LANES>();
    let (mut sums, mut products) = ([0.0; LANES], Products::default());
    for group in groups {
        let values = group.map(|x| value(f64::from(x)));
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        products.multiply(values);
    }
    let (mut sum, mut logarithm) = (sums.iter().sum::<f64>(), products.ln());
    for value in rest.iter().map(|&x| value(f64::from(x))) {
        sum += value;
        logarithm += value.ln();
    }
    let n = magnitudes.len() as f64;
    ((logarithm / n).exp() / (sum / n)) as f32
}

/// Products beyond the range of `f64`: `mantissas * 2^exponents`, with mantissas in `[1, 2)`.
struct Products {
    mantissas: [f64; LANES],
    exponents: [i64; LANES],
}

impl Default for Products {
    fn default() -> Self {
        Self { mantissas: [1.0; LANES], exponents: [0; LANES] }
    }
}

impl Products {
    /// Takes positive values of at most 1e300 that are at least 1e-300.
    #[inline(always)]
    fn multiply(&mut self, values: [f64; LANES]) {
        const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
        const BIAS: u64 = (f64::MAX_EXP - 1) as u64;
        for ((mantissa, exponent), value) in self.mantissas.iter_mut().zip(&mut self.exponents).zip(values) {
            let bits = (*mantissa * value).to_bits();
            *exponent += (bits >> MANTISSA_BITS) as i64 - BIAS as i64;
            *mantissa = f64::from_bits(bits & ((1 << MANTISSA_BITS) - 1) | BIAS << MANTISSA_BITS);
        }
    }

    fn ln(&self) -> f64 {
        let exponent = self.exponents.iter().sum::<i64>() as f64;
        // Eight mantissas below 2 stay below 256 multiplied.
        exponent * std::f64::consts::LN_2 + self.mantissas.iter().product::<f64>().ln()
    }
}
