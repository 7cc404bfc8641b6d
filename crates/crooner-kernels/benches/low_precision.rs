//! What a processor's dot products of bf16 and of bytes can do at the most, beside f32: operations a second of one
//! thread, in registers. `docs/kernels.md` says what follows.
//!
//! `cargo bench -p crooner-kernels --bench low_precision`

#![expect(clippy::print_stdout, reason = "its output is what a benchmark is for")]

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::hint::black_box;
    use std::time::Instant;

    const ROUNDS: usize = 5_000_000;
    const SUMS: usize = 12;

    #[target_feature(enable = "avx512f")]
    fn single() {
        let x = _mm512_set1_ps(black_box(0.5));
        let mut sums = [_mm512_setzero_ps(); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, x, x);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    fn brain() {
        // SAFETY: both are 512 bits of which every pattern is valid: here 32 times 0.5.
        let x: __m512bh = unsafe { std::mem::transmute(black_box([0x3f00u16; 32])) };
        let mut sums = [_mm512_setzero_ps(); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_dpbf16_ps(*sum, x, x);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn bytes() {
        let x = _mm512_set1_epi32(black_box(0x0101_0101));
        let mut sums = [_mm512_setzero_si512(); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, x, x);
            }
        }
        black_box(sums);
    }

    fn print(name: &str, lanes: usize, run: impl Fn()) {
        let best = (0..5).map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_secs_f64()
        });
        let best = best.fold(f64::INFINITY, f64::min);
        println!(
            "{name}: {:.0} billion operations a second",
            (2 * lanes * SUMS * ROUNDS) as f64 * 1e-9 / best
        );
    }

    pub(crate) fn run() {
        if !is_x86_feature_detected!("avx512bf16") || !is_x86_feature_detected!("avx512vnni") {
            println!("this processor has no AVX-512 dot products of bf16 and bytes");
            return;
        }
        // SAFETY: the instructions are there.
        print("f32", 16, || unsafe { single() });
        // SAFETY: as above.
        print("bf16", 32, || unsafe { brain() });
        // SAFETY: as above.
        print("int8", 64, || unsafe { bytes() });
    }
}

fn main() {
    // `cargo test` and `cargo nextest` run benchmarks too, to see that they work.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    x86::run();
    #[cfg(not(target_arch = "x86_64"))]
    println!("measured on x86-64 only");
}
