//! `peers CRATE SAMPLES RATE`: answers each line `FEATURE N` on standard input by computing the feature N times and
//! printing `done`, or `none` if the crate has no such feature.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};

use non_empty_slice::NonEmptyVec;
use rosa::{MelSpectrogramParams, mel_spectrogram};
use spectrograms::*;

type Outcome = Result<bool, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, name, path, rate] = &args[..] else { return Err("usage: peers CRATE SAMPLES RATE".into()) };
    let rate: f64 = rate.parse()?;
    let bytes = std::fs::read(path)?;
    let samples: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let double: Vec<f64> = samples.iter().map(|&s| f64::from(s)).collect();
    let samples = NonEmptyVec::new(samples).map_err(|_| "no samples")?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (feature, n) = line.split_once(' ').ok_or("expected FEATURE N")?;
        let mut known = true;
        for _ in 0..n.parse::<usize>()? {
            known &= match &**name {
                "rosa" => with_rosa(feature, &double, rate),
                _ => with_spectrograms(feature, &samples, rate)?,
            };
        }
        println!("{}", if known { "done" } else { "none" });
        stdout().flush()?;
    }
    Ok(())
}

/// In `f64`, the only precision it has.
fn with_rosa(feature: &str, y: &[f64], rate: f64) -> bool {
    let mel = || mel_spectrogram(y, &MelSpectrogramParams::new(rate));
    match feature {
        "stft-power" => drop(black_box({
            let (re, im) = rosa::stft(y, &rosa::StftParams::default());
            let power = re.as_slice().iter().zip(im.as_slice()).map(|(re, im)| re * re + im * im);
            power.collect::<Vec<f64>>()
        })),
        "mel" => drop(black_box(mel())),
        "log-mel" => drop(black_box(rosa::power_to_db(mel().as_slice(), 1.0, 1e-10, Some(80.0)))),
        "mfcc" => drop(black_box(rosa::spectral::mfcc(&mel(), &rosa::spectral::MfccParams::default()))),
        "cqt" => {
            let params = rosa::cqt::CqtParams { sr: rate, ..Default::default() };
            let (re, im) = rosa::cqt::cqt(y, &params);
            drop(black_box(rosa::cqt::complex_magnitude(&re, &im)));
        }
        "chroma-cqt" => {
            let params = rosa::cqt::ChromaCqtParams { sr: rate, ..Default::default() };
            drop(black_box(rosa::cqt::chroma_cqt(y, &params)));
        }
        "onset-strength" | "tempogram" => {
            let onset = rosa::onset::onset_strength(y, &rosa::onset::OnsetStrengthParams::new(rate));
            if feature == "tempogram" {
                drop(black_box(rosa::beat::tempogram(&onset, &rosa::beat::TempogramParams::new(rate))));
            } else {
                drop(black_box(onset));
            }
        }
        _ => return false,
    }
    true
}

/// In `f32`, with one plan for each track.
fn with_spectrograms(feature: &str, samples: &NonEmptyVec<f32>, rate: f64) -> Outcome {
    let stft = StftParams::new(nzu!(2048), nzu!(512), WindowType::Hanning, true)?;
    let params = SpectrogramParams::new(stft.clone(), rate)?;
    let mel = MelParams::new(nzu!(128), 0.0, rate / 2.0)?;
    let db = LogParams::new(-80.0)?;
    match feature {
        "stft-power" => drop(black_box(Spectrogram::<LinearHz, Power, f32>::compute(samples, &params, None)?)),
        "mel" => drop(black_box(Spectrogram::<Mel, Power, f32>::compute(samples, &params, &mel, None)?)),
        "log-mel" => {
            drop(black_box(Spectrogram::<Mel, Decibels, f32>::compute(samples, &params, &mel, Some(&db))?));
        }
        "mfcc" => drop(black_box(mfcc(samples, &stft, rate, nzu!(128), &MfccParams::new(nzu!(20)))?)),
        _ => return Ok(false),
    }
    Ok(true)
}
