//! Features that need the whole track: an extractor that collects it, and what such features share.

use crate::fourier::framing::{first_unusable, mirrored};
use crate::{Extractor, FeatureError, Frames, PadMode};

/// Collects the samples of a track and computes its frames at the end.
pub(crate) struct WholeTrack<F> {
    samples: Vec<f32>,
    compute: F,
}

impl<F: FnMut(&[f32]) -> Result<Frames, FeatureError>> WholeTrack<F> {
    pub(crate) fn new(compute: F) -> Self {
        Self { samples: Vec::new(), compute }
    }
}

impl<F: FnMut(&[f32]) -> Result<Frames, FeatureError> + Send> Extractor for WholeTrack<F> {
    fn push(&mut self, samples: &[f32], _on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        if let Some(offset) = first_unusable(samples) {
            let index = self.samples.len() + offset;
            self.samples.clear();
            return Err(FeatureError::Sample { index, value: samples[offset] });
        }
        self.samples.extend_from_slice(samples);
        Ok(())
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        let frames = (self.compute)(&self.samples);
        self.samples.clear();
        let frames = frames?;
        frames.values().chunks_exact(frames.n_bins()).for_each(on_frame);
        Ok(f32::NEG_INFINITY)
    }
}

/// Fails unless there is a sample and all are usable.
pub(crate) fn check_samples(samples: &[f32]) -> Result<(), FeatureError> {
    if samples.is_empty() {
        return Err(FeatureError::NoSamples);
    }
    first_unusable(samples).map_or(Ok(()), |index| Err(FeatureError::Sample { index, value: samples[index] }))
}

/// `samples` with `padding` more at either end; there is at least one sample.
pub(crate) fn padded(samples: &[f32], padding: usize, mode: PadMode) -> Vec<f32> {
    let n = samples.len();
    let mut padded = Vec::with_capacity(n + 2 * padding);
    match mode {
        PadMode::Constant => {
            padded.resize(padding, 0.0);
            padded.extend_from_slice(samples);
            padded.resize(n + 2 * padding, 0.0);
        }
        PadMode::Edge => {
            padded.resize(padding, samples[0]);
            padded.extend_from_slice(samples);
            padded.resize(n + 2 * padding, samples[n - 1]);
        }
        PadMode::Reflect => {
            padded.extend((1..=padding).rev().map(|distance| samples[mirrored(distance, n)]));
            padded.extend_from_slice(samples);
            padded.extend((1..=padding).map(|distance| samples[n - 1 - mirrored(distance, n)]));
        }
    }
    padded
}

/// `Σ aᵢ bᵢ` over the length of `a`, in eight lanes, summed in an order that no machine changes.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let b = &b[..a.len()];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sum = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sum[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7])) + rest
}
