//! The registry of features and what every feature can do.

use serde::{Deserialize, Serialize};

use crate::scales::decibel::raise_to;
use crate::{
    ChromaCensConfig, ChromaCqtConfig, ChromaStftConfig, ChromaVqtConfig, CqtConfig, FeatureError,
    FourierTempogramConfig, Frames, HpssHarmonicConfig, HpssPercussiveConfig, HybridCqtConfig, IirtConfig,
    LogMelConfig, MelSpectrogramConfig, MfccConfig, MfccDeltaConfig, OnsetStrengthConfig, PcenMelConfig,
    PlpConfig, PolyFeaturesConfig, PseudoCqtConfig, PyinConfig, RmsConfig, SpectralBandwidthConfig,
    SpectralCentroidConfig, SpectralContrastConfig, SpectralFlatnessConfig, SpectralRolloffConfig,
    StftMagnitudeConfig, TempogramConfig, TonnetzConfig, VqtConfig, WaveformConfig, YinConfig,
    ZeroCrossingRateConfig,
};

/// Turns one track after another into frames, reusing its buffers.
///
/// Frames are handed over as soon as their samples are there, so that a caller keeps them as it likes: an extractor
/// itself holds `O(n_fft)` samples, however long the track, unless its feature needs the whole of it. However a track
/// is cut into blocks, its frames are the same bit for bit.
///
/// ```
/// use crooner_features::{FeatureConfig, LogMelConfig};
///
/// let mut extractor = FeatureConfig::LogMel(LogMelConfig::default()).extractor()?;
/// let mut values = Vec::new();
/// for block in vec![0.1; 16_000].chunks(160) {
///     extractor.push(block, &mut |frame| values.extend_from_slice(frame))?;
/// }
/// let floor = extractor.finish(&mut |frame| values.extend_from_slice(frame))?;
/// values.iter_mut().for_each(|value| *value = value.max(floor));
/// assert_eq!(values.len(), 32 * 128);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
pub trait Extractor: Send {
    /// Takes the next samples of the track, at the feature's sample rate, in any number, and hands every frame they
    /// complete to `on_frame`: `n_bins` values, in order of time.
    ///
    /// # Errors
    /// [`FeatureError::Sample`] for a sample that is not usable. The track is then dropped: the next sample pushed is
    /// the first of another.
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError>;

    /// Ends the track: hands its last frames to `on_frame` and returns its floor. The next sample pushed is the first of
    /// another track.
    ///
    /// The floor is what only the whole track can tell: every value of its frames that is smaller counts as this one.
    /// It is the loudest decibel less `top_db` where a feature has such a setting, else negative infinity. Rounding
    /// the values before they are raised to the rounded floor gives the same as after.
    ///
    /// # Errors
    /// [`FeatureError::NoSamples`] or [`FeatureError::TooShort`] for a track without a frame, which is dropped.
    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError>;
}

/// What the settings of every feature answer.
pub(crate) trait Feature {
    fn validate(&self) -> Result<(), FeatureError>;
    fn sample_rate(&self) -> u32;
    fn n_bins(&self) -> usize;
    fn hop_length(&self) -> usize;
    fn n_frames(&self, n_samples: usize) -> usize;
    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError>;
}

/// Writes [`FeatureConfig`] from one line per feature.
macro_rules! registry {
    ($(#[doc = $doc:literal] $variant:ident($config:ty) = $name:literal,)+) => {
        /// A feature and its settings, tagged by the feature's name: `[features.log-mel]` in TOML.
        ///
        /// Its serialised form is canonical: equal settings give equal bytes, so it can be hashed.
        ///
        /// ```
        /// use crooner_features::FeatureConfig;
        ///
        /// let config: FeatureConfig = serde_json::from_str(r#"{"log-mel": {"sample_rate": 22050}}"#)?;
        /// config.validate()?;
        /// let frames = config.frames(&vec![0.1; 22_050])?;
        /// assert_eq!((frames.n_frames(), frames.n_bins()), (config.n_frames(22_050), 128));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum FeatureConfig {
            $(#[doc = $doc] #[serde(rename = $name)] $variant($config),)+
        }

        impl FeatureConfig {
            /// The names of all features, as they tag their settings.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Every feature with its default settings, in the order of [`NAMES`](Self::NAMES).
            #[must_use]
            pub fn defaults() -> Vec<Self> {
                vec![$(Self::$variant(<$config>::default())),+]
            }

            /// The feature's name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            /// What the feature is, in a few words: `Mel power spectrogram in dB`.
            #[must_use]
            pub fn summary(&self) -> &'static str {
                match self { $(Self::$variant(_) => $doc),+ }.trim().trim_end_matches('.')
            }

            fn feature(&self) -> &dyn Feature {
                match self { $(Self::$variant(config) => config),+ }
            }
        }
    };
}

// To add a feature: a file like `log_mel.rs` that implements `Feature` for its settings, and its line here.
registry! {
    /// The samples themselves.
    Waveform(WaveformConfig) = "waveform",
    /// Magnitude of the short-time Fourier transform.
    Stft(StftMagnitudeConfig) = "stft",
    /// Mel power spectrogram.
    Mel(MelSpectrogramConfig) = "mel",
    /// Mel power spectrogram in dB.
    LogMel(LogMelConfig) = "log-mel",
    /// Mel-frequency cepstral coefficients.
    Mfcc(MfccConfig) = "mfcc",
    /// Changes of the mel-frequency cepstral coefficients.
    MfccDelta(MfccDeltaConfig) = "mfcc-delta",
    /// Per-channel energy normalisation of the mel spectrogram.
    Pcen(PcenMelConfig) = "pcen",
    /// Mean frequency.
    SpectralCentroid(SpectralCentroidConfig) = "spectral-centroid",
    /// Spread about the mean frequency.
    SpectralBandwidth(SpectralBandwidthConfig) = "spectral-bandwidth",
    /// Frequency that most of the spectrum does not exceed.
    SpectralRolloff(SpectralRolloffConfig) = "spectral-rolloff",
    /// Likeness to noise.
    SpectralFlatness(SpectralFlatnessConfig) = "spectral-flatness",
    /// Peaks above valleys of octave bands.
    SpectralContrast(SpectralContrastConfig) = "spectral-contrast",
    /// Polynomial fitted to the spectrum.
    PolyFeatures(PolyFeaturesConfig) = "poly-features",
    /// Changes of sign.
    ZeroCrossingRate(ZeroCrossingRateConfig) = "zero-crossing-rate",
    /// Root mean square.
    Rms(RmsConfig) = "rms",
    /// Magnitude of the constant-Q transform.
    Cqt(CqtConfig) = "cqt",
    /// Magnitude of the variable-Q transform.
    Vqt(VqtConfig) = "vqt",
    /// Magnitude like the constant-Q transform's, out of one Fourier transform.
    PseudoCqt(PseudoCqtConfig) = "pseudo-cqt",
    /// Magnitude of the constant-Q transform, short filters out of one Fourier transform.
    HybridCqt(HybridCqtConfig) = "hybrid-cqt",
    /// Chroma out of a short-time Fourier transform.
    ChromaStft(ChromaStftConfig) = "chroma-stft",
    /// Chroma out of a constant-Q transform.
    ChromaCqt(ChromaCqtConfig) = "chroma-cqt",
    /// Chroma out of a variable-Q transform.
    ChromaVqt(ChromaVqtConfig) = "chroma-vqt",
    /// Chroma energy normalised statistics.
    ChromaCens(ChromaCensConfig) = "chroma-cens",
    /// Tonal centroid.
    Tonnetz(TonnetzConfig) = "tonnetz",
    /// Onset strength.
    OnsetStrength(OnsetStrengthConfig) = "onset-strength",
    /// Autocorrelation tempogram.
    Tempogram(TempogramConfig) = "tempogram",
    /// Magnitude of the Fourier tempogram.
    FourierTempogram(FourierTempogramConfig) = "fourier-tempogram",
    /// Energy of semitones by recursive filters.
    Iirt(IirtConfig) = "iirt",
    /// Predominant local pulse.
    Plp(PlpConfig) = "plp",
    /// Fundamental frequency by YIN, in Hz.
    Yin(YinConfig) = "yin",
    /// Fundamental frequency by pYIN, voicing, its probability.
    Pyin(PyinConfig) = "pyin",
    /// Harmonic part of the magnitude spectrogram.
    HpssHarmonic(HpssHarmonicConfig) = "hpss-harmonic",
    /// Percussive part of the magnitude spectrogram.
    HpssPercussive(HpssPercussiveConfig) = "hpss-percussive",
}

impl FeatureConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        self.feature().validate()
    }

    /// The sample rate in Hz that the feature's samples must have.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.feature().sample_rate()
    }

    /// Values per frame.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        self.feature().n_bins()
    }

    /// Samples from one frame to the next.
    #[must_use]
    pub fn hop_length(&self) -> usize {
        self.feature().hop_length()
    }

    /// Frames of a track of `n_samples`; 0 for a track too short to have one, or for settings that are not valid.
    #[must_use]
    pub fn n_frames(&self, n_samples: usize) -> usize {
        self.feature().n_frames(n_samples)
    }

    /// An extractor with these settings.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.feature().extractor()
    }

    /// The feature of a whole track, `[n_frames, n_bins]`.
    ///
    /// # Errors
    /// As [`extractor`](Self::extractor), [`Extractor::push`] and [`Extractor::finish`].
    pub fn frames(&self, samples: &[f32]) -> Result<Frames, FeatureError> {
        let capacity = self.n_frames(samples.len()) * self.n_bins();
        whole_track(&mut *self.extractor()?, samples, self.n_bins(), capacity)
    }
}

/// What `extractor` makes of a whole track.
pub(crate) fn whole_track(
    extractor: &mut dyn Extractor,
    samples: &[f32],
    n_bins: usize,
    capacity: usize,
) -> Result<Frames, FeatureError> {
    let mut values = Vec::with_capacity(capacity);
    extractor.push(samples, &mut |frame| values.extend_from_slice(frame))?;
    let floor = extractor.finish(&mut |frame| values.extend_from_slice(frame))?;
    raise_to(&mut values, floor);
    Ok(Frames::from_parts(n_bins, values))
}
