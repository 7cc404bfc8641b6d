//! The training loop: by default Adam on the cross-entropy, early stopping on the validation loss with the
//! best weights restored (the protocol of Nasrullah & Zhao 2019); checkpoints, resumption.
//!
//! What a step does depends on the seed, the number of the epoch and the number of the step, and
//! on nothing else. A run that was interrupted, at an epoch's end or within one, continues bit
//! for bit as if it had not been.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::module::Module;
use burn::tensor::Device;
use crooner_model::{ModelConfig, NamedTensor, Network, Output};
use crooner_split::Side;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::average::Average;
use crate::batches::Batch;
use crate::checkpoint::{Checkpoint, Identity, Progress};
use crate::config::{FitConfig, Metric};
use crate::evaluate::{SlicePredictions, predict_side};
use crate::metrics::Confusion;
use crate::schedule::Position;
use crate::step::{StepOutcome, Stepper};
use crate::task::Task;
use crate::transfer::{Initial, Transfer};

/// What one epoch came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Learning rate of its last step.
    pub learning_rate: f64,
    /// Mean of the objective over the epoch's steps, dropout and augmentation on, nats.
    pub train_loss: f64,
    /// Weighted F1 of the slices over the epoch's steps, dropout and augmentation on.
    pub train_f1: f64,
    /// Mean cross-entropy of the validation slices, nats.
    pub validation_loss: f64,
    /// Weighted F1 of the validation slices.
    pub validation_f1: f64,
    /// Accuracy on the validation slices.
    pub validation_accuracy: f64,
}

/// Sums of the epoch under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartialEpoch {
    /// Steps done.
    steps: usize,
    /// Slices seen.
    slices: usize,
    /// Sum of the steps' losses times their weights.
    loss: f64,
    /// Sum of the steps' weights.
    weight: f64,
    /// Learning rate of the last step.
    learning_rate: f64,
    /// Slices as `(truth, predicted)`.
    outcomes: Vec<(usize, usize)>,
}

/// What happens while training, for whoever watches.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum FitEvent<'a> {
    /// A checkpoint was read; so many epochs and steps of the next one are already done.
    Resumed {
        /// Complete epochs.
        epochs: usize,
        /// Steps of the next epoch.
        steps: usize,
    },
    /// Weights of another network were taken over.
    Initialised(&'a Transfer),
    /// Training waits for the next batches.
    Waiting,
    /// They are there.
    Ready,
    /// A step is done.
    Step {
        /// Epoch, from 1.
        epoch: usize,
        /// Step of the epoch, from 1.
        step: usize,
        /// Steps of an epoch.
        steps: usize,
        /// Mean loss of the epoch so far.
        loss: f64,
        /// Weighted F1 of the epoch so far.
        f1: f64,
        /// Slices in this step.
        slices: usize,
    },
    /// An epoch is done and its checkpoint written.
    Epoch {
        /// All complete epochs, this one last.
        history: &'a [EpochRecord],
        /// Whether it is the best yet.
        best: bool,
    },
}

/// Why training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All epochs are done.
    EpochLimit,
    /// The validation score had not improved for the patience.
    EarlyStopping,
    /// The caller asked for it; the checkpoint holds the state.
    Interrupted {
        /// Complete epochs.
        epochs: usize,
        /// Steps of the next epoch.
        steps: usize,
    },
}

/// A finished, or interrupted, training.
#[derive(Debug)]
pub struct FitOutcome {
    /// For inference, with the weights of the best epoch.
    pub network: Network,
    /// Every complete epoch.
    pub history: Vec<EpochRecord>,
    /// Why it stopped.
    pub stopped: Stopped,
}

/// The epoch that is best by `metric`, the first of equals.
#[must_use]
pub fn best_epoch(history: &[EpochRecord], metric: Metric) -> Option<&EpochRecord> {
    history.iter().reduce(
        |best, epoch| {
            if metric.is_better(metric.of(epoch), metric.of(best)) { epoch } else { best }
        },
    )
}

/// What to train, how and where.
#[derive(Clone, Copy)]
pub struct FitRequest<'a> {
    /// Slices and classes.
    pub task: &'a Task<'a>,
    /// The network.
    pub model: &'a ModelConfig,
    /// The loop.
    pub config: &'a FitConfig,
    /// Decides initial weights, orders, masks and augmentation.
    pub seed: u64,
    /// Weights to start from, if not from the seed's; where there is a checkpoint it decides.
    pub initial: Option<Initial<'a>>,
    /// Where to compute; without autodiff.
    pub device: &'a Device,
    /// Where to keep the state, if it is to outlive the process.
    pub checkpoint: Option<&'a Path>,
    /// What must agree for the checkpoint to be this run's.
    pub identity: &'a Identity,
    /// Set it to stop after the step under way.
    pub cancel: &'a AtomicBool,
}

/// Trains, from the checkpoint if there is one, else from the beginning.
///
/// # Errors
///
/// [`TrainError::Diverged`] when the loss is not finite, [`TrainError::OtherRun`] when the
/// checkpoint is another run's, and whatever goes wrong with the model or files.
pub fn fit(request: &FitRequest<'_>, mut watch: impl FnMut(FitEvent<'_>)) -> Result<FitOutcome, TrainError> {
    check_model(request)?;
    let mut run = Run::start(request, &mut watch)?;
    let metric = request.config.early_stopping;
    loop {
        let history = &run.progress.history;
        let best = best_epoch(history, metric).map_or(0, |best| best.epoch);
        if history.len() >= request.config.epochs {
            return run.finish(Stopped::EpochLimit);
        }
        if history.len() - best >= request.config.patience {
            return run.finish(Stopped::EarlyStopping);
        }
        run.epoch(&mut watch)?;
        let (epochs, steps) = (run.progress.history.len(), run.progress.partial.steps);
        if request.cancel.load(Ordering::Relaxed) {
            run.save()?;
            return run.finish(Stopped::Interrupted { epochs, steps });
        }
    }
}

/// That a slice is long enough for the network, and that it gives a track one artist.
pub(crate) fn check_model(request: &FitRequest<'_>) -> Result<(), TrainError> {
    if request.task.slice_frames() < request.model.min_frames() {
        return Err(TrainError::OutOfRange {
            key: "slices.frames",
            expected: format!(
                "at least the {} frames that the model's pools need",
                request.model.min_frames()
            ),
            found: request.task.slice_frames().to_string(),
        });
    }
    if request.model.output() != Output::Softmax {
        return Err(TrainError::OutOfRange {
            key: "model.crnn.output",
            expected: "softmax: a track has one artist".to_owned(),
            found: "sigmoid".to_owned(),
        });
    }
    Ok(())
}

struct Run<'a> {
    request: &'a FitRequest<'a>,
    stepper: Stepper<'a>,
    best: Vec<NamedTensor>,
    progress: Progress,
}

impl<'a> Run<'a> {
    fn start(request: &'a FitRequest<'a>, watch: &mut impl FnMut(FitEvent<'_>)) -> Result<Self, TrainError> {
        let progress = Progress { history: Vec::new(), partial: PartialEpoch::default(), adam_steps: 0 };
        let (stepper, taken) = Stepper::start(request)?;
        let fresh = Self { request, stepper, best: Vec::new(), progress };
        match request.checkpoint {
            Some(path) if path.exists() => {
                let run = fresh.resume(path)?;
                let (epochs, steps) = (run.progress.history.len(), run.progress.partial.steps);
                watch(FitEvent::Resumed { epochs, steps });
                Ok(run)
            }
            _ => {
                if let Some(transfer) = &taken {
                    watch(FitEvent::Initialised(transfer));
                }
                Ok(fresh)
            }
        }
    }

    fn resume(mut self, path: &Path) -> Result<Self, TrainError> {
        let FitRequest { config, device, identity, .. } = *self.request;
        let mut checkpoint = Checkpoint::read(path, identity)?;
        let stepper = &mut self.stepper;
        stepper.adam = checkpoint.optimiser(stepper.adam.clone(), path, device)?;
        stepper.network = stepper
            .network
            .clone()
            .with_weights(checkpoint.network)
            .map_err(|source| TrainError::Weights { path: path.to_owned(), source })?;
        if stepper.average.is_some() {
            stepper.average = Some(Average::from_weights(config.weight_average, checkpoint.average, device));
        }
        self.best = checkpoint.best;
        self.progress = checkpoint.progress;
        Ok(self)
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let Some(path) = self.request.checkpoint else { return Ok(()) };
        let (steps, adam) = self.stepper.adam.state();
        self.progress.adam_steps = steps;
        let checkpoint = Checkpoint {
            progress: self.progress.clone(),
            network: self.stepper.network.weights()?,
            best: self.best.clone(),
            adam,
            average: self.stepper.average.as_ref().map(Average::weights).unwrap_or_default(),
        };
        checkpoint.write(path, self.request.identity)
    }

    fn finish(self, stopped: Stopped) -> Result<FitOutcome, TrainError> {
        let network = self.stepper.network.valid();
        let network = if self.best.is_empty() { network } else { network.with_weights(self.best)? };
        Ok(FitOutcome { network, history: self.progress.history, stopped })
    }

    /// The rest of the epoch under way, with its validation; or as much of it as comes before the
    /// caller asks to stop.
    fn epoch(&mut self, watch: &mut impl FnMut(FitEvent<'_>)) -> Result<(), TrainError> {
        let request = self.request;
        let FitRequest { task, config, device, .. } = *request;
        let epoch = self.progress.history.len() + 1;
        let (order, steps) = Stepper::epoch_order(request, epoch);
        let mut confusion = self.progress.partial.confusion(task.labels().len());
        let done = self.progress.partial.steps;
        let complete =
            Stepper::epoch_batches(request, &order, epoch, done, |batches| -> Result<bool, TrainError> {
                loop {
                    if request.cancel.load(Ordering::Relaxed) {
                        return Ok(false);
                    }
                    watch(FitEvent::Waiting);
                    let group = self.stepper.group(batches);
                    watch(FitEvent::Ready);
                    let Some(group) = group else { return Ok(true) };
                    self.step(group, epoch, steps, &mut confusion, watch)?;
                }
            });
        if !complete? && self.progress.partial.steps < steps {
            return Ok(());
        }

        let network = self.stepper.current()?;
        let predictions = predict_side(&network, task, Side::Validation, config.batch_size, device)?;
        let validation = validate(task, &predictions);
        let partial = std::mem::take(&mut self.progress.partial);
        let record = EpochRecord {
            epoch,
            learning_rate: partial.learning_rate,
            train_loss: partial.loss / partial.weight,
            train_f1: confusion.weighted_f1(),
            validation_loss: predictions.loss(),
            validation_f1: validation.weighted_f1(),
            validation_accuracy: validation.accuracy(),
        };
        let loss = record.validation_loss;
        if !loss.is_finite() {
            return Err(self.diverged(loss, epoch, steps, record.learning_rate));
        }
        self.progress.history.push(record);
        let best =
            best_epoch(&self.progress.history, config.early_stopping).is_some_and(|best| best.epoch == epoch);
        if best {
            self.best = network.weights()?;
        }
        self.save()?;
        watch(FitEvent::Epoch { history: &self.progress.history, best });
        Ok(())
    }

    fn step(
        &mut self,
        group: Vec<Batch>,
        epoch: usize,
        steps: usize,
        confusion: &mut Confusion,
        watch: &mut impl FnMut(FitEvent<'_>),
    ) -> Result<(), TrainError> {
        let config = self.request.config;
        let number = self.progress.partial.steps;
        let at = Position { history: &self.progress.history, step: number, steps, epochs: config.epochs };
        let rate = config.schedule.rate(config.learning_rate, config.early_stopping, at);
        let StepOutcome { loss, weight, outcomes } = self.stepper.step(group, epoch, number, rate)?;
        if !loss.is_finite() {
            return Err(self.diverged(loss, epoch, number + 1, rate));
        }
        let partial = &mut self.progress.partial;
        partial.steps += 1;
        partial.slices += outcomes.len();
        partial.loss += loss * weight;
        partial.weight += weight;
        partial.learning_rate = rate;
        for &(truth, predicted) in &outcomes {
            confusion.add(truth, predicted, 1);
        }
        let slices = outcomes.len();
        partial.outcomes.extend(outcomes);
        watch(FitEvent::Step {
            epoch,
            step: partial.steps,
            steps,
            loss: partial.loss / partial.weight,
            f1: confusion.weighted_f1(),
            slices,
        });
        Ok(())
    }

    fn diverged(&self, loss: f64, epoch: usize, step: usize, learning_rate: f64) -> TrainError {
        TrainError::Diverged { loss, epoch, step, learning_rate, good_epochs: self.progress.history.len() }
    }
}

impl PartialEpoch {
    fn confusion(&self, n_classes: usize) -> Confusion {
        let mut confusion = Confusion::new(n_classes);
        for &(truth, predicted) in &self.outcomes {
            confusion.add(truth, predicted, 1);
        }
        confusion
    }
}

fn validate(task: &Task<'_>, predictions: &SlicePredictions) -> Confusion {
    let side = task.side(Side::Validation);
    let mut confusion = Confusion::new(task.labels().len());
    for (slice, row) in side.slices().zip(predictions.rows()) {
        confusion.add(side.tracks()[slice.track].label, argmax(row), 1);
    }
    confusion
}

/// Index of the largest value, the lowest of equals.
#[must_use]
pub fn argmax<T: PartialOrd>(row: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}
