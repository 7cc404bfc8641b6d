//! How to split.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::assign::group::{self, takes_folds};
use crate::{Class, Group, Item, Side, SplitError};

/// What is kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// Tracks are drawn one by one, stratified by class: the same share of every class is held out.
    /// Albums are cut through, so a score may be flattered by the album effect.
    Song,
    /// Whole albums (or other groups, each of one class) are held out, of every class one for the test and
    /// one for validation. The harder and more honest of the two.
    Album,
    /// Whole groups are held out by the fractions, of every class as evenly as groups allow
    /// ([how](https://docs.rs/crooner-split)). A group may be of several classes: genres grouped by artist.
    /// Grouped by the label itself, whole classes are held out: for verification, not for classification.
    Group,
    /// A fixed number of tracks of every class to learn from; the others test.
    FewShot,
    /// By the date in the group column (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`): of every class the oldest train,
    /// the newest test.
    Date,
    /// Every group goes where its own hash says: as the catalogue grows, all stay on their sides. The
    /// fractions are met in the mean only.
    Hash,
    /// One group is the test, of the others a share validates: as many splits as there are groups.
    LeaveOneOut,
    /// A published list ([`Split::official`](crate::Split::official)). Nothing but tracks is sure to be kept
    /// apart; [notes](crate::Note) say what is not.
    Official,
}

impl SplitKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Song,
        Self::Album,
        Self::Group,
        Self::FewShot,
        Self::Date,
        Self::Hash,
        Self::LeaveOneOut,
        Self::Official,
    ];
}

impl fmt::Display for SplitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Song => "song",
            Self::Album => "album",
            Self::Group => "group",
            Self::FewShot => "few-shot",
            Self::Date => "date",
            Self::Hash => "hash",
            Self::LeaveOneOut => "leave-one-out",
            Self::Official => "official",
        })
    }
}

impl FromStr for SplitKind {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Self, SplitError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| SplitError::UnknownKind { found: text.to_owned() })
    }
}

/// How to split; checked by [`Split::new`](crate::Split::new).
///
/// ```
/// use crooner_split::{SplitConfig, SplitKind};
///
/// let config: SplitConfig = toml::from_str("kind = 'song'\ntest_fraction = 0.2").unwrap();
/// assert_eq!(config, SplitConfig::new(SplitKind::Song).with_test_fraction(0.2));
/// // The default is the album split of the paper.
/// assert_eq!(SplitConfig::default(), SplitConfig::new(SplitKind::Album));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// What is kept together.
    pub kind: SplitKind,
    /// Share of each class's tracks for the test, in (0, 1). The song split reads it; the album split
    /// holds out one whole album whatever its size (a [`Note`](crate::Note) says so if it was changed).
    pub test_fraction: f64,
    /// Share for validation of what the test leaves, in (0, 1). The song split reads it, and the album
    /// split for classes with exactly two groups.
    pub validation_fraction: f64,
    /// What the classes are: the name of the column that [`Item::label`] came from, `artist` by default.
    #[serde(skip_serializing_if = "is_artist")]
    pub label: String,
    /// What is kept together: the name of the column that [`Item::group`] came from, `album` by default.
    #[serde(skip_serializing_if = "is_album")]
    pub group: String,
    /// How many folds, at least 3, of equal shares, for song, album and group; the fractions are then not
    /// read. Of every class each fold has a track (song) or group; of classes whose groups are theirs alone,
    /// no fold has more than another by more than the largest group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// Which fold is the test, counted from 0; the next one validates. With leave-one-out, which group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// How many tracks of every class a few-shot split trains on, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shots: Option<usize>,
}

impl SplitConfig {
    /// The paper's test share (Nasrullah & Zhao 2019): 90/10.
    pub const TEST_FRACTION: f64 = 0.1;
    /// The paper's validation share: 90/10 of the rest.
    pub const VALIDATION_FRACTION: f64 = 0.1;

    /// The usual class: who plays.
    pub const LABEL: &str = "artist";
    /// The usual group: what was recorded and mastered together.
    pub const GROUP: &str = "album";

    /// The paper's fractions with the given kind.
    pub fn new(kind: SplitKind) -> Self {
        Self {
            kind,
            test_fraction: Self::TEST_FRACTION,
            validation_fraction: Self::VALIDATION_FRACTION,
            label: Self::LABEL.to_owned(),
            group: Self::GROUP.to_owned(),
            folds: None,
            fold: None,
            shots: None,
        }
    }

    /// With another share for the test.
    #[must_use]
    pub fn with_test_fraction(self, test_fraction: f64) -> Self {
        Self { test_fraction, ..self }
    }

    /// With another share of the rest for validation.
    #[must_use]
    pub fn with_validation_fraction(self, validation_fraction: f64) -> Self {
        Self { validation_fraction, ..self }
    }

    /// With other classes: the name of the column that labels come from.
    #[must_use]
    pub fn with_label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// With other groups: the name of the column that they come from.
    #[must_use]
    pub fn with_group(self, group: impl Into<String>) -> Self {
        Self { group: group.into(), ..self }
    }

    /// With the `fold`-th of `folds` folds as the test.
    #[must_use]
    pub fn with_fold(self, fold: usize, folds: usize) -> Self {
        Self { folds: Some(folds), fold: Some(fold), ..self }
    }

    /// With `shots` tracks of every class to train on.
    #[must_use]
    pub fn with_shots(self, shots: usize) -> Self {
        Self { shots: Some(shots), ..self }
    }

    /// The group of `item`: one that is in the test is nowhere else.
    pub fn group_of<'a>(&'a self, item: &'a Item) -> Group<'a> {
        match self.kind {
            SplitKind::Song | SplitKind::FewShot | SplitKind::Official => Group::Track(&item.id),
            SplitKind::Date => Group::InClass {
                label: &self.label,
                class: &item.label,
                column: &self.group,
                value: &item.group,
            },
            SplitKind::Album | SplitKind::Group | SplitKind::Hash | SplitKind::LeaveOneOut => {
                if self.groups_are_tracks() {
                    Group::Track(&item.id)
                } else if self.is_artist_and_album() {
                    Group::Album { artist: &item.label, album: &item.group }
                } else {
                    Group::Column { column: &self.group, value: &item.group }
                }
            }
        }
    }

    /// The side of a track in a split by hash, from its group and the seed alone: for a catalogue that is too large for a
    /// list, track by track. What a [`Split`](crate::Split) is proof of beyond that no group is on two sides (no id twice, no
    /// side empty) is up to the caller.
    ///
    /// ```
    /// use crooner_split::{Item, Split, SplitConfig, SplitKind};
    ///
    /// let config = SplitConfig::new(SplitKind::Hash);
    /// let track = |n: usize| Item::new(format!("{n}"), format!("artist {}", n % 7), format!("album {}", n / 10));
    /// let items: Vec<Item> = (0..1000).map(track).collect();
    /// let split = Split::new(&items, &config, 4)?;
    /// assert!(split.rows().all(|(side, item)| config.hash_side(item, 4) == side));
    /// # Ok::<(), crooner_split::SplitError>(())
    /// ```
    #[must_use]
    pub fn hash_side(&self, item: &Item, seed: u64) -> Side {
        group::hash_side(item, self, seed)
    }

    /// Whether whole classes are held out: those of the test are not trained on.
    pub fn holds_out_classes(&self) -> bool {
        let by_group = matches!(self.kind, SplitKind::Group | SplitKind::Hash | SplitKind::LeaveOneOut);
        by_group && self.group == self.label
    }

    /// The shares of train, validation and test of all tracks.
    pub(crate) fn shares(&self) -> [f64; 3] {
        let validation = (1.0 - self.test_fraction) * self.validation_fraction;
        [1.0 - self.test_fraction - validation, validation, self.test_fraction]
    }

    fn groups_are_tracks(&self) -> bool {
        self.group == "track" || self.group == "id"
    }

    /// What is kept together, in a word.
    pub(crate) fn group_noun(&self) -> &str {
        match self.kind {
            SplitKind::Song | SplitKind::FewShot | SplitKind::Official => "track",
            _ if self.groups_are_tracks() => "track",
            _ => &self.group,
        }
    }

    pub(crate) fn is_artist_and_album(&self) -> bool {
        self.label == Self::LABEL && self.group == Self::GROUP
    }

    /// A class as messages name it: `artist "Low"`.
    pub(crate) fn class(&self, name: &str) -> Class {
        Class { column: self.label.clone(), name: name.to_owned() }
    }

    pub(crate) fn check(&self) -> Result<(), SplitError> {
        for (field, found) in
            [("test_fraction", self.test_fraction), ("validation_fraction", self.validation_fraction)]
        {
            // Written so that NaN is refused too.
            if !(found > 0.0 && found < 1.0) {
                return Err(SplitError::Fraction { field, found });
            }
        }
        if let Some(folds) = self.folds {
            if !takes_folds(self.kind) {
                return Err(SplitError::FoldsOfKind { kind: self.kind });
            }
            if folds < 3 {
                return Err(SplitError::FewFolds { found: folds });
            }
            let fold = self.fold.unwrap_or_default();
            if fold >= folds {
                return Err(SplitError::Fold { fold, folds });
            }
        } else if self.fold.is_some() && self.kind != SplitKind::LeaveOneOut {
            return Err(SplitError::FoldsOfKind { kind: self.kind });
        }
        if self.shots.is_some_and(|shots| shots > 0) != (self.kind == SplitKind::FewShot)
            || self.shots == Some(0)
        {
            return Err(SplitError::Shots { kind: self.kind, found: self.shots });
        }
        Ok(())
    }
}

fn is_artist(label: &str) -> bool {
    label == SplitConfig::LABEL
}

fn is_album(group: &str) -> bool {
    group == SplitConfig::GROUP
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self::new(SplitKind::Album)
    }
}
