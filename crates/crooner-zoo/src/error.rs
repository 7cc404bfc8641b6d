//! Why there is no network.

use std::path::PathBuf;

use crooner_model::import::ImportError;
use crooner_model::{ModelError, WeightsError};
use crooner_train::TrainError;

/// One type for the crate: callers report it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZooError {
    /// A name that is not in the registry.
    #[error("there is no published model `{name}`: crooner has {}", .known.join(", "))]
    UnknownModel {
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// A file of the registry or of a preset that is not what it should be.
    #[error("{origin}: {reason}")]
    Preset {
        /// Which file.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file without weights that can be read.
    #[error("{origin} is not {expected}: {found}")]
    Format {
        /// The file.
        origin: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Weights that are not the network's.
    #[error("{origin}: {source}")]
    Import {
        /// The file.
        origin: String,
        /// What does not match.
        source: ImportError,
    },
    /// Weights that are not the network's, or do not leave their device.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A network that cannot be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A classifier's settings that contradict each other.
    #[error(transparent)]
    Train(#[from] TrainError),
}
