//! Feeds a track in blocks of 160 samples and gets the frames that one call gives.

#![expect(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use crooner_features::{FeatureConfig, Frames, LogMelConfig, log_mel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = LogMelConfig::default();
    let track: Vec<f32> = (0..5 * config.sample_rate).map(|i| (i as f32 * 0.05).sin()).collect();

    let mut extractor = FeatureConfig::LogMel(config.clone()).extractor()?;
    let mut values = Vec::new();
    for block in track.chunks(160) {
        extractor.push(block, &mut |frame| values.extend_from_slice(frame))?;
    }
    let floor = extractor.finish(&mut |frame| values.extend_from_slice(frame))?;
    values.iter_mut().for_each(|db| *db = db.max(floor));
    let frames = Frames::new(config.n_mels, values)?;

    println!("{} frames of {} bands", frames.n_frames(), frames.n_bins());
    println!("equal to one call: {}", frames.to_spectrogram() == log_mel(&track, &config)?);
    Ok(())
}
