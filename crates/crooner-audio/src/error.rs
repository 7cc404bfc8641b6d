//! The one error type of this crate.

use std::io;
use std::path::PathBuf;

use crooner_resample::ResampleError;
use thiserror::Error;

/// Largest magnitude of a sample, 160 dB above full scale: files of floating point hold any number, and no resampler's sum
/// overflows within it.
pub const MAX_SAMPLE: f32 = 1e8;

/// Why a file did not become samples. Every message names the file, and the codec where it is known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The operating system did not open the file.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path names a directory, a device or a pipe.
    #[error("expected an audio file, found something else than a regular file: {}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("expected an audio file, found an empty file: {}", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// Reading failed after the file was opened.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The content is in none of the containers that are read, whatever its name says.
    #[error("{} is in no known audio format, expected one of WAV, AIFF, AU, FLAC, MP3, Ogg, MP4 or ADTS", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The container is known but its headers make no sense.
    #[error("the headers of {} cannot be used: {reason}", path.display())]
    BadHeader {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// The container holds no audio track.
    #[error("{} is a {container} file without an audio track", path.display())]
    NoAudioTrack {
        /// The file.
        path: PathBuf,
        /// Short name of the container.
        container: &'static str,
    },
    /// The audio track is in a codec that is not read.
    #[error("the audio in {} is {codec}, for which there is no decoder", path.display())]
    UnsupportedCodec {
        /// The file.
        path: PathBuf,
        /// Name of the codec, or its number where it has none.
        codec: String,
    },
    /// The decoder gave up for good.
    #[error("{codec} decoder cannot go on after {samples} samples of {}: {reason}", path.display())]
    Decoder {
        /// The file.
        path: PathBuf,
        /// Short name of the codec.
        codec: String,
        /// Samples (per channel) decoded before.
        samples: u64,
        /// What was wrong.
        reason: String,
    },
    /// The decoding library panicked, as it may where a damaged file meets a defect of its own.
    #[error("the decoding library failed on {}: {reason}", path.display())]
    Defect {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// There is a track, but not one sample could be decoded.
    #[error(
        "{} has no audio: expected at least one sample of {codec}, found none and {damaged_packets} damaged packets",
        path.display()
    )]
    NoAudio {
        /// The file.
        path: PathBuf,
        /// Short name of the codec.
        codec: String,
        /// Packets that could not be decoded.
        damaged_packets: u64,
    },
    /// Sample rate or channels are not what they were at the beginning.
    #[error(
        "the {codec} audio in {} changes after {samples} samples: expected {expected_channels} channels at \
         {expected_hz} Hz throughout, found {found_channels} at {found_hz} Hz",
        path.display()
    )]
    FormatChanged {
        /// The file.
        path: PathBuf,
        /// Short name of the codec.
        codec: String,
        /// Samples (per channel) decoded before.
        samples: u64,
        /// Channels at the beginning.
        expected_channels: usize,
        /// Sample rate at the beginning.
        expected_hz: u32,
        /// Channels found.
        found_channels: usize,
        /// Sample rate found.
        found_hz: u32,
    },
    /// A sample is NaN or further from zero than [`MAX_SAMPLE`].
    #[error("sample {index} of {} ({codec}) is {value}, expected a finite number within ±1e8", path.display())]
    BadSample {
        /// The file.
        path: PathBuf,
        /// Short name of the codec.
        codec: String,
        /// Index of the first such sample, at the file's own rate, counted per channel.
        index: u64,
        /// The sample.
        value: f32,
    },
    /// The file's rate cannot be converted to the one asked for.
    #[error("cannot resample {}: {source}", path.display())]
    Resample {
        /// The file.
        path: PathBuf,
        /// Which rates, and why.
        source: ResampleError,
    },
}
