//! Containers that Symphonia does not know, shown to it as others that it does: AU ([`crate::au`]), RF64, and FLAC with tags
//! behind it ([`crate::trailing`]).
//!
//! RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) are WAV with 64-bit sizes. Their header says `RF64` instead of `RIFF`, sizes are `0xFFFFFFFF`, and the true ones stand in a chunk `ds64`. Where
//! those fit 32 bits, twelve bytes are all the difference.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use crate::wav::{Chunk, FIRST_CHUNK, chunk};
use crate::{au, trailing};

/// A size that the chunk `ds64` tells.
const ELSEWHERE: u32 = u32::MAX;

/// A file, some of whose bytes read as others.
pub(crate) struct Overlay {
    file: File,
    /// As it reads.
    length: u64,
    position: u64,
    /// Where, and what is read there.
    patches: Vec<(u64, [u8; 4])>,
    /// Another header.
    au: Option<au::Shown>,
}

/// Why a file cannot be shown as another.
pub(crate) enum OverlayError {
    Io(io::Error),
    /// What is wrong with its header.
    Header(String),
}

impl From<io::Error> for OverlayError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Overlay {
    /// `file` as it is, unless it is RF64, AU, or FLAC with tags behind it.
    pub(crate) fn new(mut file: File) -> Result<Self, OverlayError> {
        let whole = file.metadata()?.len();
        let length = trailing::length_of_audio(&mut file, whole)?;
        file.rewind()?;
        let patches = patches(&mut file, length)?;
        file.rewind()?;
        let mut start = [0; 24];
        let read = read_up_to(&mut file, &mut start)?;
        file.rewind()?;
        let au = au::shown(&start[..read], length).map_err(OverlayError::Header)?;
        let length = au.as_ref().map_or(length, |au| au.length(length));
        Ok(Self { file, length, position: 0, patches, au })
    }

    /// Whether there is less than a header states that Symphonia does not see.
    pub(crate) fn cut_short(&self) -> bool {
        self.au.as_ref().is_some_and(|au| au.cut_short)
    }
}

fn patches(file: &mut File, length: u64) -> Result<Vec<(u64, [u8; 4])>, OverlayError> {
    let mut head = [0; 12];
    if read_up_to(file, &mut head)? < head.len()
        || !matches!(&head[..4], b"RF64" | b"BW64")
        || &head[8..] != b"WAVE"
    {
        return Ok(Vec::new());
    }
    let mut data_size = None;
    let mut at = FIRST_CHUNK;
    while let Some(Chunk { name, size, next }) = chunk(file, at, length)? {
        match &name {
            b"ds64" => {
                let mut sizes = [0; 16];
                if read_up_to(file, &mut sizes)? < sizes.len() {
                    return Err(OverlayError::Header("RF64: the chunk ds64 is cut off".to_owned()));
                }
                let [.., a, b, c, d, e, f, g, h] = sizes;
                data_size = Some(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
            }
            b"data" if size == ELSEWHERE => {
                let data_size = data_size.ok_or_else(|| {
                    OverlayError::Header("RF64: there is no chunk ds64 before data".to_owned())
                })?;
                let size =
                    u32::try_from(data_size).ok().filter(|&size| size < ELSEWHERE).ok_or_else(|| {
                        OverlayError::Header(format!(
                            "RF64: expected less than 4 GiB of samples, found {data_size} bytes"
                        ))
                    })?;
                let riff = u32::try_from(length - 8).unwrap_or(ELSEWHERE);
                return Ok(vec![(0, *b"RIFF"), (4, riff.to_le_bytes()), (at + 4, size.to_le_bytes())]);
            }
            // Its size is told, so only the name of the format is unusual.
            b"data" => return Ok(vec![(0, *b"RIFF")]),
            _ => {}
        }
        at = next;
    }
    Err(OverlayError::Header("RF64: there is no chunk data".to_owned()))
}

/// Reads until `buffer` is full or the file ends.
fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn shifted(position: u64, by: i64) -> io::Result<u64> {
    position.checked_add_signed(by).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

impl Read for Overlay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(au) = &self.au {
            let n = match au.in_file(self.position) {
                None => au.read_head(self.position, buffer)?,
                Some(place) => {
                    self.file.seek(SeekFrom::Start(place))?;
                    self.file.read(buffer)?
                }
            };
            self.position += n as u64;
            return Ok(n);
        }
        let left = self.length.saturating_sub(self.position);
        let n = (&mut self.file).take(left).read(buffer)?;
        let read = self.position..self.position + n as u64;
        for (offset, bytes) in &self.patches {
            for (place, byte) in (*offset..).zip(bytes) {
                if read.contains(&place) {
                    buffer[(place - read.start) as usize] = *byte;
                }
            }
        }
        self.position = read.end;
        Ok(n)
    }
}

impl Seek for Overlay {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match (&self.au, to) {
            // Tags are behind the end.
            (None, SeekFrom::End(by)) => self.file.seek(SeekFrom::Start(shifted(self.length, by)?))?,
            (None, to) => self.file.seek(to)?,
            (Some(_), SeekFrom::Start(position)) => position,
            (Some(_), SeekFrom::Current(by)) => shifted(self.position, by)?,
            (Some(_), SeekFrom::End(by)) => shifted(self.length, by)?,
        };
        Ok(self.position)
    }
}

impl MediaSource for Overlay {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}
