//! What a reader of a score must know about its split.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::check::Row;
use crate::{Side, SplitConfig, SplitKind};

/// A remark on a valid split, for reports; [`Display`](fmt::Display) gives it as one sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// These classes have two groups only: validation tracks come from the group that is trained on, so
    /// early stopping sees the album effect. The test group is held out all the same.
    ValidationFromTrainingGroup {
        /// What a class is, such as `artist`.
        label: String,
        /// What a group is, such as `album`.
        group: String,
        /// Who, sorted.
        classes: Vec<String>,
    },
    /// A fraction was set to something but its default, and nothing read it.
    UnusedFraction {
        /// The key in the configuration.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What decides in its place: half a sentence.
        because: &'static str,
    },
    /// The list had no validation side: these many training tracks, drawn by the seed, validate.
    ValidationFromTraining {
        /// How many.
        tracks: usize,
    },
    /// Classes that a side has no track of.
    MissingClasses {
        /// What a class is.
        label: String,
        /// Which side.
        side: Side,
        /// Who, sorted.
        classes: Vec<String>,
    },
    /// A published list that cuts groups in two.
    SharedGroups {
        /// What a group is.
        group: String,
        /// How many are in the test and in training or validation.
        count: usize,
        /// The first of them.
        example: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ValidationFromTrainingGroup { label, group, classes } => write!(
                f,
                "{} {label}(s) have only two {group}s, so their validation tracks come from the {group} that is \
                 trained on (the test {group} is held out): {}.",
                classes.len(),
                classes.join(", ")
            ),
            Self::UnusedFraction { field, value, because } => {
                write!(f, "{field} = {value} was not used: {because}.")
            }
            Self::ValidationFromTraining { tracks } => write!(
                f,
                "the published list has no validation part: {tracks} of its training tracks, drawn by the seed, \
                 validate."
            ),
            Self::MissingClasses { label, side, classes } => {
                write!(f, "{} {label}(s) have no {side} track: {}.", classes.len(), first_few(classes))
            }
            Self::SharedGroups { group, count, example } => write!(
                f,
                "{count} {group}(s) of the test are also trained or validated on, such as {example}: the score may \
                 be flattered."
            ),
        }
    }
}

const ALBUM_BECAUSE: &str =
    "the album split holds out whole albums, one of each artist for the test and one for validation";

/// The notes on checked rows, in a fixed order. Derived, never stored.
pub(crate) fn notes(config: &SplitConfig, rows: &[Row]) -> Vec<Note> {
    let mut notes = match (config.kind, config.folds) {
        (_, Some(_)) => {
            let because = "folds have equal shares";
            [test_fraction(config, because), validation_fraction(config, because)]
                .into_iter()
                .flatten()
                .collect()
        }
        (SplitKind::Album, None) => album_notes(config, rows),
        (SplitKind::FewShot, None) => {
            test_fraction(config, "what a few-shot split does not train on is its test").into_iter().collect()
        }
        (SplitKind::LeaveOneOut, None) => {
            test_fraction(config, "one group is the test").into_iter().collect()
        }
        (SplitKind::Official, None) => {
            let because = "the published list decides";
            test_fraction(config, because).into_iter().chain(shared_groups(config, rows)).collect()
        }
        (SplitKind::Song | SplitKind::Group | SplitKind::Date | SplitKind::Hash, None) => Vec::new(),
    };
    if !config.holds_out_classes() && config.kind != SplitKind::LeaveOneOut {
        notes.extend(missing_classes(config, rows));
    }
    notes
}

fn test_fraction(config: &SplitConfig, because: &'static str) -> Option<Note> {
    let value = config.test_fraction;
    let note = Note::UnusedFraction { field: "test_fraction", value, because };
    (value != SplitConfig::TEST_FRACTION).then_some(note)
}

fn validation_fraction(config: &SplitConfig, because: &'static str) -> Option<Note> {
    let value = config.validation_fraction;
    let note = Note::UnusedFraction { field: "validation_fraction", value, because };
    (value != SplitConfig::VALIDATION_FRACTION).then_some(note)
}

/// Only kinds that allow it have any.
fn missing_classes(config: &SplitConfig, rows: &[Row]) -> Vec<Note> {
    let on = |side: Side| -> BTreeSet<&str> {
        rows.iter().filter(|row| row.side == side).map(|row| row.item.label.as_str()).collect()
    };
    let all: BTreeSet<&str> = rows.iter().map(|row| row.item.label.as_str()).collect();
    let missing = |side: Side| {
        let present = on(side);
        let classes: Vec<String> =
            all.iter().filter(|class| !present.contains(*class)).map(|class| (*class).to_owned()).collect();
        let label = config.label.clone();
        (!classes.is_empty()).then_some(Note::MissingClasses { label, side, classes })
    };
    Side::ALL.into_iter().filter_map(missing).collect()
}

fn shared_groups(config: &SplitConfig, rows: &[Row]) -> Option<Note> {
    let config = SplitConfig { kind: SplitKind::Group, ..config.clone() };
    if config.holds_out_classes() {
        return None;
    }
    let of = |test: bool| -> BTreeSet<_> {
        rows.iter()
            .filter(|row| (row.side == Side::Test) == test)
            .map(|row| config.group_of(&row.item))
            .collect()
    };
    let (test, others) = (of(true), of(false));
    let shared: Vec<_> = test.intersection(&others).collect();
    let example = shared.first()?.to_string();
    Some(Note::SharedGroups { group: config.group_noun().to_owned(), count: shared.len(), example })
}

/// A list may be of thousands; the first few tell.
fn first_few(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        shown += &format!(" and {} more", names.len() - SHOWN);
    }
    shown
}

fn album_notes(config: &SplitConfig, rows: &[Row]) -> Vec<Note> {
    let trained: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.side == Side::Train)
        .map(|row| (row.item.label.as_str(), row.item.group.as_str()))
        .collect();
    let classes: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.side == Side::Validation)
        .map(|row| (row.item.label.as_str(), row.item.group.as_str()))
        .filter(|album| trained.contains(album))
        .map(|(class, _)| class.to_owned())
        .collect();

    let because = ALBUM_BECAUSE;
    let mut notes: Vec<Note> = test_fraction(config, because).into_iter().collect();
    if classes.is_empty() {
        notes.extend(validation_fraction(config, because));
    }
    if !classes.is_empty() {
        notes.push(Note::ValidationFromTrainingGroup {
            label: config.label.clone(),
            group: config.group.clone(),
            classes: classes.into_iter().collect(),
        });
    }
    notes
}
