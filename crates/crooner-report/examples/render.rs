//! Writes the report of a made-up run, to look at it: `cargo run --example render -- page.html [artists]`.

use std::error::Error;

#[path = "made_up/mod.rs"]
mod made_up;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: render <path> [number of artists]")?;
    let n_classes = arguments.next().map_or(Ok(6), |n| n.parse())?;
    let report = made_up::report(n_classes, 4);
    std::fs::write(path, crooner_report::html(&report, &made_up::pictures()?)?)?;
    Ok(())
}
