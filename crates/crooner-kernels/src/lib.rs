//! Fused CPU kernels for the conv blocks and gated recurrent units of a convolutional recurrent network, forward and
//! backward, and for Adam's step.
//!
//! Slices of `f32` in, slices of `f32` out: this crate knows no framework and no file. `crooner-model` makes operations
//! of burn's flex backend of it.
//!
//! | | what is fused |
//! |---|---|
//! | [`ConvBlock`] | convolution, bias, activation, batch normalisation, max pool, dropout |
//! | [`Gru`] | all frames of a gated recurrent unit |
//! | [`AdamStep`] | what Adam does to a parameter and its moments |
//! | [`Dropout`] | masks as a function of a seed, the same for every kernel and backend |
//! | [`Kernels`] | which instructions: AVX-512, AVX2 with FMA, NEON, or plain Rust |
//!
//! ```
//! use crooner_kernels::{Activation, BlockParams, ConvBlock, Kernels, Order, Statistics};
//!
//! let block = ConvBlock {
//!     batch: 2, height: 8, width: 9, channels: 1, filters: 4, kernel: [3, 3], pool: [2, 2],
//!     activation: Activation::Elu, order: Order::ActivationFirst, epsilon: 1e-3, dropout: None,
//! };
//! let (weight, zeros, ones) = (vec![0.1; 4 * 9], vec![0.0; 4], vec![1.0; 4]);
//! let params = BlockParams { weight: &weight, bias: &zeros, gamma: &ones, beta: &zeros };
//! let input = vec![0.5; 2 * 8 * 9];
//! let output = block.forward(Kernels::chosen()?, &input, &params, Statistics::Batch, true)?;
//! assert_eq!(block.output_shape(), [2, 4, 4, 4]);
//! let saved = output.saved.ok_or("kept")?;
//! let gradients = block.backward(&input, &params, &saved, &vec![1.0; 2 * 4 * 4 * 4], false)?;
//! assert_eq!(gradients.weight.len(), weight.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How
//! Images are channel-last, so that a vector holds channels of one pixel and every kernel works alike on all of them;
//! channel counts that fill no vector are padded with zeros inside.
//!
//! - **Convolutions** of 3 x 3 and several channels go through Winograd's transform (`winograd` has the matrices and
//!   where they come from), 48 tiles at a time:
//!
//!   ```text
//!   input patches --B^T d B--> V [36][48][c]     36 matrix products      M [36][48][k] --A^T M A--> tiles
//!                                            with U [36][c][k] in panels                    bias, activation,
//!                                                                                           sums for the norm
//!   ```
//!
//!   and the rows that a chunk completes are pooled while they are in cache. Those of 3 x 3 and one channel are
//!   computed by definition (`direct`), those of other kernels as products of patches (`columns`).
//! - **Batch normalisation** needs the statistics of the whole batch before it can be applied, but what it does to a
//!   channel is monotonic: the pool takes the largest activation, or where gamma is negative the smallest, and only
//!   what it leaves is normalised. An activation after the norm waits in the same way, unless it is not monotonic.
//! - **Backward**, the gradient of the pool's winners is spread over the windows with what the statistics make every
//!   pixel answer for, a strip of tiles at a time, and goes through the transposes of the same transforms.
//! - **A GRU** projects all frames' inputs in one matrix product; see [`Gru`].
//!
//! # Memory
//! Between forward and backward a block keeps its activations (`batch * height * width * filters` floats), unless it
//! is 3 x 3 of one input channel: then they are computed again, for the time of one more forward pass of the
//! convolution. The pooled values and one byte each for the winners are a fraction of them; a pool of 1 x 1 shares the
//! activations' memory. Scratch is a few megabytes a thread. Buffers
//! go back to a pool and serve the next step.
//!
//! # Exactness
//! Tests hold every set of kernels to a reference in double precision that follows the definitions: outputs and
//! statistics within 2e-5 of the largest value, gradients within 5e-5, a GRU's within 1e-5, over random shapes. A NaN or
//! infinity that goes in comes out (as either).
//!
//! The same call gives the same bytes whatever the number of threads: sums over a batch are made in parts that its
//! size decides, and added in order. Different kernels round differently.
//!
//! # Unsafe
//! This is the one crate of the workspace with `unsafe` in it: vector instructions and pointers into images that
//! threads share. Public functions check every length before they start.

#![expect(
    clippy::needless_range_loop,
    reason = "rows, columns and lanes are counted over several arrays at once"
)]

mod activation;
mod adam;
mod block;
mod columns;
mod direct;
mod dropout;
mod error;
mod finish;
mod gemm;
mod geometry;
mod gru;
mod kernels;
mod moments;
mod parallel;
mod pass;
mod peak;
mod pool;
mod recurrence;
mod simd;
mod winograd;

pub use activation::Activation;
pub use adam::AdamStep;
pub use block::{
    BlockGradients, BlockOutput, BlockParams, BlockSaved, ConvBlock, MOST_POOLED, Order, Statistics,
};
pub use dropout::Dropout;
pub use error::KernelError;
pub use gru::{Direction, Gate, Gru, GruGradients, GruKind, GruOutput, GruParams, GruSaved, Reset, Returns};
pub use kernels::{Kernels, VARIABLE};
pub use parallel::in_pool;
