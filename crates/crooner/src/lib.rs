//! The `crooner` command line: the one crate that names backends, prints, and reads the clock.
//!
//! | module | what |
//! |---|---|
//! | `cli` | names, options, help |
//! | `commands` | one file for each sub-command |
//! | `experiment` | presets, config files, precedence |
//! | `backend` | the registry of compute backends |
//! | `run_dir` | the files of a run |
//! | `matrix`, `table` | features as files |
//! | `pictures` | what features mean on a picture |
//! | `split_file` | splits read from files and tables |
//! | `report` | from an evaluation to the report's plain data |

mod backend;
mod cli;
mod commands;
mod experiment;
mod inputs;
mod interrupt;
mod matrix;
mod pictures;
mod progress;
mod report;
mod run_dir;
mod similarity;
mod split_file;
mod table;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use crooner_datasets::DatasetError;

use crate::cli::{Cli, Command};
use crate::progress::Progress;

/// Runs the program with `args`, the first of which is its own name.
///
/// Exit codes: 0 for success, 1 for an error (in `predict`, also for some unreadable files), 2 for
/// a command line that cannot be understood, 3 if `audit` finds a recording on two sides of a split, 130 for an interrupt.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, errors to stderr; if that stream is closed, nobody listens.
            let printed = error.print();
            let code = if printed.is_err() { 1 } else { error.exit_code() };
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let outcome = match cli.command {
        Command::PrepareData(args) => commands::prepare_data::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Models(args) => commands::models::run(&args),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Features(args) => commands::features::run(&args),
        Command::Picture(args) => commands::picture::run(&args),
        Command::Audit(args) => commands::audit::run(&args),
        Command::Split(args) => commands::split::run(&args),
        Command::Store(args) => commands::store::run(&args),
        Command::Datasets(args) => commands::datasets::run(&args),
        Command::Info => commands::info::run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if matches!(error.downcast_ref(), Some(DatasetError::Interrupted { .. })) => {
            Progress::hidden().line(interrupt::SENTENCE);
            ExitCode::from(interrupt::EXIT_CODE)
        }
        Err(error) => {
            complain(&sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, without those that it tells already.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        _ if told.contains(&cause) => told,
        _ => format!("{told}: {cause}"),
    })
}

/// What is wrong with one of many files: `NAME: ERROR`, or the error alone if it names the file.
fn of_file(name: &str, error: &str) -> String {
    if error.contains(name) { error.to_owned() } else { format!("{name}: {error}") }
}

#[expect(clippy::print_stderr, reason = "the command line talks to its user")]
fn complain(text: &str) {
    eprintln!("error: {text}");
}

/// Prints a line of results. A closed pipe (`crooner ... | head`) is no error.
fn say(text: &str) -> anyhow::Result<()> {
    use std::io::{ErrorKind, Write, stdout};
    match writeln!(stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
