//! Frames, windows, and Fourier transforms of them, there and back.

pub(crate) mod framed;
pub(crate) mod framing;
pub(crate) mod inverse;
pub(crate) mod magnitude;
pub(crate) mod reassigned;
pub(crate) mod simd;
pub(crate) mod stft;
pub(crate) mod transform;
pub(crate) mod wide;
pub(crate) mod window;
