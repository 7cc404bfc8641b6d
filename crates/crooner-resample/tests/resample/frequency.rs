//! What the filter does to tones.

use std::f64::consts::PI;

use crooner_resample::{Quality, resample};

use crate::{convert, noise, snr_db, tone};

const PAIRS: [(u32, u32); 8] = [
    (44_100, 22_050),
    (44_100, 16_000),
    (44_100, 24_000),
    (48_000, 44_100),
    (16_000, 44_100),
    (8_000, 48_000),
    (192_000, 8_000),
    (44_101, 16_000),
];

/// What is promised of a filter, in frequencies relative to the lower Nyquist frequency.
struct Promise {
    quality: Quality,
    pass: f64,
    stop: f64,
    /// Of tones in the stop-band, and of images of tones in the pass-band.
    level_db: f64,
}

const PROMISES: [Promise; 2] = [
    Promise { quality: Quality::SoxrHq, pass: 0.9137, stop: 1.0, level_db: -120.0 },
    Promise { quality: Quality::Fast, pass: 0.8, stop: 1.2, level_db: -80.0 },
];

/// Every quality at every pair of rates.
fn promises() -> impl Iterator<Item = (&'static Promise, u32, u32)> {
    PROMISES.iter().flat_map(|promise| PAIRS.map(|(from_hz, to_hz)| (promise, from_hz, to_hz)))
}

/// The middle of a signal, out of reach of its ends.
fn middle(samples: &[f32]) -> &[f32] {
    &samples[samples.len() / 3..samples.len() * 2 / 3]
}

fn rms(samples: &[f32]) -> f64 {
    (samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

#[test]
fn tones_in_the_pass_band_keep_amplitude_and_phase() {
    for (&Promise { quality, pass, .. }, from_hz, to_hz) in promises() {
        let nyquist_hz = f64::from(from_hz.min(to_hz)) / 2.0;
        let n_samples = 1500 * from_hz.div_ceil(to_hz) as usize;
        for fraction in [0.001, 0.1, 0.31, 0.5, 0.77, pass] {
            let hz = fraction * nyquist_hz;
            let found = convert(&tone(hz / f64::from(from_hz), 0.4, 0.7, n_samples), from_hz, to_hz, quality);
            let expected = tone(hz / f64::from(to_hz), 0.4, 0.7, found.len());
            let worst = middle(&expected)
                .iter()
                .zip(middle(&found))
                .map(|(e, f)| f64::from((e - f).abs()))
                .fold(0.0, f64::max);
            let tolerance = match quality {
                // soxr's interpolator droops by 0.01 dB (1.2e-3) at the edge of the pass-band.
                Quality::SoxrHq if fraction > 0.5 => 1.2e-3 * 0.7,
                Quality::SoxrHq => 2e-5,
                // Kaiser's ripple is as large as what the stop-band lets through, and every stage has its own: 0.01 dB in all.
                Quality::Fast => 1.2e-3 * 0.7,
            };
            assert!(worst < tolerance, "{quality}: {from_hz} -> {to_hz}, {hz} Hz: off by {worst:e}");
        }
    }
}

#[test]
fn tones_in_the_stop_band_vanish() {
    for (&Promise { quality, stop, level_db, .. }, from_hz, to_hz) in
        promises().filter(|(_, from, to)| from > to)
    {
        let stop_hz = stop * f64::from(to_hz) / 2.0;
        let room = f64::from(from_hz) / 2.0 - stop_hz;
        // Where the rates are near each other a short filter has no stop-band.
        for fraction in [0.001, 0.02, 0.2, 0.5, 0.9, 0.999].into_iter().filter(|_| room > 0.0) {
            let hz = stop_hz + fraction * room;
            let n_samples = 1500 * from_hz.div_ceil(to_hz) as usize;
            let found = convert(&tone(hz / f64::from(from_hz), 0.4, 1.0, n_samples), from_hz, to_hz, quality);
            let found_db = 20.0 * (rms(middle(&found)) * 2f64.sqrt()).log10();
            assert!(found_db < level_db, "{quality}: {from_hz} -> {to_hz}, {hz} Hz: {found_db:.1} dB");
        }
    }
}

#[test]
fn upsampling_leaves_no_images() {
    for (&Promise { quality, level_db, .. }, from_hz, to_hz) in promises().filter(|(_, from, to)| from < to) {
        let hz = 0.4 * f64::from(from_hz);
        let found = convert(&tone(hz / f64::from(from_hz), 0.4, 1.0, 3000), from_hz, to_hz, quality);
        // The first image lies at `from_hz - hz`; correlate with it over a windowed middle.
        let image = (f64::from(from_hz) - hz) / f64::from(to_hz);
        let part = middle(&found);
        let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
        for (n, &sample) in part.iter().enumerate() {
            let phase = 2.0 * PI * n as f64 / part.len() as f64;
            // Four-term Blackman-Harris: the tone itself is 92 dB down everywhere else, and here far more.
            let window = 0.35875 - 0.48829 * phase.cos() + 0.14128 * (2.0 * phase).cos()
                - 0.01168 * (3.0 * phase).cos();
            let angle = 2.0 * PI * image * n as f64;
            re += window * f64::from(sample) * angle.cos();
            im += window * f64::from(sample) * angle.sin();
            weight += window;
        }
        let found_db = 20.0 * (2.0 * re.hypot(im) / weight).log10();
        // As far down as the window and single precision show.
        assert!(
            found_db < level_db.max(-110.0),
            "{quality}: {from_hz} -> {to_hz}: image at {found_db:.1} dB"
        );
    }
}

#[test]
fn constant_stays_constant() {
    for (&Promise { quality, .. }, from_hz, to_hz) in promises() {
        let found = convert(&vec![0.5; 1500 * from_hz.div_ceil(to_hz) as usize], from_hz, to_hz, quality);
        for &sample in middle(&found) {
            assert!((sample - 0.5).abs() < 2e-6, "{quality}: {from_hz} -> {to_hz}: {sample}");
        }
    }
}

#[test]
fn power_of_band_limited_noise_is_kept() {
    // Noise that has been through half the rate fits into the pass-band of what follows.
    let limited = resample(&resample(&noise(20_000, 5), 3, 1).unwrap(), 1, 3).unwrap();
    for (from_hz, to_hz) in [(44_100, 22_050), (44_100, 16_000), (44_100, 48_000), (44_100, 24_000)] {
        let found = resample(&limited, from_hz, to_hz).unwrap();
        let ratio = rms(middle(&found)) / rms(middle(&limited));
        // The middles are not the same samples to the last one: allow for their edges.
        assert!((ratio - 1.0).abs() < 3e-3, "{from_hz} -> {to_hz}: {ratio}");
    }
}

#[test]
fn there_and_back_is_the_identity_in_the_pass_band() {
    let limited = resample(&resample(&noise(9_000, 7), 2, 1).unwrap(), 1, 2).unwrap();
    for (from_hz, to_hz) in [(16_000, 44_100), (22_050, 44_100), (44_100, 48_000), (16_000, 44_101)] {
        let back = resample(&resample(&limited, from_hz, to_hz).unwrap(), to_hz, from_hz).unwrap();
        let snr = snr_db(middle(&limited), middle(&back[..limited.len()]));
        assert!(snr > 60.0, "{from_hz} -> {to_hz} -> {from_hz}: {snr:.1} dB");
    }
}

#[test]
fn conversion_is_linear() {
    let (a, b) = (noise(5_000, 1), noise(5_000, 2));
    let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 0.5 * a - 0.25 * b).collect();
    for (&Promise { quality, .. }, from_hz, to_hz) in promises() {
        let convert = |x: &[f32]| convert(x, from_hz, to_hz, quality);
        let expected: Vec<f32> =
            convert(&a).iter().zip(convert(&b)).map(|(a, b)| 0.5 * a - 0.25 * b).collect();
        let snr = snr_db(&expected, &convert(&mixed));
        assert!(snr > 120.0, "{quality}: {from_hz} -> {to_hz}: {snr:.1} dB");
    }
}
