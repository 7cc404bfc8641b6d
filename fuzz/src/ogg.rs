//! Checksums of Ogg pages, without which every mutation would stop at the first of them.

/// Corrects the checksum of each page that lies within `bytes` (RFC 3533, section 6).
pub fn seal(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(page) = bytes.get(at..).filter(|rest| rest.starts_with(b"OggS") && rest.len() >= 27) {
        let n_segments = usize::from(page[26]);
        let Some(lengths) = page.get(27..27 + n_segments) else { return };
        let length = 27 + n_segments + lengths.iter().map(|&n| usize::from(n)).sum::<usize>();
        let Some(page) = bytes.get_mut(at..at + length) else { return };
        page[22..26].fill(0);
        let checksum = page.iter().fold(0_u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| crc << 1 ^ (crc >> 31) * 0x04c1_1db7)
        });
        page[22..26].copy_from_slice(&checksum.to_le_bytes());
        at += length;
    }
}
