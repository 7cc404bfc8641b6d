//! Fused CPU kernels for the conv blocks and gated recurrent units of a convolutional recurrent network, forward and
//! backward.

#![expect(
    clippy::needless_range_loop,
    reason = "rows, columns and lanes are counted over several arrays at once"
)]

mod block;
mod direct;
mod dropout;
mod error;
mod gemm;
mod geometry;
mod gru;
mod kernels;
mod parallel;
mod pool;
mod simd;
mod winograd;

pub use block::{
    Activation, BlockGradients, BlockOutput, BlockParams, BlockSaved, ConvBlock, Order, Statistics,
};
pub use dropout::Dropout;
pub use error::KernelError;
pub use gru::{Gru, GruGradients, GruOutput, GruParams, GruSaved};
pub use kernels::{Kernels, VARIABLE};
