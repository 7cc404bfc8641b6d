//! Work split over the threads of the current rayon pool, and the buffers it reuses.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use rayon::prelude::*;

/// Sums over a batch are made in at most this many parts, which are then added in order: the result does not depend on
/// how many threads there are. More threads than this find no work in the sums.
pub(crate) const PARTS: usize = 8;

/// The batch in runs of images, `(first, count)`: at most [`PARTS`], a power of two of them where there are images
/// enough, and so few that each has half a chunk of work units or more, of which an image has `units`.
pub(crate) fn parts(batch: usize, units: usize, chunk: usize) -> Vec<(usize, usize)> {
    let n = (2 * batch * units / chunk).clamp(1, PARTS);
    let n = (1 << n.ilog2()).min(batch);
    (0..n).map(|i| (i * batch / n, (i + 1) * batch / n - i * batch / n)).collect()
}

/// `work` for every item, each at most once at a time, in any order; results in the order of the items.
pub(crate) fn each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if items.len() <= 1 || rayon::current_num_threads() == 1 {
        return items.into_iter().map(work).collect();
    }
    items.into_par_iter().with_max_len(1).map(work).collect()
}

/// Runs `work` within the current rayon pool, as a thread of it.
///
/// Kernels called from a thread outside wake the pool and wait for it one by one: of a small network's training step
/// that was an eighth. Call `work` that is several of them, such as a step, in here.
pub fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

/// Buffers not in use. Activations are tens of megabytes: taking them from the system anew at every step costs more
/// than some kernels do.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
const MOST_FREE: usize = 96;

/// A buffer that goes back when dropped. What it holds at first is left over from another use.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// As long as it was made, so that no use has to fill what a shorter one before it left out.
    values: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// `len` values, whatever they are.
    pub(crate) fn any(len: usize) -> Self {
        let mut free = FREE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let best = free
            .iter()
            .enumerate()
            .filter(|(_, buffer)| buffer.len() >= len && buffer.len() <= 2 * len)
            .min_by_key(|(_, buffer)| buffer.len())
            .map(|(at, _)| at);
        let best = best.map(|at| free.swap_remove(at));
        drop(free);
        Self { values: best.unwrap_or_else(|| vec![0.0; len]), len }
    }

    pub(crate) fn zeros(len: usize) -> Self {
        let mut buffer = Self::any(len);
        buffer.fill(0.0);
        buffer
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if values.is_empty() {
            return;
        }
        let mut free = FREE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if free.len() == MOST_FREE {
            // The oldest is the least likely to fit what comes next.
            free.remove(0);
        }
        free.push(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_batch_once_whatever_its_size() {
        for batch in 1..40 {
            for units in [1, 3, 24, 1000] {
                let parts = parts(batch, units, 48);
                assert!(parts.len() <= PARTS);
                let mut next = 0;
                for (first, count) in parts {
                    assert!(first == next && count > 0);
                    next += count;
                }
                assert_eq!(next, batch);
            }
        }
    }
}
