//! What the frames of a track are made of.

use std::fmt;
use std::sync::LazyLock;

use crooner_datasets::Content;
use crooner_features::{FEATURES_VERSION, FeatureConfig, FeatureError};
use serde::de::value::EnumAccessDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, IntoDeserializer, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the values that are read as [`SegmentFeature`], as [`FEATURES_VERSION`] is of computed ones.
pub const SEGMENTS_VERSION: u32 = 1;

/// What the frames of a track are made of, and how: a feature of its audio, or what a data set gives in place of audio.
///
/// Either is written under its name: `[features.log-mel]` or `[features.msd-timbre]` in TOML. The serialised form is
/// canonical, as that of a [`FeatureConfig`] is.
///
/// ```
/// use crooner_store::FrontEnd;
///
/// let read: FrontEnd = serde_json::from_str(r#"{"msd-timbre": {}}"#)?;
/// assert_eq!((read.name(), read.n_bins(), read.hop_seconds()), ("msd-timbre", 12, None));
/// let computed: FrontEnd = serde_json::from_str(r#"{"log-mel": {"n_mels": 64}}"#)?;
/// assert_eq!((computed.name(), computed.n_bins(), computed.hop_seconds()), ("log-mel", 64, Some(0.032)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum FrontEnd {
    /// Computed from decoded audio.
    Audio(FeatureConfig),
    /// Read from a song's file of the Million Song Dataset.
    Segments(SegmentFeature),
}

/// What is read of a song of the Million Song Dataset: 12 values of each of its
/// [`segments`](crooner_datasets::segments), which are its frames. They have no hop: each is as long as its musical
/// event, some tenths of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SegmentFeature {
    /// [`timbre`](crooner_datasets::Segments::timbre).
    #[serde(rename = "msd-timbre")]
    Timbre {},
    /// [`pitches`](crooner_datasets::Segments::pitches).
    #[serde(rename = "msd-pitches")]
    Pitches {},
}

impl SegmentFeature {
    /// The names of all, as they tag their settings, of which there are none.
    pub const NAMES: &'static [&'static str] = &["msd-timbre", "msd-pitches"];

    fn name(self) -> &'static str {
        match self {
            Self::Timbre {} => Self::NAMES[0],
            Self::Pitches {} => Self::NAMES[1],
        }
    }
}

impl From<FeatureConfig> for FrontEnd {
    fn from(config: FeatureConfig) -> Self {
        Self::Audio(config)
    }
}

impl FrontEnd {
    /// The name that tags the settings.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Audio(config) => config.name(),
            Self::Segments(feature) => feature.name(),
        }
    }

    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        match self {
            Self::Audio(config) => config.validate(),
            Self::Segments(_) => Ok(()),
        }
    }

    /// Values per frame.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        match self {
            Self::Audio(config) => config.n_bins(),
            Self::Segments(_) => crooner_datasets::Segments::BINS,
        }
    }

    /// Samples per second of the audio to decode, if any is.
    #[must_use]
    pub fn sample_rate_hz(&self) -> Option<u32> {
        match self {
            Self::Audio(config) => Some(config.sample_rate()),
            Self::Segments(_) => None,
        }
    }

    /// Seconds from one frame to the next, if all are the same.
    #[must_use]
    pub fn hop_seconds(&self) -> Option<f64> {
        match self {
            Self::Audio(config) => Some(config.hop_length() as f64 / f64::from(config.sample_rate())),
            Self::Segments(_) => None,
        }
    }

    /// The version of its values: equal settings of equal versions give equal values.
    #[must_use]
    pub fn version(&self) -> u32 {
        match self {
            Self::Audio(_) => FEATURES_VERSION,
            Self::Segments(_) => SEGMENTS_VERSION,
        }
    }

    /// What a track's file must hold.
    pub(crate) fn content(&self) -> Content {
        match self {
            Self::Audio(_) => Content::Audio,
            Self::Segments(_) => Content::Segments,
        }
    }
}

impl Serialize for FrontEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Audio(config) => config.serialize(serializer),
            Self::Segments(feature) => feature.serialize(serializer),
        }
    }
}

/// All tags, for errors.
static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| [FeatureConfig::NAMES, SegmentFeature::NAMES].concat());

impl<'de> Deserialize<'de> for FrontEnd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("FrontEnd", &NAMES, ByTag)
    }
}

/// Reads the tag first, to know whose settings follow: errors are then those of the settings.
struct ByTag;

impl<'de> Visitor<'de> for ByTag {
    type Value = FrontEnd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a feature and its settings")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<FrontEnd, A::Error> {
        let (tag, settings) = data.variant::<String>()?;
        let [computed, read] =
            [FeatureConfig::NAMES, SegmentFeature::NAMES].map(|names| names.contains(&tag.as_str()));
        if !computed && !read {
            return Err(Error::unknown_variant(&tag, &NAMES));
        }
        let tagged = EnumAccessDeserializer::new(Tagged { tag, settings });
        if computed {
            FeatureConfig::deserialize(tagged).map(FrontEnd::Audio)
        } else {
            SegmentFeature::deserialize(tagged).map(FrontEnd::Segments)
        }
    }
}

/// Settings whose tag has been read.
struct Tagged<V> {
    tag: String,
    settings: V,
}

impl<'de, V: VariantAccess<'de>> EnumAccess<'de> for Tagged<V> {
    type Error = V::Error;
    type Variant = V;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, V), V::Error> {
        let tag: serde::de::value::StringDeserializer<V::Error> = self.tag.into_deserializer();
        Ok((seed.deserialize(tag)?, self.settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_front_end_survives_its_own_json() {
        let segments = [SegmentFeature::Timbre {}, SegmentFeature::Pitches {}].map(FrontEnd::Segments);
        let computed = FeatureConfig::defaults().into_iter().map(FrontEnd::Audio);
        let names: Vec<&str> = computed
            .chain(segments)
            .map(|front_end| {
                let json = serde_json::to_string(&front_end).unwrap();
                assert!(json.starts_with(&format!("{{\"{}\":{{", front_end.name())), "{json}");
                assert_eq!(serde_json::from_str::<FrontEnd>(&json).unwrap(), front_end);
                front_end.name()
            })
            .collect();
        assert_eq!(names, *NAMES);
    }

    /// Shards are named by it.
    #[test]
    fn computed_features_are_written_as_ever() {
        for config in FeatureConfig::defaults() {
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::to_string(&FrontEnd::Audio(config)).unwrap(), json);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |json: &str| serde_json::from_str::<FrontEnd>(json).unwrap_err().to_string();
        let error = refused(r#"{"msd-timber": {}}"#);
        assert!(error.starts_with("unknown variant `msd-timber`, expected one of `waveform`,"), "{error}");
        assert!(error.contains("`log-mel`") && error.contains("`msd-timbre`, `msd-pitches`"), "{error}");
        let error = refused(r#"{"log-mel": {"n_mel": 3}}"#);
        assert!(error.starts_with("unknown field `n_mel`, expected one of"), "{error}");
        assert!(refused(r#"{"msd-timbre": {"n_mels": 3}}"#).starts_with("unknown field `n_mels`"));
    }
}
