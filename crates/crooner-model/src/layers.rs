//! Which implementation computes a network's layers.

use burn::tensor::Device;
#[cfg(feature = "flex")]
use crooner_kernels::Kernels;

/// An implementation of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// burn's own, one operation after the other: on every backend.
    Stock,
    /// [`crooner_kernels`], a conv block or a GRU at a time: on burn's flex backend.
    #[cfg(feature = "flex")]
    Fused(Kernels),
}

impl Layers {
    /// The fastest for `device`.
    ///
    /// # Panics
    ///
    /// On flex, if [`crooner_kernels::VARIABLE`] names no kernels of this processor.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        #[cfg(feature = "flex")]
        if crate::fused::runs_on(device) {
            match Kernels::chosen() {
                Ok(kernels) => return Self::Fused(kernels),
                #[expect(clippy::panic, reason = "documented; `Kernels::chosen` tells beforehand")]
                Err(error) => panic!("{error}"),
            }
        }
        let _ = device;
        Self::Stock
    }
}
