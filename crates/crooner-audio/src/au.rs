//! Sun and NeXT audio (`.au`, `.snd`; the man page au(5) of SunOS), shown to Symphonia as the AIFF-C it reads.
//!
//! Both keep the samples in the same big-endian encodings, so that another header is all the difference.

use std::io;

/// `.snd`: the magic number, then five 32-bit numbers.
const MAGIC: &[u8; 4] = b".snd";
const HEADER: usize = 24;
/// A writer to a pipe does not know how much it is going to write.
const UNKNOWN: u32 = u32::MAX;
/// What the size of an AIFF-C file counts besides its samples: the word AIFC and the rest of the two chunks.
const FORM_WITHOUT_SAMPLES: u64 = 4 + (8 + 24) + (8 + 8);

/// How an AU file is shown.
pub(crate) struct Shown {
    /// What is read in place of its header.
    pub(crate) head: Vec<u8>,
    /// Where its samples begin.
    pub(crate) samples_at: u64,
    /// Whether it has fewer samples than its header states.
    pub(crate) cut_short: bool,
}

/// What the header of an AIFF-C file says of an encoding: its name there and the bits of a sample.
fn encoding(number: u32) -> Result<(&'static [u8; 4], u16), String> {
    Ok(match number {
        1 => (b"ulaw", 8),
        2 => (b"NONE", 8),
        3 => (b"NONE", 16),
        4 => (b"NONE", 24),
        5 => (b"NONE", 32),
        6 => (b"fl32", 32),
        7 => (b"fl64", 64),
        27 => (b"alaw", 8),
        23..=26 => return Err(format!("AU: expected PCM, mu-law or A-law, found ADPCM (encoding {number})")),
        other => return Err(format!("AU: expected encoding 1 to 7 or 27, found {other}")),
    })
}

/// How to show the file that begins with `start`, up to 24 bytes of it, and is `length` bytes long; `None` if it is
/// not AU.
///
/// # Errors
/// What is wrong with its header.
pub(crate) fn shown(start: &[u8], length: u64) -> Result<Option<Shown>, String> {
    if !start.starts_with(MAGIC) {
        return Ok(None);
    }
    let Some(header) = start.get(..HEADER) else {
        return Err(format!("AU: expected a header of {HEADER} bytes, found {length}"));
    };
    let number =
        |at: usize| header[at..at + 4].iter().fold(0_u32, |number, &byte| number << 8 | u32::from(byte));
    let [offset, stated, code, rate, channels] = [4, 8, 12, 16, 20].map(number);
    let samples_at = u64::from(offset);
    if offset < HEADER as u32 || samples_at > length {
        return Err(format!("AU: expected samples at byte {HEADER} to {length}, found {offset}"));
    }
    let (name, bits) = encoding(code)?;
    let channels = u16::try_from(channels)
        .ok()
        .filter(|&channels| channels > 0)
        .ok_or_else(|| format!("AU: expected 1 to 65535 channels, found {channels}"))?;
    if rate == 0 {
        return Err("AU: expected at least 1 Hz, found 0".to_owned());
    }

    let there = length - samples_at;
    let samples = if stated == UNKNOWN { there } else { there.min(u64::from(stated)) };
    let frames = samples / (u64::from(channels) * u64::from(bits / 8));
    let too_long = || format!("AU: expected less than 4 GiB of samples, found {samples} bytes");
    let form = u32::try_from(samples + FORM_WITHOUT_SAMPLES).map_err(|_| too_long())?;
    let (samples, frames) =
        (form - FORM_WITHOUT_SAMPLES as u32, u32::try_from(frames).map_err(|_| too_long())?);

    let mut head = b"FORM".to_vec();
    head.extend(form.to_be_bytes());
    head.extend(b"AIFCCOMM\0\0\0\x18");
    head.extend(channels.to_be_bytes());
    head.extend(frames.to_be_bytes());
    head.extend(bits.to_be_bytes());
    head.extend(extended(rate));
    head.extend(name);
    // An empty name, and its padding.
    head.extend([0, 0]);
    head.extend(b"SSND");
    head.extend((samples + 8).to_be_bytes());
    head.extend([0; 8]);
    Ok(Some(Shown { head, samples_at, cut_short: stated != UNKNOWN && there < u64::from(stated) }))
}

/// A number above 0 as the 80-bit floating point of AIFF: sign and exponent, then 64 bits of which the first is one.
fn extended(number: u32) -> [u8; 10] {
    let shift = u64::from(number).leading_zeros();
    let exponent = 16_383 + 63 - shift as u16;
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&exponent.to_be_bytes());
    bytes[2..].copy_from_slice(&(u64::from(number) << shift).to_be_bytes());
    bytes
}

impl Shown {
    /// How long it looks.
    pub(crate) fn length(&self, length: u64) -> u64 {
        self.head.len() as u64 + length.saturating_sub(self.samples_at)
    }

    /// Where in the file stands what is read at `position`; `None` within the head.
    pub(crate) fn in_file(&self, position: u64) -> Option<u64> {
        Some(position.checked_sub(self.head.len() as u64)?.saturating_add(self.samples_at))
    }

    /// Reads from the head, which `position` lies in.
    pub(crate) fn read_head(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.head[position as usize..], buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_as_aiff_does() {
        // From the AIFF specification and from what ffmpeg writes.
        assert_eq!(extended(44_100), [0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]);
        assert_eq!(extended(8_000), [0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(extended(1), [0x3f, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    }
}
