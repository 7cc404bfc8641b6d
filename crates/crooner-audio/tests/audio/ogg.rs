//! Ogg pages that claim to end a little too early or too late, as those that ffmpeg writes sometimes do.

use crooner_audio::{AudioReader, load};

use crate::fixture;

/// Byte ranges of the pages of an Ogg file.
fn pages(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut pages = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        assert_eq!(bytes[start..start + 4], *b"OggS");
        let n_segments = usize::from(bytes[start + 26]);
        let segments = &bytes[start + 27..start + 27 + n_segments];
        let end = start + 27 + n_segments + segments.iter().map(|&length| usize::from(length)).sum::<usize>();
        pages.push(start..end);
        start = end;
    }
    pages
}

/// Ogg's checksum: polynomial 0x04c11db7, neither reflected nor inverted.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |mut sum, &byte| {
        sum ^= u32::from(byte) << 24;
        for _ in 0..8 {
            sum = (sum << 1) ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 };
        }
        sum
    })
}

/// Moves the position at which a page claims to end.
fn shift(page: &mut [u8], samples: i64) {
    let position = i64::from_le_bytes(page[6..14].try_into().unwrap());
    page[6..14].copy_from_slice(&(position + samples).to_le_bytes());
    page[22..26].fill(0);
    let sum = checksum(page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn a_page_that_misjudges_its_end_loses_no_samples() {
    let sound = std::fs::read(fixture("chained.ogg")).unwrap();
    let expected = load(fixture("chained.ogg"), None).unwrap().samples;
    let pages = pages(&sound);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shifted.ogg");
    // Two streams of two pages of headers and four of samples; the last page's position is the true end.
    assert_eq!(pages.len(), 12);
    for (page, samples) in [(3, 163), (3, -163), (4, 163), (4, -163), (9, 35), (10, 163), (10, -35)] {
        let mut bytes = sound.clone();
        shift(&mut bytes[pages[page].clone()], samples);
        std::fs::write(&path, bytes).unwrap();
        let mut reader = AudioReader::open(&path).unwrap();
        let mut found = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            found.extend_from_slice(block);
        }
        assert_eq!(reader.damaged_packets(), 0, "page {page} off by {samples}");
        assert_eq!(found.len(), expected.len(), "page {page} off by {samples}");
        assert_eq!(found, expected, "page {page} off by {samples}");
    }
}
