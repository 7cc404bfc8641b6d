//! Batches of slices, assembled ahead on a thread of their own.

use std::sync::mpsc::sync_channel;

use crooner_split::Side;
use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::augment::Augmenter;
use crate::task::{Slice, Task};

/// Batches that may wait assembled: one being read, one ready.
const AHEAD: usize = 2;

/// Slices on the host, ready to become a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[len, n_mels, slice_frames]`, dB.
    pub mel: Vec<f32>,
    /// Class of each slice.
    pub labels: Vec<usize>,
    /// What else each slice holds, if slices are mixed.
    pub mix: Option<Mix>,
}

/// Second slices mixed into the slices of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// Class of the slice mixed into each.
    pub labels: Vec<usize>,
    /// Share of the first slices, `0..=1`.
    pub share: f32,
}

impl Batch {
    /// Slices in the batch.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The classes of slice `n` and their shares, which sum to 1.
    pub(crate) fn shares(&self, n: usize) -> impl Iterator<Item = (usize, f32)> {
        let share = self.mix.as_ref().map_or(1.0, |mix| mix.share);
        let other = self.mix.as_ref().map(|mix| (mix.labels[n], 1.0 - mix.share));
        std::iter::once((self.labels[n], share)).chain(other)
    }

    /// The class of the largest share of each slice.
    pub(crate) fn main_labels(&self) -> &[usize] {
        match &self.mix {
            Some(mix) if mix.share < 0.5 => &mix.labels,
            _ => &self.labels,
        }
    }

    fn assemble(task: &Task<'_>, side: Side, slices: &[Slice]) -> Self {
        let (n_mels, n_frames) = (task.n_mels(), task.slice_frames());
        let mut mel = vec![0.0; slices.len() * n_mels * n_frames];
        let mut time_major = Vec::new();
        let mut labels = Vec::with_capacity(slices.len());
        for (&slice, mel) in slices.iter().zip(mel.chunks_exact_mut(n_mels * n_frames)) {
            let (frames, label) = task.slice(side, slice);
            to_mel_major(frames, n_mels, &mut time_major, mel);
            labels.push(label);
        }
        Self { mel, labels, mix: None }
    }
}

/// Turns `[n_frames, n_mels]` of `f16` into `[n_mels, n_frames]` of `f32`.
pub(crate) fn to_mel_major(frames: &[f16], n_mels: usize, scratch: &mut Vec<f32>, mel: &mut [f32]) {
    scratch.resize(frames.len(), 0.0);
    frames.convert_to_f32_slice(scratch);
    transpose(scratch, n_mels, mel);
}

/// Turns `[n_frames, n_mels]` into `[n_mels, n_frames]`.
pub(crate) fn transpose(frames: &[f32], n_mels: usize, mel: &mut [f32]) {
    let n_frames = frames.len() / n_mels;
    for (band, row) in mel.chunks_exact_mut(n_frames).enumerate() {
        for (value, frame) in row.iter_mut().zip(frames.chunks_exact(n_mels)) {
            *value = frame[band];
        }
    }
}

/// Slices of a side, to be cut into batches.
pub struct Batches<'a, I> {
    /// Where they are from.
    pub task: &'a Task<'a>,
    /// Of which side.
    pub side: Side,
    /// Which, in their order.
    pub slices: I,
    /// How many in a batch; the last may be smaller.
    pub batch_size: usize,
    /// How they are varied; and the number of the first of `slices` in its epoch.
    pub augment: Option<(Augmenter<'a>, usize)>,
}

impl<I: Iterator<Item = Slice> + Send> Batches<'_, I> {
    /// Gives the batches to `consume`, in order, while a thread assembles the next ones. What is not
    /// consumed is not assembled, but for those ahead.
    pub fn ahead<R>(self, consume: impl FnOnce(&mut dyn Iterator<Item = Batch>) -> R) -> R {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            scope.spawn(move || {
                let Self { task, side, mut slices, batch_size, augment } = self;
                for number in 0.. {
                    let slices: Vec<Slice> = slices.by_ref().take(batch_size).collect();
                    if slices.is_empty() {
                        return;
                    }
                    let mut batch = Batch::assemble(task, side, &slices);
                    if let Some((augmenter, first)) = augment {
                        augmenter.apply(first + number * batch_size, &mut batch);
                    }
                    if sender.send(batch).is_err() {
                        return; // the consumer stopped early
                    }
                }
            });
            // By value: dropping the receiver at the end releases a waiting sender.
            consume(&mut receiver.into_iter())
        })
    }
}
