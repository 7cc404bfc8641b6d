//! Training slices varied at random, on the host: masks, gain, mixtures. Validation and test slices never
//! are.
//!
//! Each slice of an epoch, and each batch, draws from a generator of its own, so that what happens to it
//! depends on the seed, the epoch and its place alone.

use half::f16;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::batches::{Batch, Mix};
use crate::config::check;
use crate::seeds::{Purpose, below, beta, generator, shuffle, unit};
use crate::task::Task;

/// `[training.augmentation]`. Everything is off by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Whether a training slice starts at any frame of its track, drawn anew each epoch, rather than at
    /// multiples of its length. An epoch has as many slices as before.
    pub random_crop: bool,
    /// Most that a slice becomes louder or quieter, dB, at least 0: uniform in `-g..g`, added to all
    /// values, which is a gain where features are in dB.
    pub gain_db: f64,
    /// Masks over time a slice: SpecAugment (Park et al. 2019). The width of each is uniform in
    /// `0..=time_mask_frames`, its place uniform; masked frames take the slice's mean value.
    pub time_masks: usize,
    /// Widest mask over time, at most the frames of a slice.
    pub time_mask_frames: usize,
    /// Masks over frequency a slice, likewise.
    pub frequency_masks: usize,
    /// Widest mask over frequency, at most the bands of a frame.
    pub frequency_mask_bands: usize,
    /// Mixup (Zhang et al. 2018): a batch `x` with targets `t` becomes `l x + (1 - l) x'` with
    /// `l t + (1 - l) t'`, where `x'` is the batch in another order and `l` is drawn from Beta(a, a), once a
    /// batch. `a`, at least 0; 0 turns it off, 0.1 to 0.4 are the authors'.
    pub mixup: f64,
}

impl Augmentation {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let not_negative = |value: f64| value >= 0.0 && value.is_finite();
        let amounts =
            [("training.augmentation.gain_db", self.gain_db), ("training.augmentation.mixup", self.mixup)];
        for (key, value) in amounts {
            check(not_negative(value), key, "a number of at least 0", value)?;
        }
        Ok(())
    }

    /// That masks are not wider than the slices of `task`.
    pub(crate) fn validate_for(&self, task: &Task<'_>) -> Result<(), TrainError> {
        let widths = [
            ("training.augmentation.time_mask_frames", self.time_mask_frames, task.slice_frames(), "frames"),
            ("training.augmentation.frequency_mask_bands", self.frequency_mask_bands, task.n_mels(), "bands"),
        ];
        for (key, found, most, unit) in widths {
            check(found <= most, key, &format!("at most the {most} {unit} of a slice"), found)?;
        }
        Ok(())
    }

    /// Whether slices change, rather than only where they start.
    fn changes_slices(&self) -> bool {
        self.gain_db > 0.0 || self.time_masks > 0 || self.frequency_masks > 0
    }
}

/// The augmentation of one epoch.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter<'a> {
    pub(crate) config: &'a Augmentation,
    pub(crate) seed: u64,
    /// From 1.
    pub(crate) epoch: usize,
    /// Frames of a slice.
    pub(crate) n_frames: usize,
}

impl Augmenter<'_> {
    /// Varies a batch whose first slice is number `first` of the epoch.
    pub(crate) fn apply(&self, first: usize, batch: &mut Batch) {
        let index = |place: usize| (self.epoch as u64) << 32 | place as u64;
        if self.config.changes_slices() {
            let size = batch.mel.len() / batch.len().max(1);
            for (place, slice) in batch.mel.chunks_exact_mut(size.max(1)).enumerate() {
                let mut rng = generator(self.seed, Purpose::Augment, index(first + place));
                self.vary(slice, &mut rng);
            }
        }
        if self.config.mixup > 0.0 {
            mix(batch, self.config.mixup, &mut generator(self.seed, Purpose::Mix, index(first)));
        }
    }

    /// Gain and masks of one slice, `[n_mels, n_frames]`.
    fn vary(&self, slice: &mut [f32], rng: &mut ChaCha8Rng) {
        let Augmentation { gain_db, time_masks, frequency_masks, .. } = *self.config;
        if gain_db > 0.0 {
            let gain = (gain_db * (2.0 * unit(rng) - 1.0)) as f32;
            slice.iter_mut().for_each(|value| *value += gain);
        }
        let mean = (slice.iter().map(|&value| f64::from(value)).sum::<f64>() / slice.len() as f64) as f32;
        let n_frames = self.n_frames;
        for _ in 0..time_masks {
            let (start, width) = mask(rng, self.config.time_mask_frames, n_frames);
            for row in slice.chunks_exact_mut(n_frames) {
                row[start..start + width].fill(mean);
            }
        }
        let n_mels = slice.len() / n_frames;
        for _ in 0..frequency_masks {
            let (start, width) = mask(rng, self.config.frequency_mask_bands, n_mels);
            slice[start * n_frames..(start + width) * n_frames].fill(mean);
        }
    }
}

/// Start and width of a mask of at most `widest` among `n` places.
fn mask(rng: &mut ChaCha8Rng, widest: usize, n: usize) -> (usize, usize) {
    let width = below(rng, widest + 1);
    (below(rng, n - width + 1), width)
}

fn mix(batch: &mut Batch, alpha: f64, rng: &mut ChaCha8Rng) {
    let share = beta(rng, alpha) as f32;
    let mut order: Vec<usize> = (0..batch.len()).collect();
    shuffle(&mut order, rng);
    let size = batch.mel.len() / batch.len().max(1);
    let original = batch.mel.clone();
    for (slice, &other) in batch.mel.chunks_exact_mut(size.max(1)).zip(&order) {
        for (value, other) in slice.iter_mut().zip(&original[other * size..]) {
            *value = share * *value + (1.0 - share) * other;
        }
    }
    batch.mix = Some(Mix { labels: order.iter().map(|&other| batch.labels[other]).collect(), share });
}

/// First frame of a crop of `n_frames` frames of a track, `[frames, n_mels]`, any as likely.
pub(crate) fn crop_start(rng: &mut ChaCha8Rng, track: &[f16], n_mels: usize, n_frames: usize) -> usize {
    below(rng, track.len() / n_mels - n_frames + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const N_FRAMES: usize = 10;
    const N_MELS: usize = 6;

    /// Values that are all different.
    fn batch(n: usize) -> Batch {
        let mel = (0..n * N_MELS * N_FRAMES).map(|i| i as f32 * 0.25 - 40.0).collect();
        Batch { mel, labels: (0..n).map(|i| i % 3).collect(), mix: None }
    }

    fn varied(config: &Augmentation, epoch: usize, first: usize, n: usize) -> Batch {
        let mut batch = batch(n);
        Augmenter { config, seed: 5, epoch, n_frames: N_FRAMES }.apply(first, &mut batch);
        batch
    }

    #[test]
    fn nothing_happens_by_default() {
        assert_eq!(varied(&Augmentation::default(), 1, 0, 3), batch(3));
    }

    #[test]
    fn a_gain_is_one_number_a_slice_within_its_range() {
        let config = Augmentation { gain_db: 6.0, ..Augmentation::default() };
        let (found, original) = (varied(&config, 1, 0, 50), batch(50));
        let size = N_MELS * N_FRAMES;
        let mut gains = Vec::new();
        for (found, original) in found.mel.chunks(size).zip(original.mel.chunks(size)) {
            let gain = found[0] - original[0];
            assert!(gain.abs() <= 6.0, "{gain}");
            assert!(found.iter().zip(original).all(|(f, o)| (f - o - gain).abs() < 1e-4));
            gains.push(gain);
        }
        assert!(gains.iter().any(|&g| g > 3.0) && gains.iter().any(|&g| g < -3.0), "{gains:?}");
    }

    #[test]
    fn masks_are_whole_frames_and_bands_of_the_mean() {
        let config = Augmentation {
            time_masks: 1,
            time_mask_frames: 4,
            frequency_masks: 1,
            frequency_mask_bands: 3,
            ..Augmentation::default()
        };
        let n = 200;
        let (found, original) = (varied(&config, 2, 0, n), batch(n));
        let size = N_MELS * N_FRAMES;
        let (mut widths, mut heights) = ([0; N_FRAMES + 1], [0; N_MELS + 1]);
        for (found, original) in found.mel.chunks(size).zip(original.mel.chunks(size)) {
            let mean = original.iter().map(|&v| f64::from(v)).sum::<f64>() / size as f64;
            let masked = |band: usize, frame: usize| found[band * N_FRAMES + frame] == mean as f32;
            let columns = (0..N_FRAMES).filter(|&f| (0..N_MELS).all(|b| masked(b, f))).count();
            let rows = (0..N_MELS).filter(|&b| (0..N_FRAMES).all(|f| masked(b, f))).count();
            let covered = columns * N_MELS + rows * N_FRAMES - columns * rows;
            let changed = found.iter().zip(original).filter(|(f, o)| f != o).count();
            assert_eq!(changed, covered, "nothing but whole frames and bands");
            widths[columns] += 1;
            heights[rows] += 1;
        }
        assert!(widths[..=4].iter().all(|&n| n > 15) && widths[5..].iter().all(|&n| n == 0), "{widths:?}");
        assert!(heights[..=3].iter().all(|&n| n > 15) && heights[4..].iter().all(|&n| n == 0), "{heights:?}");
    }

    #[test]
    fn mixup_mixes_slices_and_targets_alike() {
        let config = Augmentation { mixup: 0.4, ..Augmentation::default() };
        let (found, original) = (varied(&config, 1, 32, 8), batch(8));
        let Mix { labels, share } = found.mix.clone().unwrap();
        let size = N_MELS * N_FRAMES;
        for (n, label) in labels.iter().enumerate() {
            // Values of slice `m` are those of slice 0 plus 15 m: which other was mixed in can be read off.
            let offset = (found.mel[n * size] - share * original.mel[n * size]) / (1.0 - share);
            let other = ((offset + 40.0) / 15.0).round() as usize;
            assert_eq!(*label, original.labels[other]);
            for i in 0..size {
                let expected =
                    share * original.mel[n * size + i] + (1.0 - share) * original.mel[other * size + i];
                assert!((found.mel[n * size + i] - expected).abs() < 1e-3);
            }
            let total: f32 = found.shares(n).map(|(_, share)| share).sum();
            assert!((total - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_slices_variation_depends_on_its_place_and_epoch_only() {
        let config = Augmentation {
            gain_db: 3.0,
            time_masks: 2,
            time_mask_frames: 3,
            frequency_masks: 1,
            frequency_mask_bands: 2,
            ..Augmentation::default()
        };
        assert_eq!(varied(&config, 3, 16, 4), varied(&config, 3, 16, 4));
        assert_ne!(varied(&config, 3, 16, 4), varied(&config, 4, 16, 4));
        assert_ne!(varied(&config, 3, 16, 4), varied(&config, 3, 20, 4));
        // The same slices in batches of another size.
        let (whole, half) = (varied(&config, 3, 16, 4), varied(&config, 3, 16, 2));
        assert_eq!(whole.mel[..half.mel.len()], half.mel);
    }
}
