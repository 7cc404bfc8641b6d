//! The codec of a WAV file, by name, where Symphonia does not know it.

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

/// What the chunk `fmt ` of a WAV file says it holds; `None` if there is none.
pub(crate) fn codec(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    // Behind RIFF, its size and WAVE.
    let mut at = 12;
    while at + 8 <= length {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let size = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        if head.starts_with(b"fmt ") {
            let mut content = Vec::new();
            (&mut file).take(size.min(GUID as u64 + 2)).read_to_end(&mut content)?;
            let word = |at: usize| Some(u16::from_le_bytes(*content.get(at..)?.first_chunk()?));
            let tag = word(0).filter(|&tag| tag != EXTENSIBLE).or_else(|| word(GUID));
            return Ok(tag.map(name));
        }
        at += 8 + size + size % 2;
    }
    Ok(None)
}

fn name(tag: u16) -> String {
    let known = TAGS.iter().find(|(known, _)| *known == tag);
    known.map_or_else(|| format!("WAV format {tag:#06x}"), |(_, name)| (*name).to_owned())
}
