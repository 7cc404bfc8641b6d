//! Settings out of range.

use super::*;

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
