//! Feeds a track in blocks of 160 samples and gets the frames that one call gives.

#![expect(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use crooner_features::{FeatureConfig, LogMelConfig, log_mel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = LogMelConfig::default();
    let track: Vec<f32> = (0..5 * config.sample_rate).map(|i| (i as f32 * 0.05).sin()).collect();

    let mut extractor = FeatureConfig::LogMel(config.clone()).extractor()?;
    for block in track.chunks(160) {
        extractor.push(block)?;
    }
    let frames = extractor.finish()?;

    println!("{} frames of {} bands", frames.n_frames(), frames.n_bins());
    println!("equal to one call: {}", frames.to_spectrogram() == log_mel(&track, &config)?);
    Ok(())
}
