//! The vertical axis of a heat map: where its rows stand and how they are marked.

use super::axes::round_ticks;
use super::time::time_marks;
use crate::Error;
use crate::check::at_least_zero;
use crate::text::thousands;

/// The seven notes without an accidental, as semitones above C.
const NATURALS: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];
const PITCH_CLASSES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/// What tempo is shown, in beats per minute: four octaves around what people tap.
const TEMPI: [f64; 2] = [30.0, 480.0];

/// Lowest frequency of a logarithmic axis, in Hz: that of hearing.
const LOWEST_HZ: f64 = 20.0;

/// What the rows of a heat map mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rows<'a> {
    /// Bands of equal height: the centre frequency of each, in Hz, ascending. Of mel bands the axis is the mel scale.
    Bands(&'a [f32]),
    /// Rows at these frequencies in Hz, ascending, on a linear axis.
    Linear(&'a [f32]),
    /// Rows at these frequencies in Hz, ascending, on a logarithmic axis from 20 Hz on.
    Logarithmic(&'a [f32]),
    /// Rows at these frequencies in Hz, ascending, on the mel scale (Slaney's): linear up to 1 kHz, logarithmic above.
    Mel(&'a [f32]),
    /// Bins of a constant-Q transform, marked with the names of notes.
    Notes {
        /// MIDI number of the lowest bin, which need not be whole: 24 is C1.
        lowest_midi: f64,
        /// Bins in an octave, at least 1.
        bins_per_octave: usize,
    },
    /// One octave of bins, marked with the names of pitch classes.
    PitchClasses {
        /// Pitch class of the lowest bin, 0 being C, below 12.
        first: usize,
    },
    /// Row `k` is the lag of `k` frames; marked as tempo, in beats per minute, on a logarithmic axis.
    Lags {
        /// Seconds from one lag to the next.
        hop_seconds: f64,
    },
    /// The same instants as the columns.
    Time,
    /// Rows numbered from 0.
    Numbered,
}

/// An axis from 0 (bottom) to 1, the rows along it, and its marks.
pub(super) struct RowAxis {
    /// Indices of rows, from the bottom up.
    pub(super) order: Vec<usize>,
    /// Edges of these rows, one more than there are. Some may lie outside of the axis.
    pub(super) edges: Vec<f64>,
    pub(super) marks: Vec<(f64, String)>,
    pub(super) unit: &'static str,
}

impl Rows<'_> {
    pub(super) fn check(self, n_bins: usize) -> Result<(), Error> {
        match self {
            Self::Bands(hz) | Self::Linear(hz) | Self::Logarithmic(hz) | Self::Mel(hz) => {
                check_frequencies(hz, n_bins)?;
                let highest = f64::from(hz[n_bins - 1]);
                if matches!(self, Self::Logarithmic(_)) && highest <= LOWEST_HZ {
                    let expected = format!("such that the highest is above {LOWEST_HZ} Hz");
                    return Err(Error::invalid("hz", expected, highest));
                }
                Ok(())
            }
            Self::Notes { lowest_midi, bins_per_octave } => {
                at_least_one("bins_per_octave", bins_per_octave)?;
                at_least_zero("lowest_midi", lowest_midi)
            }
            Self::PitchClasses { first } if first >= 12 => Err(Error::invalid("first", "below 12", first)),
            Self::Lags { hop_seconds } => {
                positive("hop_seconds", hop_seconds)?;
                if n_bins < 2 || tempo(n_bins as f64 - 0.5, hop_seconds) >= TEMPI[1] {
                    let expected = format!("lags that reach below {} beats per minute", TEMPI[1]);
                    return Err(Error::invalid("n_bins", expected, n_bins));
                }
                Ok(())
            }
            Self::PitchClasses { .. } | Self::Time | Self::Numbered => Ok(()),
        }
    }

    /// For rows that pass [`check`](Self::check), on an axis with room for `at_most` marks; `seconds` are the centres of
    /// the first and the last column.
    pub(super) fn axis(self, n_bins: usize, at_most: usize, seconds: [f64; 2]) -> RowAxis {
        let even = |marks: Vec<(f64, String)>, unit| RowAxis {
            order: (0..n_bins).collect(),
            edges: (0..=n_bins).map(|i| i as f64 / n_bins as f64).collect(),
            // Marks are given in rows.
            marks: marks.into_iter().map(|(at, label)| (at / n_bins as f64, label)).collect(),
            unit,
        };
        match self {
            Self::Bands(hz) => even(band_marks(hz, at_most), "Hz"),
            Self::Linear(hz) => {
                let top = f64::from(hz[n_bins - 1]).max(1.0);
                let bottom = f64::from(hz[0]);
                let share = |hz: f64| (hz - bottom) / (top - bottom).max(1e-9);
                let ticks = round_ticks(&(bottom..top), at_most, 1.0);
                let marks = ticks.into_iter().map(|hz| (share(hz), thousands(hz.round() as u64)));
                RowAxis {
                    order: (0..n_bins).collect(),
                    edges: between(&hz.iter().map(|&hz| share(f64::from(hz))).collect::<Vec<_>>()),
                    marks: marks.collect(),
                    unit: "Hz",
                }
            }
            Self::Logarithmic(hz) => {
                let top = f64::from(hz[n_bins - 1]);
                let first = hz.iter().copied().find(|&hz| hz > 0.0).map_or(LOWEST_HZ, f64::from);
                let bottom = first.max(LOWEST_HZ).min(top / 2.0);
                let share = |hz: f64| (hz / bottom).ln() / (top / bottom).ln();
                // The row of 0 Hz is as far below the first as that is below the second.
                let place = |i: usize| share(f64::from(hz[i]).max(f64::from(hz[1.min(n_bins - 1)]) / 2.0));
                let ticks = round_hz().filter(|hz| (bottom..=top).contains(hz));
                let marks = ticks.map(|hz| (share(hz), thousands(hz as u64))).collect();
                RowAxis {
                    order: (0..n_bins).collect(),
                    edges: between(&(0..n_bins).map(place).collect::<Vec<_>>()),
                    marks: thinned(marks, at_most),
                    unit: "Hz",
                }
            }
            Self::Mel(hz) => {
                let (bottom, top) = (mel(f64::from(hz[0])), mel(f64::from(hz[n_bins - 1]).max(1.0)));
                let share = |hz: f64| (mel(hz) - bottom) / (top - bottom).max(1e-9);
                let ticks = round_hz().map(|hz| (share(hz), thousands(hz as u64)));
                let marks = ticks.filter(|(share, _)| (0.0..=1.0).contains(share)).collect();
                RowAxis {
                    order: (0..n_bins).collect(),
                    edges: between(&hz.iter().map(|&hz| share(f64::from(hz))).collect::<Vec<_>>()),
                    marks: thinned(marks, at_most),
                    unit: "Hz",
                }
            }
            Self::Notes { lowest_midi, bins_per_octave } => {
                even(note_marks(lowest_midi, bins_per_octave, n_bins, at_most), "note")
            }
            Self::PitchClasses { first } => {
                let size = n_bins as f64 / 12.0;
                let name = |i: usize| PITCH_CLASSES[(first + i) % 12];
                let marks = (0..12).filter(|&i| at_most >= 12 || NATURALS.contains(&((first + i) % 12)));
                even(marks.map(|i| (i as f64 * size + 0.5, name(i).to_owned())).collect(), "pitch class")
            }
            Self::Lags { hop_seconds } => {
                let slowest = tempo(n_bins as f64 - 0.5, hop_seconds);
                let (bottom, top) = (slowest.max(TEMPI[0]), TEMPI[1]);
                let share = |bpm: f64| (bpm / bottom).ln() / (top / bottom).ln();
                let edges = (0..n_bins).rev().map(|lag| share(tempo(lag as f64 + 0.5, hop_seconds)));
                let ticks = [30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0, 480.0];
                let marks = ticks.into_iter().filter(|bpm| (bottom..=top).contains(bpm));
                RowAxis {
                    // Lag 0 is infinitely fast, and left out.
                    order: (1..n_bins).rev().collect(),
                    edges: edges.collect(),
                    marks: marks.map(|bpm| (share(bpm), format!("{bpm}"))).collect(),
                    unit: "BPM",
                }
            }
            Self::Time => {
                let step = if n_bins > 1 { (seconds[1] - seconds[0]) / (n_bins - 1) as f64 } else { 1.0 };
                let [from, to] = [seconds[0] - step / 2.0, seconds[1] + step / 2.0];
                let time = time_marks(&(from..to), at_most);
                let row = |at: f64| (at - from) / step;
                even(time.marks.into_iter().map(|(at, label)| (row(at), label)).collect(), time.unit)
            }
            Self::Numbered => {
                // A mark is in the middle of its row.
                let ticks = round_ticks(&(0.0..n_bins as f64 - 0.5), at_most, 1.0);
                even(ticks.into_iter().map(|row| (row + 0.5, thousands(row as u64))).collect(), "row")
            }
        }
    }

    /// The rows in words, as in `in 128 bands from 20 to 8000 Hz`.
    pub(super) fn words(self, n_bins: usize) -> String {
        match self {
            Self::Bands(hz) => format!(" in {n_bins} bands from {:.0} to {:.0} Hz", hz[0], hz[n_bins - 1]),
            Self::Linear(hz) | Self::Logarithmic(hz) | Self::Mel(hz) => {
                format!(" in {n_bins} bins from {:.0} to {:.0} Hz", hz[0], hz[n_bins - 1])
            }
            Self::Notes { lowest_midi, bins_per_octave } => {
                let highest = lowest_midi + (n_bins as f64 - 1.0) * 12.0 / bins_per_octave as f64;
                format!(" in {n_bins} bins from {} to {}", note(lowest_midi), note(highest))
            }
            Self::PitchClasses { .. } => format!(" in {n_bins} pitch classes"),
            Self::Lags { .. } => format!(" in {n_bins} lags"),
            Self::Time => " against itself".to_owned(),
            Self::Numbered => format!(" in {n_bins} rows"),
        }
    }
}

/// Mels of a frequency, by Slaney's formula.
fn mel(hz: f64) -> f64 {
    if hz < 1000.0 { 3.0 * hz / 200.0 } else { 15.0 + 27.0 * (hz / 1000.0).ln() / 6.4f64.ln() }
}

/// The name of the nearest note, as in `C♯4`.
fn note(midi: f64) -> String {
    let nearest = midi.round() as i64;
    format!("{}{}", PITCH_CLASSES[nearest.rem_euclid(12) as usize], nearest.div_euclid(12) - 1)
}

/// Beats per minute whose beats are `lag` frames apart.
fn tempo(lag: f64, hop_seconds: f64) -> f64 {
    60.0 / (lag * hop_seconds)
}

/// Edges halfway between neighbouring places, the outermost as far outside as the next ones are inside.
fn between(places: &[f64]) -> Vec<f64> {
    let half = |pair: &[f64]| (pair[1] - pair[0]) / 2.0;
    let (first, last) = (places[0], places[places.len() - 1]);
    let before = places.windows(2).next().map_or(0.5, half);
    let after = places.windows(2).next_back().map_or(0.5, half);
    let inner = places.windows(2).map(|pair| pair[0] + half(pair));
    std::iter::once(first - before).chain(inner).chain([last + after]).collect()
}

/// 1, 2 and 5 times each power of ten.
fn round_hz() -> impl Iterator<Item = f64> {
    (1..6).flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * 10f64.powi(power)))
}

/// Round frequencies within the bands, as (position in rows from the bottom, Hz).
///
/// The centre of band `i` is at `i + 0.5`; between centres the position is interpolated.
fn band_marks(hz: &[f32], at_most: usize) -> Vec<(f64, String)> {
    let place = |mark: f64| {
        let above = hz.iter().position(|&center| f64::from(center) >= mark)?;
        let below = above.checked_sub(1)?;
        let (from, to) = (f64::from(hz[below]), f64::from(hz[above]));
        Some((below as f64 + 0.5 + (mark - from) / (to - from), thousands(mark as u64)))
    };
    let marks = round_hz().filter_map(place).map(|(row, label)| (row / hz.len() as f64, label)).collect();
    thinned(marks, at_most).into_iter().map(|(share, label)| (share * hz.len() as f64, label)).collect()
}

/// Marks from the top down, without those that come nearer to the last than the `at_most`-th part of the axis.
fn thinned(mut marks: Vec<(f64, String)>, at_most: usize) -> Vec<(f64, String)> {
    let least = 0.9 / at_most.max(1) as f64;
    let mut kept: Vec<(f64, String)> = Vec::new();
    while let Some(mark) = marks.pop() {
        if kept.last().is_none_or(|last| last.0 - mark.0 >= least) {
            kept.push(mark);
        }
    }
    kept.reverse();
    kept
}

/// Notes at the middle of their rows: every C, or more of them where there is room.
fn note_marks(lowest_midi: f64, bins_per_octave: usize, n_bins: usize, at_most: usize) -> Vec<(f64, String)> {
    let per_semitone = bins_per_octave as f64 / 12.0;
    let top = lowest_midi + (n_bins as f64 - 0.5) / per_semitone;
    let range = (lowest_midi - 0.5 / per_semitone).ceil() as i64..=top.floor() as i64;
    let every = [&(0..12).collect::<Vec<_>>()[..], &NATURALS, &[0]];
    let among = |classes: &[usize]| -> Vec<i64> {
        range.clone().filter(|midi| classes.contains(&(midi.rem_euclid(12) as usize))).collect()
    };
    let marked =
        every.into_iter().map(among).find(|notes| notes.len() <= at_most).unwrap_or_else(|| among(&[0]));
    marked
        .into_iter()
        .map(|midi| ((midi as f64 - lowest_midi) * per_semitone + 0.5, note(midi as f64)))
        .collect()
}

fn check_frequencies(hz: &[f32], n_bins: usize) -> Result<(), Error> {
    if hz.len() != n_bins {
        return Err(Error::invalid("hz", format!("{n_bins} values, one per row"), hz.len()));
    }
    let mut previous = 0.0;
    for (i, &hz) in hz.iter().enumerate() {
        if !(hz.is_finite() && hz >= previous) {
            return Err(Error::invalid(format!("hz[{i}]"), format!("at least {previous} Hz"), hz));
        }
        previous = hz;
    }
    Ok(())
}

pub(super) fn positive(key: &str, value: f64) -> Result<(), Error> {
    at_least_zero(key, value)?;
    if value == 0.0 { Err(Error::invalid(key, "more than 0", 0)) } else { Ok(()) }
}

fn at_least_one(key: &str, value: usize) -> Result<(), Error> {
    if value == 0 { Err(Error::invalid(key, "at least 1", 0)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(rows: Rows<'_>, n_bins: usize, at_most: usize) -> Vec<String> {
        rows.check(n_bins).unwrap();
        let axis = rows.axis(n_bins, at_most, [0.0, 1.0]);
        assert_eq!(axis.edges.len(), axis.order.len() + 1);
        assert!(axis.edges.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", axis.edges);
        assert!(axis.edges[0] <= 1e-9 && axis.edges[axis.edges.len() - 1] >= 1.0 - 1e-9, "{:?}", axis.edges);
        assert!(axis.marks.iter().all(|mark| (-1e-9..=1.0 + 1e-9).contains(&mark.0)), "{:?}", axis.marks);
        axis.marks.into_iter().map(|mark| mark.1).collect()
    }

    #[test]
    fn bands_are_marked_where_their_frequency_is() {
        // Bands at 100, 200, ... 1000 Hz: 500 Hz is the centre of the fifth.
        let hz: Vec<f32> = (1..=10).map(|i| i as f32 * 100.0).collect();
        let marks = band_marks(&hz, 10);
        assert_eq!(marks.iter().map(|mark| &*mark.1).collect::<Vec<_>>(), ["200", "500", "1\u{202F}000"]);
        assert!((marks[1].0 - 4.5).abs() < 1e-9, "{marks:?}");
    }

    #[test]
    fn frequencies_stand_at_their_place_on_a_linear_or_logarithmic_axis() {
        let hz: Vec<f32> = (0..=1024).map(|i| i as f32 * 11_025.0 / 1024.0).collect();
        assert_eq!(
            labels(Rows::Linear(&hz), 1025, 6),
            ["0", "2000", "4000", "6000", "8000", "10000"].map(|s| { thousands(s.parse().unwrap()) })
        );
        let axis = Rows::Logarithmic(&hz).axis(1025, 12, [0.0, 1.0]);
        assert_eq!(axis.marks.first().map(|mark| &*mark.1), Some("20"));
        assert_eq!(axis.marks.last().map(|mark| &*mark.1), Some("10\u{202F}000"));
        // 200 to 2000 Hz is as far as 500 to 5000 Hz.
        let at =
            |label: &str| axis.marks.iter().find(|mark| mark.1.replace('\u{202F}', "") == label).unwrap().0;
        assert!((at("2000") - at("200") - at("5000") + at("500")).abs() < 1e-9);
        // The row of bin 93, at 1001 Hz, is where 1000 Hz is marked.
        assert!((axis.edges[93]..axis.edges[94]).contains(&at("1000")));
        labels(Rows::Logarithmic(&hz), 1025, 8);
    }

    #[test]
    fn the_mel_axis_is_linear_up_to_1_khz_and_logarithmic_above() {
        let hz: Vec<f32> = (0..=1024).map(|i| i as f32 * 11_025.0 / 1024.0).collect();
        assert_eq!(
            labels(Rows::Mel(&hz), 1025, 12),
            ["200", "500", "1000", "2000", "5000", "10000"].map(|s| thousands(s.parse().unwrap()))
        );
        let axis = Rows::Mel(&hz).axis(1025, 12, [0.0, 1.0]);
        let at =
            |label: &str| axis.marks.iter().find(|mark| mark.1.replace('\u{202F}', "") == label).unwrap().0;
        // From 0 Hz, 500 Hz is half as far as 1 kHz; above, equal ratios are equally far.
        assert!((2.0 * at("500") - at("1000")).abs() < 1e-9 && (2.5 * at("200") - at("500")).abs() < 1e-9);
        assert!((at("2000") - at("1000") - at("10000") + at("5000")).abs() < 1e-9);
        // 6.4 kHz is 42 mels.
        let top = mel(11_025.0);
        assert!((mel(6400.0) - 42.0).abs() < 1e-9 && (at("1000") - 15.0 / top).abs() < 1e-9);
    }

    #[test]
    fn notes_are_marked_in_the_middle_of_their_bins() {
        let rows = Rows::Notes { lowest_midi: 24.0, bins_per_octave: 12 };
        assert_eq!(labels(rows, 84, 8), ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]);
        assert_eq!(
            labels(rows, 12, 12),
            ["C1", "C♯1", "D1", "D♯1", "E1", "F1", "F♯1", "G1", "G♯1", "A1", "A♯1", "B1"]
        );
        let axis = Rows::Notes { lowest_midi: 33.0, bins_per_octave: 24 }.axis(48, 2, [0.0, 1.0]);
        // C2 is three semitones, six bins, above A1.
        assert_eq!(axis.marks, [(6.5 / 48.0, "C2".to_owned()), (30.5 / 48.0, "C3".to_owned())]);
    }

    #[test]
    fn pitch_classes_begin_where_they_are_said_to() {
        assert_eq!(labels(Rows::PitchClasses { first: 0 }, 12, 12).len(), 12);
        assert_eq!(labels(Rows::PitchClasses { first: 9 }, 24, 7), ["A", "B", "C", "D", "E", "F", "G"]);
        assert!(Rows::PitchClasses { first: 12 }.check(12).is_err());
    }

    #[test]
    fn lags_are_marked_as_tempo_slowest_at_the_bottom() {
        let hop_seconds = 512.0 / 22_050.0;
        let rows = Rows::Lags { hop_seconds };
        assert_eq!(labels(rows, 384, 9), ["30", "45", "60", "90", "120", "180", "240", "360", "480"]);
        let axis = rows.axis(384, 9, [0.0, 1.0]);
        // 120 BPM are half a second, 21.5 frames.
        let at = axis.marks[4].0;
        let row = axis
            .order
            .iter()
            .zip(axis.edges.windows(2))
            .find(|(_, edges)| (edges[0]..=edges[1]).contains(&at));
        assert!([21, 22].contains(row.unwrap().0));
        assert!(rows.check(3).is_err());
    }
}
