//! Tables of text in CSV, TSV, Parquet and JSON Lines: read for data sets, written for splits.

use std::fs;
use std::path::Path;

use crate::{DatasetError, parquet_file};

/// Columns with names, and rows of text; a value that is missing is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with one value for every column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads `path` as what its extension says: `.csv`, `.tsv`, `.parquet`, `.jsonl` or `.ndjson`. CSV has a
    /// header. Numbers and truth values become text, null becomes empty.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Io`] if it cannot be read, [`DatasetError::BadList`] if it is not what its extension
    /// says or a row has too many or too few values.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let extension = path.extension().and_then(|found| found.to_str()).unwrap_or_default();
        let bytes = || fs::read(path).map_err(DatasetError::io("read", path));
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Self::delimited(path, &bytes()?, b','),
            "tsv" => Self::delimited(path, &bytes()?, b'\t'),
            "parquet" => parquet_file::read(path, bytes()?),
            "jsonl" | "ndjson" => Self::json_lines(path, &bytes()?),
            _ => Err(bad(path, None, "expected a table called .csv, .tsv, .parquet, .jsonl or .ndjson")),
        }
    }

    fn delimited(path: &Path, bytes: &[u8], delimiter: u8) -> Result<Self, DatasetError> {
        // Spreadsheets begin their UTF-8 with a byte order mark.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
        let refused = |error: csv::Error| {
            let line = error.position().map(csv::Position::line);
            bad(
                path,
                line,
                match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("expected {expected_len} values, found {len}")
                    }
                    csv::ErrorKind::Utf8 { .. } => "expected UTF-8, found something else".to_owned(),
                    _ => error.to_string(),
                },
            )
        };
        let columns = reader.headers().map_err(refused)?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(refused)?.iter().map(str::to_owned).collect());
        }
        Ok(Self { columns, rows })
    }

    fn json_lines(path: &Path, bytes: &[u8]) -> Result<Self, DatasetError> {
        let text =
            str::from_utf8(bytes).map_err(|_| bad(path, None, "expected UTF-8, found something else"))?;
        let mut table = Self::default();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)
                .map_err(|error| bad(path, Some(number), format!("expected a JSON object: {error}")))?;
            let mut row = vec![String::new(); table.columns.len()];
            for (name, value) in object {
                let value = match value {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                match table.columns.iter().position(|column| *column == name) {
                    Some(column) => row[column] = value,
                    None => {
                        table.columns.push(name);
                        row.push(value);
                    }
                }
            }
            table.rows.push(row);
        }
        for row in &mut table.rows {
            row.resize(table.columns.len(), String::new());
        }
        Ok(table)
    }

    /// The position of a column.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// As CSV with a header.
    pub fn to_csv(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            for (index, value) in row.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                // A byte order mark that is a value must not begin the file as one that is not.
                if value.contains(['"', ',', '\n', '\r', '\u{feff}']) || value.is_empty() && row.len() == 1 {
                    text.extend(format!("\"{}\"", value.replace('"', "\"\"")).bytes());
                } else {
                    text.extend(value.bytes());
                }
            }
            text.push(b'\n');
        }
        text
    }

    /// As Parquet: every column is text, and an empty value is null.
    ///
    /// # Errors
    ///
    /// [`DatasetError::BadList`] naming `path` if the table cannot be written so.
    pub fn to_parquet(&self, path: &Path) -> Result<Vec<u8>, DatasetError> {
        parquet_file::encode(self).map_err(|error| bad(path, None, error.to_string()))
    }
}

pub(crate) fn bad(path: &Path, line: Option<u64>, reason: impl Into<String>) -> DatasetError {
    DatasetError::BadList { path: path.to_owned(), line, reason: reason.into() }
}
