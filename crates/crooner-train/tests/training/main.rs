//! The training loop on a task that is learnt in seconds: three "artists", each loud in its own
//! bands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

mod classifier;
mod rates;
mod settings;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::{Device, Tensor, TensorData};
use crooner_model::{Layers, Mode, ModelConfig, NamedTensor, Network, Stage};
use crooner_split::Side;
use crooner_store::FrontEnd;
use crooner_train::checkpoint::Identity;
use crooner_train::config::Freeze;
use crooner_train::evaluate::predict_side;
use crooner_train::fit::best_epoch;
use crooner_train::{
    Classifier, ClassifierInfo, FitConfig, FitEvent, FitOutcome, FitRequest, FrameSource, Initial,
    RangeCurve, RangeTest, Recording, Stopped, Task, TaskRow, TrainError, evaluate, fit, range_test,
};
use half::f16;

const N_MELS: usize = 16;
const SLICE_FRAMES: usize = 8;
const TRACKS_PER_ARTIST: usize = 8;

/// Tracks of 41 frames in memory.
struct Frames(Vec<Vec<f16>>);

impl FrameSource for Frames {
    fn n_mels(&self) -> usize {
        N_MELS
    }

    fn frames(&self, track: usize) -> &[f16] {
        &self.0[track]
    }
}

fn frames() -> Frames {
    let value = |track: usize, frame: usize, band: usize| {
        let noise = ((track * 7919 + frame * 104_729 + band * 1_299_709) % 1009) as f32 / 1009.0;
        let loud = band / 5 == track % 3;
        f16::from_f32(if loud { -20.0 } else { -60.0 } + 35.0 * noise)
    };
    let track = |track| (0..41 * N_MELS).map(|i| value(track, i / N_MELS, i % N_MELS)).collect();
    Frames((0..3 * TRACKS_PER_ARTIST).map(track).collect())
}

fn rows() -> Vec<TaskRow> {
    let side = |track: usize| match track / 3 {
        0 => Side::Test,
        1 => Side::Validation,
        _ => Side::Train,
    };
    let row = |track: usize| TaskRow {
        side: side(track),
        id: format!("track {track}"),
        artist: ["Ada", "Bob", "Cyd"][track % 3].to_owned(),
        source: track,
    };
    (0..3 * TRACKS_PER_ARTIST).map(row).collect()
}

fn model() -> ModelConfig {
    toml::from_str(
        "[crnn]\nblocks = [{ filters = 4, pool = [2, 2] }, { filters = 6, pool = [4, 2] }]\ngru = [5, 4]",
    )
    .unwrap()
}

fn config(epochs: usize) -> FitConfig {
    FitConfig { epochs, batch_size: 16, learning_rate: 5e-3, ..FitConfig::default() }
}

fn identity(seed: u64) -> Identity {
    Identity::from([("seed".to_owned(), seed.to_string())])
}

/// Trains, asking to stop after `stop_after` steps of this call if given.
fn train(
    frames: &Frames,
    config: &FitConfig,
    seed: u64,
    checkpoint: Option<&Path>,
    stop_after: Option<usize>,
) -> Result<FitOutcome, TrainError> {
    train_from(frames, config, seed, checkpoint, stop_after, None)
}

fn train_from(
    frames: &Frames,
    config: &FitConfig,
    seed: u64,
    checkpoint: Option<&Path>,
    stop_after: Option<usize>,
    initial: Option<Initial<'_>>,
) -> Result<FitOutcome, TrainError> {
    let task = Task::from_rows(frames, rows(), SLICE_FRAMES)?;
    let (cancel, mut steps) = (AtomicBool::new(stop_after == Some(0)), 0);
    let (model, identity, device) = (model(), identity(seed), Device::flex());
    let request = FitRequest {
        task: &task,
        model: &model,
        config,
        seed,
        initial,
        device: &device,
        checkpoint,
        identity: &identity,
        cancel: &cancel,
    };
    fit(&request, |event| {
        if let FitEvent::Step { .. } = event {
            steps += 1;
            if Some(steps) == stop_after {
                cancel.store(true, Ordering::Relaxed);
            }
        }
    })
}

fn weights(outcome: &FitOutcome) -> Vec<NamedTensor> {
    outcome.network.weights().unwrap()
}

#[test]
fn three_loud_artists_are_learnt() {
    let frames = frames();
    let outcome = train(&frames, &config(30), 0, None, None).unwrap();
    assert_eq!(outcome.stopped, Stopped::EpochLimit);
    let last = outcome.history.last().unwrap();
    assert!(last.train_loss < outcome.history[0].train_loss, "{:?}", outcome.history);

    let task = Task::from_rows(&frames, rows(), SLICE_FRAMES).unwrap();
    let predictions = predict_side(&outcome.network, &task, Side::Test, 4, &Device::flex()).unwrap();
    let evaluation = evaluate(&task, Side::Test, &predictions, 0);
    assert_eq!(evaluation.tracks.len(), 3);
    assert!(evaluation.track.accuracy.value > 0.99, "{evaluation:?}");
    assert!((evaluation.majority.value - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn the_seed_decides_and_the_number_of_threads_does_not() {
    let frames = frames();
    let with_threads = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| weights(&train(&frames, &config(2), seed, None, None).unwrap()))
    };
    let one = with_threads(1, 3);
    assert_eq!(with_threads(2, 3), one);
    assert_eq!(with_threads(4, 3), one);
    assert_ne!(with_threads(1, 4), one);
}

#[test]
fn an_interrupted_run_ends_as_an_undisturbed_one_bit_for_bit() {
    let frames = frames();
    let config = config(3);
    let undisturbed = train(&frames, &config, 1, None, None).unwrap();
    // An epoch has 18 tracks of 5 slices: 6 steps. Stops within epochs, at their ends, and at once.
    for stops in [vec![1], vec![6], vec![4, 1, 5, 7], vec![0, 13]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        for &stop in &stops {
            let outcome = train(&frames, &config, 1, Some(&path), Some(stop)).unwrap();
            assert!(matches!(outcome.stopped, Stopped::Interrupted { .. }), "{:?}", outcome.stopped);
        }
        let resumed = train(&frames, &config, 1, Some(&path), None).unwrap();
        assert_eq!(resumed.history, undisturbed.history, "{stops:?}");
        assert_eq!(weights(&resumed), weights(&undisturbed), "{stops:?}");
    }
}

/// Every option that can be on together with the others.
fn everything_on(epochs: usize) -> FitConfig {
    toml::from_str(&format!(
        "epochs = {epochs}
        batch_size = 8
        learning_rate = 5e-3
        optimizer = 'adamw'
        weight_decay = 0.02
        clip_norm = 0.5
        accumulation = 2
        label_smoothing = 0.1
        class_weights = 'balanced'
        sampling = 'balanced'
        early_stopping = 'weighted-f1'
        weight_average = 0.9
        schedule = {{ cosine = {{ warmup_epochs = 1, final_fraction = 0.1 }} }}
        [augmentation]
        random_crop = true
        gain_db = 3
        time_masks = 1
        time_mask_frames = 2
        frequency_masks = 1
        frequency_mask_bands = 3
        mixup = 0.2"
    ))
    .unwrap()
}

#[test]
fn with_every_option_on_stops_and_threads_change_nothing() {
    let frames = frames();
    let config = everything_on(3);
    let undisturbed = train(&frames, &config, 1, None, None).unwrap();
    for stops in [vec![1], vec![6], vec![4, 1, 5]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        for &stop in &stops {
            train(&frames, &config, 1, Some(&path), Some(stop)).unwrap();
        }
        let resumed = train(&frames, &config, 1, Some(&path), None).unwrap();
        assert_eq!(resumed.history, undisturbed.history, "{stops:?}");
        assert_eq!(weights(&resumed), weights(&undisturbed), "{stops:?}");
    }
    for threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let outcome = pool.install(|| train(&frames, &config, 1, None, None).unwrap());
        assert_eq!(weights(&outcome), weights(&undisturbed), "{threads} threads");
    }
}

#[test]
fn a_frozen_encoder_keeps_its_weights_and_statistics_and_the_head_learns() {
    let frames = frames();
    let before = weights(&train(&frames, &config(1), 0, None, None).unwrap());
    let config = FitConfig {
        init_from: Some("elsewhere".into()),
        freeze: Freeze::Encoder,
        weight_decay: 0.1,
        ..config(3)
    };
    let run = |initial| train_from(&frames, &config, 1, None, None, Some(initial));
    let after = weights(&run(Initial { weights: &before, same_classes: true }).unwrap());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.name, after.name);
        assert_eq!(before == after, !before.name.starts_with("head."), "{}", before.name);
    }
    let missing: Vec<_> = before.iter().filter(|tensor| !tensor.name.starts_with("gru.1")).cloned().collect();
    let error = run(Initial { weights: &missing, same_classes: true }).unwrap_err().to_string();
    assert!(error.starts_with("training.freeze: expected training.init_from to hold all"), "{error}");
    assert!(error.contains("gru.1."), "{error}");
}

#[test]
fn a_finished_run_can_be_asked_for_more_epochs() {
    let frames = frames();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    train(&frames, &config(1), 1, Some(&path), None).unwrap();
    let more = train(&frames, &config(3), 1, Some(&path), None).unwrap();
    assert_eq!(more.history, train(&frames, &config(3), 1, None, None).unwrap().history);
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let frames = frames();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    train(&frames, &config(1), 1, Some(&path), None).unwrap();
    let error = train(&frames, &config(1), 2, Some(&path), None).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("belongs to another run: its seed differs; --resume needs the run's own settings"),
        "{error}"
    );
}

#[test]
fn a_damaged_checkpoint_is_an_error() {
    let frames = frames();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    train(&frames, &config(1), 1, Some(&path), None).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = train(&frames, &config(1), 1, Some(&path), None).unwrap_err();
    assert!(matches!(error, TrainError::Format { .. }), "{error}");
}

#[test]
fn training_stops_when_validation_no_longer_improves_and_keeps_the_best() {
    let frames = frames();
    let config = FitConfig { patience: 2, learning_rate: 0.2, ..config(100) };
    let outcome = train(&frames, &config, 0, None, None).unwrap();
    assert_eq!(outcome.stopped, Stopped::EarlyStopping);
    let best = best_epoch(&outcome.history, config.early_stopping).unwrap();
    assert_eq!(best.epoch + 2, outcome.history.len());

    let task = Task::from_rows(&frames, rows(), SLICE_FRAMES).unwrap();
    let predictions =
        predict_side(&outcome.network, &task, Side::Validation, config.batch_size, &Device::flex()).unwrap();
    assert_eq!(
        predictions.loss().to_bits(),
        best.validation_loss.to_bits(),
        "the best epoch's weights are back"
    );
}

#[test]
fn a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut frames = frames();
    train(&frames, &config(1), 1, Some(&path), None).unwrap();
    let good = std::fs::read(&path).unwrap();
    for frames in &mut frames.0 {
        frames[0] = f16::INFINITY;
    }
    let error = train(&frames, &config(2), 1, Some(&path), None).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { epoch: 2, good_epochs: 1, .. }), "{error}");
    assert!(error.to_string().contains("a lower learning rate (now 0.005) usually helps"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), good);
}
