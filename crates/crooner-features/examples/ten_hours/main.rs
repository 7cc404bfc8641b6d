//! Ten hours of audio through the streaming log-mel, and the memory it took:
//! `cargo run --release -p crooner-features --example ten_hours`.

#![expect(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod streamed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streamed = streamed::log_mel(10)?;
    println!(
        "{} frames of {} hours, loudest {:.1} dB",
        streamed.n_frames, streamed.hours, streamed.loudest_db
    );
    match streamed::most_resident_kilobytes()? {
        Some(kilobytes) => println!("at most {:.1} MB resident", kilobytes as f64 / 1000.0),
        None => println!("this system does not say how much memory was resident"),
    }
    Ok(())
}
