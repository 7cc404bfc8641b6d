//! Mel-frequency cepstral coefficients, and their changes over time.

use crate::error::check_range;
use crate::feature::{Feature, whole_track};
use crate::fourier::framed::{framed_answers, framed_config};
use crate::mel::dct::{dct_matrix, lift};
use crate::mel::log::LogMelExtractor;
use crate::scales::decibel::raise_to;
use crate::whole_track::{WholeTrack, dot};
use crate::{
    DctNorm, DeltaConfig, DeltaMode, Extractor, FeatureConfig, FeatureError, LogMelConfig, MelNorm, MelScale,
    Spectrogram, delta,
};

macro_rules! cepstral_config {
    (
        $(#[doc = $doc:literal])+
        $config:ident { $($(#[doc = $field_doc:literal])+ $field:ident: $type:ty = $default:expr,)* }
    ) => {
        framed_config! {
            $(#[doc = $doc])+
            $config {
                /// Number of mel bands, in `1..=4096`. Default 128.
                n_mels: usize = 128,
                /// Lower edge of the first band in Hz, at least 0. Default 0.
                f_min_hz: f32 = 0.0,
                /// Upper edge of the last band in Hz. Default and largest: `sample_rate / 2`.
                #[serde(skip_serializing_if = "Option::is_none")]
                f_max_hz: Option<f32> = None,
                /// The mel formula. Default: Slaney.
                scale: MelScale = MelScale::Slaney,
                /// The scaling of the triangles. Default: Slaney.
                mel_norm: MelNorm = MelNorm::Slaney,
                /// Number of coefficients, in `1..=n_mels`. Default 20.
                n_mfcc: usize = 20,
                /// Type of the cosine transform, 1, 2 or 3. Default 2.
                dct_type: u8 = 2,
                /// The scaling of the cosine transform. Default: orthonormal.
                norm: DctNorm = DctNorm::Ortho,
                /// Period of the lifter: coefficient `n` is scaled by `1 + lifter / 2 sin(π (n + 1) / lifter)`; 0 for
                /// none, in `0..=10000`. Default 0.
                lifter: f32 = 0.0,
                /// Log-mel values quieter than the track's loudest less this many dB are raised to it; above 0, or `"none"`,
                /// with which coefficients come as soon as their samples do. Default 80, as in librosa.
                #[serde(with = "crate::mel::log::number_or_none")]
                top_db: Option<f32> = Some(80.0),
                $($(#[doc = $field_doc])+ $field: $type = $default,)*
            }
        }
    };
}

cepstral_config! {
    /// Settings of the cepstral coefficients; the defaults are librosa's, at 16 kHz.
    MfccConfig {}
}

cepstral_config! {
    /// Settings of the changes of the cepstral coefficients; the defaults are librosa's, at 16 kHz:
    /// `librosa.feature.delta(librosa.feature.mfcc(y=y, sr=sample_rate, ...), ...)`.
    MfccDeltaConfig {
        /// Frames looked at, odd, in `3..=1001`. Default 9.
        width: usize = 9,
        /// Order of the derivative, in `1..=width - 1`. Default 1.
        order: usize = 1,
        /// What happens at the ends. Default: interpolation.
        mode: DeltaMode = DeltaMode::Interp,
    }
}

impl MfccConfig {
    /// The log-mel spectrogram whose coefficients these are.
    #[must_use]
    pub fn log_mel(&self) -> LogMelConfig {
        LogMelConfig {
            sample_rate: self.sample_rate,
            n_fft: self.n_fft,
            win_length: self.win_length,
            hop_length: self.hop_length,
            window: self.window,
            center: self.center,
            pad_mode: self.pad_mode,
            n_mels: self.n_mels,
            f_min_hz: self.f_min_hz,
            f_max_hz: self.f_max_hz,
            scale: self.scale,
            norm: self.mel_norm,
            top_db: self.top_db,
            ..LogMelConfig::default()
        }
    }

    /// Cosine transform and lifter in one: `[n_mfcc, n_mels]`.
    fn transform(&self) -> Result<Vec<f32>, FeatureError> {
        let dct = dct_matrix(self.dct_type, self.norm, self.n_mfcc, self.n_mels)?;
        let lifted = |(k, row)| scaled(row, lift(self.lifter, k));
        Ok(dct.chunks_exact(self.n_mels).enumerate().flat_map(lifted).collect())
    }

    /// What the log-mel spectrogram is made by. A lifter magnifies what a transform in `f32` leaves in quiet bands.
    fn log_mel_extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        let log_mel = self.log_mel();
        Ok(if self.lifter > 0.0 {
            Box::new(LogMelExtractor::<f64>::new(&log_mel)?)
        } else {
            Box::new(LogMelExtractor::<f32>::new(&log_mel)?)
        })
    }
}

fn scaled(row: &[f64], factor: f64) -> impl Iterator<Item = f32> {
    row.iter().map(move |w| (factor * w) as f32)
}

impl Feature for MfccConfig {
    framed_answers!();

    fn validate(&self) -> Result<(), FeatureError> {
        FeatureConfig::LogMel(self.log_mel()).validate()?;
        check_range("n_mfcc", self.n_mfcc, 1, self.n_mels)?;
        check_range("dct_type", self.dct_type, 1, 3)?;
        if self.dct_type == 1 {
            check_range("n_mels", self.n_mels, 2, 4096)?;
        }
        check_range("lifter", self.lifter, 0.0, 10_000.0)
    }

    fn n_bins(&self) -> usize {
        self.n_mfcc
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let cosines = Cosines { transform: self.transform()?, coefficients: vec![0.0; self.n_mfcc] };
        let log_mel = self.log_mel_extractor()?;
        Ok(if self.top_db.is_some() {
            Box::new(DeepCepstrum { log_mel, cosines, n_mels: self.n_mels, held: Vec::new() })
        } else {
            Box::new(Cepstrum { log_mel, cosines })
        })
    }
}

/// Makes the coefficients of a frame of log-mel values.
struct Cosines {
    /// `[n_mfcc, n_mels]`.
    transform: Vec<f32>,
    coefficients: Vec<f32>,
}

impl Cosines {
    fn of(&mut self, log_mel: &[f32]) -> &[f32] {
        for (out, row) in self.coefficients.iter_mut().zip(self.transform.chunks_exact(log_mel.len())) {
            *out = dot(row, log_mel);
        }
        &self.coefficients
    }
}

/// Coefficients of log-mel values as they come.
struct Cepstrum {
    log_mel: Box<dyn Extractor>,
    cosines: Cosines,
}

impl Extractor for Cepstrum {
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        let Self { log_mel, cosines } = self;
        log_mel.push(samples, &mut |frame| on_frame(cosines.of(frame)))
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        let Self { log_mel, cosines } = self;
        log_mel.finish(&mut |frame| on_frame(cosines.of(frame)))?;
        Ok(f32::NEG_INFINITY)
    }
}

/// Coefficients of log-mel values that are raised to a floor, which only the whole track tells.
struct DeepCepstrum {
    log_mel: Box<dyn Extractor>,
    cosines: Cosines,
    n_mels: usize,
    /// The log-mel values so far.
    held: Vec<f32>,
}

impl Extractor for DeepCepstrum {
    fn push(&mut self, samples: &[f32], _on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        let Self { log_mel, held, .. } = self;
        let pushed = log_mel.push(samples, &mut |frame| held.extend_from_slice(frame));
        if pushed.is_err() {
            held.clear();
        }
        pushed
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        let Self { log_mel, cosines, n_mels, held } = self;
        let finished = log_mel.finish(&mut |frame| held.extend_from_slice(frame));
        let mut held = std::mem::take(held);
        raise_to(&mut held, finished?);
        for frame in held.chunks_exact(*n_mels) {
            on_frame(cosines.of(frame));
        }
        Ok(f32::NEG_INFINITY)
    }
}

impl MfccDeltaConfig {
    /// The coefficients whose changes these are.
    #[must_use]
    pub fn mfcc(&self) -> MfccConfig {
        MfccConfig {
            sample_rate: self.sample_rate,
            n_fft: self.n_fft,
            win_length: self.win_length,
            hop_length: self.hop_length,
            window: self.window,
            center: self.center,
            pad_mode: self.pad_mode,
            n_mels: self.n_mels,
            f_min_hz: self.f_min_hz,
            f_max_hz: self.f_max_hz,
            scale: self.scale,
            mel_norm: self.mel_norm,
            n_mfcc: self.n_mfcc,
            dct_type: self.dct_type,
            norm: self.norm,
            lifter: self.lifter,
            top_db: self.top_db,
        }
    }

    /// How changes are estimated.
    #[must_use]
    pub fn delta(&self) -> DeltaConfig {
        DeltaConfig { width: self.width, order: self.order, mode: self.mode }
    }
}

impl Feature for MfccDeltaConfig {
    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        let n_frames = self.stft().n_frames(n_samples);
        if self.mode == DeltaMode::Interp && n_frames < self.width { 0 } else { n_frames }
    }

    fn validate(&self) -> Result<(), FeatureError> {
        self.mfcc().validate()?;
        self.delta().validate()
    }

    fn n_bins(&self) -> usize {
        self.n_mfcc
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (mut mfcc, config, n_mfcc, stft) =
            (self.mfcc().extractor()?, self.delta(), self.n_mfcc, self.stft());
        Ok(Box::new(WholeTrack::new(move |samples| {
            let capacity = stft.n_frames(samples.len()) * n_mfcc;
            let coefficients = whole_track(&mut *mfcc, samples, n_mfcc, capacity)?;
            Ok(delta(&coefficients.to_spectrogram(), &config)?.to_frames())
        })))
    }
}

/// Mel-frequency cepstral coefficients, `[n_mfcc, n_frames]`: `librosa.feature.mfcc(y=y, sr=sample_rate, ...)`.
///
/// An [`Extractor`] holds the track's log-mel spectrogram until it ends, because the 80 dB count from the loudest value;
/// with `top_db` none it holds nothing.
///
/// ```text
/// C[k] = s_k Σ_m L[m] cos(π k (2m + 1) / (2 n_mels))      L: log-mel spectrogram, 80 dB deep
/// ```
///
/// with `s_0 = √(1 / n_mels)` and `s_k = √(2 / n_mels)` where the transform is orthonormal; [`dct_matrix`] has the others.
///
/// ```
/// use crooner_features::{MfccConfig, mfcc};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (0.2 * i as f32).sin()).collect();
/// let coefficients = mfcc(&tone, &MfccConfig::default())?;
/// assert_eq!((coefficients.n_bins(), coefficients.n_frames()), (20, 32));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`log_mel`](crate::log_mel), and [`FeatureError::Config`] for `n_mfcc` or `lifter` out of range.
pub fn mfcc(samples: &[f32], config: &MfccConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::Mfcc(config.clone()).frames(samples)?.to_spectrogram())
}

/// Changes of the cepstral coefficients over time, `[n_mfcc, n_frames]`; see [`delta`] and [`MfccDeltaConfig`].
///
/// `librosa.feature.delta(librosa.feature.mfcc(y=y, sr=sample_rate, ...), ...)`.
///
/// ```
/// use crooner_features::{MfccDeltaConfig, mfcc_delta};
///
/// // A tone that fades in by 60 dB over the second: the coefficient of the level rises, and steadily.
/// let fading: Vec<f32> =
///     (0..16_000).map(|i| 10f32.powf(3.0 * (i as f32 / 16_000.0 - 1.0)) * (0.2 * i as f32).sin()).collect();
/// let change = mfcc_delta(&fading, &MfccDeltaConfig::default())?;
/// assert_eq!((change.n_bins(), change.n_frames()), (20, 32));
/// assert!(change.bin(0)[8..24].iter().all(|&change| change > 0.0));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`mfcc`] and [`delta`].
pub fn mfcc_delta(samples: &[f32], config: &MfccDeltaConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::MfccDelta(config.clone()).frames(samples)?.to_spectrogram())
}
