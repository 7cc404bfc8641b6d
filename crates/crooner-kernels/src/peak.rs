//! Nothing but multiplications and additions: what a benchmark compares kernels with.

use std::hint::black_box;

use crate::kernels::{Kernels, Work};
use crate::simd::Simd;

impl Kernels {
    /// Multiplies and adds `rounds` times in registers with these instructions, and returns how many floating-point
    /// operations that was. Divided by the time it took, this is the rate that no kernel on this thread exceeds.
    #[must_use]
    pub fn multiply_and_add(self, rounds: usize) -> f64 {
        // More sums than a processor has multiplications under way, and no more than its registers hold.
        if self.name() == "portable" {
            self.run(MultiplyAndAdd::<6> { rounds })
        } else {
            self.run(MultiplyAndAdd::<12> { rounds })
        }
    }
}

struct MultiplyAndAdd<const SUMS: usize> {
    rounds: usize,
}

impl<const SUMS: usize> Work for MultiplyAndAdd<SUMS> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let [factor, term] = black_box([0.5f32, 1.0]).map(S::splat);
        let mut sums = [S::zero(); SUMS];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = sum.fma(factor, term);
            }
        }
        let mut last = vec![0.0f32; SUMS * S::LANES];
        for (sum, to) in sums.into_iter().zip(last.chunks_exact_mut(S::LANES)) {
            // SAFETY: a chunk holds a vector.
            unsafe { sum.store(to.as_mut_ptr()) };
        }
        black_box(last);
        (2 * SUMS * S::LANES * self.rounds) as f64
    }
}
