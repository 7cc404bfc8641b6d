//! Scores of pretended versions against those of all pairs of originals:
//! `cargo run --release -p crooner-fingerprint --example versions -- ORIGINALS VERSIONS`, where VERSIONS has a folder for
//! each kind with a file `PATH.ext` for each original `PATH`; `versions.sh` makes them.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::{Path, PathBuf};

use crooner_audio::AudioReader;
use crooner_fingerprint::versions::{LIKELY, Sketch, candidates, compare};
use crooner_fingerprint::{Extractor, Fingerprint};
use rayon::prelude::*;

use self::music::files;

mod music;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [originals, versions] = &args[..] else { return Err("expected: versions ORIGINALS VERSIONS".into()) };
    let (originals, versions) = (Path::new(originals), Path::new(versions));
    let paths = files(originals)?;
    let prints: Vec<Fingerprint> = paths.par_iter().map(|path| fingerprint(path)).collect::<Result<_>>()?;
    let pairs: Vec<(usize, usize)> =
        (0..prints.len()).flat_map(|a| (a + 1..prints.len()).map(move |b| (a, b))).collect();
    let mut scores: Vec<(f64, usize, usize)> =
        pairs.par_iter().filter_map(|&(a, b)| Some((compare(&prints[a], &prints[b])?.score, a, b))).collect();
    scores.sort_by(|x, y| y.0.total_cmp(&x.0));
    println!("{} pairs of originals; the largest scores:", scores.len());
    for (score, a, b) in scores.iter().take(12) {
        println!("  {score:.3} {} and {}", paths[*a].display(), paths[*b].display());
    }
    let quantile = |share: f64| scores[((scores.len() - 1) as f64 * share) as usize].0;
    println!(
        "  1 in 100 above {:.3}, 1 in 10 above {:.3}, half above {:.3}\n",
        quantile(0.01),
        quantile(0.1),
        quantile(0.5)
    );

    let mut kinds: Vec<PathBuf> =
        std::fs::read_dir(versions)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    kinds.sort();
    println!(
        "{:24} {:>6} {:>8} {:>11} {:>8} {:>8}",
        "kind", "pairs", "likely", "candidates", "median", "lowest"
    );
    for kind in kinds {
        let there = files(&kind)?;
        let theirs: Vec<Fingerprint> =
            there.par_iter().map(|path| fingerprint(path)).collect::<Result<_>>()?;
        let own = |version: &Path| {
            let name = version.strip_prefix(&kind).ok()?.with_extension("");
            paths.iter().position(|path| path.strip_prefix(originals).is_ok_and(|path| path == name))
        };
        let partners: Vec<Option<usize>> = there.iter().map(|path| own(path)).collect();
        let all: Vec<Option<Sketch>> = prints.iter().chain(&theirs).map(Sketch::new).collect();
        let near = candidates(&all, 10);
        let is_near = |(number, partner): &(usize, usize)| {
            near.binary_search(&(*partner as u32, (prints.len() + number) as u32)).is_ok()
        };
        let matched: Vec<(usize, usize)> =
            partners.iter().enumerate().filter_map(|(number, partner)| Some((number, (*partner)?))).collect();
        let mut scores: Vec<f64> = matched
            .par_iter()
            .filter_map(|&(number, partner)| Some(compare(&prints[partner], &theirs[number])?.score))
            .collect();
        scores.sort_by(f64::total_cmp);
        println!(
            "{:24} {:>6} {:>8} {:>11} {:>8.3} {:>8.3}",
            kind.file_name().unwrap_or_default().to_string_lossy(),
            scores.len(),
            scores.iter().filter(|score| **score > LIKELY).count(),
            matched.iter().filter(|pair| is_near(pair)).count(),
            scores.get(scores.len() / 2).unwrap_or(&f64::NAN),
            scores.first().unwrap_or(&f64::NAN)
        );
    }
    Ok(())
}

fn fingerprint(path: &Path) -> Result<Fingerprint> {
    let mut reader = AudioReader::open(path)?;
    let mut extractor = Extractor::new(reader.sample_rate())?;
    while let Some(block) = reader.next_block()? {
        extractor.push(block)?;
    }
    Ok(extractor.finish()?)
}
