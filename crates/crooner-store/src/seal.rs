//! Checksums that tell an intact shard from a damaged one before anything in it is believed.
//!
//! ```text
//! | magic, schema, batch metadata, small columns, offsets | values of mel | footer, magic |
//! |<------------------- head_blake3 --------------------->|<------------->| values_blake3
//! 0                                                  values_offset
//! ```
//!
//! The seal lies in the footer's metadata. The head is small, so its checksum is compared whenever a shard is
//! opened; it also covers the few numbers that are read from the footer. The values are most of the file:
//! their checksum is compared on request only. The seal guards against accidents, not against forgery.

use std::ops::Range;

use arrow_ipc::reader::read_footer_length;
use arrow_ipc::{Block, Footer, root_as_footer};

use crate::schema::ALIGNMENT;

const MAGIC: &[u8] = b"ARROW1\0\0";
/// The footer's length and the magic that end the file.
const TRAILER_LEN: usize = 10;
const VALUES_OFFSET_KEY: &str = "crooner.values_offset";
const HEAD_KEY: &str = "crooner.head_blake3";
const VALUES_KEY: &str = "crooner.values_blake3";

/// Where a shard's only record batch lies, and what its bytes hash to.
#[derive(Debug)]
pub(crate) struct Seal {
    block: Block,
    values_offset: usize,
    head: String,
    values: String,
}

impl Seal {
    /// Seals `file`, written up to the end of the record batch that starts at `batch_offset` and ends with
    /// `values_len` bytes of values. `None` if that is not what it holds.
    pub(crate) fn of(file: &[u8], batch_offset: usize, values_len: usize) -> Option<Self> {
        let values_offset = file.len().checked_sub(values_len.next_multiple_of(ALIGNMENT))?;
        // A message is a marker of 4 bytes, the length of its metadata, the metadata, the body.
        let prefix = file.get(batch_offset..)?.first_chunk::<8>()?;
        let metadata_len = 8 + i32::from_le_bytes([prefix[4], prefix[5], prefix[6], prefix[7]]);
        let body_offset = batch_offset.checked_add(usize::try_from(metadata_len).ok()?)?;
        let body_len = i64::try_from(file.len().checked_sub(body_offset)?).ok()?;
        let block = Block::new(i64::try_from(batch_offset).ok()?, metadata_len, body_len);
        let values = blake3::hash(file.get(values_offset..values_offset + values_len)?).to_string();
        let head = head_digest(file.get(..values_offset)?, &block, &values);
        Some(Self { block, values_offset, head, values })
    }

    /// What goes into the footer.
    pub(crate) fn metadata(&self) -> [(&'static str, String); 3] {
        [
            (VALUES_OFFSET_KEY, self.values_offset.to_string()),
            (HEAD_KEY, self.head.clone()),
            (VALUES_KEY, self.values.clone()),
        ]
    }

    /// Reads the seal of a whole file and checks its head, or says what is wrong.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        if !file.starts_with(MAGIC) {
            return Err("it does not start as an Arrow file does".into());
        }
        let Some(trailer) = file[MAGIC.len()..].last_chunk::<TRAILER_LEN>() else {
            return Err(format!("it ends after {} bytes", file.len()));
        };
        let footer_len = read_footer_length(*trailer)
            .map_err(|_| "it does not end as an Arrow file does: it was cut short".to_string())?;
        let footer_end = file.len() - TRAILER_LEN;
        let footer_start = footer_end
            .checked_sub(footer_len)
            .ok_or_else(|| format!("its footer claims {footer_len} bytes of {}", file.len()))?;
        let footer = root_as_footer(&file[footer_start..footer_end])
            .map_err(|_| "its footer is damaged: its structure does not hold together".to_string())?;
        let seal = Self::from_footer(&footer)?;

        let range = seal.batch();
        let in_order =
            range.start <= range.end && seal.values_offset <= range.end && range.end <= footer_start;
        let Some(head) = file.get(..seal.values_offset).filter(|_| in_order) else {
            return Err("its footer points outside of the file".into());
        };
        // A fuzzer cannot guess a checksum, and is to see what lies behind it.
        if !cfg!(fuzzing) && head_digest(head, &seal.block, &seal.values) != seal.head {
            return Err("the checksum of its head does not match: some bytes changed".into());
        }
        Ok(seal)
    }

    fn from_footer(footer: &Footer<'_>) -> Result<Self, String> {
        let text = |key: &str| {
            let mut pairs = footer.custom_metadata().into_iter().flatten();
            let pair = pairs.find(|pair| pair.key() == Some(key));
            let value = pair.and_then(|pair| pair.value());
            value.map(str::to_owned).ok_or_else(|| format!("its footer lacks the key {key}"))
        };
        let blocks = footer.recordBatches().map(|blocks| blocks.iter().copied().collect::<Vec<_>>());
        let [block] = blocks.as_deref().unwrap_or_default() else {
            let found = blocks.map_or(0, |blocks| blocks.len());
            return Err(format!("it has {found} record batches, expected 1"));
        };
        if block.offset() < 0 || block.metaDataLength() < 0 || block.bodyLength() < 0 {
            return Err("its footer has negative lengths".into());
        }
        let values_offset = text(VALUES_OFFSET_KEY)?;
        Ok(Self {
            block: *block,
            values_offset: values_offset.parse().map_err(|_| {
                format!("its {VALUES_OFFSET_KEY} is {values_offset:?}, expected a whole number")
            })?,
            head: text(HEAD_KEY)?,
            values: text(VALUES_KEY)?,
        })
    }

    /// The record batch as Arrow's reader wants it.
    pub(crate) fn block(&self) -> &Block {
        &self.block
    }

    /// The bytes of the record batch, metadata and body.
    pub(crate) fn batch(&self) -> Range<usize> {
        // Not negative; saturation leaves the range outside of any file.
        let [offset, metadata, body] =
            [self.block.offset(), i64::from(self.block.metaDataLength()), self.block.bodyLength()]
                .map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        offset..offset.saturating_add(metadata).saturating_add(body)
    }

    /// Where the values of all frames start.
    pub(crate) fn values_offset(&self) -> usize {
        self.values_offset
    }

    /// Gives `file`, whose head was changed, the checksum of that.
    #[cfg(test)]
    pub(crate) fn renew(&self, file: &mut [u8]) {
        let head = head_digest(&file[..self.values_offset], &self.block, &self.values);
        let at = file.windows(head.len()).rposition(|bytes| bytes == self.head.as_bytes()).unwrap();
        file[at..at + head.len()].copy_from_slice(head.as_bytes());
    }

    /// Whether the values are what was written.
    pub(crate) fn holds(&self, values: &[u8]) -> bool {
        blake3::hash(values).to_string() == self.values
    }
}

/// Covers the head and everything that is read from the footer.
fn head_digest(head: &[u8], block: &Block, values: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(head);
    hasher.update(&block.offset().to_le_bytes());
    hasher.update(&block.metaDataLength().to_le_bytes());
    hasher.update(&block.bodyLength().to_le_bytes());
    hasher.update(values.as_bytes());
    hasher.finalize().to_string()
}
