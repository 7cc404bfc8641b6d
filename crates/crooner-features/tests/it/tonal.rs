//! Pitch, chroma, separation and rhythm against what they are defined as, and at their limits.

use crooner_features::{
    CqtConfig, FeatureConfig, FeatureError, HpssConfig, Metric, Norm, OnsetStrengthConfig, RecurrenceConfig,
    RecurrenceMode, Spectrogram, Tuning, Window, cqt, estimate_tuning, hpss, icqt, onset_strength_multi,
    recurrence_matrix,
};

use crate::noise;

/// The sum that the constant-Q transform is defined as, in `f64` and without resampling. What differs is the resampler's
/// pass-band and the filters' share of negative frequencies, which the transform leaves out.
#[test]
fn the_constant_q_transform_is_the_sum_it_is_defined_as() {
    let tone = |i: usize| (i as f32 * 0.05).sin() + 0.5 * (i as f32 * 0.31).sin();
    let y: Vec<f32> = (0..12_000).map(tone).collect();
    let config = CqtConfig { n_bins: 24, f_min_hz: Some(500.0), sparsity: 0.0, ..CqtConfig::default() };
    let transform = cqt(&y, &config).unwrap();
    let ratio = 2f64.powf(1.0 / 12.0);
    let q = (ratio * ratio + 1.0) / (ratio * ratio - 1.0);
    let largest = transform.magnitude().values().iter().copied().fold(0.0, f32::max);
    for k in [0, 3, 8, 12, 23] {
        let hz = 500.0 * ratio.powi(k);
        let length = q * 16_000.0 / hz;
        let start = (-length / 2.0).floor();
        let n = ((length / 2.0).floor() - start) as usize;
        let window = Window::Hann.coefficients(n);
        let norm: f64 = window.iter().sum();
        for t in [8, 12] {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, w) in window.iter().enumerate() {
                let offset = start + i as f64;
                let sample = f64::from(y[(f64::from(t) * 512.0 + offset) as usize]);
                let angle = std::f64::consts::TAU * hz / 16_000.0 * offset;
                re += sample * w * angle.cos();
                im += sample * w * angle.sin();
            }
            let expected = (re.hypot(im) * length.sqrt() / norm) as f32;
            let found = transform.bin(k as usize)[t as usize].norm();
            assert!((found - expected).abs() < 1e-3 * largest, "bin {k}, frame {t}: {found} {expected}");
        }
    }
}

#[test]
fn the_inverse_gives_back_what_lies_within_the_bins() {
    let y: Vec<f32> = (0..32_000).map(|i| (i as f32 * 0.11).sin()).collect();
    let config = CqtConfig { hop_length: 256, ..CqtConfig::default() };
    let back = icqt(&cqt(&y, &config).unwrap(), &config, Some(y.len())).unwrap();
    assert_eq!(back.len(), y.len());
    let error: f32 = (8000..24_000).map(|i| (y[i] - back[i]).powi(2)).sum();
    assert!(error < 0.01 * 8000.0, "{error}");
    let estimated = CqtConfig { tuning: Tuning::Estimate, ..config };
    let refused = icqt(&cqt(&y, &estimated).unwrap(), &estimated, None);
    assert!(matches!(refused, Err(FeatureError::Config { key: "tuning", .. })));
}

#[test]
fn silence_and_a_single_sample_are_tracks_like_others() {
    for config in FeatureConfig::defaults() {
        for samples in [vec![0.0; 20_000], vec![0.5]] {
            if config.n_frames(samples.len()) == 0 {
                let error = config.frames(&samples).unwrap_err();
                assert!(matches!(error, FeatureError::TooFewFrames { n_frames: 1, width: 9 }), "{error}");
                continue;
            }
            let frames = config.frames(&samples).unwrap();
            assert_eq!(frames.n_frames(), config.n_frames(samples.len()), "{}", config.name());
            assert!(frames.values().iter().all(|value| value.is_finite()), "{}", config.name());
        }
    }
    assert_eq!(estimate_tuning(&[0.0; 4096], 16_000, 12).unwrap(), 0.0);
}

#[test]
fn filters_beyond_half_the_sample_rate_are_refused_by_name() {
    let config = CqtConfig { n_bins: 120, ..CqtConfig::default() };
    let error = cqt(&[0.0; 100], &config).unwrap_err();
    assert!(matches!(error, FeatureError::Config { key: "n_bins", .. }), "{error}");
    let config = CqtConfig { n_bins: 1, f_min_hz: Some(1.0), bins_per_octave: 1200, ..CqtConfig::default() };
    let error = cqt(&[0.0; 100], &config).unwrap_err();
    assert!(matches!(error, FeatureError::Config { key: "f_min_hz", .. }), "{error}");
}

#[test]
fn the_two_parts_add_up_to_the_whole() {
    let values: Vec<f32> = noise(40 * 50, 1).into_iter().map(f32::abs).collect();
    let magnitude = Spectrogram::new(40, 50, values).unwrap();
    let (harmonic, percussive) = hpss(&magnitude, &HpssConfig::default()).unwrap();
    let parts = harmonic.values().iter().zip(percussive.values());
    for (whole, (harmonic, percussive)) in magnitude.values().iter().zip(parts) {
        assert!((whole - (harmonic + percussive)).abs() < 1e-6);
    }
    let config = HpssConfig { margin_harmonic: 3.0, margin_percussive: 3.0, ..HpssConfig::default() };
    let (less, _) = hpss(&magnitude, &config).unwrap();
    assert!(less.values().iter().zip(harmonic.values()).all(|(less, all)| less <= all));
    let bad = Spectrogram::new(1, 2, vec![0.0, f32::NAN]).unwrap();
    assert!(matches!(hpss(&bad, &HpssConfig::default()), Err(FeatureError::Value { bin: 0, frame: 1, .. })));
}

#[test]
fn channels_of_onsets_are_checked() {
    let config = OnsetStrengthConfig::default();
    for channels in [&[][..], &[0..64, 0..0], &[0..64, 100..129]] {
        let error = onset_strength_multi(&[0.0; 4096], &config, channels).unwrap_err();
        assert!(matches!(error, FeatureError::Config { key: "channels", .. }), "{error}");
    }
}

#[test]
fn recurrence_links_the_nearest_and_mutual_links_are_symmetric() {
    let data = Spectrogram::new(3, 60, noise(180, 3)).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let config = RecurrenceConfig { k: Some(5), width: 3, metric, ..RecurrenceConfig::default() };
        let links = recurrence_matrix(&data, &config).unwrap();
        for j in 0..60 {
            let of_j: Vec<usize> = (0..60).filter(|&i| links.bin(i)[j] != 0.0).collect();
            assert!(of_j.len() == 5 && of_j.iter().all(|i| i.abs_diff(j) >= 3), "{of_j:?}");
        }
        let config = RecurrenceConfig { sym: true, mode: RecurrenceMode::Affinity, ..config };
        let mutual = recurrence_matrix(&data, &config).unwrap();
        for i in 0..60 {
            for j in 0..60 {
                assert_eq!(mutual.bin(i)[j], mutual.bin(j)[i]);
                assert!((0.0..=1.0).contains(&mutual.bin(i)[j]));
            }
        }
    }
}

#[test]
fn norms_leave_zeros_alone() {
    assert_eq!(
        (Norm::Inf.of(&[1.0, -3.0]), Norm::L1.of(&[1.0, -3.0]), Norm::L2.of(&[3.0, 4.0])),
        (3.0, 4.0, 5.0)
    );
    let zeros = Spectrogram::new(2, 1, vec![0.0, 0.0]).unwrap();
    assert_eq!(crooner_features::normalize(&zeros, Norm::L2), zeros);
}
