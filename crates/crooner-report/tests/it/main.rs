//! Tests of the whole crate from outside: what goes into the files, and what is refused.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests state their expectations as tests do"
)]

mod html;
mod json;
mod pictures;
mod refusals;
mod seeds;

#[path = "../../examples/made_up/mod.rs"]
mod made_up;

use crooner_report::{Epoch, Report, Training};

/// A small run whose every number is computed without `exp` or `ln`, whose last digit depends on the
/// platform: fit for snapshots.
fn small() -> Report {
    let epoch = |epoch, train_loss, validation_loss, validation_f1| Epoch {
        epoch,
        train_loss,
        validation_loss,
        validation_f1,
        learning_rate: 0.001,
    };
    let epochs = vec![
        epoch(1, Some(1.25), Some(1.5), Some(0.25)),
        epoch(2, Some(0.75), None, None),
        epoch(3, Some(0.5), Some(0.875), Some(0.5)),
    ];
    let stopped = "Training stopped after epoch 3, the last one asked for.".to_owned();
    Report { training: Training { epochs, best_epoch: Some(3), stopped }, ..made_up::report(6, 4) }
}
