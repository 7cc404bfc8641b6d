//! What a producer would have done to a piece: soundfont, room, tone, compression and level.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::folder::option;
use crate::info::Info;
use crate::{DatasetError, Request};

/// The options, checked.
#[derive(Debug)]
pub(super) struct Effect {
    kind: Kind,
    strength: f64,
    seed: u64,
    /// How much of a piece is kept.
    pub(super) seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    Album,
    Song,
}

/// What one album or piece gets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Treatment {
    /// Which of the soundfonts.
    pub(super) soundfont: usize,
    /// `synth.reverb.room-size`, 0 to 1.
    pub(super) room: f64,
    /// `synth.reverb.level`, 0 to 1.
    pub(super) reverb: f64,
    /// Gain below 150 Hz, around 1200 Hz and above 3500 Hz, in dB.
    pub(super) tone: [f64; 3],
    /// How many dB above the compressor's threshold come to one, at least 1, which is no compression.
    pub(super) ratio: f64,
    /// Gain of all, in dB.
    pub(super) level: f64,
}

impl Effect {
    pub(super) fn of(info: &Info, request: &Request) -> Result<Self, DatasetError> {
        let kind = match option(info, request, "effect", &["album", "song", "none"])? {
            Some("none") => Kind::Nothing,
            Some("song") => Kind::Song,
            _ => Kind::Album,
        };
        let number = |option: &'static str, usual: f64, [low, high]: [f64; 2]| {
            let Some(text) = request.options.get(option) else { return Ok(usual) };
            text.parse().ok().filter(|number| (low..=high).contains(number)).ok_or_else(|| {
                DatasetError::OptionValue {
                    name: info.name.clone(),
                    option,
                    allowed: vec![format!("a number from {low} to {high}")],
                    found: text.clone(),
                }
            })
        };
        let seed = match request.options.get("seed") {
            None => 0,
            Some(text) => text.parse().map_err(|_| DatasetError::OptionValue {
                name: info.name.clone(),
                option: "seed",
                allowed: vec!["a whole number".to_owned()],
                found: text.clone(),
            })?,
        };
        let strength = number("strength", 1.0, [0.0, 1.0])?;
        let kind = if strength > 0.0 { kind } else { Kind::Nothing };
        Ok(Self { kind, strength, seed, seconds: number("seconds", 60.0, [1.0, 3600.0])? })
    }

    /// Fewest soundfonts that do: two, so that none belongs to one composer only.
    pub(super) fn needed_soundfonts(&self) -> usize {
        if self.kind == Kind::Nothing { 1 } else { 2 }
    }

    /// All that decides what is drawn, and how much is kept.
    pub(super) fn identity(&self) -> String {
        let Self { kind, strength, seed, seconds } = self;
        format!("{kind:?} {strength} {seed} {seconds}")
    }

    /// Of the piece at `path`, on the `number`-th album of its composer. Soundfonts take turns over a composer's albums,
    /// each composer beginning with another.
    pub(super) fn treatment(
        &self,
        (composer, album): (&str, &str),
        path: &str,
        number: usize,
        n_soundfonts: usize,
    ) -> Treatment {
        let (key, turn) = match self.kind {
            Kind::Nothing => {
                let tone = [0.0; 3];
                return Treatment { soundfont: 0, room: 0.2, reverb: 0.15, tone, ratio: 1.0, level: 0.0 };
            }
            Kind::Album => {
                let first: usize = composer.bytes().map(usize::from).sum();
                (format!("{composer}/{album}"), first + number)
            }
            Kind::Song => (path.to_owned(), (self.uniform(path, "soundfont", 0.0, 1e9)) as usize),
        };
        let drawn = |what, low, high| self.strength * self.uniform(&key, what, low, high);
        Treatment {
            soundfont: turn % n_soundfonts.max(1),
            room: 0.2 + drawn("room", -0.2, 0.6),
            reverb: 0.15 + drawn("reverb", -0.15, 0.5),
            tone: [drawn("bass", -9.0, 9.0), drawn("middle", -5.0, 5.0), drawn("treble", -9.0, 9.0)],
            // None, some or much, a third each.
            ratio: 1.0 + self.strength * [0.0, 1.0, 3.0][self.uniform(&key, "ratio", 0.0, 3.0) as usize],
            level: drawn("level", -9.0, 6.0),
        }
    }

    /// From `low` up to `high`, by the seed, whose it is and what it is for.
    fn uniform(&self, key: &str, what: &str, low: f64, high: f64) -> f64 {
        let digest = Sha256::digest(format!("{}/{key}/{what}", self.seed));
        let first = digest.iter().take(8).fold(0, |bits: u64, &byte| bits << 8 | u64::from(byte));
        low + (high - low) * ((first >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// Half a sentence.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, strength, seed, .. } = self;
        match kind {
            Kind::Nothing => f.write_str("all pieces alike"),
            Kind::Album => write!(f, "each album in its own way (strength {strength}, seed {seed})"),
            Kind::Song => write!(f, "each piece in its own way (strength {strength}, seed {seed})"),
        }
    }
}

/// Changes tone, dynamics and level of `samples` as `treatment` says; what would then exceed 0.95 makes all quieter.
pub(super) fn apply(treatment: &Treatment, samples: &mut [f32], sample_rate: f64) {
    let [bass, middle, treble] = treatment.tone;
    let filters = [
        Biquad::low_shelf(150.0 / sample_rate, bass),
        Biquad::peak(1200.0 / sample_rate, middle),
        Biquad::high_shelf(3500.0 / sample_rate, treble),
    ];
    for filter in filters {
        filter.run(samples);
    }
    compress(treatment.ratio, samples, sample_rate);
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let gain = 10.0_f32.powf(treatment.level as f32 / 20.0);
    let gain = if peak * gain > 0.95 { 0.95 / peak } else { gain };
    samples.iter_mut().for_each(|sample| *sample *= gain);
}

/// What is louder than this, in dB below full scale, is compressed.
const THRESHOLD: f64 = -20.0;
/// How long the compressor takes to follow what gets louder, and what gets quieter, in seconds.
const ATTACK: f64 = 0.020;
const RELEASE: f64 = 0.250;

/// A feed-forward compressor: where the level `l` in dB exceeds the threshold `t`, samples are lowered by
/// `(1 - 1 / ratio) (l - t)` dB. The level follows the magnitude with one time constant up and another one down: the
/// branching detector of Giannoulis, Massberg and Reiss, Digital Dynamic Range Compressor Design (JAES 60, 2012).
fn compress(ratio: f64, samples: &mut [f32], sample_rate: f64) {
    if ratio <= 1.0 {
        return;
    }
    let kept = |seconds: f64| (-1.0 / (seconds * sample_rate)).exp();
    let (up, down) = (kept(ATTACK), kept(RELEASE));
    let threshold = 10.0_f64.powf(THRESHOLD / 20.0);
    let mut level = 0.0;
    for sample in samples {
        let magnitude = f64::from(sample.abs());
        let kept = if magnitude > level { up } else { down };
        level = kept * level + (1.0 - kept) * magnitude;
        if level > threshold {
            *sample = (f64::from(*sample) * (level / threshold).powf(1.0 / ratio - 1.0)) as f32;
        }
    }
}

/// A filter of second order, `H(z) = (b₀ + b₁ z⁻¹ + b₂ z⁻²) / (1 + a₁ z⁻¹ + a₂ z⁻²)`: R. Bristow-Johnson, Cookbook formulae
/// for audio EQ biquad filter coefficients. Frequencies are in cycles a sample, gains in dB; shelves have the slope 1,
/// the peak the quality 1.
#[derive(Clone, Copy, Debug)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

impl Biquad {
    fn low_shelf(frequency: f64, gain: f64) -> Self {
        Self::shelf(frequency, gain, 1.0)
    }

    fn high_shelf(frequency: f64, gain: f64) -> Self {
        Self::shelf(frequency, gain, -1.0)
    }

    /// The two shelves differ in the sign of the cosine, and of what is odd in `z`.
    fn shelf(frequency: f64, gain: f64, sign: f64) -> Self {
        let amplitude = 10.0_f64.powf(gain / 40.0);
        let (sin, cos) = (std::f64::consts::TAU * frequency).sin_cos();
        let cos = sign * cos;
        let root = 2.0 * amplitude.sqrt() * sin * std::f64::consts::FRAC_1_SQRT_2;
        let (more, less) = (amplitude + 1.0, amplitude - 1.0);
        Self::normalised(
            [
                amplitude * (more - less * cos + root),
                sign * 2.0 * amplitude * (less - more * cos),
                amplitude * (more - less * cos - root),
            ],
            [more + less * cos + root, sign * -2.0 * (less + more * cos), more + less * cos - root],
        )
    }

    fn peak(frequency: f64, gain: f64) -> Self {
        let amplitude = 10.0_f64.powf(gain / 40.0);
        let (sin, cos) = (std::f64::consts::TAU * frequency).sin_cos();
        let alpha = sin / 2.0;
        Self::normalised(
            [1.0 + alpha * amplitude, -2.0 * cos, 1.0 - alpha * amplitude],
            [1.0 + alpha / amplitude, -2.0 * cos, 1.0 - alpha / amplitude],
        )
    }

    fn normalised(b: [f64; 3], [a0, a1, a2]: [f64; 3]) -> Self {
        Self { b: b.map(|b| b / a0), a: [a1 / a0, a2 / a0] }
    }

    fn run(self, samples: &mut [f32]) {
        let Self { b: [b0, b1, b2], a: [a1, a2] } = self;
        let (mut first, mut second) = (0.0, 0.0);
        for sample in samples {
            let input = f64::from(*sample);
            let output = b0 * input + first;
            first = b1 * input - a1 * output + second;
            second = b2 * input - a2 * output;
            *sample = output as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 44_100.0;

    /// Gain in dB of a filter at a frequency in Hz, by its transfer function.
    fn gain(filter: Biquad, hz: f64) -> f64 {
        let angle = -std::f64::consts::TAU * hz / RATE;
        let polynomial = |coefficients: [f64; 3]| {
            let terms = coefficients.iter().enumerate();
            let (re, im) = terms.fold((0.0, 0.0), |(re, im), (power, c)| {
                (re + c * (angle * power as f64).cos(), im + c * (angle * power as f64).sin())
            });
            re * re + im * im
        };
        let [a1, a2] = filter.a;
        10.0 * (polynomial(filter.b) / polynomial([1.0, a1, a2])).log10()
    }

    #[test]
    fn each_filter_raises_what_it_should() {
        for db in [-9.0, -3.0, 0.0, 5.0, 9.0] {
            let low = Biquad::low_shelf(150.0 / RATE, db);
            let high = Biquad::high_shelf(3500.0 / RATE, db);
            let peak = Biquad::peak(1200.0 / RATE, db);
            for (filter, hz, expected) in [
                (low, 0.0, db),
                (low, 150.0, db / 2.0),
                (low, 22_050.0, 0.0),
                (high, 0.0, 0.0),
                (high, 3500.0, db / 2.0),
                (high, 22_050.0, db),
                (peak, 0.0, 0.0),
                (peak, 1200.0, db),
                (peak, 22_050.0, 0.0),
            ] {
                assert!((gain(filter, hz) - expected).abs() < 1e-9, "{db} dB, {hz} Hz: {}", gain(filter, hz));
            }
        }
    }

    #[test]
    fn a_filter_does_what_its_transfer_function_says() {
        let filter = Biquad::peak(1200.0 / RATE, 5.0);
        let wave = |hz: f64| {
            (0..44_100).map(move |i| (std::f64::consts::TAU * hz * f64::from(i) / RATE).sin() as f32)
        };
        for hz in [100.0, 1200.0, 5000.0] {
            let mut samples: Vec<f32> = wave(hz).collect();
            filter.run(&mut samples);
            let power =
                |samples: &[f32]| samples[22_050..].iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
            let found = 10.0 * (power(&samples) / power(&wave(hz).collect::<Vec<_>>())).log10();
            assert!((found - gain(filter, hz)).abs() < 0.01, "{hz} Hz: {found} dB");
        }
    }

    fn effect(options: &[(&str, &str)]) -> Result<Effect, DatasetError> {
        let request = options.iter().fold(Request::default(), |r, (key, value)| r.with_option(*key, *value));
        Effect::of(crate::find("symbolic").unwrap().info(), &request)
    }

    #[test]
    fn an_album_has_one_treatment_and_a_song_its_own() {
        let treatment = |effect: &Effect, album, path| effect.treatment(("Korp", album), path, 0, 3);
        let album = effect(&[]).unwrap();
        let first = treatment(&album, "One", "a");
        assert_eq!(treatment(&album, "One", "b"), first);
        assert_ne!(treatment(&album, "Two", "a").tone, first.tone);
        assert_ne!(treatment(&effect(&[("seed", "1")]).unwrap(), "One", "a"), first);
        assert_ne!(album.treatment(("Korp", "One"), "a", 1, 3).soundfont, first.soundfont, "they take turns");
        let song = effect(&[("effect", "song")]).unwrap();
        assert_ne!(treatment(&song, "One", "a"), treatment(&song, "One", "b"));

        let weak = treatment(&effect(&[("strength", "0.5")]).unwrap(), "One", "a");
        for (weak, strong) in weak.tone.iter().zip(first.tone) {
            assert!((2.0 * weak - strong).abs() < 1e-12);
        }
        let none = effect(&[("effect", "none")]).unwrap();
        let nothing = effect(&[("strength", "0")]).unwrap();
        assert_eq!(treatment(&none, "One", "a"), treatment(&nothing, "Two", "b"));
        assert_eq!((none.needed_soundfonts(), album.needed_soundfonts()), (1, 2));
    }

    #[test]
    fn what_is_drawn_stays_in_its_range() {
        let song = effect(&[("effect", "song")]).unwrap();
        for piece in 0..200 {
            let Treatment { soundfont, room, reverb, tone, ratio, level } =
                song.treatment(("", ""), &piece.to_string(), 0, 3);
            assert!([1.0, 2.0, 4.0].contains(&ratio), "{ratio}");
            assert!(soundfont < 3 && (0.0..0.8).contains(&room) && (0.0..0.65).contains(&reverb));
            assert!(tone.iter().all(|tone| tone.abs() <= 9.0) && (-9.0..6.0).contains(&level));
        }
    }

    #[test]
    fn a_compressor_leaves_a_part_of_what_is_above_its_threshold() {
        // A constant has one level once the detector has settled.
        let settled = |ratio: f64, db: f64| {
            let mut samples = vec![10.0_f64.powf(db / 20.0) as f32; 44_100];
            compress(ratio, &mut samples, RATE);
            20.0 * f64::from(samples[44_099]).log10()
        };
        for (ratio, db, expected) in
            [(1.0, 0.0, 0.0), (2.0, 0.0, -10.0), (4.0, -8.0, -17.0), (4.0, -20.5, -20.5), (2.0, -40.0, -40.0)]
        {
            let found = settled(ratio, db);
            assert!((found - expected).abs() < 1e-3, "ratio {ratio}, {db} dB: {found}");
        }
        // What begins suddenly is let through at first, and lowered to 1/e of the way after the attack.
        let mut samples = vec![1.0_f32; 44_100];
        compress(4.0, &mut samples, RATE);
        assert_eq!(samples[0], 1.0);
        let after = samples[(ATTACK * RATE) as usize - 1];
        let expected = (1.0 - (-1.0_f64).exp()) / 0.1;
        assert!((f64::from(after) - expected.powf(-0.75)).abs() < 1e-3, "{after}");
        assert!(samples.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn options_out_of_range_are_named() {
        let refused = |key, value| effect(&[(key, value)]).unwrap_err().to_string();
        assert_eq!(
            refused("strength", "2"),
            "option \"strength\" of data set \"symbolic\" is \"2\", expected a number from 0 to 1"
        );
        assert!(refused("effect", "loud").ends_with("is \"loud\", expected album or song or none"));
        assert!(refused("seconds", "NaN").ends_with("expected a number from 1 to 3600"));
        assert!(refused("seed", "-1").ends_with("expected a whole number"));
    }

    #[test]
    fn loud_pieces_are_made_to_fit() {
        let tone = [0.0; 3];
        let loud = Treatment { soundfont: 0, room: 0.0, reverb: 0.0, tone, ratio: 1.0, level: 6.0 };
        let mut samples = [0.9_f32, -0.45, 0.0];
        apply(&loud, &mut samples, RATE);
        assert!((samples[0] - 0.95).abs() < 1e-6 && (samples[1] + 0.475).abs() < 1e-6, "{samples:?}");
        let mut samples = [0.1_f32];
        apply(&loud, &mut samples, RATE);
        assert!((samples[0] - 0.199_526_23).abs() < 1e-6, "{samples:?}");
    }
}
