//! Which slices make up an epoch of training, and in which order.

use crooner_split::Side;
use rand_chacha::ChaCha8Rng;

use crate::augment::crop_start;
use crate::config::{FitConfig, Sampling};
use crate::seeds::{Purpose, generator, shuffle};
use crate::task::{Slice, Task};

/// The training slices of `epoch`, from 1, in their order: a function of these four alone, so that an interrupted
/// epoch can be taken up anywhere. Takes time and memory linear in the number of slices.
#[must_use]
pub fn epoch_slices(task: &Task<'_>, config: &FitConfig, seed: u64, epoch: usize) -> Vec<Slice> {
    let train = task.side(Side::Train);
    let rng = &mut generator(seed, Purpose::Order, epoch as u64);
    let mut order = match config.sampling {
        Sampling::Shuffled => train.slices.clone(),
        Sampling::Balanced => balanced(task, rng),
    };
    shuffle(&mut order, rng);
    if config.augmentation.random_crop {
        let rng = &mut generator(seed, Purpose::Crop, epoch as u64);
        for slice in &mut order {
            let frames = task.frames(&train.tracks[slice.track()]);
            let start = crop_start(rng, frames, task.n_mels(), task.slice_frames());
            *slice = Slice::new(slice.track(), start);
        }
    }
    order
}

/// As many training slices as there are, of every class as many as of any other, class by class.
fn balanced(task: &Task<'_>, rng: &mut ChaCha8Rng) -> Vec<Slice> {
    let train = task.side(Side::Train);
    let mut by_class = vec![Vec::new(); task.labels().len()];
    for &slice in &train.slices {
        by_class[train.tracks[slice.track()].label].push(slice);
    }
    by_class.retain(|slices| !slices.is_empty());
    // Who comes first gets the remainder.
    shuffle(&mut by_class, rng);
    let (total, n_classes) = (train.slices.len(), by_class.len());
    let mut order = Vec::with_capacity(total);
    for (place, mut slices) in by_class.into_iter().enumerate() {
        let wanted = total / n_classes + usize::from(place < total % n_classes);
        shuffle(&mut slices, rng);
        order.extend(slices.iter().cycle().take(wanted));
    }
    order
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;
    use crate::augment::Augmentation;
    use crate::task::{FrameSource, TaskRow};

    /// Tracks of so many frames of one band.
    struct Lengths(Vec<Vec<f16>>);

    impl FrameSource for Lengths {
        fn n_mels(&self) -> usize {
            1
        }

        fn frames(&self, track: usize) -> &[f16] {
            &self.0[track]
        }
    }

    /// Slices of 4 frames: 10 of the first artist, 3 of the second, 1 of the third; in training only.
    fn source() -> Lengths {
        Lengths([25, 15, 14, 7, 4].map(|n| vec![f16::ZERO; n]).into())
    }

    fn rows() -> Vec<TaskRow> {
        let row = |side, track: usize, artist: &str| TaskRow {
            side,
            id: format!("{side} {track}"),
            artist: artist.to_owned(),
            source: track,
        };
        let train = [(0, "A"), (1, "A"), (2, "B"), (3, "C")].map(|(i, a)| row(Side::Train, i, a));
        train.into_iter().chain([row(Side::Validation, 4, "A"), row(Side::Test, 4, "A")]).collect()
    }

    fn counts(task: &Task<'_>, slices: &[Slice]) -> Vec<usize> {
        let mut counts = vec![0; 3];
        for slice in slices {
            counts[task.side(Side::Train).tracks[slice.track()].label] += 1;
        }
        counts
    }

    #[test]
    fn shuffled_epochs_hold_every_slice_once() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        let config = FitConfig::default();
        let (first, second) = (epoch_slices(&task, &config, 0, 1), epoch_slices(&task, &config, 0, 2));
        assert_ne!(first, second);
        let sorted = |mut slices: Vec<Slice>| {
            slices.sort_unstable();
            slices
        };
        assert_eq!(sorted(first), task.side(Side::Train).slices);
        assert_eq!(sorted(second), task.side(Side::Train).slices);
    }

    #[test]
    fn balanced_epochs_hold_every_class_alike_and_every_slice_of_it_nearly_alike() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        let config = FitConfig { sampling: Sampling::Balanced, ..FitConfig::default() };
        assert_eq!(counts(&task, &task.side(Side::Train).slices), [9, 3, 1]);
        for epoch in 1..20 {
            let slices = epoch_slices(&task, &config, 7, epoch);
            let mut found = counts(&task, &slices);
            found.sort_unstable();
            assert_eq!(found, [4, 4, 5]);
            for &slice in &task.side(Side::Train).slices {
                let label = task.side(Side::Train).tracks[slice.track()].label;
                let times = slices.iter().filter(|&&other| other == slice).count();
                let expected = [0..=1, 1..=2, 4..=5][label].clone();
                assert!(expected.contains(&times), "{slice:?} {times} times");
            }
        }
    }

    #[test]
    fn crops_start_anywhere_and_stay_within_their_track() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        let augmentation = Augmentation { random_crop: true, ..Augmentation::default() };
        let config = FitConfig { augmentation, ..FitConfig::default() };
        let fixed = epoch_slices(&task, &FitConfig::default(), 7, 1);
        let crops = epoch_slices(&task, &config, 7, 1);
        assert!(fixed.iter().zip(&crops).all(|(a, b)| a.track() == b.track()), "only the starts differ");
        let mut starts = [false; 22];
        for slice in (1..60).flat_map(|epoch| epoch_slices(&task, &config, 7, epoch)) {
            let track = &task.side(Side::Train).tracks[slice.track()];
            assert!(slice.start() + 4 <= task.frames(track).len());
            if slice.track() == 0 {
                starts[slice.start()] = true;
            }
        }
        assert_eq!(starts, [true; 22], "of 25 frames, any of 22 can be the first");
    }
}
