//! How well the samples between samples are known, and at what price.

use std::fmt;
use std::str::FromStr;

use crate::ResampleError;

/// A recipe for the filter.
///
/// ```
/// use crooner_resample::Quality;
///
/// let quality: Quality = "fast".parse()?;
/// assert_eq!((quality, quality.to_string()), (Quality::Fast, "fast".to_owned()));
/// # Ok::<(), crooner_resample::ResampleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quality {
    /// `soxr_hq`: what librosa loads with, and features are to be computed from.
    #[default]
    SoxrHq,
    /// `fast`: for previews; see [the crate](crate#fast).
    Fast,
}

impl Quality {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SoxrHq, Self::Fast];

    /// The name by which it is written and read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SoxrHq => "soxr_hq",
            Self::Fast => "fast",
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Quality {
    type Err = ResampleError;

    fn from_str(name: &str) -> Result<Self, ResampleError> {
        let found = Self::ALL.into_iter().find(|quality| quality.name() == name);
        found.ok_or_else(|| ResampleError::UnknownQuality { found: name.to_owned() })
    }
}
