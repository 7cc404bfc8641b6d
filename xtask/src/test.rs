//! `cargo xtask test`: all tests of the workspace, or the chosen ones.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::process::{self, PROFILE};
use crate::tools::NEXTEST;

/// Runs the doctests and then every other test; with `args`, only what they choose.
pub(crate) fn run(args: &[OsString]) -> Result<()> {
    let runner = Runner::find()?;
    let mut command = runner.command();
    if args.is_empty() {
        // First, so that the output ends with the test runner's summary.
        process::run(process::cargo_at_root().args(["test", "--profile", PROFILE, "--workspace", "--doc"]))?;
        command.arg("--workspace").args(runner.without_doctests());
    } else if !chooses_packages(args) {
        command.arg("--workspace");
    }
    process::run(command.args(args))
}

/// What runs the tests.
pub(crate) enum Runner {
    /// cargo-nextest: parallel, with a summary; knows no doctests.
    Nextest,
    /// Cargo's own, where nextest is not installed.
    Cargo,
}

impl Runner {
    /// The best runner there is, said aloud.
    pub(crate) fn find() -> Result<Self> {
        if NEXTEST.is_installed()? {
            eprintln!("test runner: cargo-nextest");
            Ok(Self::Nextest)
        } else {
            eprintln!("test runner: cargo test (faster with cargo-nextest: {})", NEXTEST.how_to_install());
            Ok(Self::Cargo)
        }
    }

    /// The command, ready for Cargo's options that choose packages, features and targets.
    pub(crate) fn command(&self) -> Command {
        let mut command = process::cargo_at_root();
        match self {
            Self::Nextest => {
                command.args(["nextest", "run", "--cargo-profile", PROFILE]);
                if process::in_ci() {
                    command.args(["--profile", "ci"]);
                }
            }
            Self::Cargo => {
                command.args(["test", "--profile", PROFILE]);
            }
        }
        command
    }

    /// What makes the runner leave out doctests.
    fn without_doctests(&self) -> Option<&str> {
        match self {
            Self::Nextest => None,
            Self::Cargo => Some("--tests"),
        }
    }
}

/// Whether the arguments name packages, before any `--`.
fn chooses_packages(args: &[OsString]) -> bool {
    args.iter().map(|arg| arg.to_string_lossy()).take_while(|arg| arg != "--").any(|arg| {
        let name = arg.split_once('=').map_or(&*arg, |(name, _)| name);
        matches!(name, "--package" | "--workspace" | "--manifest-path")
            || (arg.starts_with("-p") && !arg.starts_with("--"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chooses(args: &[&str]) -> bool {
        chooses_packages(&args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn packages_are_seen_in_every_spelling() {
        assert!(chooses(&["-p", "crooner-audio"]));
        assert!(chooses(&["resample", "-pcrooner-audio"]));
        assert!(chooses(&["--package=crooner-audio"]));
        assert!(chooses(&["--package", "crooner-audio"]));
        assert!(chooses(&["--workspace"]));
    }

    #[test]
    fn names_of_tests_choose_no_package() {
        assert!(!chooses(&[]));
        assert!(!chooses(&["resample", "--profile=ci", "--no-fail-fast"]));
        assert!(!chooses(&["--", "-p", "x"]));
    }
}
