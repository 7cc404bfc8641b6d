//! The energy of each pitch class.

pub(crate) mod cqt;
pub(crate) mod stft;
