//! The CRNN as a whole: shapes, parameter counts, gradients, determinism.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::crnn::Block;
use crooner_model::{
    Input, Layers, Mode, ModelConfig, ModelError, NamedTensor, Network, Stage, WeightsError,
};

const PAPER: &str = "
[crnn]
blocks = [
    { filters = 64, pool = [2, 2] },
    { filters = 128, pool = [4, 2] },
    { filters = 128, pool = [4, 2] },
    { filters = 128, pool = [4, 2] },
]
gru = [32, 32]
";

const SMALL: &str = "
[crnn]
blocks = [{ filters = 4, pool = [2, 2] }, { filters = 6, pool = [4, 2] }]
gru = [5, 3]
";

fn build(config: &str, input: Input, seed: u64, device: &Device) -> Network {
    toml::from_str::<ModelConfig>(config).unwrap().init(input, seed, device).unwrap()
}

fn small(seed: u64, device: &Device) -> Network {
    build(SMALL, Input { n_mels: 16, n_frames: 8, n_classes: 3 }, seed, device)
}

/// A spectrogram between -80 and 0 dB without structure.
fn mel(shape: [usize; 3], device: &Device) -> Tensor<3> {
    let len = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..len).map(|i| (i * 7919 % 801) as f32 / -10.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

#[test]
fn the_papers_network_has_its_parameters_and_shapes() {
    let device = Device::flex();
    let network = build(PAPER, Input { n_mels: 128, n_frames: 32, n_classes: 20 }, 0, &device);
    // Keras counts batch norm's 1,152 running statistics too; PROTOCOL: 394,516 with reset-after.
    assert_eq!(network.num_params(), 394_516);
    assert_eq!(network.forward(mel([2, 128, 32], &device), Mode::Inference).dims(), [2, 20]);
}

#[test]
fn keras_2_1_1_has_the_parameters_that_the_authors_counted() {
    let preset: toml::Table = include_str!("../../../configs/paper-keras211.toml").parse().unwrap();
    let config: ModelConfig = preset["model"].clone().try_into().unwrap();
    let input = Input { n_mels: 128, n_frames: 94, n_classes: 20 };
    assert_eq!(config.init(input, 0, &Device::flex()).unwrap().num_params(), 394_324);
}

#[test]
fn slices_need_only_survive_the_pools() {
    let device = Device::flex();
    let config: ModelConfig = toml::from_str(SMALL).unwrap();
    assert_eq!(config.min_frames(), 4);
    for frames in [4, 5, 7, 9] {
        let logits = small(0, &device).forward(mel([1, 16, frames], &device), Mode::Inference);
        assert_eq!(logits.dims(), [1, 3]);
    }
}

#[test]
fn a_configuration_that_does_not_fit_is_an_error() {
    let config: ModelConfig = toml::from_str(SMALL).unwrap();
    let error = config.init(Input { n_mels: 4, n_frames: 8, n_classes: 3 }, 0, &Device::flex()).unwrap_err();
    assert_eq!(error, ModelError::TooFewBands { needed: 8, n_mels: 4 });
}

#[test]
fn seeds_decide_weights_and_masks() {
    let device = Device::flex();
    assert_eq!(small(1, &device).weights().unwrap(), small(1, &device).weights().unwrap());
    assert_ne!(small(1, &device).weights().unwrap(), small(2, &device).weights().unwrap());

    let forward = |seed| values(small(1, &device).forward(mel([2, 16, 8], &device), Mode::Train { seed }));
    assert_eq!(forward(4), forward(4));
    assert_ne!(forward(4), forward(5));
}

#[test]
fn weights_survive_the_round_trip() {
    let device = Device::flex();
    let weights = small(1, &device).weights().unwrap();
    let names: Vec<_> = weights.iter().map(|tensor| tensor.name.as_str()).collect();
    assert!(names.contains(&"blocks.1.conv.weight") && names.contains(&"gru.0.recurrent"), "{names:?}");
    assert!(names.contains(&"input_norm.running_var") && names.contains(&"head.bias"), "{names:?}");

    let other = small(2, &device).with_weights(weights.clone()).unwrap();
    assert_eq!(other.weights().unwrap(), weights);
    let x = mel([2, 16, 8], &device);
    let expected = values(small(1, &device).forward(x.clone(), Mode::Inference));
    assert_eq!(values(other.forward(x, Mode::Inference)), expected);
}

#[test]
fn foreign_weights_are_refused_by_name() {
    let device = Device::flex();
    let spoilt = |spoil: fn(&mut Vec<NamedTensor>)| {
        let mut weights = small(1, &device).weights().unwrap();
        spoil(&mut weights);
        small(1, &device).with_weights(weights).map(|_| ()).unwrap_err()
    };
    let missing = spoilt(|weights| weights.retain(|tensor| tensor.name != "head.bias"));
    assert_eq!(missing.to_string(), "the weights lack head.bias");
    let unknown = spoilt(|weights| {
        weights.push(NamedTensor { name: "tail.bias".into(), shape: vec![1], values: vec![0.0] });
    });
    assert_eq!(unknown, WeightsError::Unknown { names: vec!["tail.bias".into()] });
    let shape = spoilt(|weights| weights.last_mut().unwrap().shape = vec![1, 3]);
    assert_eq!(shape.to_string(), "head.bias: expected shape [3], found [1, 3]");
}

/// Every parameter's gradient against a central difference of the loss, dropout on.
#[test]
fn gradients_are_those_of_the_loss() {
    let device = Device::flex().autodiff();
    let network = small(1, &device);
    let x = mel([2, 16, 8], &device);
    let weight = mel([2, 3, 1], &device).reshape([2, 3]);
    let mode = Mode::Train { seed: 9 };
    let loss = |network: &Network| (network.forward(x.clone(), mode) * weight.clone()).sum();
    let gradients = loss(&network).backward();

    let Network::Crnn(crnn) = &network;
    let [Block::Conv(first), Block::Conv(second)] = &crnn.blocks[..] else { unreachable!("conv blocks") };
    let gradient = |name: &str| -> Vec<f32> {
        match name {
            "blocks.0.conv.weight" => values(first.conv.weight.val().grad(&gradients).unwrap()),
            "blocks.1.conv.weight" => values(second.conv.weight.val().grad(&gradients).unwrap()),
            "gru.0.input" => values(crnn.gru[0].input.val().grad(&gradients).unwrap()),
            "gru.1.recurrent" => values(crnn.gru[1].recurrent.val().grad(&gradients).unwrap()),
            "head.weight" => values(crnn.head.weight.val().grad(&gradients).unwrap()),
            _ => unreachable!("no gradient asked of {name}"),
        }
    };
    let weights = network.weights().unwrap();
    for name in
        ["blocks.0.conv.weight", "blocks.1.conv.weight", "gru.0.input", "gru.1.recurrent", "head.weight"]
    {
        let index = weights.iter().position(|tensor| tensor.name == name).unwrap();
        let analytic = gradient(name);
        let scale = analytic.iter().fold(0.0_f32, |m, g| m.max(g.abs()));
        for i in (0..analytic.len()).step_by(analytic.len().div_ceil(5)) {
            let at = |step: f32| {
                let mut weights = weights.clone();
                weights[index].values[i] += step;
                let moved = small(1, &device).with_weights(weights).unwrap();
                f64::from(values(loss(&moved))[0])
            };
            let numeric = ((at(1e-2) - at(-1e-2)) / 2e-2) as f32;
            // Max pools have kinks, and f32 losses of the order of 100 resolve 1e-3 here.
            assert!(
                (numeric - analytic[i]).abs() < 0.05 * scale,
                "{name}[{i}]: {numeric} and {}",
                analytic[i]
            );
        }
    }
}

/// burn's own ELU gives NaN gradients there.
#[test]
fn loud_input_has_finite_gradients() {
    let device = Device::flex().autodiff();
    let network = small(1, &device);
    let x = (mel([2, 16, 8], &device) * 1e6).require_grad();
    let gradients = network.forward(x.clone(), Mode::Train { seed: 0 }).sum().backward();
    assert!(values(x.grad(&gradients).unwrap()).iter().all(|g| g.is_finite()));
}

#[test]
fn training_updates_batch_statistics_and_inference_does_not() {
    let device = Device::flex().autodiff();
    let network = small(1, &device);
    let statistics = |network: &Network| -> Vec<NamedTensor> {
        network.weights().unwrap().into_iter().filter(|tensor| tensor.name.contains("running")).collect()
    };
    let before = statistics(&network);
    network.forward(mel([2, 16, 8], &device), Mode::Train { seed: 0 });
    assert_ne!(statistics(&network), before);

    let frozen = network.valid();
    let before = statistics(&frozen);
    frozen.forward(mel([2, 16, 8], &Device::flex()), Mode::Inference);
    assert_eq!(statistics(&frozen), before);
}

/// `pool(F(x) + S(x))` where `F` is zero: what is left is the pool of the shortcut.
#[test]
fn a_residual_block_adds_to_its_input() {
    let device = Device::flex();
    let pooled = |scale: f32, x: &[f32]| -> Vec<f32> {
        let at = |image: usize, band: usize, frame: usize| scale * x[(image * 16 + band) * 8 + frame];
        let window = |i, b: usize, f: usize| {
            let values = [at(i, b, f), at(i, b, f + 1), at(i, b + 1, f), at(i, b + 1, f + 1)];
            values.into_iter().fold(f32::NEG_INFINITY, f32::max)
        };
        let places = (0..2).flat_map(|i| (0..8).flat_map(move |b| (0..4).map(move |f| (i, b, f))));
        places.map(|(i, b, f)| window(i, 2 * b, 2 * f)).collect()
    };
    for (filters, scales) in [(1, &[1.0][..]), (2, &[2.0, -1.0])] {
        let config: ModelConfig = toml::from_str(&format!(
            "[crnn]\nblocks = [{{ kind = 'residual', filters = {filters}, pool = [2, 2], convolutions = 2 }}]\ngru = [3]"
        ))
        .unwrap();
        let network = config.init(Input { n_mels: 16, n_frames: 8, n_classes: 3 }, 1, &device).unwrap();
        let mut weights = network.weights().unwrap();
        for tensor in &mut weights {
            match tensor.name.as_str() {
                "blocks.0.shortcut.conv.weight" => tensor.values = scales.to_vec(),
                name if name.starts_with("blocks.0.layers.1.conv") => tensor.values.fill(0.0),
                _ => {}
            }
        }
        let has_shortcut = weights.iter().any(|tensor| tensor.name == "blocks.0.shortcut.conv.weight");
        assert_eq!(has_shortcut, filters == 2);
        let Network::Crnn(crnn) = network.with_weights(weights).unwrap();
        for layers in [Layers::Stock, Layers::of(&device)] {
            let (mut input, mut output) = (Vec::new(), Vec::new());
            crnn.forward_watched(layers, mel([2, 16, 8], &device), Mode::Inference, |stage| match stage {
                Stage::Input(x) => input = values(x),
                Stage::Block(_, x) => output = values(x.permute([1, 0, 2, 3])),
                _ => {}
            });
            let expected: Vec<f32> = scales.iter().flat_map(|&scale| pooled(scale, &input)).collect();
            let worst = output.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(output.len() == expected.len() && worst < 1e-4, "{layers:?}: {worst}");
        }
    }
}
