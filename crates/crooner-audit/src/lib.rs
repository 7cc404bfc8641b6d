//! Finds what is in a collection of music twice, and what of that lies on two sides of a split.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use crooner_audit::{Found, Options, audit, mend};
//! use crooner_datasets::Request;
//! use crooner_split::{Item, Split, SplitConfig, SplitKind};
//! use crooner_store::Store;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let mut catalogue = crooner_datasets::find("demo")?.open(&Request::default().with_cache(folder))?;
//! catalogue.tracks.truncate(4);
//! # for track in &mut catalogue.tracks { track.artist = "one".into(); }
//! // A track is there twice, under another name.
//! let mut copy = catalogue.tracks[0].clone();
//! copy.id = "zz/copy.ogg".into();
//! catalogue.tracks.push(copy);
//!
//! let items: Vec<Item> =
//!     catalogue.tracks.iter().map(|track| Item::new(&track.id, &track.artist, &track.album)).collect();
//! let split = Split::new(&items, &SplitConfig::new(SplitKind::Song), 0)?;
//! let store = Store::open(folder.join("store"))?;
//! let never = AtomicBool::new(false);
//! let audit = audit(&catalogue, Some(&split), &store, &Options::default(), &never, &|_| {})?;
//! let audit = audit.expect("nobody cancelled");
//! assert_eq!(audit.pairs.iter().filter(|pair| pair.found.is_proven()).count(), 1);
//! assert_eq!(audit.pairs[0].found, Found::IdenticalFile);
//! assert_eq!(audit.pairs[0].second, "zz/copy.ogg");
//!
//! let (mended, moved) = mend(&audit, &split)?;
//! assert_eq!(moved.len(), audit.leaks().count());
//! assert_eq!(mended.side_of(&audit.pairs[0].first), mended.side_of(&audit.pairs[0].second));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | found | how | sure? |
//! |---|---|---|
//! | identical files | BLAKE3 hash of the bytes | proven |
//! | the same recording | [`crooner_fingerprint`]: encoded, cut, padded, amplified, resampled, ±1 % of speed | proven, with a bound on chance |
//! | a shared passage | the same, where less than half of the shorter one is alike | proven, but no duplicate |
//! | probable versions | [`crooner_fingerprint::versions`] | a guess |
//! | albums that are one | half of the recordings on both, or names alike | the first is proven |
//! | labels that look alike | [`alike_labels`] | a guess |
//!
//! Deliberately absent: deleting or renaming anything. [`mend`] gives another split; the files are their owner's.

mod albums;
mod audit;
mod clusters;
mod error;
mod findings;
mod fold;
mod labels;
mod mend;
mod prints;

pub use audit::audit;
pub use error::AuditError;
pub use findings::{AlbumPair, Alike, Audit, FORMAT, Found, Pair, Unreadable, Version};
pub use fold::{folded, folded_album};
pub use labels::{LabelPair, NamesAlike, alike_labels};
pub use mend::{Moved, mend};
pub use prints::kept_as;

/// How an audit is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How much is looked at.
    pub depth: Depth,
    /// What the classes are: the name of a column.
    pub label: String,
    /// Threads; none for as many as there are cores.
    pub jobs: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { depth: Depth::Full, label: "artist".to_owned(), jobs: None }
    }
}

/// How much an audit looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Files by their bytes, and recordings.
    Recordings,
    /// Probable versions too.
    Full,
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// With what.
    pub stage: Stage,
    /// How many files, recordings or pairs are done in this stage.
    pub done: usize,
    /// Of how many.
    pub of: usize,
}

/// What an audit does, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Files are read for their hashes.
    Reading,
    /// Recordings are decoded for their fingerprints.
    Listening,
    /// Fingerprints are looked up.
    Comparing,
    /// Harmonies are compared.
    Versions,
}
