//! Activations, on vectors.

use std::f32::consts::FRAC_1_SQRT_2;

use crate::simd::Simd;

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x` where positive, `e^x - 1` elsewhere.
    Elu,
    /// `x` where positive, 0 elsewhere.
    Relu,
    /// `x Phi(x) = x (1 + erf(x / sqrt 2)) / 2` (Hendrycks & Gimpel 2016), not its approximation by tanh. It has a
    /// minimum at -0.75, so that pools must look at its values rather than at what goes into it.
    Gelu,
    /// `x`.
    Identity,
}

impl Activation {
    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, x: S) -> S {
        self.value(self.kept(x))
    }

    /// What is stored of `x`, such that the value and the derivative can be told from it: the value itself, but where
    /// it has forgotten `x`.
    #[inline(always)]
    pub(crate) fn kept<S: Simd>(self, x: S) -> S {
        let zero = S::zero();
        match self {
            // A NaN compares as not greater and comes out of `exp`.
            Self::Elu => x.if_greater(zero, x, zero.min(x).exp().sub(S::splat(1.0))),
            Self::Relu => x.if_greater_or_nan(zero, x, zero),
            Self::Gelu | Self::Identity => x,
        }
    }

    /// The value, of what was [`kept`](Self::kept).
    #[inline(always)]
    pub(crate) fn value<S: Simd>(self, kept: S) -> S {
        match self {
            Self::Gelu => kept.mul(normal(kept).0),
            Self::Elu | Self::Relu | Self::Identity => kept,
        }
    }

    /// `d` times the derivative, of what was [`kept`](Self::kept): of ELU, 1 for a positive value, else the value + 1.
    #[inline(always)]
    pub(crate) fn back<S: Simd>(self, kept: S, d: S) -> S {
        match self {
            Self::Elu => d.mul(S::splat(1.0).min(kept.add(S::splat(1.0)))),
            Self::Relu => kept.if_greater_or_nan(S::zero(), d, S::zero()),
            Self::Gelu => {
                let (below, density) = normal(kept);
                d.mul(kept.fma(density, below))
            }
            Self::Identity => d,
        }
    }

    /// Whether a larger `x` never has a smaller value, so that the largest value of a window is that of the largest
    /// `x`.
    pub(crate) fn is_monotonic(self) -> bool {
        self != Self::Gelu
    }
}

/// `Phi(x)` and `phi(x)`, the standard normal distribution and its density.
///
/// `erfc(y) = (a1 t + ... + a5 t^5) e^{-y^2}` with `t = 1 / (1 + p y)` for `y >= 0`, absolute error below 1.5e-7:
/// Abramowitz & Stegun 1964, 7.1.26.
#[inline(always)]
fn normal<S: Simd>(x: S) -> (S, S) {
    let (zero, one) = (S::zero(), S::splat(1.0));
    let y = x.if_greater(zero, x, zero.sub(x)).mul(S::splat(FRAC_1_SQRT_2));
    let t = one.div(y.fma(S::splat(0.327_591_1), one));
    let mut p = S::splat(1.061_405_4);
    for a in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = p.fma(t, S::splat(a));
    }
    let e = zero.sub(y.mul(y)).exp();
    let tail = p.mul(t).mul(e).mul(S::splat(0.5));
    const DENSITY: f32 = 0.398_942_3;
    (x.if_greater(zero, one.sub(tail), tail), e.mul(S::splat(DENSITY)))
}
