//! One error type: whoever splits has one thing to report, and every variant names who is concerned.

use thiserror::Error;

use crate::{SPLIT_VERSION, Side};

/// Why there is no split.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SplitError {
    /// The list of tracks is empty.
    #[error("there is no track to split: expected at least three tracks of every artist, found none")]
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
    /// An artist has too few tracks for three sides.
    #[error(
        "artist {artist:?} has {found} track(s): a song split needs at least 3 of every artist (one to train, \
         one to validate, one to test)"
    )]
    TooFewTracks {
        /// Who.
        artist: String,
        /// How many tracks there are.
        found: usize,
    },
    /// An artist's only album cannot be both trained on and held out.
    #[error(
        "artist {artist:?} has one album, {album:?}, of {tracks} track(s): an album split needs at least 2 albums \
         of every artist; use a song split or leave the artist out"
    )]
    OneAlbum {
        /// Who.
        artist: String,
        /// The only album.
        album: String,
        /// How many tracks it has.
        tracks: usize,
    },
    /// Two albums of one track each cannot fill three sides.
    #[error(
        "artist {artist:?} has two albums of 1 track each: with two albums one is the test, and the other needs at \
         least 2 tracks (one to train, one to validate)"
    )]
    TwoSingles {
        /// Who.
        artist: String,
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
    /// An artist cannot be learnt, watched or scored.
    #[error("artist {artist:?} has no track on the {side} side: every artist must be on all three sides")]
    MissingSide {
        /// Who.
        artist: String,
        /// Where a track is missing.
        side: Side,
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
