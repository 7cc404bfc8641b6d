//! Steps of Adam.

use crooner_kernels::{AdamStep, KernelError, Kernels};

use crate::{deviation, numbers};

fn step(t: i32) -> AdamStep {
    let (beta_1, beta_2) = (0.9f64, 0.999f64);
    let rate = 1e-2 / (1.0 - beta_1.powi(t));
    AdamStep { beta_1, beta_2, epsilon: 1e-8, rate, scale: (1.0 - beta_2.powi(t)).sqrt() }
}

#[test]
fn ten_steps_are_the_algorithms() {
    // Longer than what a thread takes at a time, and of no round length.
    let len = 40_003;
    for kernels in Kernels::available() {
        let mut param = numbers(len, 1);
        let mut expected: Vec<f64> = param.iter().copied().map(f64::from).collect();
        let (mut mean, mut square) = (vec![0.0; len], vec![0.0; len]);
        let (mut m, mut v) = (vec![0.0f64; len], vec![0.0f64; len]);
        for t in 1..=10 {
            let gradient = numbers(len, 100 + t as u32);
            step(t).run(kernels, &mut param, &gradient, &mut mean, &mut square).expect("equally long");
            for i in 0..len {
                let g = f64::from(gradient[i]);
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                let (mean, square) = (m[i] / (1.0 - 0.9f64.powi(t)), v[i] / (1.0 - 0.999f64.powi(t)));
                expected[i] -= 1e-2 * mean / (square.sqrt() + 1e-8);
            }
        }
        for (what, found, expected) in
            [("param", &param, &expected), ("mean", &mean, &m), ("square", &square, &v)]
        {
            let off = deviation(found, expected);
            assert!(off < 1e-6, "{kernels:?}: {what} is off by {off:e}");
        }
    }
}

#[test]
fn all_kernels_and_threads_give_the_same_bits() {
    let len = 40_003;
    let run = |kernels| {
        let (mut param, mut mean, mut square) = (numbers(len, 1), numbers(len, 2), vec![0.5; len]);
        step(7).run(kernels, &mut param, &numbers(len, 3), &mut mean, &mut square).expect("equally long");
        [param, mean, square]
    };
    let expected = run(Kernels::fastest());
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        for kernels in Kernels::available() {
            assert_eq!(pool.install(|| run(kernels)), expected, "{kernels:?} on {threads} threads");
        }
    }
}

#[test]
fn lengths_that_differ_are_named() {
    let (mut param, mut mean, mut square) = ([0.0; 3], [0.0; 3], [0.0; 2]);
    let error = step(1)
        .run(Kernels::fastest(), &mut param, &[0.0; 3], &mut mean, &mut square)
        .expect_err("`square` is shorter");
    assert_eq!(error, KernelError::Length { what: "square", expected: 3, found: 2 });
}
