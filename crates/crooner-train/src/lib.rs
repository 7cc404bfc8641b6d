//! Training, evaluation and prediction: from slices of stored features to an honest report.
//!
//! | module | what |
//! |---|---|
//! | [`task`] | what is learnt from what: artists, and the slices of each side of a split |
//! | [`config`] | every setting of the training loop |
//! | [`batches`] | batches of slices, assembled ahead on a thread of their own |
//! | [`augment`] | training slices varied at random: crops, gain, masks, mixup |
//! | [`fit`](mod@fit) | the training loop: early stopping, checkpoints, resumption bit for bit |
//! | [`schedule`] | how the learning rate moves |
//! | [`range_test`](mod@range_test) | which learning rate: the loss while it grows |
//! | [`gradients`] | gradients by name, to add up and to clip |
//! | [`adam`] | the optimisers Adam and AdamW |
//! | [`transfer`](mod@transfer) | starting from the weights of another network |
//! | [`checkpoint`] | the state of a training run, in one file |
//! | [`classifier`] | a trained network with all it needs to hear a new file, in one file |
//! | [`recording`] | what of a recording is heard, and how exactly |
//! | [`evaluate`](mod@evaluate) | predictions of slices and tracks, and their scores |
//! | [`metrics`] | confusion matrices, F1, accuracy |
//! | [`verification`] | equal error rate and detection cost of pairs of recordings |
//! | [`bootstrap`] | intervals over tracks |
//! | [`trials`] | means and intervals over seeds |
//!
//! Everything that is random takes a seed, and each use derives a generator of its own from it,
//! so that an interrupted run continues as if it had never stopped.

pub mod adam;
pub mod augment;
mod average;
pub mod batches;
pub mod bootstrap;
pub mod checkpoint;
pub mod classifier;
pub mod config;
mod error;
pub mod evaluate;
mod file;
pub mod fit;
pub mod gradients;
pub mod metrics;
mod objective;
mod permutation;
pub mod range_test;
pub mod recording;
mod sampling;
pub mod schedule;
mod seeds;
mod step;
pub mod task;
pub mod transfer;
pub mod trials;
pub mod verification;

pub use classifier::{Classifier, ClassifierInfo};
pub use config::FitConfig;
pub use error::TrainError;
pub use evaluate::{Evaluation, HeardTrack, SlicePredictions, evaluate, evaluate_heard};
pub use file::write_atomically;
pub use fit::{FitEvent, FitOutcome, FitRequest, Stopped, argmax, fit};
pub use metrics::{ClassScores, Confusion};
pub use range_test::{RangeCurve, RangePoint, RangeTest, range_test};
pub use recording::{Heard, Listener, Precision, Recording, Short};
pub use sampling::EpochOrder;
pub use task::{FrameSource, SideTracks, Slice, Task, TaskRow, TaskTrack};
pub use transfer::{Initial, Transfer};
pub use trials::Trials;
pub use verification::Verification;
