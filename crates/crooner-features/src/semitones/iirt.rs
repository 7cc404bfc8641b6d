//! Semitones by recursive filters.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::feature::Feature;
use crate::semitones::elliptic::{BandPass, Section};
use crate::whole_track::{WholeTrack, check_samples, padded};
use crate::{Extractor, FeatureError, Frames, PadMode, Spectrogram};

/// Bands are filtered side by side.
const LANES: usize = 4;

/// Settings of the semitone filters' energies; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IirtConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples per frame, in `2..=1048576`. Default 2048.
    pub win_length: usize,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
    pub center: bool,
    /// What surrounds the track when `center` is set. Default: zeros.
    pub pad_mode: PadMode,
    /// Deviation from A4 = 440 Hz in semitones, in `-1..=1`. Default 0.
    pub tuning: f32,
}

impl Default for IirtConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            win_length: 2048,
            hop_length: 512,
            center: true,
            pad_mode: PadMode::Constant,
            tuning: 0.0,
        }
    }
}

impl IirtConfig {
    fn padding(&self) -> usize {
        if self.center { self.win_length / 2 } else { 0 }
    }
}

impl Feature for IirtConfig {
    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
        check_range("win_length", self.win_length, 2, 1 << 20)?;
        check_range("hop_length", self.hop_length, 1, 1 << 20)?;
        check_range("tuning", self.tuning, -1.0, 1.0)
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn n_bins(&self) -> usize {
        N_SEMITONES
    }

    fn hop_length(&self) -> usize {
        self.hop_length
    }

    fn n_frames(&self, n_samples: usize) -> usize {
        let length = n_samples + 2 * self.padding();
        match length.checked_sub(self.win_length) {
            Some(rest) if n_samples > 0 => rest.checked_div(self.hop_length).map_or(0, |hops| hops + 1),
            _ => 0,
        }
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let config = self.clone();
        let bank = semitone_filter_bank(config.tuning.into());
        Ok(Box::new(WholeTrack::new(move |samples| energies(samples, &config, &bank))))
    }
}

/// The 85 semitones from C1 to C8.
const N_SEMITONES: usize = 85;

/// One filter of the semitone filter bank.
#[derive(Debug, Clone, PartialEq)]
pub struct SemitoneFilter {
    /// The semitone's frequency in Hz.
    pub center_hz: f64,
    /// The sample rate in Hz for which the filter is made: 882, 4410 or 22,050.
    pub sample_rate: u32,
    /// Second-order sections `[b0, b1, b2, a1, a2]` of `(b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²)`.
    pub sections: Vec<[f64; 5]>,
}

/// Elliptic band-passes for the 85 semitones from C1 (MIDI 24) to C8, `tuning` semitones higher:
/// `librosa.filters.semitone_filterbank(tuning=tuning, flayout="sos")`.
///
/// The pass-band is a 25th of the centre frequency `f`, with a ripple of 1 dB; beyond `f ± f / 25` at least 50 dB are lost.
/// The 36 lowest run at 882 Hz, the next 34 at 4410 Hz, the others at 22,050 Hz. After Müller, *Information retrieval for
/// music and motion* (2007).
///
/// ```
/// let bank = crooner_features::semitone_filter_bank(0.0);
/// assert_eq!((bank.len(), bank[45].center_hz, bank[45].sample_rate), (85, 440.0, 4410));
/// ```
#[must_use]
pub fn semitone_filter_bank(tuning: f64) -> Vec<SemitoneFilter> {
    const Q: f64 = 25.0;
    let filter = |semitone: usize| {
        let sample_rate = match semitone {
            0..36 => 882,
            36..70 => 4410,
            _ => 22_050,
        };
        let center_hz = 440.0 * ((semitone as f64 + tuning - 45.0) / 12.0).exp2();
        let nyquist_hz = f64::from(sample_rate) / 2.0;
        let width_hz = center_hz / Q;
        let edges = |distance_hz: f64| {
            [(center_hz - distance_hz) / nyquist_hz, (center_hz + distance_hz) / nyquist_hz]
        };
        let design = BandPass {
            pass: edges(0.5 * width_hz),
            stop: edges(width_hz),
            ripple_db: 1.0,
            attenuation_db: 50.0,
        };
        SemitoneFilter { center_hz, sample_rate, sections: design.sections() }
    };
    (0..N_SEMITONES).map(filter).collect()
}

/// Energy of each semitone in each frame: `librosa.iirt(samples, sr=sample_rate, ...)`, `[85, n_frames]`, from C1 on.
///
/// The track, surrounded by half a window at either end when centred, is brought to 882, 4410 and 22,050 Hz; each filter of
/// the [`semitone_filter_bank`] runs over it forwards and backwards, so that nothing is moved in time. With `y` its output
/// at `r` Hz, the value of frame `t` is `sample_rate / r` times the sum of `y²` over `win_length` samples' time from
/// `t · hop_length` on, rounded to whole samples of `y`.
///
/// Memory: 32 bytes for each sample at 22,050 Hz.
///
/// ```
/// use crooner_features::{IirtConfig, iirt};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let energies = iirt(&a4, &IirtConfig::default())?;
/// assert_eq!((energies.n_bins(), energies.n_frames()), (85, 32));
/// // A4 lies 45 semitones above C1.
/// assert!((0..85).all(|bin| energies.bin(bin)[16] <= energies.bin(45)[16]));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::Sample`], [`FeatureError::NoSamples`] or
/// [`FeatureError::TooShort`] for a track that is not usable or without a frame.
pub fn iirt(samples: &[f32], config: &IirtConfig) -> Result<Spectrogram, FeatureError> {
    config.validate()?;
    Ok(energies(samples, config, &semitone_filter_bank(config.tuning.into()))?.to_spectrogram())
}

fn energies(samples: &[f32], config: &IirtConfig, bank: &[SemitoneFilter]) -> Result<Frames, FeatureError> {
    check_samples(samples)?;
    let n_frames = config.n_frames(samples.len());
    if n_frames == 0 {
        return Err(FeatureError::TooShort { n_samples: samples.len(), n_fft: config.win_length });
    }
    let track = padded(samples, config.padding(), config.pad_mode);
    let mut values = vec![0.0; N_SEMITONES * n_frames];
    let alike = |a: &SemitoneFilter, b: &SemitoneFilter| {
        a.sample_rate == b.sample_rate && a.sections.len() == b.sections.len()
    };
    let mut first = 0;
    for same_rate in bank.chunk_by(|a, b| a.sample_rate == b.sample_rate) {
        let rate = same_rate[0].sample_rate;
        let factor = f64::from(config.sample_rate) / f64::from(rate);
        let resampled = if rate == config.sample_rate {
            None
        } else {
            let expected = "such that it can be brought to 882, 4410 and 22050";
            let resampled = crooner_resample::resample(&track, config.sample_rate, rate)
                .map_err(|_| FeatureError::config("sample_rate", expected, config.sample_rate))?;
            Some(resampled)
        };
        let signal = resampled.as_deref().unwrap_or(&track);
        let length = (config.win_length as f64 / factor).round_ties_even() as usize;
        let hop = config.hop_length as f64 / factor;
        for filters in same_rate.chunk_by(alike).flat_map(|run| run.chunks(LANES)) {
            let filtered = Lanes::new(filters).forwards_and_backwards(signal);
            for t in 0..n_frames {
                let start = (t as f64 * hop).round_ties_even() as usize;
                let window = filtered.get(start..(start + length).min(filtered.len())).unwrap_or_default();
                let mut sums = [0.0; LANES];
                for sample in window {
                    for lane in 0..LANES {
                        sums[lane] += sample[lane] * sample[lane];
                    }
                }
                for (value, sum) in values[t * N_SEMITONES + first..].iter_mut().zip(&sums[..filters.len()]) {
                    *value = (factor * sum) as f32;
                }
            }
            first += filters.len();
        }
    }
    Ok(Frames::from_parts(N_SEMITONES, values))
}

/// Filters of the same number of sections, side by side; a lane without a filter lets everything through.
struct Lanes {
    /// Coefficients `b0, b1, b2, a1, a2` of each section.
    sections: Vec<[[f64; LANES]; 5]>,
}

/// What each section remembers, in the transposed direct form II.
type State = Vec<[[f64; LANES]; 2]>;

impl Lanes {
    fn new(filters: &[SemitoneFilter]) -> Self {
        let through: Section = [1.0, 0.0, 0.0, 0.0, 0.0];
        let coefficient = |section: usize, place: usize| {
            std::array::from_fn(|lane| {
                filters.get(lane).map_or(through, |filter| filter.sections[section])[place]
            })
        };
        let n_sections = filters.first().map_or(0, |filter| filter.sections.len());
        Self {
            sections: (0..n_sections)
                .map(|section| std::array::from_fn(|place| coefficient(section, place)))
                .collect(),
        }
    }

    /// `scipy.signal.sosfiltfilt`: each end continued by a few samples turned about it, the state at either end that of a
    /// constant input.
    fn forwards_and_backwards(&self, signal: &[f32]) -> Vec<[f64; LANES]> {
        let n = signal.len();
        let edge = (3 * (2 * self.sections.len() + 1)).min(n - 1);
        let sample = |i: usize| f64::from(signal[i]);
        let before = (1..=edge).rev().map(|i| 2.0 * sample(0) - sample(i));
        let after = (1..=edge).map(|i| 2.0 * sample(n - 1) - sample(n - 1 - i));
        let mut values: Vec<[f64; LANES]> =
            before.chain((0..n).map(sample)).chain(after).map(|value| [value; LANES]).collect();
        let settled = self.settled();
        let first = values[0];
        let mut state = scaled(&settled, first);
        values.iter_mut().for_each(|value| self.step(value, &mut state));
        let last = values[values.len() - 1];
        let mut state = scaled(&settled, last);
        values.iter_mut().rev().for_each(|value| self.step(value, &mut state));
        values.drain(..edge);
        values.truncate(n);
        values
    }

    #[inline(always)]
    fn step(&self, value: &mut [f64; LANES], state: &mut State) {
        let mut x = *value;
        for ([b0, b1, b2, a1, a2], [z0, z1]) in self.sections.iter().zip(state) {
            for lane in 0..LANES {
                let y = b0[lane] * x[lane] + z0[lane];
                z0[lane] = b1[lane] * x[lane] - a1[lane] * y + z1[lane];
                z1[lane] = b2[lane] * x[lane] - a2[lane] * y;
                x[lane] = y;
            }
        }
        *value = x;
    }

    /// The state after a constant input of 1 has lasted forever.
    fn settled(&self) -> State {
        let mut level = [1.0; LANES];
        let mut settled = Vec::with_capacity(self.sections.len());
        for [b0, b1, b2, a1, a2] in &self.sections {
            let mut state = [[0.0; LANES]; 2];
            for lane in 0..LANES {
                let (x, y) = (
                    level[lane],
                    level[lane] * (b0[lane] + b1[lane] + b2[lane]) / (1.0 + a1[lane] + a2[lane]),
                );
                state[1][lane] = b2[lane] * x - a2[lane] * y;
                state[0][lane] = b1[lane] * x - a1[lane] * y + state[1][lane];
                level[lane] = y;
            }
            settled.push(state);
        }
        settled
    }
}

fn scaled(state: &State, by: [f64; LANES]) -> State {
    let scale = |part: &[f64; LANES]| std::array::from_fn(|lane| part[lane] * by[lane]);
    state.iter().map(|section| section.each_ref().map(scale)).collect()
}
