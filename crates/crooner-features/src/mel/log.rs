//! Log-mel spectrogram: the input of the CRNN.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framing::Framer;
use crate::fourier::transform::Real;
use crate::mel::bands::MelTransform;
use crate::scales::decibel::{decibels, peak};
use crate::{
    DbConfig, Extractor, FeatureConfig, FeatureError, MelConfig, MelNorm, MelScale, PadMode, Reference,
    Spectrogram, StftConfig, Window,
};

/// Settings of the log-mel spectrogram; the defaults are librosa's, at 16 kHz.
///
/// Numbers are `f32`, which every JSON and TOML reader gives back unchanged, and a setting left at "derive it" is left
/// out, so equal settings have one spelling on disk:
///
/// ```
/// use crooner_features::LogMelConfig;
///
/// let config: LogMelConfig = serde_json::from_str(r#"{"hop_length": 256, "top_db": "none"}"#)?;
/// assert_eq!((config.hop_length, config.n_mels, config.top_db), (256, 128, None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogMelConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub n_fft: usize,
    /// Samples under the window, in `1..=n_fft`. Default: `n_fft`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win_length: Option<usize>,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// The taper. Default: Hann.
    pub window: Window,
    /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
    /// Number of mel bands, in `1..=4096`. Default 128.
    pub n_mels: usize,
    /// Lower edge of the first band in Hz, at least 0. Default 0.
    pub f_min_hz: f32,
    /// Upper edge of the last band in Hz, at least 1 Hz above `f_min_hz`. Default and largest: `sample_rate / 2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_max_hz: Option<f32>,
    /// The mel formula. Default: Slaney.
    pub scale: MelScale,
    /// The scaling of the triangles. Default: Slaney.
    pub norm: MelNorm,
    /// Bins of the spectrum above this frequency in Hz count as empty, as those of band-limited recordings (MP3 at
    /// 32 kbit/s) are; in `1..=sample_rate / 2`. Unlike `f_max_hz` it moves no band. Default: none do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band_limit_hz: Option<f32>,
    /// Mel powers `P` become decibels as `10 log10(max(P^exponent, amin))`, in `1..=8`. Default 1; 2 is
    /// `power_to_db(melspectrogram(...) ** 2)`.
    #[serde(skip_serializing_if = "is_one")]
    pub exponent: f32,
    /// Smaller mel powers, raised to `exponent`, count as this one; above 0. Default 1e-10, which is -100 dB.
    pub amin: f32,
    /// Everything quieter than the track's loudest value less this many dB is raised to it; above 0, or `"none"`.
    /// Default 80.
    #[serde(with = "number_or_none")]
    pub top_db: Option<f32>,
}

impl Default for LogMelConfig {
    fn default() -> Self {
        let StftConfig { n_fft, win_length, hop_length, window, center, pad_mode } = StftConfig::default();
        let MelConfig { n_mels, f_min_hz, f_max_hz, scale, norm } = MelConfig::default();
        let DbConfig { reference: _, amin, top_db } = DbConfig::default();
        Self {
            sample_rate: 16_000,
            n_fft,
            win_length,
            hop_length,
            window,
            center,
            pad_mode,
            n_mels,
            f_min_hz,
            f_max_hz,
            scale,
            norm,
            band_limit_hz: None,
            exponent: 1.0,
            amin,
            top_db,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature `serde(skip_serializing_if)` calls")]
fn is_one(exponent: &f32) -> bool {
    *exponent == 1.0
}

impl LogMelConfig {
    /// The part that cuts frames and transforms them.
    #[must_use]
    pub fn stft(&self) -> StftConfig {
        StftConfig {
            n_fft: self.n_fft,
            win_length: self.win_length,
            hop_length: self.hop_length,
            window: self.window,
            center: self.center,
            pad_mode: self.pad_mode,
        }
    }

    /// The part that makes mel bands.
    #[must_use]
    pub fn mel(&self) -> MelConfig {
        MelConfig {
            n_mels: self.n_mels,
            f_min_hz: self.f_min_hz,
            f_max_hz: self.f_max_hz,
            scale: self.scale,
            norm: self.norm,
        }
    }

    /// The part that makes decibels.
    #[must_use]
    pub fn db(&self) -> DbConfig {
        DbConfig { reference: Reference::Value(1.0), amin: self.amin, top_db: self.top_db }
    }
}

impl Feature for LogMelConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.stft().validate()?;
        self.mel().validate(self.sample_rate)?;
        if let Some(limit) = self.band_limit_hz {
            check_range("band_limit_hz", limit, 1.0, self.sample_rate as f32 / 2.0)?;
        }
        check_range("exponent", self.exponent, 1.0, 8.0)?;
        self.db().validate()
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        self.n_mels
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.stft().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        Ok(Box::new(LogMelExtractor::<f32>::new(self)?))
    }
}

/// Log-mel spectrogram of a track: `librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sample_rate, ...))`,
/// `[n_mels, n_frames]` in dB relative to a power of 1.
///
/// ```
/// use crooner_features::{LogMelConfig, log_mel};
///
/// let silence = log_mel(&[0.0; 16_000], &LogMelConfig::default())?;
/// assert_eq!((silence.n_bins(), silence.n_frames()), (128, 32));
/// assert!(silence.values().iter().all(|db| (db + 100.0).abs() < 1e-4));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for a mel or decibel setting out of range.
pub fn log_mel(samples: &[f32], config: &LogMelConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::LogMel(config.clone()).frames(samples)?.to_spectrogram())
}

/// Makes dB frames, and remembers the loudest value for the floor.
pub(crate) struct LogMelExtractor<T: Real> {
    framer: Framer,
    bands: LogMelBands<T>,
    top_db: Option<f32>,
}

struct LogMelBands<T: Real> {
    mel: MelTransform<T>,
    exponent: f32,
    /// Of the mel power itself, before the exponent.
    amin: f32,
    frame: Vec<f32>,
    peak_db: f32,
}

impl<T: Real> LogMelExtractor<T> {
    pub(crate) fn new(config: &LogMelConfig) -> Result<Self, FeatureError> {
        config.validate()?;
        let stft = config.stft();
        let mut mel = MelTransform::new(config.sample_rate, &stft, &config.mel())?;
        if let Some(limit) = config.band_limit_hz {
            mel.limit_band(config.sample_rate, config.n_fft, limit);
        }
        let frame = vec![0.0; config.n_mels];
        let exponent = config.exponent;
        // For an exponent of at least 1 the root of a normal number is normal.
        let amin = if exponent == 1.0 { config.amin } else { config.amin.powf(1.0 / exponent) };
        let bands = LogMelBands { mel, exponent, amin, frame, peak_db: f32::NEG_INFINITY };
        Ok(Self { framer: Framer::new(&stft), bands, top_db: config.top_db })
    }

    /// Ends the track, leaving the extractor ready for the next, and returns its peak.
    fn reset(&mut self) -> f32 {
        self.framer.reset();
        std::mem::replace(&mut self.bands.peak_db, f32::NEG_INFINITY)
    }
}

impl<T: Real> LogMelBands<T> {
    /// One frame from samples to dB while it is in cache.
    fn of(&mut self, frame: &[f32]) -> &[f32] {
        self.mel.apply(frame, &mut self.frame);
        let amin = self.amin;
        for band in &mut self.frame {
            *band = decibels(*band, amin);
        }
        // Of the decibels, because the power of a loud band would overflow.
        if self.exponent != 1.0 {
            self.frame.iter_mut().for_each(|db| *db *= self.exponent);
        }
        self.peak_db = self.peak_db.max(peak(&self.frame));
        &self.frame
    }
}

impl<T: Real> Extractor for LogMelExtractor<T> {
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        let pushed = self.framer.push(samples, |frame| on_frame(self.bands.of(frame)));
        if pushed.is_err() {
            self.reset();
        }
        pushed
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        let finished = self.framer.finish(|frame| on_frame(self.bands.of(frame)));
        let peak_db = self.reset();
        finished?;
        Ok(self.top_db.map_or(f32::NEG_INFINITY, |top_db| peak_db - top_db))
    }
}

/// `Option<f32>` as a number or the word `"none"`: TOML has no null, and leaving the key out means the default.
pub(crate) mod number_or_none {
    use std::fmt;

    use serde::de::{Error, Unexpected, Visitor};
    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature `serde(with)` calls")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(number) => serializer.serialize_f32(*number),
            None => serializer.serialize_str("none"),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
        deserializer.deserialize_any(NumberOrNone)
    }

    struct NumberOrNone;

    impl Visitor<'_> for NumberOrNone {
        type Value = Option<f32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number of dB or \"none\"")
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Some(value as f32))
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(value as f32))
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(value as f32))
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
            if value == "none" { Ok(None) } else { Err(E::invalid_value(Unexpected::Str(value), &self)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Spectrogram, mel_filter_bank, mel_spectrogram, power_spectrogram, power_to_db};

    fn samples() -> Vec<f32> {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 - 0.5
        };
        (0..9_000).map(|i| noise() * (-(i as f32) / 1_500.0).exp()).collect()
    }

    fn largest_difference(a: &Spectrogram, b: &Spectrogram) -> f32 {
        assert_eq!((a.n_bins(), a.n_frames()), (b.n_bins(), b.n_frames()));
        a.values().iter().zip(b.values()).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
    }

    #[test]
    fn an_exponent_is_that_of_the_mel_power_before_its_decibels() {
        let config = LogMelConfig { exponent: 2.0, n_mels: 40, ..LogMelConfig::default() };
        let found = log_mel(&samples(), &config).unwrap();
        let mel = mel_spectrogram(&samples(), config.sample_rate, &config.stft(), &config.mel()).unwrap();
        let squared = Spectrogram::new(
            mel.n_bins(),
            mel.n_frames(),
            mel.values().iter().map(|power| power * power).collect(),
        );
        let expected = power_to_db(&squared.unwrap(), &config.db()).unwrap();
        assert!(largest_difference(&found, &expected) < 1e-4);
    }

    #[test]
    fn a_band_limit_empties_the_bins_above_it() {
        // 62.5 Hz a bin: bin 48 is at the limit, and stays.
        let config =
            LogMelConfig { band_limit_hz: Some(3000.0), n_fft: 256, n_mels: 24, ..LogMelConfig::default() };
        let found = log_mel(&samples(), &config).unwrap();
        let power = power_spectrogram(&samples(), &config.stft()).unwrap();
        let bank = mel_filter_bank(config.sample_rate, config.n_fft, &config.mel()).unwrap().to_dense();
        let n_frames = power.n_frames();
        let mut mel = vec![0.0; config.n_mels * n_frames];
        for (band, row) in mel.chunks_exact_mut(n_frames).enumerate() {
            for bin in 0..=48 {
                let weight = bank[band * power.n_bins() + bin];
                for (frame, value) in row.iter_mut().enumerate() {
                    *value += weight * power.values()[bin * n_frames + frame];
                }
            }
        }
        let mel = Spectrogram::new(config.n_mels, n_frames, mel).unwrap();
        let expected = power_to_db(&mel, &config.db()).unwrap();
        assert!(largest_difference(&found, &expected) < 1e-3);
        let unlimited = log_mel(&samples(), &LogMelConfig { band_limit_hz: None, ..config }).unwrap();
        assert!(largest_difference(&unlimited, &expected) > 10.0, "the limit does something");
    }

    #[test]
    fn settings_left_at_their_defaults_are_not_written() {
        let text = serde_json::to_string(&FeatureConfig::LogMel(LogMelConfig::default())).unwrap();
        assert_eq!(
            text,
            r#"{"log-mel":{"sample_rate":16000,"n_fft":2048,"hop_length":512,"window":"hann","center":true,"pad_mode":"constant","n_mels":128,"f_min_hz":0.0,"scale":"slaney","norm":"slaney","amin":1e-10,"top_db":80.0}}"#
        );
    }

    #[test]
    fn limits_and_exponents_out_of_range_are_refused() {
        let refused = |config: LogMelConfig| config.validate().unwrap_err().to_string();
        assert_eq!(
            refused(LogMelConfig { band_limit_hz: Some(8001.0), ..LogMelConfig::default() }),
            "feature setting `band_limit_hz` must be between 1 and 8000, found 8001"
        );
        assert_eq!(
            refused(LogMelConfig { exponent: f32::NAN, ..LogMelConfig::default() }),
            "feature setting `exponent` must be between 1 and 8, found NaN"
        );
    }
}
