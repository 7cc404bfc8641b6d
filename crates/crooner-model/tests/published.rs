//! Published networks with their trained weights, `models/`, against what their makers' frameworks compute:
//! activations, logits, gradients, batch-norm updates. `fixtures/subset.py` makes the fixtures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Param;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};
use crooner_model::crnn::Block;
use crooner_model::import::{Dialect, import_into};
use crooner_model::{CrnnConfig, Input, Mode, ModelConfig, NamedTensor, Network, Output, Stage};

use crate::fixture::{Fixture, all_layers, config, floats, gradients, tensors};

mod fixture;

fn weights(name: &str) -> Vec<NamedTensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../models/{name}/weights.safetensors"));
    let (_, found) = tensors(&path);
    found.into_iter().map(|(name, (shape, values))| NamedTensor { name, shape, values }).collect()
}

fn network(name: &str, dialect: Dialect, config: &CrnnConfig, input: Input, device: &Device) -> Network {
    let network = ModelConfig::Crnn(config.clone()).init(input, 0, device).unwrap();
    import_into(network, &[dialect], config, &weights(name)).unwrap()
}

/// Parameters, without running statistics.
fn learned(network: &Network) -> usize {
    let weights = network.weights().unwrap();
    weights.iter().filter(|w| !w.name.contains("running")).map(|w| w.values.len()).sum()
}

/// Every activation that the fixture has, and the logits.
fn check_forward(fixture: &Fixture, network: &Network, x: &str, prefix: &str, output: Output) {
    let Network::Crnn(crnn) = network;
    let has = |key: &str| fixture.whole.contains_key(key);
    for layers in all_layers() {
        let what = format!("{layers:?}");
        let mut checked = 0;
        let watch = |stage| {
            let (key, found) = match stage {
                Stage::Input(x) => ("bn0".to_owned(), floats(x)),
                Stage::Block(i, x) => {
                    let first = x.clone().slice(burn::tensor::s![0..1, .., .., ..]);
                    let key = format!("{prefix}block{}.first", i + 1);
                    if has(&key) {
                        fixture.check(&key, &floats(first), 1e-4, &what);
                    }
                    (format!("{prefix}block{}", i + 1), floats(x))
                }
                Stage::Gru(i, x) => (format!("{prefix}gru{}", i + 1), floats(x)),
                Stage::Summary(x) => (format!("{prefix}embedding"), floats(x)),
            };
            if has(&key) {
                fixture.check(&key, &found, 1e-4, &what);
                checked += 1;
            }
        };
        let logits = crnn.forward_watched(layers, fixture.input(x, &Device::flex()), Mode::Inference, watch);
        assert!(checked >= 4, "{what}: only {checked} activations");
        let [_, classes] = logits.dims();
        let logits = floats(logits);
        fixture.check(&format!("{prefix}logits"), &logits, 1e-4, &what);
        let rows = logits.chunks(classes).flat_map(|row| output.probabilities(row));
        let probabilities: Vec<f32> = rows.map(|p| p as f32).collect();
        fixture.check(&format!("{prefix}probs"), &probabilities, 1e-4, &what);
    }
}

const HSIEH: Input = Input { n_mels: 128, n_frames: 157, n_classes: 20 };
const CHOI: Input = Input { n_mels: 96, n_frames: 1366, n_classes: 50 };
const WON: Input = Input { n_mels: 96, n_frames: 1813, n_classes: 50 };

#[test]
fn hsieh_forward() {
    let network =
        network("hsieh-artist20", Dialect::Hsieh, &config("hsieh-artist20"), HSIEH, &Device::flex());
    assert_eq!(learned(&network), 878_164);
    check_forward(&Fixture::of("hsieh-artist20"), &network, "x", "", Output::Softmax);
}

#[test]
fn choi_forward_as_trained() {
    let config = config("choi-msd");
    let network = network("choi-msd", Dialect::Choi, &config, CHOI, &Device::flex());
    assert_eq!(learned(&network), 396_786);
    check_forward(&Fixture::of("choi-msd"), &network, "x", "trained.", config.output);
}

/// Raw decibels and deviations taken for variances: what the source's README prints.
#[test]
fn choi_forward_as_published() {
    let mut config = config("choi-msd");
    config.input.standardise = false;
    config.batch_norm.epsilon = 1e-3;
    let network = network("choi-msd", Dialect::ChoiAsPublished, &config, CHOI, &Device::flex());
    check_forward(&Fixture::of("choi-msd"), &network, "x", "published.", config.output);
}

#[test]
fn won_forward_at_two_lengths() {
    let config = config("won-mtat");
    let network = network("won-mtat", Dialect::Won, &config, WON, &Device::flex());
    assert_eq!(learned(&network), 394_100);
    let fixture = Fixture::of("won-mtat");
    for prefix in ["real.", "random."] {
        check_forward(&fixture, &network, &format!("{prefix}x"), prefix, config.output);
    }
}

/// crooner's name of a parameter of the source.
fn ours(theirs: &str) -> String {
    let (layer, part) = theirs.split_once('.').unwrap();
    let index = |digit: &str| digit.parse::<usize>().unwrap() - 1;
    let norm_part = if part == "weight" { "gamma" } else { "beta" };
    match layer {
        "Bn0" => format!("input_norm.{norm_part}"),
        "linear1" => format!("head.{part}"),
        _ if layer.starts_with("Bn") => format!("blocks.{}.norm.{norm_part}", index(&layer[2..])),
        _ if layer.ends_with("_1") => format!("blocks.{}.further.0.{part}", index(&layer[4..5])),
        _ if layer.starts_with("Conv") => format!("blocks.{}.conv.{part}", index(&layer[4..])),
        _ => {
            let names = [("weight_ih_l0", "input"), ("weight_hh_l0", "recurrent")];
            let biases = [("bias_ih_l0", "input_bias"), ("bias_hh_l0", "recurrent_bias")];
            let name = names.iter().chain(&biases).find(|pair| pair.0 == part).unwrap().1;
            format!("gru.{}.{name}", index(&layer[3..]))
        }
    }
}

/// PyTorch's layout: matrices the other way round.
fn as_pytorch(shape: &[usize], values: &[f32]) -> Vec<f32> {
    match *shape {
        [rows, columns] => (0..rows * columns).map(|i| values[i % rows * columns + i / rows]).collect(),
        _ => values.to_vec(),
    }
}

#[test]
fn hsieh_gradients_and_statistics() {
    let fixture = Fixture::of("hsieh-artist20");
    let device = Device::flex().autodiff();
    let mut config = config("hsieh-artist20");
    (config.block_dropout, config.head_dropout) = (0.0, 0.0);
    // Of the largest gradient of a parameter. Rounding decides the winner where two values of a pool's window are nearly
    // equal, and the gradient goes with it: noise of 1e-6 of a channel's largest value in the convolutions moves
    // gradients by 5e-3 in double precision, but by 2e-4 with the winners held (`fixtures/conditioning.py`).
    for (variant, before_pools) in [("running", 1e-4), ("batch", 5e-3)] {
        for layers in all_layers() {
            let what = format!("{variant}, {layers:?}");
            let mut network = network("hsieh-artist20", Dialect::Hsieh, &config, HSIEH, &device);
            if variant == "running" {
                let Network::Crnn(crnn) = &mut network;
                let norms = crnn.blocks.iter_mut().filter_map(|block| match block {
                    Block::Conv(block) => block.norm.as_mut(),
                    Block::Residual(_) => unreachable!("conv blocks"),
                });
                for norm in norms.chain(crnn.input_norm.as_mut()) {
                    norm.training = Param::from_bool(false);
                }
            }
            let x = fixture.input("x", &device).require_grad();
            let labels: Vec<i64> = fixture.values["labels"].iter().map(|&label| label as i64).collect();
            let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [4]), &device);
            let logits = network.forward_by(layers, x.clone(), Mode::Train { seed: 0 });
            let loss = CrossEntropyLossConfig::new().init(&device).forward(logits.clone(), labels);
            let found = loss.clone().backward();
            fixture.check(&format!("{variant}.logits"), &floats(logits), 1e-4, &what);
            fixture.check(&format!("{variant}.loss_f64"), &floats(loss), 1e-4, &what);
            let d_x = floats(x.grad(&found).unwrap());
            fixture.check_most(&format!("{variant}.grad.x"), &d_x, before_pools, &what);
            let found = gradients(&network, &found);
            let prefix = format!("{variant}.grad.");
            let keys = fixture.whole.keys().filter(|key| key.starts_with(&prefix) && !key.ends_with(".x"));
            let mut checked = 0;
            for key in keys {
                let (shape, gradient) = &found[&ours(&key[prefix.len()..])];
                let behind = key.contains(".gru") || key.contains(".linear");
                let band = if behind { 1e-4 } else { before_pools };
                fixture.check(key, &as_pytorch(shape, gradient), band, &what);
                checked += 1;
            }
            assert_eq!((checked, found.len()), (36, 36), "{what}");
            let after: BTreeMap<String, Vec<f32>> =
                network.weights().unwrap().into_iter().map(|t| (t.name, t.values)).collect();
            for k in (0..5).filter(|_| variant == "batch") {
                let norm = if k == 0 { "input_norm".to_owned() } else { format!("blocks.{}.norm", k - 1) };
                for (theirs, ours) in
                    [("running_mean", "running_mean"), ("running_var.biased", "running_var")]
                {
                    let key = format!("batch.after_step.Bn{k}.{theirs}");
                    fixture.check(&key, &after[&format!("{norm}.{ours}")], 1e-5, &what);
                }
            }
        }
    }
}

#[test]
fn tensors_that_do_not_match_are_named() {
    let config = config("won-mtat");
    let spoilt = |spoil: fn(&mut Vec<NamedTensor>)| {
        let mut weights = weights("won-mtat");
        spoil(&mut weights);
        let network = ModelConfig::Crnn(config.clone()).init(WON, 0, &Device::flex()).unwrap();
        import_into(network, &Dialect::ALL, &config, &weights).unwrap_err().to_string()
    };
    let missing = spoilt(|weights| weights.retain(|tensor| tensor.name != "layer5.bias_hh_l1"));
    assert_eq!(missing, "the weights lack layer5.bias_hh_l1");
    let several = spoilt(|weights| {
        weights.push(NamedTensor { name: "tail".into(), shape: vec![1], values: vec![0.0] });
        let dense = weights.iter_mut().find(|tensor| tensor.name == "dense.weight").unwrap();
        dense.shape = vec![32, 50];
    });
    assert_eq!(
        several,
        "the network has no place for tail; dense.weight: expected shape [50, 32], found [32, 50]"
    );
}
