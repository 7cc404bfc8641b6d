//! Conv blocks.

use crooner_kernels::{
    Activation, BlockGradients, BlockOutput, BlockParams, ConvBlock, Dropout, KernelError, Kernels, Order,
    Statistics,
};
use proptest::prelude::*;

use crate::{deviation, numbers, reference};

struct Case {
    block: ConvBlock,
    input: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    d_output: Vec<f32>,
}

impl Case {
    fn new(block: ConvBlock, seed: u32) -> Self {
        let ConvBlock { batch, height, width, channels, filters, kernel, .. } = block;
        let taps = kernel[0] * kernel[1];
        let scale = (1.0 / (taps * channels) as f32).sqrt();
        let weight = numbers(filters * channels * taps, seed + 1).iter().map(|w| 2.0 * scale * w).collect();
        let normalised = if block.order == Order::Unnormalised { 0 } else { filters };
        Self {
            block,
            input: numbers(batch * height * width * channels, seed),
            weight,
            bias: numbers(filters, seed + 2),
            // Both signs, none near zero.
            gamma: numbers(normalised, seed + 3).iter().map(|g| g + g.signum() * 0.3).collect(),
            beta: numbers(normalised, seed + 4),
            d_output: numbers(block.output_shape().iter().product(), seed + 5),
        }
    }

    fn params(&self) -> BlockParams<'_> {
        BlockParams { weight: &self.weight, bias: &self.bias, gamma: &self.gamma, beta: &self.beta }
    }

    fn run(&self, kernels: Kernels, statistics: Statistics<'_>) -> (BlockOutput, BlockGradients) {
        let output =
            self.block.forward(kernels, &self.input, &self.params(), statistics, true).expect("fits");
        let saved = output.saved.as_ref().expect("kept");
        let gradients =
            self.block.backward(&self.input, &self.params(), saved, &self.d_output, true).expect("fits");
        (output, gradients)
    }

    /// Values and gradients, batch statistics and given ones, of every set of kernels.
    fn check(&self) {
        let filters = self.block.filters;
        let (mean, variance) = (vec![0.1; filters], vec![0.7; filters]);
        for given in [None, Some((&mean[..], &variance[..]))] {
            let weights = [&self.weight[..], &self.bias, &self.gamma, &self.beta];
            let expected = reference::block(&self.block, &self.input, weights, given, &self.d_output);
            let statistics =
                given.map_or(Statistics::Batch, |(mean, variance)| Statistics::Given { mean, variance });
            for kernels in Kernels::available() {
                let (output, gradients) = self.run(kernels, statistics);
                let unkept = self
                    .block
                    .forward(kernels, &self.input, &self.params(), statistics, false)
                    .expect("fits");
                assert!(unkept.saved.is_none());
                if given.is_none() && self.block.order != Order::Unnormalised {
                    assert_eq!(bits(&unkept.values), bits(&output.values));
                }
                for (what, found, expected, tolerance) in [
                    ("output", &output.values, &expected.output, 2e-5),
                    ("output alone", &unkept.values, &expected.output, 2e-5),
                    ("mean", &output.mean, &expected.mean, 2e-5),
                    ("variance", &output.variance, &expected.variance, 2e-5),
                    ("d_input", gradients.input.as_ref().expect("wanted"), &expected.d_input, 5e-5),
                    ("d_weight", &gradients.weight, &expected.d_weight, 5e-5),
                ] {
                    let found = deviation(found, expected);
                    let name = kernels.name();
                    assert!(
                        found <= tolerance,
                        "{name}: {what} off by {found:e}: {:?} {given:?}",
                        self.block
                    );
                }
                // Sums over all pixels, which may cancel: then what is left is the rounding of their terms.
                let terms = self.d_output.iter().map(|d| f64::from(d.abs())).sum::<f64>() / filters as f64;
                for (what, found, expected) in [
                    ("d_gamma", &gradients.gamma, &expected.d_gamma),
                    ("d_beta", &gradients.beta, &expected.d_beta),
                ] {
                    let largest = expected.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
                    for (found, expected) in found.iter().zip(expected) {
                        let off = (f64::from(*found) - expected).abs();
                        let name = kernels.name();
                        assert!(
                            off <= 5e-5 * largest + 2e-6 * terms,
                            "{name}: {what} off by {off:e}: {:?} {given:?}",
                            self.block
                        );
                    }
                }
                // Batch norm takes a constant away, so the bias has no gradient: only sums that cancel.
                let largest = expected.d_weight.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
                for (found, expected) in gradients.bias.iter().zip(&expected.d_bias) {
                    let off = (f64::from(*found) - expected).abs();
                    assert!(off <= 5e-5 * largest.max(expected.abs()) + 1e-5, "{found} for {expected}");
                }
            }
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

const PAPER: ConvBlock = ConvBlock {
    batch: 2,
    height: 16,
    width: 23,
    channels: 64,
    filters: 128,
    kernel: [3, 3],
    pool: [4, 2],
    activation: Activation::Elu,
    order: Order::ActivationFirst,
    epsilon: 1e-3,
    dropout: None,
};

/// Channels that ELU holds near -1: what f32 keeps of them is 3e-5 of their deviation, a value at a time. Squares or a
/// shift that did not have the mean taken off first would keep nothing.
#[test]
fn channels_that_hardly_vary_keep_their_variance() {
    for (channels, kernel) in [(1, [3, 3]), (5, [3, 3]), (3, [5, 3])] {
        let mut case = Case::new(
            ConvBlock {
                batch: 3,
                height: 16,
                width: 20,
                channels,
                filters: 7,
                kernel,
                pool: [2, 2],
                activation: Activation::Elu,
                order: Order::ActivationFirst,
                epsilon: 1e-12,
                dropout: None,
            },
            7,
        );
        case.bias.fill(-7.5);
        let weights = [&case.weight[..], &case.bias, &case.gamma, &case.beta];
        let expected = reference::block(&case.block, &case.input, weights, None, &case.d_output);
        for kernels in Kernels::available() {
            let (output, gradients) = case.run(kernels, Statistics::Batch);
            for (found, expected) in output.variance.iter().zip(&expected.variance) {
                let off = (f64::from(*found) / expected - 1.0).abs();
                assert!(off < 1e-4, "{}: variance {found} for {expected}", kernels.name());
            }
            for (what, found, expected) in [
                ("output", &output.values, &expected.output),
                ("d_gamma", &gradients.gamma, &expected.d_gamma),
                ("d_weight", &gradients.weight, &expected.d_weight),
            ] {
                let off = deviation(found, expected);
                assert!(off < 5e-4, "{}: {kernel:?} {what} off by {off:e}", kernels.name());
            }
        }
    }
}

#[test]
fn the_papers_blocks() {
    Case::new(PAPER, 1).check();
    Case::new(ConvBlock { height: 4, width: 11, channels: 128, batch: 5, ..PAPER }, 2).check();
    let first = ConvBlock { height: 32, width: 19, channels: 1, filters: 64, pool: [2, 2], ..PAPER };
    Case::new(ConvBlock { dropout: Some(Dropout::new(0.1, 3, 0)), ..first }, 3).check();
}

/// Smooth activations, so that no rounding changes a winner's gradient by more than a little.
fn smooth() -> impl Strategy<Value = Activation> {
    prop::sample::select(vec![Activation::Elu, Activation::Gelu, Activation::Identity])
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![Order::ActivationFirst, Order::NormFirst, Order::Unnormalised])
}

fn dropouts() -> impl Strategy<Value = Option<Dropout>> {
    let dropout = Dropout::new(0.4, 5, 2);
    prop::sample::select(vec![None, Some(dropout), Some(dropout.by_channel())])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_shape(
        batch in 1usize..12,
        pool in [1usize..5, 1usize..5],
        extra in [0usize..14, 0usize..14],
        channels in prop::sample::select(vec![1usize, 2, 3, 8, 16, 20, 48]),
        filters in prop::sample::select(vec![1usize, 4, 7, 16, 24, 32, 64]),
        activation in smooth(),
        order in orders(),
        dropout in dropouts(),
        seed in 0u32..1000,
    ) {
        let (height, width) = (pool[0] + extra[0], pool[1] + extra[1]);
        let kernel = [3, 3];
        let block = ConvBlock {
            batch, height, width, channels, filters, kernel, pool, activation, order, epsilon: 1e-2, dropout,
        };
        // Statistics of a handful of values make gradients of nothing but rounding.
        prop_assume!(batch * height * width >= 24);
        Case::new(block, seed).check();
    }

    #[test]
    fn any_kernel(
        batch in 1usize..6,
        kernel in prop::sample::select(vec![[1usize, 1], [3, 1], [1, 3], [5, 5], [1, 9], [7, 3], [5, 1]]),
        pool in prop::sample::select(vec![[1usize, 1], [2, 2], [3, 1], [2, 4]]),
        extra in [0usize..9, 0usize..9],
        channels in prop::sample::select(vec![1usize, 3, 16, 20]),
        filters in prop::sample::select(vec![1usize, 7, 16, 40]),
        activation in smooth(),
        order in orders(),
        dropout in dropouts(),
        seed in 0u32..1000,
    ) {
        let (height, width) = (pool[0] + extra[0], pool[1] + extra[1]);
        let block = ConvBlock {
            batch, height, width, channels, filters, kernel, pool, activation, order, epsilon: 1e-2, dropout,
        };
        prop_assume!(batch * height * width >= 24);
        Case::new(block, seed).check();
    }
}

/// With seeds of which none puts a value within rounding of ReLU's kink.
#[test]
fn relu() {
    for order in [Order::ActivationFirst, Order::NormFirst] {
        for (channels, pool) in [(1, [3, 3]), (16, [4, 2]), (20, [1, 1])] {
            let block = ConvBlock {
                channels,
                filters: 24,
                width: 9,
                pool,
                activation: Activation::Relu,
                order,
                ..PAPER
            };
            Case::new(block, 8).check();
        }
    }
}

#[test]
fn threads_change_no_byte() {
    let three = [3, 3];
    for (batch, channels, kernel) in
        [(11, 1, three), (11, 16, three), (11, 16, [5, 3]), (1, 1, three), (2, 16, three), (1, 16, [1, 3])]
    {
        let dropout = Some(Dropout::new(0.1, 1, 1));
        let block = ConvBlock { batch, height: 37, channels, kernel, filters: 32, dropout, ..PAPER };
        let case = Case::new(block, 4);
        for kernels in Kernels::available() {
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                let (output, gradients) = pool.install(|| case.run(kernels, Statistics::Batch));
                let all =
                    [&output.values, &gradients.weight, &gradients.bias, &gradients.gamma, &gradients.beta];
                let all = all.into_iter().chain(gradients.input.as_ref());
                all.flatten().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            let one = run(1);
            assert!([2, 4].into_iter().all(|threads| run(threads) == one), "{}", kernels.name());
        }
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    for (channels, kernel) in [(1, [3, 3]), (16, [3, 3]), (16, [1, 5])] {
        for bad in [f32::NAN, f32::INFINITY] {
            for activation in [Activation::Elu, Activation::Relu, Activation::Gelu, Activation::Identity] {
                let block = ConvBlock { channels, kernel, filters: 16, activation, ..PAPER };
                let mut case = Case::new(block, 5);
                let len = case.input.len();
                case.input[len / 3] = bad;
                for kernels in Kernels::available() {
                    let (output, gradients) = case.run(kernels, Statistics::Batch);
                    let what = format!("{} {channels} {bad} {activation:?}", kernels.name());
                    assert!(output.values.iter().any(|value| !value.is_finite()), "{what}");
                    assert!(gradients.weight.iter().any(|value| !value.is_finite()), "{what}");
                    let (mean, variance) = (vec![0.0; 16], vec![1.0; 16]);
                    let given = Statistics::Given { mean: &mean, variance: &variance };
                    let output = case.block.forward(kernels, &case.input, &case.params(), given, false);
                    assert!(output.expect("fits").values.iter().any(|value| !value.is_finite()), "{what}");
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let case = Case::new(PAPER, 6);
    let forward = |block: &ConvBlock, input: &[f32]| {
        let kernels = Kernels::fastest();
        block
            .forward(kernels, input, &case.params(), Statistics::Batch, false)
            .map(|_| ())
            .expect_err("refused")
    };
    let error = forward(&PAPER, &case.input[1..]);
    assert_eq!(error.to_string(), "`input` must hold 47104 values, found 47103");
    let error = forward(&ConvBlock { width: 1, ..PAPER }, &case.input);
    assert_eq!(error.to_string(), "width must be at least 2, the size of the pool, found 1");
    let error = forward(&ConvBlock { kernel: [3, 2], ..PAPER }, &case.input);
    assert_eq!(error.to_string(), "kernel width must be odd, found 2");
    let error = forward(&ConvBlock { order: Order::Unnormalised, ..PAPER }, &case.input);
    assert_eq!(error.to_string(), "`gamma` must hold 0 values, found 128");
    let error = forward(&ConvBlock { batch: 0, ..PAPER }, &[]);
    assert_eq!(error.to_string(), "batch must be at least 1, found 0");
    let error = Kernels::named("sse9").expect_err("unknown");
    assert!(matches!(&error, KernelError::Unknown { name, .. } if name == "sse9"), "{error}");
    assert!(error.to_string().starts_with("CROONER_KERNELS: expected one of portable"), "{error}");
}
