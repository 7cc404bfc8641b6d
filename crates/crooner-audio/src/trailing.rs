//! Tags that other programs append to a FLAC stream, which has no place for them: its last frame would seem damaged.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// ID3v1: `TAG` and 125 bytes.
const ID3V1: u64 = 128;
/// APEv2: a footer, which states the bytes before it that belong to the tag.
const APE_FOOTER: u64 = 32;
/// The flag of a footer that says there is a header of the same length, too.
const APE_HAS_HEADER: u32 = 1 << 31;
/// ID3v2: ten bytes and as many as they state, seven bits a byte.
const ID3V2_HEADER: u64 = 10;

/// The length of `file` without what follows its audio, where it is FLAC; else its `length`.
pub(crate) fn length_of_audio(file: &mut File, length: u64) -> io::Result<u64> {
    if !is_flac(file, length)? {
        return Ok(length);
    }
    let mut end = length;
    loop {
        let without = without_tag(file, end)?;
        if without == end {
            return Ok(end);
        }
        end = without;
    }
}

fn is_flac(file: &mut File, length: u64) -> io::Result<bool> {
    let Some(head) = bytes::<10>(file, 0, length)? else { return Ok(false) };
    let start = match head {
        [b'I', b'D', b'3', _, _, _, size @ ..] => {
            ID3V2_HEADER + size.iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7f))
        }
        _ => 0,
    };
    Ok(bytes::<4>(file, start, length)?.is_some_and(|magic| &magic == b"fLaC"))
}

/// `end` without the tag that ends there; `end` if there is none.
fn without_tag(file: &mut File, end: u64) -> io::Result<u64> {
    if let Some(start) = end.checked_sub(ID3V1)
        && bytes::<3>(file, start, end)?.is_some_and(|magic| &magic == b"TAG")
    {
        return Ok(start);
    }
    if let Some(start) = end.checked_sub(APE_FOOTER)
        && let Some(footer) = bytes::<24>(file, start, end)?
        && footer.starts_with(b"APETAGEX")
    {
        let [_, _, _, _, _, _, _, _, _, _, _, _, s0, s1, s2, s3, _, _, _, _, f0, f1, f2, f3] = footer;
        let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
        let header = if u32::from_le_bytes([f0, f1, f2, f3]) & APE_HAS_HEADER > 0 { APE_FOOTER } else { 0 };
        // A size that is none leaves everything as it is.
        return Ok(end.checked_sub(size + header).filter(|_| size >= APE_FOOTER).unwrap_or(end));
    }
    Ok(end)
}

/// The `N` bytes from `at` on; `None` if they do not lie before `end`.
fn bytes<const N: usize>(file: &mut File, at: u64, end: u64) -> io::Result<Option<[u8; N]>> {
    if at.checked_add(N as u64).is_none_or(|last| last > end) {
        return Ok(None);
    }
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}
