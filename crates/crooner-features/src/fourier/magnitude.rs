//! The magnitude spectrogram as a feature.

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::framed::{FrameByFrame, framed_answers, framed_config};
use crate::fourier::transform::FrameTransform;
use crate::{Extractor, FeatureError};

framed_config! {
    /// Settings of the magnitude spectrogram `|X|^power` of [`stft`](crate::stft), `[n_fft / 2 + 1, n_frames]`; the defaults
    /// are librosa's, at 16 kHz: `abs(librosa.stft(y)) ** power`.
    StftMagnitudeConfig {
        /// Exponent of the magnitudes, in `0.1..=10`. Default 1; 2 gives the power.
        power: f32 = 1.0,
    }
}

impl Feature for StftMagnitudeConfig {
    framed_answers!();

    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1000, 768_000)?;
        check_range("power", self.power, 0.1, 10.0)?;
        self.stft().validate()
    }

    fn n_bins(&self) -> usize {
        self.stft().n_bins()
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (stft, power) = (self.stft(), self.power);
        let mut transform = FrameTransform::<f32>::new(&stft);
        let compute = move |samples: &[f32], out: &mut [f32]| {
            if power == 2.0 {
                return transform.power(samples, out);
            }
            transform.magnitude(samples, out);
            if power != 1.0 {
                out.iter_mut().for_each(|value| *value = value.powf(power));
            }
        };
        Ok(Box::new(FrameByFrame::new(&stft, stft.n_bins(), compute)))
    }
}
