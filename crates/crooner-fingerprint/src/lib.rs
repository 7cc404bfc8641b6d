//! Acoustic fingerprints: finds the same recording again, however it was encoded, cut, amplified, resampled or
//! slightly sped up, and guesses at other versions of the same song.
//!
//! ```
//! use crooner_fingerprint::{Fingerprint, Index};
//!
//! // Twelve seconds of made-up music: a tone every 0.15 s, of a pitch that seems random.
//! let music = |seed: u32| -> Vec<f32> {
//!     let mut state = seed;
//!     let mut samples = Vec::new();
//!     for _ in 0..80 {
//!         state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
//!         let step = std::f32::consts::TAU * (300.0 + (state >> 21) as f32) / 16_000.0;
//!         samples.extend((0..2400).map(|n| (step * n as f32).sin() * (-(n as f32) / 900.0).exp()));
//!     }
//!     samples
//! };
//! let (one, other) = (music(1), music(2));
//! let mut index = Index::default();
//! index.add(Fingerprint::of(&one, 16_000)?)?;
//! index.add(Fingerprint::of(&other, 16_000)?)?;
//!
//! // Six seconds of the second track, at a quarter of the level.
//! let excerpt: Vec<f32> = other[48_000..144_000].iter().map(|sample| sample / 4.0).collect();
//! let matches = index.query(&Fingerprint::of(&excerpt, 16_000)?)?;
//! assert_eq!(matches.len(), 1);
//! assert_eq!(matches[0].track, 1);
//! assert!((matches[0].offset_seconds - 3.0).abs() < 0.02);
//! assert!(matches[0].log10_chance < -6.0);
//! # Ok::<(), crooner_fingerprint::FingerprintError>(())
//! ```
//!
//! # How it works
//!
//! **Peaks.** Samples are brought to 8 kHz; the power spectrogram (1024 samples under a Hann window, every 128) is
//! searched for points that are the largest within ±0.26 s and ±172 Hz. About fifteen a second are left, between 200
//! and 3,600 Hz; neither gain nor a lossy codec moves most of them. Each is dated by when its tone
//! rose to a quarter of its power, and its pitch is interpolated: to 4 ms and 5 cents.
//!
//! **Quints.** Each peak and any four of the seven that follow it within 2 s and 3 octaves make a *quint*: the pitch
//! of the first, four intervals and four delays. Rounded coarsely, these nine numbers are a hash; a change of speed
//! by a percent moves every pitch by 17 cents and every delay by a percent, which mostly stays within the rounding. Numbers
//! that lie near an edge are looked up on both sides of it. Of all hashes only one in thirteen is
//! kept, chosen by its own value and so the same ones in every copy. That several peaks make a hash is the idea of the quads of
//! Sonnleitner and Widmer, *Robust Quad-Based Audio Fingerprinting* (IEEE/ACM TASLP 24(3), 2016), that of peaks Wang's, *An
//! Industrial Strength Audio Search Algorithm* (ISMIR 2003); the method here is our own. Five peaks say so much that a
//! hash is rarely another recording's: looking one up costs half as much again among ten thousand recordings as among a
//! thousand.
//!
//! **Alignment.** Hashes found in the [`Index`] vote for a track, a speed and an offset. The best few alignments are
//! refined by least squares, those of few votes tested with the peaks around these, and the rest with all peaks.
//!
//! **Decision.** See [`Match::log10_chance`]: how many peaks coincide, against what coincides when the same two
//! tracks are shifted against each other.
//!
//! **Versions.** [`versions`] compares chroma, which every [`Fingerprint`] carries along at two frames a second. What it
//! finds is a guess, for a person to listen to.
//!
//! The same samples give the same fingerprint, and the same tracks added in the same order the same matches, whatever
//! the number of threads. Processors that differ may differ in the last bit of the spectrum, and so in a few peaks.
//!
//! # Deliberately absent
//!
//! Speeds beyond ±2.5 %, transposition without change of tempo, recordings through the air, music whose copies share no
//! peak between 200 and 3,600 Hz. Files and names: this crate never sees a path.

mod align;
mod bytes;
mod chroma;
mod controls;
mod decision;
mod error;
mod extractor;
mod fingerprint;
mod index;
mod peaks;
mod postings;
mod quints;
#[cfg(test)]
mod random;
mod recordings;
mod search;
mod sketch;
pub mod versions;

pub use error::FingerprintError;
pub use extractor::Extractor;
pub use fingerprint::{Fingerprint, Peak};
pub use index::{Index, Match, Prepared, Verdict};

/// The rate at which spectra are computed, in Hz.
pub const SAMPLE_RATE: u32 = 8_000;

/// Bumped whenever the same samples may give another fingerprint.
pub const FINGERPRINT_VERSION: u32 = 1;
