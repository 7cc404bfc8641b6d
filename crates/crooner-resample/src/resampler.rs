//! The streaming converter and the one-call function.

use std::fmt;

use crate::ratio::lowest_terms;
use crate::stage::Stage;
use crate::{Quality, ResampleError};

/// Largest numerator or denominator of a ratio in lowest terms: transforms have a small multiple of this length.
const LARGEST_TERM: u64 = 1 << 20;
/// Input samples that pass through the steps at a time, which bounds the memory between them.
const CHUNK: usize = 1 << 16;

/// Converts a stream of samples from one rate to another.
///
/// Hand over blocks of any size with [`process`](Self::process), end with [`finish`](Self::finish).
/// What comes out is bit for bit what [`resample`] makes of all the blocks in one piece.
/// Memory does not grow with the length of the stream. Cloning one is cheaper than building one:
/// clones share filter and transform tables.
///
/// ```
/// use crooner_resample::Resampler;
///
/// let tone: Vec<f32> = (0..44_100).map(|n| (n as f32 * 0.05).sin()).collect();
/// let mut resampler = Resampler::new(44_100, 16_000)?;
/// let mut converted = Vec::new();
/// for block in tone.chunks(1_000) {
///     resampler.process(block, &mut converted);
/// }
/// resampler.finish(&mut converted);
/// assert_eq!(converted.len(), 16_000);
/// assert_eq!(converted, crooner_resample::resample(&tone, 44_100, 16_000)?);
/// # Ok::<(), crooner_resample::ResampleError>(())
/// ```
#[derive(Clone)]
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    /// In order; none where the rates are equal.
    steps: Vec<Step>,
    /// The last sample is zero where soxr has none.
    pads: bool,
    consumed: u64,
    produced: u64,
}

/// A stage and the samples on their way from it to the next one.
#[derive(Clone)]
struct Step {
    stage: Stage,
    outbox: Vec<f32>,
}

impl Resampler {
    /// Designs the filter of `soxr_hq` for a pair of rates, in Hz.
    ///
    /// # Errors
    /// A rate is zero, or the ratio in lowest terms has a term above 2^20 = 1,048,576 (so every pair of
    /// rates up to that many Hz can be converted).
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        Self::with_quality(from_hz, to_hz, Quality::SoxrHq)
    }

    /// As [`new`](Self::new), with a filter by its name.
    ///
    /// ```
    /// use crooner_resample::{Quality, Resampler};
    ///
    /// let tone: Vec<f32> = (0..44_100).map(|n| (n as f32 * 0.05).sin()).collect();
    /// let mut preview = Vec::new();
    /// let mut resampler = Resampler::with_quality(44_100, 16_000, Quality::Fast)?;
    /// resampler.process(&tone, &mut preview);
    /// resampler.finish(&mut preview);
    /// let exact = crooner_resample::resample(&tone, 44_100, 16_000)?;
    /// let inner = 100..15_900;
    /// assert!(preview[inner.clone()].iter().zip(&exact[inner]).all(|(a, b)| (a - b).abs() < 1e-4));
    /// # Ok::<(), crooner_resample::ResampleError>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_quality(from_hz: u32, to_hz: u32, quality: Quality) -> Result<Self, ResampleError> {
        let stages = match quality {
            Quality::SoxrHq => Stage::soxr_hq,
            Quality::Fast => Stage::fast,
        };
        Self::build(from_hz, to_hz, stages)
    }

    /// As [`new`](Self::new), with blocks only a few times as long as the filter.
    ///
    /// Whatever is loud leaves rounding errors all over its block, 140 dB below itself. Where a quiet passage next to a loud
    /// one matters, as in a constant-Q transform whose frames are scaled to their own peak, short blocks keep them apart,
    /// as soxr does. The filter is the same.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_short_blocks(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        Self::build(from_hz, to_hz, Stage::soxr_hq_in_short_blocks)
    }

    /// With the stages for a ratio in lowest terms.
    fn build(from_hz: u32, to_hz: u32, stages: fn(u64, u64) -> Vec<Stage>) -> Result<Self, ResampleError> {
        if from_hz == 0 || to_hz == 0 {
            return Err(ResampleError::ZeroRate { from_hz, to_hz });
        }
        let (up, down) = lowest_terms(u64::from(to_hz), u64::from(from_hz));
        if up.max(down) > LARGEST_TERM {
            return Err(ResampleError::RatioTooFine {
                from_hz,
                to_hz,
                up: up as u32,
                down: down as u32,
                limit: LARGEST_TERM as u32,
            });
        }
        let stages = stages(up, down);
        let pads = stages.iter().any(|stage| matches!(stage, Stage::OverlapSave(_)));
        let steps = stages.into_iter().map(|stage| Step { stage, outbox: Vec::new() }).collect();
        Ok(Self { from_hz, to_hz, steps, pads, consumed: 0, produced: 0 })
    }

    /// Takes the next samples and appends to `output` all that can be computed from what has come so far.
    ///
    /// The output lags behind: a sample is appended once the block around it is complete.
    pub fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        let before = output.len();
        // A single step streams by itself; only between steps do samples pile up.
        let chunk = if self.steps.len() > 1 { CHUNK } else { input.len().max(1) };
        for input in input.chunks(chunk) {
            process(&mut self.steps, input, output);
        }
        self.consumed += input.len() as u64;
        self.produced += (output.len() - before) as u64;
    }

    /// Appends the rest of the output, as if silence followed, and resets for the next stream.
    ///
    /// Over the whole stream `ceil(n_samples * to_hz / from_hz)` samples have then been appended. Of `soxr_hq`
    /// the last one is zero where that is more than half a sample more than the quotient, as librosa has it: soxr rounds to
    /// the nearest length.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        let missing = self.output_len_u64(self.consumed) - self.produced;
        let before = output.len();
        finish(&mut self.steps, output);
        // With several steps each rounds its own length up.
        output.truncate(before.saturating_add(usize::try_from(missing).unwrap_or(usize::MAX)));
        if let Some(last) = output[before..].last_mut()
            && self.pads
            && self.is_padded(self.consumed)
        {
            *last = 0.0;
        }
        self.consumed = 0;
        self.produced = 0;
    }

    /// Number of output samples for `n_samples` of input: `ceil(n_samples * to_hz / from_hz)`.
    ///
    /// Saturates at [`usize::MAX`].
    pub fn output_len(&self, n_samples: usize) -> usize {
        usize::try_from(self.output_len_u64(n_samples as u64)).unwrap_or(usize::MAX)
    }

    /// Rate of the input, in Hz.
    pub fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// Rate of the output, in Hz.
    pub fn to_hz(&self) -> u32 {
        self.to_hz
    }

    /// Whether the length that `n_samples` make is rounded up by more than half a sample.
    fn is_padded(&self, n_samples: u64) -> bool {
        let beyond = (u128::from(n_samples) * u128::from(self.to_hz)) % u128::from(self.from_hz);
        beyond > 0 && 2 * beyond < u128::from(self.from_hz)
    }

    fn output_len_u64(&self, n_samples: u64) -> u64 {
        let exact = (u128::from(n_samples) * u128::from(self.to_hz)).div_ceil(u128::from(self.from_hz));
        u64::try_from(exact).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Resampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resampler")
            .field("from_hz", &self.from_hz)
            .field("to_hz", &self.to_hz)
            .field("consumed", &self.consumed)
            .field("produced", &self.produced)
            .finish_non_exhaustive()
    }
}

/// Converts `samples` from `from_hz` to `to_hz` in one call.
///
/// Equal to `librosa.resample(y, orig_sr=from_hz, target_sr=to_hz, res_type="soxr_hq")` to the
/// precision stated in the [crate documentation](crate). The result has
/// `ceil(samples.len() * to_hz / from_hz)` samples, aligned in time with the input: sample `m` is the signal at
/// `m / to_hz` seconds (but for the last one, see [`Resampler::finish`]). Amplitude is kept (librosa's `scale=True` is a
/// further gain of `sqrt(from_hz / to_hz)` that the caller can apply). Equal rates copy.
///
/// A non-finite sample spoils the blocks it lies in.
///
/// ```
/// let silence = crooner_resample::resample(&[0.0; 441], 44_100, 22_050)?;
/// assert_eq!(silence, [0.0; 221]);
/// # Ok::<(), crooner_resample::ResampleError>(())
/// ```
///
/// # Errors
/// As [`Resampler::new`].
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, ResampleError> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut output = Vec::with_capacity(resampler.output_len(samples.len()));
    resampler.process(samples, &mut output);
    resampler.finish(&mut output);
    Ok(output)
}

fn process(steps: &mut [Step], input: &[f32], output: &mut Vec<f32>) {
    match steps {
        [] => output.extend_from_slice(input),
        [last] => last.stage.process(input, output),
        [first, rest @ ..] => {
            first.stage.process(input, &mut first.outbox);
            process(rest, &first.outbox, output);
            first.outbox.clear();
        }
    }
}

fn finish(steps: &mut [Step], output: &mut Vec<f32>) {
    match steps {
        [] => {}
        [last] => last.stage.finish(output),
        [first, rest @ ..] => {
            first.stage.finish(&mut first.outbox);
            process(rest, &first.outbox, output);
            first.outbox.clear();
            finish(rest, output);
        }
    }
}
