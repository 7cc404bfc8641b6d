//! Audio files to mono samples: decode, mix down, resample.
//!
//! ```
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mp3_vbr.mp3");
//! let waveform = crooner_audio::load(path, Some(16_000))?;
//! assert_eq!((waveform.sample_rate, waveform.samples.len()), (16_000, 16_000));
//! # Ok::<(), crooner_audio::AudioError>(())
//! ```
//!
//! [`load`] reads a whole file, [`AudioReader`] reads it block by block in bounded memory.
//!
//! | Container | Codecs |
//! |---|---|
//! | WAV, RF64, BW64 | integer PCM of 8, 16, 24 and 32 bits, floating point of 32 and 64, A-law, mu-law, ADPCM (IMA, Microsoft) |
//! | AIFF, AIFF-C | as WAV |
//! | AU (Sun, NeXT) | integer PCM of 8, 16, 24 and 32 bits, floating point of 32 and 64, A-law, mu-law |
//! | FLAC | FLAC |
//! | MP3 | MPEG-1, 2 and 2.5 layer 3 |
//! | Ogg | Vorbis, FLAC, Opus (feature `opus`, on unless turned off) |
//! | MP4 (`.m4a`) | AAC-LC, ALAC, Opus |
//! | ADTS (`.aac`) | AAC-LC |
//!
//! WMA, GSM, and RF64 and AU of 4 GiB and more are not read; the error says so. A file is what its content says, whatever its
//! name. Decoding is [Symphonia](https://docs.rs/symphonia)'s, and for Opus [ropus](https://docs.rs/ropus)'s; samples
//! agree with ffmpeg's and libsndfile's: exactly for lossless formats, to 2e-6 for lossy ones, and to 1e-4 for Opus, whose
//! reference decoder comes in fixed point, which ropus follows, and in floating point, which ffmpeg uses.
//!
//! # What becomes of a file
//!
//! - Integers are divided by their range, so samples lie in `[-1, 1]`; floating point is taken as it is.
//! - Mono is the mean over channels.
//! - ID3v1 and APE tags behind a FLAC stream are passed over.
//! - Encoder delay and padding are removed: LAME and Xing tags of MP3, granule positions of Ogg, edit
//!   lists of MP4 or else iTunes' tag. Raw
//!   ADTS has no place to state them, so they stay.
//! - A damaged packet is left out and counted ([`AudioReader::damaged_packets`]); a file that has
//!   fewer samples than its headers state without any such packet counts one. A WAV file whose sizes are too large throughout (a writer to
//!   a pipe leaves 4 GB) yields what is there and counts one. Sizes that contradict each other are an error.
//! - A sample that is NaN or infinite is an error, not a sample.
//! - A change of sample rate or channels within a file is an error; a chain of like Ogg streams is one
//!   signal.
//! - Streaming holds a packet and a block of the resampler, whatever length a header claims.
//!
//! # Known limits
//!
//! - Symphonia refuses an Ogg file with a damaged page at its start or end, and now and then gives up in
//!   a badly damaged FLAC file, where ffmpeg would read on.
//! - Junk between the frames of an MP3 file without a LAME or Xing tag is passed over without being counted.
//! - HE-AAC is decoded without its upper band, at half the rate.

mod au;
mod decoder;
mod error;
mod mp4;
#[cfg(feature = "opus")]
mod opus;
mod overlay;
mod reader;
mod trailing;
mod wav;
mod waveform;

pub use crooner_resample::Quality;
pub use error::{AudioError, MAX_SAMPLE};
pub use reader::{AudioReader, load};
pub use waveform::Waveform;

/// Lower-case extensions of the files that are usually audio we read, in alphabetical order.
///
/// For looking through folders; a file is recognised by its content.
pub const EXTENSIONS: &[&str] = &[
    "aac", "aif", "aifc", "aiff", "au", "flac", "m4a", "m4b", "mp3", "oga", "ogg", "opus", "rf64", "snd",
    "wav", "wave",
];
