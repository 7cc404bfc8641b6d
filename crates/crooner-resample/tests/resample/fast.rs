//! The fast quality against its formula.

use std::f64::consts::PI;

use crooner_resample::{Quality, ResampleError, resample};

use crate::{convert, noise, snr_db};

/// Kaiser's window for 82 dB.
const BETA: f64 = 0.1102 * (82.0 - 8.7);

/// Modified Bessel function of order zero as the mean of `exp(x cos t)`.
fn bessel_i0(x: f64) -> f64 {
    (0..200).map(|k| (x * (PI * (f64::from(k) + 0.5) / 200.0).cos()).exp()).sum::<f64>() / 200.0
}

/// `to / from` in one filter: in cycles per sample of the input, -6 dB at `cutoff`, 82 dB within `transition`.
fn filtered(samples: &[f64], (from, to): (usize, usize), cutoff: f64, transition: f64) -> Vec<f64> {
    let half_width = (82.0 - 7.95) / (4.57 * 2.0 * PI * transition);
    let weight = |t: f64| {
        let window = 1.0 - (t / half_width).powi(2);
        let angle = 2.0 * PI * cutoff * t;
        let sinc = if angle == 0.0 { 1.0 } else { angle.sin() / angle };
        if window > 0.0 { sinc * bessel_i0(BETA * window.sqrt()) } else { 0.0 }
    };
    let converted = (0..(samples.len() * to).div_ceil(from)).map(|m| {
        let centre = (m * from) as f64 / to as f64;
        // The weights within reach, those of samples before the first and after the last one included.
        let reach = half_width.ceil() as i64 + 1;
        let around = (centre as i64 - reach)..=(centre as i64 + reach);
        let sample = |n: i64| usize::try_from(n).ok().and_then(|n| samples.get(n)).copied().unwrap_or(0.0);
        // A half-band filter takes half of the sample that it sits on.
        let own = if (from, to) == (2, 1) { 0.5 } else { 0.0 };
        let around = around.map(|n| (n, n as f64 - centre)).filter(|&(_, t)| own == 0.0 || t != 0.0);
        let total: f64 = around.clone().map(|(_, t)| weight(t)).sum();
        let sum: f64 = around.map(|(n, t)| sample(n) * weight(t)).sum();
        own * sample(2 * m as i64) + (1.0 - own) * sum / total
    });
    converted.collect()
}

fn slow(samples: &[f32], from: usize, to: usize) -> Vec<f32> {
    let mut samples: Vec<f64> = samples.iter().map(|&sample| f64::from(sample)).collect();
    // The rate over the lower of the two rates.
    let (mut from, low) = (from, from.min(to));
    let mut to = to;
    while from >= 2 * to {
        samples = filtered(&samples, (2, 1), 0.25, 0.5 - 0.8 * low as f64 / from as f64);
        (from, to) = if from.is_multiple_of(2) { (from / 2, to) } else { (from, 2 * to) };
        if from == to {
            return samples.iter().map(|&sample| sample as f32).collect();
        }
    }
    let low = (to as f64 / from as f64).min(1.0);
    filtered(&samples, (from, to), 0.5 * low, 0.2 * low).iter().map(|&sample| sample as f32).collect()
}

#[test]
fn fast_is_windowed_sincs_in_turn() {
    let input = noise(1_000, 3);
    for (from, to) in
        [(2, 1), (1, 2), (3, 2), (2, 3), (147, 160), (160, 147), (4, 1), (12, 1), (441, 160), (1, 7)]
    {
        let found = convert(&input, from, to, Quality::Fast);
        let snr = snr_db(&slow(&input, from as usize, to as usize), &found);
        assert!(snr > 125.0, "{from} -> {to}: {snr:.1} dB");
    }
}

#[test]
fn ratios_of_large_terms_are_converted_as_soxr_does() {
    let input = noise(50_000, 3);
    assert_eq!(convert(&input, 44_101, 16_000, Quality::Fast), resample(&input, 44_101, 16_000).unwrap());
    assert_ne!(convert(&input, 44_100, 16_000, Quality::Fast), resample(&input, 44_100, 16_000).unwrap());
}

#[test]
fn a_wrong_name_says_which_there_are() {
    let error = "soxr_vhq".parse::<Quality>().unwrap_err();
    assert_eq!(error, ResampleError::UnknownQuality { found: "soxr_vhq".to_owned() });
    assert_eq!(error.to_string(), "expected the quality soxr_hq or fast, found `soxr_vhq`");
    for quality in Quality::ALL {
        assert_eq!(quality.to_string().parse(), Ok(quality));
    }
}
