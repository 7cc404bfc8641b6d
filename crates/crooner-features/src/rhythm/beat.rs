//! Beats, by dynamic programming over the onset strength.

use crate::error::check_range;
use crate::pitch::tuning::median_f64;
use crate::rhythm::onset::onset_envelope;
use crate::whole_track::check_samples;
use crate::{Aggregate, FeatureError, OnsetStrengthConfig, TempoConfig, tempo_of};

/// Settings of beat tracking; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatTrackConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// Samples from one frame to the next, in `1..=1048576`. Default 512.
    pub hop_length: usize,
    /// The tempo held most likely beforehand, in beats per minute, in `1..=10000`; see [`tempo`](crate::tempo). Default
    /// 120.
    pub start_bpm: f64,
    /// How closely beats keep to the tempo; above 0, at most 1e9. Default 100.
    pub tightness: f64,
    /// Whether weak beats at either end are dropped. Default: true.
    pub trim: bool,
    /// The tempo in beats per minute, in `1..=10000`. Default: estimated.
    pub bpm: Option<f64>,
}

impl Default for BeatTrackConfig {
    fn default() -> Self {
        let TempoConfig { sample_rate, hop_length, start_bpm, .. } = TempoConfig::default();
        Self { sample_rate, hop_length, start_bpm, tightness: 100.0, trim: true, bpm: None }
    }
}

impl BeatTrackConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        self.tempo().validate()?;
        check_range("tightness", self.tightness, f64::MIN_POSITIVE, 1e9)?;
        check_range("bpm", self.bpm.unwrap_or(1.0), 1.0, 10_000.0)
    }

    fn tempo(&self) -> TempoConfig {
        TempoConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            start_bpm: self.start_bpm,
            ..TempoConfig::default()
        }
    }

    fn onset(&self) -> OnsetStrengthConfig {
        OnsetStrengthConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            aggregate: Aggregate::Median,
            ..OnsetStrengthConfig::default()
        }
    }
}

/// The beats of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct Beats {
    /// The tempo that they keep to, in beats per minute; 0 where there is no onset at all.
    pub tempo_bpm: f64,
    /// Their frames, rising.
    pub frames: Vec<usize>,
}

/// Tempo and beats of a track: `librosa.beat.beat_track(y=samples, sr=sample_rate, ...)`. After Ellis, *Beat tracking by
/// dynamic programming* (Journal of New Music Research, 2007).
///
/// The strength is the median over mel bands ([`Aggregate::Median`]), and the tempo is that of [`tempo`](crate::tempo)
/// unless given, rounded to `p` whole frames a beat. With `s` the strength over its standard deviation, smoothed by
/// `exp(-(32 i / p)² / 2)`, the beats `t[0], t[1], ...` are those that make
/// `Σ s[t[i]] - tightness · Σ ln((t[i] - t[i-1]) / p)²` largest, each step being between `p / 2` and `2 p`. With `trim`,
/// beats before the first and after the last frame whose `s` exceeds half the root mean square at the beats are dropped.
///
/// Frame `t` lies at `t · hop_length / sample_rate` seconds.
///
/// ```
/// use crooner_features::{BeatTrackConfig, beat_track};
///
/// // A click every half second.
/// let clicks: Vec<f32> = (0..160_000).map(|i| if i % 8000 == 4000 { 1.0 } else { 0.0 }).collect();
/// let beats = beat_track(&clicks, &BeatTrackConfig::default())?;
/// assert!(beats.frames.windows(2).all(|pair| (15..=16).contains(&(pair[1] - pair[0]))));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`onset_strength`](crate::onset_strength), and [`FeatureError::Config`] for any setting out of range.
pub fn beat_track(samples: &[f32], config: &BeatTrackConfig) -> Result<Beats, FeatureError> {
    config.validate()?;
    beat_track_of(&onset_envelope(samples, &config.onset())?, config)
}

/// Tempo and beats of an onset strength, one value a frame: `librosa.beat.beat_track(onset_envelope=envelope, ...)`.
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, [`FeatureError::NoSamples`] and [`FeatureError::Sample`] for an
/// envelope that is empty or not usable.
pub fn beat_track_of(envelope: &[f32], config: &BeatTrackConfig) -> Result<Beats, FeatureError> {
    config.validate()?;
    check_samples(envelope)?;
    if envelope.iter().all(|&value| value == 0.0) {
        return Ok(Beats { tempo_bpm: 0.0, frames: Vec::new() });
    }
    let tempo_bpm = match config.bpm {
        Some(bpm) => bpm,
        None => tempo_of(envelope, &config.tempo())?,
    };
    let frame_rate = f64::from(config.sample_rate) / config.hop_length as f64;
    // A period is at least a frame.
    let period = (frame_rate * 60.0 / tempo_bpm).round_ties_even().max(1.0) as usize;
    let score = local_score(envelope, period);
    let track = Track::find(&score, period, config.tightness);
    Ok(Beats { tempo_bpm, frames: trimmed(&score, track.beats(), config.trim) })
}

/// The envelope over its standard deviation, smoothed by a Gaussian of a thirty-second of the period.
fn local_score(envelope: &[f32], period: usize) -> Vec<f64> {
    let n = envelope.len();
    let mean = envelope.iter().map(|&value| f64::from(value)).sum::<f64>() / n as f64;
    let squares: f64 = envelope.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
    let deviation = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 };
    let scale = deviation + f64::from(f32::MIN_POSITIVE);
    let scaled: Vec<f64> = envelope.iter().map(|&value| f64::from(value) / scale).collect();

    let weight = |i: usize| (-0.5 * (i as f64 * 32.0 / period as f64).powi(2)).exp();
    let weights: Vec<f64> = (0..=period).map(weight).collect();
    let smoothed = |t: usize| {
        // librosa's convolution leaves the first frame out of the sum.
        let places = t.saturating_sub(period).max(1)..(t + period + 1).min(n).max(1);
        places.map(|place| weights[place.abs_diff(t)] * scaled[place]).sum()
    };
    (0..n).map(smoothed).collect()
}

/// The best chain of beats that ends at each frame.
struct Track {
    /// The beat before, if any.
    previous: Vec<Option<usize>>,
    /// What the chain is worth.
    total: Vec<f64>,
}

impl Track {
    fn find(score: &[f64], period: usize, tightness: f64) -> Self {
        let nearest = (period as f64 / 2.0).round_ties_even() as usize;
        // Two frames a beat or fewer leave no room: a beat never follows itself.
        let steps = nearest.max(1)..=2 * period;
        let log_period = (period as f64).ln();
        let cost: Vec<f64> =
            steps.clone().map(|step| tightness * ((step as f64).ln() - log_period).powi(2)).collect();
        let threshold = 0.01 * score.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut track = Self { previous: vec![None; score.len()], total: vec![0.0; score.len()] };
        let mut before_first = true;
        for (t, &value) in score.iter().enumerate() {
            let mut best = (f64::NEG_INFINITY, None);
            for (step, cost) in steps.clone().zip(&cost).take_while(|(step, _)| *step <= t) {
                let worth = track.total[t - step] - cost;
                if worth > best.0 {
                    best = (worth, Some(t - step));
                }
            }
            track.total[t] = if best.1.is_some() { value + best.0 } else { value };
            // Nothing before the first onset is a beat.
            if !(before_first && value < threshold) {
                track.previous[t] = best.1;
                before_first = false;
            }
        }
        track
    }

    /// The chain that ends at the last local maximum worth at least half their median; rising.
    fn beats(&self) -> Vec<usize> {
        let n = self.total.len();
        let is_peak = |t: usize| {
            let after = self.total.get(t + 1).copied().unwrap_or(f64::NEG_INFINITY);
            t > 0 && self.total[t] > self.total[t - 1] && self.total[t] >= after
        };
        let peaks: Vec<usize> = (0..n).filter(|&t| is_peak(t)).collect();
        let half = 0.5 * median_f64(&mut peaks.iter().map(|&t| self.total[t]).collect::<Vec<_>>());
        let last = peaks.iter().rev().copied().find(|&t| self.total[t] >= half).unwrap_or(n - 1);
        let mut beats: Vec<usize> = std::iter::successors(Some(last), |&t| self.previous[t]).collect();
        beats.reverse();
        beats
    }
}

/// The beats between the first and the last frame whose score exceeds half the root mean square of the beats' smoothed
/// scores; without `trim`, exceeds 0.
fn trimmed(score: &[f64], beats: Vec<usize>, trim: bool) -> Vec<usize> {
    let threshold = if trim {
        // A Hann window of five has zeros at its ends.
        let at = |i: Option<usize>| i.and_then(|i| beats.get(i)).map_or(0.0, |&beat| score[beat]);
        let n = (beats.len() + 2).min(score.len());
        let smoothed = |i: usize| 0.5 * at(i.checked_sub(1)) + at(Some(i)) + 0.5 * at(Some(i + 1));
        0.5 * ((0..n).map(|i| smoothed(i).powi(2)).sum::<f64>() / n as f64).sqrt()
    } else {
        0.0
    };
    let exceeds = |value: &f64| *value > threshold;
    let first = score.iter().position(exceeds).unwrap_or(score.len());
    let last = score.iter().rposition(exceeds).unwrap_or(0);
    beats.into_iter().filter(|beat| (first..=last).contains(beat)).collect()
}
