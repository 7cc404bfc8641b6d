//! The training loop on a task that is learnt in seconds: three "artists", each loud in its own
//! bands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use crooner_model::{ModelConfig, NamedTensor};
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

#[test]
fn settings_out_of_range_are_named() {
    let frames = frames();
    let cases = [
        (FitConfig { epochs: 0, ..config(1) }, "training.epochs: expected at least 1, found 0"),
        (
            FitConfig { learning_rate: -1.0, ..config(1) },
            "training.learning_rate: expected a positive number, found -1",
        ),
    ];
    for (config, message) in cases {
        assert_eq!(train(&frames, &config, 0, None, None).unwrap_err().to_string(), message);
    }
    let error = Task::from_rows(&frames, rows(), 42).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "the train side has no slice: every track there is shorter than 42 frames");
}

/// Every number of `[training]`, as TOML, just outside of its range.
#[test]
fn every_setting_out_of_range_says_its_range() {
    let cases = [
        ("patience = 0", "training.patience: expected at least 1, found 0"),
        ("batch_size = 0", "training.batch_size: expected at least 1, found 0"),
        ("accumulation = 0", "training.accumulation: expected at least 1, found 0"),
        ("learning_rate = 0.0", "training.learning_rate: expected a positive number, found 0"),
        ("learning_rate = inf", "training.learning_rate: expected a positive number, found inf"),
        ("weight_decay = -0.1", "training.weight_decay: expected a number of at least 0, found -0.1"),
        ("weight_decay = nan", "training.weight_decay: expected a number of at least 0, found NaN"),
        ("clip_norm = -1.0", "training.clip_norm: expected a number of at least 0, found -1"),
        (
            "label_smoothing = 1.0",
            "training.label_smoothing: expected a share of at least 0 and below 1, found 1",
        ),
        (
            "label_smoothing = -0.1",
            "training.label_smoothing: expected a share of at least 0 and below 1, found -0.1",
        ),
        (
            "weight_average = 1.0",
            "training.weight_average: expected a share of at least 0 and below 1, found 1",
        ),
        (
            "freeze = 'encoder'",
            "training.freeze: expected `nothing`, or training.init_from beside it, found `encoder`, alone",
        ),
        (
            "epochs = 5\n[schedule.cosine]\nwarmup_epochs = 5",
            "training.schedule.cosine.warmup_epochs: expected at least 0 and fewer than training.epochs, found 5",
        ),
        (
            "[schedule.cosine]\nwarmup_epochs = -1",
            "training.schedule.cosine.warmup_epochs: expected at least 0 and fewer than training.epochs, found -1",
        ),
        (
            "[schedule.cosine]\nfinal_fraction = 1.5",
            "training.schedule.cosine.final_fraction: expected a share of 0 to 1, found 1.5",
        ),
        (
            "[schedule.plateau]\nfactor = 1.0",
            "training.schedule.plateau.factor: expected a share above 0 and below 1, found 1",
        ),
        (
            "[schedule.plateau]\nthreshold = -1e-4",
            "training.schedule.plateau.threshold: expected a number of at least 0, found -0.0001",
        ),
        (
            "[schedule.plateau]\nmin_learning_rate = -1.0",
            "training.schedule.plateau.min_learning_rate: expected a number of at least 0, found -1",
        ),
        (
            "[augmentation]\ngain_db = -1.0",
            "training.augmentation.gain_db: expected a number of at least 0, found -1",
        ),
        (
            "[augmentation]\nmixup = -0.2",
            "training.augmentation.mixup: expected a number of at least 0, found -0.2",
        ),
    ];
    for (text, message) in cases {
        let config: FitConfig = toml::from_str(text).unwrap();
        assert_eq!(config.validate().unwrap_err().to_string(), message, "{text}");
    }
    // Counts cannot be negative, nor choices be others than there are: TOML's reader says so, with the line.
    for (text, part) in [
        ("accumulation = -1", "accumulation"),
        ("optimizer = 'sgd'", "expected `adam` or `adamw`"),
        ("class_weights = 'equal'", "expected `none` or `balanced`"),
        ("sampling = 'all'", "expected `shuffled` or `balanced`"),
        ("early_stopping = 'f1'", "`weighted-f1`"),
        ("freeze = 'head'", "expected `nothing` or `encoder`"),
        ("schedule = 'linear'", "`constant`"),
        ("[augmentation]\ntime_masks = -1", "time_masks"),
        ("[augmentation]\nmixpu = 0.2", "`mixup`"),
    ] {
        let error = toml::from_str::<FitConfig>(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    // What only the slices decide.
    let frames = frames();
    for (text, message) in [
        (
            "[augmentation]\ntime_mask_frames = 9",
            "training.augmentation.time_mask_frames: expected at most the 8 frames of a slice, found 9",
        ),
        (
            "[augmentation]\nfrequency_mask_bands = 17",
            "training.augmentation.frequency_mask_bands: expected at most the 16 bands of a slice, found 17",
        ),
    ] {
        let config: FitConfig = toml::from_str(text).unwrap();
        assert_eq!(train(&frames, &config, 0, None, None).unwrap_err().to_string(), message);
    }
}

fn find_rate(frames: &Frames, seed: u64, range: RangeTest) -> Result<RangeCurve, TrainError> {
    let task = Task::from_rows(frames, rows(), SLICE_FRAMES).unwrap();
    let (config, model) = (config(1), model());
    let request = FitRequest {
        task: &task,
        model: &model,
        config: &config,
        seed,
        initial: None,
        device: &Device::flex(),
        checkpoint: None,
        identity: &identity(seed),
        cancel: &AtomicBool::new(false),
    };
    range_test(&request, range, |_| {})
}

#[test]
fn the_range_test_finds_a_rate_that_learns() {
    let frames = frames();
    let curve = find_rate(&frames, 1, RangeTest::default()).unwrap();
    let again = find_rate(&frames, 1, RangeTest::default()).unwrap();
    assert_eq!(curve, again);
    assert_ne!(curve, find_rate(&frames, 2, RangeTest::default()).unwrap());
    // An epoch has 5 steps: the 200 steps go through many, and every rate is used once.
    assert!(curve.points.windows(2).all(|pair| pair[0].learning_rate < pair[1].learning_rate));
    let suggestion = curve.suggestion.unwrap();
    assert!((1e-4..0.3).contains(&suggestion), "{suggestion}");
    // What it looks at is the training loss: a thirtieth of the rate is far behind after as many epochs. (Validation goes
    // by the running statistics of batch norm, which so few steps leave behind.)
    let loss = |learning_rate| {
        let config = FitConfig { learning_rate, ..config(8) };
        train(&frames, &config, 1, None, None).unwrap().history.last().unwrap().train_loss
    };
    let (suggested, slow) = (loss(suggestion), loss(suggestion / 30.0));
    assert!(suggested < 0.3 && suggested < 0.5 * slow, "{suggested} at {suggestion}, {slow} at a thirtieth");
}

#[test]
fn a_range_that_is_none_is_named() {
    let frames = frames();
    for (range, message) in [
        (
            RangeTest { first: 0.0, ..RangeTest::default() },
            "first learning rate: expected a positive number, found 0",
        ),
        (
            RangeTest { last: 1e-6, ..RangeTest::default() },
            "last learning rate: expected more than the first, found 0.000001",
        ),
        (
            RangeTest { steps: 59, ..RangeTest::default() },
            "steps of the range test: expected at least 60, found 59",
        ),
    ] {
        assert_eq!(find_rate(&frames, 0, range).unwrap_err().to_string(), message);
    }
}

fn classifier(frames: &Frames) -> Classifier {
    let outcome = train(frames, &config(1), 0, None, None).unwrap();
    let info = ClassifierInfo {
        features: toml::from_str::<FrontEnd>(&format!("[log-mel]\nn_mels = {N_MELS}")).unwrap(),
        slice_frames: SLICE_FRAMES,
        model: model(),
        recording: Recording::default(),
        labels: ["Ada", "Bob", "Cyd"].map(str::to_owned).to_vec(),
        label: "singer".to_owned(),
        split: "none".to_owned(),
        seed: 0,
    };
    Classifier::new(info, outcome.network, Device::flex())
}

#[test]
fn a_saved_classifier_says_the_same() {
    let frames = frames();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let original = classifier(&frames);
    original.save(&path).unwrap();
    let loaded = Classifier::load(&path, Device::flex()).unwrap();
    assert_eq!(loaded.info(), original.info());
    assert_eq!(loaded.classify(frames.frames(3)).unwrap(), original.classify(frames.frames(3)).unwrap());
    assert_eq!(loaded.classify(frames.frames(3)).unwrap().len(), 41 / SLICE_FRAMES);

    let again = folder.path().join("again.safetensors");
    loaded.save(&again).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(again).unwrap());
}

#[test]
fn what_its_labels_are_called_is_known() {
    let info = classifier(&frames()).info().clone();
    assert_eq!(info.noun(), "singer");
    let mut older = serde_json::to_value(&info).unwrap();
    older.as_object_mut().unwrap().remove("label");
    assert_eq!(serde_json::from_value::<ClassifierInfo>(older).unwrap().noun(), "artist");
}

#[test]
fn a_recording_shorter_than_a_slice_is_one_slice() {
    let frames = frames();
    let predictions = classifier(&frames).classify(&frames.frames(0)[..3 * N_MELS]).unwrap();
    assert_eq!(predictions.len(), 1);
    let sum: f64 = predictions.mean().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
}
