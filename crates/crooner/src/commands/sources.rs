//! From the name of a data set to features ready to read.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};
use crooner_datasets::{Catalogue, Request, Selected, Source, Watch};
use crooner_report::Failure;
use crooner_split::{Item, Side, Split, SplitConfig, SplitKind};
use crooner_store::{FeatureSet, FrontEnd, PrepareOptions, Store, Summary};

use crate::experiment::DatasetConfig;
use crate::progress::{Progress, duration};
use crate::{interrupt, of_file};

/// Most skipped files and failures that are listed one by one.
const LISTED: usize = 10;

/// The tracks of a data set. Files that a set brings or makes go below `store`.
pub(crate) fn catalogue(dataset: &DatasetConfig, store: &Path, lines: &Progress) -> Result<Catalogue> {
    let found = crooner_datasets::find(&dataset.name)?;
    let mut request = Request::default().with_extensions(crooner_audio::EXTENSIONS.iter().copied());
    request.columns.clone_from(&dataset.columns);
    request.options.clone_from(&dataset.options);
    request = request.with_cache(store.join("datasets"));
    match (found.info().source, &dataset.root) {
        (Source::Embedded, None) => {}
        (Source::Embedded, Some(_)) => {
            bail!("the data set {} brings its own files: leave --data out", dataset.name)
        }
        (Source::Folder | Source::File, Some(root)) => request = request.with_root(root),
        (Source::Scores, Some(root)) => {
            lines.line("note: what has not been rendered yet is rendered first; that may take minutes");
            request = request.with_root(root).with_watch(rendering()?);
        }
        (Source::Folder | Source::Scores, None) => bail!("the data set {} needs --data DIR", dataset.name),
        (Source::File, None) => bail!("the data set {} needs --data FILE", dataset.name),
    }
    let catalogue = found.open(&request)?;
    list(lines, "skipped", catalogue.skipped.iter().map(ToString::to_string));
    for caution in &catalogue.cautions {
        lines.line(&format!("note: {caution}"));
    }
    Ok(catalogue)
}

/// A bar of the pieces that a set renders, and Ctrl-C to end it.
fn rendering() -> Result<Watch> {
    let cancel = interrupt::watch()?;
    let bar: OnceLock<Progress> = OnceLock::new();
    Ok(Watch::new(move |n_done, n_pieces| {
        let template = "{msg} {bar:32} {pos}/{len} pieces, {eta} left";
        let bar = bar.get_or_init(|| Progress::new(n_pieces as u64, template));
        bar.set(n_done as u64, n_pieces as u64, || "rendering".to_owned());
        let is_ended = cancel.load(Ordering::Relaxed);
        if is_ended || n_done == n_pieces {
            bar.clear();
        }
        if is_ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }))
}

/// Class and group of every track. A split that cuts groups anyway does not need to know them.
pub(crate) fn select<'a>(catalogue: &'a Catalogue, split: &SplitConfig) -> Result<Vec<Selected<'a>>> {
    let (label, group) = (&split.label, &split.group);
    Ok(match split.kind {
        SplitKind::Song | SplitKind::FewShot | SplitKind::Official => catalogue.select_label(label, group)?,
        SplitKind::Album | SplitKind::Group | SplitKind::Date | SplitKind::Hash | SplitKind::LeaveOneOut => {
            catalogue.select(label, group)?
        }
    })
}

/// Divides `items`, tracks of `catalogue`, as `config` says; an official split by the catalogue's column `split`.
pub(crate) fn divide(
    catalogue: &Catalogue,
    items: &[Item],
    config: &SplitConfig,
    seed: u64,
) -> Result<Split> {
    if config.kind != SplitKind::Official {
        return Ok(Split::new(items, config, seed)?);
    }
    let sides: HashMap<&str, &str> =
        catalogue.tracks.iter().filter_map(|track| Some((track.id.as_str(), track.get("split")?))).collect();
    let mut rows = Vec::new();
    for item in items {
        match sides.get(item.id.as_str()) {
            None => {}
            Some(&"train") => rows.push((item.clone(), Side::Train)),
            Some(&"validation") => rows.push((item.clone(), Side::Validation)),
            Some(&"test") => rows.push((item.clone(), Side::Test)),
            Some(other) => {
                bail!("track {:?} has split {other:?}, expected train, validation or test", item.id)
            }
        }
    }
    if rows.is_empty() {
        bail!("the data set {} has no official split (no column `split`)", catalogue.name);
    }
    Ok(Split::official(rows, config, seed)?)
}

/// What preparing came to, and how long it took.
pub(crate) struct Prepared {
    pub(crate) summary: Summary,
    pub(crate) seconds: f64,
    /// Whether audio was decoded.
    pub(crate) of_audio: bool,
}

/// Computes what the store lacks, with progress, and lists the tracks that could not be read.
pub(crate) fn prepare(
    store: &Store,
    catalogue: &Catalogue,
    features: &FrontEnd,
    options: &PrepareOptions,
    cancel: &AtomicBool,
) -> Result<Prepared> {
    let begun = Instant::now();
    let bar = Progress::new(catalogue.tracks.len() as u64, "{msg} {bar:32} {pos}/{len} tracks, {eta} left");
    let summary = store.prepare(catalogue, features, options, cancel, &|progress| {
        bar.set(progress.tracks_done as u64, progress.tracks as u64, || match features {
            FrontEnd::Audio(_) => {
                let factor = progress.audio_seconds / begun.elapsed().as_secs_f64();
                format!("preparing, {factor:.0} x real time")
            }
            FrontEnd::Segments(_) => "preparing".to_owned(),
        });
    });
    bar.clear();
    let summary = summary?;
    list(&bar, "damaged, and computed again", summary.rebuilt.iter().map(|path| path.display().to_string()));
    list(&bar, "unreadable", summary.failures.iter().map(|(id, error)| of_file(id, error)));
    let of_audio = matches!(features, FrontEnd::Audio(_));
    Ok(Prepared { summary, seconds: begun.elapsed().as_secs_f64(), of_audio })
}

impl Prepared {
    /// Tracks, hours (or segments), failures, and the real-time factor of what was computed.
    pub(crate) fn sentence(&self) -> String {
        let Summary { tracks, reused, computed, failures, frames, audio_seconds, computed_seconds, .. } =
            &self.summary;
        let (mut sentence, done) = if self.of_audio {
            let factor = computed_seconds / self.seconds;
            (
                format!("{tracks} tracks, {:.2} h of audio", audio_seconds / 3600.0),
                format!("computed in {}, {factor:.0} times faster than real time", duration(self.seconds)),
            )
        } else {
            (format!("{tracks} tracks, {frames} segments"), format!("read in {}", duration(self.seconds)))
        };
        if *computed > 0 {
            sentence += &format!("; {computed} {done}");
        }
        if *reused > 0 {
            sentence += &format!("; {reused} were in the store");
        }
        sentence
            + &match failures.len() {
                0 => "; no failures".to_owned(),
                n => format!("; {n} could not be read"),
            }
    }
}

/// What of a data set can be trained on, and what cannot.
pub(crate) struct Usable {
    /// Tracks with at least one slice.
    pub(crate) items: Vec<Item>,
    /// Tracks that could not be decoded.
    pub(crate) failures: Vec<Failure>,
    /// Ids of tracks shorter than a slice.
    too_short: Vec<String>,
}

impl Usable {
    /// `selected` are the classes and groups of the tracks, in their order.
    pub(crate) fn of(features: &FeatureSet, selected: &[Selected<'_>], slice_frames: usize) -> Self {
        let mut usable = Self { items: Vec::new(), failures: Vec::new(), too_short: Vec::new() };
        for (track, selected) in features.tracks().iter().zip(selected) {
            match &track.error {
                Some(error) => {
                    usable.failures.push(Failure { track: track.id.clone(), error: error.clone() });
                }
                None if track.n_frames < slice_frames => usable.too_short.push(track.id.clone()),
                None => usable.items.push(Item::new(&track.id, selected.label, selected.group.as_ref())),
            }
        }
        usable
    }

    /// The ids of what cannot.
    pub(crate) fn left_out(&self) -> HashSet<&str> {
        let failed = self.failures.iter().map(|failure| &failure.track);
        failed.chain(&self.too_short).map(String::as_str).collect()
    }

    /// What a reader of the scores should know.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let ids: Vec<&str> = self.too_short.iter().take(LISTED).map(String::as_str).collect();
        let more = self.too_short.len() - ids.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let sentence =
            |n| format!("{n} track(s) shorter than a slice take no part: {}{more}.", ids.join(", "));
        (!self.too_short.is_empty()).then(|| sentence(self.too_short.len())).into_iter().collect()
    }
}

/// Lists the first of `items`, each after `what`.
pub(crate) fn list(lines: &Progress, what: &str, mut items: impl ExactSizeIterator<Item = String>) {
    let more = items.len().saturating_sub(LISTED);
    for item in items.by_ref().take(LISTED) {
        lines.line(&format!("{what}: {item}"));
    }
    if more > 0 {
        lines.line(&format!("{what}: and {more} more"));
    }
}
