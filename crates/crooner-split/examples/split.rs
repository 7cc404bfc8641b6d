//! Splits a small catalogue both ways and prints the album split as the TOML that a run would keep.
//!
//! `cargo run -p crooner-split --example split -- 42`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use crooner_split::{Item, Side, Split, SplitConfig, SplitKind};

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(0), |text| text.parse())?;

    let mut items = Vec::new();
    for (artist, albums) in
        [("Aphex", ["Ambient", "Drukqs", "Syro"].as_slice()), ("Low", &["Trust", "Drums"])]
    {
        for album in albums {
            for track in 1..=4 {
                items.push(Item::new(format!("{artist}/{album}/{track:02}.flac"), artist, *album));
            }
        }
    }

    for kind in [SplitKind::Song, SplitKind::Album] {
        let split = Split::new(&items, &SplitConfig::new(kind), seed)?;
        println!("# {kind} split, seed {seed}, fingerprint {}", &split.fingerprint()[..12]);
        for side in Side::ALL {
            println!("#   {side}: {} tracks", split.side(side).len());
        }
        for note in split.notes() {
            println!("#   note: {note}");
        }
    }
    println!("\n{}", toml::to_string(&Split::new(&items, &SplitConfig::default(), seed)?)?);
    Ok(())
}
