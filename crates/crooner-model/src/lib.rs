//! Networks that tell who is playing, as [burn] modules that name no backend.
//!
//! A network reads a batch of log-mel slices `[batch, n_mels, n_frames]` (dB) and gives logits
//! `[batch, n_classes]`. Which device computes it is the caller's choice, at run time.
//!
//! | module | what |
//! |---|---|
//! | [`config`] | [`ModelConfig`]: which network, with which sizes; validated before anything is built |
//! | [`crnn`] | [`Crnn`]: conv blocks -> permute/reshape -> GRU -> dense (Nasrullah & Zhao 2019), and its family |
//! | [`crnn::config`] | [`CrnnConfig`]: `[model.crnn]`, every setting with its range |
//! | [`gru`] | [`Gru`]: gated recurrent unit, three gates in one matrix product |
//! | [`dropout`] | [`Mode`]: masks drawn from a seed, not from a device's generator |
//! | [`layers`] | [`Layers`]: burn's own, or on the CPU the fused ones of [`crooner_kernels`] |
//! | [`optimiser`] | [`adam`](optimiser::adam): what a step does to a parameter |
//! | [`import`](mod@import) | weights of other programs: names, layouts, conventions |
//! | [`weights`] | named tensors out of and into a network |
//!
//! Initial weights and dropout masks are computed on the host from a seed, because the random
//! generators of devices differ: with the same seed every backend starts from the same numbers.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use crooner_model::{Input, Mode, ModelConfig};
//!
//! let config: ModelConfig = toml::from_str("[crnn]\nblocks = [{ filters = 8, pool = [4, 2] }]\ngru = [8]")?;
//! let device = Device::flex();
//! let network = config.init(Input { n_mels: 16, n_frames: 12, n_classes: 3 }, 0, &device)?;
//! let logits = network.forward(Tensor::zeros([2, 16, 12], &device), Mode::Inference);
//! assert_eq!(logits.dims(), [2, 3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod config;
pub mod crnn;
pub mod dropout;
#[cfg(feature = "flex")]
mod fused;
pub mod gru;
pub mod import;
mod init;
pub mod layers;
mod network;
mod norm;
pub mod optimiser;
#[cfg(feature = "wgpu")]
mod recurrence;
pub mod weights;

pub use config::{Input, ModelConfig, ModelError, Output};
pub use crnn::config::{BatchNormConfig, BlockConfig, CrnnConfig};
pub use crnn::{Crnn, Stage};
pub use dropout::Mode;
pub use gru::Gru;
pub use layers::{Layers, together};
pub use network::Network;
pub use weights::{NamedTensor, WeightsError};
