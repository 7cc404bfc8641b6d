//! Where every hash occurs: records sorted by their key, in a few segments in memory and in scratch files.
//!
//! A log-structured merge tree (O'Neil et al. 1996). Each track is a segment at first; segments of like size are merged,
//! and what exceeds a bound goes to a file, where again segments are merged. So every record is moved a number of times
//! that grows with the logarithm of their number, all reading and writing is in order of the key, and of files no more than
//! the first key of each block stays in memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::{FingerprintError, Peak};

/// Most records in memory before they are written to a file: 0.1 GB.
const IN_MEMORY: usize = 1 << 23;
/// So many files of one generation are merged into one of the next.
const MERGED: usize = 8;
/// Most records that are merged only to have fewer files: 3.8 GB.
const COMPACTED: u64 = 1 << 28;
/// Records that are read from a file at a time: 7 kB.
const BLOCK: usize = 512;

/// Key, track, time and pitch of the anchor: little-endian.
pub(crate) type Record = [u8; 14];

pub(crate) fn record(key: u32, track: u32, anchor: Peak) -> Record {
    let mut record = [0; 14];
    record[..4].copy_from_slice(&key.to_le_bytes());
    record[4..8].copy_from_slice(&track.to_le_bytes());
    record[8..12].copy_from_slice(&anchor.time.to_le_bytes());
    record[12..].copy_from_slice(&anchor.pitch.to_le_bytes());
    record
}

fn key_of([a, b, c, d, ..]: &Record) -> u32 {
    u32::from_le_bytes([*a, *b, *c, *d])
}

/// The track and its anchor.
pub(crate) fn place_of(&[_, _, _, _, a, b, c, d, e, f, g, h, i, j]: &Record) -> (u32, Peak) {
    let anchor = Peak { time: u32::from_le_bytes([e, f, g, h]), pitch: u16::from_le_bytes([i, j]) };
    (u32::from_le_bytes([a, b, c, d]), anchor)
}

/// A folder for files without names, which the system removes when the program ends, however it ends.
#[derive(Clone, Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn file(&self) -> Result<File, FingerprintError> {
        tempfile::tempfile_in(&self.0).map_err(self.failed("create"))
    }

    pub(crate) fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> FingerprintError {
        move |source| FingerprintError::Scratch { action, folder: self.0.clone(), source }
    }
}

#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => (bytes, offset) = (&mut bytes[n..], offset + n as u64),
        }
    }
    Ok(())
}

/// All records of an index.
#[derive(Debug)]
pub(crate) struct Postings {
    /// Each more than twice as long as the next.
    memory: Vec<Vec<Record>>,
    /// Older generations first.
    files: Vec<Segment>,
    scratch: Option<Scratch>,
    in_memory: usize,
}

/// Sorted records in a file.
#[derive(Debug)]
struct Segment {
    file: File,
    /// Of each block the key of its first record.
    first_keys: Vec<u32>,
    n_records: u64,
    /// How often its records have been merged.
    generation: u32,
}

impl Postings {
    pub(crate) fn new(scratch: Option<Scratch>) -> Self {
        Self { memory: Vec::new(), files: Vec::new(), scratch, in_memory: IN_MEMORY }
    }

    #[cfg(test)]
    pub(crate) fn with_in_memory(self, in_memory: usize) -> Self {
        Self { in_memory, ..self }
    }

    /// Adds records, sorted by key. True if what was in memory is now in a file.
    pub(crate) fn add(&mut self, records: Vec<Record>) -> Result<bool, FingerprintError> {
        self.memory.push(records);
        while let [.., before, last] = &self.memory[..]
            && before.len() <= 2 * last.len()
        {
            let mut merged = Vec::with_capacity(before.len() + last.len());
            merge(vec![Cursor::in_memory(before), Cursor::in_memory(last)], |record| {
                merged.push(*record);
                Ok(())
            })
            .map_err(self.failed("read"))?;
            self.memory.truncate(self.memory.len() - 2);
            self.memory.push(merged);
        }
        let n_records: usize = self.memory.iter().map(Vec::len).sum();
        let Some(scratch) = self.scratch.clone().filter(|_| n_records >= self.in_memory) else {
            return Ok(false);
        };
        let sources = self.memory.iter().map(|records| Cursor::in_memory(records)).collect();
        self.files.push(Segment::merged(&scratch, sources, 0)?);
        self.memory.clear();
        while let Some(from) = self.files.len().checked_sub(MERGED)
            && self.files[from].generation == self.files[self.files.len() - 1].generation
        {
            self.merge_files(&scratch, from, self.files[from].generation + 1)?;
        }
        Ok(true)
    }

    fn merge_files(
        &mut self,
        scratch: &Scratch,
        from: usize,
        generation: u32,
    ) -> Result<(), FingerprintError> {
        let sources = self.files[from..].iter().map(Cursor::in_file).collect();
        let merged = Segment::merged(scratch, sources, generation)?;
        self.files.truncate(from);
        self.files.push(merged);
        Ok(())
    }

    /// Merges what is in memory, and of the files the latest that together are not large.
    pub(crate) fn compact(&mut self) -> Result<(), FingerprintError> {
        let mut merged = Vec::with_capacity(self.memory.iter().map(Vec::len).sum());
        let sources = self.memory.iter().map(|records| Cursor::in_memory(records)).collect();
        merge(sources, |record| {
            merged.push(*record);
            Ok(())
        })
        .map_err(self.failed("read"))?;
        self.memory = vec![merged];
        let Some(scratch) = self.scratch.clone() else { return Ok(()) };
        let mut rest = COMPACTED;
        let small = self.files.iter().rev().take_while(|segment| {
            let fits = segment.n_records <= rest;
            rest = rest.saturating_sub(segment.n_records);
            fits
        });
        let from = self.files.len() - small.count();
        if self.files.len() > from + 1 {
            self.merge_files(&scratch, from, self.files[from].generation)?;
        }
        Ok(())
    }

    pub(crate) fn reader(&self) -> Reader<'_> {
        let memory = self.memory.iter().map(|records| Cursor::in_memory(records));
        Reader { postings: self, cursors: self.files.iter().map(Cursor::in_file).chain(memory).collect() }
    }

    pub(crate) fn n_records(&self) -> u64 {
        let in_files: u64 = self.files.iter().map(|segment| segment.n_records).sum();
        in_files + self.memory.iter().map(|records| records.len() as u64).sum::<u64>()
    }

    /// Bytes in memory and in files.
    pub(crate) fn n_bytes(&self) -> (u64, u64) {
        let records: usize = self.memory.iter().map(Vec::capacity).sum();
        let keys: usize = self.files.iter().map(|segment| segment.first_keys.capacity()).sum();
        let in_files: u64 = self.files.iter().map(|segment| segment.n_records).sum();
        (
            (records * size_of::<Record>() + keys * size_of::<u32>()) as u64,
            in_files * size_of::<Record>() as u64,
        )
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> FingerprintError {
        let folder = self.scratch.as_ref().map(|scratch| scratch.0.clone()).unwrap_or_default();
        move |source| FingerprintError::Scratch { action, folder: folder.clone(), source }
    }
}

/// Looks keys up in ascending order.
pub(crate) struct Reader<'a> {
    postings: &'a Postings,
    cursors: Vec<Cursor<'a>>,
}

impl Reader<'_> {
    /// Puts the records of `key`, which is not below the last one asked for, into `found`: all of them, or, if there are
    /// more than `most`, some more than `most`.
    pub(crate) fn find(
        &mut self,
        key: u32,
        most: usize,
        found: &mut Vec<Record>,
    ) -> Result<(), FingerprintError> {
        found.clear();
        for cursor in &mut self.cursors {
            cursor.find(key, most, found).map_err(self.postings.failed("read"))?;
            if found.len() > most {
                break;
            }
        }
        Ok(())
    }
}

impl Segment {
    fn merged(
        scratch: &Scratch,
        sources: Vec<Cursor<'_>>,
        generation: u32,
    ) -> Result<Self, FingerprintError> {
        let mut writer = BufWriter::with_capacity(1 << 18, scratch.file()?);
        let (mut first_keys, mut n_records) = (Vec::new(), 0_u64);
        merge(sources, |record| {
            if n_records.is_multiple_of(BLOCK as u64) {
                first_keys.push(key_of(record));
            }
            n_records += 1;
            writer.write_all(record)
        })
        .map_err(scratch.failed("write"))?;
        let file = writer.into_inner().map_err(|error| scratch.failed("write")(error.into_error()))?;
        first_keys.shrink_to_fit();
        Ok(Self { file, first_keys, n_records, generation })
    }
}

/// Goes through sorted records in ascending order.
struct Cursor<'a> {
    /// None where all records are in memory.
    segment: Option<&'a Segment>,
    memory: &'a [Record],
    /// The block of the file that was read last.
    block: Vec<u8>,
    next_block: usize,
    /// Among the records of the block or in memory.
    at: usize,
}

impl<'a> Cursor<'a> {
    fn in_memory(memory: &'a [Record]) -> Self {
        Self { segment: None, memory, block: Vec::new(), next_block: 0, at: 0 }
    }

    fn in_file(segment: &'a Segment) -> Self {
        Self { segment: Some(segment), memory: &[], block: Vec::new(), next_block: 0, at: 0 }
    }

    fn records(&self) -> &[Record] {
        if self.segment.is_some() { self.block.as_chunks().0 } else { self.memory }
    }

    /// Reads the first block after the last one that can hold `key`. False if none can.
    fn read_on(&mut self, key: u32) -> io::Result<bool> {
        let Some(segment) = self.segment else { return Ok(false) };
        let later = &segment.first_keys[self.next_block..];
        if later.first().is_none_or(|&first| first > key) {
            return Ok(false);
        }
        self.next_block += before(later, |&first| first < key).saturating_sub(1);
        let first = (self.next_block * BLOCK) as u64;
        let n_records = (segment.n_records - first).min(BLOCK as u64);
        self.block.resize(n_records as usize * size_of::<Record>(), 0);
        read_exact_at(&segment.file, &mut self.block, first * size_of::<Record>() as u64)?;
        self.next_block += 1;
        self.at = 0;
        Ok(true)
    }

    fn find(&mut self, key: u32, most: usize, found: &mut Vec<Record>) -> io::Result<()> {
        loop {
            let records = &self.records()[self.at..];
            let from = before(records, |record| key_of(record) < key);
            let equal = records[from..].iter().take_while(|record| key_of(record) == key);
            let n_found = found.len();
            found.extend(equal.take(most + 1 - n_found.min(most)));
            let done = from + found.len() - n_found;
            let is_last = done < records.len() || found.len() > most;
            self.at += done;
            if is_last || !self.read_on(key)? {
                return Ok(());
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u32>> {
        if self.at == self.records().len() {
            let next = self.segment.and_then(|segment| segment.first_keys.get(self.next_block));
            if !next.map_or(Ok(false), |&key| self.read_on(key))? {
                return Ok(None);
            }
        }
        Ok(self.records().get(self.at).map(key_of))
    }
}

/// How many of the sorted `items` hold `is_before`: fast where they are few (a search that doubles its steps).
fn before<T>(items: &[T], is_before: impl Fn(&T) -> bool) -> usize {
    let mut end = 1;
    while end <= items.len() && is_before(&items[end - 1]) {
        end *= 2;
    }
    let from = end / 2;
    from + items[from..items.len().min(end)].partition_point(is_before)
}

/// Visits the records of all sources in ascending order of their keys.
fn merge(mut sources: Vec<Cursor<'_>>, mut visit: impl FnMut(&Record) -> io::Result<()>) -> io::Result<()> {
    // 2^32 stands for an end.
    let key = |source: &mut Cursor<'_>| Ok::<_, io::Error>(source.peek()?.map_or(1 << 32, u64::from));
    let mut keys: Vec<u64> = sources.iter_mut().map(key).collect::<io::Result<_>>()?;
    while let Some((place, &least)) = keys.iter().enumerate().min_by_key(|(_, key)| **key)
        && least < 1 << 32
    {
        let source = &mut sources[place];
        visit(&source.records()[source.at])?;
        source.at += 1;
        keys[place] = key(source)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(postings: &Postings, keys: impl Iterator<Item = u32>, most: usize) -> Vec<Vec<Record>> {
        let (mut reader, mut found) = (postings.reader(), Vec::new());
        keys.map(|key| {
            reader.find(key, most, &mut found).unwrap();
            found.sort_unstable();
            found.clone()
        })
        .collect()
    }

    #[test]
    fn files_and_memory_give_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch(folder.path().to_owned());
        let mut filed = Postings::new(Some(scratch)).with_in_memory(2_000);
        let mut memory = Postings::new(None);
        let mut state = 1_u32;
        for track in 0..400 {
            let mut records: Vec<Record> = (0..100)
                .map(|n| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Some keys are rare, and one has more places than a block.
                    let key = if n % 20 == 0 { 5_000 } else { (state >> 16) % 9_000 };
                    record(key, track, Peak { time: n, pitch: 7 })
                })
                .collect();
            records.sort_unstable_by_key(key_of);
            filed.add(records.clone()).unwrap();
            memory.add(records).unwrap();
        }
        assert!(filed.files.len() > 1 && filed.files[0].generation > 0, "{filed:?}");
        assert!(filed.files.len() + filed.memory.len() < 30);
        assert_eq!((filed.n_records(), memory.n_records()), (40_000, 40_000));
        for step in [1, 7, 1_000] {
            let keys = || (0..9_100).step_by(step);
            let found = all_of(&filed, keys(), 100_000);
            assert_eq!(found, all_of(&memory, keys(), 100_000));
            let n_found: usize = found.iter().map(Vec::len).sum();
            assert!(step > 1 || n_found == 40_000, "{n_found}");
        }
        // Of a crowded key it is enough to know that it is.
        let found = all_of(&filed, [4_999, 5_000, 5_001].into_iter(), 30);
        assert!(found[1].len() > 30 && found[1].len() < 100);
        assert_eq!(found[2], all_of(&memory, [5_001].into_iter(), 30)[0]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "scratch files have no names");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent");
        let mut postings = Postings::new(Some(Scratch(absent.clone()))).with_in_memory(1);
        let error = postings.add(vec![record(1, 2, Peak { time: 3, pitch: 4 })]).unwrap_err();
        assert!(error.to_string().contains(&absent.display().to_string()), "{error}");
    }
}
