//! Divides simulated catalogues of up to a million tracks, and prints time and memory of each kind.
//!
//! `cargo run --release -p crooner-split --example million`
//!
//! A hundred tracks an artist on ten albums; every tenth album is of two genres, so that the group split is of
//! the harder sort. The last kinds divide one artist after the other, and ask for the side of one track after the other,
//! without a list of all. Each split has a process of its own; memory is its peak (Linux), with the list of tracks, beyond
//! it, and how much higher it is after the same split has been made twice more.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::process::Command;
use std::time::Instant;

use crooner_split::{Item, Side, Split, SplitConfig, SplitKind};

const KINDS: [&str; 7] = ["song", "album", "album/6", "group", "hash", "album by artist", "hash by track"];
const TRACKS_OF_AN_ARTIST: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    if let [n, kind] = &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        return measure(n.parse()?, kind);
    }
    println!(
        "{:>9}  {:<15} {:>8} {:>8} {:>9} {:>22} {:>14}",
        "tracks", "kind", "seconds", "us/track", "tracks MB", "beyond it MB (B/track)", "twice more MB"
    );
    for n in [250_000, 500_000, 1_000_000] {
        for kind in KINDS {
            let status = Command::new(std::env::current_exe()?).args([&n.to_string(), kind]).status()?;
            if !status.success() {
                return Err(format!("{kind} of {n} tracks: {status}").into());
            }
        }
    }
    Ok(())
}

fn measure(n: usize, kind: &str) -> Result<(), Box<dyn Error>> {
    let by_artist = |k| item(k, format!("artist {}", k / TRACKS_OF_AN_ARTIST));
    let by_genre = |k| item(k, format!("genre {}", if k / 10 % 10 == 0 { k % 2 } else { k / 10 % 16 }));
    let all = |of: &dyn Fn(usize) -> Item| -> Vec<Item> { (0..n).map(of).collect() };
    let (by_album, by_hash) = (SplitConfig::new(SplitKind::Album), genre(SplitKind::Hash));
    match kind {
        "song" => whole(&all(&by_artist), &SplitConfig::new(SplitKind::Song), kind),
        "album" => whole(&all(&by_artist), &by_album, kind),
        "album/6" => whole(&all(&by_artist), &by_album.with_fold(0, 6), kind),
        "group" => whole(&all(&by_genre), &genre(SplitKind::Group), kind),
        "hash" => whole(&all(&by_genre), &by_hash, kind),
        "album by artist" => report(n, kind, || {
            let artists = (0..n / TRACKS_OF_AN_ARTIST).map(|artist| artist * TRACKS_OF_AN_ARTIST);
            artists
                .map(|first| -> Result<usize, Box<dyn Error>> {
                    let items: Vec<Item> = (first..first + TRACKS_OF_AN_ARTIST).map(by_artist).collect();
                    Ok(Split::new(&items, &by_album, 0)?.rows().count())
                })
                .sum()
        }),
        "hash by track" => report(n, kind, || {
            let mut sizes = [0; 3];
            (0..n).map(by_genre).for_each(|item| sizes[by_hash.hash_side(&item, 0) as usize] += 1);
            assert!(!sizes.contains(&0));
            Ok(sizes.iter().sum())
        }),
        other => Err(format!("no kind is called {other}: {KINDS:?}").into()),
    }
}

fn genre(kind: SplitKind) -> SplitConfig {
    SplitConfig::new(kind).with_label("genre").with_group("record")
}

fn whole(items: &[Item], config: &SplitConfig, kind: &str) -> Result<(), Box<dyn Error>> {
    report(items.len(), kind, || {
        let split = Split::new(items, config, 0)?;
        Ok(Side::ALL.into_iter().map(|side| split.side(side).len()).sum())
    })
}

/// Divides, which gives the number of tracks, once and twice more.
fn report(
    n: usize,
    kind: &str,
    divide: impl Fn() -> Result<usize, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let before = peak_kb();
    let begun = Instant::now();
    assert_eq!(divide()?, n);
    let seconds = begun.elapsed().as_secs_f64();
    let once = peak_kb();
    divide()?;
    divide()?;

    let rise = |from: Option<u64>, to: Option<u64>| to.zip(from).map(|(to, from)| to - from);
    let beyond = rise(before, once);
    let mb = |kb: Option<u64>| kb.map_or("unknown".to_owned(), |kb| (kb / 1024).to_string());
    let each = beyond.map_or(String::new(), |kb| format!(" ({})", 1024 * kb / n as u64));
    println!(
        "{n:>9}  {kind:<15} {seconds:>8.2} {:>8.2} {:>9} {:>22} {:>14}",
        1e6 * seconds / n as f64,
        mb(before),
        mb(beyond) + &each,
        mb(rise(once, peak_kb()))
    );
    Ok(())
}

fn item(k: usize, label: String) -> Item {
    Item::new(format!("{:05}/{:02}/{k:07}.flac", k / 100, k / 10 % 10), label, format!("record {}", k / 10))
}

/// The peak of resident memory; none where the system does not say.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
