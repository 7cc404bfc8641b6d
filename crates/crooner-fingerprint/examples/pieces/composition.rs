//! What is played when.

use crate::random::Random;

/// A tone or a stroke of a drum.
pub(crate) struct Note {
    pub(crate) voice: Voice,
    /// Seconds.
    pub(crate) begin: f64,
    pub(crate) length: f64,
    pub(crate) hz: f64,
    pub(crate) level: f64,
}

#[derive(Clone, Copy)]
pub(crate) enum Voice {
    Lead,
    Chord,
    Bass,
    Kick,
    Snare,
    HiHat,
}

/// Levels of a tone's harmonics, and how it begins and ends.
pub(crate) struct Timbre {
    pub(crate) harmonics: [f64; 10],
    /// Seconds until it is loudest, and in which it then falls to 1 / e.
    pub(crate) attack: f64,
    pub(crate) decay: f64,
}

/// All notes of a piece.
pub(crate) struct Composition {
    pub(crate) seconds: f64,
    pub(crate) notes: Vec<Note>,
    /// Of lead, chords and bass.
    pub(crate) timbres: [Timbre; 3],
    pub(crate) seed: u64,
}

/// Semitones above the key: major, minor, dorian, mixolydian, harmonic minor.
const SCALES: [[i32; 7]; 5] = [
    [0, 2, 4, 5, 7, 9, 11],
    [0, 2, 3, 5, 7, 8, 10],
    [0, 2, 3, 5, 7, 9, 10],
    [0, 2, 4, 5, 7, 9, 10],
    [0, 2, 3, 5, 7, 8, 11],
];
/// Bars of a section, beats of a bar, and steps of a beat.
const BARS: usize = 4;
const BEATS: usize = 4;
const STEPS: usize = 4;

/// What is repeated whole.
struct Section {
    /// A degree of the scale for each bar.
    chords: [i32; BARS],
    /// Step, length in steps, degree.
    melody: Vec<(usize, usize, i32)>,
    /// Whether a drum is struck at each step of a bar.
    drums: [[bool; BEATS * STEPS]; 3],
    /// At which steps of a bar the chord and the bass are played.
    chord_steps: Vec<usize>,
    bass_steps: Vec<usize>,
    is_arpeggio: bool,
}

/// Where a piece is: what turns degrees and steps into Hz and seconds.
struct Frame {
    scale: [i32; 7],
    /// Of degree 0 of the middle octave.
    key_hz: f64,
    step_seconds: f64,
    /// The share of a step by which every other one is late.
    swing: f64,
    /// The most by which a player is early or late, in seconds.
    looseness: f64,
}

impl Composition {
    /// The piece of this number.
    pub(crate) fn new(seed: u64, seconds: f64) -> Self {
        let mut random = Random(seed ^ 0x5EED_0000_0000);
        let frame =
            if random.below(2) == 0 { Frame::of_machine(&mut random) } else { Frame::of_band(&mut random) };
        let timbres = [Timbre::new(&mut random), Timbre::new(&mut random), Timbre::new(&mut random)];
        let sections: Vec<Section> = (0..2 + random.below(3)).map(|_| Section::new(&mut random)).collect();
        let section_seconds = (BARS * BEATS * STEPS) as f64 * frame.step_seconds;
        let mut notes = Vec::new();
        let mut begin = 0.0;
        while begin < seconds {
            let section = &sections[random.below(sections.len())];
            section.play(&frame, begin, &mut random, &mut notes);
            begin += section_seconds;
        }
        notes.retain(|note| note.begin < seconds);
        Self { seconds, notes, timbres, seed }
    }
}

impl Timbre {
    fn new(random: &mut Random) -> Self {
        let slope = 0.5 + 1.5 * random.unit();
        let harmonics = std::array::from_fn(|n| random.unit() / (n as f64 + 1.0).powf(slope));
        Self { harmonics, attack: 0.003 + 0.04 * random.unit().powi(2), decay: 0.08 + 0.8 * random.unit() }
    }
}

impl Section {
    fn new(random: &mut Random) -> Self {
        let chords = std::array::from_fn(|_| random.below(7) as i32);
        let mut melody = Vec::new();
        let (mut step, mut degree) = (0, random.below(8) as i32);
        while step < BARS * BEATS * STEPS {
            let length = [1, 2, 2, 2, 3, 4, 4, 6, 8][random.below(9)];
            // A rest now and then.
            if random.below(6) > 0 {
                melody.push((step, length, degree));
            }
            degree = (degree + [-3, -2, -1, -1, 0, 1, 1, 2, 4][random.below(9)]).clamp(-4, 11);
            step += length;
        }
        let mut some_of = |density: usize| -> Vec<usize> {
            (0..BEATS * STEPS).filter(|step| step % 8 == 0 || random.below(16) < density).collect()
        };
        let (chord_steps, bass_steps) = (some_of(3), some_of(4));
        let is_arpeggio = random.below(3) == 0;
        let drums = [2, 2, 8].map(|density| std::array::from_fn(|_| random.below(16) < density));
        Self { chords, melody, drums, chord_steps, bass_steps, is_arpeggio }
    }

    fn play(&self, frame: &Frame, begin: f64, random: &mut Random, notes: &mut Vec<Note>) {
        let mut play = |voice, step: usize, steps: f64, hz, level: f64| {
            let late = if step % 2 == 1 { frame.swing } else { 0.0 };
            let begin = begin
                + (step as f64 + late) * frame.step_seconds
                + frame.looseness * (2.0 * random.unit() - 1.0);
            let level = level * (0.6 + 0.4 * random.unit());
            notes.push(Note { voice, begin: begin.max(0.0), length: steps * frame.step_seconds, hz, level });
        };
        for &(step, length, degree) in &self.melody {
            play(Voice::Lead, step, length as f64, frame.hz(degree + 7), 0.25);
        }
        for (bar, &chord) in self.chords.iter().enumerate() {
            let first = bar * BEATS * STEPS;
            for (n, &step) in self.chord_steps.iter().enumerate() {
                let tones = if self.is_arpeggio { n % 3..n % 3 + 1 } else { 0..3 };
                for tone in tones {
                    play(Voice::Chord, first + step, 4.0, frame.hz(chord + 2 * tone as i32), 0.12);
                }
            }
            for &step in &self.bass_steps {
                play(Voice::Bass, first + step, 3.0, frame.hz(chord - 14), 0.3);
            }
            for (voice, strokes) in [Voice::Kick, Voice::Snare, Voice::HiHat].into_iter().zip(&self.drums) {
                for (step, _) in strokes.iter().enumerate().filter(|(_, is_struck)| **is_struck) {
                    play(voice, first + step, 1.0, 0.0, 0.3);
                }
            }
        }
    }
}

impl Frame {
    /// As by a sequencer: a whole number of beats a minute, 440 Hz, and in time to the sample.
    fn of_machine(random: &mut Random) -> Self {
        let tempo = 70 + 2 * random.below(50);
        Self::new(tempo as f64, 0.0, random)
    }

    /// As by people: somewhat out of tune and of time.
    fn of_band(random: &mut Random) -> Self {
        let (tempo, tuning) = (65.0 + 110.0 * random.unit(), random.unit() - 0.5);
        let straight = Self::new(tempo, tuning, random);
        Self { swing: 0.4 * random.unit(), looseness: 0.02 * random.unit(), ..straight }
    }

    /// With so many beats a minute and so many semitones above 440 Hz.
    fn new(tempo: f64, tuning: f64, random: &mut Random) -> Self {
        Self {
            scale: SCALES[random.below(SCALES.len())],
            key_hz: 220.0 * ((random.below(12) as f64 + tuning) / 12.0).exp2(),
            step_seconds: 60.0 / tempo / STEPS as f64,
            swing: 0.0,
            looseness: 0.0,
        }
    }

    fn hz(&self, degree: i32) -> f64 {
        let semitones = 12 * degree.div_euclid(7) + self.scale[degree.rem_euclid(7) as usize];
        self.key_hz * (f64::from(semitones) / 12.0).exp2()
    }
}
