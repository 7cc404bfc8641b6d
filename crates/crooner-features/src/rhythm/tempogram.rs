//! Tempograms: what periods the onset strength has around each frame.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::transform::FrameTransform;
use crate::rhythm::onset::onset_envelope;
use crate::whole_track::WholeTrack;
use crate::{
    Complex32, Extractor, FeatureError, Frames, Norm, OnsetStrengthConfig, Spectrogram, StftConfig, Window,
    stft,
};

macro_rules! tempogram_config {
    ($(#[$doc:meta])* $name:ident { $(#[$length_doc:meta])* win_length,
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
            pub sample_rate: u32,
            /// Samples from one frame to the next, in `1..=1048576`. Default 512.
            pub hop_length: usize,
            $(#[$length_doc])*
            pub win_length: usize,
            /// Whether windows are centred at their frame. Default: true.
            pub center: bool,
            /// The taper. Default: Hann.
            pub window: Window,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                let OnsetStrengthConfig { sample_rate, hop_length, .. } = OnsetStrengthConfig::default();
                Self {
                    sample_rate,
                    hop_length,
                    win_length: 384,
                    center: true,
                    window: Window::Hann,
                    $($field: $value,)*
                }
            }
        }

        impl $name {
            fn onset(&self) -> OnsetStrengthConfig {
                OnsetStrengthConfig {
                    sample_rate: self.sample_rate,
                    hop_length: self.hop_length,
                    ..OnsetStrengthConfig::default()
                }
            }
        }
    };
}

tempogram_config! {
    /// Settings of the autocorrelation tempogram; the defaults are librosa's, at 16 kHz.
    TempogramConfig {
        /// Frames under the window, which is the number of lags, in `2..=65536`. Default 384.
        win_length,
        /// Norm to which each frame is scaled. Default: the largest value, which is that of lag 0.
        norm: Norm = Norm::Inf,
    }
}

tempogram_config! {
    /// Settings of the Fourier tempogram; the defaults are librosa's, at 16 kHz.
    FourierTempogramConfig {
        /// Frames under the window, in `2..=65536`. Default 384.
        win_length,
    }
}

impl Feature for TempogramConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.onset().validate()?;
        self.window.validate()?;
        check_range("win_length", self.win_length, 2, 65_536)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        self.win_length
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        let n = self.onset().n_frames(n_samples);
        if self.center { n } else { (n + 1).saturating_sub(self.win_length) }
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        Ok(Box::new(WholeTrack::new(move |samples| {
            tempogram_frames(&onset_envelope(samples, &config.onset())?, &config)
        })))
    }
}

impl Feature for FourierTempogramConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.onset().validate()?;
        self.window.validate()?;
        check_range("win_length", self.win_length, 2, 65_536)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        self.win_length / 2 + 1
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.stft().n_frames(self.onset().n_frames(n_samples))
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        Ok(Box::new(WholeTrack::new(move |samples| {
            Ok(fourier_tempogram(samples, &config)?.magnitude().to_frames())
        })))
    }
}

impl FourierTempogramConfig {
    fn stft(&self) -> StftConfig {
        StftConfig {
            n_fft: self.win_length,
            hop_length: 1,
            window: self.window,
            center: self.center,
            ..StftConfig::default()
        }
    }
}

/// Autocorrelation tempogram of a track: `librosa.feature.tempogram(y=samples, sr=sample_rate, ...)`,
/// `[win_length, n_frames]`.
///
/// As [`tempogram_of`] with the track's onset strength. Row `l` is a lag of `l` frames: a tempo of
/// `60 sample_rate / (hop_length l)` beats per minute.
///
/// Memory: the result, `4 win_length` bytes a frame, and the log-mel spectrogram.
///
/// ```
/// use crooner_features::{TempogramConfig, tempogram};
///
/// let tempogram = tempogram(&[0.0; 16_000], &TempogramConfig::default())?;
/// assert_eq!((tempogram.n_bins(), tempogram.n_frames()), (384, 32));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`](crate::onset_strength); [`FeatureError::Config`] for any setting out of range;
/// [`FeatureError::TooShort`] without `center` for fewer than `win_length` frames.
pub fn tempogram(samples: &[f32], config: &TempogramConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(tempogram_frames(&onset_envelope(samples, &config.onset())?, config)?.to_spectrogram())
}

/// Autocorrelation tempogram of an onset strength: `librosa.feature.tempogram(onset_envelope=..., ...)`.
///
/// `A[l, t] = Σᵢ x[t, i] x[t, i + l]` with `x[t, i] = w[i] · o[t + i - win_length / 2]`, scaled to the norm. The envelope is
/// continued at both ends by a line down to 0 over half a window.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Sample`] for a value that is not usable,
/// [`FeatureError::NoSamples`] and [`FeatureError::TooShort`] for an envelope without a frame.
pub fn tempogram_of(envelope: &[f32], config: &TempogramConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(tempogram_frames(envelope, config)?.to_spectrogram())
}

pub(crate) fn tempogram_frames(envelope: &[f32], config: &TempogramConfig) -> Result<Frames, FeatureError> {
    crate::whole_track::check_samples(envelope)?;
    let length = config.win_length;
    let n = envelope.len();
    if !config.center && n < length {
        return Err(FeatureError::TooShort { n_samples: n, n_fft: length });
    }
    let padding = if config.center { length / 2 } else { 0 };
    let ramp = |end: f32, i: usize| (f64::from(end) * i as f64 / padding as f64) as f32;
    let mut padded: Vec<f32> = (0..padding).map(|i| ramp(envelope[0], i)).collect();
    padded.extend_from_slice(envelope);
    padded.extend((0..padding).rev().map(|i| ramp(envelope[n - 1], i)));
    let n_frames = (padded.len() + 1 - length).min(n);

    let n_fft = fast_even_length(2 * length - 1);
    let mut window = vec![0.0; n_fft];
    for (slot, coefficient) in window.iter_mut().zip(config.window.coefficients(length)) {
        *slot = coefficient as f32;
    }
    let mut forward = FrameTransform::with_window(window);
    let mut back = FrameTransform::with_window(vec![1.0; n_fft]);
    let mut frame = vec![0.0; n_fft];
    let mut power = vec![0.0; n_fft];
    let mut correlation = vec![0.0; n_fft / 2 + 1];
    let mut values = Vec::with_capacity(n_frames * length);
    for t in 0..n_frames {
        frame[..length].copy_from_slice(&padded[t..][..length]);
        forward.power(&frame, &mut power);
        // The power of a real signal is even, so its inverse transform is the forward one.
        let (low, high) = power.split_at_mut(n_fft / 2 + 1);
        for (to, from) in high.iter_mut().rev().zip(&low[1..]) {
            *to = *from;
        }
        back.real(&power, &mut correlation);
        let start = values.len();
        values.extend(correlation[..length].iter().map(|value| value / n_fft as f32));
        config.norm.apply(&mut values[start..]);
    }
    Ok(Frames::from_parts(length, values))
}

/// The smallest even number of at least `least` without a prime factor above 5.
pub(crate) fn fast_even_length(least: usize) -> usize {
    let is_fast = |&n: &usize| {
        let mut rest = n;
        for prime in [2, 3, 5] {
            while rest.is_multiple_of(prime) {
                rest /= prime;
            }
        }
        rest == 1
    };
    (least.next_multiple_of(2)..).step_by(2).find(is_fast).unwrap_or(least.next_power_of_two())
}

/// Fourier tempogram of a track: `librosa.feature.fourier_tempogram(y=samples, sr=sample_rate, ...)`, complex,
/// `[win_length / 2 + 1, n_frames]`.
///
/// The short-time Fourier transform of the onset strength with a hop of one frame; centred, it has one frame more. Row `k`
/// is a tempo of `60 k sample_rate / (hop_length win_length)` beats per minute.
///
/// ```
/// use crooner_features::{FourierTempogramConfig, fourier_tempo_frequencies, fourier_tempogram};
///
/// // Ten seconds of clicks, 120 a minute.
/// let mut clicks = vec![0.0f32; 160_000];
/// clicks.iter_mut().step_by(8_000).for_each(|click| *click = 1.0);
/// let config = FourierTempogramConfig::default();
/// let tempogram = fourier_tempogram(&clicks, &config)?;
/// let tempi = fourier_tempo_frequencies(config.sample_rate, config.win_length, config.hop_length);
/// let strength = |row: &usize| tempogram.bin(*row)[150].norm();
/// // Up to 190 a minute, for the pulses at twice the tempo are as strong.
/// let strongest = (10..40).max_by(|a, b| strength(a).total_cmp(&strength(b))).unwrap_or(0);
/// assert!((tempi[strongest] - 120.0).abs() < 5.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`](crate::onset_strength) and [`stft`](crate::stft).
pub fn fourier_tempogram(
    samples: &[f32],
    config: &FourierTempogramConfig,
) -> Result<Spectrogram<Complex32>, FeatureError> {
    config.validate()?;
    stft(&onset_envelope(samples, &config.onset())?, &config.stft())
}
