//! Against the definitions, computed the slow and obvious way in `f64`.

use std::f64::consts::TAU;

use crooner_features::{
    LogMelConfig, MelConfig, MelNorm, MelScale, PadMode, StftConfig, Window, log_mel, mel_filter_bank,
    power_spectrogram, stft,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::noise;

/// The track with its padding, found by walking back and forth over it.
fn padded(samples: &[f32], config: &StftConfig) -> Vec<f64> {
    let n = samples.len() as i64;
    let padding = if config.center { config.n_fft as i64 / 2 } else { 0 };
    let at = |position: i64| match config.pad_mode {
        PadMode::Edge => f64::from(samples[position.clamp(0, n - 1) as usize]),
        PadMode::Constant if position < 0 || position >= n => 0.0,
        PadMode::Constant => f64::from(samples[position as usize]),
        PadMode::Reflect => {
            let (mut place, mut direction) = (0i64, 1i64);
            for _ in 0..position.abs() {
                if n > 1 {
                    if place + direction < 0 || place + direction >= n {
                        direction = -direction;
                    }
                    place += direction;
                }
            }
            f64::from(samples[place as usize])
        }
    };
    (-padding..n + padding).map(at).collect()
}

/// A periodic window at place `i` of `n`, by its formula.
pub(crate) fn slow_window(window: Window, i: f64, n: f64) -> f64 {
    let cosine = |wave: f64| (wave * TAU * i / n).cos();
    match window {
        _ if n == 1.0 => 1.0,
        Window::Hann => 0.5 - 0.5 * cosine(1.0),
        Window::Hamming => 0.54 - 0.46 * cosine(1.0),
        Window::Blackman => 0.42 - 0.5 * cosine(1.0) + 0.08 * cosine(2.0),
        Window::BlackmanHarris => {
            0.35875 - 0.48829 * cosine(1.0) + 0.14128 * cosine(2.0) - 0.01168 * cosine(3.0)
        }
        Window::Kaiser(beta) => {
            let beta = f64::from(beta);
            let place = 2.0 * i / n - 1.0;
            slow_bessel_i0(beta * (1.0 - place * place).sqrt()) / slow_bessel_i0(beta)
        }
        Window::Boxcar => 1.0,
    }
}

/// `I₀(x) = 1/π ∫ exp(x cos θ) dθ` from 0 to π, by the rule of the middle, which is exact for periodic functions.
fn slow_bessel_i0(x: f64) -> f64 {
    let steps = 1000;
    let at = |i: usize| (x * (std::f64::consts::PI * (i as f64 + 0.5) / f64::from(steps)).cos()).exp();
    (0..steps as usize).map(at).sum::<f64>() / f64::from(steps)
}

/// `[n_frames][n_bins]` of `(re, im)`.
pub(crate) fn slow_stft(samples: &[f32], config: &StftConfig) -> Vec<Vec<(f64, f64)>> {
    let n_fft = config.n_fft;
    let win_length = config.win_length.unwrap_or(n_fft);
    let first = (n_fft - win_length) / 2;
    let window = |i: usize| {
        if i < first || i >= first + win_length {
            return 0.0;
        }
        slow_window(config.window, (i - first) as f64, win_length as f64)
    };
    let bin = |frame: &[f64], k: usize| {
        frame.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, x)| {
            let angle = TAU * ((k * i) % n_fft) as f64 / n_fft as f64;
            (re + x * window(i) * angle.cos(), im - x * window(i) * angle.sin())
        })
    };
    let frames = padded(samples, config);
    let frames = frames.windows(n_fft).step_by(config.hop_length);
    frames.map(|frame| (0..=n_fft / 2).map(|k| bin(frame, k)).collect()).collect()
}

pub(crate) fn any_stft() -> impl Strategy<Value = StftConfig> {
    let lengths = (2usize..80).prop_flat_map(|n_fft| (Just(n_fft), proptest::option::of(1..=n_fft)));
    let window = prop_oneof![
        Just(Window::Hann),
        Just(Window::Hamming),
        Just(Window::Blackman),
        Just(Window::BlackmanHarris),
        Just(Window::Boxcar),
        (0f32..30.0).prop_map(Window::Kaiser),
    ];
    let pad_mode = prop_oneof![Just(PadMode::Constant), Just(PadMode::Reflect), Just(PadMode::Edge)];
    (lengths, 1usize..120, window, any::<bool>(), pad_mode).prop_map(
        |((n_fft, win_length), hop_length, window, center, pad_mode)| StftConfig {
            n_fft,
            win_length,
            hop_length,
            window,
            center,
            pad_mode,
        },
    )
}

proptest! {
    #[test]
    fn stft_is_the_sum_it_is_defined_as(config in any_stft(), extra in 0usize..300, seed: u32) {
        let n_samples = if config.center { 1 + extra } else { config.n_fft + extra };
        let samples = noise(n_samples, seed);
        let expected = slow_stft(&samples, &config);
        let spectrum = stft(&samples, &config).unwrap();
        let power = power_spectrogram(&samples, &config).unwrap();

        prop_assert_eq!(spectrum.n_frames(), expected.len());
        prop_assert_eq!(config.n_frames(n_samples), expected.len());
        prop_assert_eq!(spectrum.n_bins(), config.n_bins());
        let allowed = 4e-7 * config.n_fft as f64;
        for (t, frame) in expected.iter().enumerate() {
            for (k, &(re, im)) in frame.iter().enumerate() {
                let ours = spectrum.bin(k)[t];
                let error = (f64::from(ours.re) - re).hypot(f64::from(ours.im) - im);
                prop_assert!(error < allowed, "bin {k}, frame {t}: {ours} against {re} + {im}i");
                prop_assert_eq!(power.bin(k)[t], ours.re * ours.re + ours.im * ours.im);
            }
        }
    }

    #[test]
    fn filter_bank_is_the_triangles_it_is_defined_as(
        half in 1usize..600,
        n_mels in 1usize..80,
        f_min_hz in 0f32..3000.0,
        width_hz in 1.5f32..5000.0,
        htk: bool,
        norm in select(vec![MelNorm::Slaney, MelNorm::None, MelNorm::Inf, MelNorm::L1, MelNorm::L2]),
    ) {
        let config = MelConfig {
            n_mels,
            f_min_hz,
            f_max_hz: Some(f_min_hz + width_hz),
            scale: if htk { MelScale::Htk } else { MelScale::Slaney },
            norm,
        };
        let bank = mel_filter_bank(16_000, 2 * half, &config).unwrap();
        let dense = bank.to_dense();
        let expected = slow_bank(16_000.0, 2 * half, &config);
        prop_assert_eq!(dense.len(), n_mels * (half + 1));
        let largest = expected.iter().copied().fold(0.0, f64::max);
        for (i, (ours, theirs)) in dense.iter().zip(&expected).enumerate() {
            let error = (f64::from(*ours) - theirs).abs();
            prop_assert!(error <= 2e-7 * largest, "weight {i}: {ours} against {theirs}");
        }
        let empty: Vec<usize> =
            (0..n_mels).filter(|m| expected[m * (half + 1)..][..=half].iter().all(|w| *w == 0.0)).collect();
        prop_assert_eq!(bank.empty_bands(), empty);
    }
}

/// `[n_mels, n_bins]`.
fn slow_bank(sample_rate: f64, n_fft: usize, config: &MelConfig) -> Vec<f64> {
    let to_mel = |hz: f64| match config.scale {
        MelScale::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        MelScale::Slaney if hz < 1000.0 => 3.0 * hz / 200.0,
        MelScale::Slaney => 15.0 + 27.0 * (hz / 1000.0).ln() / 6.4f64.ln(),
    };
    let to_hz = |mel: f64| match config.scale {
        MelScale::Htk => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
        MelScale::Slaney if mel < 15.0 => 200.0 * mel / 3.0,
        MelScale::Slaney => 1000.0 * 6.4f64.powf((mel - 15.0) / 27.0),
    };
    let low = to_mel(config.f_min_hz.into());
    let high = to_mel(config.f_max_hz.map_or(sample_rate / 2.0, f64::from));
    let edge = |i: usize| to_hz(low + (high - low) * i as f64 / (config.n_mels + 1) as f64);
    let weight = |m: usize, k: usize| {
        let (hz, a, b, c) = (k as f64 * sample_rate / n_fft as f64, edge(m), edge(m + 1), edge(m + 2));
        let triangle = if hz <= a || hz >= c {
            0.0
        } else if hz < b {
            (hz - a) / (b - a)
        } else {
            (c - hz) / (c - b)
        };
        match config.norm {
            MelNorm::Slaney => triangle * 2.0 / (c - a),
            _ => triangle,
        }
    };
    let band = |m: usize| {
        let weights: Vec<f64> = (0..=n_fft / 2).map(|k| weight(m, k)).collect();
        let norm: f64 = match config.norm {
            MelNorm::Slaney | MelNorm::None => 1.0,
            MelNorm::Inf => weights.iter().copied().fold(0.0, f64::max),
            MelNorm::L1 => weights.iter().sum(),
            MelNorm::L2 => weights.iter().map(|weight| weight * weight).sum::<f64>().sqrt(),
        };
        weights.into_iter().map(move |weight| if norm > 0.0 { weight / norm } else { weight })
    };
    (0..config.n_mels).flat_map(band).collect()
}

#[test]
fn log_mel_is_the_chain_it_is_defined_as() {
    let config = LogMelConfig {
        sample_rate: 8000,
        n_fft: 256,
        hop_length: 100,
        n_mels: 33,
        top_db: Some(60.0),
        ..LogMelConfig::default()
    };
    // Fades out so that the floor is reached.
    let samples: Vec<f32> =
        noise(3000, 7).iter().enumerate().map(|(i, x)| x * (-(i as f32) / 200.0).exp()).collect();

    let bank = slow_bank(8000.0, 256, &config.mel());
    let spectrum = slow_stft(&samples, &config.stft());
    let mut expected: Vec<f64> = (0..33)
        .flat_map(|m| spectrum.iter().map(move |frame| (m, frame)))
        .map(|(m, frame)| {
            let weights = &bank[m * 129..][..129];
            frame.iter().zip(weights).map(|((re, im), w)| w * (re * re + im * im)).sum::<f64>()
        })
        .map(|power| 10.0 * power.max(1e-10).log10())
        .collect();
    let peak_db = expected.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for db in &mut expected {
        *db = db.max(peak_db - 60.0);
    }
    assert!(expected.iter().filter(|db| **db == peak_db - 60.0).count() > 100, "the floor is in play");

    let ours = log_mel(&samples, &config).unwrap();
    assert_eq!(ours.values().len(), expected.len());
    for (i, (ours, theirs)) in ours.values().iter().zip(&expected).enumerate() {
        assert!((f64::from(*ours) - theirs).abs() < 1e-3, "value {i}: {ours} against {theirs}");
    }
}
