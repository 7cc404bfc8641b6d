//! Catalogues of music: which tracks there are, on which album, by which artist.
//!
//! A [`Dataset`] knows one layout and turns it into a [`Catalogue`]: a list of [`Track`]s, sorted, with
//! everything that was passed over and why. This crate lists files and never decodes audio. The one set of
//! scores is rendered by a program of the user's, fluidsynth.
//!
//! ```
//! use crooner_datasets::{Request, find};
//!
//! # let cache = tempfile::tempdir()?;
//! # let cache = cache.path();
//! let catalogue = find("demo")?.open(&Request::default().with_cache(cache))?;
//! catalogue.require_classes("artist", 2, 3)?;
//! assert_eq!(catalogue.artists()[0], "Eric_Skiff");
//! assert_eq!(catalogue.counts().tracks, 48);
//! assert!(catalogue.tracks[0].path.is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The sets
//!
//! | name | what | request |
//! |---|---|---|
//! | `demo` | 48 freely licensed excerpts built into the program | a cache folder to put them in |
//! | `folder` | the user's own music, `ARTIST/ALBUM/TRACK.ext` or `LABEL/TRACK.ext` | the folder and the audio extensions |
//! | `table` | whatever a CSV, TSV, Parquet or JSON Lines file names | the file, and which column is what |
//! | `tags` | any folder, named by the files' tags | the folder and the audio extensions |
//! | `artist20`, `fma`, `gtzan`, `librispeech`, `msd`, `voxceleb1`, `voxceleb2` | as published | their folder and the audio extensions |
//! | `symbolic` | MIDI files, rendered by fluidsynth | their folder, and a cache folder for the audio |
//!
//! Facts about a set (citation, licence, layout, counts) are in `datasets/NAME/dataset.toml` at the top of
//! the repository, and nowhere in code. A new set is a folder there, a module here and a line in
//! [`registry`]; the contract test then covers it.
//!
//! # What `folder` does with what it finds
//!
//! - Audio is what has one of the requested extensions, in upper or lower case. Other files and hidden
//!   files and folders (a leading dot) are counted in [`Ignored`] and otherwise passed over.
//! - Deeper folders belong to the album: `ARTIST/ALBUM/CD1/TRACK.ext` is on `ALBUM`.
//! - Audio directly in `ARTIST/` or in the root is [`Skipped`]: its album is unknown, and guessing one
//!   could put a record on both sides of an album split.
//! - Symbolic links are followed, but no file and no folder is read twice: the second way to it is
//!   skipped, so that links neither loop nor put one recording on two sides. What lies under the root
//!   itself wins over links to it. Copies and hard links are not recognised.
//! - Names that are not UTF-8, folders that cannot be read, dead links and artists without any audio are
//!   skipped, each with its reason. Names are taken as they are: no Unicode normalisation.

mod artist20;
mod atomic;
mod catalogue;
mod check;
mod dataset;
mod demo;
mod embedded;
mod error;
mod fma;
mod folder;
mod gtzan;
mod info;
mod librispeech;
mod lists;
mod msd;
mod parquet_file;
mod registry;
mod scan;
mod set;
mod skipped;
mod sqlite;
mod symbolic;
mod table;
mod table_file;
mod tags;
mod voxceleb;

pub use catalogue::{AlbumCount, ArtistCount, Catalogue, Content, Selected, Summary, Track};
pub use check::{CheckReport, check};
pub use dataset::{Dataset, Request, Watch};
pub use error::DatasetError;
pub use info::{Counts, Info, Manifest, Source};
pub use msd::{Segments, segments};
pub use registry::{find, registry};
pub use skipped::{Ignored, SkipReason, Skipped};
pub use table_file::Table;
pub use voxceleb::{Trial, trials};
