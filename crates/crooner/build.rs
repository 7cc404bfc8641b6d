//! Tells the program the revision of its source, where there is one.

use std::path::Path;
use std::process::Command;

fn main() {
    let git = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.git");
    // Written at every commit and checkout.
    let log = git.join("logs/HEAD");
    println!("cargo::rerun-if-changed=build.rs");
    if !log.exists() {
        return;
    }
    println!("cargo::rerun-if-changed={}", log.display());
    let revision = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(&git).output();
    if let Ok(output) = revision
        && output.status.success()
    {
        println!("cargo::rustc-env=CROONER_REVISION={}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
