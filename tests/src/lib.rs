//! What the end-to-end tests share: running the command in a folder of its own, and making music.

mod command;
pub mod songs;
pub mod wav;

pub use command::{Outcome, Sandbox};
