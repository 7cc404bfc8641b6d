//! Writes a catalogue of generated music with a few copies in it, to measure an audit from files to findings.
//!
//! `cargo run --release -p crooner-fingerprint --example pieces -- FOLDER [PIECES] [SECONDS]` writes PIECES (10,000) pieces
//! of SECONDS (180) as `FOLDER/ARTIST/ALBUM/PIECE.wav` (16 kHz, one channel, mu-law: 2.9 MB each). What is there already
//! is kept. A piece's tempo, scale, chords, melodies, timbres and drums are drawn at random from its number; it repeats its
//! sections, as songs do.
//!
//! The last of each hundred is a copy of the middle one: of the first hundred byte for byte, of the second without its
//! first 7 s, 1 % faster and at half the level, and so on in turn.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use self::composition::Composition;
use self::synthesis::{SAMPLE_RATE, render};

mod composition;
#[path = "../random/mod.rs"]
mod random;
mod synthesis;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// One piece in so many is a copy.
const HUNDRED: usize = 100;
/// What a copy lacks at its beginning, how much faster it is, and its level.
const CUT_SECONDS: f64 = 7.0;
const SPEED: f64 = 1.01;
const LEVEL: f32 = 0.5;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rest @ ..] = &args[..] else {
        return Err("expected: pieces FOLDER [PIECES] [SECONDS]".into());
    };
    let number = |place: usize, usual: usize| rest.get(place).map_or(Ok(usual), |text| text.parse());
    let (n_pieces, seconds) = (number(0, 10_000)?, number(1, 180)?);
    (0..n_pieces).into_par_iter().try_for_each(|piece| write(Path::new(folder), piece, seconds))?;
    println!("{n_pieces} pieces of {seconds} s, {} of them copies, in {folder}", n_pieces / HUNDRED);
    Ok(())
}

fn write(folder: &Path, piece: usize, seconds: usize) -> Result<()> {
    let album =
        folder.join(format!("artist {:04}", piece / HUNDRED)).join(format!("album {}", piece / 10 % 10));
    let path = album.join(format!("piece {piece:05}.wav"));
    if path.exists() {
        return Ok(());
    }
    let is_copy = piece % HUNDRED == HUNDRED - 1;
    let is_changed = is_copy && piece / HUNDRED % 2 == 1;
    let original = if is_copy { piece - HUNDRED / 2 } else { piece };
    let composition = Composition::new(original as u64, seconds as f64);
    let samples = if is_changed {
        let mut samples = render(&composition, SPEED);
        samples.drain(..(CUT_SECONDS / SPEED * f64::from(SAMPLE_RATE)) as usize);
        samples.iter_mut().for_each(|sample| *sample *= LEVEL);
        samples
    } else {
        render(&composition, 1.0)
    };
    fs::create_dir_all(&album)?;
    // Whatever is called so is whole.
    let part = path.with_extension("part");
    fs::write(&part, wav(&samples))?;
    Ok(fs::rename(part, path)?)
}

/// A WAV file of samples in `[-1, 1]`, by G.711's mu-law.
fn wav(samples: &[f32]) -> Vec<u8> {
    let n_samples = samples.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((50 + n_samples).to_le_bytes());
    file.extend(b"WAVEfmt \x12\0\0\0\x07\0\x01\0");
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend(b"\x01\0\x08\0\0\0fact\x04\0\0\0");
    file.extend(n_samples.to_le_bytes());
    file.extend(b"data");
    file.extend(n_samples.to_le_bytes());
    file.extend(samples.iter().map(|&sample| mu_law(sample)));
    file
}

/// Sign, exponent and four bits of mantissa of a 14-bit sample, all bits inverted.
fn mu_law(sample: f32) -> u8 {
    let biased = ((8_031.0 * sample.abs()) as u32).min(8_158) + 33;
    let exponent = biased.ilog2() - 5;
    let mantissa = (biased >> (exponent + 1)) & 15;
    let sign = if sample < 0.0 { 128 } else { 0 };
    !(sign | (exponent as u8) << 4 | mantissa as u8)
}
