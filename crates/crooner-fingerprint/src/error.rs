//! One error type: what a caller can do about any of them but the last two is to name the recording and go on.

use std::io;
use std::path::PathBuf;

use crooner_features::{FeatureError, MAX_SAMPLE};
use crooner_resample::ResampleError;
use thiserror::Error;

/// Why there is no fingerprint.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// A sample that is not a number, or too large to be squared safely.
    #[error("sample {index} must be a finite number of magnitude at most {MAX_SAMPLE:e}, found {value}")]
    Sample {
        /// Counted from 0, at the rate at which samples are pushed.
        index: u64,
        /// What was there.
        value: f32,
    },
    /// A sample rate that cannot be converted.
    #[error("cannot convert the sample rate to 8,000 Hz: {0}")]
    Resample(#[from] ResampleError),
    /// Chroma refused the samples.
    #[error("cannot compute chroma: {0}")]
    Chroma(#[from] FeatureError),
    /// Bytes that are not a fingerprint, or one that was damaged.
    #[error("these {n_bytes} bytes are no fingerprint: {reason}")]
    Bytes {
        /// How many bytes there were.
        n_bytes: usize,
        /// What is wrong with them.
        reason: String,
    },
    /// More tracks than 32 bits can number.
    #[error("the index is full: it can number {limit} tracks")]
    Full {
        /// How many.
        limit: u64,
    },
    /// A scratch file of an index.
    #[error("cannot {action} a scratch file in {}: {source}", .folder.display())]
    Scratch {
        /// Create, write or read.
        action: &'static str,
        /// Where the file is.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}
