//! The chunks of a WAV file, and its codec by name where Symphonia does not know it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// `wFormatTag` of codecs that are not read (RFC 2361, Microsoft's mmreg.h).
const TAGS: [(u16, &str); 15] = [
    (0x0010, "OKI ADPCM"),
    (0x0031, "GSM 6.10"),
    (0x0040, "G.721 ADPCM"),
    (0x0045, "G.726 ADPCM"),
    (0x0050, "MPEG audio layer 1 or 2"),
    (0x0055, "MP3"),
    (0x0092, "Dolby AC-3"),
    (0x00ff, "AAC"),
    (0x0161, "Windows Media Audio"),
    (0x0162, "Windows Media Audio Professional"),
    (0x0163, "Windows Media Audio Lossless"),
    (0x0270, "ATRAC3"),
    (0x2000, "Dolby AC-3"),
    (0x2001, "DTS"),
    (0xf1ac, "FLAC"),
];
/// The true tag is the first half-word of a GUID further on.
const EXTENSIBLE: u16 = 0xfffe;
/// From the start of the chunk's content.
const GUID: usize = 24;

/// Where the first chunk begins: behind RIFF, its size and WAVE.
pub(crate) const FIRST_CHUNK: u64 = 12;

/// The head of a chunk.
pub(crate) struct Chunk {
    pub(crate) name: [u8; 4],
    pub(crate) size: u32,
    /// Where the next one begins.
    pub(crate) next: u64,
}

/// The chunk that begins at `at` of a file of `length` bytes, which is then at the chunk's content; `None` at the end.
pub(crate) fn chunk(file: &mut File, at: u64, length: u64) -> io::Result<Option<Chunk>> {
    if at + 8 > length {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let [n0, n1, n2, n3, s0, s1, s2, s3] = head;
    let size = u32::from_le_bytes([s0, s1, s2, s3]);
    Ok(Some(Chunk { name: [n0, n1, n2, n3], size, next: at + 8 + u64::from(size) + u64::from(size % 2) }))
}

/// What the chunk `fmt ` of a WAV file says it holds; `None` if there is none.
pub(crate) fn codec(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = FIRST_CHUNK;
    while let Some(Chunk { name: id, size, next }) = chunk(&mut file, at, length)? {
        if &id == b"fmt " {
            let mut content = Vec::new();
            (&mut file).take(u64::from(size).min(GUID as u64 + 2)).read_to_end(&mut content)?;
            let word = |at: usize| Some(u16::from_le_bytes(*content.get(at..)?.first_chunk()?));
            let tag = word(0).filter(|&tag| tag != EXTENSIBLE).or_else(|| word(GUID));
            return Ok(tag.map(name));
        }
        at = next;
    }
    Ok(None)
}

fn name(tag: u16) -> String {
    let known = TAGS.iter().find(|(known, _)| *known == tag);
    known.map_or_else(|| format!("WAV format {tag:#06x}"), |(_, name)| (*name).to_owned())
}
