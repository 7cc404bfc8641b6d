//! Divides simulated catalogues of up to a million tracks, and prints time and memory of each kind.
//!
//! `cargo run --release -p crooner-split --example million`
//!
//! A hundred tracks an artist on ten albums; every tenth album is of two genres, so that the group split is of
//! the harder sort. Memory is the process's peak so far (Linux), the list of tracks included.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::time::Instant;

use crooner_split::{Item, Split, SplitConfig, SplitKind};

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:>9}  {:<8} {:>8} {:>14} {:>9}", "tracks", "kind", "seconds", "us for a track", "peak MB");
    for n in [250_000, 500_000, 1_000_000] {
        let by_artist: Vec<Item> = (0..n).map(|k| item(k, format!("artist {}", k / 100))).collect();
        let by_genre: Vec<Item> = (0..n)
            .map(|k| item(k, format!("genre {}", if k / 10 % 10 == 0 { k % 2 } else { k / 10 % 16 })))
            .collect();
        let genre = |kind| SplitConfig::new(kind).with_label("genre").with_group("record");
        for (items, config) in [
            (&by_artist, SplitConfig::new(SplitKind::Song)),
            (&by_artist, SplitConfig::new(SplitKind::Album)),
            (&by_artist, SplitConfig::new(SplitKind::Album).with_fold(0, 6)),
            (&by_genre, genre(SplitKind::Group)),
            (&by_genre, genre(SplitKind::Hash)),
        ] {
            let begun = Instant::now();
            let split = Split::new(items, &config, 0)?;
            let seconds = begun.elapsed().as_secs_f64();
            assert_eq!(split.rows().count(), n);
            let kind = format!("{}{}", config.kind, if config.folds.is_some() { "/6" } else { "" });
            println!("{n:>9}  {kind:<8} {seconds:>8.2} {:>14.2} {:>9}", 1e6 * seconds / n as f64, peak_mb());
        }
    }
    Ok(())
}

fn item(k: usize, label: String) -> Item {
    Item::new(format!("{:05}/{:02}/{k:07}.flac", k / 100, k / 10 % 10), label, format!("record {}", k / 10))
}

/// The peak of resident memory, or "unknown" where the system does not say.
fn peak_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.map_or("unknown".to_owned(), |kb| (kb / 1024).to_string())
}
