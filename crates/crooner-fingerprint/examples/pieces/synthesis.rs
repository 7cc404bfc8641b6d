//! From notes to samples.

use crate::composition::{Composition, Note, Timbre, Voice};
use crate::random::Random;

/// In Hz.
pub(crate) const SAMPLE_RATE: u32 = 16_000;

/// Samples of one period of a tone.
const TABLE: usize = 2_048;
/// Harmonics above this are left out.
const HIGHEST_HZ: f64 = 7_000.0;
/// The piece is as loud as this where it is loudest.
const PEAK: f32 = 0.9;

/// One period of a tone of the first 0, 1, ... of a timbre's harmonics.
struct Waves<'a> {
    timbre: &'a Timbre,
    tables: Vec<Vec<f32>>,
}

impl<'a> Waves<'a> {
    fn new(timbre: &'a Timbre) -> Self {
        let mut tables = vec![vec![0.0; TABLE]];
        for (&level, n) in timbre.harmonics.iter().zip(1_u16..) {
            let harmonic = |at: usize| {
                level as f32 * (f32::from(n) * std::f32::consts::TAU * at as f32 / TABLE as f32).sin()
            };
            let fewer = &tables[tables.len() - 1];
            tables.push(fewer.iter().enumerate().map(|(at, fewer)| fewer + harmonic(at)).collect());
        }
        for (table, n) in tables.iter_mut().zip(0..) {
            let total: f64 = timbre.harmonics[..n].iter().sum();
            table.iter_mut().for_each(|sample| *sample /= total.max(f64::MIN_POSITIVE) as f32);
        }
        Self { timbre, tables }
    }
}

/// All of a piece, played `speed` times as fast, as a turntable does it.
pub(crate) fn render(composition: &Composition, speed: f64) -> Vec<f32> {
    let mut samples = vec![0.0; (composition.seconds / speed * f64::from(SAMPLE_RATE)) as usize];
    let mut random = Random(composition.seed ^ 0x4015E);
    let kick = kick(speed);
    let [lead, chord, bass] = composition.timbres.each_ref().map(Waves::new);
    for note in &composition.notes {
        let begin = (note.begin / speed * f64::from(SAMPLE_RATE)) as usize;
        let Some(there) = samples.get_mut(begin..) else { continue };
        match note.voice {
            Voice::Lead => tone(note, &lead, speed, there),
            Voice::Chord => tone(note, &chord, speed, there),
            Voice::Bass => tone(note, &bass, speed, there),
            Voice::Kick => {
                there.iter_mut().zip(&kick).for_each(|(sample, kick)| *sample += note.level as f32 * kick);
            }
            Voice::Snare => noise(note, 0.08 / speed, &mut random, there),
            Voice::HiHat => noise(note, 0.02 / speed, &mut random, there),
        }
    }
    let loudest = samples.iter().fold(f32::MIN_POSITIVE, |loudest, sample| loudest.max(sample.abs()));
    samples.iter_mut().for_each(|sample| *sample *= PEAK / loudest);
    samples
}

fn tone(note: &Note, waves: &Waves<'_>, speed: f64, there: &mut [f32]) {
    let hz = note.hz * speed;
    let timbre = waves.timbre;
    let table = &waves.tables[((HIGHEST_HZ / hz) as usize).min(waves.tables.len() - 1)];
    let rate = f64::from(SAMPLE_RATE);
    let step = (hz / rate * TABLE as f64) as f32;
    let attack = (timbre.attack / speed * rate).max(1.0) as f32;
    let length = (note.length / speed * rate) as f32;
    let fall = (-speed / (timbre.decay * rate)).exp() as f32;
    // After its length a note dies away in 30 ms.
    let release = (-speed / (0.03 * rate)).exp() as f32;
    let (mut level, mut phase) = (note.level as f32, 0.0_f32);
    for (n, sample) in there.iter_mut().enumerate() {
        let n = n as f32;
        *sample += level * (n / attack).min(1.0) * table[phase as usize % TABLE];
        phase = if phase + step < TABLE as f32 { phase + step } else { phase + step - TABLE as f32 };
        if n > attack {
            level *= if n < length { fall } else { release };
        }
        if level < 1e-3 {
            break;
        }
    }
}

/// A tone that falls from 150 to 50 Hz.
fn kick(speed: f64) -> Vec<f32> {
    let (mut phase, rate) = (0.0, f64::from(SAMPLE_RATE));
    let sample = |n: usize| {
        let seconds = n as f64 / rate * speed;
        phase += speed * (50.0 + 100.0 * (-seconds / 0.03).exp()) / rate;
        ((-seconds / 0.07).exp() * (std::f64::consts::TAU * phase).sin()) as f32
    };
    (0..(0.25 / speed * rate) as usize).map(sample).collect()
}

/// Noise that falls to 1 / e in so many seconds.
fn noise(note: &Note, decay: f64, random: &mut Random, there: &mut [f32]) {
    let rate = f64::from(SAMPLE_RATE);
    let fall = (-1.0 / (decay * rate)).exp() as f32;
    let mut level = note.level as f32;
    for sample in there.iter_mut().take((6.0 * decay * rate) as usize) {
        *sample += level * (random.unit() as f32 - 0.5);
        level *= fall;
    }
}
