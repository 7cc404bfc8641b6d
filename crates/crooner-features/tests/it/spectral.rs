//! Descriptors, levels, cosine transforms, inverses and units against their definitions, computed slowly in `f64`, and
//! what must hold of them for any track.

use std::f64::consts::PI;

use crooner_features::{
    DbConfig, DctNorm, DeltaConfig, DeltaMode, FeatureConfig, FeatureError, GriffinLimConfig, InitialPhase,
    MfccToMelConfig, PcenConfig, PolyFeaturesConfig, RmsConfig, SpectralContrastConfig, Spectrogram,
    StftConfig, Window, ZeroCrossingRateConfig, amplitude_to_db, db_to_amplitude, db_to_power, dct_matrix,
    deemphasis, delta, griffin_lim, hz_to_midi, hz_to_octs, istft, mfcc_to_mel, midi_to_hz, midi_to_note,
    note_to_midi, octs_to_hz, pcen, poly_features, power_to_db, preemphasis, rms, rms_of_spectrogram,
    spectral_contrast, stft, zero_crossing_rate,
};
use proptest::prelude::*;

use crate::noise;
use crate::oracle::{any_stft, slow_stft, slow_window};

fn any_window() -> impl Strategy<Value = Window> {
    prop_oneof![
        Just(Window::Hann),
        Just(Window::Hamming),
        Just(Window::Blackman),
        Just(Window::BlackmanHarris),
        Just(Window::Boxcar),
        (0f32..100.0).prop_map(Window::Kaiser),
    ]
}

/// `[n_frames][n_bins]` of `|X|`.
fn slow_magnitudes(samples: &[f32], config: &StftConfig) -> Vec<Vec<f64>> {
    let magnitude = |&(re, im): &(f64, f64)| re.hypot(im);
    slow_stft(samples, config).iter().map(|frame| frame.iter().map(magnitude).collect()).collect()
}

fn assert_near(ours: &[f32], theirs: &[f64], allowed: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((f64::from(*ours) - theirs).abs() <= allowed, "value {i}: {ours} against {theirs}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_are_their_formulas(window in any_window(), len in 1usize..200) {
        let periodic = window.coefficients(len);
        let symmetric = window.symmetric(len + 1);
        for (i, &w) in periodic.iter().enumerate() {
            let formula = slow_window(window, i as f64, len as f64);
            prop_assert!((w - formula).abs() < 1e-12, "{window} {i} of {len}: {w} against {formula}");
            prop_assert!(len == 1 || (w - symmetric[i]).abs() < 1e-12);
            prop_assert!((-1e-16..=1.0 + 1e-15).contains(&w));
        }
        for i in 0..=len {
            prop_assert!((symmetric[i] - symmetric[len - i]).abs() < 1e-12);
        }
    }

    #[test]
    fn every_window_survives_being_written(window in any_window()) {
        prop_assert_eq!(window.to_string().parse::<Window>().unwrap(), window);
    }

    #[test]
    fn the_inverse_gives_the_track_back(config in any_stft(), seed: u32) {
        let samples = noise(700, seed);
        let back = istft(&stft(&samples, &config).unwrap(), &config, Some(samples.len())).unwrap();
        prop_assert_eq!(back.len(), samples.len());
        let win_length = config.win_length.unwrap_or(config.n_fft);
        let first = (config.n_fft - win_length) / 2;
        let padding = if config.center { config.n_fft / 2 } else { 0 };
        let n_frames = config.n_frames(samples.len());
        let mut covered = vec![0.0; samples.len() + 2 * config.n_fft + config.hop_length * n_frames];
        for t in 0..n_frames {
            for i in 0..win_length {
                covered[t * config.hop_length + first + i] +=
                    slow_window(config.window, i as f64, win_length as f64).powi(2);
            }
        }
        for (n, (x, y)) in samples.iter().zip(&back).enumerate() {
            // Where a window is all but zero, what it leaves of a sample drowns in rounding.
            if covered[padding + n] > 1e-3 {
                prop_assert!((x - y).abs() < 1e-4, "sample {n}: {x} {y}");
            }
        }
    }

    #[test]
    fn emphasis_is_undone(n in 1usize..300, coef in 0f32..0.99, seed: u32) {
        let samples = noise(n, seed);
        let back = deemphasis(&preemphasis(&samples, coef).unwrap(), coef).unwrap();
        for (x, y) in samples.iter().zip(&back) {
            prop_assert!((x - y).abs() < 1e-4, "{x} {y}");
        }
    }

    #[test]
    fn decibels_are_undone(values in proptest::collection::vec(1e-4f32..1e4, 1..50), reference in 1e-3f32..1e3) {
        let s = Spectrogram::new(1, values.len(), values).unwrap();
        let config = DbConfig { top_db: None, amin: 1e-20, ..DbConfig::default() };
        let power = db_to_power(&power_to_db(&s, &config).unwrap(), reference).unwrap();
        let amplitude = db_to_amplitude(&amplitude_to_db(&s, &config).unwrap(), reference).unwrap();
        for ((x, p), a) in s.values().iter().zip(power.values()).zip(amplitude.values()) {
            prop_assert!((p / x / reference - 1.0).abs() < 1e-5 && (a / x / reference - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn cosine_transforms_of_types_2_and_3_undo_each_other(n in 1usize..40) {
        for (norm, scale) in [(DctNorm::Ortho, 1.0), (DctNorm::None, 2.0 * n as f64)] {
            let (two, three) = (dct_matrix(2, norm, n, n).unwrap(), dct_matrix(3, norm, n, n).unwrap());
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..n).map(|k| three[i * n + k] * two[k * n + j]).sum();
                    let expected = if i == j { scale } else { 0.0 };
                    prop_assert!((product - expected).abs() < 1e-10 * scale);
                }
            }
        }
    }

    #[test]
    fn the_cosine_transform_of_type_1_undoes_itself(n in 2usize..40) {
        for (norm, scale) in [(DctNorm::Ortho, 1.0), (DctNorm::None, 2.0 * (n - 1) as f64)] {
            let one = dct_matrix(1, norm, n, n).unwrap();
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..n).map(|k| one[i * n + k] * one[k * n + j]).sum();
                    let expected = if i == j { scale } else { 0.0 };
                    prop_assert!((product - expected).abs() < 1e-10 * scale);
                }
            }
        }
    }

    #[test]
    fn all_coefficients_give_the_mel_bands_back(values in proptest::collection::vec(1e-3f32..1e3, 24)) {
        let mel = Spectrogram::new(12, 2, values).unwrap();
        let db = power_to_db(&mel, &DbConfig { top_db: None, ..DbConfig::default() }).unwrap();
        let matrix = dct_matrix(2, DctNorm::Ortho, 12, 12).unwrap();
        let coefficient =
            |(k, t): (usize, usize)| (0..12).map(|m| matrix[k * 12 + m] * f64::from(db.bin(m)[t])).sum::<f64>() as f32;
        let places = (0..12).flat_map(|k| [(k, 0), (k, 1)]);
        let mfcc = Spectrogram::new(12, 2, places.map(coefficient).collect()).unwrap();
        let back = mfcc_to_mel(&mfcc, &MfccToMelConfig { n_mels: 12, ..MfccToMelConfig::default() }).unwrap();
        for (x, y) in mel.values().iter().zip(back.values()) {
            prop_assert!((x / y - 1.0).abs() < 1e-4, "{x} {y}");
        }
    }

    #[test]
    fn rms_is_the_same_in_time_and_frequency(n_fft in 2usize..100, hop_length in 1usize..100, seed: u32) {
        let samples = noise(500, seed);
        let config = StftConfig {
            n_fft, hop_length, window: Window::Boxcar, center: false, ..StftConfig::default()
        };
        let in_time = RmsConfig { frame_length: n_fft, hop_length, center: false, ..RmsConfig::default() };
        let in_time = rms(&samples, &in_time).unwrap();
        let in_frequency = rms_of_spectrogram(&stft(&samples, &config).unwrap().magnitude(), n_fft).unwrap();
        for (a, b) in in_time.values().iter().zip(in_frequency.values()) {
            prop_assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn changes_of_a_polynomial_are_its_derivative(
        half in 2usize..6, order in 1usize..4, factors in proptest::collection::vec(-1f64..1.0, 4),
    ) {
        let config = DeltaConfig { width: 2 * half + 1, order, mode: DeltaMode::Interp };
        let value = |t: usize| (0..=order).map(|p| factors[p] * (t as f64 / 10.0).powi(p as i32)).sum::<f64>() as f32;
        let row = Spectrogram::new(1, 30, (0..30).map(value).collect()).unwrap();
        let factorial: f64 = (1..=order).map(|n| n as f64).product();
        let expected = factorial * factors[order] / 10f64.powi(order as i32);
        for found in delta(&row, &config).unwrap().values() {
            prop_assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn units_are_undone(hz in 10f64..20_000.0, tuning in -0.5f64..0.5, midi in 0usize..128) {
        prop_assert!((midi_to_hz(hz_to_midi(hz)) / hz - 1.0).abs() < 1e-12);
        prop_assert!((octs_to_hz(hz_to_octs(hz, tuning, 12), tuning, 12) / hz - 1.0).abs() < 1e-12);
        prop_assert_eq!(note_to_midi(&midi_to_note(midi as f64)).unwrap(), midi as f64);
    }
}

/// A chirp in noise that fades, and its frames.
fn track() -> (Vec<f32>, StftConfig) {
    let fade = |(i, x): (usize, &f32)| {
        let t = i as f32 / 3000.0;
        (0.1 * x + (200.0 * t * t).sin()) * (-2.0 * t).exp()
    };
    let samples = noise(3000, 17).iter().enumerate().map(fade).collect();
    (samples, StftConfig { n_fft: 255, hop_length: 190, window: Window::Blackman, ..StftConfig::default() })
}

#[test]
fn contrast_is_what_it_is_defined_as() {
    let (samples, stft) = track();
    let config = SpectralContrastConfig {
        sample_rate: 8000,
        n_fft: stft.n_fft,
        hop_length: stft.hop_length,
        window: stft.window,
        f_min_hz: 150.0,
        n_bands: 4,
        quantile: 0.1,
        ..SpectralContrastConfig::default()
    };
    let edges = [0.0, 150.0, 300.0, 600.0, 1200.0, 2400.0];
    let frames = slow_magnitudes(&samples, &stft);
    let (mut valleys, mut peaks) = (Vec::new(), Vec::new());
    for band in 0..5 {
        let hz = |k: usize| k as f64 * 8000.0 / 255.0;
        let mut bins: Vec<usize> =
            (0..128).filter(|&k| hz(k) >= edges[band] && hz(k) <= edges[band + 1]).collect();
        if band > 0 {
            bins.insert(0, bins[0] - 1);
        }
        if band == 4 {
            bins.extend(bins[bins.len() - 1] + 1..128);
        }
        let n = ((0.1 * bins.len() as f64).round_ties_even() as usize).max(1);
        if band < 4 {
            bins.pop();
        }
        for frame in &frames {
            let mut sorted: Vec<f64> = bins.iter().map(|&k| frame[k]).collect();
            sorted.sort_by(f64::total_cmp);
            valleys.push(sorted[..n].iter().sum::<f64>() / n as f64);
            peaks.push(sorted[sorted.len() - n..].iter().sum::<f64>() / n as f64);
        }
    }
    let db = |values: &[f64]| -> Vec<f64> {
        let db: Vec<f64> = values.iter().map(|value| 10.0 * value.max(1e-10).log10()).collect();
        let floor = db.iter().copied().fold(f64::NEG_INFINITY, f64::max) - 80.0;
        db.iter().map(|value| value.max(floor)).collect()
    };
    let expected: Vec<f64> =
        db(&peaks).iter().zip(db(&valleys)).map(|(peak, valley)| peak - valley).collect();
    assert_near(spectral_contrast(&samples, &config).unwrap().values(), &expected, 1e-3);
    let linear: Vec<f64> = peaks.iter().zip(&valleys).map(|(peak, valley)| peak - valley).collect();
    let config = SpectralContrastConfig { linear: true, ..config };
    assert_near(spectral_contrast(&samples, &config).unwrap().values(), &linear, 1e-5);
}

#[test]
fn contrast_names_bands_that_cannot_be() {
    let config = SpectralContrastConfig { n_bands: 7, ..SpectralContrastConfig::default() };
    let error = spectral_contrast(&[0.0; 100], &config).unwrap_err().to_string();
    assert!(error.contains("`n_bands` must be so few that the highest starts below 8000 Hz"), "{error}");
    let config = SpectralContrastConfig { n_fft: 64, ..SpectralContrastConfig::default() };
    let error = spectral_contrast(&[0.0; 100], &config).unwrap_err().to_string();
    assert!(error.contains("`f_min_hz` must be such that the band from "), "{error}");
}

/// Of all lines and parabolas, the fitted one is the nearest: moving any coefficient makes it worse.
#[test]
fn polynomials_fit_best() {
    let (samples, stft) = track();
    let frames = slow_magnitudes(&samples, &stft);
    for order in 0..4 {
        let config = PolyFeaturesConfig {
            sample_rate: 8000,
            n_fft: stft.n_fft,
            hop_length: stft.hop_length,
            window: stft.window,
            order,
            ..PolyFeaturesConfig::default()
        };
        let found = poly_features(&samples, &config).unwrap();
        for (t, frame) in frames.iter().enumerate() {
            let distance = |coefficients: &[f64]| -> f64 {
                let residual = |(k, x): (usize, &f64)| {
                    let hz = k as f64 * 8000.0 / 255.0;
                    (coefficients.iter().fold(0.0, |sum, c| sum * hz + c) - x).powi(2)
                };
                frame.iter().enumerate().map(residual).sum()
            };
            let best: Vec<f64> = (0..=order).map(|i| f64::from(found.bin(i)[t])).collect();
            for i in 0..=order {
                for step in [-1e-3, 1e-3] {
                    let mut moved = best.clone();
                    // A step that changes the polynomial by about as much at the highest frequency, whatever the power.
                    moved[i] += step / 4000f64.powi((order - i) as i32);
                    assert!(distance(&moved) > distance(&best), "order {order}, frame {t}, coefficient {i}");
                }
            }
        }
    }
}

#[test]
fn crossings_are_counted_one_by_one() {
    let samples: Vec<f32> = noise(1000, 4).iter().map(|x| if x.abs() < 0.2 { 0.0 } else { *x }).collect();
    for (center, zero_pos) in [(true, true), (true, false), (false, true), (false, false)] {
        let config = ZeroCrossingRateConfig {
            frame_length: 101,
            hop_length: 40,
            center,
            zero_pos,
            threshold: 0.3,
            ..ZeroCrossingRateConfig::default()
        };
        let padding = if center { 50 } else { 0 };
        let at = |n: i64| samples[n.clamp(0, 999) as usize];
        let sign = |x: f32| match x {
            x if x > 0.3 => 1,
            x if x < -0.3 => -1,
            _ => i32::from(zero_pos),
        };
        let expected = |t: usize| {
            let start = 40 * t as i64 - padding;
            let crossings = (start + 1..start + 101).filter(|&n| sign(at(n)) != sign(at(n - 1))).count();
            crossings as f64 / 101.0
        };
        let found = zero_crossing_rate(&samples, &config).unwrap();
        let expected: Vec<f64> = (0..found.n_frames()).map(expected).collect();
        assert_near(found.values(), &expected, 1e-7);
    }
}

#[test]
fn energy_normalisation_is_what_it_is_defined_as() {
    let energies: Vec<f32> = noise(600, 8).iter().map(|x| 1e5 * x * x).collect();
    let s = Spectrogram::new(3, 200, energies).unwrap();
    let config =
        PcenConfig { b: Some(0.125), gain: 0.75, bias: 4.0, power: 0.5, eps: 0.5, ..PcenConfig::default() };
    let mut expected = Vec::new();
    for bin in 0..3 {
        let mut average = 1.0;
        for &energy in s.bin(bin) {
            let energy = f64::from(energy);
            average = 0.875 * average + 0.125 * energy;
            expected.push((energy / (0.5 + average).powf(0.75) + 4.0).sqrt() - 2.0);
        }
    }
    let largest = expected.iter().copied().fold(0.0, f64::max);
    assert_near(pcen(&s, 22_050, 512, &config).unwrap().values(), &expected, 1e-6 * largest);
}

#[test]
fn griffin_lim_comes_nearer_and_depends_on_its_seed_alone() {
    let (samples, _) = track();
    let stft_config = StftConfig { n_fft: 256, hop_length: 64, ..StftConfig::default() };
    let magnitude = stft(&samples, &stft_config).unwrap().magnitude();
    let estimate = |n_iter: usize, init: InitialPhase| {
        let config =
            GriffinLimConfig { stft: stft_config.clone(), n_iter, init, ..GriffinLimConfig::default() };
        griffin_lim(&magnitude, &config, Some(samples.len())).unwrap()
    };
    let distance = |y: &[f32]| {
        let again = stft(y, &stft_config).unwrap().magnitude();
        again.values().iter().zip(magnitude.values()).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    };
    let energy = magnitude.values().iter().map(|x| x * x).sum::<f32>().sqrt();
    for init in [InitialPhase::Zero, InitialPhase::Random(3)] {
        let (none, few, many) = (estimate(0, init), estimate(4, init), estimate(60, init));
        assert!(distance(&few) < distance(&none) && distance(&many) < distance(&few), "{init:?}");
        assert!(distance(&many) < 0.25 * energy, "{init:?}: {} of {energy}", distance(&many));
        assert_eq!(few, estimate(4, init));
    }
    assert_ne!(estimate(4, InitialPhase::Random(3)), estimate(4, InitialPhase::Random(4)));
    // With the phases of the track itself there is nothing left to do; without rounds, only the inverse.
    let mut zero = stft(&samples, &stft_config).unwrap().magnitude().into_values();
    let plain: Vec<_> = zero.drain(..).map(|s| crooner_features::Complex32::new(s, 0.0)).collect();
    let plain = Spectrogram::new(magnitude.n_bins(), magnitude.n_frames(), plain).unwrap();
    assert_eq!(estimate(0, InitialPhase::Zero), istft(&plain, &stft_config, Some(samples.len())).unwrap());
    let error = griffin_lim(
        &magnitude,
        &GriffinLimConfig { stft: stft_config, ..GriffinLimConfig::default() },
        Some(5),
    );
    assert!(matches!(error, Err(FeatureError::Config { key: "length", .. })), "{error:?}");
}

#[test]
fn every_feature_takes_a_constant_and_names_what_it_cannot_take() {
    for config in FeatureConfig::defaults() {
        let name = config.name();
        let constant = config.frames(&[0.25; 20_000]).unwrap();
        assert!(constant.values().iter().all(|value| value.is_finite()), "{name}");
        assert_eq!(config.frames(&[]), Err(FeatureError::NoSamples), "{name}");
        for bad in [f32::NAN, f32::INFINITY] {
            let mut samples = vec![0.25; 20_000];
            samples[12_345] = bad;
            let error = config.frames(&samples).unwrap_err().to_string();
            assert!(error.starts_with("sample 12345 of the track is "), "{name}: {error}");
        }
    }
}

#[test]
fn functions_of_samples_name_what_they_cannot_take() {
    let mut samples = vec![0.25; 100];
    samples[42] = f32::NAN;
    for error in [
        preemphasis(&samples, 0.97).unwrap_err(),
        deemphasis(&samples, 0.97).unwrap_err(),
        stft(&samples, &StftConfig::default()).unwrap_err(),
    ] {
        assert!(error.to_string().starts_with("sample 42 of the track is NaN"), "{error}");
    }
    assert_eq!(preemphasis(&[], 0.97), Err(FeatureError::NoSamples));
    let error = preemphasis(&[0.5], 1.5).unwrap_err().to_string();
    assert_eq!(error, "feature setting `coef` must be between 0 and 1, found 1.5");
    let none = Spectrogram::new(1025, 0, Vec::new()).unwrap();
    assert_eq!(istft(&none, &StftConfig::default(), None), Err(FeatureError::NoSamples));
    let wrong = Spectrogram::new(7, 1, vec![crooner_features::Complex32::default(); 7]).unwrap();
    let error = istft(&wrong, &StftConfig::default(), None).unwrap_err().to_string();
    assert_eq!(error, "a buffer of 7 values was given where the shape asks for n_fft / 2 + 1 = 1025 bins");
}

#[test]
fn an_unscaled_cosine_transform_is_twice_the_sum() {
    let matrix = dct_matrix(2, DctNorm::None, 3, 5).unwrap();
    for k in 0..3 {
        for m in 0..5 {
            let expected = 2.0 * (PI * k as f64 * (m as f64 + 0.5) / 5.0).cos();
            assert!((matrix[k * 5 + m] - expected).abs() < 1e-12);
        }
    }
    let one = dct_matrix(1, DctNorm::None, 1, 1).unwrap_err().to_string();
    assert_eq!(one, "feature setting `n` must be between 2 and 65536, found 1");
    assert!(dct_matrix(0, DctNorm::None, 3, 5).is_err());
    assert!(dct_matrix(4, DctNorm::None, 3, 5).is_err() && dct_matrix(2, DctNorm::None, 6, 5).is_err());
}
