//! The paper's network, narrower, against PyTorch in double precision, with PyTorch's GRU and with that of Keras 2.1.1:
//! logits, gradients, statistics, and the losses of 100 steps of Adam. `reference/pytorch.py` makes the fixtures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use crooner_kernels::Kernels;
use crooner_model::weights::ModulePath;
use crooner_model::{Input, Layers, Mode, ModelConfig, NamedTensor, Network};
use crooner_train::adam::Adam;
use crooner_train::gradients::NamedGradients;
use safetensors::SafeTensors;

const BATCH: usize = 8;
const N_MELS: usize = 128;
const N_FRAMES: usize = 32;
const N_CLASSES: usize = 4;
const STEPS: usize = 100;

/// By name: shape and values.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The fixtures, with what the configurations say of the GRU.
const FIXTURES: [(&[u8], &str); 2] = [
    (include_bytes!("reference/pytorch.safetensors"), ""),
    (
        include_bytes!("reference/keras211.safetensors"),
        "recurrence = { reset = 'before', gates = 'hard-sigmoid' }",
    ),
];

fn read(bytes: &[u8]) -> Tensors {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let read = |view: safetensors::tensor::TensorView<'_>| {
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        (view.shape().to_vec(), values)
    };
    tensors.tensors().into_iter().map(|(name, view)| (name, read(view))).collect()
}

/// The network with PyTorch's initial weights.
fn network(fixture: &Tensors, recurrence: &str, device: &Device) -> Network {
    let config: ModelConfig = toml::from_str(&format!(
        "[crnn]
        blocks = [
            {{ filters = 16, pool = [2, 2] }},
            {{ filters = 20, pool = [4, 2] }},
            {{ filters = 24, pool = [4, 2] }},
            {{ filters = 24, pool = [4, 2] }},
        ]
        gru = [12, 8]
        block_dropout = 0.0
        head_dropout = 0.0
        {recurrence}"
    ))
    .unwrap();
    let network =
        config.init(Input { n_mels: N_MELS, n_frames: N_FRAMES, n_classes: N_CLASSES }, 0, device).unwrap();
    let mut weights = network.weights().unwrap();
    for NamedTensor { name, shape, values } in &mut weights {
        // Running statistics start at 0 and 1 everywhere.
        if !name.contains("running") {
            let (found_shape, found) = &fixture[&format!("init.{name}")];
            assert_eq!(shape, found_shape, "{name}");
            values.clone_from(found);
        }
    }
    network.with_weights(weights).unwrap()
}

/// As the script makes it.
fn batch(b: usize, device: &Device) -> (Tensor<3>, Tensor<1, Int>) {
    let values: Vec<f32> = (0..BATCH * N_MELS * N_FRAMES)
        .map(|i| {
            let value = (((i * 7919 + b * 104_729) % 8009) as f64 / -100.0) as f32;
            let (n, band) = (i / (N_MELS * N_FRAMES), i / N_FRAMES % N_MELS);
            if band / 32 == n % N_CLASSES { value + 5.0 } else { value }
        })
        .collect();
    let classes: Vec<i64> = (0..BATCH).map(|n| (n % N_CLASSES) as i64).collect();
    (
        Tensor::from_data(TensorData::new(values, [BATCH, N_MELS, N_FRAMES]), device),
        Tensor::from_data(TensorData::new(classes, [BATCH]), device),
    )
}

/// Largest difference as a share of the largest expected value.
fn deviation(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-6f32, |largest, value| largest.max(value.abs()));
    let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    difference.fold(0.0, |most, d| if d.is_nan() { f32::INFINITY } else { most.max(d) }) / largest
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

struct ByName<'a> {
    path: ModulePath,
    gradients: &'a Gradients,
    found: Vec<(String, Vec<f32>)>,
}

impl ModuleVisitor for ByName<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.found.push((self.path.name(), floats(gradient)));
        }
    }
}

fn all_layers() -> Vec<Layers> {
    let fused = Kernels::available().into_iter().map(Layers::Fused);
    std::iter::once(Layers::Stock).chain(fused).collect()
}

#[test]
fn logits_gradients_and_statistics() {
    for (bytes, recurrence) in FIXTURES {
        let fixture = read(bytes);
        for layers in all_layers() {
            one_step(&fixture, recurrence, layers);
        }
    }
}

fn one_step(fixture: &Tensors, recurrence: &str, layers: Layers) {
    let expected = |name: &str| &fixture[name].1;
    let device = Device::flex();
    let (x, _) = batch(0, &device);
    let logits = network(fixture, recurrence, &device).forward_by(layers, x, Mode::Inference);
    let off = deviation(&floats(logits), expected("logits.running"));
    assert!(off < 1e-4, "{layers:?} {recurrence}: logits with running statistics off by {off:e}");

    let device = device.autodiff();
    let (x, truth) = batch(0, &device);
    let network = network(fixture, recurrence, &device);
    let logits = network.forward_by(layers, x, Mode::Inference);
    let gradients = CrossEntropyLossConfig::new().init(&device).forward(logits.clone(), truth).backward();
    let off = deviation(&floats(logits), expected("logits.batch"));
    assert!(off < 1e-4, "{layers:?} {recurrence}: logits with batch statistics off by {off:e}");

    let mut visitor = ByName { path: ModulePath::default(), gradients: &gradients, found: Vec::new() };
    network.visit(&mut visitor);
    assert_eq!(visitor.found.len(), fixture.keys().filter(|name| name.starts_with("gradient.")).count());
    for (name, found) in visitor.found {
        let expected = expected(&format!("gradient.{name}"));
        // A sum that batch norm makes 0 leaves only rounding to compare.
        if expected.iter().any(|d| d.abs() > 1e-6) {
            let off = deviation(&found, expected);
            assert!(off < 1e-3, "{layers:?} {recurrence}: gradient of {name} off by {off:e}");
        }
    }
    for NamedTensor { name, values, .. } in network.weights().unwrap() {
        if name.contains("running") {
            let off = deviation(&values, expected(&format!("after.{name}")));
            assert!(off < 1e-5, "{layers:?} {recurrence}: {name} off by {off:e}");
        }
    }
}

#[test]
fn a_hundred_steps() {
    for (bytes, recurrence) in FIXTURES {
        let fixture = read(bytes);
        for layers in all_layers() {
            follow(&fixture, recurrence, layers);
        }
    }
}

fn follow(fixture: &Tensors, recurrence: &str, layers: Layers) {
    /// Of the loss at each step: rounding, amplified by all steps before.
    const BAND: f32 = 0.003;
    let expected = &fixture["losses"].1;
    assert_eq!(expected.len(), STEPS);
    let device = Device::flex().autodiff();
    let (mut network, mut adam) = (network(fixture, recurrence, &device), Adam::default());
    let loss = CrossEntropyLossConfig::new().init(&device);
    for (step, expected) in expected.iter().enumerate() {
        let (x, truth) = batch(step % 4, &device);
        let value = loss.forward(network.forward_by(layers, x, Mode::Inference), truth);
        let gradients = value.clone().backward();
        let found = floats(value)[0];
        let off = (found - expected).abs() / expected.max(0.05);
        assert!(off < BAND, "{layers:?} {recurrence}: loss {found} at step {step}, PyTorch's is {expected}");
        let gradients = NamedGradients::of(&network, &gradients);
        network = adam.step(network, &gradients, 1e-3);
    }
}
