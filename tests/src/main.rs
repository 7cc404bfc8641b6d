//! The `crooner` command, built with this package's features.

use std::process::ExitCode;

fn main() -> ExitCode {
    crooner::run(std::env::args_os())
}
