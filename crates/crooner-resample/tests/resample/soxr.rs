//! soxr itself is the oracle: white noise through python-soxr (`fixtures/generate.py`), and what librosa
//! makes of music and impulses (`tests/golden` of the workspace).

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use crooner_resample::resample;
use npyz::npz::NpzArchive;

use crate::snr_db;

struct Arrays(NpzArchive<BufReader<File>>);

impl Arrays {
    fn open(path: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
        Self(NpzArchive::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn get(&mut self, name: &str) -> Vec<f32> {
        let array = self.0.by_name(name).unwrap().unwrap_or_else(|| panic!("no array {name}"));
        array.into_vec().unwrap()
    }
}

/// Samples of a canonical 16-bit WAV file, mixed to mono in single precision, as librosa does.
fn wav_mono(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let n_channels = usize::from(bytes[22]);
    let samples: Vec<f32> =
        bytes[44..].chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0).collect();
    samples.chunks_exact(n_channels).map(|frame| frame.iter().sum::<f32>() / n_channels as f32).collect()
}

#[test]
fn white_noise_as_soxr() {
    // (from, to, first sample compared, least SNR in dB over the whole band). Upsampling by more than 4 ends with a filter
    // whose loss at the beginning is not followed: see the crate documentation.
    let pairs = [
        (44_100, 22_050, 0, 123.0),
        (44_100, 16_000, 0, 123.0),
        (44_100, 48_000, 0, 123.0),
        (44_100, 32_000, 0, 123.0),
        (44_100, 24_000, 0, 123.0),
        (44_100, 8_000, 0, 123.0),
        (48_000, 44_100, 0, 123.0),
        (48_000, 22_050, 0, 123.0),
        (48_000, 16_000, 0, 123.0),
        (24_000, 16_000, 0, 123.0),
        (22_050, 16_000, 0, 123.0),
        (32_000, 16_000, 0, 123.0),
        (96_000, 44_100, 0, 123.0),
        (192_000, 16_000, 0, 123.0),
        (32_000, 44_100, 0, 123.0),
        (16_000, 24_000, 0, 123.0),
        (8_000, 16_000, 0, 123.0),
        (11_025, 22_050, 0, 123.0),
        (8_000, 44_100, 128, 123.0),
        // soxr's last stage takes a bite of the transition band here, ours does not.
        (11_025, 48_000, 128, 70.0),
        (44_101, 16_000, 0, 123.0),
        (96_000, 22_050, 0, 123.0),
        (88_200, 11_025, 0, 123.0),
        (176_400, 11_025, 0, 123.0),
        (192_000, 11_025, 0, 123.0),
        (192_000, 4_000, 0, 123.0),
    ];
    let mut arrays = Arrays::open("tests/fixtures/soxr.npz");
    let noise = arrays.get("noise");
    let mut failures = Vec::new();
    for (from_hz, to_hz, first, least_db) in pairs {
        let expected = arrays.get(&format!("{from_hz}_{to_hz}"));
        let n_samples = match f64::from(to_hz) / f64::from(from_hz) {
            ..1.2 => 4096,
            ..=2.0 => 2048,
            _ => 1024,
        };
        let found = resample(&noise[..n_samples], from_hz, to_hz).unwrap();
        // soxr rounds the length to nearest; librosa and we round up, and add a zero where soxr rounds down.
        assert!(found[expected.len()..].iter().all(|&added| added == 0.0), "{from_hz} -> {to_hz}");
        assert!(found.len() - expected.len() <= 1, "{from_hz} -> {to_hz}: {}", found.len());
        let snr = snr_db(&expected[first..], &found[first..expected.len()]);
        eprintln!("white noise, {from_hz} to {to_hz} Hz: {snr:.1} dB");
        if snr < least_db {
            failures.push(format!("{from_hz} -> {to_hz}: {snr:.1} dB, expected {least_db}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn music_as_librosa() {
    let mut arrays = Arrays::open("../../tests/golden/resample.npz");
    let music44 = wav_mono("../../tests/golden/brahms44s.wav");
    let music22 = wav_mono("../../tests/golden/brahms.wav");
    // Lengths are `full_len` of `manifest.json`; the arrays hold the beginning only.
    for (key, music, from_hz, to_hz, full_len, gain) in [
        ("r44100_22050", &music44, 44_100, 22_050, 66_150, 1.0),
        ("r44100_16000", &music44, 44_100, 16_000, 48_000, 1.0),
        ("r44100_48000", &music44, 44_100, 48_000, 144_000, 1.0),
        ("r22050_16000", &music22, 22_050, 16_000, 96_000, 1.0),
        ("r2_1_scaled", &music22, 2, 1, 66_150, 2f32.sqrt()),
    ] {
        let expected = arrays.get(key);
        let found = resample(music, from_hz, to_hz).unwrap();
        assert_eq!(found.len(), full_len, "{key}");
        let found: Vec<f32> = found[..expected.len()].iter().map(|sample| sample * gain).collect();
        let snr = snr_db(&expected, &found);
        eprintln!("music, {key}: {snr:.1} dB");
        assert!(snr > 125.0, "{key}: {snr:.1} dB");
    }
}

#[test]
fn impulse_as_librosa() {
    let mut arrays = Arrays::open("../../tests/golden/resample.npz");
    let mut impulse = vec![0.0; 4096];
    impulse[2048] = 1.0;
    for (from_hz, to_hz) in [(2, 1), (44_100, 22_050), (44_100, 16_000), (22_050, 16_000)] {
        let expected = arrays.get(&format!("impulse_{from_hz}_{to_hz}"));
        let found = resample(&impulse, from_hz, to_hz).unwrap();
        assert_eq!(found.len(), expected.len());
        let snr = snr_db(&expected, &found);
        assert!(snr > 120.0, "{from_hz} -> {to_hz}: {snr:.1} dB");
    }
}
