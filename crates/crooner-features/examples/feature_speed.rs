//! `feature_speed SAMPLES RATE [FILE...]`: one of the peers of `crates/crooner-features/benches/peers/run.sh`.
//!
//! Answers each line `FEATURE N` on standard input by computing the feature N times, and prints `done`, or `none` if there
//! is no such feature. SAMPLES are raw float32. `decode-log-mel` decodes the FILEs with two workers.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};

use crooner_audio::AudioReader;
use crooner_features::{Extractor, FeatureConfig, LogMelConfig};
use rayon::prelude::*;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, rate, files @ ..] = &args[..] else {
        return Err("usage: feature_speed SAMPLES RATE [FILE...]".into());
    };
    let bytes = std::fs::read(path)?;
    let samples: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let workers = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let mut power = PowerInto::new(rate)?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (feature, n) = line.split_once(' ').ok_or("expected FEATURE N")?;
        let n: usize = n.parse()?;
        let answer = match feature {
            "stft-power" => {
                (0..n).try_for_each(|_| power.run(&samples))?;
                "done"
            }
            "decode-log-mel" => {
                (0..n).try_for_each(|_| {
                    workers.install(|| {
                        files.par_iter().try_for_each_init(
                            || FeatureConfig::LogMel(LogMelConfig::default()).extractor(),
                            |extractor, file| match extractor {
                                Ok(extractor) => decode(&mut **extractor, file),
                                Err(error) => Err(error.clone().into()),
                            },
                        )
                    })
                })?;
                "done"
            }
            _ => match FeatureConfig::named(feature) {
                Ok(config) => {
                    let config = config.with("sample_rate", rate)?;
                    for _ in 0..n {
                        black_box(config.frames(black_box(&samples))?.to_spectrogram());
                    }
                    "done"
                }
                Err(_) => "none",
            },
        };
        writeln!(stdout(), "{answer}")?;
        stdout().flush()?;
    }
    Ok(())
}

/// The power of a track into a buffer that is used again.
struct PowerInto {
    extractor: Box<dyn Extractor>,
    values: Vec<f32>,
}

impl PowerInto {
    fn new(rate: &str) -> Outcome<Self> {
        let config = FeatureConfig::named("stft")?.with("sample_rate", rate)?.with("power", "2")?;
        Ok(Self { extractor: config.extractor()?, values: Vec::new() })
    }

    fn run(&mut self, samples: &[f32]) -> Outcome {
        self.values.clear();
        let values = &mut self.values;
        self.extractor.push(black_box(samples), &mut |frame| values.extend_from_slice(frame))?;
        self.extractor.finish(&mut |frame| values.extend_from_slice(frame))?;
        black_box(&self.values);
        Ok(())
    }
}

/// The log-mel spectrogram of a file, as `prepare-data` has it: frame by frame, while the file is decoded.
fn decode(extractor: &mut dyn Extractor, file: &str) -> Outcome {
    let mut reader = AudioReader::open_at(file, LogMelConfig::default().sample_rate)?;
    let mut values = Vec::new();
    while let Some(block) = reader.next_block()? {
        extractor.push(block, &mut |frame| values.extend_from_slice(frame))?;
    }
    let floor = extractor.finish(&mut |frame| values.extend_from_slice(frame))?;
    values.iter_mut().for_each(|value| *value = value.max(floor));
    black_box(values);
    Ok(())
}
