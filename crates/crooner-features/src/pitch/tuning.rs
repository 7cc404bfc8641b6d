//! How far a recording is tuned from A4 = 440 Hz.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::fourier::framing::Framer;
use crate::fourier::transform::FrameTransform;
use crate::{FeatureError, Spectrogram, StftConfig};

/// The deviation from A4 = 440 Hz by which a feature's frequencies are moved: a number of bins, or `"estimate"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    /// Estimated from the track, as librosa does for `tuning=None`.
    Estimate,
    /// This fraction of a bin, in `-1..=1`.
    #[serde(untagged)]
    Bins(f32),
}

impl Tuning {
    pub(crate) fn validate(self) -> Result<(), FeatureError> {
        match self {
            Self::Estimate => Ok(()),
            Self::Bins(bins) => check_range("tuning", bins, -1.0, 1.0),
        }
    }
}

/// Where [`piptrack`] looks for pitches.
#[derive(Debug, Clone, PartialEq)]
pub struct PiptrackConfig {
    /// Lowest pitch in Hz, at least 0. Default 150.
    pub f_min_hz: f32,
    /// Pitches lie below this many Hz, and below half the sample rate; above `f_min_hz`. Default 4000.
    pub f_max_hz: f32,
    /// A peak must exceed this fraction of the frame's largest value; in `0..=1`. Default 0.1.
    pub threshold: f32,
}

impl Default for PiptrackConfig {
    fn default() -> Self {
        Self { f_min_hz: 150.0, f_max_hz: 4000.0, threshold: 0.1 }
    }
}

impl PiptrackConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        check_range("f_min_hz", self.f_min_hz, 0.0, 384_000.0)?;
        check_range("f_max_hz", self.f_max_hz, self.f_min_hz, 384_000.0)?;
        check_range("threshold", self.threshold, 0.0, 1.0)
    }
}

/// Peaks of the frames of a spectrum, interpolated by a parabola through each peak and its neighbours.
struct PeakFinder {
    bins: std::ops::Range<usize>,
    hz_per_bin: f64,
    threshold: f32,
}

/// A peak: its bin, frequency in Hz and magnitude.
struct Peak {
    bin: usize,
    pitch_hz: f32,
    magnitude: f32,
}

impl PeakFinder {
    fn new(sample_rate: u32, n_bins: usize, config: &PiptrackConfig) -> Self {
        let sample_rate = f64::from(sample_rate);
        let hz_per_bin = sample_rate / (2 * n_bins.saturating_sub(1)).max(1) as f64;
        let f_max_hz = f64::from(config.f_max_hz).min(sample_rate / 2.0);
        let below = |hz: f64| ((hz / hz_per_bin).ceil() as usize).clamp(1, n_bins.saturating_sub(1).max(1));
        let bins = below(f64::from(config.f_min_hz))..below(f_max_hz);
        Self { bins, hz_per_bin, threshold: config.threshold }
    }

    fn find(&self, s: &[f32], mut on_peak: impl FnMut(Peak)) {
        let reference = self.threshold * s.iter().copied().fold(0.0, f32::max);
        // A bin at or below the reference counts as 0.
        let gate = |value: f32| if value > reference { value } else { 0.0 };
        for bin in self.bins.clone() {
            let (left, here, right) = (s[bin - 1], s[bin], s[bin + 1]);
            if here > reference && here > gate(left) && here >= gate(right) {
                let curvature = f64::from(left + right) - 2.0 * f64::from(here);
                let slope = f64::from(right - left) / 2.0;
                let shift = if slope.abs() >= curvature.abs() { 0.0 } else { (-slope / curvature) as f32 };
                let pitch_hz = ((bin as f64 + f64::from(shift)) * self.hz_per_bin) as f32;
                let magnitude = here + 0.5 * (0.5 * (right - left)) * shift;
                on_peak(Peak { bin, pitch_hz, magnitude });
            }
        }
    }
}

/// Pitches in Hz and their magnitudes, both `[n_fft / 2 + 1, n_frames]` and 0 where there is no peak:
/// `librosa.piptrack(S=..., sr=sample_rate)`.
///
/// A bin is a peak when it exceeds `threshold` times the largest value of its frame and its lower neighbour and is no
/// smaller than its upper one. With `a`, `b`, `c` the bin between its neighbours, `p = (a - c) / (2 (a - 2b + c))` is the
/// parabola's summit: the pitch lies at bin `k + p` and its magnitude is `b + (c - a) p / 4`.
///
/// `spectrogram` holds magnitudes or powers of the bins of a transform of even length `2 (n_bins - 1)`.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range.
pub fn piptrack(
    spectrogram: &Spectrogram,
    sample_rate: u32,
    config: &PiptrackConfig,
) -> Result<(Spectrogram, Spectrogram), FeatureError> {
    config.validate()?;
    let (n_bins, n_frames) = (spectrogram.n_bins(), spectrogram.n_frames());
    let mut pitches = vec![0.0; n_bins * n_frames];
    let mut magnitudes = pitches.clone();
    let finder = PeakFinder::new(sample_rate, n_bins, config);
    let frames = spectrogram.to_frames();
    for frame in 0..n_frames {
        finder.find(frames.frame(frame), |peak| {
            pitches[peak.bin * n_frames + frame] = peak.pitch_hz;
            magnitudes[peak.bin * n_frames + frame] = peak.magnitude;
        });
    }
    Ok((Spectrogram::new(n_bins, n_frames, pitches)?, Spectrogram::new(n_bins, n_frames, magnitudes)?))
}

/// The deviation of a set of frequencies from A4 = 440 Hz, in fractions of a bin within `-0.5..0.5`, by steps of
/// `resolution`: `librosa.pitch_tuning`.
///
/// The most frequent residual of `bins_per_octave · log2(f / 27.5)` after rounding. Frequencies of 0 and below are left
/// out; without any, the tuning is 0.
///
/// ```
/// let sharp = crooner_features::pitch_tuning(&[440.0 * 1.0098; 9], 0.01, 12)?;
/// assert!((sharp - 0.16).abs() < 1e-12);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] unless `resolution` is in `0.0001..=1` and `bins_per_octave` in `1..=1200`.
pub fn pitch_tuning(
    frequencies_hz: &[f32],
    resolution: f64,
    bins_per_octave: usize,
) -> Result<f64, FeatureError> {
    check_range("resolution", resolution, 1e-4, 1.0)?;
    check_range("bins_per_octave", bins_per_octave, 1, 1200)?;
    let n_steps = (1.0 / resolution).ceil();
    let edge = |i: usize| -0.5 + i as f64 * (1.0 / n_steps);
    let mut counts = vec![0usize; n_steps as usize];
    for hz in frequencies_hz.iter().filter(|&&hz| hz > 0.0) {
        let residual = (bins_per_octave as f32 * (hz / 27.5).log2()).rem_euclid(1.0);
        let residual = f64::from(if residual >= 0.5 { residual - 1.0 } else { residual });
        let mut step = (((residual + 0.5) * n_steps) as usize).min(counts.len() - 1);
        // Rounding may have crossed an edge.
        if residual < edge(step) {
            step -= 1;
        } else if step + 1 < counts.len() && residual >= edge(step + 1) {
            step += 1;
        }
        counts[step] += 1;
    }
    if counts.iter().all(|&count| count == 0) {
        return Ok(0.0);
    }
    let largest = counts.iter().copied().max().unwrap_or(0);
    let first = counts.iter().position(|&count| count == largest).unwrap_or(0);
    Ok(edge(first))
}

/// What [`estimate_tuning`] takes as peaks: librosa's step.
const RESOLUTION: f64 = 0.01;

/// Gathers the peaks of frame after frame, then estimates.
pub(crate) struct TuningEstimator {
    finder: PeakFinder,
    pitches_hz: Vec<f32>,
    magnitudes: Vec<f32>,
}

impl TuningEstimator {
    pub(crate) fn new(sample_rate: u32, n_bins: usize) -> Self {
        let finder = PeakFinder::new(sample_rate, n_bins, &PiptrackConfig::default());
        Self { finder, pitches_hz: Vec::new(), magnitudes: Vec::new() }
    }

    pub(crate) fn add(&mut self, frame: &[f32]) {
        self.finder.find(frame, |peak| {
            self.pitches_hz.push(peak.pitch_hz);
            self.magnitudes.push(peak.magnitude);
        });
    }

    pub(crate) fn estimate(self, bins_per_octave: usize) -> Result<f64, FeatureError> {
        let median = median(&mut self.magnitudes.clone());
        let loud =
            self.pitches_hz.iter().zip(&self.magnitudes).filter(|(_, magnitude)| **magnitude >= median);
        let loud: Vec<f32> = loud.map(|(&hz, _)| hz).collect();
        pitch_tuning(&loud, RESOLUTION, bins_per_octave)
    }
}

/// The median, of an even number of values the mean of the middle two; 0 of none. Reorders the values.
pub(crate) fn median(values: &mut [f32]) -> f32 {
    let n = values.len();
    if n == 0 {
        return 0.0;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f32::total_cmp);
    if n % 2 == 1 {
        upper
    } else {
        let lower = below.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Halves first: the sum of two large values need not fit.
        0.5 * lower + 0.5 * upper
    }
}

/// As [`median`].
pub(crate) fn median_f64(values: &mut [f64]) -> f64 {
    let n = values.len();
    values.sort_unstable_by(f64::total_cmp);
    if n == 0 { 0.0 } else { 0.5 * (values[(n - 1) / 2] + values[n / 2]) }
}

/// Deviation of a track from A4 = 440 Hz in fractions of a bin, a multiple of 0.01 in `-0.5..0.5`:
/// `librosa.estimate_tuning(y=samples, sr=sample_rate, bins_per_octave=...)`.
///
/// [`pitch_tuning`] of the peaks ([`piptrack`] of magnitudes, `n_fft` = 2048, hop 512) that are at least as strong as
/// their median. Silence is in tune.
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for `bins_per_octave` outside `1..=1200` or `sample_rate`
/// outside `1000..=768000`.
pub fn estimate_tuning(
    samples: &[f32],
    sample_rate: u32,
    bins_per_octave: usize,
) -> Result<f64, FeatureError> {
    check_range("sample_rate", sample_rate, 1_000, 768_000)?;
    let config = StftConfig::default();
    let mut transform = FrameTransform::new(&config);
    let mut magnitudes = vec![0.0; config.n_bins()];
    let mut estimator = TuningEstimator::new(sample_rate, config.n_bins());
    let mut on_frame = |frame: &[f32]| {
        transform.magnitude(frame, &mut magnitudes);
        estimator.add(&magnitudes);
    };
    let mut framer = Framer::new(&config);
    framer.push(samples, &mut on_frame)?;
    framer.finish(&mut on_frame)?;
    estimator.estimate(bins_per_octave)
}
