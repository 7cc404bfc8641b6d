//! The mel spectrogram as a feature.

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framed::{FrameByFrame, framed_answers, mel_framed_config};
use crate::mel::bands::MelTransform;
use crate::{Extractor, FeatureError};

mel_framed_config! {
    /// Settings of the mel spectrogram, `[n_mels, n_frames]`; the defaults are librosa's, at 16 kHz:
    /// `librosa.feature.melspectrogram(y=y, sr=sample_rate, ...)`.
    ///
    /// `mel[m] = Σₖ weight[m, k] |X[k]|^power` with the weights of [`mel_filter_bank`](crate::mel_filter_bank).
    MelSpectrogramConfig {
        /// Exponent of the magnitudes, in `0.1..=10`. Default 2: power.
        power: f32 = 2.0,
    }
}

impl Feature for MelSpectrogramConfig {
    framed_answers!();

    fn validate(&self) -> Result<(), FeatureError> {
        self.stft().validate()?;
        self.mel().validate(self.sample_rate)?;
        check_range("power", self.power, 0.1, 10.0)
    }

    fn n_bins(&self) -> usize {
        self.n_mels
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (stft, power) = (self.stft(), self.power);
        let mut transform = MelTransform::<f32>::new(self.sample_rate, &stft, &self.mel())?;
        let compute = move |samples: &[f32], out: &mut [f32]| transform.apply_powered(samples, power, out);
        Ok(Box::new(FrameByFrame::new(&stft, self.n_mels, compute)))
    }
}
