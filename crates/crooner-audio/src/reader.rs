//! The streaming reader and the one-call function.

use std::fmt;
use std::path::Path;

use crooner_resample::{Quality, Resampler};

use crate::decoder::Decoder;
use crate::{AudioError, Waveform};

/// Reads an audio file block by block, as mono samples.
///
/// Holds a packet and what the resampler needs, never the file.
///
/// ```
/// use crooner_audio::AudioReader;
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mp3_vbr.mp3");
/// let mut reader = AudioReader::open_at(path, 16_000)?;
/// let mut n_samples = 0;
/// while let Some(block) = reader.next_block()? {
///     n_samples += block.len();
/// }
/// assert_eq!((reader.codec(), reader.source_sample_rate(), reader.channels()), ("mp3", 44_100, 2));
/// assert_eq!(n_samples, 16_000);
/// # Ok::<(), crooner_audio::AudioError>(())
/// ```
pub struct AudioReader {
    decoder: Decoder,
    /// None where the file's rate is the one asked for.
    resampler: Option<Resampler>,
    resampled: Vec<f32>,
    /// The resampler has been given everything.
    ended: bool,
}

impl AudioReader {
    /// Opens a file at its own rate and decodes its first packet.
    ///
    /// # Errors
    /// The file cannot be opened or read; it is empty, not a regular file or in no known format; its
    /// audio is missing, damaged throughout, or in a codec without a decoder.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AudioError> {
        Ok(Self {
            decoder: Decoder::open(path.as_ref())?,
            resampler: None,
            resampled: Vec::new(),
            ended: false,
        })
    }

    /// Opens a file whose samples are to come at `sample_rate`, in Hz, as librosa would load it.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where one rate cannot be converted to the other.
    pub fn open_at(path: impl AsRef<Path>, sample_rate: u32) -> Result<Self, AudioError> {
        Self::open_with_quality(path, sample_rate, Quality::SoxrHq)
    }

    /// As [`open_at`](Self::open_at), resampled by a filter of this quality.
    ///
    /// ```
    /// use crooner_audio::{AudioReader, Quality};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mp3_vbr.mp3");
    /// let mut preview = AudioReader::open_with_quality(path, 16_000, Quality::Fast)?;
    /// assert!(preview.next_block()?.is_some());
    /// # Ok::<(), crooner_audio::AudioError>(())
    /// ```
    ///
    /// # Errors
    /// As [`open_at`](Self::open_at).
    pub fn open_with_quality(
        path: impl AsRef<Path>,
        sample_rate: u32,
        quality: Quality,
    ) -> Result<Self, AudioError> {
        let path = path.as_ref();
        let mut reader = Self::open(path)?;
        if sample_rate != reader.source_sample_rate() {
            let resampler = Resampler::with_quality(reader.source_sample_rate(), sample_rate, quality)
                .map_err(|source| AudioError::Resample { path: path.to_owned(), source })?;
            reader.resampler = Some(resampler);
        }
        Ok(reader)
    }

    /// Rate of the samples that [`next_block`](Self::next_block) gives, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.resampler.as_ref().map_or(self.source_sample_rate(), Resampler::to_hz)
    }

    /// Rate of the samples in the file, in Hz.
    pub fn source_sample_rate(&self) -> u32 {
        self.decoder.spec().sample_rate
    }

    /// Number of channels in the file.
    pub fn channels(&self) -> usize {
        self.decoder.spec().channels
    }

    /// Short name of the codec: `mp3`, `flac`, `vorbis`, `aac`, `alac`, `pcm_s16le`, ...
    pub fn codec(&self) -> &str {
        self.decoder.codec()
    }

    /// Number of packets that could not be decoded so far.
    ///
    /// They are left out: the samples after one follow those before it without a gap. The packet within which
    /// a truncated file ends is one of them, and a file that has fewer samples than its headers state without
    /// any such packet counts one.
    pub fn damaged_packets(&self) -> u64 {
        self.decoder.damaged_packets()
    }

    /// The next samples, at least one; `None` at the end, and ever after an error.
    ///
    /// Mono is the mean over channels.
    ///
    /// # Errors
    /// The file cannot be read on, its rate or number of channels changes, or a sample is not a number
    /// within ±[`MAX_SAMPLE`](crate::MAX_SAMPLE).
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, AudioError> {
        self.resampled.clear();
        let Some(resampler) = &mut self.resampler else {
            return self.decoder.next_block();
        };
        while self.resampled.is_empty() && !self.ended {
            // Until told otherwise: an error ends the stream too.
            self.ended = true;
            if let Some(block) = self.decoder.next_block()? {
                resampler.process(block, &mut self.resampled);
                self.ended = false;
            } else {
                resampler.finish(&mut self.resampled);
            }
        }
        Ok(Some(self.resampled.as_slice()).filter(|block| !block.is_empty()))
    }
}

impl fmt::Debug for AudioReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioReader")
            .field("codec", &self.codec())
            .field("spec", &self.decoder.spec())
            .field("resampler", &self.resampler)
            .finish_non_exhaustive()
    }
}

/// Reads a whole file as mono samples, at `sample_rate` Hz or, with `None`, at the file's own rate.
///
/// `librosa.load(path, sr=sample_rate, mono=True)` by another name, with `None` for `sr=None`.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mp3_vbr.mp3");
/// let waveform = crooner_audio::load(path, Some(22_050))?;
/// assert_eq!(waveform.duration_seconds(), 1.0);
/// # Ok::<(), crooner_audio::AudioError>(())
/// ```
///
/// # Errors
/// As [`AudioReader::open_at`] and [`AudioReader::next_block`].
pub fn load(path: impl AsRef<Path>, sample_rate: Option<u32>) -> Result<Waveform, AudioError> {
    let mut reader = match sample_rate {
        Some(sample_rate) => AudioReader::open_at(path, sample_rate)?,
        None => AudioReader::open(path)?,
    };
    // Grown as samples arrive, because headers may claim any length.
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block()? {
        samples.extend_from_slice(block);
    }
    Ok(Waveform { samples, sample_rate: reader.sample_rate() })
}
