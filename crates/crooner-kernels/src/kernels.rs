//! Which instructions the kernels run with.

use std::sync::OnceLock;

use crate::KernelError;
use crate::simd::Simd;
#[cfg(target_arch = "aarch64")]
use crate::simd::neon::Neon;
use crate::simd::portable::Portable;
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2::Avx2, avx512::Avx512};

/// The environment variable that chooses the instructions: `portable`, `avx2`, `avx512` or `neon`.
pub const VARIABLE: &str = "CROONER_KERNELS";

/// A set of kernels that this processor can run.
///
/// There is no way to hold one that it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels(Isa);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// A piece of work over any vector type.
pub(crate) trait Work {
    type Output;
    fn run<S: Simd>(self) -> Self::Output;
}

impl Kernels {
    /// What [`VARIABLE`] names, else the fastest there is. Read once.
    ///
    /// # Errors
    /// [`KernelError::Unknown`] when the variable names no kernels of this processor.
    pub fn chosen() -> Result<Self, KernelError> {
        static CHOSEN: OnceLock<Result<Kernels, KernelError>> = OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| match std::env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()),
            _ => Ok(Self::fastest()),
        });
        chosen.clone()
    }

    /// The kernels called `name`.
    ///
    /// # Errors
    /// [`KernelError::Unknown`] unless this processor can run them.
    pub fn named(name: &str) -> Result<Self, KernelError> {
        let available = Self::available();
        available.iter().find(|kernels| kernels.name() == name).copied().ok_or_else(|| KernelError::Unknown {
            name: name.to_owned(),
            available: available.iter().map(|kernels| kernels.name()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The fastest that this processor can run.
    #[must_use]
    pub fn fastest() -> Self {
        Self::available().last().copied().unwrap_or(Self(Isa::Portable))
    }

    /// All that this processor can run, slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut all = vec![Self(Isa::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(Self(Isa::Avx2));
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                all.push(Self(Isa::Avx512));
            }
        }
        // No 64-bit ARM processor is without.
        #[cfg(target_arch = "aarch64")]
        all.push(Self(Isa::Neon));
        all
    }

    /// The name that [`VARIABLE`] takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Isa::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => "neon",
        }
    }

    /// Floats across the panel of a matrix product.
    pub(crate) fn panel(self) -> usize {
        match self.0 {
            Isa::Portable => Portable::PANEL,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::PANEL,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Avx512::PANEL,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Neon::PANEL,
        }
    }

    /// Runs `work` compiled for these instructions.
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Isa::Portable => work.run::<Portable>(),
            // SAFETY: the value exists, so `available` has found the instructions.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { run_avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { run_avx512(work) },
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => work.run::<Neon>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<W: Work>(work: W) -> W::Output {
    work.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<W: Work>(work: W) -> W::Output {
    work.run::<Avx512>()
}
