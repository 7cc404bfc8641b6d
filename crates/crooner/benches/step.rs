//! One training step (forward, backward, Adam) and one inference of the paper's network, 20 artists, on flex.
//!
//! `cargo bench -p crooner --bench step -- [train|infer] [FRAMES] [STEPS]`; `RAYON_NUM_THREADS` sets the threads,
//! `CROONER_KERNELS` the kernels. `benches/peers/run.sh` runs it beside PyTorch and Keras.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]
#![expect(clippy::print_stdout, reason = "its output is what a benchmark is for")]

use std::time::Instant;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};
use crooner_model::{Input, Layers, Mode, ModelConfig, Network, together};
use crooner_train::adam::Adam;
use crooner_train::gradients::NamedGradients;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 16;
const N_MELS: usize = 128;
const N_CLASSES: usize = 20;
const PAPER: &str = include_str!("../../../configs/paper.toml");

fn network(n_frames: usize, device: &Device) -> Network {
    let table: toml::Table = PAPER.parse().expect("a preset is TOML");
    let model: ModelConfig = table["model"].clone().try_into().expect("a preset has a model");
    model
        .init(Input { n_mels: N_MELS, n_frames, n_classes: N_CLASSES }, 0, device)
        .expect("the preset is valid")
}

fn mel(frames: usize, device: &Device) -> Tensor<3> {
    let len = BATCH * N_MELS * frames;
    let values: Vec<f32> = (0..len).map(|i| (i * 7919 % 8009) as f32 / -100.0).collect();
    Tensor::from_data(TensorData::new(values, [BATCH, N_MELS, frames]), device)
}

/// Largest resident size so far in MB, where the system tells.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kb.map_or_else(|| "unknown".to_owned(), |kb| (kb / 1024).to_string())
}

fn main() {
    // `cargo test` and `cargo nextest` run benchmarks too, to see that they work.
    let args: Vec<String> = std::env::args().collect();
    if !args.iter().any(|argument| argument == "--bench") {
        return;
    }
    let training = !args.iter().any(|argument| argument == "infer");
    let numbers: Vec<usize> = args.iter().filter_map(|argument| argument.parse().ok()).collect();
    let frames = numbers.first().copied().unwrap_or(94);
    let steps = numbers.get(1).copied().unwrap_or(10);
    let device = if training { Device::flex().autodiff() } else { Device::flex() };
    let (mut network, x) = (network(frames, &device), mel(frames, &device));
    let classes: Vec<i64> = (0..BATCH as i64).collect();
    let truth = Tensor::<1, Int>::from_data(TensorData::new(classes, [BATCH]), &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut adam = Adam::default();
    let mut milliseconds: Vec<f64> = (0..steps as u64 + 2)
        .map(|seed| {
            let begun = Instant::now();
            together(&device, || {
                if training {
                    let logits = network.forward(x.clone(), Mode::Train { seed });
                    let gradients = loss.forward(logits, truth.clone()).backward();
                    let gradients = NamedGradients::of(&network, &gradients);
                    network = adam.step(network.clone(), &gradients, 1e-3);
                } else {
                    let _ = network.forward(x.clone(), Mode::Inference).into_data();
                }
            });
            begun.elapsed().as_secs_f64() * 1e3
        })
        .skip(2)
        .collect();
    milliseconds.sort_by(f64::total_cmp);
    println!(
        "RESULT crooner {} {frames} {:.1} ms {} MB ({:?})",
        if training { "train" } else { "infer" },
        milliseconds[steps / 2],
        resident(),
        Layers::of(&device)
    );
}
