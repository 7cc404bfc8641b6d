//! Sample-rate conversion: equivalent to soxr's high quality, or fast; streaming and in one call.
//!
//! librosa loads and resamples with `soxr_hq`, and published features carry its filter in
//! them. This crate computes the same samples in plain Rust, for any pair of rates up to 1,048,576 Hz (and
//! higher ones with a simpler ratio), without knowing of files or features.
//!
//! ```
//! let tone: Vec<f32> = (0..44_100).map(|n| (n as f32 * 0.05).sin()).collect();
//! let converted = crooner_resample::resample(&tone, 44_100, 16_000)?;
//! assert_eq!(converted.len(), 16_000);
//! # Ok::<(), crooner_resample::ResampleError>(())
//! ```
//!
//! A filter has a name, [`Quality`]: `soxr_hq` unless another one is asked for.
//!
//! # The filter of `soxr_hq`
//!
//! With `N` the lower of the two Nyquist frequencies: flat to `0.9137 N` (where soxr's interpolator
//! has drooped by 0.01 dB), -6 dB at `0.9569 N`, stop-band below -120 dB from `N` on. Zero phase: the
//! output is aligned in time with the input. The gain at zero frequency is 1 to within 1e-6.
//!
//! libsoxr runs a chain of filters that depends on the ratio. Two of them shape the signal, both
//! Kaiser-windowed sincs: the sharp low-pass and, unless the ratio is simple, the droop of a short
//! interpolator. The converter multiplies their responses into the spectrum of each block
//! (overlap-save), cuts the spectrum to the new rate, and transforms back with another length.
//! How the chain depends on the ratio, and the rules by which its filters are designed, were learnt from
//! libsoxr's published source (LGPL 2.1); the code here is written anew around a different method.
//!
//! # Fast
//!
//! `fast` is for previews and for whatever does not depend on the last tenth of the band: flat to 0.01 dB up to `0.8 N`, -6 dB at
//! `N`, below -80 dB from `1.2 N` on (`tests/resample/frequency.rs` holds both qualities to their promises; soxr's own
//! low quality is flat up to `0.7 N` and 20 dB down at `0.9 N`). What lies between `N` and `1.2 N` folds down onto `0.8 N` to `N`. Zero phase, so both qualities
//! are aligned with each other. A Kaiser-windowed sinc 26 samples long is applied sample by sample, after half-band filters
//! while the rate is to be divided by two or more; the output lags by a few hundred samples, where `soxr_hq` works on blocks of
//! thousands. A ratio whose weights would not fit into a megabyte (44101 to 16000; every pair of usual rates does fit) is
//! converted as `soxr_hq`. The weights are applied with fused multiply-adds: a processor without them (x86 before 2013) is
//! better served by `soxr_hq`.
//!
//! # How equal
//!
//! Of `soxr_hq`, that is; `fast` has its own formula, which `tests/resample/fast.rs` spells out.
//!
//! Signal over difference in dB against python-soxr 1.1.0 (libsoxr 0.1.3), printed by `cargo test -p crooner-resample soxr
//! -- --nocapture`. White noise fills the transition band too and is the hardest case; music is librosa's own result on
//! three seconds of orchestra. `tests/resample/soxr.rs` holds every line to at least 123 dB (music 125 dB).
//!
//! | Hz | white noise | music |
//! |---|---|---|
//! | 44100 to 22050 (and all 2:1) | 132.5 | 132.7 |
//! | 44100 to 16000 | 131.0 | 131.5 |
//! | 44100 to 48000 | 130.7 | 131.4 |
//! | 22050 to 16000 | 130.5 | 131.1 |
//! | 44100 to 32000, 24000, 8000 | 130.5, 131.8, 131.7 | |
//! | 48000 to 44100, 22050, 16000 | 130.9, 131.9, 132.2 | |
//! | 96000 to 44100, 192000 to 16000 | 131.9, 131.6 | |
//! | 8000 to 16000, 8000 to 44100 | 132.1, 127.2 | |
//! | 16000 to 24000, 24000 to 16000, 32000 to 44100 | 132.5, 131.7, 130.9 | |
//! | 44101 to 16000 | 131.3 | |
//! | 96000 to 22050, 88200 to 11025, 176400 to 11025 | 131.9, 131.2, 136.2 | |
//! | 192000 to 11025, 4000 | 134.1, 134.2 | |
//!
//! Known differences:
//!
//! - A chain of filters starts empty: soxr loses what an inner filter would have rung before time zero, and so
//!   does this crate, but for upsampling by more than 4 (and not 5), where the last filter's loss is not followed: a
//!   signal that does not begin in silence differs in its first hundred samples or so.
//! - Upsampling by more than 4 and less than 5: soxr's last stage attenuates part of the transition
//!   band too. 74 dB on white noise for 11025 to 48000 Hz; below `0.9137 N` the match is 130 dB.
//! - Where a term of the ratio exceeds 2,048 soxr interpolates its own filter table: 117 dB for
//!   16000 to 44101 Hz.
//! - At very large ratios the transition band differs: 80 dB on white noise at 100:1, and 50 to 60 dB beyond
//!   128:1, where this crate converts in steps of 64.
//!
//! # Cost
//!
//! Microseconds per second of audio, one core of an AMD EPYC, best of several alternating runs of this crate and
//! python-soxr 1.1.0; `reference/cost.py` prints it. soxr's LQ is its low quality, beside this crate's fast one:
//!
//! | Hz | `soxr_hq` | soxr's HQ | `fast` | soxr's LQ |
//! |---|---|---|---|---|
//! | 44100 to 22050 | 68 | 91 | 25 | 76 |
//! | 44100 to 16000 | 68 | 148 | 41 | 124 |
//! | 48000 to 16000 | 62 | 123 | 42 | 103 |
//! | 44100 to 48000 | 118 | 286 | 52 | 270 |
//! | 22050 to 16000 | 48 | 137 | 25 | 118 |
//! | 96000 to 22050 | 124 | 295 | 82 | 243 |
//! | 44101 to 16000 | 346 | 203 | 345 | 140 |
//!
//! Ratios with large prime terms, as the last one, are the slow ones: they also take 5 ms to build where half
//! a millisecond is usual, and those of 4 and more downwards take 2 to 30 ms. The filters of the eight ratios used last are kept, so that the next converter of one of them is
//! built in no time.

mod error;
mod fast;
mod kaiser;
mod latest;
mod quality;
mod ratio;
mod resampler;
mod soxr_hq;
mod stage;

pub use error::ResampleError;
pub use quality::Quality;
pub use resampler::{Resampler, resample};
