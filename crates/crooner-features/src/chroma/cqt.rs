//! Chroma out of a constant-Q transform, and what is made of it: CENS and the tonal centroid.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::constant_q::{Analyser, c1_hz, hybrid_frames};
use crate::error::check_range;
use crate::feature::Feature;
use crate::whole_track::WholeTrack;
use crate::{CqtConfig, Extractor, FeatureError, Frames, Norm, Spectrogram, Tuning, VqtConfig};

/// Which transform chroma is folded from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CqtMode {
    /// [`cqt`](crate::cqt); librosa's default.
    #[default]
    Full,
    /// [`hybrid_cqt`](crate::hybrid_cqt).
    Hybrid,
}

macro_rules! chroma_config {
    (
        $(#[$doc:meta])* $name:ident($default_norm:expr)
        { $($(#[$field_doc:meta])* $field:ident: $type:ty = $value:expr,)* },
        $n_bins:expr, $frames:path
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
            pub sample_rate: u32,
            /// Samples from one frame to the next, in `1..=1048576`. Default 512.
            pub hop_length: usize,
            /// Frequency of the lowest bin in Hz, in `1..=384000`. Default: C1, 32.70 Hz.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub f_min_hz: Option<f32>,
            /// Number of pitch classes, in `1..=120`. Default 12.
            pub n_chroma: usize,
            /// Number of octaves, in `1..=20`. Default 7.
            pub n_octaves: usize,
            /// Bins per octave, a multiple of `n_chroma`, in `1..=1200`. Default 36.
            pub bins_per_octave: usize,
            /// Deviation from A4 = 440 Hz in fractions of a bin, or `"estimate"`. Default: estimated from the track.
            pub tuning: Tuning,
            /// The transform that is folded. Default: full.
            pub cqt_mode: CqtMode,
            /// Norm to which each frame is scaled.
            pub norm: Norm,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    sample_rate: 16_000,
                    hop_length: 512,
                    f_min_hz: None,
                    n_chroma: 12,
                    n_octaves: 7,
                    bins_per_octave: 36,
                    tuning: Tuning::Estimate,
                    cqt_mode: CqtMode::Full,
                    norm: $default_norm,
                    $($field: $value,)*
                }
            }
        }

        impl $name {
            fn folding(&self) -> Folding {
                Folding {
                    cqt: CqtConfig {
                        sample_rate: self.sample_rate,
                        hop_length: self.hop_length,
                        f_min_hz: self.f_min_hz,
                        n_bins: self.n_octaves.saturating_mul(self.bins_per_octave),
                        bins_per_octave: self.bins_per_octave,
                        tuning: self.tuning,
                        ..CqtConfig::default()
                    },
                    n_chroma: self.n_chroma,
                    mode: self.cqt_mode,
                }
            }
        }

        impl Feature for $name {
            fn validate(&self) -> Result<(), FeatureError> {
                check_range("n_chroma", self.n_chroma, 1, 120)?;
                check_range("n_octaves", self.n_octaves, 1, 20)?;
                check_range("bins_per_octave", self.bins_per_octave, 1, 1200)?;
                check_fold(self.bins_per_octave, self.n_chroma)?;
                self.check_more()?;
                self.folding().cqt.validate()
            }

            fn sample_rate(&self) -> u32 {
                self.sample_rate
            }

            fn n_bins(&self) -> usize {
                ($n_bins)(self)
            }

            fn hop_length(&self) -> usize {
                self.hop_length
            }

            fn n_frames(&self, n_samples: usize) -> usize {
                if self.validate().is_ok() { self.folding().cqt.n_frames(n_samples) } else { 0 }
            }

            fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
                self.validate()?;
                let config = self.clone();
                let mut folder = Folder::new(self.folding());
                Ok(Box::new(WholeTrack::new(move |samples| $frames(&config, folder.fold(samples)?))))
            }
        }
    };
}

chroma_config! {
    /// Settings of chroma out of a constant-Q transform; the defaults are librosa's, at 16 kHz.
    ChromaCqtConfig(Norm::Inf) {
        /// Energies below this count as 0 before frames are scaled; at least 0. Default 0.
        threshold: f32 = 0.0,
    },
    |config: &Self| config.n_chroma, chroma_of
}

chroma_config! {
    /// Settings of CENS; the defaults are librosa's, at 16 kHz.
    ChromaCensConfig(Norm::L2) {
        /// Frames over which the quantised chroma is smoothed, in `0..=100000`; 0 for none. Default 41.
        win_len_smooth: usize = 41,
    },
    |config: &Self| config.n_chroma, cens_of
}

chroma_config! {
    /// Settings of the tonal centroid; the defaults are librosa's, at 16 kHz.
    TonnetzConfig(Norm::Inf) {},
    |_: &Self| 6, tonnetz_of
}

impl ChromaCqtConfig {
    fn check_more(&self) -> Result<(), FeatureError> {
        check_range("threshold", self.threshold, 0.0, f32::MAX)
    }
}

impl ChromaCensConfig {
    fn check_more(&self) -> Result<(), FeatureError> {
        check_range("win_len_smooth", self.win_len_smooth, 0, 100_000)
    }
}

impl TonnetzConfig {
    fn check_more(&self) -> Result<(), FeatureError> {
        Ok(())
    }
}

fn check_fold(bins_per_octave: usize, n_chroma: usize) -> Result<(), FeatureError> {
    if bins_per_octave.is_multiple_of(n_chroma) {
        Ok(())
    } else {
        let expected = format!("a multiple of n_chroma = {n_chroma}");
        Err(FeatureError::config("bins_per_octave", expected, bins_per_octave))
    }
}

/// A transform and how its bins become pitch classes.
struct Folding {
    cqt: CqtConfig,
    n_chroma: usize,
    mode: CqtMode,
}

/// Folds track after track.
struct Folder {
    folding: Folding,
    analyser: Analyser,
    /// The pitch class of each bin.
    classes: Vec<usize>,
}

impl Folder {
    /// `folding` must be valid.
    fn new(folding: Folding) -> Self {
        let CqtConfig { n_bins, bins_per_octave, f_min_hz, .. } = folding.cqt;
        let f_min_hz = f_min_hz.map_or_else(c1_hz, f64::from);
        let classes = pitch_classes(n_bins, bins_per_octave, folding.n_chroma, f_min_hz);
        Self { analyser: Analyser::new(folding.cqt.settings()), classes, folding }
    }

    fn fold(&mut self, samples: &[f32]) -> Result<Frames, FeatureError> {
        let n_chroma = self.folding.n_chroma;
        match self.folding.mode {
            CqtMode::Full => self.analyser.fold(samples, &self.classes, n_chroma),
            CqtMode::Hybrid => {
                Ok(fold_frames(&hybrid_frames(samples, &self.folding.cqt)?, &self.classes, n_chroma))
            }
        }
    }
}

fn fold_frames(transform: &Frames, classes: &[usize], n_chroma: usize) -> Frames {
    let mut chroma = vec![0.0; n_chroma * transform.n_frames()];
    for (output, input) in
        chroma.chunks_exact_mut(n_chroma).zip(transform.values().chunks_exact(classes.len()))
    {
        for (&class, &value) in classes.iter().zip(input) {
            output[class] += value;
        }
    }
    Frames::from_parts(n_chroma, chroma)
}

/// The pitch class of each bin of a constant-Q transform whose lowest bin lies at `f_min_hz`, class 0 being C: where
/// `librosa.filters.cq_to_chroma(n_bins, ...)` has its ones.
///
/// # Errors
/// [`FeatureError::Config`] unless `n_chroma` divides `bins_per_octave`, both are at least 1, and `f_min_hz` is above 0.
pub fn cq_to_chroma(
    n_bins: usize,
    bins_per_octave: usize,
    n_chroma: usize,
    f_min_hz: f64,
) -> Result<Vec<usize>, FeatureError> {
    check_range("n_chroma", n_chroma, 1, 120)?;
    check_range("bins_per_octave", bins_per_octave, 1, 1200)?;
    check_range("f_min_hz", f_min_hz, f64::MIN_POSITIVE, 384_000.0)?;
    check_fold(bins_per_octave, n_chroma)?;
    Ok(pitch_classes(n_bins, bins_per_octave, n_chroma, f_min_hz))
}

fn pitch_classes(n_bins: usize, bins_per_octave: usize, n_chroma: usize, f_min_hz: f64) -> Vec<usize> {
    let merged = bins_per_octave / n_chroma;
    let midi = 12.0 * (f_min_hz / 440.0).log2() + 69.0;
    let roll = (midi.rem_euclid(12.0) * (n_chroma as f64 / 12.0)).round_ties_even() as usize;
    // The bins of a class lie around its centre.
    let class = |bin: usize| ((bin + merged / 2) % bins_per_octave / merged + roll) % n_chroma;
    (0..n_bins).map(class).collect()
}

/// Chroma of a track out of its constant-Q transform: `librosa.feature.chroma_cqt(y=samples, sr=sample_rate, ...)`,
/// `[n_chroma, n_frames]`.
///
/// The magnitudes of all bins of a pitch class ([`cq_to_chroma`]) added up, each frame over its norm.
///
/// Memory: the result, and three quarters of the track; with a hybrid transform, its magnitudes too.
///
/// ```
/// use crooner_features::{ChromaCqtConfig, chroma_cqt};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let chroma = chroma_cqt(&a4, &ChromaCqtConfig::default())?;
/// assert_eq!((chroma.n_bins(), chroma.n_frames()), (12, 32));
/// assert_eq!(chroma.bin(9)[16], 1.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`cqt`](crate::cqt), and [`FeatureError::Config`] for any setting out of range.
pub fn chroma_cqt(samples: &[f32], config: &ChromaCqtConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(chroma_of(config, Folder::new(config.folding()).fold(samples)?)?.to_spectrogram())
}

#[expect(clippy::unnecessary_wraps, reason = "one of the steps that the settings' macro takes")]
fn chroma_of(config: &ChromaCqtConfig, mut chroma: Frames) -> Result<Frames, FeatureError> {
    scale_frames(&mut chroma, config.threshold, config.norm);
    Ok(chroma)
}

/// Drops what is below `threshold`, and scales each frame to `norm`.
fn scale_frames(chroma: &mut Frames, threshold: f32, norm: Norm) {
    for value in chroma.values_mut() {
        if *value < threshold {
            *value = 0.0;
        }
    }
    let n_chroma = chroma.n_bins();
    norm.apply_to_frames(chroma.values_mut(), n_chroma);
}

/// Settings of chroma out of a variable-Q transform; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChromaVqtConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Frequency of the lowest bin in Hz, in `1..=384000`. Default: C1, 32.70 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_min_hz: Option<f32>,
    /// Number of octaves, in `1..=20`. Default 7.
    pub n_octaves: usize,
    /// Bins per octave, each a class of its own, in `1..=1200`. Default 12.
    pub bins_per_octave: usize,
    /// Bandwidth in Hz that every filter has besides its share of the frequency, in `0..=10000`. Default 0.
    pub gamma: f32,
    /// Energies below this count as 0 before frames are scaled; at least 0. Default 0.
    pub threshold: f32,
    /// Norm to which each frame is scaled. Default: the largest value.
    pub norm: Norm,
}

impl Default for ChromaVqtConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            hop_length: 512,
            f_min_hz: None,
            n_octaves: 7,
            bins_per_octave: 12,
            gamma: 0.0,
            threshold: 0.0,
            norm: Norm::Inf,
        }
    }
}

impl ChromaVqtConfig {
    fn vqt(&self) -> VqtConfig {
        VqtConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            f_min_hz: self.f_min_hz,
            n_bins: self.n_octaves.saturating_mul(self.bins_per_octave),
            bins_per_octave: self.bins_per_octave,
            gamma: Some(self.gamma),
            ..VqtConfig::default()
        }
    }

    fn fold(&self, analyser: &mut Analyser, samples: &[f32]) -> Result<Frames, FeatureError> {
        let (n_chroma, f_min_hz) = (self.bins_per_octave, self.f_min_hz.map_or_else(c1_hz, f64::from));
        let classes = pitch_classes(self.vqt().n_bins, n_chroma, n_chroma, f_min_hz);
        let mut chroma = analyser.fold(samples, &classes, n_chroma)?;
        scale_frames(&mut chroma, self.threshold, self.norm);
        Ok(chroma)
    }
}

impl Feature for ChromaVqtConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        check_range("n_octaves", self.n_octaves, 1, 20)?;
        check_range("bins_per_octave", self.bins_per_octave, 1, 1200)?;
        check_range("threshold", self.threshold, 0.0, f32::MAX)?;
        self.vqt().validate()
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        self.bins_per_octave
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        if self.validate().is_ok() { self.vqt().n_frames(n_samples) } else { 0 }
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        let mut analyser = Analyser::new(self.vqt().settings());
        Ok(Box::new(WholeTrack::new(move |samples| config.fold(&mut analyser, samples))))
    }
}

/// Chroma of a track out of its variable-Q transform, one class per bin of the octave:
/// `librosa.feature.chroma_vqt(y=samples, sr=sample_rate, intervals="equal", ...)`, `[bins_per_octave, n_frames]`.
///
/// The magnitudes of all bins of a class ([`cq_to_chroma`]) added up, each frame over its norm.
///
/// ```
/// use crooner_features::{ChromaVqtConfig, chroma_vqt};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let chroma = chroma_vqt(&a4, &ChromaVqtConfig::default())?;
/// assert_eq!((chroma.n_bins(), chroma.n_frames()), (12, 32));
/// assert_eq!(chroma.bin(9)[16], 1.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`vqt`](crate::vqt), and [`FeatureError::Config`] for any setting out of range.
pub fn chroma_vqt(samples: &[f32], config: &ChromaVqtConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(config.fold(&mut Analyser::new(config.vqt().settings()), samples)?.to_spectrogram())
}

/// Chroma energy normalised statistics (CENS) of a track: `librosa.feature.chroma_cens(y=samples, sr=sample_rate, ...)`,
/// `[n_chroma, n_frames]`. After Müller and Ewert, *Chroma Toolbox* (ISMIR 2011).
///
/// Chroma scaled to sum 1 is quantised (a quarter for each of 0.05, 0.1, 0.2 and 0.4 that it exceeds), smoothed over time
/// by a Hann window of `win_len_smooth` frames that sums to 1, and scaled. Robust to dynamics and timbre.
///
/// ```
/// use crooner_features::{ChromaCensConfig, chroma_cens};
///
/// // The same fifth, loud and soft: what is left is the same.
/// let fifth = |amplitude: f32| -> Vec<f32> {
///     let tone = |hz: f32, i: f32| (std::f32::consts::TAU * hz * i / 16_000.0).sin();
///     (0..48_000).map(|i| amplitude * (tone(261.63, i as f32) + tone(392.0, i as f32))).collect()
/// };
/// let loud = chroma_cens(&fifth(0.4), &ChromaCensConfig::default())?;
/// let soft = chroma_cens(&fifth(0.04), &ChromaCensConfig::default())?;
/// assert_eq!((loud.n_bins(), loud.bin(0)[47]), (12, loud.bin(7)[47]));
/// assert_eq!(loud.bin(0)[47], soft.bin(0)[47]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`chroma_cqt`].
pub fn chroma_cens(samples: &[f32], config: &ChromaCensConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(cens_of(config, Folder::new(config.folding()).fold(samples)?)?.to_spectrogram())
}

#[expect(clippy::unnecessary_wraps, reason = "one of the steps that the settings' macro takes")]
fn cens_of(config: &ChromaCensConfig, mut chroma: Frames) -> Result<Frames, FeatureError> {
    let n_chroma = config.n_chroma;
    Norm::L1.apply_to_frames(chroma.values_mut(), n_chroma);
    for value in chroma.values_mut() {
        *value = [0.4f32, 0.2, 0.1, 0.05].iter().map(|step| if *value > *step { 0.25 } else { 0.0 }).sum();
    }
    if config.win_len_smooth > 0 {
        chroma = smooth(&chroma, config.win_len_smooth);
    }
    config.norm.apply_to_frames(chroma.values_mut(), n_chroma);
    Ok(chroma)
}

/// Every bin convolved over time with a symmetric Hann window of `length` frames and two zeros, silence around.
fn smooth(frames: &Frames, length: usize) -> Frames {
    let n = length + 2;
    let window: Vec<f64> = (0..n).map(|i| 0.5 - 0.5 * (2.0 * PI * i as f64 / (n - 1) as f64).cos()).collect();
    let total: f64 = window.iter().sum();
    let (n_bins, n_frames) = (frames.n_bins(), frames.n_frames());
    let mut smoothed = Vec::with_capacity(n_bins * n_frames);
    let mut sums = vec![0.0f64; n_bins];
    for t in 0..n_frames {
        sums.fill(0.0);
        for (i, weight) in window.iter().enumerate() {
            // The window is symmetric; an even one is centred as SciPy centres it.
            let place = (t + i).checked_sub((n - 1) / 2);
            if let Some(place) = place.filter(|&place| place < n_frames) {
                for (sum, value) in sums.iter_mut().zip(frames.frame(place)) {
                    *sum += weight / total * f64::from(*value);
                }
            }
        }
        smoothed.extend(sums.iter().map(|&sum| sum as f32));
    }
    Frames::from_parts(n_bins, smoothed)
}

/// Tonal centroid of a track in six dimensions: `librosa.feature.tonnetz(y=samples, sr=sample_rate, ...)`, `[6, n_frames]`,
/// in `-1..=1`. After Harte, Sandler and Gasser, *Detecting harmonic change in musical audio* (2006).
///
/// Chroma scaled to sum 1, projected onto the circles of fifths (rows 0 and 1), minor thirds (2 and 3) and major thirds
/// (4 and 5, half as large), sine before cosine.
///
/// ```
/// use crooner_features::{TonnetzConfig, tonnetz};
///
/// // Notes a fifth apart are neighbours on the circle of fifths, notes a tritone apart face each other.
/// let note = |hz: f32| -> Vec<f32> {
///     (0..16_000).map(|i| (std::f32::consts::TAU * hz * i as f32 / 16_000.0).sin()).collect()
/// };
/// let on_the_circle = |hz: f32| -> Result<_, crooner_features::FeatureError> {
///     let centroid = tonnetz(&note(hz), &TonnetzConfig::default())?;
///     Ok((centroid.bin(0)[16], centroid.bin(1)[16]))
/// };
/// let (c, g, f_sharp) = (on_the_circle(261.63)?, on_the_circle(392.0)?, on_the_circle(369.99)?);
/// assert!(c.0 * g.0 + c.1 * g.1 > 0.5);
/// assert!(c.0 * f_sharp.0 + c.1 * f_sharp.1 < -0.5);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`chroma_cqt`].
pub fn tonnetz(samples: &[f32], config: &TonnetzConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(tonnetz_of(config, Folder::new(config.folding()).fold(samples)?)?.to_spectrogram())
}

#[expect(clippy::unnecessary_wraps, reason = "one of the steps that the settings' macro takes")]
fn tonnetz_of(config: &TonnetzConfig, mut chroma: Frames) -> Result<Frames, FeatureError> {
    let n_chroma = config.n_chroma;
    config.norm.apply_to_frames(chroma.values_mut(), n_chroma);
    Norm::L1.apply_to_frames(chroma.values_mut(), n_chroma);
    let turns = [7.0 / 6.0, 7.0 / 6.0, 3.0 / 2.0, 3.0 / 2.0, 2.0 / 3.0, 2.0 / 3.0];
    let radius = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5];
    let basis: Vec<f64> = (0..6 * n_chroma)
        .map(|i| {
            let (dimension, class) = (i / n_chroma, i % n_chroma);
            let angle = turns[dimension] * 12.0 * class as f64 / n_chroma as f64;
            let angle = if dimension % 2 == 0 { angle - 0.5 } else { angle };
            radius[dimension] * (PI * angle).cos()
        })
        .collect();
    let mut centroids = Vec::with_capacity(6 * chroma.n_frames());
    for frame in chroma.values().chunks_exact(n_chroma) {
        for row in basis.chunks_exact(n_chroma) {
            let sum: f64 = row.iter().zip(frame).map(|(weight, &value)| weight * f64::from(value)).sum();
            centroids.push(sum as f32);
        }
    }
    Ok(Frames::from_parts(6, centroids))
}
