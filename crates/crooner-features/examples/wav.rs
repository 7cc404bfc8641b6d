//! Prints the loudness, brightness and timbre of an audio file: `cargo run --release --example wav FILE.wav`.

#![expect(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use crooner_features::{MfccConfig, RmsConfig, SpectralCentroidConfig, mfcc, rms, spectral_centroid};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let samples = crooner_audio::load(path, Some(16_000))?.samples;

    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    println!("RMS       {:.4}", mean(rms(&samples, &RmsConfig::default())?.values()));
    println!(
        "centroid  {:.0} Hz",
        mean(spectral_centroid(&samples, &SpectralCentroidConfig::default())?.values())
    );
    let coefficients = mfcc(&samples, &MfccConfig::default())?;
    let means: Vec<f32> = (0..coefficients.n_bins()).map(|k| mean(coefficients.bin(k))).collect();
    println!("MFCC      {means:.1?}");
    Ok(())
}
