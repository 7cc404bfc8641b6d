//! The `crooner` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    crooner::run(std::env::args_os())
}
