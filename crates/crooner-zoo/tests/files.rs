//! Weights that Keras and PyTorch wrote give what they give there; `fixtures/make.py` makes the files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::crnn::blocks::BlockKind;
use crooner_model::import::{Dialect, import_into};
use crooner_model::{Input, Mode, ModelConfig, Network};
use crooner_train::{Classifier, ClassifierInfo, Recording};
use crooner_zoo::{export, weights_file};

const BLOCKS: &str =
    "[crnn]\nblocks = [{ filters = 4, pool = [2, 2] }, { filters = 6, pool = [4, 2] }]\ngru = [5, 5]";
const INPUT: Input = Input { n_mels: 16, n_frames: 24, n_classes: 3 };

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn expected(name: &str) -> Vec<f32> {
    let tensors = weights_file::read(&fixture("expected.safetensors")).unwrap();
    tensors.into_iter().find(|tensor| tensor.name == name).unwrap().values
}

fn model(recurrence: &str) -> ModelConfig {
    toml::from_str(&format!("{BLOCKS}\n{recurrence}")).unwrap()
}

fn imported(file: &Path, model: &ModelConfig) -> Network {
    let ModelConfig::Crnn(config) = model;
    let network = model.init(INPUT, 7, &Device::flex()).unwrap();
    import_into(network, &Dialect::ALL, config, &weights_file::read(file).unwrap()).unwrap()
}

fn logits(network: &Network) -> Vec<f32> {
    let x = TensorData::new(expected("x"), [2, 16, 24]);
    network.forward(Tensor::from_data(x, &Device::flex()), Mode::Inference).into_data().try_to_vec().unwrap()
}

#[test]
fn files_of_keras_and_pytorch_give_their_logits() {
    let before = "recurrence = { reset = \"before\" }";
    let both = "recurrence = { bidirectional = true }";
    for (file, key, recurrence) in [
        ("keras-after.keras", "keras-after", ""),
        ("keras-after.weights.h5", "keras-after", ""),
        ("keras-after.h5", "keras-after", ""),
        ("keras-before.keras", "keras-before", before),
        ("keras-before.h5", "keras-before", before),
        ("keras-both.keras", "keras-both", both),
        ("keras-both.h5", "keras-both", both),
        ("torch.pt", "torch", ""),
        ("torch-legacy.pt", "torch", ""),
        ("torch-checkpoint.pth", "torch", ""),
        ("torch-nested.pt", "torch", ""),
        ("torch-beside-optimiser.pt", "torch", ""),
        ("torch.safetensors", "torch", ""),
    ] {
        let found = logits(&imported(&fixture(file), &model(recurrence)));
        let expected = expected(key);
        let scale = expected.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
        let off = found.iter().zip(&expected).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
        assert!(off <= 1e-4 * scale && found.len() == 6, "{file} is off by {off} of {scale}");
    }
}

#[test]
fn kernels_of_keras_1_are_the_same_whichever_backend_wrote_them() {
    let read = |backend: &str| weights_file::read(&fixture(&format!("keras1-{backend}.h5"))).unwrap();
    let (theano, tensorflow) = (read("theano"), read("tensorflow"));
    assert_eq!(theano.iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(), ["conv1_W", "conv1_b"]);
    assert_eq!(theano, tensorflow);
}

#[test]
fn what_is_exported_can_be_imported_and_says_the_same() {
    for extra in [
        "",
        "recurrence = { reset = \"before\", gates = \"hard-sigmoid\" }",
        "recurrence = { bidirectional = true }\nsummary = \"attention\"",
        "recurrence = { initial_state = \"previous\" }\nsummary = \"flatten\"\ninput = { norm = \"frames\" }",
        "norm = \"none\"\ninput = { norm = \"none\" }",
        "# residual",
    ] {
        let mut model = model(extra);
        if extra == "# residual" {
            let ModelConfig::Crnn(config) = &mut model;
            config.blocks.iter_mut().for_each(|block| block.kind = BlockKind::Residual);
            config.blocks[0].convolutions = 2;
        }
        let network = model.init(INPUT, 3, &Device::flex()).unwrap();
        let original = (network.weights().unwrap(), logits(&network));
        let info = ClassifierInfo {
            features: toml::from_str("[log-mel]\nn_mels = 16").unwrap(),
            slice_frames: 24,
            model: model.clone(),
            recording: Recording::default(),
            labels: ["a", "b", "c"].map(str::to_owned).to_vec(),
            label: "artist".to_owned(),
            split: "none".to_owned(),
            seed: 3,
        };
        let file = export::torch_safetensors(&Classifier::new(info, network, Device::flex())).unwrap();
        let ModelConfig::Crnn(config) = &model;
        let tensors = weights_file::safetensors(&file.bytes, "memory").unwrap();
        assert!(tensors.iter().any(|tensor| tensor.name == "fc.weight" && tensor.shape[0] == 3));
        assert_eq!(tensors.len(), original.0.len(), "{extra}");
        let again = model.init(INPUT, 4, &Device::flex()).unwrap();
        let again = import_into(again, &[Dialect::Torch], config, &tensors).unwrap();
        assert_eq!((again.weights().unwrap(), logits(&again)), original, "{extra}");
    }
}

#[test]
fn every_tensor_that_does_not_match_is_named() {
    let refused = |file: &str, text: &str| {
        let model: ModelConfig = toml::from_str(text).unwrap();
        let ModelConfig::Crnn(config) = &model;
        let network = model.init(INPUT, 0, &Device::flex()).unwrap();
        let tensors = weights_file::read(&fixture(file)).unwrap();
        import_into(network, &Dialect::ALL, config, &tensors).unwrap_err().to_string()
    };
    let larger = BLOCKS.replace("filters = 6", "filters = 8");
    assert_eq!(
        refused("torch.pt", &larger),
        "conv2.weight: expected shape [8, 4, 3, 3], found [6, 4, 3, 3]; conv2.bias: expected shape [8], found [6]; \
         bn2.weight: expected shape [8], found [6]; bn2.bias: expected shape [8], found [6]; \
         bn2.running_mean: expected shape [8], found [6]; bn2.running_var: expected shape [8], found [6]; \
         gru.weight_ih_l0: expected shape [15, 16], found [15, 12]"
    );
    let fewer = BLOCKS.replace("[5, 5]", "[5]");
    assert_eq!(
        refused("torch.pt", &fewer),
        "the network has no place for gru.bias_hh_l1, gru.bias_ih_l1, gru.weight_hh_l1, gru.weight_ih_l1"
    );
    let more = BLOCKS.replace("[5, 5]", "[5, 5, 5]");
    assert_eq!(
        refused("keras-after.keras", &more),
        "the weights lack gru.2.bias, gru.2.kernel, gru.2.recurrent_kernel"
    );
}

/// Cut short or with a byte changed, a file is refused in one line or read; nothing panics.
#[test]
fn damaged_files_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "keras-after.keras",
        "keras-after.weights.h5",
        "keras-before.h5",
        "torch.pt",
        "torch-legacy.pt",
        "torch.safetensors",
    ] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let path = folder.path().join("damaged");
        let check = |bytes: &[u8], what: &str| {
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = weights_file::read(&path) {
                let text = error.to_string();
                assert!(text.contains("damaged") && !text.contains('\n'), "{name}, {what}: {text}");
                return true;
            }
            false
        };
        let mut refused = 0;
        for length in (0..whole.len()).step_by(whole.len() / 61) {
            refused += usize::from(check(&whole[..length], &format!("{length} bytes")));
        }
        assert!(refused >= 55, "{name}: {refused} of 62");
        let mut bytes = whole.clone();
        for at in (0..whole.len()).step_by(whole.len() / 241) {
            for change in [0x01, 0x80, 0xff] {
                bytes[at] ^= change;
                check(&bytes, &format!("byte {at} ^ {change}"));
                bytes[at] ^= change;
            }
        }
    }
    let error = weights_file::read(&folder.path().join("none.pt")).unwrap_err().to_string();
    assert!(error.ends_with("none.pt: No such file or directory (os error 2)"), "{error}");
}
