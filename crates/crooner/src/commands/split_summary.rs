//! What `crooner split` says of a split: tracks, slices and hours of every class and side.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, bail};
use crooner_datasets::{Catalogue, Table};
use crooner_split::{Side, Split};
use crooner_store::Store;

use super::audit::counted;
use crate::experiment::Experiment;

/// Most classes that are listed one by one.
const SHOWN: usize = 30;
/// Columns of a class's name.
const NAME: usize = 24;

/// What the store knows of the lengths of a catalogue's tracks.
pub(super) struct Lengths {
    tracks: HashMap<String, Length>,
    /// Frames of a slice, if the tracks' frames are those that `train` would cut.
    slice_frames: Option<usize>,
    /// What the frames are of.
    features: &'static str,
}

struct Length {
    frames: usize,
    hours: Option<f64>,
}

impl Lengths {
    /// Of the features of `experiment` if they are prepared, else of others, which tell hours alone; `None` if nothing is.
    pub(super) fn of(store: &Path, catalogue: &Catalogue, experiment: &Experiment) -> Result<Option<Self>> {
        let store = Store::open(store)?;
        let wanted = store.index_path(catalogue, &experiment.features)?;
        let (index, slice_frames) = if wanted.is_file() {
            (wanted, Some(experiment.slices.frames))
        } else {
            match store.indexes(catalogue)?.into_iter().next() {
                Some(other) => (other, None),
                None => return Ok(None),
            }
        };
        let table = Table::read(&index)?;
        let [Some(id), Some(frames), Some(seconds)] =
            ["id", "n_frames", "duration_seconds"].map(|name| table.position(name))
        else {
            bail!(
                "{} has not the columns id, n_frames and duration_seconds: run prepare-data again",
                index.display()
            );
        };
        let length = |row: &Vec<String>| -> Result<(String, Length)> {
            let number = |column: usize| {
                row[column].parse::<f64>().with_context(|| {
                    format!("{}: expected a number, found {:?}", index.display(), row[column])
                })
            };
            let hours = if row[seconds].is_empty() { None } else { Some(number(seconds)? / 3600.0) };
            Ok((row[id].clone(), Length { frames: number(frames)? as usize, hours }))
        };
        let tracks = table.rows.iter().map(length).collect::<Result<_>>()?;
        Ok(Some(Self { tracks, slice_frames, features: experiment.features.name() }))
    }
}

/// Of one class on one side.
#[derive(Clone, Copy, Default)]
struct Count {
    tracks: usize,
    slices: usize,
    hours: f64,
}

/// The table of classes and sides, and below it what a reader must know.
pub(super) fn describe(split: &Split, lengths: Option<&Lengths>) -> String {
    let mut classes: BTreeMap<&str, [Count; 3]> = BTreeMap::new();
    let mut all = [Count::default(); 3];
    let (mut unknown, mut sliceless) = (0, 0);
    for (side, item) in split.rows() {
        let length = lengths.and_then(|lengths| lengths.tracks.get(&item.id));
        let slices = length
            .zip(lengths.and_then(|lengths| lengths.slice_frames))
            .map(|(length, slice_frames)| length.frames / slice_frames.max(1));
        unknown += usize::from(length.is_none());
        sliceless += usize::from(slices == Some(0));
        for counts in [classes.entry(&item.label).or_default(), &mut all] {
            let count = &mut counts[side as usize];
            count.tracks += 1;
            count.slices += slices.unwrap_or_default();
            count.hours += length.and_then(|length| length.hours).unwrap_or_default();
        }
    }
    let known = Known {
        slices: lengths.is_some_and(|lengths| lengths.slice_frames.is_some()),
        hours: lengths.is_some_and(|lengths| lengths.tracks.values().any(|length| length.hours.is_some())),
    };
    let mut text = known.head(&split.config().label);
    for (class, counts) in classes.iter().take(SHOWN) {
        text += &known.line(class, counts);
    }
    if classes.len() > SHOWN {
        text += &format!("  ... and {} more\n", classes.len() - SHOWN);
    }
    text += &known.line("all", &all);
    for note in split.notes().iter().map(ToString::to_string).chain(known.notes(lengths, unknown, sliceless))
    {
        text += &format!("note: {note}\n");
    }
    text
}

/// What can be said besides tracks.
struct Known {
    slices: bool,
    hours: bool,
}

impl Known {
    fn names(&self) -> Vec<&'static str> {
        let names = [("tracks", true), ("slices", self.slices), ("hours", self.hours)];
        names.into_iter().filter(|(_, known)| *known).map(|(name, _)| name).collect()
    }

    /// The sides, and below each its columns.
    fn head(&self, label: &str) -> String {
        let names = self.names();
        let width = 10 * names.len();
        let sides: String = Side::ALL.iter().map(|side| format!(" {:>width$}", side.to_string())).collect();
        if names.len() == 1 {
            return format!("  {label:<NAME$}{sides}\n");
        }
        let columns: String = names.iter().map(|name| format!("{name:>10}")).collect();
        format!("  {:<NAME$}{sides}\n  {label:<NAME$}{}\n", "", format!(" {columns}").repeat(Side::ALL.len()))
    }

    fn line(&self, name: &str, counts: &[Count; 3]) -> String {
        let side = |count: &Count| {
            let slices = if self.slices { format!("{:>10}", count.slices) } else { String::new() };
            let hours = if self.hours { format!("{:>10.2}", count.hours) } else { String::new() };
            format!(" {:>10}{slices}{hours}", count.tracks)
        };
        format!("  {name:<NAME$}{}\n", counts.iter().map(side).collect::<String>())
    }

    /// Why something is not said, or less than it seems.
    fn notes(&self, lengths: Option<&Lengths>, unknown: usize, sliceless: usize) -> Vec<String> {
        let Some(lengths) = lengths else {
            return vec!["how long the tracks are is unknown until prepare-data has run".to_owned()];
        };
        let mut notes = Vec::new();
        match lengths.slice_frames {
            Some(frames) => notes.push(format!("a slice is {frames} frames of {}", lengths.features)),
            None => notes.push(format!(
                "slices are unknown until prepare-data has run for these settings of {}",
                lengths.features
            )),
        }
        if unknown > 0 {
            notes.push(format!("the store does not know how long {} are", counted(unknown, "track")));
        }
        if sliceless > 0 {
            notes.push(format!(
                "{} without a slice, unreadable or too short: train cannot use such",
                counted(sliceless, "track")
            ));
        }
        notes
    }
}
