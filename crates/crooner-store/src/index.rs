//! The index of a catalogue in the store: a small Parquet table for people and other programs.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Write;
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
use crate::store::shard_name;
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

/// What must be read of an index to know its shards.
const SHARD_COLUMN: &str = "message index { required binary shard (STRING); }";

/// Every index in a folder, sorted.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let is_index = |path: &PathBuf| {
        path.extension().is_some_and(|found| found == INDEX_EXTENSION)
            && path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(INDEX_PREFIX.as_bytes()))
    };
    let mut indexes: Vec<_> = disk::list(folder)?.into_iter().filter(is_index).collect();
    indexes.sort();
    Ok(indexes)
}

/// The file names of the shards that an index lists, each as often as it has tracks.
pub(crate) fn shards(path: &Path) -> Result<Vec<String>, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let n_bytes = file.metadata().map_err(StoreError::io("open", path))?.len();
    let read = || -> Result<Vec<String>, ParquetError> {
        let reader = SerializedFileReader::new(file)?;
        let rows = reader.get_row_iter(Some(parse_message_type(SHARD_COLUMN)?))?;
        let mut shards = Vec::new();
        for row in rows {
            // Every row has an id of its own, of at least a byte.
            if shards.len() as u64 >= n_bytes {
                return Err(ParquetError::General(format!(
                    "it has more rows than its {n_bytes} bytes can hold"
                )));
            }
            shards.push(row?.get_string(0)?.clone());
        }
        Ok(shards)
    };
    let shards = without_panic(read).unwrap_or_else(|problem| Err(ParquetError::General(problem)));
    shards.map_err(|source| StoreError::CorruptIndex { path: path.to_owned(), source })
}

/// The tracks of one shard.
pub(crate) struct IndexedShard {
    pub(crate) key: String,
    pub(crate) tracks: Vec<StoredTrack>,
}

/// What the catalogue says of its tracks besides the names that the shards hold: one column for each field.
struct Fields<'a> {
    names: Vec<&'a str>,
    tracks: HashMap<&'a str, &'a Track>,
}

impl<'a> Fields<'a> {
    fn of(catalogue: &'a Catalogue) -> Self {
        let with_fields = || catalogue.tracks.iter().filter(|track| !track.fields.is_empty());
        let names: BTreeSet<&str> =
            with_fields().flat_map(|track| track.fields.keys().map(String::as_str)).collect();
        Self {
            names: names.into_iter().collect(),
            tracks: with_fields().map(|track| (track.id.as_str(), track)).collect(),
        }
    }

    /// The schema with a column for each field; one that has a fixed column's name is called `track_NAME`.
    fn schema(&self) -> Result<Type, ParquetError> {
        let fixed = parse_message_type(SCHEMA)?;
        let mut columns = fixed.get_fields().to_vec();
        for name in &self.names {
            let taken = fixed.get_fields().iter().any(|column| column.name() == *name);
            let name = if taken { format!("track_{name}") } else { (*name).to_owned() };
            let column = Type::primitive_type_builder(&name, PhysicalType::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String))
                .with_repetition(Repetition::OPTIONAL)
                .build()?;
            columns.push(Arc::new(column));
        }
        Type::group_type_builder(fixed.name()).with_fields(columns).build()
    }

    fn value(&self, id: &str, name: &str) -> Option<&str> {
        self.tracks.get(id)?.fields.get(name).map(String::as_str)
    }
}

/// Writes the index of `shards`, of tracks of `catalogue`, to `path`, sorted by track id.
pub(crate) fn write(
    path: &Path,
    shards: &[IndexedShard],
    catalogue: &Catalogue,
    sample_rate_hz: Option<u32>,
) -> Result<(), StoreError> {
    let table = encode(shards, &Fields::of(catalogue), sample_rate_hz)
        .map_err(|source| StoreError::EncodeIndex { path: path.to_owned(), source })?;
    disk::replace(path, &table)
}

/// A shard, a row there, and what it holds.
type Row<'a> = (&'a IndexedShard, usize, &'a StoredTrack);

fn encode(
    shards: &[IndexedShard],
    fields: &Fields<'_>,
    sample_rate_hz: Option<u32>,
) -> Result<Vec<u8>, ParquetError> {
    let mut rows: Vec<Row<'_>> = shards
        .iter()
        .flat_map(|shard| shard.tracks.iter().enumerate().map(move |(row, track)| (shard, row, track)))
        .collect();
    rows.sort_by_key(|(_, _, track)| &track.id);

    let text = |of: fn(&Row<'_>) -> String| -> Vec<ByteArray> {
        rows.iter().map(|row| of(row).into_bytes().into()).collect()
    };
    let count = |of: fn(&Row<'_>) -> u64| -> Result<Vec<i64>, ParquetError> {
        let signed = |row| i64::try_from(of(row)).map_err(|error| ParquetError::External(Box::new(error)));
        rows.iter().map(signed).collect()
    };
    let seconds: Vec<Option<f64>> =
        rows.iter().map(|(_, _, track)| track.duration_seconds(sample_rate_hz)).collect();

    let schema = Arc::new(fields.schema()?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default()))?;
    let mut group = writer.next_row_group()?;
    column::<ByteArrayType>(&mut group, &text(|row| row.2.id.clone()), None)?;
    column::<ByteArrayType>(&mut group, &text(|row| row.2.artist.clone()), None)?;
    column::<ByteArrayType>(&mut group, &text(|row| row.2.album.clone()), None)?;
    column::<ByteArrayType>(&mut group, &text(|row| row.2.title.clone()), None)?;
    column::<ByteArrayType>(&mut group, &text(|row| shard_name(&row.0.key)), None)?;
    column::<Int64Type>(&mut group, &count(|row| row.1 as u64)?, None)?;
    column::<Int64Type>(&mut group, &count(|row| row.2.n_frames as u64)?, None)?;
    column::<Int64Type>(&mut group, &count(|row| row.2.n_samples)?, None)?;
    optional::<DoubleType>(&mut group, seconds.into_iter())?;
    column::<Int64Type>(&mut group, &count(|row| row.2.damaged_packets)?, None)?;
    let bytes = |text: Option<&str>| text.map(ByteArray::from);
    optional::<ByteArrayType>(&mut group, rows.iter().map(|row| bytes(row.2.error.as_deref())))?;
    for name in &fields.names {
        optional::<ByteArrayType>(&mut group, rows.iter().map(|row| bytes(fields.value(&row.2.id, name))))?;
    }
    group.close()?;
    writer.into_inner()
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
    use std::time::Instant;

    use crooner_datasets::Ignored;

    use super::*;

    /// Tracks in a shard.
    const SHARD: usize = 8;

    fn catalogue(n: usize) -> Catalogue {
        let track = |k: usize| {
            let id = format!("{:05}/{:02}/{k:07}.flac", k / 100, k / 10 % 10);
            let path = format!("music/{id}");
            Track::new(id, format!("artist {}", k / 100), format!("record {}", k / 10), format!("{k}"), path)
        };
        Catalogue::new("simulated", "music", (0..n).map(track).collect(), Vec::new(), Ignored::default())
            .unwrap()
    }

    fn indexed(tracks: &[Track], shard: usize) -> IndexedShard {
        let stored = |track: &Track| StoredTrack {
            id: track.id.clone(),
            artist: track.artist.clone(),
            album: track.album.clone(),
            title: track.title.clone(),
            n_frames: 5_625,
            n_samples: 2_880_000,
            damaged_packets: 0,
            error: None,
        };
        IndexedShard { key: format!("{shard:064x}"), tracks: tracks.iter().map(stored).collect() }
    }

    /// Writes an index and reads its shards.
    fn round(n: usize) {
        let catalogue = catalogue(n);
        let shards: Vec<_> =
            catalogue.tracks.chunks(SHARD).zip(0..).map(|(tracks, k)| indexed(tracks, k)).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index-simulated-0.parquet");
        write(&path, &shards, &catalogue, Some(16_000)).unwrap();
        let read = super::shards(&path).unwrap();
        assert_eq!(read.len(), n);
        assert_eq!(read[n - 1], shard_name(&shards[shards.len() - 1].key));
    }

    #[test]
    fn an_index_names_the_shard_of_every_track() {
        round(3);
        round(2_000);
    }

    /// `cargo nextest run --release -p crooner-store --run-ignored only --no-capture`
    #[test]
    #[ignore = "simulates a million tracks, and prints time and memory"]
    #[expect(clippy::print_stdout, reason = "it shows what it measures")]
    fn a_million_tracks() {
        for n in [250_000, 500_000, 1_000_000] {
            let begun = Instant::now();
            round(n);
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("memory unknown");
            println!("{n:>9} tracks  {:>6.2} s  {peak}", begun.elapsed().as_secs_f64());
        }
    }
}
