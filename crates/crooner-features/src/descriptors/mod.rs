//! A frame in one number, or a few.

pub(crate) mod contrast;
pub(crate) mod level;
pub(crate) mod poly;
pub(crate) mod spectral;
