//! The index of a catalogue in the store: a small Parquet table for people and other programs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crooner_datasets::{Catalogue, Track};
use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::RowAccessor;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

use crate::contain::without_panic;
use crate::disk::WriterLock;
use crate::store::{ShardKey, shard_key, shard_name};
use crate::{StoreError, StoredTrack, disk};

const SCHEMA: &str = "
    message index {
        required binary id (STRING);
        required binary artist (STRING);
        required binary album (STRING);
        required binary title (STRING);
        required binary shard (STRING);
        required int64 row;
        required int64 n_frames;
        required int64 n_samples;
        optional double duration_seconds;
        required int64 damaged_packets;
        optional binary error (STRING);
    }";

/// How the file of an index is called, around the name of its catalogue.
pub(crate) const INDEX_PREFIX: &str = "index-";
pub(crate) const INDEX_EXTENSION: &str = "parquet";

/// Rows that are encoded at a time.
const GROUP_ROWS: usize = 1 << 16;

/// What must be read of an index to know its shards.
const SHARD_COLUMN: &str = "message index { required binary shard (STRING); }";

/// Every index in a folder, sorted.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let is_index = |path: &Path| {
        path.extension().is_some_and(|found| found == INDEX_EXTENSION)
            && path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(INDEX_PREFIX.as_bytes()))
    };
    // Of a hundred thousand files a few.
    let mut indexes = disk::entries(folder, is_index)?.collect::<Result<Vec<_>, _>>()?;
    indexes.sort();
    Ok(indexes)
}

/// The keys of the shards that an index lists.
pub(crate) fn shards(path: &Path) -> Result<BTreeSet<ShardKey>, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let n_bytes = file.metadata().map_err(StoreError::io("open", path))?.len();
    let read = || -> Result<BTreeSet<ShardKey>, ParquetError> {
        let reader = SerializedFileReader::new(file)?;
        let rows = reader.get_row_iter(Some(parse_message_type(SHARD_COLUMN)?))?;
        let mut shards = BTreeSet::new();
        for (row, n_rows) in rows.zip(0_u64..) {
            // Every row has an id of its own, of at least a byte.
            if n_rows >= n_bytes {
                return Err(ParquetError::General(format!(
                    "it has more rows than its {n_bytes} bytes can hold"
                )));
            }
            let row = row?;
            let name = row.get_string(0)?;
            let key = shard_key(Path::new(name));
            shards.insert(key.ok_or_else(|| ParquetError::General(format!("{name:?} is no shard's name")))?);
        }
        Ok(shards)
    };
    let shards = without_panic(read).unwrap_or_else(|problem| Err(ParquetError::General(problem)));
    shards.map_err(|source| StoreError::CorruptIndex { path: path.to_owned(), source })
}

/// What became of a track: all that its catalogue does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) n_frames: usize,
    pub(crate) n_samples: u64,
    pub(crate) damaged_packets: u64,
    pub(crate) error: Option<Box<str>>,
}

impl Outcome {
    pub(crate) fn of(track: &StoredTrack) -> Self {
        let &StoredTrack { n_frames, n_samples, damaged_packets, ref error, .. } = track;
        Self { n_frames, n_samples, damaged_packets, error: error.as_deref().map(Box::from) }
    }
}

/// The tracks of one shard.
pub(crate) struct IndexedShard<'a> {
    pub(crate) key: String,
    /// Which they are, as positions in their catalogue.
    pub(crate) unit: &'a [usize],
    /// One for each.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Writes the index of `shards`, of tracks of `catalogue`, to `path`, sorted by track id.
///
/// It is written a [group of rows](GROUP_ROWS) at a time: beside what is given, 32 bytes a track are held, and a few
/// megabytes.
pub(crate) fn write(
    lock: &WriterLock,
    path: &Path,
    shards: &[IndexedShard<'_>],
    catalogue: &Catalogue,
    sample_rate_hz: Option<u32>,
) -> Result<(), StoreError> {
    lock.replace_with(path, |file| {
        encode(file, shards, catalogue, sample_rate_hz).map_err(|error| failed(path, error))
    })
}

/// What kept the index from being written: the disk, or Parquet itself.
fn failed(path: &Path, error: ParquetError) -> StoreError {
    match error {
        ParquetError::External(cause) if cause.is::<io::Error>() => {
            let cause = cause.downcast().map_or_else(io::Error::other, |cause| *cause);
            StoreError::io("write", path)(cause)
        }
        source => StoreError::EncodeIndex { path: path.to_owned(), source },
    }
}

/// What the catalogue says of its tracks besides the names that the shards hold: one column for each field.
fn fields(catalogue: &Catalogue) -> Vec<&str> {
    let fields = catalogue.tracks.iter().flat_map(|track| track.fields.keys());
    fields.map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The schema with a column for each field; one that has a fixed column's name is called `track_NAME`.
fn schema(fields: &[&str]) -> Result<Type, ParquetError> {
    let fixed = parse_message_type(SCHEMA)?;
    let mut columns = fixed.get_fields().to_vec();
    for &name in fields {
        let taken = fixed.get_fields().iter().any(|column| column.name() == name);
        let name = if taken { format!("track_{name}") } else { name.to_owned() };
        let column = Type::primitive_type_builder(&name, PhysicalType::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .with_repetition(Repetition::OPTIONAL)
            .build()?;
        columns.push(Arc::new(column));
    }
    Type::group_type_builder(fixed.name()).with_fields(columns).build()
}

struct Row<'a> {
    track: &'a Track,
    shard: &'a IndexedShard<'a>,
    /// Of the shard.
    row: usize,
    outcome: &'a Outcome,
}

fn encode(
    file: &mut File,
    shards: &[IndexedShard<'_>],
    catalogue: &Catalogue,
    sample_rate_hz: Option<u32>,
) -> Result<(), ParquetError> {
    let mut rows = Vec::with_capacity(shards.iter().map(|shard| shard.unit.len()).sum());
    for shard in shards {
        for (row, (&track, outcome)) in shard.unit.iter().zip(&shard.outcomes).enumerate() {
            rows.push(Row { track: &catalogue.tracks[track], shard, row, outcome });
        }
    }
    rows.sort_unstable_by(|a, b| a.track.id.cmp(&b.track.id));

    let fields = fields(catalogue);
    let schema = Arc::new(schema(&fields)?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::default()))?;
    for rows in rows.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group()?;
        encode_group(&mut group, rows, &fields, sample_rate_hz)?;
        group.close()?;
    }
    writer.close().map(|_| ())
}

fn encode_group(
    group: &mut SerializedRowGroupWriter<'_, &mut File>,
    rows: &[Row<'_>],
    fields: &[&str],
    sample_rate_hz: Option<u32>,
) -> Result<(), ParquetError> {
    let text = |of: for<'r> fn(&'r Row<'r>) -> &'r str| -> Vec<ByteArray> {
        rows.iter().map(|row| of(row).into()).collect()
    };
    let count = |of: fn(&Row<'_>) -> u64| -> Result<Vec<i64>, ParquetError> {
        let signed = |row| i64::try_from(of(row)).map_err(|error| ParquetError::External(Box::new(error)));
        rows.iter().map(signed).collect()
    };
    let names: Vec<ByteArray> =
        rows.iter().map(|row| shard_name(&row.shard.key).into_bytes().into()).collect();
    let seconds =
        rows.iter().map(|row| sample_rate_hz.map(|rate| row.outcome.n_samples as f64 / f64::from(rate)));

    column::<ByteArrayType>(group, &text(|row| &row.track.id), None)?;
    column::<ByteArrayType>(group, &text(|row| &row.track.artist), None)?;
    column::<ByteArrayType>(group, &text(|row| &row.track.album), None)?;
    column::<ByteArrayType>(group, &text(|row| &row.track.title), None)?;
    column::<ByteArrayType>(group, &names, None)?;
    column::<Int64Type>(group, &count(|row| row.row as u64)?, None)?;
    column::<Int64Type>(group, &count(|row| row.outcome.n_frames as u64)?, None)?;
    column::<Int64Type>(group, &count(|row| row.outcome.n_samples)?, None)?;
    optional::<DoubleType>(group, seconds)?;
    column::<Int64Type>(group, &count(|row| row.outcome.damaged_packets)?, None)?;
    let bytes = |text: Option<&str>| text.map(ByteArray::from);
    optional::<ByteArrayType>(group, rows.iter().map(|row| bytes(row.outcome.error.as_deref())))?;
    for &name in fields {
        let value = |row: &Row<'_>| bytes(row.track.fields.get(name).map(String::as_str));
        optional::<ByteArrayType>(group, rows.iter().map(value))?;
    }
    Ok(())
}

/// Writes the next column, of values that need not be there.
fn optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: impl Iterator<Item = Option<T::T>> + Clone,
) -> Result<(), ParquetError> {
    let present: Vec<i16> = values.clone().map(|value| i16::from(value.is_some())).collect();
    column::<T>(group, &values.flatten().collect::<Vec<_>>(), Some(&present))
}

/// Writes the next column: `values`, of those rows that have one according to `present`.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column =
        group.next_column()?.ok_or_else(|| ParquetError::General("the schema ends too early".into()))?;
    column.typed::<T>().write_batch(values, present, None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use crooner_datasets::Ignored;

    use super::*;

    /// Tracks in a shard.
    const SHARD: usize = 8;

    fn catalogue(n: usize) -> Catalogue {
        let track = |k: usize| {
            let id = format!("{:05}/{:02}/{k:07}.flac", k / 100, k / 10 % 10);
            let path = format!("music/{id}");
            Track::new(id, format!("artist {}", k / 100), format!("record {}", k / 10), format!("{k}"), path)
                .with_field("parity", if k.is_multiple_of(2) { "even" } else { "" })
        };
        Catalogue::new("simulated", "music", (0..n).map(track).collect(), Vec::new(), Ignored::default())
            .unwrap()
    }

    /// Writes an index and reads it.
    fn round(n: usize) {
        let catalogue = catalogue(n);
        let outcome =
            |&track: &usize| Outcome { n_frames: track, n_samples: 16_000, damaged_packets: 0, error: None };
        let positions: Vec<usize> = (0..n).collect();
        // The last shard first, as a preparation by many threads might finish them.
        let units = positions.chunks(SHARD).enumerate().rev();
        let shards: Vec<_> = units
            .map(|(k, unit)| IndexedShard {
                key: format!("{k:064x}"),
                unit,
                outcomes: unit.iter().map(outcome).collect(),
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index-simulated-0.parquet");
        let lock = WriterLock::join(folder.path()).unwrap();
        write(&lock, &path, &shards, &catalogue, Some(16_000)).unwrap();

        let keys = shards.iter().map(|shard| shard_key(Path::new(&shard_name(&shard.key))).unwrap());
        assert_eq!(super::shards(&path).unwrap(), keys.collect());
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.num_row_groups(), n.div_ceil(GROUP_ROWS));
        let mut rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
        for (k, track) in catalogue.tracks.iter().enumerate() {
            let row = rows.next().unwrap();
            assert_eq!(row.get_string(0).unwrap(), &track.id);
            assert_eq!(row.get_string(4).unwrap(), &shard_name(&format!("{:064x}", k / SHARD)));
            assert_eq!(row.get_long(5).unwrap() as usize, k % SHARD);
            assert_eq!(row.get_long(6).unwrap() as usize, k);
            assert_eq!(row.get_string(11).ok().map(String::as_str), track.get("parity"));
        }
        assert!(rows.next().is_none());
    }

    #[test]
    fn an_index_names_the_shard_of_every_track() {
        round(3);
        round(2_000);
    }

    #[test]
    fn an_index_of_many_tracks_is_of_several_groups_of_rows() {
        round(GROUP_ROWS);
        round(GROUP_ROWS + 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_named_as_that() {
        // Only on Linux is there a file that is always full.
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let catalogue = catalogue(1);
        let error = encode(&mut full, &[], &catalogue, None).unwrap_err();
        let error = failed(Path::new("index"), error);
        assert!(
            matches!(&error, StoreError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull),
            "{error:?}"
        );
    }
}
