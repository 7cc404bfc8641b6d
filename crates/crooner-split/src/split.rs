//! The split itself.

use std::collections::BTreeSet;

use crate::assign::group::count;
use crate::assign::{assign, with_validation};
use crate::check::{Row, check};
use crate::file::SplitFile;
use crate::fingerprint::fingerprint;
use crate::note::{Note, notes};
use crate::{Item, Side, SplitConfig, SplitError, SplitKind};
use serde::{Deserialize, Serialize};

/// Tracks divided into train, validation and test.
///
/// A value of this type is proof that
///
/// - every id is on exactly one side;
/// - no group ([`SplitConfig::group_of`]) of the test is in training or validation;
/// - no group of validation is in training, except that in an album split a class with exactly two groups may
///   share the one that is not the test (a [`Note`] names such classes);
/// - every class is on all three sides, unless the [kind](SplitKind) promises less;
/// - no side is empty.
///
/// There is no way around that check: fields are private and nothing changes a split once made. Reading
/// one with `serde` goes through it too, so a file edited by hand that leaks is refused:
///
/// ```
/// use crooner_split::Split;
///
/// let edited = r#"
///     version = 1
///     seed = 0
///     config = { kind = "album" }
///     tracks = [
///         { id = "a/1/x", artist = "a", album = "1", side = "test" },
///         { id = "a/1/y", artist = "a", album = "1", side = "train" },
///         { id = "a/2/z", artist = "a", album = "2", side = "validation" },
///     ]
/// "#;
/// let error = toml::from_str::<Split>(edited).unwrap_err().to_string();
/// assert!(error.contains(r#"album "1" of artist "a" is on two sides, train and test"#), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SplitFile", into = "SplitFile")]
pub struct Split {
    config: SplitConfig,
    seed: u64,
    /// Side by side, in the order of [`Side::ALL`], each sorted by id.
    items: Vec<Item>,
    /// Where each side ends.
    ends: [usize; 3],
    notes: Vec<Note>,
    fingerprint: String,
}

impl Split {
    /// Divides `items` as `config` says; `seed` decides which.
    ///
    /// Each class is divided by itself. With *n* tracks (song) or tracks in the shared album (album, two
    /// albums), a fraction *f* takes `n * f` rounded half away from zero, but at least one track, and never
    /// so many that training or validation is left without.
    ///
    /// Song, album, few-shot and date, and groups and folds where no group is of two classes, give each class by itself
    /// what they give it among others. So a catalogue that is too large for a list can be divided one artist after the
    /// other:
    ///
    /// ```
    /// use crooner_split::{Item, Split, SplitConfig};
    ///
    /// let config = SplitConfig::default();
    /// let track = |artist: usize, k: usize| Item::new(format!("{artist}/{k}"), format!("{artist}"), format!("{}", k / 9));
    /// let of = |artist: usize| -> Vec<Item> { (0..45).map(|k| track(artist, k)).collect() };
    /// let whole = Split::new(&(0..20).flat_map(of).collect::<Vec<_>>(), &config, 4)?;
    /// for artist in 0..20 {
    ///     let split = Split::new(&of(artist), &config, 4)?;
    ///     assert!(split.rows().all(|(side, item)| whole.side_of(&item.id) == Some(side)));
    /// }
    /// # Ok::<(), crooner_split::SplitError>(())
    /// ```
    ///
    /// What it is then not proof of: that no id, and no artist, comes again. [`SplitConfig::hash_side`] needs not even a
    /// class's list.
    ///
    /// # Errors
    ///
    /// No items, a repeated id, a fraction outside (0, 1), or a class with too few tracks (song: fewer
    /// than 3) or groups (album: fewer than 2, or two of one track each).
    pub fn new(items: &[Item], config: &SplitConfig, seed: u64) -> Result<Self, SplitError> {
        config.check()?;
        check_unique(items)?;
        let rows = assign(items, config, seed).map_err(|errors| first(errors, items))?;
        Self::from_rows(config.clone(), seed, rows)
    }

    /// The same without the classes for which it is impossible, and why it is for each of them.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), where no class is to blame or none is left.
    pub fn new_without_small(
        items: &[Item],
        config: &SplitConfig,
        seed: u64,
    ) -> Result<(Self, Vec<SplitError>), SplitError> {
        config.check()?;
        check_unique(items)?;
        let mut kept = items.to_vec();
        let mut dropped: Vec<SplitError> = Vec::new();
        loop {
            let errors = match assign(&kept, config, seed) {
                Ok(rows) => match Self::from_rows(config.clone(), seed, rows) {
                    Ok(split) => return Ok((split, dropped)),
                    Err(error) => vec![error],
                },
                Err(errors) => errors,
            };
            let classes: BTreeSet<&str> =
                errors.iter().filter_map(SplitError::class).map(|class| class.name.as_str()).collect();
            let before = kept.len();
            kept.retain(|item| !classes.contains(item.label.as_str()));
            if kept.len() == before {
                return Err(first(errors, items));
            }
            dropped.extend(errors.into_iter().filter(|error| error.class().is_some()));
            if let (true, Some(error)) = (kept.is_empty(), dropped.first()) {
                let n = items.iter().map(|item| item.label.as_str()).collect::<BTreeSet<_>>().len();
                return Err(SplitError::NoneLeft { n, example: error.to_string() });
            }
        }
    }

    /// A published list: every track's side as it is. If nothing validates, `share(n, validation_fraction)` of
    /// each class's training tracks, drawn by the seed, do (a [`Note`] says so).
    ///
    /// # Errors
    ///
    /// A repeated id, a track on two sides, or nothing to train on or to test.
    pub fn official(rows: Vec<(Item, Side)>, config: &SplitConfig, seed: u64) -> Result<Self, SplitError> {
        config.check()?;
        let rows = rows.into_iter().map(|(item, side)| Row { item, side }).collect();
        let config = SplitConfig { kind: SplitKind::Official, ..config.clone() };
        let (rows, drawn) = with_validation(rows, &config, seed);
        let mut split = Self::from_rows(config, seed, rows)?;
        if drawn {
            split.notes.insert(0, Note::ValidationFromTraining { tracks: split.validation().len() });
        }
        Ok(split)
    }

    /// The same division of fewer tracks: those for which `keeps` is true of the id.
    ///
    /// # Errors
    ///
    /// If that leaves a side without tracks, or without a class that the kind wants on all sides.
    pub fn only(&self, mut keeps: impl FnMut(&str) -> bool) -> Result<Self, SplitError> {
        let rows = self.rows().filter(|(_, item)| keeps(&item.id));
        let rows = rows.map(|(side, item)| Row { item: item.clone(), side }).collect();
        Self::from_rows(self.config.clone(), self.seed, rows)
    }

    /// How many folds `config` has of these tracks: [`folds`](SplitConfig::folds), the number of groups to
    /// leave out, or 1.
    ///
    /// # Errors
    ///
    /// If `config` is none that a split can be made by.
    pub fn n_folds(items: &[Item], config: &SplitConfig) -> Result<usize, SplitError> {
        config.check()?;
        Ok(match (config.folds, config.kind) {
            (Some(folds), _) => folds,
            (None, SplitKind::LeaveOneOut) => count(items, config),
            (None, _) => 1,
        })
    }

    /// The only constructor: every kind and every reader ends here.
    pub(crate) fn from_rows(config: SplitConfig, seed: u64, mut rows: Vec<Row>) -> Result<Self, SplitError> {
        config.check()?;
        rows.sort();
        check(&config, &rows)?;

        let notes = notes(&config, &rows);
        let fingerprint = fingerprint(config.kind, &rows);
        rows.sort_unstable_by(|a, b| (a.side, &a.item).cmp(&(b.side, &b.item)));
        let ends = Side::ALL.map(|side| rows.partition_point(|row| row.side <= side));
        let items = rows.into_iter().map(|row| row.item).collect();
        Ok(Self { config, seed, items, ends, notes, fingerprint })
    }

    /// Tracks to fit weights to, sorted by id; never empty.
    pub fn train(&self) -> &[Item] {
        self.side(Side::Train)
    }

    /// Tracks that decide when to stop, sorted by id; never empty.
    pub fn validation(&self) -> &[Item] {
        self.side(Side::Validation)
    }

    /// Tracks that give the score, sorted by id; never empty.
    pub fn test(&self) -> &[Item] {
        self.side(Side::Test)
    }

    /// The tracks of one side, sorted by id; never empty.
    pub fn side(&self, side: Side) -> &[Item] {
        let [train, validation, test] = self.ends;
        match side {
            Side::Train => &self.items[..train],
            Side::Validation => &self.items[train..validation],
            Side::Test => &self.items[validation..test],
        }
    }

    /// Where a track is, or `None` if it is not in this split.
    pub fn side_of(&self, id: &str) -> Option<Side> {
        Side::ALL
            .into_iter()
            .find(|&side| self.side(side).binary_search_by(|item| item.id.as_str().cmp(id)).is_ok())
    }

    /// All tracks with their sides, sorted by id.
    pub fn rows(&self) -> impl Iterator<Item = (Side, &Item)> {
        let mut rows: Vec<_> = Side::ALL
            .into_iter()
            .flat_map(|side| self.side(side).iter().map(move |item| (side, item)))
            .collect();
        rows.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        rows.into_iter()
    }

    /// The classes that are trained on, sorted. Unless the kind says otherwise, each of them is on every side.
    pub fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<_> = self.train().iter().map(|item| item.label.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// What a report must say beside a score.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The seed it was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &SplitConfig {
        &self.config
    }

    /// 64 hexadecimal digits that name what is on which side, for comparing a checkpoint's split with
    /// another.
    ///
    /// BLAKE3 over [`SPLIT_VERSION`](crate::SPLIT_VERSION), the kind, and id, label, group and side of
    /// every track. The seed is not in it: two seeds that give the same division give the same
    /// fingerprint.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn first(errors: Vec<SplitError>, items: &[Item]) -> SplitError {
    // There is one: `assign` fails only with a reason.
    let fallback = if items.is_empty() { SplitError::NoItems } else { SplitError::NeedsList };
    errors.into_iter().next().unwrap_or(fallback)
}

/// Before assigning, so that a repeated id is reported as that and not as a leak.
fn check_unique(items: &[Item]) -> Result<(), SplitError> {
    let mut ids: Vec<_> = items.iter().map(|item| item.id.as_str()).collect();
    ids.sort_unstable();
    match ids.iter().zip(ids.iter().skip(1)).find(|(a, b)| a == b) {
        Some((id, _)) => Err(SplitError::DuplicateId { id: (*id).to_owned() }),
        None => Ok(()),
    }
}
