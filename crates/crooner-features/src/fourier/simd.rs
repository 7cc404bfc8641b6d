//! The widest vector instructions that the machine has, chosen at run time.
//!
//! A kernel is plain arithmetic on arrays, inlined into a function compiled for each set of instructions. Nothing is
//! reordered or fused for any of them, so all give the same bits.

pub(crate) use pulp::{Simd, WithSimd};

/// Runs a kernel, all of which must be `#[inline(always)]`.
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(kernel)
}
