//! One test program: faster to build than one for each file.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;
mod contract;
mod demo;
mod folder;
mod published;
mod symbolic;
