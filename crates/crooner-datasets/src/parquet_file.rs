//! Tables of text in Parquet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::types::Type;

use crate::table_file::bad;
use crate::{DatasetError, Table};

/// How much a file may hold. A column of one value compresses to next to nothing, so that a damaged count would be believed
/// until memory is full.
#[derive(Clone, Copy, Debug)]
struct Limits {
    values: usize,
    text_bytes: usize,
}

impl Limits {
    /// A million values and 100 MB of text in any file, and of both a thousand more for each byte of it.
    fn of(n_bytes: usize) -> Self {
        let more = n_bytes.saturating_mul(1000);
        Self { values: more.saturating_add(1_000_000), text_bytes: more.saturating_add(100_000_000) }
    }
}

/// Numbers and truth values become text, null becomes empty.
pub(crate) fn read(path: &Path, bytes: Vec<u8>) -> Result<Table, DatasetError> {
    let limits = Limits::of(bytes.len());
    // The reader panics on some damaged metadata, such as negative offsets. Nothing of it is used after that.
    let table = catch_unwind(AssertUnwindSafe(|| within(limits, bytes)));
    let reason = match table {
        Ok(Ok(table)) => return Ok(table),
        Ok(Err(reason)) => reason,
        Err(payload) => {
            let formatted = payload.downcast_ref::<String>().map(String::as_str);
            let said = formatted.or_else(|| payload.downcast_ref::<&str>().copied());
            format!("it is damaged: {}", said.unwrap_or("its reader panicked"))
        }
    };
    Err(bad(path, None, reason))
}

fn within(limits: Limits, bytes: Vec<u8>) -> Result<Table, String> {
    let refused = |error: ParquetError| error.to_string();
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(refused)?;
    let schema = reader.metadata().file_metadata().schema();
    let columns: Vec<String> = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();

    let most_rows = limits.values / columns.len().max(1);
    let mut table = Table { columns, rows: Vec::new() };
    let mut text_bytes = 0;
    for row in reader.get_row_iter(None).map_err(refused)? {
        if table.rows.len() == most_rows {
            return Err(format!(
                "it is damaged: a file of its size has at most {most_rows} rows, it has more"
            ));
        }
        let row = row.map_err(refused)?;
        let row: Vec<String> = row.get_column_iter().map(|(_, value)| shown(value)).collect();
        text_bytes += row.iter().map(String::len).sum::<usize>();
        if text_bytes > limits.text_bytes {
            let most = limits.text_bytes;
            return Err(format!(
                "it is damaged: a file of its size has at most {most} bytes of text, it has more"
            ));
        }
        table.rows.push(row);
    }
    Ok(table)
}

/// As Parquet: every column is text, and an empty value is null.
pub(crate) fn encode(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let mut fields = Vec::new();
    for name in &table.columns {
        let column = Type::primitive_type_builder(name, PhysicalType::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(Repetition::OPTIONAL)
            .build()?;
        fields.push(Arc::new(column));
    }
    let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default()))?;
    let mut group = writer.next_row_group()?;
    for index in 0..table.columns.len() {
        let present: Vec<i16> = table.rows.iter().map(|row| i16::from(!row[index].is_empty())).collect();
        let values: Vec<ByteArray> = table
            .rows
            .iter()
            .map(|row| &row[index])
            .filter(|v| !v.is_empty())
            .map(|v| v.as_str().into())
            .collect();
        let mut column =
            group.next_column()?.ok_or_else(|| ParquetError::General("the schema ends too early".into()))?;
        column.typed::<ByteArrayType>().write_batch(&values, Some(&present), None)?;
        column.close()?;
    }
    group.close()?;
    writer.into_inner()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |i: usize| vec![format!("music/{i}.mp3"), ["Low", "Björk"][i % 2].to_owned()];
        Table { columns: vec!["path".to_owned(), "artist".to_owned()], rows: (0..20).map(row).collect() }
    }

    #[test]
    fn no_flipped_bit_gets_further_than_a_sentence() {
        let intact = encode(&table()).unwrap();
        let path = Path::new("t.parquet");
        assert_eq!(read(path, intact.clone()).unwrap(), table());
        let mut n_panics = 0;
        for at in 0..intact.len() {
            for bit in 0..8 {
                let mut bytes = intact.clone();
                bytes[at] ^= 1 << bit;
                if let Err(error) = read(path, bytes) {
                    let text = error.to_string();
                    assert!(text.starts_with("\"t.parquet\": ") && text.len() > 15, "{text}");
                    n_panics += usize::from(text.contains("it is damaged"));
                }
            }
        }
        assert!(n_panics > 0, "what contains panics was not needed");
    }

    #[test]
    fn what_claims_too_much_is_refused() {
        let bytes = encode(&table()).unwrap();
        let limits = Limits { values: 40, text_bytes: 400 };
        assert_eq!(within(limits, bytes.clone()).unwrap(), table());
        let error = within(Limits { values: 39, ..limits }, bytes.clone()).unwrap_err();
        assert_eq!(error, "it is damaged: a file of its size has at most 19 rows, it has more");
        let error = within(Limits { text_bytes: 99, ..limits }, bytes.clone()).unwrap_err();
        assert!(error.ends_with("at most 99 bytes of text, it has more"), "{error}");
        let Limits { values, text_bytes } = Limits::of(bytes.len());
        assert!(values == 1_000_000 + 1000 * bytes.len() && text_bytes > values);
    }
}
