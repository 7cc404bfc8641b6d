//! What must hold for any track and any settings.

use crooner_features::{
    Complex32, Frames, MelConfig, MelNorm, MelScale, StftConfig, Window, mel_filter_bank, power_spectrogram,
    stft,
};
use proptest::prelude::*;

use crate::noise;
use crate::oracle::any_stft;

proptest! {
    #[test]
    fn energy_is_the_same_in_time_and_frequency(half in 1usize..400, hop_length in 1usize..500, seed: u32) {
        let n_fft = 2 * half;
        let config = StftConfig { n_fft, hop_length, center: false, ..StftConfig::default() };
        let samples = noise(n_fft + 1000, seed);
        let window = config.window.coefficients(n_fft);
        let power = power_spectrogram(&samples, &config).unwrap();
        for t in 0..power.n_frames() {
            let frame = samples[t * hop_length..].iter().zip(&window);
            let in_time: f64 = frame.map(|(x, w)| (f64::from(*x) * w).powi(2)).sum();
            // Every bin but the first and the last stands for itself and its mirror image.
            let in_frequency: f64 = (0..=half)
                .map(|k| if k == 0 || k == half { 1.0 } else { 2.0 } * f64::from(power.bin(k)[t]))
                .sum::<f64>() / n_fft as f64;
            prop_assert!((in_time - in_frequency).abs() < 1e-5 * in_time + 1e-9, "{in_time} {in_frequency}");
        }
    }

    #[test]
    fn transform_is_linear(config in any_stft(), gain in -2f32..2.0, seed: u32) {
        let (a, b) = (noise(400, seed), noise(400, seed.wrapping_add(1)));
        let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + gain * b).collect();
        let (a, b, mixed) =
            (stft(&a, &config).unwrap(), stft(&b, &config).unwrap(), stft(&mixed, &config).unwrap());
        for ((a, b), mixed) in a.values().iter().zip(b.values()).zip(mixed.values()) {
            prop_assert!((a + b * gain - mixed).norm() < 1e-6 * config.n_fft as f32);
        }
    }

    #[test]
    fn delaying_a_track_by_a_hop_delays_its_frames_by_one(config in any_stft(), seed: u32) {
        let samples = noise(1000, seed);
        let config = StftConfig { center: false, ..config };
        let whole = stft(&samples, &config).unwrap();
        let later = stft(&samples[config.hop_length..], &config).unwrap();
        prop_assert_eq!(later.n_frames() + 1, whole.n_frames());
        for k in 0..whole.n_bins() {
            prop_assert_eq!(&whole.bin(k)[1..], later.bin(k));
        }
    }

    #[test]
    fn triangles_of_height_one_add_up_to_one_between_the_outer_peaks(
        n_mels in 2usize..200,
        half in 8usize..2000,
        htk: bool,
    ) {
        let scale = if htk { MelScale::Htk } else { MelScale::Slaney };
        let config = MelConfig { n_mels, scale, norm: MelNorm::None, ..MelConfig::default() };
        let dense = mel_filter_bank(16_000, 2 * half, &config).unwrap().to_dense();
        let step = scale.from_hz(8000.0) / (n_mels + 1) as f64;
        let (first_peak, last_peak) = (scale.to_hz(step), scale.to_hz(step * n_mels as f64));
        for k in 0..=half {
            let hz = k as f64 * 8000.0 / half as f64;
            if hz > first_peak && hz < last_peak {
                let sum: f32 = (0..n_mels).map(|m| dense[m * (half + 1) + k]).sum();
                prop_assert!((sum - 1.0).abs() < 1e-5, "{sum} at {hz} Hz");
            }
        }
    }

    #[test]
    fn transposing_moves_every_value(n_bins in 1usize..70, n_frames in 0usize..70) {
        let values: Vec<f32> = (0..n_bins * n_frames).map(|i| i as f32).collect();
        let frames = Frames::new(n_bins, values).unwrap();
        let spectrogram = frames.to_spectrogram();
        prop_assert_eq!((spectrogram.n_bins(), spectrogram.n_frames()), (n_bins, n_frames));
        for t in 0..n_frames {
            for k in 0..n_bins {
                prop_assert_eq!(spectrogram.bin(k)[t], frames.frame(t)[k]);
            }
        }
    }

    #[test]
    fn mel_formulas_are_inverses(hz in 0f64..24_000.0, htk: bool) {
        let scale = if htk { MelScale::Htk } else { MelScale::Slaney };
        prop_assert!((scale.to_hz(scale.from_hz(hz)) - hz).abs() < 1e-9 * (hz + 1.0));
    }
}

#[test]
fn every_triangle_of_slaneys_norm_has_area_one() {
    let n_fft = 1 << 17;
    let dense = mel_filter_bank(16_000, n_fft, &MelConfig::default()).unwrap().to_dense();
    let hz_per_bin = 16_000.0 / n_fft as f64;
    for (m, row) in dense.chunks(n_fft / 2 + 1).enumerate() {
        let area = row.iter().map(|w| f64::from(*w)).sum::<f64>() * hz_per_bin;
        assert!((area - 1.0).abs() < 1e-4, "band {m}: {area}");
    }
}

#[test]
fn an_impulse_has_the_spectrum_of_the_window_over_it() {
    let mut samples = vec![0.0; 64];
    samples[20] = 1.0;
    let config = StftConfig { n_fft: 64, center: false, window: Window::Hamming, ..StftConfig::default() };
    let spectrum = stft(&samples, &config).unwrap();
    let height = Window::Hamming.coefficients(64)[20] as f32;
    for k in 0..33 {
        let expected = Complex32::from_polar(height, -std::f32::consts::TAU * (20 * k % 64) as f32 / 64.0);
        assert!((spectrum.bin(k)[0] - expected).norm() < 1e-6);
    }
}
