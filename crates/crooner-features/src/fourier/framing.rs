//! Cuts a stream of samples into overlapping frames, padding both ends of the track as librosa does.

use crate::error::MAX_SAMPLE;
use crate::{FeatureError, PadMode, StftConfig};

/// Samples taken from the caller at a time: large enough that moving the leftovers costs nothing, small enough that
/// the buffer stays in the second-level cache.
const BLOCK: usize = 8192;

/// Emits every frame of a track exactly once, in order, however the track is cut into blocks.
///
/// Holds `O(n_fft)` samples, never the track.
pub(crate) struct Framer {
    n_fft: usize,
    hop_length: usize,
    /// Samples invented before the first and after the last one: `n_fft / 2` when centring, else 0.
    padding: usize,
    pad_mode: PadMode,
    /// The padding before the track and its samples, less what no later frame needs.
    buffer: Vec<f32>,
    /// Samples the buffer may hold before it is emptied of what nothing needs.
    limit: usize,
    /// Where in `buffer` the next frame starts; past its end when `hop_length` is long.
    next: usize,
    /// Samples of the track seen so far.
    n_samples: usize,
}

impl Framer {
    /// `config` must be valid.
    pub(crate) fn new(config: &StftConfig) -> Self {
        let padding = config.padding();
        // Emptying leaves at most `n_fft` samples, so that on average none is moved more than once.
        let limit = 2 * config.n_fft + BLOCK;
        let mut framer = Self {
            n_fft: config.n_fft,
            hop_length: config.hop_length,
            padding,
            pad_mode: config.pad_mode,
            buffer: Vec::with_capacity(limit + padding),
            limit,
            next: 0,
            n_samples: 0,
        };
        framer.reset();
        framer
    }

    /// Forgets the track; the next sample is the first of another.
    pub(crate) fn reset(&mut self) {
        self.buffer.clear();
        self.buffer.resize(self.padding, 0.0);
        self.next = 0;
        self.n_samples = 0;
    }

    /// Takes the next samples of the track and hands every frame they complete to `on_frame`.
    pub(crate) fn push(
        &mut self,
        samples: &[f32],
        mut on_frame: impl FnMut(&[f32]),
    ) -> Result<(), FeatureError> {
        for block in samples.chunks(BLOCK) {
            if let Some(offset) = first_unusable(block) {
                return Err(FeatureError::Sample { index: self.n_samples + offset, value: block[offset] });
            }
            self.make_room(block.len());
            let head_was_open = self.head_is_open();
            self.buffer.extend_from_slice(block);
            self.n_samples += block.len();
            if self.head_is_open() {
                continue;
            }
            if head_was_open {
                self.fill_head();
            }
            self.emit(&mut on_frame);
        }
        Ok(())
    }

    /// Ends the track: pads it and hands the last frames to `on_frame`. The caller resets.
    pub(crate) fn finish(&mut self, mut on_frame: impl FnMut(&[f32])) -> Result<(), FeatureError> {
        if self.n_samples == 0 {
            return Err(FeatureError::NoSamples);
        }
        if self.padding == 0 && self.n_samples < self.n_fft {
            return Err(FeatureError::TooShort { n_samples: self.n_samples, n_fft: self.n_fft });
        }
        if self.head_is_open() {
            self.fill_head();
        }
        self.fill_tail();
        self.emit(&mut on_frame);
        Ok(())
    }

    /// Whether the padding before the track still waits for the samples it repeats.
    fn head_is_open(&self) -> bool {
        let needed = match self.pad_mode {
            PadMode::Constant => 0,
            PadMode::Edge => 1,
            PadMode::Reflect => self.padding + 1,
        };
        self.padding > 0 && self.n_samples < needed
    }

    /// Writes the padding before the track. Nothing has been dropped yet: sample `i` lies at `padding + i`.
    fn fill_head(&mut self) {
        match self.pad_mode {
            PadMode::Constant => {}
            PadMode::Edge => {
                let first = self.buffer[self.padding];
                self.buffer[..self.padding].fill(first);
            }
            PadMode::Reflect => {
                for i in 0..self.padding {
                    self.buffer[i] = self.buffer[self.padding + mirrored(self.padding - i, self.n_samples)];
                }
            }
        }
    }

    /// Appends the padding after the track.
    fn fill_tail(&mut self) {
        let end = self.buffer.len();
        match self.pad_mode {
            PadMode::Constant => self.buffer.resize(end + self.padding, 0.0),
            PadMode::Edge => self.buffer.resize(end + self.padding, self.buffer[end - 1]),
            PadMode::Reflect => {
                for i in 0..self.padding {
                    // Counted from the last sample backwards, the mirror image of counting from the first.
                    let from_last = mirrored(1 + i, self.n_samples);
                    self.buffer.push(self.buffer[end - 1 - from_last]);
                }
            }
        }
    }

    fn emit(&mut self, on_frame: &mut impl FnMut(&[f32])) {
        while let Some(frame) = self.buffer.get(self.next..self.next + self.n_fft) {
            on_frame(frame);
            self.next += self.hop_length;
        }
    }

    /// Drops what no later frame and no mirrored tail needs, once `n` more samples would not fit.
    fn make_room(&mut self, n: usize) {
        if self.buffer.len() + n <= self.limit {
            return;
        }
        let history = match self.pad_mode {
            PadMode::Constant => 0,
            PadMode::Edge => 1,
            PadMode::Reflect => self.padding + 1,
        };
        let dropped = self.next.min(self.buffer.len().saturating_sub(history));
        self.buffer.drain(..dropped);
        self.next -= dropped;
    }
}

/// The sample `distance` steps outside the first of `n`, mirrored about it without repeating it, and mirrored again at
/// the far end as often as it takes (NumPy's `reflect`).
pub(crate) fn mirrored(distance: usize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n - 1);
    let position = distance % period;
    position.min(period - position)
}

pub(crate) fn first_unusable(samples: &[f32]) -> Option<usize> {
    let usable = |sample: &f32| sample.abs() <= MAX_SAMPLE;
    // No early exit: the compiler vectorises this loop, and almost every block passes.
    if samples.iter().fold(true, |all, sample| all & usable(sample)) {
        None
    } else {
        samples.iter().position(|sample| !usable(sample))
    }
}
