//! A split as text: a header and one row for each track.

use serde::{Deserialize, Serialize};

use crate::check::Row;
use crate::{Item, SPLIT_VERSION, Side, Split, SplitConfig, SplitError};

/// What `serde` reads and writes. Notes are not here: they follow from the rest.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitFile {
    version: u32,
    #[serde(with = "seed")]
    seed: u64,
    /// Absent from lists made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    config: SplitConfig,
    tracks: Vec<FileRow>,
}

/// A row. Its two names are called `artist` and `album` where that is what they are, else `label` and
/// `group`; both are read.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    album: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    side: Side,
}

impl FileRow {
    fn new(config: &SplitConfig, item: &Item, side: Side) -> Self {
        let Item { id, label, group } = item.clone();
        let none = || (None, None);
        let ((artist, album), (label, group)) = if config.is_artist_and_album() {
            ((Some(label), Some(group)), none())
        } else {
            (none(), (Some(label), Some(group)))
        };
        Self { id, artist, album, label, group, side }
    }

    fn into_row(self) -> Result<Row, SplitError> {
        let ((Some(label), Some(group), None, None) | (None, None, Some(label), Some(group))) =
            (self.artist, self.album, self.label, self.group)
        else {
            return Err(SplitError::RowNames { id: self.id });
        };
        Ok(Row { item: Item::new(self.id, label, group), side: self.side })
    }
}

impl From<Split> for SplitFile {
    fn from(split: Split) -> Self {
        Self {
            version: SPLIT_VERSION,
            seed: split.seed(),
            fingerprint: Some(split.fingerprint().to_owned()),
            config: split.config().clone(),
            tracks: split.rows().map(|(side, item)| FileRow::new(split.config(), item, side)).collect(),
        }
    }
}

impl TryFrom<SplitFile> for Split {
    type Error = SplitError;

    fn try_from(file: SplitFile) -> Result<Self, SplitError> {
        if file.version != SPLIT_VERSION {
            return Err(SplitError::Version { found: file.version });
        }
        let rows = file.tracks.into_iter().map(FileRow::into_row).collect::<Result<_, _>>()?;
        let split = Self::from_rows(file.config, file.seed, rows)?;
        match file.fingerprint {
            Some(expected) if expected != split.fingerprint() => {
                Err(SplitError::Fingerprint { expected, found: split.fingerprint().to_owned() })
            }
            _ => Ok(split),
        }
    }
}

/// TOML's integers end at 2^63 - 1, seeds at 2^64 - 1: the larger half is written as text.
mod seed {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a seed from 0 to 18446744073709551615")]
    enum Written {
        Number(u64),
        Text(String),
    }

    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(*seed) {
            Ok(number) => serializer.serialize_i64(number),
            Err(_) => serializer.serialize_str(&seed.to_string()),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(seed) => Ok(seed),
            Written::Text(text) => text.parse().map_err(|_| {
                D::Error::custom(format!("seed {text:?} is not a whole number from 0 to {}", u64::MAX))
            }),
        }
    }
}
