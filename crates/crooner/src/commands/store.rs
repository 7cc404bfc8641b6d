//! `crooner store`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use crooner_store::{DerivedStat, FolderStat, Garbage, GarbageReason, Store};

use crate::cli::{StoreAction, StoreCommandArgs};
use crate::progress::Progress;
use crate::{interrupt, say};

pub(crate) fn run(args: &StoreCommandArgs) -> Result<ExitCode> {
    match &args.action {
        StoreAction::Stat(store) => stat(&store.root),
        StoreAction::Verify { store, remove } => verify(&store.root, *remove),
        StoreAction::Gc { store, dry_run } => gc(&store.root, *dry_run),
    }
}

fn stat(root: &Path) -> Result<ExitCode> {
    let store = Store::open(root)?;
    let folders = store.stat()?;
    if folders.is_empty() {
        say(&format!("{}: no features", root.display()))?;
    }
    for stat in &folders {
        say(&sentence(stat))?;
    }
    for DerivedStat { path, files, bytes, .. } in store.stat_derived()? {
        say(&format!(
            "{}\n  {} of audio files, {}",
            path.display(),
            counted(files, "fingerprint"),
            size(bytes)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn sentence(stat: &FolderStat) -> String {
    let FolderStat { path, header, shards, damaged, tracks, failures, frames, hours, bytes, indexes, .. } =
        stat;
    let features = header.as_ref().map_or("nothing that can be read".to_owned(), |header| {
        format!("{} (features version {})", header.features, header.features_version)
    });
    let length = match hours {
        Some(hours) => format!("{hours:.2} h of audio"),
        None => counted(*frames as usize, "frame"),
    };
    let mut text = format!(
        "{}\n  {features}\n  {}, {length}, {} in {}",
        path.display(),
        counted(*tracks, "track"),
        size(*bytes),
        counted(*shards, "shard"),
    );
    if *failures > 0 {
        text += &format!("; {failures} could not be decoded");
    }
    if *damaged > 0 {
        text += &format!("; {} cannot be opened", counted(*damaged, "shard"));
    }
    for index in indexes {
        text += &format!("\n  {index}");
    }
    text
}

fn verify(root: &Path, remove: bool) -> Result<ExitCode> {
    let store = Store::open(root)?;
    let cancel = interrupt::watch()?;
    let bar = Progress::new(0, "reading {bar:32} {pos}/{len} shards, {eta} left");
    let found = store.verify(cancel, &|done, all| bar.set(done as u64, all as u64, String::new))?;
    bar.clear();
    for (_, damage) in &found.damaged {
        bar.line(&format!("damaged: {damage}"));
    }
    say(&format!(
        "{} read, {} of {}; {} damaged",
        size(found.bytes),
        counted(found.shards, "shard"),
        root.display(),
        found.damaged.len()
    ))?;
    if remove && !found.damaged.is_empty() {
        let paths: Vec<_> = found.damaged.into_iter().map(|(path, _)| path).collect();
        store.remove(&paths)?;
        say(&format!("{} removed; prepare-data computes them again", counted(paths.len(), "shard")))?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.interrupted {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    Ok(if found.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn gc(root: &Path, dry_run: bool) -> Result<ExitCode> {
    let store = Store::open(root)?;
    let shards = store.garbage()?;
    let fingerprints = store.derived_garbage(&[&crooner_audit::kept_as()])?;
    if dry_run {
        for Garbage { path, bytes, reason, .. } in shards.iter().chain(&fingerprints) {
            let why = match reason {
                GarbageReason::Unlisted => "no data set lists it any more",
                GarbageReason::OtherVersion => "of another version",
                GarbageReason::AudioGone => "its audio file is gone or changed",
                _ => "not needed",
            };
            say(&format!("{} ({}): {why}", path.display(), size(*bytes)))?;
        }
    } else {
        let paths: Vec<_> = shards.iter().chain(&fingerprints).map(|garbage| garbage.path.clone()).collect();
        store.remove(&paths)?;
    }
    let done = if dry_run { "could be removed" } else { "removed" };
    let count = |garbage: &[Garbage], noun: &str| {
        let bytes = garbage.iter().map(|garbage| garbage.bytes).sum();
        say(&format!("{}, {}, {done}", counted(garbage.len(), noun), size(bytes)))
    };
    if !fingerprints.is_empty() {
        count(&fingerprints, "fingerprint")?;
    }
    count(&shards, "shard")?;
    Ok(ExitCode::SUCCESS)
}

/// `1 shard`, `2 shards`.
fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {}", crooner_report::plural(noun)) }
}

/// Bytes as people write them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!(size(0), "0 bytes");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(4_200_000), "4.2 MB");
        assert_eq!(size(1_000_000_000_000_000), "1000.0 TB");
    }
}
