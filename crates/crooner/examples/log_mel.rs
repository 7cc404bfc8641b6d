//! Log-mel frames of an audio file, with crooner-audio and crooner-features alone.
//!
//! `cargo run --release --example log_mel -- song.mp3`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use crooner_features::{LogMelConfig, log_mel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("expected an audio file")?;
    let config = LogMelConfig::default();
    let audio = crooner_audio::load(&path, Some(config.sample_rate))?;
    let mel = log_mel(&audio.samples, &config)?;
    println!("{path}: {:.1} s, {} bands x {} frames", audio.duration_seconds(), mel.n_bins(), mel.n_frames());
    Ok(())
}
