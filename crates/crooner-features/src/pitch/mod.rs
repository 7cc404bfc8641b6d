//! Fundamental frequency and tuning.

pub(crate) mod periodicity;
pub(crate) mod pyin;
pub(crate) mod tuning;
pub(crate) mod viterbi;
pub(crate) mod yin;
