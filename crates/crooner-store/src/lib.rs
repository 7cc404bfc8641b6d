//! A content-addressed store of features.
//!
//! [`Store::prepare`] decodes and analyses the tracks of a catalogue and keeps the result on disk;
//! [`Store::features`] opens it, mapped into memory, ready to be cut into slices.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use crooner_datasets::Request;
//! use crooner_features::{FeatureConfig, LogMelConfig};
//! use crooner_store::{FrontEnd, PrepareOptions, Store};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let mut catalogue = crooner_datasets::find("demo")?.open(&Request::default().with_cache(folder))?;
//! catalogue.tracks.truncate(2);
//! let config = FrontEnd::Audio(FeatureConfig::LogMel(LogMelConfig::default()));
//! let store = Store::open(folder.join("features"))?;
//!
//! let never = AtomicBool::new(false);
//! let summary = store.prepare(&catalogue, &config, &PrepareOptions::default(), &never, &|_| {})?;
//! assert_eq!((summary.computed, summary.failures.len()), (2, 0));
//!
//! let features = store.features(&catalogue, &config)?;
//! let track = &features.tracks()[0];
//! let frames = features.frames(0);
//! assert_eq!(frames.len(), track.n_frames * features.n_bins());
//! let loudest = frames.iter().map(|db| db.to_f32()).fold(f32::MIN, f32::max);
//! assert!(loudest > 0.0 && loudest < 60.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What lies in a store
//!
//! ```text
//! store/
//!   audio-hashes/                     what each audio file held when it was last looked at, a journal for each folder
//!   fingerprints-1/                   what else was derived from audio files, by their hashes: Store::derived
//!   3f0c2f4e5b8a9d17/                 one folder per feature configuration and version
//!     8d969eef6ecad3c2[...].arrow     a shard: at most 8 tracks of one album
//!     index-demo-5d1c0a37.parquet     every track of the catalogue "demo" in one folder, and its shard
//! ```
//!
//! A shard is named by the hash of everything that determines its bytes: the versions of the format and of
//! the features, the configuration, and of each track its id, labels and audio. So what is there is up to
//! date, what is out of date is not there, and a shard is never changed. It appears complete or not at all,
//! also after a power cut or when two processes compute the same one. Nothing is deleted unasked: shards that no
//! catalogue needs any more stay until [`Store::garbage`] lists them ([`Store::derived_garbage`]: what was derived from files
//! that are gone) and [`Store::remove`] takes them away. Removing
//! the whole folder is always safe while nothing uses it.
//!
//! A shard is an uncompressed Arrow IPC file with one record batch and these columns:
//!
//! | column | type | |
//! |---|---|---|
//! | `id`, `artist`, `album`, `title` | utf8 | as in the catalogue |
//! | `error` | utf8, nullable | why the track could not be decoded |
//! | `damaged_packets` | uint64 | how many the decoder skipped |
//! | `n_samples` | uint64 | decoded, at the sample rate of the features; 0 where no audio is decoded |
//! | `mel` | `large_list<fixed_size_list<float16, n_bins>>` | frames, time-major, whatever the feature |
//!
//! The schema's metadata hold `crooner.format_version`, `crooner.features_version`, `crooner.features` (the
//! configuration, as JSON) and, where audio is decoded, `crooner.sample_rate_hz`. Python reads it, without copying, in one line:
//!
//! ```python
//! table = pa.ipc.open_file(pa.memory_map(path)).read_all()
//! ```
//!
//! # Half precision
//!
//! Features are rounded to 16-bit floating point (to nearest, ties to even): a relative error of at most
//! 2⁻¹¹. For decibels, that is at most 1/64 dB between −64 and 64 and 1/32 dB (0.03 dB) down to −128. A value
//! beyond ±65504 fails its track rather than becoming infinite.
//!
//! # Limits
//!
//! Each shard is one memory map, and Linux grants a process 65,530 of them unless told otherwise
//! (`vm.max_map_count`): that is as many albums. A program that writes into a shard while it is mapped breaks
//! the promise that the map rests on. An audio file that changes but keeps its size and time of modification
//! is not noticed.

mod analyse;
mod audio;
mod contain;
mod content;
mod disk;
mod encode;
mod error;
mod feature_set;
mod front_end;
mod hashes;
mod index;
mod maintain;
mod map;
mod prepare;
mod schema;
mod seal;
mod shard;
mod store;
mod unit;
mod workers;

pub use analyse::{Analyser, Analysis, AnalysisError, samples_of};
pub use content::{Derived, DerivedStat};
pub use error::StoreError;
pub use feature_set::FeatureSet;
pub use front_end::{FrontEnd, SEGMENTS_VERSION, SegmentFeature};
pub use maintain::{FolderStat, Garbage, GarbageReason, Verification};
pub use prepare::{PrepareOptions, Progress, Summary};
pub use schema::{FORMAT_VERSION, ShardHeader};
pub use shard::{Shard, StoredTrack};
pub use store::Store;
