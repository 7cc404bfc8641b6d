//! Units of pitch and time.

use crate::FeatureError;

/// Frequency of A4 in Hz.
const A4_HZ: f64 = 440.0;

/// MIDI number of A4.
const A4_MIDI: f64 = 69.0;

/// Names of the twelve pitch classes, C first.
const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/// MIDI note number of a frequency, `12 log2(hz / 440) + 69`, not rounded: `librosa.hz_to_midi`.
///
/// ```
/// assert_eq!(crooner_features::hz_to_midi(880.0), 81.0);
/// ```
#[must_use]
pub fn hz_to_midi(hz: f64) -> f64 {
    12.0 * (hz.log2() - A4_HZ.log2()) + A4_MIDI
}

/// Frequency in Hz of a MIDI note number: `librosa.midi_to_hz`.
#[must_use]
pub fn midi_to_hz(midi: f64) -> f64 {
    A4_HZ * ((midi - A4_MIDI) / 12.0).exp2()
}

/// MIDI note number of a note's name, cents included: `librosa.note_to_midi(note, round_midi=False)`.
///
/// A letter of either case, any number of accidentals (`#` or `♯`, `b`, `!` or `♭`, `𝄪`, `𝄫`, `♮`), an octave (0 if none) and
/// cents (`+25`).
///
/// ```
/// use crooner_features::note_to_midi;
///
/// assert_eq!(note_to_midi("A4")?, 69.0);
/// assert_eq!(note_to_midi("Cb-1+25")?, -0.75);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for what is no note.
pub fn note_to_midi(note: &str) -> Result<f64, FeatureError> {
    parse_note(note).ok_or_else(|| FeatureError::config("note", "a note such as A4, C♯3 or Bb2-15", note))
}

fn parse_note(note: &str) -> Option<f64> {
    let mut letters = note.chars();
    let class = match letters.next()?.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let mut rest = letters.as_str();
    let mut offset = 0;
    while let Some(accidental) = rest.chars().next() {
        offset += match accidental {
            '#' | '♯' => 1,
            'b' | '!' | '♭' => -1,
            '𝄪' => 2,
            '𝄫' => -2,
            '♮' => 0,
            _ => break,
        };
        rest = &rest[accidental.len_utf8()..];
    }
    // The octave may have a sign and cents have one, so that a sign after a digit starts the cents.
    let cents_start = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map(|(i, _)| i);
    let (octave, cents) = rest.split_at(cents_start.unwrap_or(rest.len()));
    let number = |text: &str| match text.strip_prefix(['+', '-']).unwrap_or(text) {
        digits if !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse::<i32>().ok()
        }
        _ => None,
    };
    let octave = if octave.is_empty() { 0 } else { number(octave)? };
    let cents = if cents.is_empty() { 0 } else { number(cents)? };
    Some(f64::from(12 * (octave + 1) + class + offset) + f64::from(cents) / 100.0)
}

/// Frequency in Hz of a note's name, cents included: `librosa.note_to_hz`.
///
/// # Errors
/// As [`note_to_midi`].
pub fn note_to_hz(note: &str) -> Result<f64, FeatureError> {
    note_to_midi(note).map(midi_to_hz)
}

/// Name of the note nearest to a finite MIDI number, with sharps and octave: `librosa.midi_to_note`.
///
/// ```
/// assert_eq!(crooner_features::midi_to_note(61.2), "C♯4");
/// ```
#[must_use]
pub fn midi_to_note(midi: f64) -> String {
    let number = midi.round_ties_even() as i64;
    format!("{}{}", NAMES[number.rem_euclid(12) as usize], number / 12 - 1)
}

/// Name of the note nearest to a frequency above 0: `librosa.hz_to_note`.
#[must_use]
pub fn hz_to_note(hz: f64) -> String {
    midi_to_note(hz_to_midi(hz))
}

/// Octaves of a frequency above C0 as librosa counts them, from 27.5 Hz (A0) on, with A4 `tuning` bins off 440 Hz:
/// `librosa.hz_to_octs`.
#[must_use]
pub fn hz_to_octs(hz: f64, tuning: f64, bins_per_octave: usize) -> f64 {
    (hz / (tuned_a4(tuning, bins_per_octave) / 16.0)).log2()
}

/// The inverse of [`hz_to_octs`]: `librosa.octs_to_hz`.
#[must_use]
pub fn octs_to_hz(octs: f64, tuning: f64, bins_per_octave: usize) -> f64 {
    tuned_a4(tuning, bins_per_octave) / 16.0 * octs.exp2()
}

fn tuned_a4(tuning: f64, bins_per_octave: usize) -> f64 {
    A4_HZ * (tuning / bins_per_octave as f64).exp2()
}

/// The sample at which a frame starts, or with `n_fft` that at its centre when the first starts with the track:
/// `librosa.frames_to_samples`.
#[must_use]
pub fn frames_to_samples(frame: usize, hop_length: usize, n_fft: Option<usize>) -> usize {
    frame * hop_length + n_fft.unwrap_or(0) / 2
}

/// The last frame that starts at or before a sample (negative before the first), or with `n_fft` whose centre does:
/// `librosa.samples_to_frames`. `hop_length` is at least 1.
///
/// # Panics
/// If `hop_length` is 0.
#[must_use]
pub fn samples_to_frames(sample: i64, hop_length: usize, n_fft: Option<usize>) -> i64 {
    (sample - n_fft.unwrap_or(0) as i64 / 2).div_euclid(hop_length as i64)
}

/// Time in seconds of a sample: `librosa.samples_to_time`.
#[must_use]
pub fn samples_to_time(sample: usize, sample_rate: u32) -> f64 {
    sample as f64 / f64::from(sample_rate)
}

/// The sample at or before a time in seconds: `librosa.time_to_samples`.
#[must_use]
pub fn time_to_samples(seconds: f64, sample_rate: u32) -> i64 {
    // Towards zero, as NumPy turns numbers into integers.
    (seconds * f64::from(sample_rate)) as i64
}

/// Time in seconds of a frame: `librosa.frames_to_time`.
///
/// ```
/// assert_eq!(crooner_features::frames_to_time(100, 16_000, 160, None), 1.0);
/// ```
#[must_use]
pub fn frames_to_time(frame: usize, sample_rate: u32, hop_length: usize, n_fft: Option<usize>) -> f64 {
    samples_to_time(frames_to_samples(frame, hop_length, n_fft), sample_rate)
}

/// The last frame that starts at or before a time in seconds: `librosa.time_to_frames`.
///
/// # Panics
/// If `hop_length` is 0.
#[must_use]
pub fn time_to_frames(seconds: f64, sample_rate: u32, hop_length: usize, n_fft: Option<usize>) -> i64 {
    samples_to_frames(time_to_samples(seconds, sample_rate), hop_length, n_fft)
}
