//! Vectors of `f32`: one trait, one implementation per instruction set.
//!
//! Kernels are written once over [`Simd`] and instantiated inside functions that enable the instructions
//! ([`crate::Kernels`] does that), where everything here is inlined.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;

use std::f32::consts::LOG2_E;

/// Every channel count is padded to a multiple of this: the widest vector there is.
pub(crate) const CHANNELS: usize = 16;

/// A vector of [`LANES`](Simd::LANES) floats.
///
/// # Safety
/// The methods of an implementation may only run where its instructions exist. Nothing outside
/// [`crate::Kernels`] names an implementation, and it checks.
pub(crate) unsafe trait Simd: Copy {
    /// Floats in a vector; divides [`CHANNELS`].
    const LANES: usize;
    /// Vectors side by side in the panel of a matrix product.
    const PANEL_VECTORS: usize;
    /// Floats across a panel.
    const PANEL: usize = Self::LANES * Self::PANEL_VECTORS;

    /// # Safety
    /// `LANES` floats can be read at `from`.
    unsafe fn load(from: *const f32) -> Self;
    /// # Safety
    /// `LANES` floats can be written at `to`.
    unsafe fn store(self, to: *mut f32);
    /// Whole numbers from bytes.
    ///
    /// # Safety
    /// `LANES` bytes can be read at `from`.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// Whole numbers of 0 to 255 as bytes.
    ///
    /// # Safety
    /// `LANES` bytes can be written at `to`.
    unsafe fn store_bytes(self, to: *mut u8);
    fn splat(value: f32) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// The smaller; `other` where either is NaN.
    fn min(self, other: Self) -> Self;
    /// The larger; `other` where either is NaN.
    fn max(self, other: Self) -> Self;
    /// `self * b + c`.
    fn fma(self, b: Self, c: Self) -> Self;
    /// `c - self * b`.
    fn fnma(self, b: Self, c: Self) -> Self;
    /// Nearest whole number.
    fn round(self) -> Self;
    /// `2^self` for whole numbers of -126 to 127.
    fn exp2(self) -> Self;
    /// `yes` where `self > other`, else `no`; `no` where either is NaN.
    fn if_greater(self, other: Self, yes: Self, no: Self) -> Self;
    /// `yes` where `self > other` or `self` is NaN, else `no`.
    fn if_greater_or_nan(self, other: Self, yes: Self, no: Self) -> Self;
    /// `yes` where `self == other`, else `no`.
    fn if_equal(self, other: Self, yes: Self, no: Self) -> Self;

    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `e^self` for `self <= 88`, to 2 units in the last place; below -87 it stays at `e^-87`. NaN stays NaN.
    ///
    /// `e^x = 2^n e^r` with `n = round(x log2 e)`, `|r| <= ln 2 / 2`, and the polynomial of Cephes' `expf`; `ln 2` is
    /// subtracted in two parts so that `r` is exact.
    #[inline(always)]
    fn exp(self) -> Self {
        // In this order the comparison passes a NaN on.
        let x = Self::splat(-87.0).max(self);
        let n = x.mul(Self::splat(LOG2_E)).round();
        let r = n.fnma(Self::splat(-2.121_944_4e-4), n.fnma(Self::splat(0.693_359_4), x));
        let mut p = Self::splat(1.987_569_1e-4);
        for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
            p = p.fma(r, Self::splat(c));
        }
        let p = p.fma(r.mul(r), r).add(Self::splat(1.0));
        p.mul(n.exp2())
    }

    /// `1 / (1 + e^-x)`; below -87 it stays at `e^-87`. NaN stays NaN.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let one = Self::splat(1.0);
        // `exp` sees to large values itself; of these `e^-x` would overflow.
        let x = Self::splat(-87.0).max(self);
        one.div(one.add(Self::zero().sub(x).exp()))
    }

    /// `tanh x = 2 sigmoid(2x) - 1`, absolute error below 3e-7.
    #[inline(always)]
    fn tanh(self) -> Self {
        self.add(self).sigmoid().fma(Self::splat(2.0), Self::splat(-1.0))
    }
}
