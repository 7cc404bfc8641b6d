//! The store from the outside. One binary, since linking costs more than running.
#![expect(clippy::unwrap_used, reason = "a failing test names its line")]

mod common;
mod index;
mod kill;
mod maintain;
mod prepare;
mod refusals;
mod segments;
