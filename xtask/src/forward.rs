//! Product commands: build the `crooner` CLI with the backend asked for and become it.
//!
//! The child runs in the user's own directory, so that relative paths mean what they say, and its exit code
//! is the exit code.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::process::{self, UsageError};

/// The package of the CLI. Its features, but for `default`, are its backends.
const CLI: &str = "crooner";

/// What `--backend cpu` means.
const CPU: &str = "flex";

type Features = BTreeMap<String, Vec<String>>;

/// Runs `cargo run --release --package crooner [--features BACKEND] -- ARGS...`.
///
/// # Errors
/// A [`UsageError`] for a backend that the CLI does not have; otherwise when Cargo cannot be started.
pub(crate) fn run(args: &[OsString]) -> Result<ExitCode> {
    let mut command = process::cargo();
    command.args(["run", "--release", "--package", CLI]);
    if let Some(backend) = requested_backend(args)
        && let Some(feature) = feature_to_enable(&backend, &features_of_cli()?)?
    {
        command.args(["--features", &feature]);
    }
    command.arg("--").args(args);
    become_child(command)
}

/// The value of the last `--backend B` or `--backend=B` before any `--`. A missing value is not one: the CLI
/// says what it expects better than Cargo would.
fn requested_backend(args: &[OsString]) -> Option<String> {
    let mut backend = None;
    let mut args = args.iter().map(|arg| arg.to_string_lossy()).take_while(|arg| arg != "--").peekable();
    while let Some(arg) = args.next() {
        if let Some(value) = arg.strip_prefix("--backend=") {
            backend = Some(value.to_owned());
        } else if arg == "--backend" {
            backend = args.next_if(|value| !value.starts_with('-')).map(Cow::into_owned);
        }
    }
    backend.filter(|value| !value.is_empty())
}

/// The feature to add to the default ones for `backend`, if any.
fn feature_to_enable(backend: &str, features: &Features) -> Result<Option<String>> {
    let feature = if backend == "cpu" { CPU } else { backend };
    if feature == "default" || !features.contains_key(feature) {
        let known: Vec<&str> =
            features.keys().map(String::as_str).filter(|name| *name != "default").collect();
        bail!(UsageError(format!(
            "unknown backend `{backend}`: {CLI} can be built with {}, or cpu for {CPU}",
            known.join(", ")
        )));
    }
    let is_default =
        features.get("default").is_some_and(|default| default.iter().any(|name| name == feature));
    Ok((!is_default).then(|| feature.to_owned()))
}

/// Asks Cargo for the features of the CLI's package.
fn features_of_cli() -> Result<Features> {
    let output = process::cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("could not start `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    features_in(&output.stdout)
}

/// The features of the CLI's package in what `cargo metadata` printed.
fn features_in(metadata: &[u8]) -> Result<Features> {
    let mut metadata: serde_json::Value =
        serde_json::from_slice(metadata).context("`cargo metadata` did not print JSON")?;
    let features = metadata["packages"]
        .as_array_mut()
        .and_then(|packages| packages.iter_mut().find(|package| package["name"] == CLI))
        .with_context(|| format!("`cargo metadata` names no package `{CLI}`"))?["features"]
        .take();
    serde_json::from_value(features).with_context(|| format!("`cargo metadata` has odd features for `{CLI}`"))
}

/// Replaces this process by the command, so that signals and the exit code are the child's own.
#[cfg(unix)]
fn become_child(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;

    Err(command.exec()).context("could not start `cargo run`")
}

/// Runs the command and passes its exit code on. Ctrl-C reaches the child through the console; xtask ignores
/// it and waits for what the child makes of it.
#[cfg(not(unix))]
fn become_child(mut command: Command) -> Result<ExitCode> {
    ctrlc::set_handler(|| {}).context("could not leave Ctrl-C to the child")?;
    let status = command.status().context("could not start `cargo run`")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(args: &[&str]) -> Option<String> {
        requested_backend(&args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn features() -> Features {
        features_in(
            br#"{"packages": [
                {"name": "crooner-model", "features": {"extra": []}},
                {"name": "crooner", "features": {"default": ["flex"], "flex": ["burn/flex"], "wgpu": []}}
            ]}"#,
        )
        .unwrap()
    }

    #[test]
    fn the_backend_is_found_in_both_spellings() {
        assert_eq!(backend(&["train", "--backend", "wgpu", "x.toml"]).unwrap(), "wgpu");
        assert_eq!(backend(&["train", "--backend=wgpu"]).unwrap(), "wgpu");
        assert_eq!(backend(&["train", "--backends", "wgpu", "--backend-x=1"]), None);
        assert_eq!(backend(&["train"]), None);
        assert_eq!(backend(&[]), None);
    }

    #[test]
    fn the_last_backend_wins() {
        assert_eq!(backend(&["train", "--backend", "wgpu", "--backend=flex"]).unwrap(), "flex");
        assert_eq!(backend(&["train", "--backend=flex", "--backend", "wgpu"]).unwrap(), "wgpu");
    }

    #[test]
    fn what_follows_two_dashes_is_no_option() {
        assert_eq!(backend(&["predict", "--", "--backend", "wgpu"]), None);
        assert_eq!(backend(&["predict", "--backend", "flex", "--", "--backend", "wgpu"]).unwrap(), "flex");
    }

    #[test]
    fn a_missing_value_is_left_to_the_cli() {
        assert_eq!(backend(&["train", "--backend"]), None);
        assert_eq!(backend(&["train", "--backend="]), None);
        assert_eq!(backend(&["train", "--backend", "--seed", "1"]), None);
        assert_eq!(backend(&["train", "--backend", "--backend=wgpu"]).unwrap(), "wgpu");
        assert_eq!(backend(&["train", "--backend", "--", "wgpu"]), None);
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_unicode_do_not_hide_the_backend() {
        use std::os::unix::ffi::OsStringExt as _;

        let odd = OsString::from_vec(vec![b'a', 0xff]);
        assert_eq!(requested_backend(&[odd, "--backend=wgpu".into()]).unwrap(), "wgpu");
    }

    #[test]
    fn default_backends_need_no_feature() {
        assert_eq!(feature_to_enable("flex", &features()).unwrap(), None);
        assert_eq!(feature_to_enable("cpu", &features()).unwrap(), None);
        assert_eq!(feature_to_enable("wgpu", &features()).unwrap().unwrap(), "wgpu");
    }

    #[test]
    fn an_unknown_backend_is_a_usage_error_that_names_the_known_ones() {
        for asked in ["cuda", "default", "extra"] {
            let error = feature_to_enable(asked, &features()).unwrap_err();
            assert!(error.is::<UsageError>());
            assert_eq!(
                error.to_string(),
                format!("unknown backend `{asked}`: crooner can be built with flex, wgpu, or cpu for flex")
            );
        }
    }

    #[test]
    fn metadata_without_the_cli_is_an_error() {
        assert!(features_in(b"not json").is_err());
        let error = features_in(br#"{"packages": [{"name": "other", "features": {}}]}"#).unwrap_err();
        assert_eq!(error.to_string(), "`cargo metadata` names no package `crooner`");
    }

    #[test]
    fn this_workspace_has_the_cli_with_the_cpu_backend_by_default() {
        let features = features_of_cli().unwrap();
        assert_eq!(feature_to_enable("cpu", &features).unwrap(), None, "{features:?}");
    }
}
