//! Constant-Q magnitudes out of a single Fourier transform, alone and mixed with the full transform.

use serde::{Deserialize, Serialize};

use super::config::Settings;
use super::wavelet::Basis;
use super::{Analyser, CqtConfig};
use crate::feature::Feature;
use crate::fourier::transform::FrameTransform;
use crate::whole_track::{Padded, WholeTrack, dot};
use crate::{Extractor, FeatureError, Frames, Spectrogram, Tuning, Window};

macro_rules! magnitude_config {
    ($(#[$doc:meta])* $name:ident, $frames:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub CqtConfig);

        impl Feature for $name {
            fn validate(&self) -> Result<(), FeatureError> {
                self.0.validate()
            }

            fn sample_rate(&self) -> u32 {
                self.0.sample_rate()
            }

            fn n_bins(&self) -> usize {
                self.0.n_bins()
            }

            fn hop_length(&self) -> usize {
                self.0.hop_length()
            }

            fn n_frames(&self, n_samples: usize) -> usize {
                self.0.n_frames(n_samples)
            }

            fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
                self.validate()?;
                let config = self.0.clone();
                Ok(Box::new(WholeTrack::new(move |samples| $frames(samples, &config))))
            }
        }
    };
}

magnitude_config! {
    /// Settings of [`pseudo_cqt`] as a feature: those of the constant-Q transform.
    PseudoCqtConfig, pseudo
}

magnitude_config! {
    /// Settings of [`hybrid_cqt`] as a feature: those of the constant-Q transform.
    HybridCqtConfig, hybrid
}

/// Magnitudes like those of [`cqt`](crate::cqt) without phase, from one short-time Fourier transform:
/// `librosa.pseudo_cqt(y=samples, sr=sample_rate, ...)`, `[n_bins, n_frames]`.
///
/// `|B| · |X|`, with `X` the transform of Hann-windowed frames and `B` the spectra of the filters; over `√n_fft`, or
/// without `scale` times `√(N[k] / n_fft)`. Every frame is as long as the longest filter: low bins make it slow.
///
/// ```
/// use crooner_features::{CqtConfig, pseudo_cqt};
///
/// let config = CqtConfig { f_min_hz: Some(261.63), n_bins: 48, ..CqtConfig::default() };
/// assert_eq!(pseudo_cqt(&[0.1; 4000], &config)?.n_bins(), 48);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`cqt`](crate::cqt).
pub fn pseudo_cqt(samples: &[f32], config: &CqtConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(pseudo(samples, config)?.to_spectrogram())
}

/// As [`pseudo_cqt`], for valid settings.
pub(crate) fn pseudo(samples: &[f32], config: &CqtConfig) -> Result<Frames, FeatureError> {
    let settings = config.settings();
    let tuning = settings.tuning_of(samples)?;
    let mut frames =
        Frames::from_parts(settings.n_bins, vec![0.0; settings.n_bins * settings.n_frames(samples.len())]);
    fill(samples, &settings, tuning, 0, &mut frames);
    Ok(frames)
}

/// Magnitudes of [`pseudo_cqt`] for the bins whose filters are shorter than two hops, of [`cqt`](crate::cqt) for the
/// others: `librosa.hybrid_cqt(y=samples, sr=sample_rate, ...)`, `[n_bins, n_frames]`.
///
/// ```
/// use crooner_features::{CqtConfig, hybrid_cqt};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let transform = hybrid_cqt(&a4, &CqtConfig::default())?;
/// // From C1 on it is 45 semitones to A4.
/// let loudest = (0..transform.n_bins()).max_by(|&a, &b| transform.bin(a)[16].total_cmp(&transform.bin(b)[16]));
/// assert_eq!(loudest, Some(45));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`cqt`](crate::cqt).
pub fn hybrid_cqt(samples: &[f32], config: &CqtConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(hybrid(samples, config)?.to_spectrogram())
}

/// As [`hybrid_cqt`], for valid settings.
pub(crate) fn hybrid(samples: &[f32], config: &CqtConfig) -> Result<Frames, FeatureError> {
    let settings = config.settings();
    let tuning = settings.tuning_of(samples)?;
    let layout = settings.layout(tuning);
    let is_short = |length: &f64| length.log2().ceil().exp2() < 2.0 * settings.hop_length as f64;
    // Filters shorten with frequency.
    let n_full = layout.lengths.lengths.partition_point(|length| !is_short(length));
    let n_frames = settings.n_frames(samples.len());
    let mut frames = Frames::from_parts(settings.n_bins, vec![0.0; settings.n_bins * n_frames]);
    if n_full < settings.n_bins {
        fill(samples, &settings, tuning, n_full, &mut frames);
    }
    if n_full > 0 {
        // The tuning moves the lowest frequency, once.
        let f_min_hz = layout.frequencies_hz[0];
        let low = Settings { n_bins: n_full, f_min_hz, tuning: Tuning::Bins(0.0), ..settings.clone() };
        let full = Analyser::new(low).magnitude(samples)?;
        for (to, from) in
            frames.values_mut().chunks_exact_mut(settings.n_bins).zip(full.values().chunks_exact(n_full))
        {
            to[..n_full].copy_from_slice(from);
        }
    }
    Ok(frames)
}

/// Fills the bins from `first_bin` on.
fn fill(samples: &[f32], settings: &Settings, tuning: f64, first_bin: usize, frames: &mut Frames) {
    let all = settings.layout(tuning);
    let part = Settings {
        f_min_hz: all.frequencies_hz[first_bin],
        n_bins: settings.n_bins - first_bin,
        ..settings.clone()
    };
    let layout = part.layout(0.0);
    let rate = f64::from(settings.sample_rate);
    let least_n_fft = 2 * settings.hop_length.next_power_of_two();
    let lengths = &layout.lengths.lengths;
    let basis = Basis::new(&layout.frequencies_hz, lengths, rate, settings.design, least_n_fft, 1.0);
    let n_fft = basis.n_fft;
    let gain = |length: f64| (if settings.scale { 1.0 } else { length }) / n_fft as f64;
    let rows: Vec<(usize, Vec<f32>)> = basis
        .rows
        .iter()
        .zip(lengths)
        .map(|(row, &length)| {
            let gain = gain(length).sqrt() as f32;
            (row.first_bin, row.weights.iter().map(|weight| gain * weight.norm()).collect())
        })
        .collect();
    let mut transform = FrameTransform::with_window(Window::Hann.centred(n_fft, n_fft));
    let mut track = Padded::new(samples, n_fft / 2, settings.pad_mode);
    let mut magnitudes = vec![0.0; n_fft / 2 + 1];
    for (t, frame) in frames.values_mut().chunks_exact_mut(settings.n_bins).enumerate() {
        transform.magnitude(track.frame(t * settings.hop_length, n_fft), &mut magnitudes);
        for (bin, (first, weights)) in frame[first_bin..].iter_mut().zip(&rows) {
            *bin = dot(weights, &magnitudes[*first..]);
        }
    }
}
