//! Answers each line `FROM TO QUALITY` on standard input with the processor time in microseconds that one second of audio takes to be
//! converted, the least of several runs (Linux; wall-clock time elsewhere). `reference/cost.py` runs it beside soxr.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use crooner_resample::Resampler;

const SECONDS: u32 = 10;
const RUNS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let since = Instant::now();
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let [from, to, quality] = words[..] else { return Err("expected FROM TO QUALITY".into()) };
        let (from_hz, to_hz): (u32, u32) = (from.parse()?, to.parse()?);
        let samples: Vec<f32> = (0..from_hz * SECONDS).map(|n| (n as f32 * 0.05).sin()).collect();
        let mut resampler = Resampler::with_quality(from_hz, to_hz, quality.parse()?)?;
        let mut converted = Vec::with_capacity(resampler.output_len(samples.len()));
        let mut least = f64::INFINITY;
        for _ in 0..RUNS {
            let begun = cpu_seconds(since);
            let (mut n, mut spent) = (0, 0.0);
            // The kernel's clock is a coarse one.
            while spent < 0.05 {
                converted.clear();
                resampler.process(black_box(&samples), &mut converted);
                resampler.finish(&mut converted);
                black_box(&converted);
                n += 1;
                spent = cpu_seconds(since) - begun;
            }
            least = least.min(spent / f64::from(n));
        }
        writeln!(stdout(), "{:.1}", least * 1e6 / f64::from(SECONDS))?;
        stdout().flush()?;
    }
    Ok(())
}

/// Time that this thread has spent computing, in seconds.
fn cpu_seconds(since: Instant) -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = spent.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}
