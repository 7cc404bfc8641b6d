//! The GPU backend, run on whatever Vulkan device there is (in CI a software one): it starts from
//! the same weights as flex, and must stay near it.

use crooner_tests::Sandbox;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// f32 sums in another order, amplified by three epochs of training.
const LOSS_TOLERANCE: f64 = 1e-3;
const PROBABILITY_TOLERANCE: f64 = 5e-3;

#[test]
fn it_trains_and_predicts_as_flex_does() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 1, 3);
    for backend in ["flex", "wgpu"] {
        let train = ["train", "--data", "music", "--config", "quick.toml", "--epochs", "2", "--backend"];
        sandbox.succeed(&[&train[..], &[backend, "--out", backend]].concat());
    }
    let losses = |backend: &str| -> Vec<f64> {
        let report = sandbox.json(format!("{backend}/report.json"));
        let epochs = report["training"]["epochs"].as_array().unwrap().clone();
        epochs
            .iter()
            .flat_map(|epoch| [&epoch["train_loss"], &epoch["validation_loss"]])
            .filter_map(Value::as_f64)
            .collect()
    };
    let (flex, wgpu) = (losses("flex"), losses("wgpu"));
    assert_eq!(flex.len(), 4);
    for (flex, wgpu) in flex.iter().zip(&wgpu) {
        assert!((flex - wgpu).abs() < LOSS_TOLERANCE, "{flex} and {wgpu}");
    }

    // One model on both devices.
    let probabilities = |backend: &str| -> Vec<f64> {
        let args = ["predict", "flex", "music", "--json", "--top", "2", "--backend", backend];
        let document = sandbox.succeed(&args).json();
        let predictions = document["predictions"].as_array().unwrap().clone();
        predictions.iter().map(|prediction| prediction["probability"].as_f64().unwrap()).collect()
    };
    let (flex, wgpu) = (probabilities("flex"), probabilities("wgpu"));
    assert_eq!(flex.len(), 6);
    for (flex, wgpu) in flex.iter().zip(&wgpu) {
        assert!((flex - wgpu).abs() < PROBABILITY_TOLERANCE, "{flex} and {wgpu}");
    }
}
