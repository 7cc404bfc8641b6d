//! Which implementation computes a network's layers.

use burn::tensor::Device;
#[cfg(feature = "flex")]
use crooner_kernels::Kernels;

/// What [`Layers::Fused`] computes by kernels of its own, whatever the configuration.
pub const FUSED: &str =
    "convolutions, their activations, norms, pools and dropout; GRUs, forward and backward; Adam's steps";

/// What it leaves to burn's layers.
pub const NOT_FUSED: &str = "the input's norm, pools of more than 256 values, dropout of channels and before the dense \
                             layer, summary over time, dense layers";

/// An implementation of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// burn's own, one operation after the other: on every backend.
    Stock,
    /// [`crooner_kernels`], a conv block or a GRU at a time: on burn's flex backend. [`FUSED`] and [`NOT_FUSED`] say what.
    #[cfg(feature = "flex")]
    Fused(Kernels),
    /// The recurrence of a GRU of at most 1024 units as one kernel, everything else as [`Stock`](Self::Stock): on burn's
    /// CubeCL backends, such as wgpu.
    #[cfg(feature = "wgpu")]
    FusedGru,
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
        #[cfg(feature = "wgpu")]
        if crate::recurrence::runs_on(device) {
            return Self::FusedGru;
        }
        let _ = device;
        Self::Stock
    }
}

/// Runs `work`, several operations on `device`, where they begin soonest: on flex within rayon's pool, which every kernel
/// would else have to wake.
pub fn together<R: Send>(device: &Device, work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "flex")]
    if crate::fused::runs_on(device) {
        return crooner_kernels::in_pool(work);
    }
    let _ = device;
    work()
}
