//! From samples to a fingerprint, block by block.

use std::fmt;

use crooner_features::MAX_SAMPLE;
use crooner_resample::Resampler;

use crate::chroma::ChromaTaker;
use crate::peaks::PeakPicker;
use crate::{Fingerprint, FingerprintError, SAMPLE_RATE};

/// Samples taken from the caller at a time, so that what lies between the steps stays small.
const BLOCK: usize = 1 << 15;

/// Takes a recording in blocks of any size and gives its fingerprint.
///
/// However it is cut into blocks, the fingerprint is the same. Memory: half a minute of samples at 8 kHz, and the
/// fingerprint itself.
///
/// ```
/// use crooner_fingerprint::{Extractor, Fingerprint};
///
/// let samples: Vec<f32> = (0..32_000u32).map(|n| (n.wrapping_mul(n) % 977) as f32 / 977.0 - 0.5).collect();
/// let mut extractor = Extractor::new(16_000)?;
/// for block in samples.chunks(100) {
///     extractor.push(block)?;
/// }
/// let fingerprint = extractor.finish()?;
/// assert_eq!(fingerprint, Fingerprint::of(&samples, 16_000)?);
/// assert_eq!(fingerprint.seconds(), 2.0);
/// # Ok::<(), crooner_fingerprint::FingerprintError>(())
/// ```
pub struct Extractor {
    /// None where the recording has the rate of the spectra.
    resampler: Option<Resampler>,
    resampled: Vec<f32>,
    peaks: PeakPicker,
    chroma: ChromaTaker,
    n_pushed: u64,
    n_samples: u64,
}

impl Extractor {
    /// For a recording at `sample_rate` Hz.
    ///
    /// # Errors
    /// A rate of 0, or with too fine a ratio to 8 kHz.
    pub fn new(sample_rate: u32) -> Result<Self, FingerprintError> {
        let resampler = match sample_rate {
            SAMPLE_RATE => None,
            _ => Some(Resampler::new(sample_rate, SAMPLE_RATE)?),
        };
        Ok(Self {
            resampler,
            resampled: Vec::new(),
            peaks: PeakPicker::new(),
            chroma: ChromaTaker::new(),
            n_pushed: 0,
            n_samples: 0,
        })
    }

    /// Takes the next samples, nominally in `[-1, 1]`.
    ///
    /// # Errors
    /// A sample that is not a finite number of reasonable size.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), FingerprintError> {
        for block in samples.chunks(BLOCK) {
            if let Some(offset) = block.iter().position(|sample| sample.is_nan() || sample.abs() > MAX_SAMPLE)
            {
                return Err(FingerprintError::Sample {
                    index: self.n_pushed + offset as u64,
                    value: block[offset],
                });
            }
            self.n_pushed += block.len() as u64;
            match &mut self.resampler {
                None => {
                    self.n_samples += block.len() as u64;
                    self.peaks.push(block);
                    self.chroma.push(block)?;
                }
                Some(resampler) => {
                    self.resampled.clear();
                    resampler.process(block, &mut self.resampled);
                    self.take_resampled()?;
                }
            }
        }
        Ok(())
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(mut self) -> Result<Fingerprint, FingerprintError> {
        if let Some(resampler) = &mut self.resampler {
            self.resampled.clear();
            resampler.finish(&mut self.resampled);
            self.take_resampled()?;
        }
        Ok(Fingerprint {
            peaks: self.peaks.finish(),
            chroma: self.chroma.finish()?,
            n_samples: self.n_samples,
        })
    }

    fn take_resampled(&mut self) -> Result<(), FingerprintError> {
        self.n_samples += self.resampled.len() as u64;
        self.peaks.push(&self.resampled);
        self.chroma.push(&self.resampled)
    }
}

impl fmt::Debug for Extractor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extractor").field("n_samples", &self.n_samples).finish_non_exhaustive()
    }
}
