//! Counts which injected duplicates are found, and which originals are taken for one another.
//!
//! `injected.sh`, beside this file, makes the duplicates and runs this:
//! `cargo run --release -p crooner-fingerprint --example injected -- ORIGINALS DUPLICATES [EVERY]`, where DUPLICATES has
//! a folder for each kind with a file `PATH` or `PATH.ext` for each original `PATH`. With EVERY only each so-manieth
//! original's duplicates are tried.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use crooner_audio::AudioReader;
use crooner_fingerprint::{Extractor, Fingerprint, Index, Match, Verdict};
use rayon::prelude::*;

use self::music::files;

mod music;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ([originals, duplicates] | [originals, duplicates, _]) = &args[..] else {
        return Err("expected: injected ORIGINALS DUPLICATES [EVERY]".into());
    };
    let every: usize = args.get(2).map_or(Ok(1), |every| every.parse())?;
    let (originals, duplicates) = (Path::new(originals), Path::new(duplicates));

    let names = relative_files(originals)?;
    let paths: Vec<PathBuf> = names.iter().map(|name| originals.join(name)).collect();
    let prints = fingerprints(&paths)?;
    let mut index = Index::default();
    for print in &prints {
        index.add(print.clone())?;
    }
    let seconds: f64 = prints.iter().map(Fingerprint::seconds).sum();
    let peaks: usize = prints.iter().map(|print| print.peaks().len()).sum();
    println!(
        "{} originals, {seconds:.0} s, {:.1} peaks and {:.1} hashes a second",
        names.len(),
        peaks as f64 / seconds,
        index.n_hashes() as f64 / seconds
    );

    let mut copies = 0;
    let matches = index.matches_of(0..prints.len() as u32, &|| false)?.unwrap_or_default();
    for (number, (print, matches)) in prints.iter().zip(&matches).enumerate() {
        for found in matches {
            let other = &prints[found.track as usize];
            copies += usize::from(is_copy(found, print, other));
            println!(
                "  originals alike: {} and {}: {}",
                names[number],
                names[found.track as usize],
                describe(found, print, other)
            );
        }
    }
    println!("originals taken for copies of one another: {copies} pairs\n");

    println!("{:28} {:>5} {:>6} {:>6} {:>6} {:>10}", "kind", "found", "missed", "wrong", "other", "weakest");
    let mut kinds: Vec<PathBuf> =
        std::fs::read_dir(duplicates)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    kinds.sort();
    for kind in kinds {
        count(&kind, &names, &prints, &index, every)?;
    }
    Ok(())
}

/// Prints the line of one kind.
fn count(kind: &Path, names: &[String], prints: &[Fingerprint], index: &Index, every: usize) -> Result<()> {
    let there: BTreeMap<String, PathBuf> =
        relative_files(kind)?.into_iter().map(|name| (name.clone(), kind.join(name))).collect();
    let duplicate_of = |name: &str| {
        let longer = format!("{name}.");
        there.get(name).or_else(|| {
            there
                .range(longer.clone()..)
                .next()
                .filter(|(other, _)| other.starts_with(&longer))
                .map(|(_, path)| path)
        })
    };
    let tried: Vec<(usize, &PathBuf)> = (0..names.len())
        .step_by(every)
        .filter_map(|number| Some((number, duplicate_of(&names[number])?)))
        .collect();
    let copies = fingerprints(&tried.iter().map(|(_, path)| (*path).clone()).collect::<Vec<_>>())?;
    let answers: Vec<Vec<Match>> =
        copies.par_iter().map(|print| index.query(print)).collect::<std::result::Result<_, _>>()?;
    let (mut found, mut wrong, mut other, mut weakest) = (0, 0, 0, f64::NEG_INFINITY);
    let mut missed = Vec::new();
    for ((&(number, _), copy), matches) in tried.iter().zip(&copies).zip(&answers) {
        let proven = |found: &&Match| is_copy(found, copy, &prints[found.track as usize]);
        match matches.iter().filter(proven).find(|found| found.track as usize == number) {
            Some(right) => {
                found += 1;
                weakest = weakest.max(right.log10_chance);
            }
            None => missed.push((number, copy, matches)),
        }
        wrong += usize::from(matches.first().is_some_and(|first| first.track as usize != number));
        for found in matches.iter().filter(proven).filter(|found| found.track as usize != number) {
            other += 1;
            let track = found.track as usize;
            println!(
                "  {} is like {} too: {}",
                names[number],
                names[track],
                describe(found, copy, &prints[track])
            );
        }
    }
    let kind = kind.file_name().unwrap_or_default().to_string_lossy();
    println!("{kind:28} {found:>5} {:>6} {wrong:>6} {other:>6} {weakest:>10.1}", missed.len());
    for (number, copy, matches) in missed {
        let best = matches.iter().find(|found| found.track as usize == number);
        let best = best.map_or("no hashes agree".to_owned(), |found| describe(found, copy, &prints[number]));
        println!(
            "  missed: {} ({} peaks in {:.0} s): {best}",
            names[number],
            copy.peaks().len(),
            copy.seconds()
        );
    }
    Ok(())
}

fn is_copy(found: &Match, query: &Fingerprint, track: &Fingerprint) -> bool {
    found.verdict(query.seconds(), track.seconds()) == Some(Verdict::SameRecording)
}

fn describe(found: &Match, query: &Fingerprint, track: &Fingerprint) -> String {
    format!(
        "log10 chance {:.1}, {} of {} peaks, chance {:.3}, {:.1} to {:.1} s at {:.1} s, {:.0} % alike, speed {:.4}",
        found.log10_chance,
        found.agreeing,
        found.peaks,
        found.chance,
        found.query_seconds.start,
        found.query_seconds.end,
        found.track_seconds.start,
        100.0 * found.coverage(query.seconds(), track.seconds()),
        found.speed
    )
}

fn fingerprints(paths: &[PathBuf]) -> Result<Vec<Fingerprint>> {
    paths
        .par_iter()
        .map(|path| {
            let mut reader = AudioReader::open(path)?;
            let mut extractor = Extractor::new(reader.sample_rate())?;
            while let Some(block) = reader.next_block()? {
                extractor.push(block)?;
            }
            Ok(extractor.finish()?)
        })
        .collect()
}

/// Paths of all audio files relative to `folder`, sorted.
fn relative_files(folder: &Path) -> Result<Vec<String>> {
    let relative = |path: PathBuf| Ok(path.strip_prefix(folder)?.to_string_lossy().into_owned());
    let mut names = files(folder)?.into_iter().map(relative).collect::<Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}
