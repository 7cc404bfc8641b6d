//! The audit: files, fingerprints, versions, albums, labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crooner_datasets::{Catalogue, Track};
use crooner_fingerprint::versions::{LIKELY, Sketch, candidates, compare};
use crooner_fingerprint::{Index, Prepared};
use crooner_split::{Side, Split};
use crooner_store::Store;
use rayon::prelude::*;

use crate::albums::alike_albums;
use crate::findings::{Audit, FORMAT, Found, Pair, Unreadable};
use crate::labels::alike_labels;
use crate::prints::{Content, Files, Prints, contents};
use crate::{AuditError, Depth, Options, Progress, Stage};

/// Of each recording so many others, the most alike by their sketches, are compared for versions.
const NEAREST: usize = 5;
/// Tracks that are held in memory together while they are added to the index.
const BATCH: usize = 256;
/// Tracks that are looked up together: the more, the fewer times the index is gone through.
const LOOKED_UP: usize = 1024;

/// What two recordings have in common, by their numbers, the smaller first.
type Alike = (u32, u32, Found);

/// The recordings that can be heard, each once, by their numbers in the index.
struct Heard<'a> {
    contents: Vec<&'a Content>,
    seconds: Vec<f64>,
    /// Empty where no versions are looked for.
    sketches: Vec<Option<Sketch>>,
    index: Index,
}

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
        let prints = Prints::new(self.store, &paths)?;

        let mut audit = self.empty();
        for &track in &unreadable {
            let error = "the file cannot be read".to_owned();
            audit.unreadable.push(Unreadable { track: tracks[track].id.clone(), error });
        }
        for content in contents.iter().filter(|content| content.tracks.len() > 1) {
            let (first, others) = (content.tracks[0], &content.tracks[1..]);
            audit.pairs.extend(others.iter().map(|&other| self.pair(Found::IdenticalFile, first, other)));
        }
        let Some(heard) = self.listen(&mut audit, &contents, &prints)? else { return Ok(None) };
        if !self.compare(&mut audit, heard, &prints)? {
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

    /// Fingerprints all contents. `None` if cancelled: the store keeps what was heard.
    fn listen<'a>(
        &self,
        audit: &mut Audit,
        contents: &'a [Content],
        prints: &Prints<'_>,
    ) -> Result<Option<Heard<'a>>, AuditError> {
        // What the index cannot hold in memory lies beside the fingerprints.
        let index = Index::with_scratch(self.store.root());
        let mut heard = Heard { contents: Vec::new(), seconds: Vec::new(), sketches: Vec::new(), index };
        let is_full = self.options.depth == Depth::Full;
        let done = Mutex::new(0);
        let listened = |content| {
            if self.cancel.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let print = prints.of(content)?.map(|print| {
                let sketch = if is_full { Sketch::new(&print) } else { None };
                (print.seconds(), sketch, Prepared::new(print))
            });
            // Its only panic is the reporter's own.
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done += 1;
            (self.on_progress)(Progress { stage: Stage::Listening, done: *done, of: contents.len() });
            Ok::<_, AuditError>(Some(print))
        };
        for batch in contents.chunks(BATCH) {
            let listened = batch.par_iter().map(listened).collect::<Result<Vec<_>, _>>()?;
            for (content, print) in batch.iter().zip(listened) {
                let Some(print) = print else { return Ok(None) };
                match print {
                    Ok((seconds, sketch, prepared)) => {
                        audit.listened += content.tracks.len();
                        audit.seconds += seconds;
                        heard.contents.push(content);
                        heard.seconds.push(seconds);
                        if is_full {
                            heard.sketches.push(sketch);
                        }
                        heard.index.add_prepared(prepared)?;
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
        }
        Ok(Some(heard))
    }

    /// Adds what recordings have in common to `audit`. False if cancelled.
    fn compare(
        &self,
        audit: &mut Audit,
        mut heard: Heard<'_>,
        prints: &Prints<'_>,
    ) -> Result<bool, AuditError> {
        heard.index.compact()?;
        let Some(recordings) = self.recordings(&heard)? else { return Ok(false) };
        let known: BTreeSet<(u32, u32)> =
            recordings.iter().filter(|(_, _, found)| found.is_proven()).map(|(a, b, _)| (*a, *b)).collect();
        let Some(versions) = self.versions(&heard, &known, prints)? else { return Ok(false) };
        for (first, second, found) in recordings.into_iter().chain(versions) {
            let [first, second] = [first, second].map(|number| heard.contents[number as usize].tracks[0]);
            audit.pairs.push(self.pair(found, first, second));
        }
        Ok(true)
    }

    /// Pairs of recordings of which something is proven. `None` if cancelled.
    fn recordings(&self, heard: &Heard<'_>) -> Result<Option<Vec<Alike>>, AuditError> {
        let mut found = Vec::new();
        let (mut done, of) = (0, heard.index.len());
        while done < of {
            // Each is looked up among those before it.
            let batch = done as u32..of.min(done + LOOKED_UP) as u32;
            done = batch.end as usize;
            let is_cancelled = || self.cancel.load(Ordering::Relaxed);
            let Some(matches) = heard.index.matches_of(batch.clone(), &is_cancelled)? else {
                return Ok(None);
            };
            for (number, matches) in batch.zip(matches) {
                let seconds = heard.seconds[number as usize];
                found.extend(matches.iter().filter_map(|found| {
                    let what = Found::of(found, seconds, heard.seconds[found.track as usize])?;
                    Some((found.track, number, what))
                }));
            }
            (self.on_progress)(Progress { stage: Stage::Comparing, done, of });
        }
        Ok(Some(found))
    }

    /// Pairs of recordings that are probable versions, without those that are known to be one recording. `None` if
    /// cancelled.
    fn versions(
        &self,
        heard: &Heard<'_>,
        known: &BTreeSet<(u32, u32)>,
        prints: &Prints<'_>,
    ) -> Result<Option<Vec<Alike>>, AuditError> {
        let near = candidates(&heard.sketches, NEAREST);
        let (done, of) = (AtomicUsize::new(0), near.len());
        let of_first = |pairs: &[(u32, u32)]| {
            let first = prints.again(heard.contents[pairs[0].0 as usize])?;
            let mut found = Vec::new();
            for &(one, other) in pairs.iter().filter(|pair| !known.contains(*pair)) {
                if self.cancel.load(Ordering::Relaxed) {
                    break;
                }
                let second = prints.again(heard.contents[other as usize])?;
                let likely = compare(&first, &second).filter(|likeness| likeness.score > LIKELY);
                found.extend(likely.map(|likeness| (one, other, Found::version(&likeness))));
            }
            let before = done.fetch_add(pairs.len(), Ordering::Relaxed);
            let done = before + pairs.len();
            if done / BATCH > before / BATCH {
                (self.on_progress)(Progress { stage: Stage::Versions, done, of });
            }
            Ok::<_, AuditError>(found)
        };
        let groups: Vec<&[(u32, u32)]> = near.chunk_by(|a, b| a.0 == b.0).collect();
        let compared = groups.into_par_iter().map(of_first).collect::<Result<Vec<_>, _>>()?;
        Ok((!self.cancel.load(Ordering::Relaxed)).then(|| compared.concat()))
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
