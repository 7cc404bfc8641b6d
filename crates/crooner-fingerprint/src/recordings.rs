//! The peaks of all tracks of an index, in memory or in a scratch file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use crate::postings::{Scratch, read_exact_at};
use crate::{FingerprintError, Peak};

/// Bytes of a peak in the file: time and pitch, little-endian.
const PEAK: usize = 6;

#[derive(Debug, Default)]
pub(crate) struct Recordings {
    /// The peaks of the tracks after those in the file.
    memory: Vec<Vec<Peak>>,
    file: Option<(File, Scratch)>,
    /// Where in the file, in peaks, each of its tracks ends.
    ends: Vec<u64>,
}

impl Recordings {
    pub(crate) fn add(&mut self, peaks: Vec<Peak>) {
        self.memory.push(peaks);
    }

    /// Moves all that is in memory to a file.
    pub(crate) fn spill(&mut self, scratch: &Scratch) -> Result<(), FingerprintError> {
        if self.file.is_none() {
            self.file = Some((scratch.file()?, scratch.clone()));
        }
        let Some((file, _)) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        for peaks in self.memory.drain(..) {
            for peak in &peaks {
                bytes.extend(peak.time.to_le_bytes());
                bytes.extend(peak.pitch.to_le_bytes());
            }
            self.ends.push(self.ends.last().unwrap_or(&0) + peaks.len() as u64);
        }
        // Some systems' positioned reads move the position.
        file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(&bytes)).map_err(scratch.failed("write"))
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len() + self.memory.len()
    }

    /// The peaks of a track; none of one that is not there.
    pub(crate) fn peaks(&self, track: u32) -> Result<Cow<'_, [Peak]>, FingerprintError> {
        let track = track as usize;
        let (Some((file, scratch)), Some(&end)) = (&self.file, self.ends.get(track)) else {
            let peaks = track.checked_sub(self.ends.len()).and_then(|track| self.memory.get(track));
            return Ok(Cow::Borrowed(peaks.map_or(&[], Vec::as_slice)));
        };
        let begin = track.checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut bytes = vec![0; (end - begin) as usize * PEAK];
        read_exact_at(file, &mut bytes, begin * PEAK as u64).map_err(scratch.failed("read"))?;
        let peak = |&[a, b, c, d, e, f]: &[u8; PEAK]| Peak {
            time: u32::from_le_bytes([a, b, c, d]),
            pitch: u16::from_le_bytes([e, f]),
        };
        Ok(Cow::Owned(bytes.as_chunks().0.iter().map(peak).collect()))
    }

    /// Bytes in memory and in the file.
    pub(crate) fn n_bytes(&self) -> (u64, u64) {
        let peaks: usize = self.memory.iter().map(|peaks| size_of_val(&peaks[..])).sum();
        let in_memory = peaks + self.ends.capacity() * size_of::<u64>();
        (in_memory as u64, self.ends.last().unwrap_or(&0) * PEAK as u64)
    }
}
