//! Onsets, tempo and beats.

pub(crate) mod beat;
pub(crate) mod onset;
pub(crate) mod peaks;
pub(crate) mod plp;
pub(crate) mod tempo;
pub(crate) mod tempogram;
