//! NEON, of every 64-bit ARM processor.

use std::arch::aarch64::*;

use super::Simd;

/// Eight floats in two registers: of the 32 there are, six rows of a product by two of these fill 24.
#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t, float32x4_t);

impl Neon {
    #[inline(always)]
    fn both(self, f: impl Fn(float32x4_t) -> float32x4_t) -> Self {
        Self(f(self.0), f(self.1))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Self {
        Self(f(self.0, other.0), f(self.1, other.1))
    }
}

/// `2^n` for whole numbers of -126 to 127.
#[inline(always)]
fn power(n: float32x4_t) -> float32x4_t {
    // SAFETY: every 64-bit ARM processor has NEON.
    unsafe {
        let exponent = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
        vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
    }
}

// SAFETY: every 64-bit ARM processor has NEON.
unsafe impl Simd for Neon {
    const LANES: usize = 8;
    const PANEL_VECTORS: usize = 2;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for `LANES` floats; the instruction takes any alignment.
        unsafe { Self(vld1q_f32(from), vld1q_f32(from.add(4))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for `LANES` floats; the instruction takes any alignment.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the caller vouches for `LANES` bytes.
        unsafe {
            let words = vmovl_u8(vld1_u8(from));
            let low = vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
            Self(low, vcvtq_f32_u32(vmovl_u16(vget_high_u16(words))))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: the caller vouches for `LANES` bytes.
        unsafe {
            let (low, high) = (vmovn_u32(vcvtnq_u32_f32(self.0)), vmovn_u32(vcvtnq_u32_f32(self.1)));
            vst1_u8(to, vmovn_u16(vcombine_u16(low, high)));
        }
    }

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        let all = unsafe { vdupq_n_f32(value) };
        Self(all, all)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        self.zip(other, |a, b| unsafe { vaddq_f32(a, b) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        self.zip(other, |a, b| unsafe { vsubq_f32(a, b) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        self.zip(other, |a, b| unsafe { vmulq_f32(a, b) })
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        self.zip(other, |a, b| unsafe { vdivq_f32(a, b) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // `vminq_f32` is NaN where either is; a comparison is false.
        // SAFETY: the instructions exist, as the trait demands.
        self.zip(other, |a, b| unsafe { vbslq_f32(vcltq_f32(a, b), a, b) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        self.zip(other, |a, b| unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) })
    }

    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        unsafe { Self(vfmaq_f32(c.0, self.0, b.0), vfmaq_f32(c.1, self.1, b.1)) }
    }

    #[inline(always)]
    fn fnma(self, b: Self, c: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        unsafe { Self(vfmsq_f32(c.0, self.0, b.0), vfmsq_f32(c.1, self.1, b.1)) }
    }

    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        self.both(|x| unsafe { vrndnq_f32(x) })
    }

    #[inline(always)]
    fn exp2(self) -> Self {
        self.both(power)
    }

    #[inline(always)]
    fn if_greater(self, other: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        unsafe {
            let low = vbslq_f32(vcgtq_f32(self.0, other.0), yes.0, no.0);
            Self(low, vbslq_f32(vcgtq_f32(self.1, other.1), yes.1, no.1))
        }
    }

    #[inline(always)]
    fn if_greater_or_nan(self, other: Self, yes: Self, no: Self) -> Self {
        // A number equals itself, a NaN does not.
        // SAFETY: the instructions exist, as the trait demands.
        unsafe {
            let low = vbslq_f32(vceqq_f32(self.0, self.0), no.0, yes.0);
            let high = vbslq_f32(vceqq_f32(self.1, self.1), no.1, yes.1);
            self.if_greater(other, yes, Self(low, high))
        }
    }

    #[inline(always)]
    fn if_equal(self, other: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the instructions exist, as the trait demands.
        unsafe {
            let low = vbslq_f32(vceqq_f32(self.0, other.0), yes.0, no.0);
            Self(low, vbslq_f32(vceqq_f32(self.1, other.1), yes.1, no.1))
        }
    }
}
