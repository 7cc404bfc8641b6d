//! Training steps of the paper's network on wgpu, by the layers named: `dispatches stock|fused N_FRAMES`. CubeCL tells what
//! it dispatches, in the first steps also while it tries out variants of a kernel:
//!
//! ```sh
//! CUBECL_DEBUG_LOG=stdout cargo run --release -p crooner-model --features wgpu --example dispatches -- fused 94
//! ```

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::error::Error;

use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::{Input, Layers, Mode, ModelConfig};

const N_STEPS: usize = 6;
const PAPER: &str = "[crnn]
blocks = [
    { filters = 64, pool = [2, 2] },
    { filters = 128, pool = [4, 2] },
    { filters = 128, pool = [4, 2] },
    { filters = 128, pool = [4, 2] },
]
gru = [32, 32]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let layers = match args.next().as_deref() {
        Some("stock") => Layers::Stock,
        Some("fused") => Layers::FusedGru,
        _ => return Err("usage: dispatches stock|fused N_FRAMES".into()),
    };
    let n_frames: usize = args.next().ok_or("how many frames?")?.parse()?;
    let device = Device::wgpu(Default::default()).autodiff();
    let config: ModelConfig = toml::from_str(PAPER)?;
    let network = config.init(Input { n_mels: 128, n_frames, n_classes: 20 }, 0, &device)?;
    let mel: Vec<f32> = (0..128 * n_frames).map(|i| (i * 7919 % 8009) as f32 / -100.0).collect();
    for step in 0..N_STEPS {
        let x = Tensor::<3>::from_data(TensorData::new(mel.clone(), [1, 128, n_frames]), &device);
        println!("== step {step}");
        let logits = network.forward_by(layers, x, Mode::Train { seed: 1 });
        let _gradients = logits.sum().backward();
        device.sync()?;
    }
    Ok(())
}
