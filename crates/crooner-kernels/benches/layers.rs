//! Milliseconds of the paper's layers, forward and backward, batch 16, for every set of kernels.
//!
//! Beside each, in brackets: GFLOP/s, counting the operations of the layer's definition; and how much of the time the
//! multiplications that are really done would take at the machine's peak, which is measured first by a loop of nothing but
//! multiplications and additions in registers. Winograd's transform does a quarter of the definition's multiplications,
//! so that GFLOP/s may exceed the peak; the share cannot.
//!
//! `cargo bench -p crooner-kernels [-- FRAMES...]`; `RAYON_NUM_THREADS` sets the threads.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]
#![expect(clippy::print_stdout, reason = "its output is what a benchmark is for")]

use std::hint::black_box;
use std::time::Instant;

use crooner_kernels::{
    Activation, BlockParams, ConvBlock, Dropout, Gru, GruKind, GruParams, Kernels, Order, Statistics,
};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 16;

fn values(len: usize, scale: f32) -> Vec<f32> {
    let mut state = 1u32;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state as f32 / u32::MAX as f32 - 0.5) * scale
        })
        .collect()
}

/// Median milliseconds.
fn measure(runs: usize, mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

/// Forward for training, backward, forward for inference.
fn block(kernels: Kernels, block: &ConvBlock, runs: usize) -> [f64; 3] {
    let ConvBlock { batch, height, width, channels, filters, .. } = *block;
    let input = values(batch * height * width * channels, 2.0);
    let weight = values(filters * channels * 9, (2.0 / (channels * 9) as f32).sqrt());
    let (ones, zeros) = (vec![1.0; filters], vec![0.0; filters]);
    let params = BlockParams { weight: &weight, bias: &zeros, gamma: &ones, beta: &zeros };
    let keep = || block.forward(kernels, &input, &params, Statistics::Batch, true).expect("the shapes fit");
    let output = keep();
    let d_output = values(output.values.len(), 1.0);
    let saved = output.saved.expect("kept");
    let forward = measure(runs, || drop(black_box(keep())));
    let backward = measure(runs, || {
        black_box(block.backward(&input, &params, &saved, &d_output, true).expect("the shapes fit"));
    });
    let inference = ConvBlock { dropout: None, ..*block };
    let given = Statistics::Given { mean: &zeros, variance: &ones };
    let infer = measure(runs, || {
        black_box(inference.forward(kernels, &input, &params, given, false).expect("the shapes fit"));
    });
    [forward, backward, infer]
}

fn gru(kernels: Kernels, gru: &Gru, runs: usize) -> [f64; 3] {
    let Gru { batch, n_frames, d_input, units, kind: _ } = *gru;
    let x = values(batch * n_frames * d_input, 2.0);
    let (input, recurrent) = (values(d_input * 3 * units, 0.3), values(units * 3 * units, 0.3));
    let bias = vec![0.0; 3 * units];
    let params = GruParams { input: &input, recurrent: &recurrent, input_bias: &bias, recurrent_bias: &bias };
    let saved = gru.forward(kernels, &x, None, &params, true).expect("the shapes fit").saved.expect("kept");
    let d_states = values(batch * n_frames * units, 1.0);
    let forward =
        measure(runs, || drop(black_box(gru.forward(kernels, &x, None, &params, true).expect("fits"))));
    let backward =
        measure(runs, || drop(black_box(gru.backward(&x, &params, &saved, &d_states).expect("fits"))));
    let infer =
        measure(runs, || drop(black_box(gru.forward(kernels, &x, None, &params, false).expect("fits"))));
    [forward, backward, infer]
}

/// GFLOP/s of all threads together.
fn peak(kernels: Kernels) -> f64 {
    const ROUNDS: usize = 2_000_000;
    let mut operations = 0.0;
    let time = measure(5, || {
        operations = rayon::broadcast(|_| kernels.multiply_and_add(ROUNDS)).into_iter().sum::<f64>();
    });
    operations * 1e-6 / time
}

fn main() {
    // `cargo test` and `cargo nextest` run benchmarks too, to see that they work.
    let args: Vec<String> = std::env::args().collect();
    if !args.iter().any(|argument| argument == "--bench") {
        return;
    }
    let mut frames: Vec<usize> = args.iter().filter_map(|argument| argument.parse().ok()).collect();
    if frames.is_empty() {
        frames = vec![32, 94, 313, 911];
    }
    for kernels in Kernels::available() {
        let peak = peak(kernels);
        println!(
            "{}: {peak:.0} GFLOP/s at the most on {} threads\n",
            kernels.name(),
            rayon::current_num_threads()
        );
        for &t in &frames {
            let runs = if t > 300 { 5 } else { 15 };
            println!("{}, {t} frames, batch {BATCH}: ms (GFLOP/s, share of peak)", kernels.name());
            println!("{:<8}{:>22}{:>22}{:>22}", "", "forward", "backward", "inference");
            let mut total = [0.0; 3];
            let mut print = |name: &str, times: [f64; 3], gflop: f64, done: f64| {
                // Backward has two products for each of forward.
                let rates =
                    [gflop / times[0], 2.0 * gflop / times[1], gflop / times[2]].map(|rate| rate * 1e3);
                let cell = |i: usize| {
                    let share = rates[i] * done / peak * 100.0;
                    format!("{:.2} ({:.0}, {share:.0} %)", times[i], rates[i])
                };
                println!("{name:<8}{:>22}{:>22}{:>22}", cell(0), cell(1), cell(2));
                total.iter_mut().zip(times).for_each(|(total, time)| *total += time);
            };
            let (mut height, mut width, mut channels) = (128, t, 1);
            for (i, (filters, pool)) in
                [(64, [2, 2]), (128, [4, 2]), (128, [4, 2]), (128, [4, 2])].into_iter().enumerate()
            {
                let dropout = Some(Dropout::new(0.1, 1, i as u64));
                let (activation, order) = (Activation::Elu, Order::ActivationFirst);
                let layer = ConvBlock {
                    batch: BATCH,
                    height,
                    width,
                    channels,
                    filters,
                    kernel: [3, 3],
                    pool,
                    activation,
                    order,
                    epsilon: 1e-3,
                    dropout,
                };
                let gflop = (BATCH * height * width * channels * filters * 18) as f64 * 1e-9;
                // The first block is computed by definition.
                let done = if channels == 1 { 1.0 } else { 0.25 };
                print(&format!("block {}", i + 1), block(kernels, &layer, runs), gflop, done);
                (height, width, channels) = (height / pool[0], width / pool[1], filters);
            }
            for (i, d_input) in [128, 32].into_iter().enumerate() {
                let layer =
                    Gru { batch: BATCH, n_frames: width, d_input, units: 32, kind: GruKind::default() };
                let gflop = (BATCH * width * (d_input + 32) * 96 * 2) as f64 * 1e-9;
                print(&format!("GRU {}", i + 1), gru(kernels, &layer, runs), gflop, 1.0);
            }
            println!("step    {:>10.1} ms, inference {:.1} ms\n", total[0] + total[1], total[2]);
        }
    }
}
