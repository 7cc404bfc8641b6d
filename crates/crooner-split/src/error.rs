//! One error type: whoever splits has one thing to report, and every variant names who is concerned.

use thiserror::Error;

use crate::assign::group::class_of;
use crate::{Class, SPLIT_VERSION, Side, SplitKind};

/// Why there is no split.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SplitError {
    /// The list of tracks is empty.
    #[error("there is no track to split: expected at least three tracks of every class, found none")]
    NoItems,
    /// A fraction is out of range or not a number.
    #[error("{field} must be greater than 0 and less than 1, found {found}")]
    Fraction {
        /// The key in the configuration.
        field: &'static str,
        /// Its value.
        found: f64,
    },
    /// A name that is no [`SplitKind`](crate::SplitKind).
    #[error(
        "unknown split kind {found:?}: expected song, album, group, few-shot, date, hash, leave-one-out or official"
    )]
    UnknownKind {
        /// What was asked for.
        found: String,
    },
    /// The same id twice.
    #[error("track id {id:?} is listed more than once: ids must be unique")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A class has too few tracks for three sides.
    #[error(
        "{class} has {found} track(s): a song split needs at least 3 of every {} (one to train, one to validate, \
         one to test)",
        class.column
    )]
    TooFewTracks {
        /// Who.
        class: Class,
        /// How many tracks there are.
        found: usize,
    },
    /// A class's only group cannot be both trained on and held out.
    #[error(
        "{class} has one {group}, {only:?}, of {tracks} track(s): an album split needs at least 2 {group}s of every \
         {column}; use a song split or leave the {column} out",
        column = class.column
    )]
    OneGroup {
        /// Who.
        class: Class,
        /// What a group is.
        group: String,
        /// The only group.
        only: String,
        /// How many tracks it has.
        tracks: usize,
    },
    /// Two groups of one track each cannot fill three sides.
    #[error(
        "{class} has two {group}s of 1 track each: with two {group}s one is the test, and the other needs at \
         least 2 tracks (one to train, one to validate)"
    )]
    TwoSingles {
        /// Who.
        class: Class,
        /// What a group is.
        group: String,
    },
    /// A class has too few groups (or, for folds of songs and few shots, tracks).
    #[error("{class} has {found} {group}(s), and this split needs at least {needed}; leave the {} out (--drop-small)", class.column)]
    TooFewGroups {
        /// Who.
        class: Class,
        /// What a group is.
        group: String,
        /// How many groups there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Too few classes to hold some out.
    #[error("there are {found} {label}s, and a split that holds out whole {label}s needs at least {needed}")]
    TooFewClasses {
        /// What a class is.
        label: String,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Groups of several classes could not be divided so that every fold has something of every class.
    #[error(
        "only {covered} of the {folds} folds have a track of {class}, because its groups are shared with others: use \
         fewer folds or leave the {} out",
        class.column
    )]
    FoldWithoutClass {
        /// Who.
        class: Class,
        /// How many folds there are.
        folds: usize,
        /// How many have a track of it.
        covered: usize,
    },
    /// Leaving out the only group of a class leaves nothing to train on.
    #[error("all tracks of {class} are of {group}: leaving that out leaves none to train on")]
    OnlyGroup {
        /// Who.
        class: Class,
        /// The group, as [`Group`](crate::Group) shows it.
        group: String,
    },
    /// Every group is the only one of some class.
    #[error("no {group} can validate: without it some class would have no track to train on")]
    NothingToSpare {
        /// What a group is.
        group: String,
    },
    /// A fold that is not there.
    #[error("there is no fold {fold}: folds are counted from 0, and there are {folds}")]
    Fold {
        /// What was asked for.
        fold: usize,
        /// How many there are.
        folds: usize,
    },
    /// Folds of a kind that has none.
    #[error("a {kind} split has no folds: use song, album, group or leave-one-out")]
    FoldsOfKind {
        /// The kind.
        kind: SplitKind,
    },
    /// Too few folds for three sides.
    #[error("folds must be at least 3 (one to test, one to validate, the others to train), found {found}")]
    FewFolds {
        /// How many were asked for.
        found: usize,
    },
    /// Shots without a few-shot split, or the other way round.
    #[error(
        "shots must be at least 1 for a few-shot split and absent otherwise: the kind is {kind} and shots {}",
        found.map_or("absent".to_owned(), |shots| shots.to_string())
    )]
    Shots {
        /// The kind.
        kind: SplitKind,
        /// The value.
        found: Option<usize>,
    },
    /// A date that cannot be compared.
    #[error(
        "track {id:?} has the {column} {found:?}: a date split needs a column (--group) of YYYY, YYYY-MM or YYYY-MM-DD"
    )]
    NotADate {
        /// The track.
        id: String,
        /// The column.
        column: String,
        /// Its value.
        found: String,
    },
    /// An official split was asked for, without its list.
    #[error("an official split comes from a published list, and this data set brings none")]
    NeedsList,
    /// A side with no track.
    #[error("no track is on the {side} side: a larger {side} fraction or another seed may put some there")]
    EmptySide {
        /// Which.
        side: Side,
    },
    /// An album split holds out groups class by class, and this one is of two.
    #[error(
        "{group} has tracks of {first} and of {second}: an album split needs every group to be of one class"
    )]
    GroupOfTwoClasses {
        /// The group, as [`Group`](crate::Group) shows it.
        group: String,
        /// One class.
        first: Class,
        /// Another.
        second: Class,
    },
    /// A group that must be on one side is on two.
    #[error(
        "{group} is on two sides, {first} and {second}: the split leaks, and its scores would mean nothing"
    )]
    Leak {
        /// The group, as [`Group`](crate::Group) shows it.
        group: String,
        /// The one side.
        first: Side,
        /// The other.
        second: Side,
    },
    /// A class cannot be learnt, watched or scored.
    #[error(
        "{class} has no track on the {side} side: every {} must be {}",
        class.column,
        if *all { "on all three sides" } else { "trained on" }
    )]
    MissingSide {
        /// Who.
        class: Class,
        /// Whether every class must be on all three sides, or be trained on at least.
        all: bool,
        /// Where a track is missing.
        side: Side,
    },
    /// Every class was left out.
    #[error("no class is left: the split is impossible for all {n}; {example}")]
    NoneLeft {
        /// How many there were.
        n: usize,
        /// Why it is for the first.
        example: String,
    },
    /// A row that does not say what its track is.
    #[error("track {id:?} must have either an artist and an album, or a label and a group")]
    RowNames {
        /// The track.
        id: String,
    },
    /// A split written by another version of this crate.
    #[error("this split has version {found}, expected {SPLIT_VERSION}: make it again from its seed")]
    Version {
        /// What the file says.
        found: u32,
    },
    /// A split that was changed after it was written.
    #[error(
        "the tracks of this split have fingerprint {found}, but it says {expected}: it was changed or cut short; if \
         that was intended, delete its fingerprint line"
    )]
    Fingerprint {
        /// What the file says.
        expected: String,
        /// What its tracks give.
        found: String,
    },
}

impl SplitError {
    /// The class that the split is impossible for, if leaving it out could help.
    pub fn class(&self) -> Option<&Class> {
        class_of(self)
    }
}
