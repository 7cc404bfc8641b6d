//! Chroma at two frames a second, for finding versions.

use crooner_features::{ChromaStftConfig, StftConfig, Tuning, chroma_stft};

use crate::{FingerprintError, SAMPLE_RATE};

/// Frames computed at a time.
const FRAMES: usize = 60;

/// Collects samples and turns them into chroma, some frames at a time.
pub(crate) struct ChromaTaker {
    config: ChromaStftConfig,
    /// What no frame has consumed yet.
    buffer: Vec<f32>,
    chroma: Vec<[u8; 12]>,
}

impl ChromaTaker {
    pub(crate) fn new() -> Self {
        let config = ChromaStftConfig {
            sample_rate: SAMPLE_RATE,
            n_fft: 4096,
            hop_length: SAMPLE_RATE as usize / 2,
            // Frames that lie within the track do not depend on how it is cut into blocks.
            center: false,
            tuning: Tuning::Bins(0.0),
            ..ChromaStftConfig::default()
        };
        Self { config, buffer: Vec::new(), chroma: Vec::new() }
    }

    pub(crate) fn push(&mut self, mut samples: &[f32]) -> Result<(), FingerprintError> {
        let needed = self.config.n_fft + (FRAMES - 1) * self.config.hop_length;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(needed - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            samples = later;
            if self.buffer.len() == needed {
                self.take()?;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Vec<[u8; 12]>, FingerprintError> {
        if self.buffer.len() >= self.config.n_fft {
            self.take()?;
        }
        Ok(self.chroma)
    }

    fn take(&mut self) -> Result<(), FingerprintError> {
        let stft: StftConfig = self.config.stft();
        let chroma = chroma_stft(&self.buffer, &self.config)?;
        let n_frames = stft.n_frames(self.buffer.len());
        for frame in 0..n_frames {
            // In 0..=1, so that the cast rounds and never saturates.
            self.chroma.push(std::array::from_fn(|class| (255.0 * chroma.bin(class)[frame]).round() as u8));
        }
        self.buffer.drain(..(n_frames * stft.hop_length).min(self.buffer.len()));
        Ok(())
    }
}
