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

/// Frames of a track as if it were longer by `padding` at either end, cut without copying it.
pub(crate) struct Padded<'a> {
    samples: &'a [f32],
    padding: usize,
    mode: PadMode,
    /// A frame that reaches beyond the track.
    edge: Vec<f32>,
}

impl<'a> Padded<'a> {
    /// There must be at least one sample.
    pub(crate) fn new(samples: &'a [f32], padding: usize, mode: PadMode) -> Self {
        Self { samples, padding, mode, edge: Vec::new() }
    }

    /// The `length` samples from `start` on, 0 being the first sample of the padding.
    pub(crate) fn frame(&mut self, start: usize, length: usize) -> &[f32] {
        let within =
            start.checked_sub(self.padding).and_then(|start| self.samples.get(start..start + length));
        if let Some(frame) = within {
            return frame;
        }
        let mut edge = std::mem::take(&mut self.edge);
        edge.clear();
        edge.extend((start..start + length).map(|place| self.at(place)));
        self.edge = edge;
        &self.edge
    }

    fn at(&self, place: usize) -> f32 {
        let last = self.samples.len() - 1;
        let (before, after) = (self.padding.saturating_sub(place), place.saturating_sub(self.padding + last));
        let outside = before + after;
        match self.mode {
            _ if outside == 0 => self.samples[place - self.padding],
            PadMode::Constant => 0.0,
            PadMode::Edge => self.samples[if before > 0 { 0 } else { last }],
            PadMode::Reflect => {
                let distance = mirrored(outside, last + 1);
                self.samples[if before > 0 { distance } else { last - distance }]
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_padded_track_are_those_of_its_copy() {
        for n in [1, 2, 7, 40] {
            let samples: Vec<f32> = (0..n).map(|i| (i * i) as f32 + 1.0).collect();
            for mode in [PadMode::Constant, PadMode::Edge, PadMode::Reflect] {
                for (padding, length) in [(0, 1), (3, 4), (25, 17)] {
                    let copy = padded(&samples, padding, mode);
                    let mut track = Padded::new(&samples, padding, mode);
                    for start in 0..(copy.len() + 1).saturating_sub(length) {
                        assert_eq!(
                            track.frame(start, length),
                            &copy[start..start + length],
                            "{n} {mode:?} {start}"
                        );
                    }
                }
            }
        }
    }
}
