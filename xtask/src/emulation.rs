//! Tests of the kernels for 64-bit ARM on a machine of another kind: compiled for it, run by qemu.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, PROFILE};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Where Debian has the libraries of the other kind.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// What to install where something is missing.
pub(crate) const HOW_TO_INSTALL: &str = "apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross, and \
                                         rustup target add aarch64-unknown-linux-gnu";

/// The first of what is needed that is not there.
pub(crate) fn missing() -> Result<Option<String>> {
    for program in [LINKER, EMULATOR] {
        if !process::succeeds(Command::new(program).arg("--version"))? {
            return Ok(Some(program.to_owned()));
        }
    }
    // A toolchain has a target if it can say where its libraries are, and they are there.
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output().ok();
    let folder = output.filter(|output| output.status.success()).map(|output| output.stdout);
    let is_there =
        folder.is_some_and(|path| std::path::Path::new(String::from_utf8_lossy(&path).trim()).is_dir());
    Ok((!is_there).then(|| format!("Rust's libraries for {TARGET}")))
}

/// The tests of the kernels, compiled for [`TARGET`].
pub(crate) fn tests_of_kernels() -> Command {
    let mut command = process::cargo_at_root();
    let variable = |what: &str| format!("CARGO_TARGET_{}_{what}", TARGET.to_uppercase().replace('-', "_"));
    command
        .args(["test", "--profile", PROFILE, "--package", "crooner-kernels", "--lib", "--tests"])
        .args(["--target", TARGET])
        .env(variable("LINKER"), LINKER)
        .env(variable("RUNNER"), format!("{EMULATOR} -L {LIBRARIES}"));
    command
}
