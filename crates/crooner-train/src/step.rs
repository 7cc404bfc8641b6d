//! One step of training: forward, backward, and the optimiser's move.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use crooner_model::{Input, Mode, Network, together};
use crooner_split::Side;
use rand_chacha::rand_core::Rng;

use crate::TrainError;
use crate::adam::Adam;
use crate::augment::Augmenter;
use crate::average::Average;
use crate::batches::{Batch, Batches};
use crate::config::Freeze;
use crate::fit::{FitRequest, argmax};
use crate::gradients::NamedGradients;
use crate::objective::Objective;
use crate::sampling::EpochOrder;
use crate::seeds::{Purpose, generator};
use crate::transfer::{Transfer, freeze_encoder, transfer};

/// Everything that steps change.
pub(crate) struct Stepper<'a> {
    request: &'a FitRequest<'a>,
    objective: Objective,
    pub(crate) network: Network,
    pub(crate) adam: Adam,
    /// `None` where weights are not averaged.
    pub(crate) average: Option<Average>,
}

/// What a step saw.
pub(crate) struct StepOutcome {
    /// The objective, before the step, with dropout.
    pub(crate) loss: f64,
    /// How much it counts beside other steps.
    pub(crate) weight: f64,
    /// The slices as `(truth, predicted)`.
    pub(crate) outcomes: Vec<(usize, usize)>,
}

impl<'a> Stepper<'a> {
    /// At the beginning: weights from the seed or from another network.
    pub(crate) fn start(request: &'a FitRequest<'a>) -> Result<(Self, Option<Transfer>), TrainError> {
        let FitRequest { task, model, config, seed, device, initial, .. } = *request;
        config.validate()?;
        config.augmentation.validate_for(task)?;
        let input =
            Input { n_mels: task.n_mels(), n_frames: task.slice_frames(), n_classes: task.labels().len() };
        let mut network = model.init(input, seed, &device.clone().autodiff())?;
        let mut taken = None;
        if let Some(initial) = initial {
            let (started, transfer) = transfer(network, initial)?;
            if transfer.taken.is_empty() {
                return Err(TrainError::OutOfRange {
                    key: "training.init_from",
                    expected: "weights of which at least one has the name and shape of one of this network"
                        .to_owned(),
                    found: format!("none among {}", initial.weights.len()),
                });
            }
            network = started;
            taken = Some(transfer);
        }
        if config.freeze == Freeze::Encoder {
            if let Some(Transfer { fresh, .. }) = taken.as_ref().filter(|transfer| !transfer.covers_encoder())
            {
                return Err(TrainError::OutOfRange {
                    key: "training.freeze",
                    expected: "training.init_from to hold all of the encoder".to_owned(),
                    found: format!("no fitting {}", fresh.join(", ")),
                });
            }
            network = freeze_encoder(network);
        }
        let average = (config.weight_average > 0.0).then(|| Average::new(config.weight_average));
        let adam = Adam::new(config.optimizer, config.weight_decay);
        Ok((Self { request, objective: Objective::new(config, task), network, adam, average }, taken))
    }

    /// Gives the groups of batches of `epoch` that are left after `steps` steps, of
    /// `accumulation` batches each, to `consume`.
    pub(crate) fn epoch_batches<R>(
        request: &FitRequest<'_>,
        order: &EpochOrder<'_>,
        epoch: usize,
        steps: usize,
        consume: impl FnOnce(&mut dyn Iterator<Item = Batch>) -> R,
    ) -> R {
        let FitRequest { task, config, seed, .. } = *request;
        let first = (steps * config.batch_size * config.accumulation).min(order.len());
        let augmenter =
            Augmenter { config: &config.augmentation, seed, epoch, n_frames: task.slice_frames() };
        let batches = Batches {
            task,
            side: Side::Train,
            slices: order.slices(first),
            batch_size: config.batch_size,
            augment: Some((augmenter, first)),
        };
        batches.ahead(consume)
    }

    /// The training slices of `epoch` in order, and the number of its steps.
    pub(crate) fn epoch_order(request: &'a FitRequest<'a>, epoch: usize) -> (EpochOrder<'a>, usize) {
        let config = request.config;
        let order = EpochOrder::new(request.task, config, request.seed, epoch);
        let steps = order.len().div_ceil(config.batch_size * config.accumulation);
        (order, steps)
    }

    /// The next group of batches; `None` after the last.
    pub(crate) fn group(&self, batches: &mut dyn Iterator<Item = Batch>) -> Option<Vec<Batch>> {
        let group: Vec<Batch> = batches.take(self.request.config.accumulation).collect();
        (!group.is_empty()).then_some(group)
    }

    /// Step number `number`, from 0, of `epoch`: along the mean gradient of all slices of `group`. A loss that is not
    /// finite moves nothing; see to it.
    pub(crate) fn step(
        &mut self,
        group: Vec<Batch>,
        epoch: usize,
        number: usize,
        learning_rate: f64,
    ) -> Result<StepOutcome, TrainError> {
        together(self.request.device, || self.compute(group, epoch, number, learning_rate))
    }

    fn compute(
        &mut self,
        group: Vec<Batch>,
        epoch: usize,
        number: usize,
        learning_rate: f64,
    ) -> Result<StepOutcome, TrainError> {
        let config = self.request.config;
        let mut outcome = StepOutcome { loss: 0.0, weight: 0.0, outcomes: Vec::new() };
        let mut sum: Option<(NamedGradients, f64)> = None;
        for (place, batch) in group.into_iter().enumerate() {
            let masks = (epoch as u64) << 32 | (number * config.accumulation + place) as u64;
            let masks = generator(self.request.seed, Purpose::Dropout, masks).next_u64();
            let (gradients, loss, weight) = self.backward(batch, masks, &mut outcome.outcomes)?;
            outcome.loss += loss * weight;
            outcome.weight += weight;
            let Some(gradients) = gradients else {
                return Ok(StepOutcome { loss, ..outcome });
            };
            sum = Some(match sum {
                None => (gradients, weight),
                Some((mut sum, before)) => {
                    // The mean over what came before becomes the mean over all.
                    sum.scale(before / (before + weight));
                    sum.add(gradients, weight / (before + weight));
                    (sum, before + weight)
                }
            });
        }
        outcome.loss /= outcome.weight;
        let Some((mut gradients, _)) = sum else { return Ok(outcome) };
        if config.clip_norm > 0.0 {
            gradients.clip(config.clip_norm)?;
        }
        // The module moves through the optimiser, which takes it by value.
        let network = self.network.clone();
        self.network = self.adam.step(network, &gradients, learning_rate);
        if let Some(average) = &mut self.average {
            average.update(&self.network, self.adam.steps());
        }
        Ok(outcome)
    }

    /// Gradients of one batch, its loss and how much it counts; no gradients if the loss is not finite.
    fn backward(
        &self,
        batch: Batch,
        masks: u64,
        outcomes: &mut Vec<(usize, usize)>,
    ) -> Result<(Option<NamedGradients>, f64, f64), TrainError> {
        let task = self.request.task;
        let (size, n_classes) = (batch.len(), task.labels().len());
        let device = self.request.device.clone().autodiff();
        let targets = self.objective.targets(&batch);
        let truths = batch.main_labels().to_vec();
        let mel = TensorData::new(batch.mel, [size, task.n_mels(), task.slice_frames()]);
        let logits = self.network.forward(Tensor::from_data(mel, &device), Mode::Train { seed: masks });
        let values: Vec<f32> = logits.clone().into_data().iter::<f32>().collect();
        let loss = targets.value(&values);
        if !loss.is_finite() {
            return Ok((None, loss, targets.weight));
        }
        outcomes.extend(truths.into_iter().zip(values.chunks_exact(n_classes).map(argmax)));
        let gradients = targets.loss(logits, &device).backward();
        Ok((Some(NamedGradients::of(&self.network, &gradients)), loss, targets.weight))
    }

    /// The network as it would be used now: for inference, with averaged weights where they are averaged.
    pub(crate) fn current(&self) -> Result<Network, TrainError> {
        let network = self.network.valid();
        match self.average.as_ref().map(Average::weights) {
            Some(weights) if !weights.is_empty() => Ok(network.with_weights(weights)?),
            _ => Ok(network),
        }
    }
}
