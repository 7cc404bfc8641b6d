//! Short-time Fourier transform.

use rustfft::num_complex::Complex32;
use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::fourier::framing::Framer;
use crate::fourier::transform::FrameTransform;
use crate::frames::TILE;
use crate::{FeatureError, Spectrogram, Window};

/// Longest window and hop: 2²⁰ samples, over 20 s at 44.1 kHz.
pub(crate) const MAX_LENGTH: usize = 1 << 20;

/// What stands for the samples before the first and after the last one of a track when frames are centred.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PadMode {
    /// Zeros; librosa's default since 0.10.
    #[default]
    Constant,
    /// The track mirrored about its first and last sample, which are not repeated; torchaudio's default.
    Reflect,
    /// The first sample before the track, the last one after it.
    Edge,
}

/// How a track is cut into frames and each frame transformed.
///
/// ```
/// use crooner_features::StftConfig;
///
/// let config = StftConfig { n_fft: 1024, hop_length: 256, ..StftConfig::default() };
/// assert_eq!(config.n_bins(), 513);
/// assert_eq!(config.n_frames(16_000), 63);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StftConfig {
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub n_fft: usize,
    /// Samples under the window, in `1..=n_fft`, centred in the frame with zeros around. Default: `n_fft`.
    pub win_length: Option<usize>,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// The taper. Default: Hann.
    pub window: Window,
    /// Whether frame `t` is centred at sample `t * hop_length` (it starts there otherwise). Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
}

impl Default for StftConfig {
    fn default() -> Self {
        Self {
            n_fft: 2048,
            win_length: None,
            hop_length: 512,
            window: Window::Hann,
            center: true,
            pad_mode: PadMode::Constant,
        }
    }
}

impl StftConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        check_range("n_fft", self.n_fft, 2, MAX_LENGTH)?;
        check_range("win_length", self.win_length(), 1, self.n_fft)?;
        self.window.validate()?;
        check_range("hop_length", self.hop_length, 1, MAX_LENGTH)
    }

    /// Bins per frame: `n_fft / 2 + 1`, halves rounded down. Bin `k` lies at `k * sample_rate / n_fft` Hz.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Frames of a track of `n_samples`: `1 + (n_samples + 2 pad - n_fft) / hop_length`, rounded down, with
    /// `pad = n_fft / 2` when centred, else 0; 0 for a track too short to have one, or for settings that are not valid.
    #[must_use]
    pub fn n_frames(&self, n_samples: usize) -> usize {
        // When centred, an even `n_fft` is made up for by its padding, and an odd one but for one sample.
        let missing = self.n_fft.saturating_sub(2 * self.padding());
        if n_samples < missing.max(1) {
            return 0;
        }
        (n_samples - missing).checked_div(self.hop_length).map_or(0, |hops| hops.saturating_add(1))
    }

    pub(crate) fn win_length(&self) -> usize {
        self.win_length.unwrap_or(self.n_fft)
    }

    /// Samples invented at either end of a track.
    pub(crate) fn padding(&self) -> usize {
        if self.center { self.n_fft / 2 } else { 0 }
    }
}

/// Short-time Fourier transform of a track: `librosa.stft(y, ...)`, `[n_fft / 2 + 1, n_frames]`.
///
/// `X[k, t] = Σᵢ w[i] · y[t · hop_length + i - pad] · exp(-2πi k i / n_fft)` with `pad = n_fft / 2` when centred, else 0.
///
/// ```
/// use crooner_features::{StftConfig, stft};
///
/// let tone: Vec<f32> = (0..8192).map(|i| (std::f32::consts::TAU * 0.125 * i as f32).sin()).collect();
/// let power = stft(&tone, &StftConfig::default())?.power();
/// assert_eq!((power.n_bins(), power.n_frames()), (1025, 17));
/// // A tone at an eighth of the sample rate fills bin 2048 / 8 with (Σw / 2)² = 512².
/// assert!((power.bin(256)[8] / (512.0 * 512.0) - 1.0).abs() < 1e-3);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Sample`] for a sample that is not usable,
/// [`FeatureError::NoSamples`] or [`FeatureError::TooShort`] for a track without a frame.
pub fn stft(samples: &[f32], config: &StftConfig) -> Result<Spectrogram<Complex32>, FeatureError> {
    config.validate()?;
    let mut transform = FrameTransform::new(config);
    spectrogram_of(samples, config, config.n_bins(), |frame, out| transform.spectrum(frame, out))
}

/// `|X|²` of [`stft`] without ever storing `X`: `numpy.abs(librosa.stft(y, ...)) ** 2`, `[n_fft / 2 + 1, n_frames]`.
///
/// # Errors
/// As [`stft`].
pub fn power_spectrogram(samples: &[f32], config: &StftConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    let mut transform = FrameTransform::new(config);
    spectrogram_of(samples, config, config.n_bins(), |frame, out| transform.power(frame, out))
}

/// The spectrogram whose columns `compute` makes of the frames of a whole track; `config` must be valid.
///
/// Columns are written a tile at a time: one by one, each value would touch a cache line of its own.
pub(crate) fn spectrogram_of<T: Copy + Default>(
    samples: &[f32],
    config: &StftConfig,
    n_bins: usize,
    mut compute: impl FnMut(&[f32], &mut [T]),
) -> Result<Spectrogram<T>, FeatureError> {
    let mut spectrogram = Spectrogram::zeros(n_bins, config.n_frames(samples.len()));
    let mut tile = vec![T::default(); TILE * n_bins];
    let mut n_computed = 0;
    let mut on_frame = |frame: &[f32]| {
        let place = n_computed % TILE;
        compute(frame, &mut tile[place * n_bins..][..n_bins]);
        n_computed += 1;
        if place + 1 == TILE {
            spectrogram.set_frames(n_computed - TILE, &tile);
        }
    };
    let mut framer = Framer::new(config);
    framer.push(samples, &mut on_frame)?;
    framer.finish(&mut on_frame)?;
    let left = n_computed % TILE;
    spectrogram.set_frames(n_computed - left, &tile[..left * n_bins]);
    Ok(spectrogram)
}
