//! Train, validation and test splits that cannot leak.
//!
//! Music of one album shares its room, its microphones and its mastering. A classifier that hears one
//! track of an album in training and another in the test may recognise the sound of the record rather
//! than the artist ("album effect"; Whitman 2001, Berenzweig 2002). How the tracks are divided
//! therefore decides what a score means, and this crate makes the division a checked value: a [`Split`]
//! exists only if its groups are disjoint.
//!
//! ```
//! use crooner_split::{Item, Side, Split, SplitConfig, SplitKind};
//!
//! let mut items = Vec::new();
//! for artist in ["Eels", "Low"] {
//!     for album in ["One", "Two", "Three"] {
//!         for track in 1..=4 {
//!             items.push(Item::new(format!("{artist}/{album}/{track}.mp3"), artist, album));
//!         }
//!     }
//! }
//!
//! let split = Split::new(&items, &SplitConfig::new(SplitKind::Album), 21)?;
//! assert_eq!([split.train().len(), split.validation().len(), split.test().len()], [8, 8, 8]);
//! // No album is on two sides.
//! let test_album = &split.test()[0].group;
//! assert!(split.train().iter().all(|item| item.label != "Eels" || &item.group != test_album));
//! assert_eq!(split.side_of(&split.test()[0].id), Some(Side::Test));
//! # Ok::<(), crooner_split::SplitError>(())
//! ```
//!
//! The crate is pure: it sees names, never audio and never a path, reads no clock and no global random
//! generator. The same items, configuration and seed give the same split on every platform, in whatever
//! order the items are listed; adding another class moves no track of those already there.
//!
//! # What is deliberately absent
//!
//! Nothing here reads files: a [`Split`] is written and read with `serde` (TOML and JSON are tested), and
//! reading checks it again. k-fold, leave-one-group-out, official lists and few-shot splits are not here
//! yet: a new kind is a variant of [`SplitKind`] with a module beside `assign/song.rs`, and the compiler
//! then lists what else it must answer (what its group is, among others). Every kind ends in the same
//! check.

mod assign;
mod check;
mod config;
mod error;
mod file;
mod fingerprint;
mod item;
mod note;
mod shuffle;
mod split;

pub use config::{SplitConfig, SplitKind};
pub use error::SplitError;
pub use fingerprint::SPLIT_VERSION;
pub use item::{Class, Group, Item, Side};
pub use note::Note;
pub use split::Split;
