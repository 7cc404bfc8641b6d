//! `cargo xtask ci`: the checks, the same on a laptop and in CI.

use std::ffi::OsString;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{self, PROFILE, UsageError};
use crate::test::Runner;
use crate::tools::{self, DENY, TYPOS, Tool};
use crate::{emulation, test, vulkan};

/// One check.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Outcome>,
}

/// What a check that did not fail came to.
enum Outcome {
    Passed,
    /// What is missing. Never in CI, see [`missing`].
    Skipped(String),
}

/// Every check, the cheapest first.
const STEPS: [Step; 8] = [
    Step { name: "fmt", about: "rustfmt would change nothing", run: fmt },
    Step { name: "typos", about: "no misspelt words", run: typos },
    Step { name: "deny", about: "licences and sources of the dependencies", run: deny },
    Step { name: "clippy", about: "no warnings in any target", run: clippy },
    Step { name: "doc", about: "no warnings in the documentation", run: doc },
    Step { name: "test", about: "all tests, as `cargo xtask test`", run: tests },
    Step {
        name: "wgpu",
        about: "wgpu (on a software Vulkan driver) and ndarray, end to end, and wgpu's kernels",
        run: wgpu,
    },
    Step { name: "neon", about: "the kernels of 64-bit ARM, run by qemu", run: neon },
];

/// Runs the named steps in the order given, or all, up to the first that fails.
///
/// # Errors
/// A [`UsageError`] for an unknown step, before anything runs; otherwise the failure, naming its step.
pub(crate) fn run(args: &[OsString]) -> Result<()> {
    match args {
        [] => run_steps(&STEPS.each_ref()),
        [only] if only == "tools" => tools::install_missing(),
        names => run_steps(&names.iter().map(step).collect::<Result<Vec<_>>>()?),
    }
}

/// The lines of the help that name the steps.
pub(crate) fn steps_help() -> String {
    let lines: Vec<String> =
        STEPS.iter().map(|step| format!("                    {:<8}{}", step.name, step.about)).collect();
    lines.join("\n")
}

fn step(name: &OsString) -> Result<&'static Step> {
    STEPS.iter().find(|step| name == step.name).with_context(|| {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        UsageError(format!(
            "unknown step `{}`: `cargo xtask ci` has {}, and tools to install what they need",
            name.to_string_lossy(),
            known.join(", ")
        ))
    })
}

fn run_steps(steps: &[&Step]) -> Result<()> {
    let mut table = String::new();
    let mut failure = None;
    for step in steps {
        if failure.is_some() {
            table += &format!("{:<8}{:>8}    not run\n", step.name, "-");
            continue;
        }
        eprintln!("== {}: {}", step.name, step.about);
        let start = Instant::now();
        let result = (step.run)();
        let seconds = start.elapsed().as_secs_f64();
        let outcome = match &result {
            Ok(Outcome::Passed) => "passed",
            Ok(Outcome::Skipped(why)) => &format!("skipped: {why}"),
            Err(_) => "FAILED",
        };
        eprintln!("== {}: {outcome}, {seconds:.1} s\n", step.name);
        table += &format!("{:<8}{seconds:>8.1}    {outcome}\n", step.name);
        failure = result.err().map(|error| error.context(format!("step {} failed", step.name)));
    }
    if steps.len() > 1 {
        eprintln!("step     seconds\n{table}");
    }
    failure.map_or(Ok(()), Err)
}

/// A check that cannot run for want of something: tolerable on a laptop, a failure in CI.
fn missing(what: String) -> Result<Outcome> {
    if process::in_ci() {
        bail!(what);
    }
    Ok(Outcome::Skipped(what))
}

fn passes(command: &mut Command) -> Result<Outcome> {
    process::run(command).map(|()| Outcome::Passed)
}

/// Runs the tool with these arguments if it is there.
fn passes_with(tool: &Tool, args: &[&str]) -> Result<Outcome> {
    if tool.is_installed()? {
        passes(tool.command().args(args))
    } else {
        missing(format!("{} is not installed: {}", tool.package, tool.how_to_install()))
    }
}

fn fmt() -> Result<Outcome> {
    passes(process::cargo_at_root().args(["fmt", "--all", "--check"]))
}

fn typos() -> Result<Outcome> {
    passes_with(&TYPOS, &[])
}

fn deny() -> Result<Outcome> {
    // Not `advisories`: their database is a Git repository, and a check must not fail with the day.
    // The graphs of who needs what, once for every duplicate, would bury everything else.
    passes_with(&DENY, &["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
}

fn clippy() -> Result<Outcome> {
    passes(
        process::cargo_at_root()
            .args(["clippy", "--profile", PROFILE, "--workspace", "--all-targets"])
            .args(["--", "-D", "warnings"]),
    )
}

fn doc() -> Result<Outcome> {
    // Examples need the dev-dependencies, as clippy's targets do: with the same features, what clippy checked of
    // the dependencies serves here too. The CLI's binary would overwrite its library's pages.
    let targets = ["--lib", "--bin", "xtask", "--examples"];
    passes(
        process::cargo_at_root()
            .args(["doc", "--profile", PROFILE, "--workspace", "--no-deps"])
            .args(targets)
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn tests() -> Result<Outcome> {
    test::run(&[]).map(|()| Outcome::Passed)
}

fn wgpu() -> Result<Outcome> {
    // Elsewhere wgpu uses the system's own Metal or DirectX.
    let driver = if cfg!(target_os = "linux") {
        let Some(driver) = vulkan::find_driver()? else {
            return missing(format!("no Vulkan driver found: {}", vulkan::HOW_TO_INSTALL));
        };
        Some(driver)
    } else {
        None
    };
    let mut command = Runner::find()?.command();
    // Both in one build: each set of features compiles burn anew.
    command.args(["--package", "crooner-tests", "--package", "crooner-model", "--lib", "--test", "backends"]);
    command.args(["--features", "crooner-tests/ndarray,crooner-tests/wgpu"]);
    command.envs(driver.map(|driver| (vulkan::ICD_VARIABLE, driver)));
    passes(&mut command)
}

fn neon() -> Result<Outcome> {
    if cfg!(target_arch = "aarch64") {
        return Ok(Outcome::Skipped("this is such a machine: the tests have run them".to_owned()));
    }
    if let Some(what) = emulation::missing()? {
        return missing(format!("{what} cannot be found: {}", emulation::HOW_TO_INSTALL));
    }
    passes(&mut emulation::tests_of_kernels())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step = Step { name: "good", about: "", run: || Ok(Outcome::Passed) };
    const FAILS: Step = Step { name: "bad", about: "", run: || bail!("a reason") };
    const PANICS: Step = Step { name: "later", about: "", run: || panic!("ran after a failure") };

    #[test]
    fn every_step_is_found_by_its_name() {
        for expected in &STEPS {
            assert_eq!(step(&expected.name.into()).unwrap().name, expected.name);
        }
    }

    #[test]
    fn an_unknown_step_is_a_usage_error_before_anything_runs() {
        let error = run(&["fmt".into(), "clipy".into()]).unwrap_err();
        assert!(error.is::<UsageError>());
        assert!(
            error.to_string().starts_with("unknown step `clipy`: `cargo xtask ci` has fmt, typos, "),
            "{error}"
        );
    }

    #[test]
    fn the_first_failure_stops_the_run_and_names_its_step() {
        run_steps(&[&PASSES, &PASSES]).unwrap();
        let error = run_steps(&[&PASSES, &FAILS, &PANICS]).unwrap_err();
        assert_eq!(format!("{error:#}"), "step bad failed: a reason");
    }
}
