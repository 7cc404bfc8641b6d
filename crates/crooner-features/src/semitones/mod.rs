//! Semitones by recursive filters.

pub(crate) mod elliptic;
pub(crate) mod iirt;
