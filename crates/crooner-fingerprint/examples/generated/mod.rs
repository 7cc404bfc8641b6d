//! Recordings that nobody played, and what it costs to look at them.

use std::time::Instant;

use crooner_fingerprint::{FINGERPRINT_VERSION, Fingerprint, FingerprintError, Peak};

/// A fingerprint of these parts. By way of its bytes, since nothing but audio and bytes makes one.
pub(crate) fn fingerprint<E: From<FingerprintError>>(
    peaks: &[Peak],
    chroma: &[[u8; 12]],
    n_samples: u64,
) -> Result<Fingerprint, E> {
    let mut bytes = b"croonfp\0".to_vec();
    bytes.extend(FINGERPRINT_VERSION.to_le_bytes());
    bytes.extend(n_samples.to_le_bytes());
    bytes.extend((peaks.len() as u32).to_le_bytes());
    bytes.extend((chroma.len() as u32).to_le_bytes());
    for peak in peaks {
        bytes.extend(peak.time.to_le_bytes());
        bytes.extend(peak.pitch.to_le_bytes());
    }
    bytes.extend(chroma.iter().flatten());
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    Ok(Fingerprint::from_bytes(&bytes)?)
}

/// Seconds of this thread on the processor, or of the clock.
pub(crate) struct Clock {
    begun: Instant,
    on_processor: Option<f64>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), on_processor: on_processor() }
    }

    pub(crate) fn seconds(&self) -> f64 {
        let on_processor = self.on_processor.zip(on_processor()).map(|(before, now)| now - before);
        on_processor.unwrap_or_else(|| self.begun.elapsed().as_secs_f64())
    }
}

fn on_processor() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
