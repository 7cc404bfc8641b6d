//! The audit: files, fingerprints, versions, albums, labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crooner_datasets::{Catalogue, Track};
use crooner_fingerprint::versions::{LIKELY, Sketch, candidates, compare};
use crooner_fingerprint::{Fingerprint, Index, Prepared};
use crooner_split::{Side, Split};
use crooner_store::Store;
use rayon::prelude::*;

use crate::albums::alike_albums;
use crate::findings::{Audit, FORMAT, Found, Pair, Unreadable};
use crate::labels::alike_labels;
use crate::prints::{Content, Files, Prints, contents, fingerprints};
use crate::{AuditError, Depth, Options, Progress, Stage};

/// Of each recording so many others, the most alike by their sketches, are compared for versions.
const NEAREST: usize = 5;
/// Tracks that are looked up between two looks at the cancel flag.
const BATCH: usize = 256;

/// What two recordings have in common, by their numbers, the smaller first.
type Heard = (u32, u32, Found);

/// Looks for what is there twice in `catalogue`, and for what of that lies on two sides of `split`.
///
/// Hashes and fingerprints are kept in `store`, by content: a second audit computes what is new. `on_progress` is called
/// from several threads. Returns `None` if `cancel` became true.
///
/// # Errors
/// Anything the store or the file system refuses, a file that changes while it is read, no thread. A file that cannot be
/// decoded is no error: see [`Audit::unreadable`].
pub fn audit(
    catalogue: &Catalogue,
    split: Option<&Split>,
    store: &Store,
    options: &Options,
    cancel: &AtomicBool,
    on_progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Audit>, AuditError> {
    let jobs = options.jobs;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.unwrap_or(0))
        .build()
        .map_err(|source| AuditError::Threads { jobs, source })?;
    pool.install(|| Task { catalogue, split, store, options, cancel, on_progress }.run())
}

struct Task<'a> {
    catalogue: &'a Catalogue,
    split: Option<&'a Split>,
    store: &'a Store,
    options: &'a Options,
    cancel: &'a AtomicBool,
    on_progress: &'a (dyn Fn(Progress) + Sync),
}

impl Task<'_> {
    fn run(&self) -> Result<Option<Audit>, AuditError> {
        let tracks = &self.catalogue.tracks;
        let paths: Vec<&Path> = tracks.iter().map(|track| track.path.as_path()).collect();
        let found = contents(self.store, &paths, self.options.jobs, self.cancel, self.on_progress)?;
        let Some(Files { contents, unreadable }) = found else { return Ok(None) };
        let prints = fingerprints(self.store, &paths, &contents, self.cancel, self.on_progress)?;
        let Some(prints) = prints else { return Ok(None) };

        let mut audit = self.empty();
        for &track in &unreadable {
            let error = "the file cannot be read".to_owned();
            audit.unreadable.push(Unreadable { track: tracks[track].id.clone(), error });
        }
        for content in contents.iter().filter(|content| content.tracks.len() > 1) {
            let (first, others) = (content.tracks[0], &content.tracks[1..]);
            audit.pairs.extend(others.iter().map(|&other| self.pair(Found::IdenticalFile, first, other)));
        }
        if !self.listen(&mut audit, &contents, prints)? {
            return Ok(None);
        }
        audit.unreadable.sort_by(|a, b| a.track.cmp(&b.track));
        audit.pairs.sort_by(|a, b| {
            (a.found.rank(), &a.first, &a.second).cmp(&(b.found.rank(), &b.first, &b.second))
        });
        audit.albums = alike_albums(tracks, &audit.pairs, &|id| self.side(id));
        let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
        for track in tracks {
            if let Some(label) = track.get(&self.options.label) {
                *labels.entry(label).or_default() += 1;
            }
        }
        audit.labels = alike_labels(labels);
        Ok(Some(audit))
    }

    fn empty(&self) -> Audit {
        Audit {
            format: FORMAT,
            dataset: self.catalogue.name.clone(),
            label: self.options.label.clone(),
            tracks: self.catalogue.tracks.len(),
            listened: 0,
            seconds: 0.0,
            split: self.split.map(|split| split.fingerprint().to_owned()),
            pairs: Vec::new(),
            albums: Vec::new(),
            labels: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    /// Adds what is heard to `audit`. False if cancelled.
    fn listen(&self, audit: &mut Audit, contents: &[Content], prints: Prints) -> Result<bool, AuditError> {
        // The track that stands for each content that can be heard, by its number in the index.
        let (mut heard, mut audible) = (Vec::new(), Vec::new());
        for (content, print) in contents.iter().zip(prints) {
            match print {
                Ok(print) => {
                    audit.listened += content.tracks.len();
                    audit.seconds += print.seconds();
                    heard.push(content.tracks[0]);
                    audible.push(print);
                }
                Err(error) => {
                    let failed = |&track: &usize| Unreadable {
                        track: self.catalogue.tracks[track].id.clone(),
                        error: error.clone(),
                    };
                    audit.unreadable.extend(content.tracks.iter().map(failed));
                }
            }
        }
        let Some(recordings) = self.recordings(&audible)? else { return Ok(false) };
        let known: BTreeSet<(u32, u32)> =
            recordings.iter().filter(|(_, _, found)| found.is_proven()).map(|(a, b, _)| (*a, *b)).collect();
        let versions = if self.options.depth == Depth::Full {
            let Some(versions) = self.versions(&audible, &known) else { return Ok(false) };
            versions
        } else {
            Vec::new()
        };
        for (first, second, found) in recordings.into_iter().chain(versions) {
            audit.pairs.push(self.pair(found, heard[first as usize], heard[second as usize]));
        }
        Ok(true)
    }

    /// Pairs of fingerprints of which something is proven. `None` if cancelled.
    fn recordings(&self, prints: &[Fingerprint]) -> Result<Option<Vec<Heard>>, AuditError> {
        let mut index = Index::default();
        let mut found = Vec::new();
        for batch in prints.chunks(BATCH) {
            if self.cancel.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let first = index.len();
            let prepared: Vec<Prepared> = batch.par_iter().cloned().map(Prepared::new).collect();
            for prepared in prepared {
                index.add_prepared(prepared)?;
            }
            // Each is looked up among those before it.
            let matches: Vec<Heard> = batch
                .par_iter()
                .enumerate()
                .flat_map_iter(|(place, print)| {
                    let number = (first + place) as u32;
                    index.query_before(print, number).into_iter().filter_map(move |found| {
                        let other = prints.get(found.track as usize)?;
                        Some((found.track, number, Found::of(&found, print.seconds(), other.seconds())?))
                    })
                })
                .collect();
            found.extend(matches);
            (self.on_progress)(Progress { stage: Stage::Comparing, done: index.len(), of: prints.len() });
        }
        Ok(Some(found))
    }

    /// Pairs of fingerprints that are probable versions, without those that are known to be one recording. `None` if
    /// cancelled.
    fn versions(&self, prints: &[Fingerprint], known: &BTreeSet<(u32, u32)>) -> Option<Vec<Heard>> {
        let sketches: Vec<Option<Sketch>> = prints.par_iter().map(Sketch::new).collect();
        let near = candidates(&sketches, NEAREST);
        let (done, of) = (AtomicUsize::new(0), near.len());
        let compared: Vec<Option<Heard>> = near
            .par_iter()
            .filter(|pair| !known.contains(*pair))
            .map(|&(first, second)| {
                if self.cancel.load(Ordering::Relaxed) {
                    return None;
                }
                let likeness = compare(&prints[first as usize], &prints[second as usize])?;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if done.is_multiple_of(BATCH) {
                    (self.on_progress)(Progress { stage: Stage::Versions, done, of });
                }
                (likeness.score > LIKELY).then(|| (first, second, Found::version(&likeness)))
            })
            .collect();
        (!self.cancel.load(Ordering::Relaxed)).then(|| compared.into_iter().flatten().collect())
    }

    fn pair(&self, found: Found, first: usize, second: usize) -> Pair {
        let [first, second]: [&Track; 2] = [first, second].map(|number| &self.catalogue.tracks[number]);
        let label = |track: &Track| track.get(&self.options.label).unwrap_or_default().to_owned();
        Pair {
            found,
            labels: [label(first), label(second)],
            sides: [self.side(&first.id), self.side(&second.id)],
            first: first.id.clone(),
            second: second.id.clone(),
        }
    }

    fn side(&self, id: &str) -> Option<Side> {
        self.split.and_then(|split| split.side_of(id))
    }
}
