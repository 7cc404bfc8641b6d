//! A slow, obvious converter in double precision: a Kaiser-windowed sinc evaluated for every pair of
//! input and output sample.

use std::f64::consts::PI;

use crooner_resample::resample;

use crate::{noise, snr_db};

/// The sharp filter of soxr's HQ recipe where it stands alone, with its cut-off in cycles per sample of the
/// lower rate: a fit to soxr's 2:1 impulse response.
const CUTOFF: f64 = 0.478_435_92;
const BETA: f64 = 13.039_69;
/// Half the number of its taps when it runs at 2, 3 and 4 times the lower rate.
const HALF_WIDTHS: [f64; 3] = [194.5, 290.5, 386.5];

fn bessel_i0(x: f64) -> f64 {
    (1..200)
        .scan(1.0, |term, k| {
            *term *= (x / (2.0 * f64::from(k))).powi(2);
            Some(*term)
        })
        .fold(1.0, |sum, term| sum + term)
}

fn slow(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    let low = f64::from(from.min(to)) / f64::from(from);
    let half_width = HALF_WIDTHS[from.max(to) as usize - 2] / f64::from(from.max(to)) / low;
    let norm = bessel_i0(BETA);
    let scaled_len = samples.len() as u32 * to;
    // librosa pads with a zero where soxr rounds the length down.
    let n_converted = (2 * scaled_len + from) / (2 * from);
    (0..scaled_len.div_ceil(from))
        .map(|m| {
            if m >= n_converted {
                return 0.0;
            }
            let centre = f64::from(m) * f64::from(from) / f64::from(to);
            let sum: f64 = samples
                .iter()
                .enumerate()
                .map(|(n, &sample)| {
                    let t = n as f64 - centre;
                    let window = 1.0 - (t / half_width).powi(2);
                    if window <= 0.0 {
                        return 0.0;
                    }
                    let angle = 2.0 * PI * CUTOFF * low * t;
                    let sinc = if angle == 0.0 { 1.0 } else { angle.sin() / angle };
                    f64::from(sample) * 2.0 * CUTOFF * low * sinc * bessel_i0(BETA * window.sqrt()) / norm
                })
                .sum();
            sum as f32
        })
        .collect()
}

#[test]
fn small_ratios_are_a_windowed_sinc() {
    let input = noise(700, 3);
    for (from, to) in [(2, 1), (1, 2), (3, 2), (2, 3), (4, 3), (3, 1)] {
        let snr = snr_db(&slow(&input, from, to), &resample(&input, from, to).unwrap());
        assert!(snr > 115.0, "{from} -> {to}: {snr:.1} dB");
    }
}
