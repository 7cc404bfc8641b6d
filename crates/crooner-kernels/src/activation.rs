//! Activations, on vectors.

use crate::simd::Simd;

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x` where positive, `e^x - 1` elsewhere.
    Elu,
    /// `x` where positive, 0 elsewhere.
    Relu,
    /// `x`.
    Identity,
}

impl Activation {
    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, x: S) -> S {
        let zero = S::zero();
        match self {
            // A NaN compares as not greater and comes out of `exp`.
            Self::Elu => x.if_greater(zero, x, zero.min(x).exp().sub(S::splat(1.0))),
            Self::Relu => x.if_greater_or_nan(zero, x, zero),
            Self::Identity => x,
        }
    }

    /// `d` times the derivative where the activation gave `a`: of ELU, 1 for a positive `a`, else `a + 1`.
    #[inline(always)]
    pub(crate) fn back<S: Simd>(self, a: S, d: S) -> S {
        match self {
            Self::Elu => d.mul(S::splat(1.0).min(a.add(S::splat(1.0)))),
            Self::Relu => a.if_greater_or_nan(S::zero(), d, S::zero()),
            Self::Identity => d,
        }
    }
}
