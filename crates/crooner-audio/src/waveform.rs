//! A whole file in memory.

/// Mono samples and their rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Waveform {
    /// Samples, nominally in `[-1, 1]`; lossy codecs and floating-point files may exceed that.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub sample_rate: u32,
}

impl Waveform {
    /// Length in seconds.
    pub fn duration_seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }
}
