//! Prints rate, length and peak of an audio file: `cargo run -p crooner-audio --example waveform -- song.mp3`.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("expected the path of an audio file")?;
    let waveform = crooner_audio::load(path, None)?;
    let peak = waveform.samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    println!("{} Hz, {:.2} s, peak {peak:.3}", waveform.sample_rate, waveform.duration_seconds());
    Ok(())
}
