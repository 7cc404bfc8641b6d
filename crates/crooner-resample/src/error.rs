//! The one error type of this crate.

use thiserror::Error;

/// Why a pair of sample rates cannot be converted.
///
/// Conversion itself cannot fail: everything that can go wrong is found when a
/// [`Resampler`](crate::Resampler) is built.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResampleError {
    /// A sample rate of zero.
    #[error("expected two sample rates of at least 1 Hz, found {from_hz} Hz to {to_hz} Hz")]
    ZeroRate {
        /// Rate of the input.
        from_hz: u32,
        /// Rate of the output.
        to_hz: u32,
    },
    /// The ratio in lowest terms needs longer transforms than this crate is willing to allocate.
    #[error(
        "cannot convert {from_hz} Hz to {to_hz} Hz: expected a ratio whose lowest terms are at most {limit}, \
         found {up}/{down}"
    )]
    RatioTooFine {
        /// Rate of the input.
        from_hz: u32,
        /// Rate of the output.
        to_hz: u32,
        /// Numerator of `to_hz / from_hz` in lowest terms.
        up: u32,
        /// Denominator of `to_hz / from_hz` in lowest terms.
        down: u32,
        /// Largest numerator or denominator accepted.
        limit: u32,
    },
    /// A name that no [`Quality`](crate::Quality) has.
    #[error("expected the quality soxr_hq or fast, found `{found}`")]
    UnknownQuality {
        /// The name.
        found: String,
    },
}
