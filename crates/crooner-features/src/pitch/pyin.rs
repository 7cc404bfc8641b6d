//! Fundamental frequency and voicing by probabilistic YIN.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::pitch::periodicity::{
    DifferenceFunction, PitchFraming, f_max_hz, f_min_hz, is_trough, parabolic_shift,
};
use crate::pitch::viterbi::{PitchTransitions, Viterbi, log_probability};
use crate::whole_track::WholeTrack;
use crate::{Extractor, FeatureError, Frames, PadMode};

/// Settings of pYIN; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PyinConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Lowest frequency in Hz; a period must be shorter than a frame by more than one sample. Default: C2, 65.41 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_min_hz: Option<f32>,
    /// Highest frequency in Hz, above `f_min_hz`, at most half the sample rate. Default: C7, 2093 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_max_hz: Option<f32>,
    /// Samples per frame, even, in `4..=1048576`; best two periods or more. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Number of thresholds that are tried, in `1..=10000`. Default 100.
    pub n_thresholds: usize,
    /// First shape parameter of the beta distribution of thresholds, in `0.01..=1000`. Default 2.
    pub beta_a: f32,
    /// Second shape parameter, in `0.01..=1000`. Default 18.
    pub beta_b: f32,
    /// By how much shorter periods are preferred: the parameter of a Boltzmann distribution, in `0.001..=100`. Default 2.
    pub boltzmann_parameter: f32,
    /// Step of pitches in semitones, in `0.01..=1`; rounded down to one that divides a semitone. Default 0.1.
    pub resolution: f32,
    /// The fastest change of pitch in octaves per second, in `0..=1e6`. Default 35.92.
    pub max_transition_rate: f32,
    /// Probability that a frame's voicing differs from that of the one before, in `0..=1`. Default 0.01.
    pub switch_prob: f32,
    /// Probability of the lowest trough where none is below a threshold, in `0..=1`. Default 0.01.
    pub no_trough_prob: f32,
    /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
}

impl Default for PyinConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            f_min_hz: None,
            f_max_hz: None,
            frame_length: 2048,
            hop_length: 512,
            n_thresholds: 100,
            beta_a: 2.0,
            beta_b: 18.0,
            boltzmann_parameter: 2.0,
            resolution: 0.1,
            max_transition_rate: 35.92,
            switch_prob: 0.01,
            no_trough_prob: 0.01,
            center: true,
            pad_mode: PadMode::Constant,
        }
    }
}

impl PyinConfig {
    fn framing(&self) -> PitchFraming {
        PitchFraming {
            sample_rate: self.sample_rate,
            f_min_hz: f_min_hz(self.f_min_hz),
            f_max_hz: f_max_hz(self.f_max_hz),
            frame_length: self.frame_length,
            hop_length: self.hop_length,
            center: self.center,
            pad_mode: self.pad_mode,
        }
    }

    fn bins_per_semitone(&self) -> usize {
        (1.0 / decimal(self.resolution)).ceil() as usize
    }

    fn n_pitches(&self) -> usize {
        let framing = self.framing();
        let per_octave = (12 * self.bins_per_semitone()) as f64;
        (per_octave * (framing.f_max_hz / framing.f_min_hz).log2()).floor() as usize + 1
    }

    /// Width in pitches of what the pitch may move by in a frame.
    fn transition_width(&self) -> usize {
        let frame_s = self.hop_length as f64 / f64::from(self.sample_rate);
        let semitones = (decimal(self.max_transition_rate) * 12.0 * frame_s).round_ties_even();
        semitones as usize * self.bins_per_semitone() + 1
    }
}

/// The number that was meant: `f32` has no 0.1, and what is derived from it is rounded up.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

impl Feature for PyinConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        self.framing().validate()?;
        check_range("n_thresholds", self.n_thresholds, 1, 10_000)?;
        check_range("beta_a", self.beta_a, 0.01, 1000.0)?;
        check_range("beta_b", self.beta_b, 0.01, 1000.0)?;
        check_range("boltzmann_parameter", self.boltzmann_parameter, 1e-3, 100.0)?;
        check_range("resolution", self.resolution, 0.01, 1.0)?;
        check_range("max_transition_rate", self.max_transition_rate, 0.0, 1e6)?;
        check_range("switch_prob", self.switch_prob, 0.0, 1.0)?;
        check_range("no_trough_prob", self.no_trough_prob, 0.0, 1.0)?;
        let (width, n) = (self.transition_width(), self.n_pitches());
        if width <= n {
            return Ok(());
        }
        let expected = format!(
            "such that the pitch moves within f_min_hz..f_max_hz in a frame: {n} steps of `resolution`, not {width}"
        );
        Err(FeatureError::config("max_transition_rate", expected, self.max_transition_rate))
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        3
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        self.framing().n_frames(n_samples)
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        Ok(Box::new(WholeTrack::new(move |samples| {
            let Pitch { f0_hz, voiced, voiced_prob } = pyin(samples, &config)?;
            // Frames are finite: where there is no pitch, it is 0.
            let frame = |((hz, voiced), prob): ((f64, bool), f64)| {
                [if voiced { hz as f32 } else { 0.0 }, f32::from(u8::from(voiced)), prob as f32]
            };
            let values = f0_hz.into_iter().zip(voiced).zip(voiced_prob).flat_map(frame).collect();
            Ok(Frames::from_parts(3, values))
        })))
    }
}

/// What [`pyin`] tells of each frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Pitch {
    /// Fundamental frequency in Hz, NaN where the frame is not voiced.
    pub f0_hz: Vec<f64>,
    /// Whether the frame is voiced.
    pub voiced: Vec<bool>,
    /// Probability, in `0..=1`, that it is.
    pub voiced_prob: Vec<f64>,
}

/// Fundamental frequency and voicing of each frame: `librosa.pyin(samples, fmin=..., fmax=..., sr=sample_rate, ...)`. After
/// Mauch and Dixon, *pYIN: a fundamental frequency estimator using probabilistic threshold distributions* (ICASSP 2014).
///
/// The difference function is that of [`yin`](crate::yin). Each of `n_thresholds` thresholds between 0 and 1, weighed by a
/// beta distribution, shares its weight among the troughs below it, the shorter periods first. A hidden Markov model of
/// pitches in steps of `resolution`, voiced and unvoiced, then finds the most likely path.
///
/// As the feature `pyin` it has three rows: the frequency (0 where unvoiced, since frames are finite), voicing (0 or 1) and
/// the probability of voicing. Memory: 8 bytes for each pitch and frame, 4.8 kB a frame with the defaults.
///
/// ```
/// use crooner_features::{PyinConfig, pyin};
///
/// let mut note = vec![0.0; 8000];
/// note.extend((0..8000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()));
/// let pitch = pyin(&note, &PyinConfig::default())?;
/// assert_eq!((pitch.voiced[4], pitch.voiced[24]), (false, true));
/// assert!((pitch.f0_hz[24] - 440.0).abs() < 1.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`yin`](crate::yin), and [`FeatureError::Config`] for a pitch that may leave the range in one frame.
pub fn pyin(samples: &[f32], config: &PyinConfig) -> Result<Pitch, FeatureError> {
    config.validate()?;
    let framing = config.framing();
    let n = config.n_pitches();
    let transitions = PitchTransitions::new(n, config.transition_width(), decimal(config.switch_prob));
    let mut difference = DifferenceFunction::new(&framing);
    let mut observer = Observer::new(config, difference.min_period);
    let mut viterbi = Viterbi::new(&transitions);
    let mut voiced_prob = Vec::with_capacity(framing.n_frames(samples.len()));
    let mut log_voiced = vec![0.0; n];
    let mut on_difference = |difference: &[f64]| {
        let probability = observer.observe(difference);
        for (log, &probability) in log_voiced.iter_mut().zip(&observer.pitches) {
            *log = if probability == 0.0 { observer.log_zero } else { log_probability(probability) };
        }
        viterbi.push(&log_voiced, log_probability((1.0 - probability) / n as f64));
        voiced_prob.push(probability);
    };
    let mut framer = framing.framer();
    framer.push(samples, |frame| difference.push(frame, &mut on_difference))?;
    framer.finish(|frame| difference.push(frame, &mut on_difference))?;
    difference.finish(&mut on_difference);

    let step = (12 * config.bins_per_semitone()) as f64;
    let hz = |state: usize| {
        if state < n { framing.f_min_hz * (state as f64 / step).exp2() } else { f64::NAN }
    };
    let path = viterbi.path();
    Ok(Pitch {
        voiced: path.iter().map(|&state| state < n).collect(),
        f0_hz: path.into_iter().map(hz).collect(),
        voiced_prob,
    })
}

/// From a difference function to probabilities of pitches.
struct Observer {
    sample_rate: f64,
    f_min_hz: f64,
    steps_per_octave: f64,
    min_period: usize,
    thresholds: Vec<f64>,
    /// The weight of each threshold.
    weights: Vec<f64>,
    /// `exp(-λ i)`, as far as troughs have asked for it.
    decay: Vec<f64>,
    lambda: f64,
    no_trough_prob: f64,
    /// Places and depths of the troughs of the frame, and their probabilities.
    troughs: Vec<(usize, f64, f64)>,
    pitches: Vec<f64>,
    log_zero: f64,
}

impl Observer {
    fn new(config: &PyinConfig, min_period: usize) -> Self {
        let framing = config.framing();
        let (a, b) = (f64::from(config.beta_a), f64::from(config.beta_b));
        let threshold = |i: usize| i as f64 / config.n_thresholds as f64;
        let cumulative: Vec<f64> =
            (0..=config.n_thresholds).map(|i| beta_cumulative(threshold(i), a, b)).collect();
        Self {
            sample_rate: f64::from(config.sample_rate),
            f_min_hz: framing.f_min_hz,
            steps_per_octave: (12 * config.bins_per_semitone()) as f64,
            min_period,
            thresholds: (1..=config.n_thresholds).map(threshold).collect(),
            weights: cumulative.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            decay: Vec::new(),
            lambda: f64::from(config.boltzmann_parameter),
            no_trough_prob: decimal(config.no_trough_prob),
            troughs: Vec::new(),
            pitches: vec![0.0; config.n_pitches()],
            log_zero: log_probability(0.0),
        }
    }

    /// Writes the probability of each pitch and returns their sum, at most 1.
    fn observe(&mut self, difference: &[f64]) -> f64 {
        self.pitches.fill(0.0);
        self.troughs.clear();
        let troughs = (0..difference.len()).filter(|&place| is_trough(difference, place));
        self.troughs.extend(troughs.map(|place| (place, difference[place], 0.0)));
        while self.decay.len() <= self.troughs.len() {
            self.decay.push((-self.lambda * self.decay.len() as f64).exp());
        }
        let deepest = (0..self.troughs.len())
            .fold(0, |best, i| if self.troughs[i].1 < self.troughs[best].1 { i } else { best });
        let Some(&(_, depth, _)) = self.troughs.get(deepest) else { return 0.0 };

        // Thresholds that no trough is below leave a little to the deepest.
        let n_above = self.thresholds.partition_point(|&threshold| depth >= threshold);
        for (&threshold, &weight) in self.thresholds.iter().zip(&self.weights).skip(n_above) {
            let below = self.troughs.iter().filter(|(_, depth, _)| *depth < threshold).count();
            let scale = weight * (1.0 - self.decay[1]) / (1.0 - self.decay[below]);
            let below = self.troughs.iter_mut().filter(|(_, depth, _)| *depth < threshold);
            for ((_, _, probability), decay) in below.zip(&self.decay) {
                *probability += scale * decay;
            }
        }
        self.troughs[deepest].2 += self.no_trough_prob * self.weights[..n_above].iter().sum::<f64>();

        for &(place, _, probability) in self.troughs.iter().filter(|trough| trough.2 != 0.0) {
            let period = (self.min_period + place) as f64 + parabolic_shift(difference, place);
            let step = self.steps_per_octave * (self.sample_rate / period / self.f_min_hz).log2();
            // A pitch above the highest is not observed; of two at one step the longer period counts.
            if let Some(pitch) = self.pitches.get_mut(step.round_ties_even().max(0.0) as usize) {
                *pitch = probability;
            }
        }
        self.pitches.iter().sum::<f64>().clamp(0.0, 1.0)
    }
}

/// Cumulative distribution function of the beta distribution at `x` in `0..=1`: the regularised incomplete beta function
/// `I_x(a, b)`, by its continued fraction (DLMF 8.17.22, by Lentz's method).
fn beta_cumulative(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cumulative_below(1.0 - x, b, a);
    }
    beta_cumulative_below(x, a, b)
}

fn beta_cumulative_below(x: f64, a: f64, b: f64) -> f64 {
    let front = (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    let guard = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for i in 1..10_000 {
        let m = f64::from(i);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// Logarithm of the gamma function of `x > 0`, by Stirling's series after moving up to 20.
fn log_gamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 20.0 {
        below += x.ln();
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0 - z / 1188.0)))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beta_distribution_is_that_of_scipy() {
        // scipy.stats.beta.cdf(x, a, b)
        for (x, a, b, expected) in BETA {
            let found = beta_cumulative(x, a, b);
            assert!((found - expected).abs() < 1e-13, "{x} {a} {b}: {found} {expected}");
        }
    }

    const BETA: [(f64, f64, f64, f64); 5] = [
        (0.01, 2.0, 18.0, 0.015273761488896611),
        (0.25, 2.0, 18.0, 0.9689925943748676),
        (0.9, 2.0, 18.0, 1.0),
        (0.3, 0.5, 0.5, 0.36901011956554536),
        (0.7, 30.0, 7.5, 0.07219468926887024),
    ];
}
