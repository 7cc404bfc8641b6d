//! Matrix products, small enough to stay in cache: the blocks around them see to that.
//!
//! ```text
//!            panel            A row of micro-kernel: MR rows of C by one panel, kept in registers
//!          +-------+--        over the whole of k. AVX-512 has 32 registers of 16 floats: 12 rows by
//!   B    k |       |          2 vectors are 24 of them. AVX2 has 16 of 8 floats: 6 rows by 2.
//!          +-------+--
//!     k
//!   +----+ +-------+--
//! A |    | |   C   | MR
//!   +----+ +-------+--
//! ```

use crate::kernels::Kernels;
use crate::simd::{CHANNELS, Simd};

/// A matrix `[k, n]`, `n` a multiple of [`CHANNELS`], cut into panels: columns `[j, j + width)` lie in one run from
/// `j * k` on, row after row. All panels are as wide as the kernels want but perhaps the last.
pub(crate) fn pack(
    kernels: Kernels,
    k: usize,
    n: usize,
    value: impl Fn(usize, usize) -> f32,
    packed: &mut [f32],
) {
    let panel = kernels.panel();
    let mut j = 0;
    while j < n {
        let width = panel.min(n - j);
        for row in 0..k {
            for column in 0..width {
                packed[j * k + row * width + column] = value(row, j + column);
            }
        }
        j += width;
    }
}

/// `C = A B` with `A` `[m, k]` of row stride `a_stride`, `B` `[k, n]` packed, `C` `[m, n]` of row stride `c_stride`.
///
/// # Safety
/// The pointers hold matrices of these shapes, `C` apart from the others; `n` is a multiple of [`CHANNELS`].
#[inline(always)]
pub(crate) unsafe fn product<S: Simd>(
    [m, n, k]: [usize; 3],
    a: *const f32,
    a_stride: usize,
    b: *const f32,
    c: *mut f32,
    c_stride: usize,
) {
    debug_assert_eq!(n % CHANNELS, 0);
    let mut j = 0;
    while j < n {
        // SAFETY: panel `j` of B, and columns `j..` of C.
        unsafe {
            let (b, c) = (b.add(j * k), c.add(j));
            if n - j >= S::PANEL {
                rows::<S, 2>([m, k], a, a_stride, b, c, c_stride);
                j += S::PANEL;
            } else {
                // Only AVX-512's panel is wider than what channels are padded to.
                rows::<S, 1>([m, k], a, a_stride, b, c, c_stride);
                j += S::LANES;
            }
        }
    }
}

#[inline(always)]
unsafe fn rows<S: Simd, const NV: usize>(
    [m, k]: [usize; 2],
    a: *const f32,
    a_stride: usize,
    b: *const f32,
    c: *mut f32,
    c_stride: usize,
) {
    let mut i = 0;
    // SAFETY: rows `i..i + MR` of A and C.
    unsafe {
        macro_rules! take {
            ($mr:literal) => {
                while m - i >= $mr {
                    micro::<S, $mr, NV>(k, a.add(i * a_stride), a_stride, b, c.add(i * c_stride), c_stride);
                    i += $mr;
                }
            };
        }
        if S::LANES == 16 {
            take!(12);
        } else if S::LANES == 8 {
            take!(6);
        }
        take!(4);
        take!(1);
    }
}

#[inline(always)]
unsafe fn micro<S: Simd, const MR: usize, const NV: usize>(
    k: usize,
    a: *const f32,
    a_stride: usize,
    b: *const f32,
    c: *mut f32,
    c_stride: usize,
) {
    // SAFETY: `MR` rows of A and C, one panel of B.
    unsafe {
        let mut sums = [[S::zero(); NV]; MR];
        for p in 0..k {
            let mut row = [S::zero(); NV];
            for v in 0..NV {
                row[v] = S::load(b.add((p * NV + v) * S::LANES));
            }
            for r in 0..MR {
                let x = S::splat(*a.add(r * a_stride + p));
                for v in 0..NV {
                    sums[r][v] = x.fma(row[v], sums[r][v]);
                }
            }
        }
        for r in 0..MR {
            for v in 0..NV {
                sums[r][v].store(c.add(r * c_stride + v * S::LANES));
            }
        }
    }
}

/// `C += A^T B` with `A` `[k, m]`, `B` `[k, n]`, `C` `[m, n]`, rows the `strides` of A, B and C apart; `m` and `n` multiples
/// of [`CHANNELS`].
///
/// # Safety
/// The pointers hold matrices of these shapes, `C` apart from the others.
#[inline(always)]
pub(crate) unsafe fn add_transposed_product<S: Simd>(
    shape: [usize; 3],
    strides: [usize; 3],
    a: *const f32,
    b: *const f32,
    c: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe { transposed::<S, true>(shape, strides, a, b, c) }
}

/// As [`add_transposed_product`], but `C = A^T B`.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn transposed_product<S: Simd>(
    shape: [usize; 3],
    strides: [usize; 3],
    a: *const f32,
    b: *const f32,
    c: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe { transposed::<S, false>(shape, strides, a, b, c) }
}

#[inline(always)]
unsafe fn transposed<S: Simd, const ADD: bool>(
    [m, n, k]: [usize; 3],
    strides: [usize; 3],
    a: *const f32,
    b: *const f32,
    c: *mut f32,
) {
    debug_assert!(m.is_multiple_of(CHANNELS) && n.is_multiple_of(CHANNELS));
    let mut j = 0;
    while j < n {
        // SAFETY: columns `j..j + NV * LANES` of B and C.
        unsafe {
            if n - j >= 2 * S::LANES {
                columns::<S, ADD, 2>([m, k], strides, a, b.add(j), c.add(j));
                j += 2 * S::LANES;
            } else {
                columns::<S, ADD, 1>([m, k], strides, a, b.add(j), c.add(j));
                j += S::LANES;
            }
        }
    }
}

#[inline(always)]
unsafe fn columns<S: Simd, const ADD: bool, const NV: usize>(
    [m, k]: [usize; 2],
    strides: [usize; 3],
    a: *const f32,
    b: *const f32,
    c: *mut f32,
) {
    // SAFETY: as the caller says; `m` is a multiple of 16.
    unsafe {
        if S::LANES == 16 {
            for i in (0..m).step_by(8) {
                outer::<S, ADD, 8, NV>(k, strides, a.add(i), b, c.add(i * strides[2]));
            }
        } else {
            for i in (0..m).step_by(4) {
                outer::<S, ADD, 4, NV>(k, strides, a.add(i), b, c.add(i * strides[2]));
            }
        }
    }
}

#[inline(always)]
unsafe fn outer<S: Simd, const ADD: bool, const MR: usize, const NV: usize>(
    k: usize,
    [a_stride, b_stride, c_stride]: [usize; 3],
    a: *const f32,
    b: *const f32,
    c: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[S::zero(); NV]; MR];
        for p in 0..k {
            let mut row = [S::zero(); NV];
            for v in 0..NV {
                row[v] = S::load(b.add(p * b_stride + v * S::LANES));
            }
            for r in 0..MR {
                let x = S::splat(*a.add(p * a_stride + r));
                for v in 0..NV {
                    sums[r][v] = x.fma(row[v], sums[r][v]);
                }
            }
        }
        for r in 0..MR {
            for v in 0..NV {
                let at = c.add(r * c_stride + v * S::LANES);
                let sum = if ADD { S::load(at).add(sums[r][v]) } else { sums[r][v] };
                sum.store(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Work;

    struct Products<'a> {
        shape: [usize; 3],
        a: &'a [f32],
        packed: &'a [f32],
        b: &'a [f32],
        c: &'a mut [f32],
        t: &'a mut [f32],
    }

    impl Work for Products<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self) {
            let [m, n, k] = self.shape;
            // SAFETY: the test makes buffers of these shapes.
            unsafe {
                product::<S>([m, n, k], self.a.as_ptr(), k, self.packed.as_ptr(), self.c.as_mut_ptr(), n);
                // A is `[m, k]`: its transpose times B' `[m, n]`.
                add_transposed_product::<S>(
                    [k, n, m],
                    [k, n, n],
                    self.a.as_ptr(),
                    self.b.as_ptr(),
                    self.t.as_mut_ptr(),
                );
            }
        }
    }

    #[test]
    fn products_of_small_whole_numbers_are_exact() {
        for kernels in Kernels::available() {
            for (m, n, k) in [(1, 16, 16), (13, 48, 32), (48, 128, 64), (7, 32, 16), (30, 80, 48)] {
                let value = |i: usize| (i * 7 % 11) as f32 - 5.0;
                let a: Vec<f32> = (0..m * k).map(value).collect();
                let b: Vec<f32> = (0..k.max(m) * n).map(|i| value(i + 3)).collect();
                let mut packed = vec![0.0; k * n];
                pack(kernels, k, n, |row, column| b[row * n + column], &mut packed);
                let (mut c, mut t) = (vec![9.0; m * n], vec![1.0; k * n]);
                kernels.run(Products {
                    shape: [m, n, k],
                    a: &a,
                    packed: &packed,
                    b: &b,
                    c: &mut c,
                    t: &mut t,
                });
                for i in 0..m {
                    for j in 0..n {
                        let sum: f32 = (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum();
                        assert_eq!(c[i * n + j], sum, "{} {m} {n} {k}", kernels.name());
                    }
                }
                for i in 0..k {
                    for j in 0..n {
                        let sum: f32 = (0..m).map(|p| a[p * k + i] * b[p * n + j]).sum();
                        assert_eq!(t[i * n + j], 1.0 + sum, "{} {m} {n} {k}", kernels.name());
                    }
                }
            }
        }
    }
}
