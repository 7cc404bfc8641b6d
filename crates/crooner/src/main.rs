//! The `crooner` command.

use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// A training step takes and gives back hundreds of megabytes. The system's allocator returns them to the kernel each
/// time, which then clears every page anew: at 911 frames that is half of the step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the last panic within a dependency said.
static IN_DEPENDENCY: Mutex<Option<String>> = Mutex::new(None);

/// Readers of files panic now and then on what is damaged. That is caught where they are called and becomes a sentence, which
/// is all that a user needs to see; what nobody caught is told here.
fn main() -> ExitCode {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if is_in_dependency(info) {
            *IN_DEPENDENCY.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
        } else {
            usual(info);
        }
    }));
    std::panic::catch_unwind(|| crooner::run(std::env::args_os())).unwrap_or_else(|_| {
        if let Some(said) = IN_DEPENDENCY.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tell(&said);
        }
        ExitCode::from(101)
    })
}

fn is_in_dependency(info: &PanicHookInfo<'_>) -> bool {
    info.location().is_some_and(|place| place.file().replace('\\', "/").contains("/registry/src/"))
}

#[expect(clippy::print_stderr, reason = "the command line talks to its user")]
fn tell(text: &str) {
    eprintln!("error: a defect of crooner or of what it is built from: {text}");
}
