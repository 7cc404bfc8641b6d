//! One error type: whoever splits has one thing to report, and every variant names who is concerned.

use thiserror::Error;

use crate::{Class, SPLIT_VERSION, Side};

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
    #[error("unknown split kind {found:?}: expected \"song\" or \"album\"")]
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
    #[error("{class} has no track on the {side} side: every {} must be on all three sides", class.column)]
    MissingSide {
        /// Who.
        class: Class,
        /// Where a track is missing.
        side: Side,
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
