//! Why training, evaluation or prediction stopped.

use std::path::PathBuf;

use crooner_features::FeatureError;
use crooner_model::{ModelError, WeightsError};
use crooner_split::Side;
use crooner_store::AnalysisError;

/// One type for the crate: callers report it, and match on [`TrainError::Diverged`] at most.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The split names a track that the store does not hold.
    #[error("track {track} is in the split but not in the feature store: run prepare-data again")]
    NotStored {
        /// Id of the track.
        track: String,
    },
    /// A side of the split is too short for a single slice.
    #[error("the {side} side has no slice: every track there is shorter than {slice_frames} frames")]
    NoSlices {
        /// The side.
        side: Side,
        /// Frames of a slice.
        slice_frames: usize,
    },
    /// A training setting outside its range.
    #[error("{key}: expected {expected}, found {found}")]
    OutOfRange {
        /// Path of the key in the experiment's TOML.
        key: &'static str,
        /// The allowed range.
        expected: String,
        /// The value given.
        found: String,
    },
    /// The loss left the finite numbers.
    #[error(
        "the loss became {loss} at step {step} of epoch {epoch}: training cannot go on; a lower learning rate \
         (now {learning_rate}) usually helps. The last good checkpoint, after {good_epochs} epochs, is kept"
    )]
    Diverged {
        /// The loss.
        loss: f64,
        /// Epoch, from 1.
        epoch: usize,
        /// Step of the epoch, from 1.
        step: usize,
        /// Learning rate of that step.
        learning_rate: f64,
        /// Complete epochs in the last checkpoint.
        good_epochs: usize,
    },
    /// The model's configuration is wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Weights that do not belong to the network.
    #[error("{}: {source}", .path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What does not match.
        source: WeightsError,
    },
    /// A gradient that does not leave its device.
    #[error("the gradient of {name} cannot be read from its device: {reason}")]
    Gradients {
        /// Its parameter.
        name: String,
        /// What burn said.
        reason: String,
    },
    /// Weights that do not leave their device.
    #[error(transparent)]
    Device(#[from] WeightsError),
    /// The features' configuration is wrong, or audio that gives none.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// Samples for a classifier of features that are not computed from any.
    #[error(
        "{features} is not computed from samples: the classifier hears files of the Million Song Dataset"
    )]
    NotOfAudio {
        /// The features' name.
        features: &'static str,
    },
    /// A recording that the network cannot read.
    #[error("a recording of {n_frames} frames is too short: the network needs at least {needed}")]
    TooShort {
        /// Its frames.
        n_frames: usize,
        /// Frames that would do.
        needed: usize,
    },
    /// Scores of tags, which no data set here has.
    #[error("the classifier gives each recording any number of tags, but scores need one class for each")]
    Tags,
    /// Audio that cannot be decoded or analysed.
    #[error(transparent)]
    Audio(#[from] AnalysisError),
    /// A file that cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{} is not {expected}: {found}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A file of another version of crooner.
    #[error(
        "{} was written in {what} {found}, this crooner reads {expected}: train again, or use the crooner that wrote it",
        .path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Which version differs.
        what: &'static str,
        /// This program's.
        expected: u32,
        /// The file's.
        found: u32,
    },
    /// A checkpoint of another run.
    #[error("{} belongs to another run: its {what} differs; --resume needs the run's own settings", .path.display())]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        what: String,
    },
}
