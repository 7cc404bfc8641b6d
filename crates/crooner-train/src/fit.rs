//! The training loop: Adam on the cross-entropy, early stopping on the validation loss with the
//! best weights restored (PROTOCOL of Nasrullah & Zhao 2019), checkpoints, resumption.
//!
//! What a step does depends on the seed, the number of the epoch and the number of the step, and
//! on nothing else. A run that was interrupted, at an epoch's end or within one, continues bit
//! for bit as if it had not been.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::{Input, Mode, ModelConfig, NamedTensor, Network, Output};
use crooner_split::Side;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::adam::Adam;
use crate::batches::{Batch, for_each_batch};
use crate::checkpoint::{Checkpoint, Identity, Progress};
use crate::evaluate::{SlicePredictions, predict_side};
use crate::metrics::Confusion;
use crate::seeds::{Purpose, generator, shuffle};
use crate::task::{Slice, Task};

/// Settings of the training loop: `[training]` in TOML. The defaults are the paper's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Most epochs, at least 1.
    pub epochs: usize,
    /// Epochs without a lower validation loss before training stops, at least 1.
    pub patience: usize,
    /// Slices a step, at least 1. An epoch's last batch may be smaller.
    pub batch_size: usize,
    /// Adam's step size, positive.
    pub learning_rate: f64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self { epochs: 200, patience: 10, batch_size: 16, learning_rate: 1e-3 }
    }
}

impl FitConfig {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`TrainError::OutOfRange`] naming the key.
    pub fn validate(&self) -> Result<(), TrainError> {
        let counts = [
            ("training.epochs", self.epochs),
            ("training.patience", self.patience),
            ("training.batch_size", self.batch_size),
        ];
        for (key, value) in counts {
            if value == 0 {
                return Err(TrainError::OutOfRange {
                    key,
                    expected: "at least 1".to_owned(),
                    found: "0".to_owned(),
                });
            }
        }
        let rate = self.learning_rate;
        if !(rate > 0.0 && rate.is_finite()) {
            let (key, expected) = ("training.learning_rate", "a positive number".to_owned());
            return Err(TrainError::OutOfRange { key, expected, found: rate.to_string() });
        }
        Ok(())
    }
}

/// What one epoch came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Mean cross-entropy over the epoch's steps, dropout on, nats.
    pub train_loss: f64,
    /// Weighted F1 of the slices over the epoch's steps, dropout on.
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
    /// Sum of the slices' losses.
    loss: f64,
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
        /// Whether its validation loss is the lowest yet.
        best: bool,
    },
}

/// Why training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All epochs are done.
    EpochLimit,
    /// The validation loss had not improved for the patience.
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

/// The epoch with the lowest validation loss, the first of equals.
#[must_use]
pub fn best_epoch(history: &[EpochRecord]) -> Option<&EpochRecord> {
    history
        .iter()
        .reduce(|best, epoch| if epoch.validation_loss < best.validation_loss { epoch } else { best })
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
    /// Decides initial weights, orders and masks.
    pub seed: u64,
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
    request.config.validate()?;
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
    let mut run = Run::start(request)?;
    if run.resumed {
        watch(FitEvent::Resumed { epochs: run.progress.history.len(), steps: run.progress.partial.steps });
    }
    loop {
        let history = &run.progress.history;
        let best = best_epoch(history).map_or(0, |best| best.epoch);
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

/// Raised inside an epoch: the caller asked to stop, or something failed.
enum Break {
    Cancelled,
    Failed(TrainError),
}

impl From<TrainError> for Break {
    fn from(error: TrainError) -> Self {
        Self::Failed(error)
    }
}

struct Run<'a> {
    request: &'a FitRequest<'a>,
    network: Network,
    adam: Adam,
    best: Vec<NamedTensor>,
    progress: Progress,
    resumed: bool,
}

impl<'a> Run<'a> {
    fn start(request: &'a FitRequest<'a>) -> Result<Self, TrainError> {
        let task = request.task;
        let input =
            Input { n_mels: task.n_mels(), n_frames: task.slice_frames(), n_classes: task.labels().len() };
        let network = request.model.init(input, request.seed, &request.device.clone().autodiff())?;
        let progress = Progress { history: Vec::new(), partial: PartialEpoch::default(), adam_steps: 0 };
        let fresh =
            Self { request, network, adam: Adam::default(), best: Vec::new(), progress, resumed: false };
        match request.checkpoint {
            Some(path) if path.exists() => fresh.resume(path),
            _ => Ok(fresh),
        }
    }

    fn resume(mut self, path: &Path) -> Result<Self, TrainError> {
        let mut checkpoint = Checkpoint::read(path, self.request.identity)?;
        self.adam = checkpoint.optimiser(path, self.request.device)?;
        self.network = self
            .network
            .with_weights(checkpoint.network)
            .map_err(|source| TrainError::Weights { path: path.to_owned(), source })?;
        self.best = checkpoint.best;
        self.progress = checkpoint.progress;
        self.resumed = true;
        Ok(self)
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let Some(path) = self.request.checkpoint else { return Ok(()) };
        let (steps, adam) = self.adam.state();
        self.progress.adam_steps = steps;
        let checkpoint = Checkpoint::capture(self.progress.clone(), &self.network, &self.best, adam)?;
        checkpoint.write(path, self.request.identity)
    }

    fn finish(self, stopped: Stopped) -> Result<FitOutcome, TrainError> {
        let network = self.network.valid();
        let network = if self.best.is_empty() { network } else { network.with_weights(self.best)? };
        Ok(FitOutcome { network, history: self.progress.history, stopped })
    }

    /// The rest of the epoch under way, with its validation; or as much of it as comes before the
    /// caller asks to stop.
    fn epoch(&mut self, watch: &mut impl FnMut(FitEvent<'_>)) -> Result<(), TrainError> {
        let (task, config) = (self.request.task, self.request.config);
        let epoch = self.progress.history.len() + 1;
        let mut order = task.side(Side::Train).slices.clone();
        shuffle(&mut order, &mut generator(self.request.seed, Purpose::Order, epoch as u64));
        let steps = order.len().div_ceil(config.batch_size);
        let rest: &[Slice] = &order[(self.progress.partial.steps * config.batch_size).min(order.len())..];

        let mut confusion = self.progress.partial.confusion(task.labels().len());
        let outcome = for_each_batch(task, Side::Train, rest, config.batch_size, |batch| {
            if self.request.cancel.load(Ordering::Relaxed) {
                return Err(Break::Cancelled);
            }
            let slices = batch.len();
            self.step(batch, epoch, &mut confusion)?;
            let partial = &self.progress.partial;
            let loss = partial.loss / partial.slices as f64;
            watch(FitEvent::Step {
                epoch,
                step: partial.steps,
                steps,
                loss,
                f1: confusion.weighted_f1(),
                slices,
            });
            Ok(())
        });
        match outcome {
            Ok(()) => {}
            Err(Break::Cancelled) => return Ok(()),
            Err(Break::Failed(error)) => return Err(error),
        }

        let network = self.network.valid();
        let predictions =
            predict_side(&network, task, Side::Validation, config.batch_size, self.request.device)?;
        let validation = validate(task, &predictions);
        let partial = std::mem::take(&mut self.progress.partial);
        let record = EpochRecord {
            epoch,
            learning_rate: config.learning_rate,
            train_loss: partial.loss / partial.slices as f64,
            train_f1: confusion.weighted_f1(),
            validation_loss: predictions.loss(),
            validation_f1: validation.weighted_f1(),
            validation_accuracy: validation.accuracy(),
        };
        let loss = record.validation_loss;
        if !loss.is_finite() {
            return Err(self.diverged(loss, epoch, steps));
        }
        self.progress.history.push(record);
        let best = best_epoch(&self.progress.history).is_some_and(|best| best.epoch == epoch);
        if best {
            self.best = network.weights()?;
        }
        self.save()?;
        watch(FitEvent::Epoch { history: &self.progress.history, best });
        Ok(())
    }

    fn step(&mut self, batch: Batch, epoch: usize, confusion: &mut Confusion) -> Result<(), TrainError> {
        let (task, config, device) = (self.request.task, self.request.config, self.request.device);
        let (size, n_classes) = (batch.len(), task.labels().len());
        let number = self.progress.partial.steps;
        let masks =
            generator(self.request.seed, Purpose::Dropout, (epoch as u64) << 32 | number as u64).next_u64();

        let device = device.clone().autodiff();
        let mel = TensorData::new(batch.mel, [size, task.n_mels(), task.slice_frames()]);
        let logits = self.network.forward(Tensor::from_data(mel, &device), Mode::Train { seed: masks });
        let predictions = SlicePredictions::from_logits(logits.clone(), &batch.labels)?;
        let loss = predictions.loss();
        if !loss.is_finite() {
            return Err(self.diverged(loss, epoch, number + 1));
        }
        let mut one_hot = vec![0.0_f32; size * n_classes];
        for (row, &label) in one_hot.chunks_exact_mut(n_classes).zip(&batch.labels) {
            row[label] = 1.0;
        }
        let one_hot = Tensor::<2>::from_data(TensorData::new(one_hot, [size, n_classes]), &device);
        let objective = (log_softmax(logits, 1) * one_hot).sum() * (-1.0 / size as f64);
        let gradients = objective.backward();
        // The module moves through the optimiser, which takes it by value.
        let network = self.network.clone();
        self.network = self.adam.step(network, &gradients, config.learning_rate);

        let partial = &mut self.progress.partial;
        partial.steps += 1;
        partial.slices += size;
        partial.loss += loss * size as f64;
        for (row, &truth) in predictions.rows().zip(&batch.labels) {
            let predicted = argmax(row);
            partial.outcomes.push((truth, predicted));
            confusion.add(truth, predicted, 1);
        }
        Ok(())
    }

    fn diverged(&self, loss: f64, epoch: usize, step: usize) -> TrainError {
        let learning_rate = self.request.config.learning_rate;
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
    for (slice, row) in side.slices.iter().zip(predictions.rows()) {
        confusion.add(side.tracks[slice.track].label, argmax(row), 1);
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
