//! Ctrl-C as a flag that long work looks at.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

static ASKED: AtomicBool = AtomicBool::new(false);
static INSTALLED: OnceLock<()> = OnceLock::new();

/// The exit code of a program that an interrupt ended: 128 + SIGINT.
pub(crate) const EXIT_CODE: u8 = 130;

/// What is said where the same command goes on.
pub(crate) const SENTENCE: &str = "interrupted; run the same command to carry on";

/// From now on the first Ctrl-C (or SIGTERM) raises the flag, and a second one ends the program
/// at once; nothing is lost by that, since every file is written whole or not at all.
///
/// # Errors
///
/// If the system refuses a handler.
pub(crate) fn watch() -> Result<&'static AtomicBool> {
    if INSTALLED.set(()).is_ok() {
        ctrlc::set_handler(|| {
            if ASKED.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(EXIT_CODE));
            }
        })
        .context("cannot listen for Ctrl-C")?;
    }
    Ok(&ASKED)
}
