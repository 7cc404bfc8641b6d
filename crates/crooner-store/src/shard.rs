//! A shard on disk, mapped into memory.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::MetadataVersion;
use arrow_ipc::convert::try_schema_from_ipc_buffer;
use arrow_ipc::reader::FileDecoder;
use arrow_schema::ArrowError;
use half::f16;

use crate::contain::without_panic;
use crate::schema::{ALIGNMENT, ShardHeader, column};
use crate::seal::Seal;
use crate::{StoreError, map};

/// A track as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTrack {
    /// Unique in its catalogue.
    pub id: String,
    /// Who plays.
    pub artist: String,
    /// Which album it is on.
    pub album: String,
    /// Its title.
    pub title: String,
    /// How many frames its features have; 0 if it could not be decoded.
    pub n_frames: usize,
    /// How many samples were decoded, at the sample rate of the features; 0 if it could not be decoded.
    pub n_samples: u64,
    /// How many packets the decoder had to skip.
    pub damaged_packets: u64,
    /// Why it could not be decoded.
    pub error: Option<String>,
}

impl StoredTrack {
    /// How long it lasts, given the sample rate its samples were counted at; `None` if none were.
    #[must_use]
    pub fn duration_seconds(&self, sample_rate_hz: Option<u32>) -> Option<f64> {
        sample_rate_hz.map(|rate| self.n_samples as f64 / f64::from(rate))
    }
}

/// One immutable file of the store: a few tracks and their frames.
///
/// Opening maps the file into memory and checks its head; the frames are read from disk when they are looked
/// at, and never copied.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    header: ShardHeader,
    tracks: Vec<StoredTrack>,
    /// The values of each track, as a range of `values`.
    spans: Vec<Range<usize>>,
    values: ScalarBuffer<f16>,
    seal: Seal,
}

impl Shard {
    /// Opens the shard at `path`.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it cannot be read, [`StoreError::CorruptShard`] if it is truncated, damaged or
    /// not a shard. The values of the frames are not checked: see [`Self::verify`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let bytes = map::map(path).map_err(StoreError::io("map into memory", path))?;
        Self::parse(path, &Buffer::from(bytes))
            .map_err(|problem| StoreError::CorruptShard { path: path.to_owned(), problem })
    }

    fn parse(path: &Path, file: &Buffer) -> Result<Self, String> {
        let seal = Seal::read(file)?;
        let damaged = |problem: String| format!("it cannot be decoded ({problem})");
        let refused = |error: ArrowError| damaged(error.to_string());
        // The magic is padded to the alignment, and the schema's message follows.
        let schema = file.get(ALIGNMENT..seal.values_offset()).unwrap_or_default();
        let schema =
            without_panic(|| try_schema_from_ipc_buffer(schema)).map_err(damaged)?.map_err(refused)?;
        let header = ShardHeader::from_schema(&schema)?;
        let batch = seal.batch();
        let batch = file.slice_with_length(batch.start, batch.len());
        let decoder = FileDecoder::new(Arc::new(schema), MetadataVersion::V5).with_require_alignment(true);
        let batch = without_panic(|| decoder.read_record_batch(seal.block(), &batch))
            .map_err(damaged)?
            .map_err(refused)?
            .ok_or("it has no record batch")?;
        let (spans, values) = frames(&batch, header.n_bins).ok_or("its frames have another type")?;
        let tracks = tracks(&batch, &spans, header.n_bins).ok_or("its columns have other types")?;
        let values_start = values.inner().as_ptr().addr().wrapping_sub(file.as_ptr().addr());
        if !values.is_empty() && values_start != seal.values_offset() {
            return Err(format!(
                "its values start at byte {values_start}, expected {}",
                seal.values_offset()
            ));
        }
        Ok(Self { path: path.to_owned(), header, tracks, spans, values, seal })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its features are.
    #[must_use]
    pub fn header(&self) -> &ShardHeader {
        &self.header
    }

    /// Its tracks.
    #[must_use]
    pub fn tracks(&self) -> &[StoredTrack] {
        &self.tracks
    }

    /// The features of the `track`-th track, `[n_frames, n_bins]`, time-major.
    ///
    /// # Panics
    /// If `track >= self.tracks().len()`.
    #[must_use]
    pub fn frames(&self, track: usize) -> &[f16] {
        &self.values[self.spans[track].clone()]
    }

    /// Reads every value and compares their checksum with the one taken when they were written.
    ///
    /// # Errors
    /// [`StoreError::CorruptShard`] if they differ.
    pub fn verify(&self) -> Result<(), StoreError> {
        if self.seal.holds(self.values.inner()) {
            return Ok(());
        }
        let problem = "the checksum of its values does not match: some bytes changed".into();
        Err(StoreError::CorruptShard { path: self.path.clone(), problem })
    }
}

/// Each track's range of the values, and the values; `None` if the column has another type.
fn frames(batch: &RecordBatch, n_bins: usize) -> Option<(Vec<Range<usize>>, ScalarBuffer<f16>)> {
    let mel = batch.column(column::MEL).as_list_opt::<i64>()?;
    let frames = mel.values().as_fixed_size_list_opt()?;
    let values = frames.values().as_primitive_opt::<Float16Type>()?.values().clone();
    let starts: Option<Vec<usize>> = mel
        .offsets()
        .iter()
        .map(|&frame| usize::try_from(frame).ok()?.checked_mul(n_bins).filter(|&value| value <= values.len()))
        .collect();
    let spans: Vec<_> = starts?.windows(2).map(|pair| pair[0]..pair[1]).collect();
    spans.iter().all(|span| span.start <= span.end).then_some((spans, values))
}

/// The rows of the batch; `None` if a column has another type.
fn tracks(batch: &RecordBatch, spans: &[Range<usize>], n_bins: usize) -> Option<Vec<StoredTrack>> {
    let text = |column: usize| batch.column(column).as_string_opt::<i32>();
    let count = |column: usize| batch.column(column).as_primitive_opt::<UInt64Type>();
    let [ids, artists, albums, titles, errors] =
        [column::ID, column::ARTIST, column::ALBUM, column::TITLE, column::ERROR].map(text);
    let (ids, artists, albums, titles, errors) = (ids?, artists?, albums?, titles?, errors?);
    let (damaged_packets, n_samples) = (count(column::DAMAGED_PACKETS)?, count(column::N_SAMPLES)?);
    let track = |(row, span): (usize, &Range<usize>)| StoredTrack {
        id: ids.value(row).to_owned(),
        artist: artists.value(row).to_owned(),
        album: albums.value(row).to_owned(),
        title: titles.value(row).to_owned(),
        n_frames: span.len() / n_bins,
        n_samples: n_samples.value(row),
        damaged_packets: damaged_packets.value(row),
        error: errors.is_valid(row).then(|| errors.value(row).to_owned()),
    };
    Some(spans.iter().enumerate().map(track).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::ShardBuilder;
    use crate::schema::FORMAT_VERSION;

    /// What a shard begins with is compared before its checksum.
    const MAGIC_LEN: usize = 8;

    fn header(n_bins: usize) -> ShardHeader {
        ShardHeader {
            format_version: FORMAT_VERSION,
            features_version: 3,
            features: r#"{"log-mel":{}}"#.into(),
            sample_rate_hz: Some(16_000),
            n_bins,
        }
    }

    fn track(row: usize, n_frames: usize, error: Option<&str>) -> StoredTrack {
        StoredTrack {
            id: format!("Björk/Post/{row}.mp3"),
            artist: "Björk".into(),
            album: "Post".into(),
            title: format!("{row}"),
            n_frames,
            n_samples: 512 * n_frames as u64,
            damaged_packets: row as u64,
            error: error.map(str::to_owned),
        }
    }

    /// Three tracks, the second of which failed.
    fn example() -> Vec<u8> {
        let header = header(4);
        let mut builder = ShardBuilder::new(&header);
        let ramp: Vec<f16> = (0..80_u8).map(f16::from).collect();
        builder.push(track(0, 20, None), &ramp);
        builder.push(track(1, 0, Some("no such codec")), &[]);
        builder.push(track(2, 5, None), &ramp[..20]);
        builder.encode().unwrap().1
    }

    fn parse(file: &[u8]) -> Result<Shard, String> {
        // Like a map, a buffer of Arrow's is aligned.
        Shard::parse(Path::new("shard"), &Buffer::from_slice_ref(file))
    }

    fn same(a: &Shard, b: &Shard) -> bool {
        a.header == b.header && a.tracks == b.tracks && a.spans == b.spans
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(
            n_bins in 1_usize..40,
            lengths in prop::collection::vec(0_usize..50, 0..9),
            seed in any::<u16>(),
        ) {
            let header = header(n_bins);
            let mut builder = ShardBuilder::new(&header);
            let mut written = Vec::new();
            for (row, &n_frames) in lengths.iter().enumerate() {
                let value = |at: usize| f16::from_bits((at as u16).wrapping_mul(40_503) ^ seed);
                let values: Vec<f16> = (0..n_frames * n_bins).map(value).collect();
                builder.push(track(row, n_frames, (n_frames == 0).then_some("silent")), &values);
                written.push(values);
            }
            let (tracks, file) = builder.encode().unwrap();
            let shard = parse(&file).unwrap();
            prop_assert_eq!(shard.header(), &header);
            prop_assert_eq!(shard.tracks(), &tracks);
            for (row, values) in written.iter().enumerate() {
                let read: Vec<u16> = shard.frames(row).iter().map(|value| value.to_bits()).collect();
                let written: Vec<u16> = values.iter().map(|value| value.to_bits()).collect();
                prop_assert_eq!(read, written);
            }
            shard.verify().unwrap();
        }

        #[test]
        fn noise_is_no_shard(noise in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(parse(&noise).is_err());
            let file = example();
            let framed = [&file[..8], &noise, &file[file.len() - 10..]].concat();
            prop_assert!(parse(&framed).is_err());
        }
    }

    #[test]
    fn a_shard_cut_anywhere_is_refused() {
        let file = example();
        for len in 0..file.len() {
            assert!(parse(&file[..len]).is_err(), "{len} of {} bytes", file.len());
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_or_changes_nothing() {
        let file = example();
        let intact = parse(&file).unwrap();
        let values = intact.seal.values_offset()..intact.seal.values_offset() + 2 * intact.values.len();
        let mut refused = 0;
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut damaged = file.clone();
                damaged[at] ^= 1 << bit;
                match parse(&damaged) {
                    Err(_) => refused += 1,
                    Ok(shard) => {
                        assert!(same(&shard, &intact), "bit {bit} of byte {at}");
                        assert!(at >= values.start, "bit {bit} of byte {at} of the head");
                        assert_eq!(shard.verify().is_err(), values.contains(&at), "bit {bit} of byte {at}");
                    }
                }
            }
        }
        assert!(refused >= 8 * values.start, "{refused}");
    }

    #[test]
    fn a_damaged_head_with_a_new_checksum_is_read_or_refused() {
        let file = example();
        let intact = parse(&file).unwrap();
        let mut refused = 0;
        for at in MAGIC_LEN..intact.seal.values_offset() {
            for bit in 0..8 {
                let mut damaged = file.clone();
                damaged[at] ^= 1 << bit;
                intact.seal.renew(&mut damaged);
                match parse(&damaged) {
                    Err(problem) => {
                        assert!(!problem.contains("checksum"), "{problem}");
                        refused += 1;
                    }
                    Ok(shard) => {
                        for (row, track) in shard.tracks().iter().enumerate() {
                            assert_eq!(shard.frames(row).len(), track.n_frames * shard.header().n_bins);
                        }
                    }
                }
            }
        }
        assert!(refused > 1000, "{refused}");
    }

    #[test]
    fn frames_are_not_copied() {
        let file = Buffer::from_slice_ref(example());
        let shard = Shard::parse(Path::new("shard"), &file).unwrap();
        let inside = file.as_ptr_range();
        let frames = shard.frames(0).as_ptr_range();
        assert!(inside.contains(&frames.start.cast()) && frames.end.cast() <= inside.end);
        assert_eq!(shard.seal.values_offset() % ALIGNMENT, 0);
    }

    #[test]
    fn what_is_not_a_shard_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.arrow");
        std::fs::write(&path, b"").unwrap();
        let error = Shard::open(&path).unwrap_err().to_string();
        let expected = "is not an intact feature shard: it does not start as an Arrow file does; prepare-data \
                        --verify computes it again";
        assert_eq!(error, format!("{} {expected}", path.display()));
        assert!(matches!(
            Shard::open(&folder.path().join("absent")),
            Err(StoreError::Io { action: "map into memory", .. })
        ));
    }

    #[test]
    fn another_format_version_is_told_from_damage() {
        let header = ShardHeader { format_version: FORMAT_VERSION + 1, ..header(4) };
        let file = ShardBuilder::new(&header).encode().unwrap().1;
        assert_eq!(parse(&file).unwrap_err(), "its format version is 2, this program reads 1");
    }
}
