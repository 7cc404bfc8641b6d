//! Tracks and their frames, encoded as one Arrow IPC file.

use std::sync::Arc;

use arrow_array::types::UInt64Type;
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float16Array, LargeListArray, PrimitiveArray, RecordBatch, StringArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::MetadataVersion;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::ArrowError;
use half::f16;

use crate::schema::{ALIGNMENT, ShardHeader};
use crate::seal::Seal;
use crate::shard::StoredTrack;

/// A shard while its tracks are being computed.
pub(crate) struct ShardBuilder<'a> {
    header: &'a ShardHeader,
    tracks: Vec<StoredTrack>,
    values: Vec<f16>,
}

impl<'a> ShardBuilder<'a> {
    pub(crate) fn new(header: &'a ShardHeader) -> Self {
        Self { header, tracks: Vec::new(), values: Vec::new() }
    }

    /// Adds a track and its frames: `values` is `[n_frames, n_bins]`, time-major.
    pub(crate) fn push(&mut self, track: StoredTrack, values: &[f16]) {
        debug_assert_eq!(values.len(), track.n_frames * self.header.n_bins);
        self.tracks.push(track);
        self.values.extend_from_slice(values);
    }

    /// The tracks added so far, and their shard as the bytes of an Arrow IPC file.
    pub(crate) fn encode(self) -> Result<(Vec<StoredTrack>, Vec<u8>), ArrowError> {
        let schema = Arc::new(self.header.schema());
        let text = |of: fn(&StoredTrack) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.tracks.iter().map(of)))
        };
        let count = |of: fn(&StoredTrack) -> u64| -> ArrayRef {
            Arc::new(PrimitiveArray::<UInt64Type>::from_iter_values(self.tracks.iter().map(of)))
        };
        let values_len = size_of::<f16>() * self.values.len();
        let errors: StringArray = self.tracks.iter().map(|track| track.error.as_deref()).collect();
        let frames = FixedSizeListArray::try_new(
            ShardHeader::value_field(),
            self.header.width(),
            Arc::new(Float16Array::new(self.values.into(), None)),
            None,
        )?;
        let lengths = self.tracks.iter().map(|track| track.n_frames);
        let mel = LargeListArray::try_new(
            self.header.frame_field(),
            OffsetBuffer::from_lengths(lengths),
            Arc::new(frames),
            None,
        )?;
        let columns = vec![
            text(|track| &track.id),
            text(|track| &track.artist),
            text(|track| &track.album),
            text(|track| &track.title),
            Arc::new(errors),
            count(|track| track.damaged_packets),
            count(|track| track.n_samples),
            Arc::new(mel),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;

        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
        let mut writer = FileWriter::try_new_with_options(Vec::new(), &schema, options)?;
        let batch_offset = writer.get_ref().len();
        writer.write(&batch)?;
        let seal = Seal::of(writer.get_ref(), batch_offset, values_len).ok_or_else(|| {
            ArrowError::IpcError("the record batch does not end with the values of its frames".into())
        })?;
        for (key, value) in seal.metadata() {
            writer.write_metadata(key, value);
        }
        writer.finish()?;
        Ok((self.tracks, writer.into_inner()?))
    }
}
