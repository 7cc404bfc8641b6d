//! Mel bands and what is made of them: decibels, cepstral coefficients, energy-normalised bands.

pub(crate) mod bands;
pub(crate) mod dct;
pub(crate) mod delta;
pub(crate) mod inverse;
pub(crate) mod log;
pub(crate) mod mfcc;
pub(crate) mod pcen;
pub(crate) mod power;
