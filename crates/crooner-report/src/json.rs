//! Reading and writing `report.json`.

use serde::Deserialize;

use crate::{Error, FORMAT, Report};

/// The one key that every format of the report has.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Report {
    /// The report as JSON: indented by two spaces, keys in the order of the fields, a newline at the end.
    ///
    /// The text holds each number in the shortest form that reads back as the same `f64`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the data contradicts itself, see [`Report::check`].
    pub fn to_json(&self) -> Result<String, Error> {
        self.check()?;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// The report that [`Report::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] for a layout other than [`FORMAT`], [`Error::Json`] for text that is not a report,
    /// [`Error::Invalid`] if the data contradicts itself, see [`Report::check`].
    pub fn from_json(text: &str) -> Result<Self, Error> {
        // The format first: a newer file should be called newer, not malformed.
        let Header { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(Error::Format { expected: FORMAT, found: format });
        }
        let report: Self = serde_json::from_str(text)?;
        report.check()?;
        Ok(report)
    }
}
