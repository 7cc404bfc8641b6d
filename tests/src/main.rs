//! The `crooner` command, built with this package's features.

use std::process::ExitCode;

/// A training step takes and gives back hundreds of megabytes. The system's allocator returns them to the kernel each
/// time, which then clears every page anew: at 911 frames that is half of the step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crooner::run(std::env::args_os())
}
