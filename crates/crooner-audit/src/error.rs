//! One error type: whatever it is, there is no audit.

use std::path::PathBuf;

use crooner_fingerprint::FingerprintError;
use crooner_split::SplitError;
use crooner_store::StoreError;
use thiserror::Error;

/// Why there is no audit, or no mended split.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The store that remembers hashes and fingerprints.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A catalogue of more audio than an index can hold.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// The mended tracks make no split: a side would be empty.
    #[error("the split cannot be mended by moving duplicates: {0}")]
    Split(#[from] SplitError),
    /// No threads to work on.
    #[error("cannot start {jobs:?} threads: {source}")]
    Threads {
        /// How many were asked for; none for as many as there are cores.
        jobs: Option<usize>,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// A file that was replaced while it was listened to.
    #[error("{} changed while it was read", .path.display())]
    InFlux {
        /// Which.
        path: PathBuf,
    },
}
