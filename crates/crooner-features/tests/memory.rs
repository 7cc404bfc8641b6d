//! Memory does not grow with the length of a track. A binary of its own: the largest of a process counts.

#![expect(clippy::print_stderr, reason = "a test that says nothing of memory says so")]

#[path = "../examples/ten_hours/streamed.rs"]
mod streamed;

#[test]
fn ten_hours_through_the_streaming_log_mel_stay_under_200_megabytes() -> Result<(), Box<dyn std::error::Error>>
{
    let streamed = streamed::log_mel(10)?;
    assert_eq!(streamed.n_frames, 1 + streamed.hours * 3600 * 16_000 / 512);
    assert!(streamed.loudest_db.is_finite());
    match streamed::most_resident_kilobytes()? {
        Some(kilobytes) => assert!(kilobytes < 200_000, "{kilobytes} kB resident"),
        None => eprintln!("this system does not say how much memory was resident"),
    }
    Ok(())
}
