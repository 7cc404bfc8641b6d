//! Local maxima of a spectrogram, found as it streams by.

use std::collections::VecDeque;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use crate::{Peak, SAMPLE_RATE};

/// Samples under the window.
const N_FFT: usize = 1024;
/// Samples from one frame to the next.
const HOP: usize = 128;
/// The bins searched: 203 to 3,594 Hz.
const FIRST_BIN: usize = 26;
const LAST_BIN: usize = 460;
const N_BINS: usize = LAST_BIN - FIRST_BIN + 1;
/// A peak is the largest value within so many frames (0.26 s) and bins (172 Hz) either way.
const FRAMES_AROUND: usize = 16;
const BINS_AROUND: usize = 22;
/// How far back (0.77 s) the beginning of a peak is looked for, and its level there (-6 dB).
const FRAMES_BEFORE: usize = 48;
const BEGINNING: f32 = 0.25;
/// Peaks with the same beginning, to 32 ms and 20 cents, are one: maxima of one long tone.
const SAME_TIME: u32 = 8;
const SAME_PITCH: u16 = 4;
/// Values below this share of the loudest within `FRAMES_AROUND` frames (-50 dB) are what codecs leave out.
const FLOOR: f32 = 1e-5;
/// Power below which there is only rounding: a tone of amplitude 1e-6.
const SILENCE: f32 = 1e-7;
/// Units of time in a hop: see [`Peak::SECONDS`].
const UNITS_PER_HOP: f64 = HOP as f64 / (Peak::SECONDS * SAMPLE_RATE as f64);

/// One frame of the spectrogram.
struct Row {
    power: Vec<f32>,
    /// Of each bin, the largest power within `BINS_AROUND` bins.
    around: Vec<f32>,
    /// Bins that are the largest of those around them.
    tops: Vec<usize>,
    loudest: f32,
}

/// Takes samples at [`SAMPLE_RATE`] and keeps the peaks.
pub(crate) struct PeakPicker {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    maxima: Maxima,
    /// Samples from the start of the next frame on.
    buffer: Vec<f32>,
    /// The last `FRAMES_BEFORE + 1 + FRAMES_AROUND` rows, the newest at the back.
    rows: VecDeque<Row>,
    /// Rows made so far.
    n_rows: usize,
    peaks: Vec<Peak>,
}

impl PeakPicker {
    pub(crate) fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(N_FFT);
        let step = std::f64::consts::TAU / N_FFT as f64;
        Self {
            window: (0..N_FFT).map(|n| (0.5 - 0.5 * (step * n as f64).cos()) as f32).collect(),
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            maxima: Maxima::default(),
            buffer: Vec::new(),
            rows: VecDeque::new(),
            n_rows: 0,
            peaks: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, samples: &[f32]) {
        self.buffer.extend_from_slice(samples);
        let mut start = 0;
        while start + N_FFT <= self.buffer.len() {
            let row = self.row(start);
            self.add(row);
            start += HOP;
        }
        self.buffer.drain(..start);
    }

    /// The peaks, sorted.
    pub(crate) fn finish(mut self) -> Vec<Peak> {
        // Those that had too few rows after them to be judged as they came.
        for place in self.rows.len().saturating_sub(FRAMES_AROUND)..self.rows.len() {
            self.judge(place);
        }
        self.peaks.sort_unstable();
        let mut kept: Vec<Peak> = Vec::with_capacity(self.peaks.len());
        for peak in self.peaks {
            let recent = kept.iter().rev().take_while(|other| peak.time - other.time <= SAME_TIME);
            if recent.clone().all(|other| other.pitch.abs_diff(peak.pitch) > SAME_PITCH) {
                kept.push(peak);
            }
        }
        kept
    }

    fn add(&mut self, row: Row) {
        if self.rows.len() == FRAMES_BEFORE + 1 + FRAMES_AROUND {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
        self.n_rows += 1;
        if let Some(place) = self.rows.len().checked_sub(FRAMES_AROUND + 1) {
            self.judge(place);
        }
    }

    fn row(&mut self, start: usize) -> Row {
        for ((value, sample), weight) in self.frame.iter_mut().zip(&self.buffer[start..]).zip(&self.window) {
            *value = sample * weight;
        }
        // Lengths are those that the plan asked for, the only thing that can be wrong.
        let transformed =
            self.fft.process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch);
        debug_assert!(transformed.is_ok());
        let power: Vec<f32> = self.spectrum[FIRST_BIN..=LAST_BIN].iter().map(Complex32::norm_sqr).collect();
        let mut around = vec![0.0; N_BINS];
        self.maxima.around(&power, &mut around);
        let loudest = power.iter().copied().fold(0.0, f32::max);
        let tops = (1..N_BINS - 1).filter(|&bin| power[bin] == around[bin] && power[bin] > SILENCE);
        Row { tops: tops.collect(), power, around, loudest }
    }

    /// How many frames before the peak at `place` and `bin` its level rose through that of its beginning. The maximum
    /// itself may lie anywhere on a sustained tone; where it began stays where it is. A tone that began
    /// longer ago is dated by its maximum.
    fn frames_since_beginning(&self, place: usize, bin: usize) -> f64 {
        let level = BEGINNING * self.rows[place].power[bin];
        // A bin either way, for a tone that glides.
        let at = |place: usize| {
            let power = &self.rows[place].power[bin - 1..=bin + 1];
            power[0].max(power[1]).max(power[2])
        };
        let mut later = at(place);
        for back in 1..=place.min(FRAMES_BEFORE) {
            let power = at(place - back);
            if power < level {
                return (back - 1) as f64 + crossing(later, level, power);
            }
            later = power;
        }
        0.0
    }

    /// Keeps the tops of the row at `place` that are peaks.
    fn judge(&mut self, place: usize) {
        let row = &self.rows[place];
        if row.tops.is_empty() {
            return;
        }
        let first = place.saturating_sub(FRAMES_AROUND);
        let last = (place + FRAMES_AROUND).min(self.rows.len() - 1);
        let loudest = self.rows.range(first..=last).map(|row| row.loudest).fold(0.0, f32::max);
        let frame = self.n_rows - self.rows.len() + place;
        for &bin in &row.tops {
            let value = row.power[bin];
            // The first of equals is the peak. Near rows first: they are the likeliest to be larger.
            let earlier = || (first..place).rev().all(|other| self.rows[other].around[bin] < value);
            let later = || (place + 1..=last).all(|other| self.rows[other].around[bin] <= value);
            if value < FLOOR * loudest || !earlier() || !later() {
                continue;
            }
            let along = vertex(row.power[bin - 1], value, row.power[bin + 1]);
            let begins = frame as f64 - self.frames_since_beginning(place, bin);
            self.peaks.extend(peak(begins, (FIRST_BIN + bin) as f64 + along));
        }
    }
}

/// How far below `high` the power crosses `level`, as a share of the way down to `low`, on a scale of decibels.
fn crossing(high: f32, level: f32, low: f32) -> f64 {
    let [high, level, low] = [high, level, low].map(|power| f64::from(power.max(f32::MIN_POSITIVE)).ln());
    if high > low { ((high - level) / (high - low)).clamp(0.0, 1.0) } else { 0.0 }
}

/// Where the parabola through the logarithms of three powers has its vertex, in `-0.5..=0.5` of their distance.
fn vertex(before: f32, value: f32, after: f32) -> f64 {
    let [before, value, after] =
        [before, value, after].map(|power| f64::from(power.max(f32::MIN_POSITIVE)).ln());
    let curvature = before - 2.0 * value + after;
    if curvature < 0.0 { (0.5 * (before - after) / curvature).clamp(-0.5, 0.5) } else { 0.0 }
}

/// None beyond what a [`Peak`] can hold: after 198 days.
fn peak(frame: f64, bin: f64) -> Option<Peak> {
    let time = ((frame + (N_FFT / 2 / HOP) as f64) * UNITS_PER_HOP).round();
    let hz = bin * f64::from(SAMPLE_RATE) / N_FFT as f64;
    let pitch = ((hz / Peak::LOWEST_HZ).log2() * Peak::PER_OCTAVE).round();
    (time <= f64::from(u32::MAX) && pitch >= 0.0).then_some(Peak { time: time as u32, pitch: pitch as u16 })
}

/// The largest of the `2 * BINS_AROUND + 1` values around each, in a few passes that vectorise.
#[derive(Default)]
struct Maxima {
    padded: Vec<f32>,
}

impl Maxima {
    fn around(&mut self, values: &[f32], out: &mut [f32]) {
        const WIDTH: usize = 2 * BINS_AROUND + 1;
        const POWER: usize = 1 << WIDTH.ilog2();
        self.padded.clear();
        self.padded.resize(values.len() + 2 * BINS_AROUND, 0.0);
        self.padded[BINS_AROUND..][..values.len()].copy_from_slice(values);
        // padded[i] becomes the largest of [i, i + width), for width 2, 4, ... POWER.
        let mut width = 1;
        while width < POWER {
            for i in 0..self.padded.len() - width {
                self.padded[i] = self.padded[i].max(self.padded[i + width]);
            }
            width *= 2;
        }
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.padded[i].max(self.padded[i + WIDTH - POWER]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxima_are_those_of_the_definition() {
        let values: Vec<f32> = (0..N_BINS as u32).map(|n| (n * 7919 % 1009) as f32).collect();
        let mut out = vec![0.0; N_BINS];
        Maxima::default().around(&values, &mut out);
        for (bin, &found) in out.iter().enumerate() {
            let around = &values[bin.saturating_sub(BINS_AROUND)..(bin + BINS_AROUND + 1).min(N_BINS)];
            assert_eq!(found, around.iter().copied().fold(0.0, f32::max), "bin {bin}");
        }
    }

    #[test]
    fn a_short_tone_is_one_peak_where_it_begins() {
        // A swelling and decaying tone of 1,000 Hz whose middle is at 1 s.
        let samples: Vec<f32> = (0..16_000)
            .map(|n| {
                let seconds = (n as f32 - 8_000.0) / 8_000.0;
                (std::f32::consts::TAU * 1_000.0 * seconds).sin() * (-(seconds / 0.05).powi(2)).exp()
            })
            .collect();
        let mut picker = PeakPicker::new();
        picker.push(&samples);
        let peaks = picker.finish();
        assert_eq!(peaks.len(), 1, "{peaks:?}");
        // Its level under the window, by the definition, and where that rises through a half (a quarter of the power).
        let level = |middle: f64| -> f64 {
            let at = |n: i32| f64::from(n) / 8_000.0;
            let hann = |t: f64| 0.5 + 0.5 * (std::f64::consts::TAU * t / 0.128).cos();
            (-512..512).map(|n| hann(at(n)) * (-((middle + at(n)) / 0.05).powi(2)).exp()).sum()
        };
        let begins =
            (-200..0).map(|ms| f64::from(ms) / 1000.0).find(|&t| level(t) >= 0.5 * level(0.0)).unwrap();
        let found = peaks[0].seconds() - 1.0;
        assert!((found - begins).abs() <= Peak::SECONDS, "{found} {begins}");
        assert!((peaks[0].hz() - 1_000.0).abs() < 2.0, "{}", peaks[0].hz());
    }

    #[test]
    fn silence_has_no_peak() {
        let mut picker = PeakPicker::new();
        picker.push(&vec![0.0; 20_000]);
        assert!(picker.finish().is_empty());
    }
}
