//! Per-channel energy normalisation.

use crate::error::{check_range, decimal};
use crate::feature::Feature;
use crate::fourier::framed::{Compute, FrameByFrame, framed_answers, mel_framed_config};
use crate::mel::bands::MelTransform;
use crate::scales::decibel::check_not_negative;
use crate::{Extractor, FeatureConfig, FeatureError, Spectrogram};

/// By what mel power is multiplied, so that samples in ±1 sound like 32-bit integers: `2³¹`.
const GAIN_OF_INTEGERS: f64 = 2_147_483_648.0;

/// How energy is normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct PcenConfig {
    /// Exponent of the gain control, in `0..=10`. Default 0.98.
    pub gain: f32,
    /// Added before compression, in `0..=1e6`. Default 2.
    pub bias: f32,
    /// Exponent of the compression, in `0..=10`; 0 for a logarithm. Default 0.5.
    pub power: f32,
    /// Seconds over which energy is averaged, in `1e-6..=1e6`. Default 0.4.
    pub time_constant: f32,
    /// Keeps silence from dividing by zero, in `1e-30..=1e6`. Default 1e-6.
    pub eps: f32,
    /// Weight of the newest frame in the average, in `0..=1`. Default: derived from `time_constant`.
    pub b: Option<f32>,
    /// Bins over which the largest energy is taken before it is averaged, in `1..=1001`. Default 1.
    pub max_size: usize,
}

impl Default for PcenConfig {
    fn default() -> Self {
        Self { gain: 0.98, bias: 2.0, power: 0.5, time_constant: 0.4, eps: 1e-6, b: None, max_size: 1 }
    }
}

impl PcenConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        check_range("gain", self.gain, 0.0, 10.0)?;
        check_range("bias", self.bias, 0.0, 1e6)?;
        check_range("power", self.power, 0.0, 10.0)?;
        check_range("time_constant", self.time_constant, 1e-6, 1e6)?;
        check_range("eps", self.eps, 1e-30, 1e6)?;
        check_range("b", self.b.unwrap_or(0.0), 0.0, 1.0)?;
        check_range("max_size", self.max_size, 1, 1001)
    }

    /// Weight of the newest frame: that given, or `(√(1 + 4T²) - 1) / 2T²` for `T` frames a `time_constant`.
    fn smoothing(&self, sample_rate: u32, hop_length: usize) -> f64 {
        let frames = decimal(self.time_constant) * f64::from(sample_rate) / hop_length as f64;
        let derived = || ((1.0 + 4.0 * frames * frames).sqrt() - 1.0) / (2.0 * frames * frames);
        self.b.map_or_else(derived, decimal)
    }
}

/// Normalises one frame after another; holds one average per bin.
struct Normaliser {
    gain: f64,
    bias: f64,
    power: f64,
    eps: f64,
    max_size: usize,
    smoothing: f64,
    averages: Vec<f64>,
    is_first: bool,
}

impl Normaliser {
    fn new(config: &PcenConfig, smoothing: f64, n_bins: usize) -> Self {
        Self {
            gain: decimal(config.gain),
            bias: decimal(config.bias),
            power: decimal(config.power),
            eps: decimal(config.eps),
            max_size: config.max_size,
            smoothing,
            averages: vec![0.0; n_bins],
            is_first: true,
        }
    }

    /// `energies` times `scale`, normalised, into `out`.
    fn frame(&mut self, energies: &[f32], scale: f64, out: &mut [f32]) {
        let Self { gain, bias, power, eps, max_size, .. } = *self;
        let bias_powered = bias.powf(power);
        for (bin, (average, out)) in self.averages.iter_mut().zip(out).enumerate() {
            // SciPy's `maximum_filter1d`: what surrounds the ends repeats what is inside.
            let around = bin.saturating_sub(max_size / 2)..(bin + max_size.div_ceil(2)).min(energies.len());
            let largest = energies[around].iter().copied().fold(0.0, f32::max);
            // The filter starts as after endless frames of energy 1, times the weight of what came before.
            let before = if self.is_first { 1.0 } else { *average };
            *average = self.smoothing * (scale * f64::from(largest)) + (1.0 - self.smoothing) * before;
            // librosa adds in the logarithm; the sum is the same.
            let smooth = (-gain * (eps + *average).ln()).exp();
            let energy = scale * f64::from(energies[bin]);
            *out = if power == 0.0 {
                (energy * smooth).ln_1p()
            } else if bias == 0.0 {
                (energy * smooth).powf(power)
            } else if power == 0.5 {
                // The default: `√(x + b) - √b` without its cancellation.
                let x = energy * smooth;
                x / ((x + bias).sqrt() + bias_powered)
            } else {
                bias_powered * (power * (energy * smooth / bias).ln_1p()).exp_m1()
            } as f32;
        }
        self.is_first = false;
    }

    fn reset(&mut self) {
        self.is_first = true;
    }
}

/// Per-channel energy normalisation of a spectrogram, of its shape: `librosa.pcen(S, sr=sample_rate, ...)`.
///
/// With `M[t] = (1 - b) M[t-1] + b S[t]` the average energy of a bin, from `M[-1] = 1` on,
///
/// `(S / (eps + M)^gain + bias)^power - bias^power`.
///
/// After Wang et al. (ICASSP 2017) and Lostanlen et al. (2019).
///
/// ```
/// use crooner_features::{PcenConfig, Spectrogram, pcen};
///
/// // A steady level fades as the average catches up with it.
/// let steady = Spectrogram::new(1, 200, vec![1e6; 200])?;
/// let normalised = pcen(&steady, 22_050, 512, &PcenConfig::default())?;
/// assert!(normalised.values()[0] > 2.0 * normalised.values()[199]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Value`] for an energy that is NaN, infinite or
/// negative.
pub fn pcen(
    energies: &Spectrogram,
    sample_rate: u32,
    hop_length: usize,
    config: &PcenConfig,
) -> Result<Spectrogram, FeatureError> {
    check_range("sample_rate", sample_rate, 1000, 768_000)?;
    check_range("hop_length", hop_length, 1, crate::fourier::stft::MAX_LENGTH)?;
    config.validate()?;
    check_not_negative(energies)?;
    let n_bins = energies.n_bins();
    let mut normaliser = Normaliser::new(config, config.smoothing(sample_rate, hop_length), n_bins);
    let mut frames = energies.to_frames();
    let mut frame = vec![0.0; n_bins];
    for values in frames.values_mut().chunks_exact_mut(n_bins.max(1)) {
        normaliser.frame(values, 1.0, &mut frame);
        values.copy_from_slice(&frame);
    }
    Ok(frames.to_spectrogram())
}

mel_framed_config! {
    /// Settings of per-channel energy normalisation of a mel spectrogram; the defaults are librosa's, at 16 kHz:
    /// `librosa.pcen(librosa.feature.melspectrogram(y=y, sr=sample_rate) * 2**31, sr=sample_rate)`.
    PcenMelConfig {
        /// Exponent of the magnitudes that make mel bands, in `0.1..=10`. Default 2: power.
        mel_power: f32 = 2.0,
        /// Exponent of the gain control, in `0..=10`. Default 0.98.
        gain: f32 = 0.98,
        /// Added before compression, in `0..=1e6`. Default 2.
        bias: f32 = 2.0,
        /// Exponent of the compression, in `0..=10`; 0 for a logarithm. Default 0.5.
        power: f32 = 0.5,
        /// Seconds over which energy is averaged, in `1e-6..=1e6`. Default 0.4.
        time_constant: f32 = 0.4,
        /// Keeps silence from dividing by zero, in `1e-30..=1e6`. Default 1e-6.
        eps: f32 = 1e-6,
        /// Weight of the newest frame in the average, in `0..=1`. Default: derived from `time_constant`.
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<f32> = None,
        /// Bins over which the largest energy is taken before it is averaged, in `1..=1001`. Default 1.
        max_size: usize = 1,
    }
}

impl PcenMelConfig {
    /// The part that normalises.
    #[must_use]
    pub fn pcen(&self) -> PcenConfig {
        PcenConfig {
            gain: self.gain,
            bias: self.bias,
            power: self.power,
            time_constant: self.time_constant,
            eps: self.eps,
            b: self.b,
            max_size: self.max_size,
        }
    }
}

struct PcenOfMel {
    // In `f64`: what is quiet beside the loudest bin is amplified.
    mel: MelTransform<f64>,
    mel_power: f32,
    bands: Vec<f32>,
    normaliser: Normaliser,
}

impl Compute for PcenOfMel {
    fn frame(&mut self, samples: &[f32], out: &mut [f32]) {
        self.mel.apply_powered(samples, self.mel_power, &mut self.bands);
        self.normaliser.frame(&self.bands, GAIN_OF_INTEGERS, out);
    }

    fn reset(&mut self) {
        self.normaliser.reset();
    }
}

impl Feature for PcenMelConfig {
    framed_answers!();

    fn validate(&self) -> Result<(), FeatureError> {
        self.stft().validate()?;
        self.mel().validate(self.sample_rate)?;
        check_range("mel_power", self.mel_power, 0.1, 10.0)?;
        self.pcen().validate()
    }

    fn n_bins(&self) -> usize {
        self.n_mels
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (stft, pcen) = (self.stft(), self.pcen());
        let compute = PcenOfMel {
            mel: MelTransform::new(self.sample_rate, &stft, &self.mel())?,
            mel_power: self.mel_power,
            bands: vec![0.0; self.n_mels],
            normaliser: Normaliser::new(
                &pcen,
                pcen.smoothing(self.sample_rate, self.hop_length),
                self.n_mels,
            ),
        };
        Ok(Box::new(FrameByFrame::new(&stft, self.n_mels, compute)))
    }
}

/// Per-channel energy normalisation of a track's mel spectrogram, `[n_mels, n_frames]`; see [`pcen`] and
/// [`PcenMelConfig`].
///
/// `librosa.pcen(librosa.feature.melspectrogram(y=y, sr=sample_rate, ...) * 2**31, sr=sample_rate, ...)`.
///
/// ```
/// use crooner_features::{PcenMelConfig, pcen_mel};
///
/// // The gain of each band follows it: 20 dB in level make less than 1 dB in a steady tone.
/// let tone = |amplitude: f32| -> Vec<f32> {
///     (0..48_000).map(|i| amplitude * (std::f32::consts::TAU * 1_000.0 * i as f32 / 16_000.0).sin()).collect()
/// };
/// let loud = pcen_mel(&tone(0.5), &PcenMelConfig::default())?;
/// let soft = pcen_mel(&tone(0.05), &PcenMelConfig::default())?;
/// assert_eq!((loud.n_bins(), loud.n_frames()), (128, 94));
/// let loudest = (0..128).max_by(|&a, &b| loud.bin(a)[80].total_cmp(&loud.bin(b)[80])).unwrap_or(0);
/// assert!((20.0 * (loud.bin(loudest)[80] / soft.bin(loudest)[80]).log10()).abs() < 1.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for a setting out of range.
pub fn pcen_mel(samples: &[f32], config: &PcenMelConfig) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::Pcen(config.clone()).frames(samples)?.to_spectrogram())
}
