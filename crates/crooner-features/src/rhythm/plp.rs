//! Predominant local pulse.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::fourier::transform::FrameTransform;
use crate::rhythm::onset::onset_envelope;
use crate::whole_track::{WholeTrack, check_samples, padded};
use crate::{
    Aggregate, Complex32, Extractor, FeatureError, Frames, OnsetStrengthConfig, PadMode, Spectrogram, Window,
    fourier_tempo_frequencies,
};

/// Settings of the predominant local pulse; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlpConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Frames under the window, even, in `2..=65536`. Default 384.
    pub win_length: usize,
    /// The slowest tempo in beats per minute, in `0..=1e6`. Default 30.
    pub tempo_min: f32,
    /// The fastest tempo in beats per minute, above `tempo_min`, at most 1e6. Default 300.
    pub tempo_max: f32,
}

impl Default for PlpConfig {
    fn default() -> Self {
        let OnsetStrengthConfig { sample_rate, hop_length, .. } = OnsetStrengthConfig::default();
        Self { sample_rate, hop_length, win_length: 384, tempo_min: 30.0, tempo_max: 300.0 }
    }
}

impl PlpConfig {
    fn onset(&self) -> OnsetStrengthConfig {
        OnsetStrengthConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            aggregate: Aggregate::Median,
            ..OnsetStrengthConfig::default()
        }
    }
}

impl Feature for PlpConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.onset().validate()?;
        check_range("win_length", self.win_length, 2, 65_536)?;
        if !self.win_length.is_multiple_of(2) {
            return Err(FeatureError::config("win_length", "even", self.win_length));
        }
        check_range("tempo_min", self.tempo_min, 0.0, 1e6)?;
        if self.tempo_max > self.tempo_min && self.tempo_max <= 1e6 {
            Ok(())
        } else {
            let expected = format!("above tempo_min = {} and at most 1e6", self.tempo_min);
            Err(FeatureError::config("tempo_max", expected, self.tempo_max))
        }
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        1
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.onset().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        Ok(Box::new(WholeTrack::new(move |samples| {
            Ok(Frames::from_parts(1, pulse(&onset_envelope(samples, &config.onset())?, &config)))
        })))
    }
}

/// Predominant local pulse of a track: `librosa.beat.plp(y=samples, sr=sample_rate, ...)`, `[1, n_frames]`, in `0..=1`.
/// After Grosche and Müller, *Extracting predominant local pulse information from music recordings* (2011).
///
/// Around each frame the strongest row of the [`fourier_tempogram`](crate::fourier_tempogram) of the onset strength
/// (median over bands) between `tempo_min` and `tempo_max` says which sinusoid fits best; the sinusoids are added up under
/// their windows, what is negative is dropped, and the whole is divided by its largest value. Maxima are likely beats.
///
/// As in librosa 0.11 a sinusoid whose real part at the window's start is positive is first scaled to length 1, so it hardly
/// counts beside those that are not: NumPy takes 0 for the larger of 0 and a complex number whose real part is negative.
///
/// ```
/// use crooner_features::{PlpConfig, plp};
///
/// // A click every half second: the pulse is highest at a click.
/// let clicks: Vec<f32> = (0..320_000).map(|i| if i % 8000 == 4096 { 1.0 } else { 0.0 }).collect();
/// let pulse = plp(&clicks, &PlpConfig::default())?;
/// assert!(pulse.bin(0)[320..=327].iter().any(|&value| value > 0.9));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`](crate::onset_strength), and [`FeatureError::Config`] for any setting out of range.
pub fn plp(samples: &[f32], config: &PlpConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    plp_of(&onset_envelope(samples, &config.onset())?, config)
}

/// Predominant local pulse of an onset strength, one value a frame: `librosa.beat.plp(onset_envelope=envelope, ...)`.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::NoSamples`] and [`FeatureError::Sample`] for an
/// envelope that is empty or not usable.
pub fn plp_of(envelope: &[f32], config: &PlpConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    check_samples(envelope)?;
    Spectrogram::new(1, envelope.len(), pulse(envelope, config))
}

fn pulse(envelope: &[f32], config: &PlpConfig) -> Vec<f32> {
    let (n, length) = (envelope.len(), config.win_length);
    let bpm = fourier_tempo_frequencies(config.sample_rate, length, config.hop_length);
    let allowed =
        |row: &usize| bpm[*row] >= f64::from(config.tempo_min) && bpm[*row] <= f64::from(config.tempo_max);
    let rows: Vec<usize> = (0..bpm.len()).filter(allowed).collect();
    let window = Window::Hann.coefficients(length);
    let cosines: Vec<f64> = (0..length).map(|i| (TAU * i as f64 / length as f64).cos()).collect();
    let cosine = |phase: usize| cosines[phase % length];
    let sine = |phase: usize| cosines[(phase + 3 * length - length / 4) % length];
    let quarter = length.is_multiple_of(4);

    let track = padded(envelope, length / 2, PadMode::Constant);
    let mut transform = FrameTransform::with_window(Window::Hann.centred(length, length));
    let mut spectrum = vec![Complex32::default(); length / 2 + 1];
    // Sums under the windows, from half a window before the first frame on.
    let mut sums = vec![0.0f64; n + length];
    for t in 0..=n {
        transform.spectrum(&track[t..][..length], &mut spectrum);
        let loudness = |row: usize| (1e6 * spectrum[row].norm()).ln_1p();
        let power = |row: usize| spectrum[row].norm_sqr();
        let strongest = rows.iter().copied().max_by(|&a, &b| power(a).total_cmp(&power(b)));
        let Some(strongest) = strongest.filter(|&row| loudness(row) > 0.0) else { continue };
        // Rows that differ by less than the logarithm resolves are as strong.
        let is_strongest =
            |&row: &usize| power(row) >= 0.999 * power(strongest) && loudness(row) >= loudness(strongest);
        let kept: Vec<usize> = rows.iter().copied().filter(is_strongest).collect();
        // The largest of the kept and the zeros elsewhere, real parts first.
        let largest = kept
            .iter()
            .map(|&row| spectrum[row])
            .fold(Complex32::default(), |a, b| if (b.re, b.im) > (a.re, a.im) { b } else { a });
        let scale = f64::from(f32::MIN_POSITIVE).sqrt() + f64::from(largest.norm());
        for row in kept {
            let (re, im) = (f64::from(spectrum[row].re) / scale, f64::from(spectrum[row].im) / scale);
            let share = if row == 0 || row == length / 2 { 1.0 } else { 2.0 };
            for (i, (sum, w)) in sums[t..].iter_mut().zip(&window).enumerate() {
                let phase = row * i % length;
                let sine = if quarter { sine(phase) } else { (TAU * phase as f64 / length as f64).sin() };
                *sum += w * share * (re * cosine(phase) - im * sine);
            }
        }
    }
    // The windows' squares that lie over each frame.
    let mut squares = vec![0.0; length + 1];
    for (i, w) in window.iter().enumerate() {
        squares[i + 1] = squares[i] + w * w;
    }
    let half = length / 2;
    let overlap = |t: usize| squares[(t + half + 1).min(length)] - squares[(t + half).saturating_sub(n)];
    let mut pulse: Vec<f64> =
        (0..n).map(|t| (sums[t + half] / overlap(t).max(f64::MIN_POSITIVE)).max(0.0)).collect();
    let largest = pulse.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        pulse.iter_mut().for_each(|value| *value /= largest);
    }
    pulse.into_iter().map(|value| value as f32).collect()
}
