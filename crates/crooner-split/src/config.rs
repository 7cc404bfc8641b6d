//! How to split.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Class, Group, Item, SplitError};

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
}

impl SplitKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 2] = [Self::Song, Self::Album];
}

impl fmt::Display for SplitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Song => "song",
            Self::Album => "album",
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

    /// The group of `item`: one that is in the test is nowhere else.
    pub fn group_of<'a>(&'a self, item: &'a Item) -> Group<'a> {
        match self.kind {
            SplitKind::Song => Group::Track(&item.id),
            SplitKind::Album if self.is_artist_and_album() => {
                Group::Album { artist: &item.label, album: &item.group }
            }
            SplitKind::Album => Group::Column { column: &self.group, value: &item.group },
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
