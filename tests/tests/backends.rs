//! The other backends. They start from the same weights as flex, and must stay near it; wgpu runs on whatever Vulkan
//! device there is (in CI a software one).

use crooner_tests::Sandbox;
use serde_json::Value;

const OTHERS: [&str; 2] = ["ndarray", "wgpu"];
const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

/// f32 sums in another order, amplified by three epochs of training.
const LOSS_TOLERANCE: f64 = 1e-3;
const PROBABILITY_TOLERANCE: f64 = 5e-3;

#[test]
fn each_trains_and_predicts_as_flex_does() {
    let sandbox = Sandbox::new(PROGRAM);
    sandbox.music(2, 1, 3);
    for backend in OTHERS.iter().copied().chain(["flex"]) {
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
    let flex = losses("flex");
    assert_eq!(flex.len(), 4);
    for backend in OTHERS {
        assert_near(backend, &flex, &losses(backend), LOSS_TOLERANCE);
    }

    // One model on every device.
    let probabilities = |backend: &str| -> Vec<f64> {
        let args = ["predict", "flex", "music", "--json", "--top", "2", "--backend", backend];
        let document = sandbox.succeed(&args).json();
        let predictions = document["predictions"].as_array().unwrap().clone();
        predictions.iter().map(|prediction| prediction["probability"].as_f64().unwrap()).collect()
    };
    let flex = probabilities("flex");
    assert_eq!(flex.len(), 6);
    for backend in OTHERS {
        assert_near(backend, &flex, &probabilities(backend), PROBABILITY_TOLERANCE);
    }
}

fn assert_near(backend: &str, flex: &[f64], other: &[f64], tolerance: f64) {
    assert_eq!(flex.len(), other.len(), "{backend}");
    for (flex, other) in flex.iter().zip(other) {
        assert!((flex - other).abs() < tolerance, "{flex} on flex and {other} on {backend}");
    }
}
