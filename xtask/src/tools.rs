//! The programs the checks need beyond a Rust toolchain: which version, how to see it, how to install it.

use std::process::Command;

use anyhow::Result;

use crate::process;

/// A program published as a crate.
pub(crate) struct Tool {
    pub(crate) package: &'static str,
    version: &'static str,
    /// A Cargo subcommand is started through Cargo, which also looks in its own `bin` folder.
    subcommand: bool,
    program: &'static str,
}

pub(crate) const NEXTEST: Tool =
    Tool { package: "cargo-nextest", version: "0.9.143", subcommand: true, program: "nextest" };
pub(crate) const DENY: Tool =
    Tool { package: "cargo-deny", version: "0.20.2", subcommand: true, program: "deny" };
pub(crate) const TYPOS: Tool =
    Tool { package: "typos-cli", version: "1.52.0", subcommand: false, program: "typos" };

impl Tool {
    /// The program, at the root of the workspace.
    pub(crate) fn command(&self) -> Command {
        if self.subcommand {
            let mut cargo = process::cargo_at_root();
            cargo.arg(self.program);
            cargo
        } else {
            let mut program = Command::new(self.program);
            program.current_dir(process::workspace_root());
            program
        }
    }

    /// Whether the program answers; any version of it will do.
    pub(crate) fn is_installed(&self) -> Result<bool> {
        process::succeeds(self.command().arg("--version"))
    }

    /// The command that installs it.
    pub(crate) fn how_to_install(&self) -> String {
        format!("cargo install --locked {}@{}", self.package, self.version)
    }
}

/// Installs what is missing into Cargo's own `bin` folder (or `CARGO_INSTALL_ROOT`), optimised for a short
/// build: these programs run for seconds.
pub(crate) fn install_missing() -> Result<()> {
    for tool in [NEXTEST, TYPOS, DENY] {
        if tool.is_installed()? {
            eprintln!("{} is installed", tool.package);
            continue;
        }
        process::run(
            process::cargo_at_root()
                .args(["install", "--locked", "--quiet"])
                .arg(format!("{}@{}", tool.package, tool.version))
                // Builds in a temporary folder, which Cargo removes.
                .env_remove("CARGO_TARGET_DIR")
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        )?;
    }
    Ok(())
}
