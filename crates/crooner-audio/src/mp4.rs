//! Which part of an MP4 track is music.
//!
//! AAC encoders put 1,024 to 2,112 samples of priming in front of the music and fill up the last frame. An
//! MP4 file says so in an edit list (ISO/IEC 14496-12, 8.6.6) or, from older versions of iTunes, in a tag.
//! Symphonia reads both but applies neither.

use std::io::{self, Read, Seek, SeekFrom};

/// The part of a track that is to be played, in the units of its media (for audio: samples).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Where it starts.
    pub(crate) start: u64,
    /// How long it is; to the end of the track if there is nothing here.
    pub(crate) length: Option<u64>,
    /// Units per second of both.
    pub(crate) timescale: u32,
}

/// Deepest level of nesting that is followed: `moov/trak/mdia/mdhd`.
const MAX_DEPTH: usize = 3;
/// Entries of an edit list that are looked at; a list that plays a song straight through has one or two.
const MAX_ENTRIES: u32 = 16;

/// The one edit of the track with this number.
///
/// `None` where there is no edit list, or one that is more than a cut: several pieces, or another speed. Empty edits
/// (silence before the start) are passed over. A malformed file has no edit either: whoever decodes it will say what
/// is wrong with it.
///
/// # Errors
/// The operating system cannot read or seek.
pub(crate) fn track_edit(file: &mut (impl Read + Seek), track_id: u32) -> io::Result<Option<Edit>> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut scan = Scan::default();
    scan.boxes(file, 0, end, 0)?;
    let edit = scan.tracks.iter().find(|track| track.id == Some(track_id)).and_then(|track| {
        let timescale = track.timescale.filter(|&scale| scale > 0)?;
        let (start, duration) = track.edit?;
        // An edit of no length lasts to the end (the way of fragmented files).
        let length = match scan.movie_timescale.filter(|&scale| scale > 0 && duration > 0) {
            Some(movie) => {
                let exact = u128::from(duration) * u128::from(timescale);
                u64::try_from((exact + u128::from(movie) / 2) / u128::from(movie)).ok()
            }
            None => None,
        };
        Some(Edit { start, length, timescale })
    });
    Ok(edit)
}

/// Start and length, in samples, from the value of iTunes' tag `iTunSMPB`.
///
/// Hexadecimal numbers: zero, samples of priming, samples of padding, samples of music, and zeros.
pub(crate) fn itunes_gapless(tag: &str) -> Option<(u64, u64)> {
    let mut numbers = tag.split_ascii_whitespace().map(|number| u64::from_str_radix(number, 16));
    let start = numbers.nth(1)?.ok()?;
    let length = numbers.nth(1)?.ok()?;
    (length > 0).then_some((start, length))
}

#[derive(Default)]
struct Scan {
    movie_timescale: Option<u32>,
    tracks: Vec<Track>,
}

#[derive(Default)]
struct Track {
    id: Option<u32>,
    timescale: Option<u32>,
    /// Start in media units and length in movie units.
    edit: Option<(u64, u64)>,
}

impl Scan {
    /// Walks the boxes between two offsets. A box that reaches beyond its parent ends the walk.
    fn boxes(&mut self, file: &mut (impl Read + Seek), start: u64, end: u64, depth: usize) -> io::Result<()> {
        let mut position = start;
        while let Some(content) = position.checked_add(8).filter(|&content| content <= end) {
            file.seek(SeekFrom::Start(position))?;
            let mut header = [0; 8];
            file.read_exact(&mut header)?;
            let [s0, s1, s2, s3, kind @ ..] = header;
            let (content, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
                0 => (content, end - position),
                1 if content + 8 <= end => (content + 8, read_u64(file)?),
                size => (content, u64::from(size)),
            };
            let Some(next) = position.checked_add(size).filter(|&next| next <= end && next >= content) else {
                return Ok(());
            };
            match &kind {
                b"moov" | b"edts" | b"mdia" if depth < MAX_DEPTH => {
                    self.boxes(file, content, next, depth + 1)?;
                }
                b"trak" if depth < MAX_DEPTH => {
                    self.tracks.push(Track::default());
                    self.boxes(file, content, next, depth + 1)?;
                }
                b"mvhd" | b"tkhd" | b"mdhd" | b"elst" => self.leaf(&kind, file, next - content)?,
                _ => {}
            }
            position = next;
        }
        Ok(())
    }

    /// Reads a box that holds values; `file` is at its content.
    fn leaf(&mut self, kind: &[u8; 4], file: &mut impl Read, size: u64) -> io::Result<()> {
        if size < 24 && kind != b"elst" || size < 8 {
            return Ok(());
        }
        let long = read_u32(file)? >> 24 == 1;
        if kind == b"mvhd" {
            skip_times(file, long)?;
            self.movie_timescale = Some(read_u32(file)?);
        }
        let Some(track) = self.tracks.last_mut() else { return Ok(()) };
        match kind {
            b"tkhd" => {
                skip_times(file, long)?;
                track.id = Some(read_u32(file)?);
            }
            b"mdhd" => {
                skip_times(file, long)?;
                track.timescale = Some(read_u32(file)?);
            }
            b"elst" => {
                let n_entries = read_u32(file)?;
                let entry_size = if long { 20 } else { 12 };
                if n_entries <= MAX_ENTRIES && u64::from(n_entries) * entry_size <= size - 8 {
                    track.edit = only_edit(file, n_entries, long)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The edit of a list that has exactly one at normal speed, empty ones aside.
fn only_edit(file: &mut impl Read, n_entries: u32, long: bool) -> io::Result<Option<(u64, u64)>> {
    let mut only = None;
    let mut count = 0;
    for _ in 0..n_entries {
        let (duration, start) = if long {
            (read_u64(file)?, read_u64(file)?.cast_signed())
        } else {
            (u64::from(read_u32(file)?), i64::from(read_u32(file)?.cast_signed()))
        };
        let rate = read_u32(file)?;
        if let Ok(start) = u64::try_from(start) {
            count += 1;
            only = (rate == 0x0001_0000).then_some((start, duration));
        }
    }
    Ok(only.filter(|_| count == 1))
}

/// Skips creation and modification time.
fn skip_times(file: &mut impl Read, long: bool) -> io::Result<()> {
    for _ in 0..if long { 4 } else { 2 } {
        read_u32(file)?;
    }
    Ok(())
}

fn read_u32(file: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn read_u64(file: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn boxed(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let mut bytes = u32::try_from(content.len() + 8).unwrap().to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(content);
        bytes
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A movie of timescale 1,000 and one track, number 7, of timescale 44,100, with this edit list.
    fn movie(elst: &[u32]) -> Vec<u8> {
        let mvhd = boxed(b"mvhd", &[&words(&[0, 0, 0, 1_000, 5_000, 0])]);
        let tkhd = boxed(b"tkhd", &[&words(&[0, 0, 0, 7, 0, 0])]);
        let edts = boxed(b"edts", &[&boxed(b"elst", &[&words(elst)])]);
        let mdia = boxed(b"mdia", &[&boxed(b"mdhd", &[&words(&[0, 0, 0, 44_100, 0, 0])])]);
        let moov = boxed(b"moov", &[&mvhd, &boxed(b"trak", &[&tkhd, &edts, &mdia])]);
        [boxed(b"ftyp", &[b"M4A "]), boxed(b"free", &[&[0; 100]]), moov].concat()
    }

    fn edit(bytes: &[u8]) -> Option<Edit> {
        track_edit(&mut Cursor::new(bytes), 7).unwrap()
    }

    const NORMAL: u32 = 0x0001_0000;

    #[test]
    fn one_edit_is_a_cut() {
        let expected = Edit { start: 1_024, length: Some(44_144), timescale: 44_100 };
        assert_eq!(edit(&movie(&[0, 1, 1_001, 1_024, NORMAL])), Some(expected));
        // Version 1 has 64-bit values.
        assert_eq!(edit(&movie(&[1 << 24, 1, 0, 1_001, 0, 1_024, NORMAL])), Some(expected));
        // An empty edit before it.
        assert_eq!(edit(&movie(&[0, 2, 20, u32::MAX, NORMAL, 1_001, 1_024, NORMAL])), Some(expected));
    }

    #[test]
    fn an_edit_of_no_length_lasts_to_the_end() {
        assert_eq!(
            edit(&movie(&[0, 1, 0, 2_112, NORMAL])),
            Some(Edit { start: 2_112, length: None, timescale: 44_100 })
        );
    }

    #[test]
    fn more_than_a_cut_is_left_alone() {
        assert_eq!(edit(&movie(&[0, 2, 500, 0, NORMAL, 500, 44_100, NORMAL])), None);
        assert_eq!(edit(&movie(&[0, 1, 500, 0, 2 * NORMAL])), None);
        assert_eq!(edit(&movie(&[0, 0])), None);
        assert_eq!(edit(&movie(&[0, u32::MAX, 500, 0, NORMAL])), None);
        assert_eq!(track_edit(&mut Cursor::new(movie(&[0, 1, 0, 0, NORMAL])), 8).unwrap(), None);
    }

    #[test]
    fn itunes_tag_gives_priming_and_length() {
        let tag = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000 00000000";
        assert_eq!(itunes_gapless(tag), Some((2_112, 4_141_558)));
        for malformed in ["", "00000000 00000840", "0 840 1CA zz", "0 840 1CA 0", "0 -1 1CA 3F"] {
            assert_eq!(itunes_gapless(malformed), None, "{malformed:?}");
        }
    }

    #[test]
    fn no_prefix_or_flipped_byte_breaks_the_scan() {
        let whole = movie(&[0, 1, 1_001, 1_024, NORMAL]);
        for length in 0..whole.len() {
            assert_eq!(edit(&whole[..length]), None, "prefix of {length} bytes");
        }
        for position in 0..whole.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut bytes = whole.clone();
                bytes[position] = value;
                track_edit(&mut Cursor::new(bytes), 7).unwrap();
            }
        }
    }
}
