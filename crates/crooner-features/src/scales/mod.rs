//! Units of pitch, time and loudness, and norms.

pub(crate) mod convert;
pub(crate) mod decibel;
pub(crate) mod norm;
pub(crate) mod weighting;
