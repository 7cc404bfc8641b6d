//! The one error type of this crate.

/// Largest magnitude a sample may have: 10⁹, 180 dB above full scale.
///
/// Within it no sum in this crate can overflow `f32`, whatever the settings, so every value of every feature is
/// finite. Real audio stays near ±1.
pub const MAX_SAMPLE: f32 = 1e9;

/// Everything that can go wrong between samples and a feature.
///
/// One enum for the whole crate: each caller reports these to a person, and none recovers from one kind by calling
/// another function here.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A setting lies outside its range.
    #[error("feature setting `{key}` must be {expected}, found {found}")]
    Config {
        /// The setting's name, as written in a configuration file.
        key: &'static str,
        /// The allowed range, in words.
        expected: String,
        /// The value that was given.
        found: String,
    },
    /// A setting given by name that the feature has not, or whose value is of the wrong kind.
    #[error("{what}")]
    Setting {
        /// What was wrong, and what would be right.
        what: String,
    },
    /// The track has no samples at all.
    #[error("the track has no samples, but a feature needs at least one")]
    NoSamples,
    /// Without centring, a track shorter than one window has no frame.
    #[error("the track has {n_samples} samples, but `center = false` needs at least `n_fft` = {n_fft}")]
    TooShort {
        /// Samples in the track.
        n_samples: usize,
        /// Samples in one window.
        n_fft: usize,
    },
    /// Differences over a window of frames ask for as many frames.
    #[error("the track has {n_frames} frames, but `mode = interp` needs at least `width` = {width}")]
    TooFewFrames {
        /// Frames of the track.
        n_frames: usize,
        /// Frames in one window.
        width: usize,
    },
    /// A sample is NaN, infinite or absurdly large.
    #[error("sample {index} of the track is {value}, but samples must be finite and within ±{MAX_SAMPLE:e}")]
    Sample {
        /// Position in the track, counted from 0 over all blocks pushed.
        index: usize,
        /// The sample.
        value: f32,
    },
    /// A magnitude or power is NaN, infinite or negative.
    #[error("bin {bin} of frame {frame} is {value}, but magnitudes and powers are finite and at least 0")]
    Value {
        /// Row of the value.
        bin: usize,
        /// Column of the value.
        frame: usize,
        /// The value.
        value: f32,
    },
    /// A number of decibels is NaN, or so large that its power is no finite `f32`.
    #[error("bin {bin} of frame {frame} is {value} dB, which is no finite power")]
    Decibel {
        /// Row of the value.
        bin: usize,
        /// Column of the value.
        frame: usize,
        /// The value.
        value: f32,
    },
    /// A buffer does not have the length its shape asks for.
    #[error("a buffer of {found} values was given where the shape asks for {expected}")]
    Shape {
        /// The length the shape asks for, in words.
        expected: String,
        /// The buffer's length.
        found: usize,
    },
}

impl FeatureError {
    pub(crate) fn config(
        key: &'static str,
        expected: impl Into<String>,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Config { key, expected: expected.into(), found: found.to_string() }
    }
}

/// Fails unless `min <= value <= max`; a NaN fails.
pub(crate) fn check_range<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    value: T,
    min: T,
    max: T,
) -> Result<(), FeatureError> {
    if value >= min && value <= max {
        Ok(())
    } else {
        Err(FeatureError::config(key, format!("between {min} and {max}"), value))
    }
}

/// The decimal number that was meant by a setting: `0.02`, not the `0.0199999996` that `f32` holds. librosa computes with
/// the former.
pub(crate) fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}
