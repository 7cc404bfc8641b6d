//! The fused layers against burn's own, on one device: switching changes nothing but speed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use crooner_kernels::Kernels;
use crooner_model::{Input, Layers, Mode, ModelConfig, Network};

const NETWORKS: [&str; 10] = [
    "[crnn]
    blocks = [{ filters = 16, pool = [2, 2] }, { filters = 32, pool = [4, 2] }, { filters = 32, pool = [4, 2] }]
    gru = [16, 8]",
    // No size a multiple of anything.
    "[crnn]
    blocks = [{ filters = 5, pool = [3, 1] }, { filters = 7, pool = [2, 3] }]
    gru = [9]",
    // Not 3 x 3.
    "[crnn]
    blocks = [{ filters = 4, pool = [2, 2], kernel = [5, 3] }, { filters = 6, pool = [2, 2] }]
    gru = [4]",
    // Two convolutions, the norm before the activation, whole channels dropped, states handed on and flattened.
    "[crnn]
    norm = 'before-activation'
    activation = 'relu'
    block_dropout_unit = 'channel'
    summary = 'flatten'
    blocks = [{ filters = 4, pool = [2, 2], convolutions = 3 }, { filters = 6, pool = [4, 2], convolutions = 2 }]
    gru = [6, 6]
    recurrence = { initial_state = 'previous' }",
    // A pool that is burn's, because the kernels count no further than 256.
    "[crnn]
    blocks = [{ filters = 4, pool = [16, 17] }]
    gru = [6]
    recurrence = { gates = 'hard-sigmoid' }",
    // Each block of its own kind.
    "[crnn]
    summary = 'mean'
    blocks = [
        { filters = 4, pool = [2, 2], activation = 'identity', dropout = 0.0 },
        { filters = 5, pool = [2, 2], activation = 'gelu', norm = 'before-activation' },
        { filters = 6, pool = [2, 2], norm = 'none' },
    ]
    gru = [5]
    recurrence = { bidirectional = true }",
    // Blocks that add to their input, once of as many channels as they give and twice of fewer.
    "[crnn]
    blocks = [
        { kind = 'residual', filters = 8, pool = [2, 2], convolutions = 2 },
        { kind = 'residual', filters = 8, pool = [2, 1], convolutions = 2, norm = 'before-activation' },
        { kind = 'residual', filters = 6, pool = [2, 2], dropout = 0.2 },
    ]
    gru = [5]",
    // Old Keras, a norm for each frame.
    "[crnn]
    summary = 'max'
    blocks = [{ filters = 4, pool = [2, 2] }, { filters = 5, pool = [2, 2] }]
    gru = [5, 4]
    recurrence = { reset = 'before', gates = 'hard-sigmoid' }
    input = { standardise = true, pad_frames = 3, norm = 'frames' }",
    "[crnn]
    summary = 'attention'
    blocks = [{ filters = 4, pool = [2, 2] }]
    gru = [5, 5]
    recurrence = { bidirectional = true, initial_state = 'previous' }
    input = { norm = 'picture' }",
    "[crnn]
    blocks = [{ filters = 4, pool = [2, 2] }]
    gru = [5]
    recurrence = { reset = 'before' }
    input = { norm = 'none' }
    initial = { kernel = 'orthogonal', recurrent = 'glorot-uniform' }",
];

fn network(config: &str, device: &Device) -> Network {
    let config: ModelConfig = toml::from_str(config).unwrap();
    config.init(Input { n_mels: 32, n_frames: 21, n_classes: 4 }, 3, device).unwrap()
}

fn mel(device: &Device) -> Tensor<3> {
    let values: Vec<f32> = (0..5 * 32 * 21).map(|i| (i * 7919 % 8009) as f32 / -100.0).collect();
    Tensor::from_data(TensorData::new(values, [5, 32, 21]), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Largest difference as a share of the largest value.
fn deviation(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let difference = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference.is_finite());
    difference / largest.max(1e-6)
}

struct Run {
    logits: Vec<f32>,
    d_input: Vec<f32>,
    /// In the order of the network.
    d_weights: Vec<(String, Vec<f32>)>,
    /// After the step: logits without dropout and with running statistics.
    inference: Vec<f32>,
}

fn run(config: &str, layers: Layers, mode: Mode) -> Run {
    let device = Device::flex();
    let training = device.clone().autodiff();
    let network = network(config, &training);
    let x = mel(&training).require_grad();
    let logits = network.forward_by(layers, x.clone(), mode);
    let weight = Tensor::<2>::from_data(
        TensorData::new((0..20).map(|i| (i % 7) as f32 - 3.0).collect::<Vec<f32>>(), [5, 4]),
        &training,
    );
    let gradients = (logits.clone() * weight).sum().backward();
    let mut visitor = Gradients { gradients: &gradients, found: Vec::new() };
    network.visit(&mut visitor);
    let d_weights = visitor.found;
    let d_input = values(x.grad(&gradients).unwrap());
    let inference = values(network.valid().forward_by(layers, mel(&device), Mode::Inference));
    Run { logits: values(logits), d_input, d_weights, inference }
}

struct Gradients<'a> {
    gradients: &'a burn::tensor::Gradients,
    found: Vec<(String, Vec<f32>)>,
}

impl ModuleVisitor for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.found.push((format!("{:?}", gradient.dims()), values(gradient)));
        }
    }
}

#[test]
fn values_gradients_and_statistics_are_those_of_burns_layers() {
    for config in NETWORKS {
        for mode in [Mode::Inference, Mode::Train { seed: 11 }] {
            let stock = run(config, Layers::Stock, mode);
            assert!(stock.d_weights.len() >= 9 && stock.inference.len() == 20);
            for kernels in Kernels::available() {
                let name = kernels.name();
                let fused = run(config, Layers::Fused(kernels), mode);
                assert!(deviation(&fused.logits, &stock.logits) < 1e-4, "{name}: logits");
                assert!(deviation(&fused.inference, &stock.inference) < 1e-4, "{name}: after the step");
                assert!(deviation(&fused.d_input, &stock.d_input) < 1e-3, "{name}: input");
                assert_eq!(fused.d_weights.len(), stock.d_weights.len());
                for (i, (fused, stock)) in fused.d_weights.iter().zip(&stock.d_weights).enumerate() {
                    assert_eq!(fused.0, stock.0);
                    // A bias before batch norm has no gradient but rounding.
                    if stock.1.iter().any(|d| d.abs() > 1e-3) {
                        let off = deviation(&fused.1, &stock.1);
                        assert!(
                            off < 1e-3,
                            "{name}: parameter {i} {} off by {off:e} {mode:?} {config}",
                            stock.0
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn masks_are_those_of_burns_layers() {
    // A dropped value is exactly 0 on both sides, so that with other masks the logits would be far apart.
    let config = NETWORKS[0];
    let kernels = Kernels::fastest();
    let logits = |layers, seed| run(config, layers, Mode::Train { seed }).logits;
    let (stock, fused) = (logits(Layers::Stock, 1), logits(Layers::Fused(kernels), 1));
    assert!(deviation(&fused, &stock) < 1e-4);
    assert!(deviation(&logits(Layers::Fused(kernels), 2), &stock) > 1e-2);
}

#[test]
fn flex_is_fused_and_nothing_else_is_assumed() {
    let device = Device::flex();
    assert_eq!(Layers::of(&device), Layers::Fused(Kernels::chosen().unwrap()));
    assert_eq!(Layers::of(&device.clone().autodiff()), Layers::of(&device));
}
