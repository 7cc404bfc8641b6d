//! Spectrograms whose energy is moved to where it is.

use rustfft::num_complex::Complex64;

use crate::error::check_range;
use crate::framing::Framer;
use crate::wide::WideTransform;
use crate::{FeatureError, Spectrogram, StftConfig};

/// Settings of reassignment; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq)]
pub struct ReassignedConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// How the track is cut into frames. Default: librosa's.
    pub stft: StftConfig,
    /// Where the power is below this, frequency and time are NaN, since there is nothing to move; at least 0. Default 1e-6.
    pub ref_power: f32,
    /// Whether the frequency of the bin and the time of the frame stand in place of NaN. Default: false.
    pub fill_nan: bool,
    /// Whether frequencies are held within `0..=sample_rate / 2` and times within the track. Default: true.
    pub clip: bool,
}

impl Default for ReassignedConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            stft: StftConfig::default(),
            ref_power: 1e-6,
            fill_nan: false,
            clip: true,
        }
    }
}

impl ReassignedConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
        self.stft.validate()?;
        check_range("ref_power", self.ref_power, 0.0, f32::MAX)
    }
}

/// A reassigned spectrogram: for each bin of each frame, where its energy is. All are `[n_fft / 2 + 1, n_frames]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reassigned {
    /// Frequency in Hz.
    pub frequencies_hz: Spectrogram<f64>,
    /// Time in seconds.
    pub times_s: Spectrogram<f64>,
    /// Magnitude.
    pub magnitudes: Spectrogram,
}

/// Reassigned spectrogram of a track: `librosa.reassigned_spectrogram(samples, sr=sample_rate, ...)`. After Flandrin, Auger
/// and Chassande-Mottin, *Time-frequency reassignment* (2002), equations 5.20 and 5.23.
///
/// With `X` the [`stft`](crate::stft) under the window `w`, `D` that under its cyclic derivative `(w[i+1] - w[i-1]) / 2` and
/// `T` that under `w[i] · (i - (n_fft - 1) / 2)`, bin `k` of frame `t` is moved to
///
/// `f = k sample_rate / n_fft - Im(D / X) · sample_rate / 2π` Hz and `t hop_length / sample_rate + Re(T / X) / sample_rate` seconds
///
/// (half a frame later without `center`). Computed in `f64`: where there is little energy the quotients magnify every error.
///
/// Memory: the result, 20 bytes a bin and frame.
///
/// ```
/// use crooner_features::{ReassignedConfig, reassigned_spectrogram};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 1003.0 * i as f32 / 16_000.0).sin()).collect();
/// let reassigned = reassigned_spectrogram(&tone, &ReassignedConfig::default())?;
/// // Bin 128 is 1000 Hz, the next 1007.8 Hz: the tone lies between.
/// assert!((reassigned.frequencies_hz.bin(128)[16] - 1003.0).abs() < 0.1);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for any setting out of range.
pub fn reassigned_spectrogram(
    samples: &[f32],
    config: &ReassignedConfig,
) -> Result<Reassigned, FeatureError> {
    config.validate()?;
    let stft = &config.stft;
    let (n_bins, n_frames) = (stft.n_bins(), stft.n_frames(samples.len()));
    let rate = f64::from(config.sample_rate);
    let mut transforms = Transforms::new(stft);
    let mut frequencies = vec![0.0; n_bins * n_frames];
    let mut times = frequencies.clone();
    let mut magnitudes = vec![0.0; n_bins * n_frames];

    let hz_per_bin = rate / stft.n_fft as f64;
    let hz_per_radian = rate / std::f64::consts::TAU;
    let start = if stft.center { 0 } else { stft.n_fft / 2 };
    let least = f64::from(config.ref_power).sqrt();
    let end_s = samples.len() as f64 / rate;
    let mut on_spectra = |frame: usize, spectra: [Complex64; 3], bin: usize| {
        let [x, derivative, weighted] = spectra;
        let magnitude = x.norm();
        let (bin_hz, frame_s) = (bin as f64 * hz_per_bin, (frame * stft.hop_length + start) as f64 / rate);
        let (mut hz, mut s) = if magnitude < least {
            (f64::NAN, f64::NAN)
        } else {
            (bin_hz - (derivative / x).im * hz_per_radian, frame_s + (weighted / x).re / rate)
        };
        if config.fill_nan {
            hz = if hz.is_nan() { bin_hz } else { hz };
            s = if s.is_nan() { frame_s } else { s };
        }
        if config.clip {
            hz = hz.clamp(0.0, rate / 2.0);
            s = s.clamp(0.0, end_s);
        }
        let place = bin * n_frames + frame;
        (frequencies[place], times[place], magnitudes[place]) = (hz, s, magnitude as f32);
    };

    let mut waiting: Vec<f32> = Vec::new();
    let mut n_done = 0;
    let mut on_frame = |frame: &[f32]| {
        if waiting.is_empty() {
            waiting.extend_from_slice(frame);
        } else {
            transforms.apply(&waiting, Some(frame));
            for bin in 0..n_bins {
                let [first, second] = transforms.at(bin);
                on_spectra(n_done, first, bin);
                on_spectra(n_done + 1, second, bin);
            }
            n_done += 2;
            waiting.clear();
        }
    };
    let mut framer = Framer::new(stft);
    framer.push(samples, &mut on_frame)?;
    framer.finish(&mut on_frame)?;
    if !waiting.is_empty() {
        transforms.apply(&waiting, None);
        for bin in 0..n_bins {
            on_spectra(n_done, transforms.at(bin)[0], bin);
        }
    }
    Ok(Reassigned {
        frequencies_hz: Spectrogram::new(n_bins, n_frames, frequencies)?,
        times_s: Spectrogram::new(n_bins, n_frames, times)?,
        magnitudes: Spectrogram::new(n_bins, n_frames, magnitudes)?,
    })
}

/// The transforms of two frames at once under three windows.
struct Transforms([WideTransform; 3]);

impl Transforms {
    fn new(stft: &StftConfig) -> Self {
        let (n, length) = (stft.n_fft, stft.win_length());
        let mut window = vec![0.0; n];
        let start = (n - length) / 2;
        window[start..start + length].copy_from_slice(&stft.window.coefficients(length));
        let derivative = (0..n).map(|i| (window[(i + 1) % n] - window[(i + n - 1) % n]) / 2.0).collect();
        let middle = (n as f64 - 1.0) / 2.0;
        let weighted = window.iter().enumerate().map(|(i, w)| w * (i as f64 - middle)).collect();
        Self([window, derivative, weighted].map(WideTransform::new))
    }

    fn apply(&mut self, first: &[f32], second: Option<&[f32]>) {
        self.0.iter_mut().for_each(|transform| transform.apply(first, second));
    }

    /// One bin under the three windows, for both frames.
    fn at(&self, bin: usize) -> [[Complex64; 3]; 2] {
        let pairs = self.0.each_ref().map(|transform| transform.at(bin));
        [pairs.map(|pair| pair[0]), pairs.map(|pair| pair[1])]
    }
}
