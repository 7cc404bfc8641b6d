//! Made-up training runs, for looking at the page and for testing it.
//!
//! The figures are invented, but they agree with each other as those of a real run would.

use crooner_report::picture::{HeatMap, Layout, Levels, Rows, heat_map, waveform};
use crooner_report::{
    Chance, Class, ConfusedPair, Epoch, Error, Evaluation, Example, ExamplePictures, FORMAT, Failure, Level,
    PartSize, Pictures, Report, Run, Score, Seconds, SplitSizes, Training, WorstTrack,
};

/// Names that try the layout: long, short, not Latin, and full of what markup would read.
const NAMES: [&str; 12] = [
    "Eric Skiff",
    "HoliznaCC0",
    "Juhani Junkala",
    "Kevin MacLeod",
    "AC/DC & \"x\"",
    "<script>alert(1)</script>",
    "久石譲",
    "Godspeed You! Black Emperor",
    "M",
    "Sigur Rós",
    "Creedence Clearwater Revival",
    "Wansti",
];

/// A run over `n_classes` artists with `per_class` test tracks each.
pub(crate) fn report(n_classes: usize, per_class: u64) -> Report {
    let names: Vec<String> = (0..n_classes)
        .map(|i| match i / NAMES.len() {
            0 => NAMES[i].to_owned(),
            round => format!("{} {}", NAMES[i % NAMES.len()], round + 1),
        })
        .collect();
    let track = level(&names, per_class, 1);
    let slice = level(&names, per_class * 31, 9);
    let tracks = track.total();
    let uniform = 1.0 / n_classes as f64;
    let confused = confused(&track);
    let worst_tracks = confused.iter().take(5).enumerate().map(|(i, pair)| worst(i, pair)).collect();
    Report {
        format: FORMAT,
        run: Run {
            name: "demo-album-42".to_owned(),
            dataset: "demo".to_owned(),
            preset: "demo".to_owned(),
            backend: "flex".to_owned(),
            device: "CPU".to_owned(),
            seed: 42,
            version: "0.1.0".to_owned(),
            revision: Some("3f9c2b7".to_owned()),
            parameters: 394_516,
            slice_seconds: Some(3.008),
            slice_segments: None,
            command: "crooner train --preset demo --seed 42 --name demo-album-42".to_owned(),
            config_toml: "seed = 42\n\n[features.log-mel]\nn_mels = 128\nn_fft = 2048\nhop_length = 512\n\n\
                          [split]\nkind = \"album\"\n"
                .to_owned(),
        },
        split: SplitSizes {
            label: "artist".to_owned(),
            kind: "album".to_owned(),
            fingerprint: "b3:5d1c0e44a2f09b7e".to_owned(),
            train: PartSize { tracks: tracks * 4, slices: slice.total() * 4 },
            validation: PartSize { tracks, slices: slice.total() },
            test: PartSize { tracks, slices: slice.total() },
            notes: vec![
                "M has two albums only; the album that would have been for validation is used for training."
                    .to_owned(),
            ],
        },
        chance: Chance {
            majority: Score { value: uniform, low: 0.0, high: (2.0 * uniform).min(1.0) },
            uniform: exactly(uniform),
        },
        test: Evaluation { track_mean: track.scores(), slice, track },
        training: training(24),
        examples: vec![Example {
            track: "Eric Skiff/Resistor Anthems/Chibi Ninja.ogg".to_owned(),
            artist: "Eric Skiff".to_owned(),
            start_seconds: 30.0,
            length_seconds: 10.0,
        }],
        confused,
        worst_tracks,
        failures: vec![Failure {
            track: "Wansti/Demo/<broken>.mp3".to_owned(),
            error: "no audio frame found after 4096 bytes".to_owned(),
        }],
        seconds: Seconds { prepare: 8.4, train: 3725.0, evaluate: 59.7 },
    }
}

/// Pictures of the report's example: a made-up melody.
pub(crate) fn pictures() -> Result<Pictures, Error> {
    let rate = 16_000;
    let samples: Vec<f32> = (0..rate * 10)
        .map(|n| {
            let seconds = n as f32 / rate as f32;
            let note = [220.0, 277.2, 329.6, 440.0][(seconds * 2.0) as usize % 4];
            let decay = (-4.0 * (seconds * 2.0).fract()).exp();
            let harmonics = [1.0, 0.5, 0.25].iter().enumerate();
            harmonics
                .map(|(i, a)| a * (seconds * note * (i + 1) as f32 * std::f32::consts::TAU).sin())
                .sum::<f32>()
                * decay
                * 0.5
        })
        .collect();
    let (n_frames, n_mels) = (313, 128);
    let mel_hz: Vec<f32> = (0..n_mels)
        .map(|i| {
            // Slaney's scale: linear up to 1 kHz, logarithmic above.
            let mel = 45.245_64 * (i + 1) as f32 / (n_mels + 1) as f32;
            if mel < 15.0 { mel * 200.0 / 3.0 } else { 1000.0 * ((mel - 15.0) * 6.4f32.ln() / 27.0).exp() }
        })
        .collect();
    let mut values = Vec::new();
    let mut noise = Noise(7);
    for frame in 0..n_frames {
        let seconds = frame as f32 * 0.032;
        let note = [220.0f32, 277.2, 329.6, 440.0][(seconds * 2.0) as usize % 4];
        let age = (seconds * 2.0).fract();
        for &hz in &mel_hz {
            let harmonic = (hz / note).round().max(1.0) * note;
            let distance = (hz / harmonic).ln().abs() * 40.0;
            let level = -4.0 * (hz / note).max(1.0) - 34.0 * age - 12.0 * distance;
            values.push(level.max(-74.0) - 6.0 * noise.next());
        }
    }
    let map = HeatMap {
        what: "Log-mel spectrogram",
        values: &values,
        n_bins: n_mels,
        first_seconds: 0.0,
        hop_seconds: 0.032,
        rows: Rows::Bands(&mel_hz),
        levels: Levels::Decibels,
    };
    Ok(Pictures {
        examples: vec![ExamplePictures {
            feature: "log-mel".to_owned(),
            track: "Eric Skiff/Resistor Anthems/Chibi Ninja.ogg".to_owned(),
            waveform: waveform(&samples, rate, 0.0, &Layout { height: 170, ..Layout::default() })?,
            spectrogram: heat_map(&map, &Layout::default())?,
        }],
    })
}

fn exactly(value: f64) -> Score {
    Score { value, low: value, high: value }
}

/// A level whose confusion matrix has most on the diagonal, and the scores that follow from it.
fn level(names: &[String], per_class: u64, seed: u32) -> Level {
    let n = names.len();
    let mut noise = Noise(seed);
    let mut confusion = vec![vec![0u64; n]; n];
    for (truth, row) in confusion.iter_mut().enumerate() {
        for _ in 0..per_class {
            let predicted = if noise.next() < 0.72 { truth } else { (noise.next() * n as f32) as usize };
            row[predicted.min(n - 1)] += 1;
        }
    }
    let classes: Vec<Class> = (0..n)
        .map(|i| {
            let right = confusion[i][i];
            let named: u64 = confusion.iter().map(|row| row[i]).sum();
            let support: u64 = confusion[i].iter().sum();
            Class {
                name: names[i].clone(),
                precision: ratio(right, named),
                recall: ratio(right, support),
                f1: ratio(2 * right, named + support),
                support,
            }
        })
        .collect();
    let mean_f1 = classes.iter().filter_map(|class| class.f1).sum::<f64>() / n as f64;
    let total = n as u64 * per_class;
    let right: u64 = (0..n).map(|i| confusion[i][i]).sum();
    let around = |value: f64| {
        let reach = 1.96 * (value * (1.0 - value) / total as f64).sqrt();
        Score { value, low: (value - reach).max(0.0), high: (value + reach).min(1.0) }
    };
    let accuracy = around(right as f64 / total as f64);
    Level { accuracy, weighted_f1: around(mean_f1), macro_f1: around(mean_f1), classes, confusion }
}

fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

fn confused(level: &Level) -> Vec<ConfusedPair> {
    let mut pairs = Vec::new();
    for (truth, row) in level.confusion.iter().enumerate() {
        for (predicted, &count) in row.iter().enumerate() {
            if truth != predicted && count > 0 {
                pairs.push(ConfusedPair {
                    truth: level.classes[truth].name.clone(),
                    predicted: level.classes[predicted].name.clone(),
                    count,
                    of: level.classes[truth].support,
                });
            }
        }
    }
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.count));
    pairs.truncate(8);
    pairs
}

fn worst(rank: usize, pair: &ConfusedPair) -> WorstTrack {
    let probability = 0.97 - 0.06 * rank as f64;
    WorstTrack {
        id: format!("{}/Album {}/Track {}.flac", pair.truth, rank + 1, 3 * rank + 2),
        truth: pair.truth.clone(),
        predicted: pair.predicted.clone(),
        probability,
        true_probability: (1.0 - probability) / 2.0,
        slices: 31,
    }
}

/// Losses that fall, validation loss that turns, and one epoch without a finite figure.
pub(crate) fn training(n_epochs: u64) -> Training {
    let best = (n_epochs * 2 / 3).max(1);
    let mut noise = Noise(3);
    let epochs = (1..=n_epochs).map(|epoch| {
        let progress = epoch as f64 / n_epochs as f64;
        let wobble = f64::from(noise.next()) * 0.06;
        let turn = (progress - best as f64 / n_epochs as f64).max(0.0);
        Epoch {
            epoch,
            train_loss: Some(1.9 * (-2.6 * progress).exp() + 0.05 + wobble),
            validation_loss: (epoch != 5).then_some(1.5 * (-2.0 * progress).exp() + 0.35 + wobble + turn),
            validation_f1: Some(0.82 * (1.0 - (-4.0 * progress).exp()) - 0.1 * turn),
            learning_rate: 1e-3,
        }
    });
    Training {
        epochs: epochs.collect(),
        best_epoch: Some(best),
        stopped: format!(
            "Training stopped after epoch {n_epochs}: the validation loss had not improved for 8 epochs."
        ),
    }
}

/// Numbers in `0..1` that look random, the same on every machine.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}
