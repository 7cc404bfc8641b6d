//! Which slices make up an epoch of training, and in which order.

use crooner_split::Side;
use rand_chacha::ChaCha8Rng;

use crate::augment::crop_start;
use crate::config::{FitConfig, Sampling};
use crate::permutation::Permutation;
use crate::seeds::{Purpose, generator, shuffle};
use crate::task::{Ends, SideTracks, Slice, Task};

/// The training slices of an epoch in their order: a function of task, configuration, seed and number alone, so that an
/// interrupted epoch can be taken up anywhere.
///
/// Up to a million slices are shuffled in lists. The place of more is computed when it is asked for, so that an epoch
/// holds a few megabytes however many there are (and 12 bytes a track where classes are balanced).
pub struct EpochOrder<'a> {
    task: &'a Task<'a>,
    /// The generator of where slices start, if not at multiples of their length.
    crop: Option<ChaCha8Rng>,
    order: Permutation,
    /// What the permuted numbers stand for, if not for slices.
    balance: Option<Balance>,
}

impl<'a> EpochOrder<'a> {
    /// The order of `epoch`, from 1.
    #[must_use]
    pub fn new(task: &'a Task<'a>, config: &FitConfig, seed: u64, epoch: usize) -> Self {
        let n_slices = task.side(Side::Train).n_slices();
        let rng = &mut generator(seed, Purpose::Order, epoch as u64);
        let permute =
            if Permutation::fits_list(n_slices) { Permutation::listed } else { Permutation::computed };
        let balance = match config.sampling {
            Sampling::Shuffled => None,
            Sampling::Balanced => Some(Balance::new(task, rng, permute)),
        };
        let crop = config.augmentation.random_crop.then(|| generator(seed, Purpose::Crop, epoch as u64));
        Self { task, crop, order: permute(n_slices, rng), balance }
    }

    /// How many slices there are; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a task has slices")]
    pub fn len(&self) -> usize {
        self.train().n_slices()
    }

    /// The slices from the `first`-th on, counted from 0.
    pub fn slices(&self, first: usize) -> impl Iterator<Item = Slice> + Send {
        let mut crop = self.crop.clone();
        let mut slice = move |place| {
            let slice = self.at(place);
            let Some(rng) = &mut crop else { return slice };
            let frames = self.task.frames(&self.train().tracks()[slice.track]);
            Slice { start: crop_start(rng, frames, self.task.n_mels(), self.task.slice_frames()), ..slice }
        };
        if self.crop.is_some() {
            // Each start takes its numbers from where those before it left off.
            (0..first).for_each(|place| {
                slice(place);
            });
        }
        (first..self.len()).map(slice)
    }

    fn train(&self) -> &SideTracks {
        self.task.side(Side::Train)
    }

    /// The slice at a place, uncropped.
    fn at(&self, place: usize) -> Slice {
        let number = self.order.at(place);
        match &self.balance {
            None => self.train().slice(number),
            Some(balance) => balance.slice(number, self.task.slice_frames()),
        }
    }
}

/// As many slices as there are, of every class as many as of any other: class by class, each slice of a class once before
/// any comes again.
struct Balance {
    /// Numbers of the tracks, class by class.
    tracks: Vec<u32>,
    /// Of the tracks in this order.
    ends: Ends,
    /// The classes that are trained on, in an order of their own: who comes first gets the remainder.
    classes: Vec<Class>,
    /// Slices that every class gives, and classes that give one more.
    share: (usize, usize),
}

/// The slices of a class, as numbers in the order of [`Balance`].
struct Class {
    first: usize,
    n_slices: usize,
    order: Permutation,
}

impl Balance {
    fn new(
        task: &Task<'_>,
        rng: &mut ChaCha8Rng,
        permute: fn(usize, &mut ChaCha8Rng) -> Permutation,
    ) -> Self {
        let train = task.side(Side::Train);
        let label = |track: &u32| train.tracks()[*track as usize].label;
        // No list holds 2^32 tracks.
        let mut tracks: Vec<u32> = (0..train.tracks().len() as u32).collect();
        tracks.sort_by_key(label);

        let (mut ends, mut sizes) = (Ends::with_capacity(tracks.len()), Vec::new());
        for class in tracks.chunk_by(|a, b| label(a) == label(b)) {
            let first = ends.total();
            class.iter().for_each(|&track| ends.push(train.n_slices_of(track as usize)));
            sizes.push((first, ends.total() - first));
        }
        shuffle(&mut sizes, rng);
        let class = |(first, n_slices)| Class { first, n_slices, order: permute(n_slices, rng) };
        let classes: Vec<Class> = sizes.into_iter().map(class).collect();
        let share = (train.n_slices() / classes.len(), train.n_slices() % classes.len());
        Self { tracks, ends, classes, share }
    }

    /// The slice that is drawn as number `draw`, class by class.
    fn slice(&self, draw: usize, slice_frames: usize) -> Slice {
        let (share, remainder) = self.share;
        let longer = remainder * (share + 1);
        let (place, turn) = if draw < longer {
            (draw / (share + 1), draw % (share + 1))
        } else {
            (remainder + (draw - longer) / share, (draw - longer) % share)
        };
        let class = &self.classes[place];
        let (track, number) = self.ends.find(class.first + class.order.at(turn % class.n_slices));
        Slice { track: self.tracks[track] as usize, start: number * slice_frames }
    }
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

    fn epoch(task: &Task<'_>, config: &FitConfig, seed: u64, epoch: usize) -> Vec<Slice> {
        let order = EpochOrder::new(task, config, seed, epoch);
        let slices: Vec<Slice> = order.slices(0).collect();
        assert_eq!(slices.len(), order.len());
        for first in [1, slices.len() / 2, slices.len()] {
            assert!(order.slices(first).eq(slices[first..].iter().copied()), "taken up at {first}");
        }
        slices
    }

    fn all(task: &Task<'_>) -> Vec<Slice> {
        task.side(Side::Train).slices().collect()
    }

    fn counts(task: &Task<'_>, slices: &[Slice]) -> Vec<usize> {
        let mut counts = vec![0; 3];
        for slice in slices {
            counts[task.side(Side::Train).tracks()[slice.track].label] += 1;
        }
        counts
    }

    #[test]
    fn shuffled_epochs_hold_every_slice_once() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        let config = FitConfig::default();
        let (first, second) = (epoch(&task, &config, 0, 1), epoch(&task, &config, 0, 2));
        assert_ne!(first, second);
        let sorted = |mut slices: Vec<Slice>| {
            slices.sort_unstable();
            slices
        };
        assert_eq!(sorted(first), all(&task));
        assert_eq!(sorted(second), all(&task));
    }

    #[test]
    fn balanced_epochs_hold_every_class_alike_and_every_slice_of_it_nearly_alike() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        let config = FitConfig { sampling: Sampling::Balanced, ..FitConfig::default() };
        assert_eq!(counts(&task, &all(&task)), [9, 3, 1]);
        for number in 1..20 {
            let slices = epoch(&task, &config, 7, number);
            let mut found = counts(&task, &slices);
            found.sort_unstable();
            assert_eq!(found, [4, 4, 5]);
            for slice in all(&task) {
                let label = task.side(Side::Train).tracks()[slice.track].label;
                let times = slices.iter().filter(|&&other| other == slice).count();
                let expected = [0..=1, 1..=2, 4..=5][label].clone();
                assert!(expected.contains(&times), "{slice:?} {times} times");
            }
        }
    }

    /// The same with lists of slices, shuffled.
    fn epoch_of_lists(task: &Task<'_>, sampling: Sampling, seed: u64, epoch: usize) -> Vec<Slice> {
        let train = task.side(Side::Train);
        let rng = &mut generator(seed, Purpose::Order, epoch as u64);
        let mut order = Vec::new();
        match sampling {
            Sampling::Shuffled => order.extend(train.slices()),
            Sampling::Balanced => {
                let mut classes = vec![Vec::new(); task.labels().len()];
                train.slices().for_each(|slice| classes[train.tracks()[slice.track].label].push(slice));
                classes.retain(|slices| !slices.is_empty());
                shuffle(&mut classes, rng);
                let (share, remainder) = (train.n_slices() / classes.len(), train.n_slices() % classes.len());
                for (place, mut slices) in classes.into_iter().enumerate() {
                    shuffle(&mut slices, rng);
                    order.extend(slices.iter().cycle().take(share + usize::from(place < remainder)));
                }
            }
        }
        shuffle(&mut order, rng);
        order
    }

    #[test]
    fn an_epoch_is_what_shuffling_lists_of_slices_gives() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        for sampling in [Sampling::Shuffled, Sampling::Balanced] {
            let config = FitConfig { sampling, ..FitConfig::default() };
            for (seed, number) in [(0, 1), (0, 2), (5, 1)] {
                assert_eq!(
                    epoch(&task, &config, seed, number),
                    epoch_of_lists(&task, sampling, seed, number)
                );
            }
        }
    }

    /// More slices than are shuffled in a list, of one frame: of the first two tracks, of one artist, and of the third.
    #[test]
    fn computed_epochs_hold_every_slice_as_often_as_shuffled_ones() {
        let source = Lengths([500_000, 499_999, 200_003, 1, 1].map(|n| vec![f16::ZERO; n]).into());
        let mut rows = rows();
        rows.remove(3);
        let task = Task::from_rows(&source, rows, 1).unwrap();
        let total = task.side(Side::Train).n_slices();
        assert!(!Permutation::fits_list(total));
        let times = |sampling| {
            let order = EpochOrder::new(&task, &FitConfig { sampling, ..FitConfig::default() }, 3, 1);
            let mut times = vec![0; total];
            for slice in order.slices(0) {
                times[[0, 500_000, 999_999][slice.track] + slice.start] += 1;
            }
            times
        };
        assert!(times(Sampling::Shuffled).iter().all(|&times| times == 1));
        let balanced = times(Sampling::Balanced);
        let (first, second) = balanced.split_at(999_999);
        assert_eq!([first, second].map(|times| times.iter().sum::<i32>()), [600_001, 600_001]);
        assert!(first.iter().all(|times| (0..=1).contains(times)));
        assert!(second.iter().all(|times| (2..=3).contains(times)) && second.contains(&3));
        let both: i32 = balanced[..500_000].iter().sum();
        assert!((both - 300_000).abs() < 5_000, "{both} of the first track's half a million");
    }

    #[test]
    fn crops_start_anywhere_and_stay_within_their_track() {
        let source = source();
        let task = Task::from_rows(&source, rows(), 4).unwrap();
        let augmentation = Augmentation { random_crop: true, ..Augmentation::default() };
        let config = FitConfig { augmentation, ..FitConfig::default() };
        let fixed = epoch(&task, &FitConfig::default(), 7, 1);
        let crops = epoch(&task, &config, 7, 1);
        assert!(fixed.iter().zip(&crops).all(|(a, b)| a.track == b.track), "only the starts differ");
        let mut starts = [false; 22];
        for slice in (1..60).flat_map(|number| epoch(&task, &config, 7, number)) {
            let track = &task.side(Side::Train).tracks()[slice.track];
            assert!(slice.start + 4 <= task.frames(track).len());
            if slice.track == 0 {
                starts[slice.start] = true;
            }
        }
        assert_eq!(starts, [true; 22], "of 25 frames, any of 22 can be the first");
    }
}
