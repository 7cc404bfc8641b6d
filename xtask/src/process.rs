//! Child processes: how a chore starts one, says so, and fails when it fails.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, io};

use anyhow::{Context, Result, bail};

/// The Cargo profile of tests, lints and docs.
///
/// `release`, so that what `cargo xtask train` compiled serves the tests too: the networks' dependencies take
/// minutes to compile, and the tests train networks.
pub(crate) const PROFILE: &str = "release";

/// The command was not understood; the process exits with 2, as clap's do.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UsageError {}

/// The Cargo that started xtask, in the directory where the user stands.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// [`cargo`], but at the root of the workspace: what a chore does must not depend on where the user stands.
pub(crate) fn cargo_at_root() -> Command {
    let mut cargo = cargo();
    cargo.current_dir(workspace_root());
    cargo
}

/// The workspace's root. `cargo run` names this package's folder at run time, which stays right for a
/// checkout that was moved after xtask was compiled.
pub(crate) fn workspace_root() -> PathBuf {
    let manifest_dir =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
    let mut root = PathBuf::from(manifest_dir);
    root.pop();
    root
}

/// Whether this runs in CI, where a check that cannot run is a failure and not a courtesy.
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Prints the command and runs it; fails unless it exits with 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// Whether the command can be started and exits with 0; what it prints is dropped.
///
/// # Errors
/// When it is there but cannot be started (say, it is not executable): that is not the same as absent.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("could not start `{}`", show(command))),
    }
}

/// The command as one would type it: `NAME=value program args...`, Cargo by its short name.
fn show(command: &Command) -> String {
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| {
            Some(format!("{}={}", name.to_string_lossy(), quoted(&value?.to_string_lossy())))
        })
        .collect();
    let program = command.get_program();
    let cargo = cargo();
    words.push(if program == cargo.get_program() {
        "cargo".into()
    } else {
        quoted(&program.to_string_lossy())
    });
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = cargo();
        command.args(["doc", "--message", "it's one", ""]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(show(&command), r"RUSTDOCFLAGS='-D warnings' cargo doc --message 'it'\''s one' ''");
    }

    #[test]
    fn a_missing_program_is_absent_and_a_failing_one_is_an_error() {
        assert!(!succeeds(&mut Command::new("no-such-program-anywhere")).unwrap());
        assert!(succeeds(cargo().arg("--version")).unwrap());
        let error = run(cargo().arg("no-such-subcommand")).unwrap_err();
        assert!(error.to_string().starts_with("`cargo no-such-subcommand` failed: "), "{error}");
    }

    #[test]
    fn the_root_is_the_folder_of_the_workspace_manifest() {
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }
}
