//! What is kept of a recording.

use crate::{Extractor, FingerprintError};

/// A local maximum of the spectrogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peak {
    /// When, in units of [`Peak::SECONDS`].
    pub time: u32,
    /// How high, in units of a 240th of an octave (5 cents) above [`Peak::LOWEST_HZ`].
    pub pitch: u16,
}

impl Peak {
    /// Seconds in a unit of time: 32 samples at 8 kHz.
    pub const SECONDS: f64 = 0.004;
    /// Units of pitch in an octave.
    pub const PER_OCTAVE: f64 = 240.0;
    /// The pitch 0.
    pub const LOWEST_HZ: f64 = 200.0;

    /// When, in seconds from the start of the recording.
    #[must_use]
    pub fn seconds(self) -> f64 {
        f64::from(self.time) * Self::SECONDS
    }

    /// How high, in Hz.
    #[must_use]
    pub fn hz(self) -> f64 {
        Self::LOWEST_HZ * (f64::from(self.pitch) / Self::PER_OCTAVE).exp2()
    }
}

/// A recording reduced to what identifies it: about 0.1 kB a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Sorted.
    pub(crate) peaks: Vec<Peak>,
    /// Twelve pitch classes from C, time-major, 255 the largest of each frame.
    pub(crate) chroma: Vec<[u8; 12]>,
    /// At [`SAMPLE_RATE`](crate::SAMPLE_RATE).
    pub(crate) n_samples: u64,
}

impl Fingerprint {
    /// The fingerprint of a whole recording, mono, at `sample_rate` Hz. [`Extractor`] takes it in blocks.
    ///
    /// A recording without peaks (silence, or shorter than 0.13 s) has a fingerprint that matches nothing.
    ///
    /// # Errors
    /// A sample that is not a finite number of reasonable size; a rate of 0 or with too fine a ratio to 8 kHz.
    pub fn of(samples: &[f32], sample_rate: u32) -> Result<Self, FingerprintError> {
        let mut extractor = Extractor::new(sample_rate)?;
        extractor.push(samples)?;
        extractor.finish()
    }

    /// The peaks, sorted by time and pitch.
    #[must_use]
    pub fn peaks(&self) -> &[Peak] {
        &self.peaks
    }

    /// Twelve pitch classes from C, two frames a second, 255 the largest of each frame.
    #[must_use]
    pub fn chroma(&self) -> &[[u8; 12]] {
        &self.chroma
    }

    /// Length of the recording in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.n_samples as f64 / f64::from(crate::SAMPLE_RATE)
    }
}
