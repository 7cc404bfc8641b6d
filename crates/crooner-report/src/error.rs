//! The crate's one error type.

/// Why a report or a picture could not be made.
///
/// One type for the whole crate: a caller who asks for a page gets the same errors as one who asks for a
/// single picture, and both want the same thing from them, the key that is wrong and what it should hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that cannot be reported or drawn.
    #[error("{key} must be {expected}, found {found}")]
    Invalid {
        /// Path of the value, as in `test.track.accuracy.value` or `values[3]`.
        key: String,
        /// What would have been accepted.
        expected: String,
        /// What was there.
        found: String,
    },
    /// A report written in a format that this version does not know.
    #[error("report format must be {expected}, found {found}: read it with the crooner that wrote it")]
    Format {
        /// The format this version reads and writes, [`FORMAT`](crate::FORMAT).
        expected: u32,
        /// The format of the text.
        found: u32,
    },
    /// The text is not a report, or a report could not be written as JSON.
    #[error("the report is not valid JSON of the expected shape: {0}")]
    Json(#[from] serde_json::Error),
    /// The PNG encoder refused a picture.
    #[error("the picture could not be encoded as PNG: {0}")]
    Png(#[from] png::EncodingError),
    /// The drawing library refused a picture.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}

impl Error {
    /// An [`Error::Invalid`] from anything that can be shown.
    pub(crate) fn invalid(
        key: impl Into<String>,
        expected: impl Into<String>,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Invalid { key: key.into(), expected: expected.into(), found: found.to_string() }
    }
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>> for Error {
    fn from(error: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self::Drawing(error.to_string())
    }
}
