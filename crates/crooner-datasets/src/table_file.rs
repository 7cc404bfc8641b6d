//! Tables of text in CSV, TSV, Parquet and JSON Lines: read for data sets, written for splits.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::types::Type;

use crate::DatasetError;

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
            "parquet" => Self::parquet(path, bytes()?),
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

    fn parquet(path: &Path, bytes: Vec<u8>) -> Result<Self, DatasetError> {
        contained(path, || {
            let refused = |error: ParquetError| bad(path, None, error.to_string());
            let n_bytes = bytes.len();
            let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(refused)?;
            let claims = Claims::of(reader.metadata());
            claims.check(n_bytes).map_err(|reason| bad(path, None, reason))?;
            let schema = reader.metadata().file_metadata().schema();
            let columns: Vec<String> =
                schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
            let mut rows = Vec::new();
            for row in reader.get_row_iter(None).map_err(refused)? {
                let row = row.map_err(refused)?;
                rows.push(row.get_column_iter().map(|(_, value)| shown(value)).collect());
            }
            Ok(Self { columns, rows })
        })
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
                if value.contains(['"', ',', '\n', '\r']) || value.is_empty() && row.len() == 1 {
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
        self.encode().map_err(|error| bad(path, None, error.to_string()))
    }

    fn encode(&self) -> Result<Vec<u8>, ParquetError> {
        let mut fields = Vec::new();
        for name in &self.columns {
            let column = Type::primitive_type_builder(name, PhysicalType::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String))
                .with_repetition(Repetition::OPTIONAL)
                .build()?;
            fields.push(Arc::new(column));
        }
        let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
        let mut writer =
            SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default()))?;
        let mut group = writer.next_row_group()?;
        for index in 0..self.columns.len() {
            let present: Vec<i16> = self.rows.iter().map(|row| i16::from(!row[index].is_empty())).collect();
            let values: Vec<ByteArray> = self
                .rows
                .iter()
                .map(|row| &row[index])
                .filter(|v| !v.is_empty())
                .map(|v| v.as_str().into())
                .collect();
            let mut column = group
                .next_column()?
                .ok_or_else(|| ParquetError::General("the schema ends too early".into()))?;
            column.typed::<ByteArrayType>().write_batch(&values, Some(&present), None)?;
            column.close()?;
        }
        group.close()?;
        writer.into_inner()
    }
}

/// What a Parquet file says that it holds. A run of equal values takes a few bytes however long it is, so that a small file
/// may make a reader allocate any amount.
struct Claims {
    /// Of the file or of its row groups, whichever are more.
    rows: i128,
    /// Columns at the leaves of the schema, in which lists and structures end.
    columns: usize,
    /// Of all columns together; more than one a row where they hold lists.
    values: i128,
}

impl Claims {
    fn of(metadata: &ParquetMetaData) -> Self {
        let groups = metadata.row_groups();
        let in_groups: i128 = groups.iter().map(|group| i128::from(group.num_rows())).sum();
        let values = groups.iter().flat_map(RowGroupMetaData::columns).map(ColumnChunkMetaData::num_values);
        Self {
            rows: in_groups.max(metadata.file_metadata().num_rows().into()),
            columns: metadata.file_metadata().schema_descr().num_columns(),
            values: values.map(i128::from).sum(),
        }
    }

    /// A million values and a thousand a byte: real tables have fewer than one a byte or two.
    fn check(&self, n_bytes: usize) -> Result<(), String> {
        let Self { rows, columns, values } = *self;
        let most = 1_000_000 + 1_000 * n_bytes as i128;
        let most_rows = most / columns.max(1) as i128;
        if rows > most_rows {
            return Err(format!(
                "expected at most {most_rows} rows of {columns} columns in {n_bytes} bytes, found {rows}"
            ));
        }
        if values > most {
            return Err(format!("expected at most {most} values in {n_bytes} bytes, found {values}"));
        }
        Ok(())
    }
}

/// Does `work`, and makes its panic an error: the parquet crate indexes and unwraps what a damaged file says.
///
/// The table that is being read is all that `work` changes, and it is lost with the panic.
fn contained<T>(path: &Path, work: impl FnOnce() -> Result<T, DatasetError>) -> Result<T, DatasetError> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let formatted = payload.downcast_ref::<String>().map(String::as_str);
        let why = formatted.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(bad(path, None, format!("its content is damaged: the reader gave up ({why})")))
    })
}

/// A value as people write it.
fn shown(value: &Field) -> String {
    match value {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        other => other.to_string(),
    }
}

fn bad(path: &Path, line: Option<u64>, reason: impl Into<String>) -> DatasetError {
    DatasetError::BadList { path: path.to_owned(), line, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};

    use super::*;

    fn table() -> Table {
        let row = |n: usize| vec![format!("track {n}"), ["", "test"][n % 2].to_owned()];
        Table { columns: vec!["id".into(), "side".into()], rows: (0..20).map(row).collect() }
    }

    fn encoded() -> Vec<u8> {
        table().encode().unwrap()
    }

    /// `bytes` with another number of rows in its row group; the writer makes that of the file the same.
    fn claiming(bytes: &[u8], rows: i64) -> Vec<u8> {
        let footer = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
        let mut claiming = bytes[..bytes.len() - 8 - footer].to_vec();
        let metadata =
            ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::copy_from_slice(bytes)).unwrap();
        let group = metadata.row_group(0).clone().into_builder().set_num_rows(rows).build().unwrap();
        let metadata = ParquetMetaData::new(metadata.file_metadata().clone(), vec![group]);
        ParquetMetaDataWriter::new(&mut claiming, &metadata).finish().unwrap();
        claiming
    }

    #[test]
    fn a_small_file_cannot_claim_billions_of_rows() {
        let path = Path::new("small.parquet");
        let read = |bytes: Vec<u8>| Table::parquet(path, bytes);
        assert_eq!(read(claiming(&encoded(), 20)).unwrap(), table());
        for rows in [3_000_000_000, i64::MAX] {
            let error = read(claiming(&encoded(), rows)).unwrap_err().to_string();
            assert!(error.starts_with("\"small.parquet\": expected at most "), "{error}");
            assert!(error.contains(" rows of 2 columns in "), "{error}");
            assert!(error.ends_with(&format!(" bytes, found {rows}")), "{error}");
        }
        // As many as a file of this size may hold, but not as many as it does.
        let error = read(claiming(&encoded(), 400_000)).unwrap_err().to_string();
        assert!(error.contains("Unexpected end of column data"), "{error}");
    }

    #[test]
    fn lists_count_by_their_values() {
        let claims = Claims { rows: 1, columns: 1, values: 2_000_000_000 };
        assert!(claims.check(1_000).unwrap_err().ends_with("found 2000000000"));
        assert_eq!(claims.check(3_000_000), Ok(()));
    }

    #[test]
    fn a_panic_of_the_reader_is_an_error() {
        let path = Path::new("damaged.parquet");
        let error = contained(path, || -> Result<(), _> { panic!("index {} out of range", 7) }).unwrap_err();
        let expected =
            "\"damaged.parquet\": its content is damaged: the reader gave up (index 7 out of range)";
        assert_eq!(error.to_string(), expected);
        let error = contained(path, || Err::<(), _>(bad(path, None, "refused"))).unwrap_err();
        assert_eq!(error.to_string(), "\"damaged.parquet\": refused");
        assert_eq!(contained(path, || Ok(3)).unwrap(), 3);
    }

    #[test]
    fn damage_anywhere_gives_a_table_or_an_error() {
        let bytes = encoded();
        for place in 0..bytes.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut damaged = bytes.clone();
                damaged[place] ^= bit;
                _ = Table::parquet(Path::new("damaged.parquet"), damaged);
            }
            assert!(Table::parquet(Path::new("cut.parquet"), bytes[..place].to_vec()).is_err());
        }
    }
}
