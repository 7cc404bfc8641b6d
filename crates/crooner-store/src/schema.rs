//! What a shard's columns are, and what its metadata says about them.

use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Metadata, Schema};
use crooner_features::FEATURES_VERSION;

use crate::{FrontEnd, StoreError};

/// The version of the shards' layout, part of every shard's name.
///
/// To be raised also when decoding or resampling starts to give other samples for the same file: unlike the
/// features, the code that does so has no version of its own.
pub const FORMAT_VERSION: u32 = 1;

/// Every buffer of a shard starts at a multiple of this many bytes.
pub(crate) const ALIGNMENT: usize = 64;

pub(crate) mod column {
    pub(crate) const ID: usize = 0;
    pub(crate) const ARTIST: usize = 1;
    pub(crate) const ALBUM: usize = 2;
    pub(crate) const TITLE: usize = 3;
    pub(crate) const ERROR: usize = 4;
    pub(crate) const DAMAGED_PACKETS: usize = 5;
    pub(crate) const N_SAMPLES: usize = 6;
    pub(crate) const MEL: usize = 7;
}

const FORMAT_KEY: &str = "crooner.format_version";
const FEATURES_VERSION_KEY: &str = "crooner.features_version";
const FEATURES_KEY: &str = "crooner.features";
const SAMPLE_RATE_KEY: &str = "crooner.sample_rate_hz";

/// What the features of a shard are: everything but the tracks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardHeader {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// [`FrontEnd::version`] of the writer.
    pub features_version: u32,
    /// The [`FrontEnd`] as JSON.
    pub features: String,
    /// Samples per second of the decoded audio, if any was.
    pub sample_rate_hz: Option<u32>,
    /// Values per frame, at least 1.
    pub n_bins: usize,
}

impl fmt::Display for ShardHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format_version, features_version, features, sample_rate_hz, n_bins } = self;
        write!(f, "{n_bins} values per frame of {features}")?;
        if let Some(rate) = sample_rate_hz {
            write!(f, " at {rate} Hz")?;
        }
        write!(f, " (features version {features_version}, format version {format_version})")
    }
}

impl ShardHeader {
    /// What this program writes for `front_end`.
    pub(crate) fn of(front_end: &FrontEnd) -> Result<Self, StoreError> {
        front_end.validate()?;
        Ok(Self {
            format_version: FORMAT_VERSION,
            features_version: front_end.version(),
            features: serde_json::to_string(front_end).map_err(StoreError::Config)?,
            sample_rate_hz: front_end.sample_rate_hz(),
            n_bins: front_end.n_bins(),
        })
    }

    /// Whether its features are of the version that this program writes.
    pub(crate) fn is_current(&self) -> bool {
        // What this program does not know is computed: segments have had no settings yet that could be dropped.
        let front_end = serde_json::from_str::<FrontEnd>(&self.features);
        self.features_version == front_end.map_or(FEATURES_VERSION, |front_end| front_end.version())
    }

    /// The Arrow schema of a shard with this header.
    pub(crate) fn schema(&self) -> Schema {
        let text = |name| Field::new(name, DataType::Utf8, false);
        let count = |name| Field::new(name, DataType::UInt64, false);
        let mel = DataType::LargeList(self.frame_field());
        let mut metadata = Metadata::from([
            (FORMAT_KEY, self.format_version.to_string()),
            (FEATURES_VERSION_KEY, self.features_version.to_string()),
            (FEATURES_KEY, self.features.clone()),
        ]);
        if let Some(rate) = self.sample_rate_hz {
            metadata.insert(SAMPLE_RATE_KEY, rate.to_string());
        }
        Schema::new_with_metadata(
            vec![
                text("id"),
                text("artist"),
                text("album"),
                text("title"),
                Field::new("error", DataType::Utf8, true),
                count("damaged_packets"),
                count("n_samples"),
                Field::new("mel", mel, false),
            ],
            metadata,
        )
    }

    /// One frame: `n_bins` half-precision values.
    pub(crate) fn frame_field(&self) -> FieldRef {
        Arc::new(Field::new("frame", DataType::FixedSizeList(Self::value_field(), self.width()), false))
    }

    pub(crate) fn value_field() -> FieldRef {
        Arc::new(Field::new("value", DataType::Float16, false))
    }

    /// `n_bins` as Arrow counts it. Frames that are wider still will not fit the type, and Arrow will say so.
    pub(crate) fn width(&self) -> i32 {
        i32::try_from(self.n_bins).unwrap_or(i32::MAX)
    }

    /// Reads the header back from a schema, or says what is wrong with it.
    pub(crate) fn from_schema(schema: &Schema) -> Result<Self, String> {
        let text =
            |key: &str| schema.metadata.get(key).ok_or_else(|| format!("its metadata lack the key {key}"));
        let number = |key: &str| {
            let value = text(key)?;
            value.parse::<u32>().map_err(|_| format!("its {key} is {value:?}, expected a whole number"))
        };
        let header = Self {
            format_version: number(FORMAT_KEY)?,
            features_version: number(FEATURES_VERSION_KEY)?,
            features: text(FEATURES_KEY)?.clone(),
            sample_rate_hz: match schema.metadata.get(SAMPLE_RATE_KEY) {
                Some(_) => Some(number(SAMPLE_RATE_KEY)?),
                None => None,
            },
            n_bins: Self::bins_of(schema).ok_or("it has no column of frames")?,
        };
        if header.format_version != FORMAT_VERSION {
            let found = header.format_version;
            return Err(format!("its format version is {found}, this program reads {FORMAT_VERSION}"));
        }
        if header.schema() != *schema {
            return Err(format!("its columns are {}, expected {}", schema, header.schema()));
        }
        Ok(header)
    }

    fn bins_of(schema: &Schema) -> Option<usize> {
        let DataType::LargeList(frame) = schema.fields().get(column::MEL)?.data_type() else { return None };
        let DataType::FixedSizeList(_, width) = frame.data_type() else { return None };
        usize::try_from(*width).ok().filter(|&n_bins| n_bins > 0)
    }
}
