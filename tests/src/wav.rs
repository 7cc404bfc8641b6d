//! Tones in WAV files.

use std::fs;
use std::io;
use std::path::Path;

/// Samples per second.
pub const SAMPLE_RATE: u32 = 16_000;

/// A tone of `hertz` with three overtones and a slow tremolo.
#[must_use]
pub fn tone(hertz: f32, seconds: f32) -> Vec<f32> {
    let n = (seconds * SAMPLE_RATE as f32) as usize;
    (0..n)
        .map(|i| {
            let t = i as f32 / SAMPLE_RATE as f32;
            let sines: f32 =
                (1..=4).map(|k| (std::f32::consts::TAU * hertz * k as f32 * t).sin() / k as f32).sum();
            0.2 * sines * (1.0 + 0.5 * (std::f32::consts::TAU * 3.0 * t).sin())
        })
        .collect()
}

/// A mono WAV file of 16 bits.
#[must_use]
pub fn bytes(samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect();
    let mut bytes = header(data.len() as u32);
    bytes.extend(data);
    bytes
}

/// The header of a mono WAV file of 16 bits that announces `data_bytes` of samples.
#[must_use]
pub fn header(data_bytes: u32) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((data_bytes.saturating_add(36)).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(SAMPLE_RATE.to_le_bytes());
    bytes.extend((SAMPLE_RATE * 2).to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    bytes
}

/// Writes `samples` to `path`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(path: &Path, samples: &[f32]) -> io::Result<()> {
    fs::write(path, bytes(samples))
}
