//! `cargo xtask`: one door to the command line and to the repository's chores.
//!
//! Product commands are forwarded to the `crooner` binary, built with the backend they ask for ([`forward`]).
//! Chores are the same on a laptop and in CI: [`mod@test`] and [`ci`]. No product logic lives here, and no
//! list of backends: Cargo knows the features of the CLI.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program talks to its terminal"
)]

mod ci;
mod emulation;
mod forward;
mod process;
mod test;
mod tools;
mod vulkan;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use process::UsageError;

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

fn dispatch(args: &[OsString]) -> anyhow::Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        print_help();
        return Ok(ExitCode::SUCCESS);
    };
    match command.to_str() {
        // `help train` is the CLI's to answer.
        Some("help" | "--help" | "-h") if rest.is_empty() => print_help(),
        Some("test") => test::run(rest)?,
        Some("ci") => ci::run(rest)?,
        _ => return forward::run(args),
    }
    Ok(ExitCode::SUCCESS)
}

fn print_help() {
    print!(
        "\
Usage: cargo xtask <COMMAND> [ARGS]...

Chores:
  test [ARGS]...  Run the doctests, then every other test. With ARGS, which are the test runner's: only the
                  tests they choose, for example `-p crooner-audio` or a test's name
  ci [STEP]...    Run these checks, or all of them, exactly as CI does:
{steps}
  ci tools        Install the programs the checks need, where they are missing

Everything else is passed to the crooner CLI, built in release mode with the backend that `--backend` names:
`cargo xtask train --backend wgpu` is `cargo run --release --package crooner --features wgpu -- train
--backend wgpu`. `cargo xtask help <COMMAND>` shows the CLI's help on one command.
",
        steps = ci::steps_help()
    );
}
