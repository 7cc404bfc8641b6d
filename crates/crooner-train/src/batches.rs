//! Batches of slices, assembled ahead on a thread of their own.

use std::sync::mpsc::{Receiver, sync_channel};

use crooner_split::Side;
use half::f16;
use half::slice::HalfFloatSliceExt;

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
        Self { mel, labels }
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

/// Calls `each` with the batches of `slices` in order, `batch_size` at a time and the remainder
/// last, while a thread assembles the next ones. Stops early when `each` returns an error.
///
/// # Errors
///
/// Whatever `each` returns.
pub fn for_each_batch<E>(
    task: &Task<'_>,
    side: Side,
    slices: &[Slice],
    batch_size: usize,
    mut each: impl FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || {
            for slices in slices.chunks(batch_size) {
                if sender.send(Batch::assemble(task, side, slices)).is_err() {
                    return; // the consumer stopped early
                }
            }
        });
        consume(receiver, &mut each)
    })
}

/// Takes the receiver by value: dropping it on return releases a waiting sender.
fn consume<E>(receiver: Receiver<Batch>, each: &mut impl FnMut(Batch) -> Result<(), E>) -> Result<(), E> {
    receiver.into_iter().try_for_each(each)
}
