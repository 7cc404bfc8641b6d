//! From spectra back to samples: the inverse short-time Fourier transform, and Griffin-Lim.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner};
use rustfft::num_complex::{Complex32, Complex64};

use crate::error::check_range;
use crate::fourier::framing::Framer;
use crate::fourier::transform::FrameTransform;
use crate::scales::decibel::check_not_negative;
use crate::{FeatureError, Frames, Spectrogram, StftConfig};

/// Inverse short-time Fourier transform: `librosa.istft(D, n_fft=..., hop_length=..., ..., length=length)`.
///
/// Every frame is transformed back and windowed again, all are added up where they lie, and the sum is divided by that
/// of the squared windows:
///
/// `y[n] = Σₜ w[n - t hop] · xₜ[n - t hop] / Σₜ w²[n - t hop]`.
///
/// That is the track again, wherever a window is not zero (Griffin & Lim 1984); elsewhere it is what was summed.
/// `length` cuts the result or continues it by zeros; without it, the result ends with the last frame, less the padding
/// when centred. `pad_mode` does not matter.
///
/// ```
/// use crooner_features::{StftConfig, istft, stft};
///
/// let y: Vec<f32> = (0..10_000).map(|i| (0.1 * i as f32).sin()).collect();
/// let config = StftConfig { n_fft: 1023, hop_length: 300, ..StftConfig::default() };
/// let back = istft(&stft(&y, &config)?, &config, Some(y.len()))?;
/// assert!(y.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Shape`] for other than `n_fft / 2 + 1` bins,
/// [`FeatureError::NoSamples`] for a spectrum without frames.
pub fn istft(
    spectrum: &Spectrogram<Complex32>,
    config: &StftConfig,
    length: Option<usize>,
) -> Result<Vec<f32>, FeatureError> {
    config.validate()?;
    check_shape(spectrum, config)?;
    Ok(Inverse::new(config).samples(spectrum.to_frames().values(), length))
}

fn check_shape<T>(spectrum: &Spectrogram<T>, config: &StftConfig) -> Result<(), FeatureError> {
    if spectrum.n_bins() != config.n_bins() {
        let expected = format!("n_fft / 2 + 1 = {} bins", config.n_bins());
        return Err(FeatureError::Shape { expected, found: spectrum.n_bins() });
    }
    if spectrum.n_frames() == 0 { Err(FeatureError::NoSamples) } else { Ok(()) }
}

/// Turns frames of spectra into samples, reusing its buffers.
struct Inverse {
    config: StftConfig,
    window: Vec<f64>,
    fft: Arc<dyn ComplexToReal<f64>>,
    bins: Vec<Complex64>,
    frame: Vec<f64>,
    scratch: Vec<Complex64>,
}

impl Inverse {
    fn new(config: &StftConfig) -> Self {
        let fft = RealFftPlanner::new().plan_fft_inverse(config.n_fft);
        Self {
            config: config.clone(),
            window: config.window.centred(config.win_length(), config.n_fft),
            bins: fft.make_input_vec(),
            frame: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Samples of `frames`, one spectrum after another.
    fn samples(&mut self, frames: &[Complex32], length: Option<usize>) -> Vec<f32> {
        let StftConfig { n_fft, hop_length, .. } = self.config;
        let padding = self.config.padding();
        let n_bins = self.config.n_bins();
        // Frames that start after the last sample asked for do not matter.
        let wanted = length.map_or(usize::MAX, |length| (length + 2 * padding).div_ceil(hop_length).max(1));
        let n_frames = (frames.len() / n_bins).min(wanted);
        let n_summed = n_fft + hop_length * (n_frames - 1);
        let (mut sum, mut squares) = (vec![0.0f64; n_summed], vec![0.0f64; n_summed]);
        let scale = 1.0 / n_fft as f64;
        for (t, spectrum) in frames.chunks_exact(n_bins).take(n_frames).enumerate() {
            for (bin, value) in self.bins.iter_mut().zip(spectrum) {
                *bin = Complex64::new(value.re.into(), value.im.into());
            }
            // Parts that a real signal cannot have.
            self.bins[0].im = 0.0;
            if n_fft.is_multiple_of(2) {
                self.bins[n_fft / 2].im = 0.0;
            }
            let transformed =
                self.fft.process_with_scratch(&mut self.bins, &mut self.frame, &mut self.scratch);
            debug_assert!(transformed.is_ok(), "buffers of the transform's own making");
            let start = t * hop_length;
            let sums = sum[start..].iter_mut().zip(&mut squares[start..]);
            for ((sum, square), (x, w)) in sums.zip(self.frame.iter().zip(&self.window)) {
                *sum += scale * x * w;
                *square += w * w;
            }
        }
        let n_samples = length.unwrap_or(n_summed.saturating_sub(2 * padding));
        let divided = sum.iter().zip(&squares).skip(padding).map(|(sum, &square)| {
            // librosa leaves sums alone where the windows' are below the smallest normal `f32`.
            (if square > f64::from(f32::MIN_POSITIVE) { sum / square } else { *sum }) as f32
        });
        let mut samples: Vec<f32> = divided.take(n_samples).collect();
        samples.resize(n_samples, 0.0);
        samples
    }
}

/// Which phases Griffin-Lim starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialPhase {
    /// Random ones; the same for the same seed. (librosa's generator is another.)
    Random(u64),
    /// All 0: `init=None`.
    Zero,
}

/// How phases are found.
#[derive(Debug, Clone, PartialEq)]
pub struct GriffinLimConfig {
    /// The transform whose magnitudes are given.
    pub stft: StftConfig,
    /// Number of rounds, in `0..=10000`. Default 32.
    pub n_iter: usize,
    /// Weight of the round before, in `0..=10`; above 1 it may diverge. Default 0.99.
    pub momentum: f32,
    /// Where to start. Default: random phases of seed 0.
    pub init: InitialPhase,
}

impl Default for GriffinLimConfig {
    fn default() -> Self {
        Self { stft: StftConfig::default(), n_iter: 32, momentum: 0.99, init: InitialPhase::Random(0) }
    }
}

/// Samples whose magnitude spectrogram is near `magnitude`: `librosa.griffinlim(S, ...)`.
///
/// Every round turns the spectrogram into samples and back, and keeps the phases that come of it, pushed on by
/// `momentum` (Perraudin, Balazs & Søndergaard 2013):
///
/// `C[i] = stft(istft(S · P[i]))`, `P[i+1] = phase(C[i] - m / (1 + m) · C[i-1])`.
///
/// ```
/// use crooner_features::{GriffinLimConfig, StftConfig, griffin_lim, stft};
///
/// let y: Vec<f32> = (0..16_000).map(|i| 0.5 * (0.2 * i as f32).sin()).collect();
/// let magnitude = stft(&y, &StftConfig::default())?.magnitude();
/// let back = griffin_lim(&magnitude, &GriffinLimConfig::default(), None)?;
/// let again = stft(&back, &StftConfig::default())?.magnitude();
/// let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
/// let zero = vec![0.0; magnitude.values().len()];
/// assert!(distance(again.values(), magnitude.values()) < 0.2 * distance(&zero, magnitude.values()));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, or a `length` that has not as many frames as `magnitude`;
/// [`FeatureError::Shape`] and [`FeatureError::NoSamples`] as [`istft`]; [`FeatureError::Value`] for a magnitude that is
/// NaN, infinite or negative.
pub fn griffin_lim(
    magnitude: &Spectrogram,
    config: &GriffinLimConfig,
    length: Option<usize>,
) -> Result<Vec<f32>, FeatureError> {
    let GriffinLimConfig { stft, n_iter, momentum, init } = config;
    stft.validate()?;
    check_range("n_iter", *n_iter, 0, 10_000)?;
    check_range("momentum", *momentum, 0.0, 10.0)?;
    check_shape(magnitude, stft)?;
    check_not_negative(magnitude)?;
    if let Some(length) = length
        && stft.n_frames(length) != magnitude.n_frames()
    {
        let expected = format!("a number of samples that has {} frames", magnitude.n_frames());
        return Err(FeatureError::config("length", expected, length));
    }
    let magnitudes: Frames = magnitude.to_frames();
    let magnitudes = magnitudes.values();
    let mut spectra: Vec<Complex32> = match *init {
        InitialPhase::Zero => magnitudes.iter().map(|&s| Complex32::new(s, 0.0)).collect(),
        InitialPhase::Random(seed) => {
            let mut phases = Phases(seed);
            magnitudes.iter().map(|&s| phases.next_phasor() * s).collect()
        }
    };
    let mut inverse = Inverse::new(stft);
    let mut forward = FrameTransform::<f64>::new(stft);
    let (mut rebuilt, mut before) = (Vec::new(), Vec::<Complex32>::new());
    let push = momentum / (1.0 + momentum);
    for _ in 0..*n_iter {
        let samples = inverse.samples(&spectra, length);
        transform(&samples, stft, &mut forward, &mut rebuilt)?;
        for (i, (spectrum, &s)) in spectra.iter_mut().zip(magnitudes).enumerate() {
            let mut value = rebuilt[i];
            if let Some(before) = before.get(i) {
                value -= before * push;
            }
            *spectrum = value / (value.norm() + f32::MIN_POSITIVE) * s;
        }
        std::mem::swap(&mut rebuilt, &mut before);
    }
    Ok(inverse.samples(&spectra, length))
}

/// The spectra of a track, one after another, into `spectra`.
fn transform(
    samples: &[f32],
    config: &StftConfig,
    forward: &mut FrameTransform<f64>,
    spectra: &mut Vec<Complex32>,
) -> Result<(), FeatureError> {
    let n_bins = config.n_bins();
    spectra.resize(config.n_frames(samples.len()) * n_bins, Complex32::default());
    let mut places = spectra.chunks_exact_mut(n_bins);
    let mut on_frame = |frame: &[f32]| {
        if let Some(place) = places.next() {
            forward.each(frame, place, |re, im| Complex32::new(re as f32, im as f32));
        }
    };
    let mut framer = Framer::new(config);
    framer.push(samples, &mut on_frame)?;
    framer.finish(&mut on_frame)
}

/// Points of the unit circle, evenly spread: SplitMix64 (Steele, Lea & Flood 2014).
struct Phases(u64);

impl Phases {
    fn next_phasor(&mut self) -> Complex32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let share = (z >> 11) as f64 / (1u64 << 53) as f64;
        let (sin, cos) = (TAU * share).sin_cos();
        Complex32::new(cos as f32, sin as f32)
    }
}
