//! The network of Nasrullah & Zhao (2019) at its full size, with today's GRU and with theirs, against Keras in double
//! precision: activations, logits, gradients, statistics. `fixtures/witness.py` makes the fixtures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};
use crooner_model::{Input, Layers, Mode, ModelConfig, NamedTensor, Network, Stage};

use crate::fixture::{Fixture, all_layers, config, floats, gradients};

mod fixture;

const INPUT: Input = Input { n_mels: 128, n_frames: 94, n_classes: 20 };
const LABELS: [i64; 4] = [3, 14, 5, 19];
/// Of the largest value.
const CLOSE: f32 = 1e-4;
/// Of the largest gradient of a parameter before a pool. Rounding decides the winner where two values of a window are
/// nearly equal, and the gradient goes with it: `fixtures/conditioning.py`.
const BEFORE_POOLS: f32 = 5e-3;

/// `count` numbers of [-1, 1): `SplitMix64` from the FNV-1a of `name` on.
fn noise(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    (1..=count as u64).map(move |i| {
        let mut z = seed.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as f64 / f64::from(1 << 23) - 1.0
    })
}

/// Centre and largest distance from it of the values of a tensor, as the script has them.
fn range(name: &str, shape: &[usize]) -> (f64, f64) {
    let glorot = |fan_in: usize, fan_out: usize| (6.0 / (fan_in + fan_out) as f64).sqrt();
    let (layer, part) = name.rsplit_once('.').unwrap();
    match (layer, part, shape) {
        ("input_norm", "running_mean", _) => (-40.0, 10.0),
        ("input_norm", "running_var", _) => (200.0, 100.0),
        (_, "running_mean" | "beta" | "input_bias" | "recurrent_bias", _) => (0.0, 0.25),
        (_, "running_var", _) => (1.0, 0.5),
        (_, "gamma", _) => (1.0, 0.25),
        (_, "bias", _) => (0.0, 0.125),
        (_, _, &[filters, channels, 3, 3]) => (0.0, glorot(9 * channels, 9 * filters)),
        (_, _, &[rows, columns]) => (0.0, glorot(rows, columns)),
        _ => unreachable!("no tensor is called {name}"),
    }
}

fn network(preset: &str, device: &Device) -> Network {
    let mut config = config(preset);
    (config.block_dropout, config.head_dropout) = (0.0, 0.0);
    let network = ModelConfig::Crnn(config).init(INPUT, 0, device).unwrap();
    let mut weights = network.weights().unwrap();
    for NamedTensor { name, shape, values } in &mut weights {
        let (centre, scale) = range(name, shape);
        *values = noise(name, values.len()).map(|v| (centre + scale * v) as f32).collect();
    }
    network.with_weights(weights).unwrap()
}

fn spectrograms(device: &Device) -> Tensor<3> {
    let Input { n_mels, n_frames, .. } = INPUT;
    let values = noise("x", LABELS.len() * n_mels * n_frames).enumerate().map(|(i, v)| {
        let (n, band) = (i / (n_mels * n_frames), i / n_frames % n_mels);
        let louder = (32 * n..32 * n + 16).contains(&band);
        (-40.0 + 30.0 * v) as f32 + if louder { 12.0 } else { 0.0 }
    });
    Tensor::from_data(TensorData::new(values.collect(), [LABELS.len(), n_mels, n_frames]), device)
}

#[test]
fn activations() {
    for preset in ["paper", "paper-keras211"] {
        let fixture = Fixture::of(preset);
        let Network::Crnn(crnn) = network(preset, &Device::flex());
        for layers in all_layers() {
            let what = format!("{preset}, {layers:?}");
            let mut checked = 0;
            let watch = |stage| {
                let (key, found) = match stage {
                    Stage::Input(x) => ("input".to_owned(), floats(x)),
                    Stage::Block(i, x) => (format!("block{i}"), floats(x)),
                    Stage::Gru(i, x) => (format!("gru{i}"), floats(x)),
                    Stage::Summary(x) => ("summary".to_owned(), floats(x)),
                };
                fixture.check(&key, &found, CLOSE, &what);
                checked += 1;
            };
            let logits = crnn.forward_watched(layers, spectrograms(&Device::flex()), Mode::Inference, watch);
            fixture.check("logits.running", &floats(logits), CLOSE, &what);
            assert_eq!(checked, 8, "{what}");
        }
    }
}

/// Turns a network's parameters and statistics to `f64`.
struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(FloatDType::F64))
    }
}

/// What is left is how the fixture's values are rounded: the layers themselves are Keras's.
#[test]
fn logits_in_double_precision() {
    let modes = [
        ("logits.running", Device::flex(), Mode::Inference),
        ("logits.batch", Device::flex().autodiff(), Mode::Train { seed: 0 }),
    ];
    for preset in ["paper", "paper-keras211"] {
        let fixture = Fixture::of(preset);
        for (key, device, mode) in &modes {
            let network = network(preset, device).map(&mut Double);
            let mel = spectrograms(device).cast(FloatDType::F64);
            let logits = network.forward_by(Layers::Stock, mel, *mode);
            assert_eq!(logits.dtype(), FloatDType::F64.into());
            fixture.check(key, &floats(logits.cast(FloatDType::F32)), 1e-6, preset);
        }
    }
}

#[test]
fn a_step() {
    let device = Device::flex().autodiff();
    for (preset, parameters) in [("paper", 28), ("paper-keras211", 26)] {
        let fixture = Fixture::of(preset);
        for layers in all_layers() {
            let what = format!("{preset}, {layers:?}");
            let network = network(preset, &device);
            let labels = Tensor::<1, Int>::from_data(TensorData::from(LABELS), &device);
            let logits = network.forward_by(layers, spectrograms(&device), Mode::Train { seed: 0 });
            let loss = CrossEntropyLossConfig::new().init(&device).forward(logits.clone(), labels);
            let found = gradients(&network, &loss.clone().backward());
            fixture.check("logits.batch", &floats(logits), CLOSE, &what);
            fixture.check("loss", &floats(loss), CLOSE, &what);
            assert_eq!(found.len(), parameters, "{what}");
            for (name, (_, values)) in found {
                let behind = name.starts_with("gru") || name.starts_with("head");
                let band = if behind { CLOSE } else { BEFORE_POOLS };
                fixture.check(&format!("gradient.{name}"), &values, band, &what);
            }
            for NamedTensor { name, values, .. } in network.weights().unwrap() {
                if name.contains("running") {
                    fixture.check(&format!("after.{name}"), &values, 1e-5, &what);
                }
            }
        }
    }
}
