//! Fingerprints as bytes.

use crate::{FINGERPRINT_VERSION, Fingerprint, FingerprintError, Peak};

/// What every fingerprint begins with; the version follows.
const MAGIC: &[u8; 8] = b"croonfp\0";
/// Magic, version, samples, peaks, frames of chroma.
const HEADER: usize = 8 + 4 + 8 + 4 + 4;
const HASH: usize = 32;
const PEAK: usize = 6;
const CHROMA: usize = 12;

impl Fingerprint {
    /// The fingerprint as bytes, little-endian, with a BLAKE3 hash of all before it at the end:
    ///
    /// ```text
    /// "croonfp\0"  version u32  samples u64  n_peaks u32  n_chroma u32
    /// (time u32, pitch u16) * n_peaks    u8 * 12 * n_chroma    hash [u8; 32]
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(HEADER + PEAK * self.peaks.len() + CHROMA * self.chroma.len() + HASH);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FINGERPRINT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.n_samples.to_le_bytes());
        // A recording of 2^32 peaks would last years.
        bytes.extend_from_slice(&(self.peaks.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.chroma.len() as u32).to_le_bytes());
        for peak in &self.peaks {
            bytes.extend_from_slice(&peak.time.to_le_bytes());
            bytes.extend_from_slice(&peak.pitch.to_le_bytes());
        }
        bytes.extend(self.chroma.iter().flatten());
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Bytes that are not a fingerprint, of another version, cut short or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FingerprintError> {
        let wrong = |reason: String| FingerprintError::Bytes { n_bytes: bytes.len(), reason };
        if bytes.len() < HEADER + HASH || !bytes.starts_with(MAGIC) {
            return Err(wrong(format!("expected at least {} that begin with \"croonfp\"", HEADER + HASH)));
        }
        let (content, hash) = bytes.split_at(bytes.len() - HASH);
        let mut reader = Reader(&content[MAGIC.len()..]);
        let version = u32::from_le_bytes(reader.take());
        if version != FINGERPRINT_VERSION {
            return Err(wrong(format!("expected version {FINGERPRINT_VERSION}, found {version}")));
        }
        if blake3::hash(content).as_bytes() != hash {
            return Err(wrong("their content and its hash do not agree".to_owned()));
        }
        let n_samples = u64::from_le_bytes(reader.take());
        let n_peaks = u32::from_le_bytes(reader.take()) as usize;
        let n_chroma = u32::from_le_bytes(reader.take()) as usize;
        if reader.0.len() as u128 != PEAK as u128 * n_peaks as u128 + CHROMA as u128 * n_chroma as u128 {
            return Err(wrong(format!(
                "{n_peaks} peaks and {n_chroma} frames of chroma have another length"
            )));
        }
        let peaks: Vec<Peak> = (0..n_peaks)
            .map(|_| Peak {
                time: u32::from_le_bytes(reader.take()),
                pitch: u16::from_le_bytes(reader.take()),
            })
            .collect();
        if !peaks.is_sorted() {
            return Err(wrong("their peaks are not sorted".to_owned()));
        }
        Ok(Self { peaks, chroma: (0..n_chroma).map(|_| reader.take()).collect(), n_samples })
    }
}

/// Takes arrays off the front of bytes whose length has been checked.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((chunk, rest)) => {
                self.0 = rest;
                *chunk
            }
            None => [0; N],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Fingerprint {
        let samples: Vec<f32> =
            (0..24_000u32).map(|n| (n.wrapping_mul(n) % 977) as f32 / 977.0 - 0.5).collect();
        Fingerprint::of(&samples, 8_000).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let fingerprint = example();
        assert!(!fingerprint.peaks.is_empty() && !fingerprint.chroma.is_empty());
        assert_eq!(Fingerprint::from_bytes(&fingerprint.to_bytes()).unwrap(), fingerprint);
    }

    #[test]
    fn damage_is_found_wherever_it_is() {
        let bytes = example().to_bytes();
        for place in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            assert!(Fingerprint::from_bytes(&damaged).is_err(), "byte {place}");
            assert!(Fingerprint::from_bytes(&bytes[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn another_version_is_refused_by_name_even_if_intact() {
        let mut bytes = example().to_bytes();
        bytes[MAGIC.len()..][..4].copy_from_slice(&(FINGERPRINT_VERSION + 1).to_le_bytes());
        let n_content = bytes.len() - HASH;
        let hash = blake3::hash(&bytes[..n_content]);
        bytes[n_content..].copy_from_slice(hash.as_bytes());
        let error = Fingerprint::from_bytes(&bytes).unwrap_err().to_string();
        let expected = format!("expected version {FINGERPRINT_VERSION}, found {}", FINGERPRINT_VERSION + 1);
        assert!(error.ends_with(&expected), "{error}");
    }
}
