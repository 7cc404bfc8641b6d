//! Golden arrays of odd sizes, odd settings and odd tracks, and of functions that are no feature; their generator is
//! `reference/edges.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crooner_features::{
    Aggregate, DbConfig, DctNorm, GriffinLimConfig, InitialPhase, MelConfig, MelScale, MelToStftConfig,
    Metric, MfccConfig, MfccToMelConfig, NeighbourAggregate, RecurrenceConfig, RecurrenceMode, Spectrogram,
    StftConfig, Weighting, Window, amplitude_to_db, cqt_frequencies, db_to_amplitude, db_to_power,
    deemphasis, fft_frequencies, frequency_weighting, griffin_lim, hz_to_midi, hz_to_octs, istft,
    mel_filter_bank, mel_spectrogram, mel_to_stft, mfcc, mfcc_to_mel, midi_to_hz, midi_to_note, nn_filter,
    note_to_midi, octs_to_hz, perceptual_weighting, preemphasis, recurrence_matrix, rms_of_spectrogram,
    samples_to_frames, stft, time_to_frames,
};
use npyz::num_complex::Complex64;
use serde::Deserialize;

use crate::golden::{Compute, Tolerance, compare, read_array, real, registered};

#[derive(Deserialize)]
struct Manifest {
    sr: u32,
    midi_to_note: BTreeMap<String, String>,
    clips: BTreeMap<String, String>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    clip: String,
    /// `NAME KEY=VALUE ...` of a registered feature,
    feature: Option<String>,
    /// or a name in `FUNCTIONS`, or of a window.
    function: Option<String>,
    tolerance: Tolerance,
    shape: Vec<usize>,
    /// Of the columns, every one of so many is kept.
    step: usize,
    #[serde(default)]
    dev_abs: f64,
    array: String,
}

const SAMPLE_RATE: u32 = 22_050;

const FUNCTIONS: &[(&str, Compute)] = &[
    ("preemphasis", |y| real(&preemphasis(y, 0.97).unwrap())),
    ("deemphasis", |y| real(&deemphasis(y, 0.97).unwrap())),
    ("istft_odd", |y| inverse(y, &odd(), None)),
    ("istft_long", |y| {
        let back = inverse(y, &odd(), Some(5600));
        [&back[..5080], &back[5130..]].concat()
    }),
    ("istft_short", |y| inverse(y, &odd(), Some(700))),
    ("istft_not_centred", |y| {
        let back = inverse(y, &StftConfig { center: false, ..quarter() }, None);
        back[64..back.len() - 64].to_vec()
    }),
    ("griffin_lim_plain", |y| {
        let magnitude = stft(y, &quarter()).unwrap().magnitude();
        let config = GriffinLimConfig { stft: quarter(), n_iter: 3, momentum: 0.0, init: InitialPhase::Zero };
        real(&griffin_lim(&magnitude, &config, None).unwrap())
    }),
    ("rms_of_spectrogram", |y| row(&rms_of_spectrogram(&magnitude(y), 512).unwrap())),
    ("rms_of_odd_spectrogram", |y| {
        let config = StftConfig { n_fft: 501, ..small() };
        row(&rms_of_spectrogram(&stft(y, &config).unwrap().magnitude(), 501).unwrap())
    }),
    ("db_to_power", |y| row(&db_to_power(&decibels(y), 0.5).unwrap())),
    ("db_to_amplitude", |y| row(&db_to_amplitude(&decibels(y), 0.5).unwrap())),
    ("perceptual_weighting", |y| {
        let power = stft(y, &small()).unwrap().power();
        let hz = fft_frequencies(SAMPLE_RATE, 512);
        row(&perceptual_weighting(&power, &hz, Weighting::A, &DbConfig::default()).unwrap())
    }),
    ("mfcc_to_mel", |y| {
        let coefficients = cepstrum(y, &MfccConfig { lifter: 22.0, ..MfccConfig::default() });
        let config =
            MfccToMelConfig { n_mels: 40, lifter: 22.0, reference: 2.0, ..MfccToMelConfig::default() };
        row(&mfcc_to_mel(&coefficients, &config).unwrap())
    }),
    ("mfcc_to_mel_type_3", |y| {
        let config = MfccConfig { dct_type: 3, norm: DctNorm::None, ..MfccConfig::default() };
        let coefficients = cepstrum(y, &config);
        let config =
            MfccToMelConfig { n_mels: 40, dct_type: 3, norm: DctNorm::None, ..MfccToMelConfig::default() };
        row(&mfcc_to_mel(&coefficients, &config).unwrap())
    }),
    ("mfcc_to_mel_type_1", |y| {
        let config = MfccConfig { dct_type: 1, norm: DctNorm::None, ..MfccConfig::default() };
        let coefficients = cepstrum(y, &config);
        let config =
            MfccToMelConfig { n_mels: 40, dct_type: 1, norm: DctNorm::None, ..MfccToMelConfig::default() };
        row(&mfcc_to_mel(&coefficients, &config).unwrap())
    }),
    ("nn_filter_mean", |y| {
        let links = RecurrenceConfig { k: Some(4), width: 2, ..affinity() };
        filtered(y, &links, NeighbourAggregate::Plain(Aggregate::Mean))
    }),
    ("nn_filter_median", |y| {
        let links = RecurrenceConfig {
            k: Some(5),
            sym: true,
            metric: Metric::Cosine,
            mode: RecurrenceMode::Distance,
            ..affinity()
        };
        filtered(y, &links, NeighbourAggregate::Plain(Aggregate::Median))
    }),
    ("nn_filter_weighted", |y| {
        let links = RecurrenceConfig { k: Some(4), self_links: true, ..affinity() };
        filtered(y, &links, NeighbourAggregate::Weighted)
    }),
    ("weighting_A", |_| weighting(Weighting::A)),
    ("weighting_B", |_| weighting(Weighting::B)),
    ("weighting_C", |_| weighting(Weighting::C)),
    ("weighting_D", |_| weighting(Weighting::D)),
    ("weighting_Z", |_| weighting(Weighting::Z)),
    ("hz_to_midi", |_| real(&FREQUENCIES.map(hz_to_midi))),
    ("midi_to_hz", |_| steps(18, 0.0, 7.5, midi_to_hz)),
    ("hz_to_octs", |_| real(&FREQUENCIES.map(|hz| hz_to_octs(hz, 0.3, 24)))),
    ("octs_to_hz", |_| steps(15, -1.0, 0.7, |octs| octs_to_hz(octs, -0.2, 12))),
    ("hz_to_mel_slaney", |_| real(&FREQUENCIES.map(|hz| MelScale::Slaney.from_hz(hz)))),
    ("hz_to_mel_htk", |_| real(&FREQUENCIES.map(|hz| MelScale::Htk.from_hz(hz)))),
    ("mel_to_hz_slaney", |_| steps(9, 0.0, 7.0, |mel| MelScale::Slaney.to_hz(mel))),
    ("mel_to_hz_htk", |_| steps(6, 0.0, 500.0, |mel| MelScale::Htk.to_hz(mel))),
    ("note_to_midi", |_| {
        let notes = ["C", "A4", "c#3", "Bb2", "Db-1", "F♯5+25", "E!3-50", "G𝄪2", "B♭♭4", "D♮6"];
        real(&notes.map(|note| note_to_midi(note).unwrap()))
    }),
    ("samples_to_frames", |_| {
        real(&[-600, -1, 0, 511, 512, 1300].map(|sample| samples_to_frames(sample, 512, None) as f64))
    }),
    ("samples_to_frames_centred", |_| {
        real(&[0, 511, 1024, 1535, 1536].map(|sample| samples_to_frames(sample, 512, Some(2048)) as f64))
    }),
    ("time_to_frames", |_| {
        real(&[0.0, 0.1, 1.0, 12.345].map(|seconds| time_to_frames(seconds, SAMPLE_RATE, 512, None) as f64))
    }),
    ("cqt_frequencies_tuned", |_| real(&cqt_frequencies(40, 55.0, 24, 0.25))),
];

const FREQUENCIES: [f64; 8] = [20.0, 50.0, 100.0, 440.0, 1000.0, 3000.0, 8000.0, 16_000.0];

fn affinity() -> RecurrenceConfig {
    RecurrenceConfig { mode: RecurrenceMode::Affinity, ..RecurrenceConfig::default() }
}

fn filtered(y: &[f32], links: &RecurrenceConfig, aggregate: NeighbourAggregate) -> Vec<Complex64> {
    let magnitude = magnitude(y);
    let links = recurrence_matrix(&magnitude, links).unwrap();
    row(&nn_filter(&magnitude, &links, aggregate).unwrap())
}

fn small() -> StftConfig {
    StftConfig { n_fft: 512, hop_length: 300, ..StftConfig::default() }
}

fn quarter() -> StftConfig {
    StftConfig { n_fft: 512, hop_length: 128, ..StftConfig::default() }
}

fn odd() -> StftConfig {
    StftConfig { n_fft: 501, hop_length: 120, win_length: Some(400), ..StftConfig::default() }
}

fn magnitude(y: &[f32]) -> Spectrogram {
    stft(y, &small()).unwrap().magnitude()
}

fn decibels(y: &[f32]) -> Spectrogram {
    amplitude_to_db(&magnitude(y), &DbConfig::amplitude()).unwrap()
}

fn cepstrum(y: &[f32], config: &MfccConfig) -> Spectrogram {
    let config = MfccConfig {
        sample_rate: SAMPLE_RATE,
        n_fft: 512,
        hop_length: 300,
        n_mels: 40,
        n_mfcc: 13,
        ..config.clone()
    };
    mfcc(y, &config).unwrap()
}

fn inverse(y: &[f32], config: &StftConfig, length: Option<usize>) -> Vec<Complex64> {
    real(&istft(&stft(y, config).unwrap(), config, length).unwrap())
}

fn weighting(kind: Weighting) -> Vec<Complex64> {
    real(&frequency_weighting(&FREQUENCIES, kind, Some(-80.0)))
}

fn steps(n: usize, first: f64, step: f64, convert: impl Fn(f64) -> f64) -> Vec<Complex64> {
    real(&(0..n).map(|i| convert(first + step * i as f64)).collect::<Vec<f64>>())
}

fn row(spectrogram: &Spectrogram) -> Vec<Complex64> {
    real(spectrogram.values())
}

fn reference(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("reference").join(file)
}

fn manifest() -> Manifest {
    serde_json::from_slice(&fs::read(reference("edges.json")).unwrap()).unwrap()
}

fn clip(manifest: &Manifest, name: &str) -> Vec<f32> {
    let samples = read_array(reference("edges.npz"), &manifest.clips[name]);
    samples.iter().map(|sample| sample.re as f32).collect()
}

/// Coefficients of the window that `window NAME periodic|symmetric LENGTH` names.
fn window(name: &str) -> Option<Vec<Complex64>> {
    let mut words = name.strip_prefix("window ")?.split(' ');
    let window: Window = words.next()?.parse().unwrap();
    let is_symmetric = words.next()? == "symmetric";
    let length = words.next()?.parse().unwrap();
    Some(real(&if is_symmetric { window.symmetric(length) } else { window.coefficients(length) }))
}

#[test]
fn what_the_clips_do_not_cover_is_librosas_too() {
    let manifest = manifest();
    let mut faults = Vec::new();
    for entry in &manifest.entries {
        if entry.key == "mel_to_stft_residual" {
            continue;
        }
        let samples = clip(&manifest, &entry.clip);
        let ours = match (&entry.feature, &entry.function) {
            (Some(line), None) => registered(line, manifest.sr, &samples),
            (None, Some(name)) => window(name).unwrap_or_else(|| {
                let found = FUNCTIONS.iter().find(|(function, _)| function == name);
                found.unwrap_or_else(|| panic!("no function computes `{name}`")).1(&samples)
            }),
            _ => panic!("`{}` is neither a feature nor a function", entry.key),
        };
        assert_eq!(
            ours.len(),
            entry.shape.iter().product::<usize>(),
            "{}: shape {:?}",
            entry.key,
            entry.shape
        );
        let n_columns = entry.shape.last().copied().unwrap_or(1).max(1);
        let kept = ours.chunks(n_columns).flat_map(|row| row.iter().step_by(entry.step)).copied();
        let ours: Vec<Complex64> = kept.collect();
        let theirs = read_array(reference("edges.npz"), &entry.array);
        let n_kept = n_columns.div_ceil(entry.step);
        let fault = if let Tolerance::Rows = entry.tolerance {
            let rows = ours.chunks(n_kept).zip(theirs.chunks(n_kept));
            let each = rows.map(|(ours, theirs)| compare(&entry.key, Tolerance::Rows, 0.0, ours, theirs));
            each.collect::<Result<Vec<()>, String>>().err()
        } else {
            compare(&entry.key, entry.tolerance, entry.dev_abs, &ours, &theirs).err()
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", entry.key)));
    }
    let n = manifest.entries.len();
    assert!(faults.is_empty(), "{} of {n} arrays differ:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn notes_have_librosas_names() {
    for (midi, name) in manifest().midi_to_note {
        assert_eq!(midi_to_note(midi.parse().unwrap()), name);
    }
    for wrong in ["", "H4", "A4b", "A++", "A4+", "4A", "A4+1+2", "A 4"] {
        let error = note_to_midi(wrong).unwrap_err().to_string();
        assert!(error.starts_with("feature setting `note` must be a note such as A4"), "{error}");
    }
}

#[test]
fn magnitudes_out_of_mel_bands_are_as_near_as_librosas() {
    let manifest = manifest();
    let samples = clip(&manifest, "mix");
    let entry = manifest.entries.iter().find(|entry| entry.key == "mel_to_stft_residual").unwrap();
    let theirs = read_array(reference("edges.npz"), &entry.array);
    let bands = MelConfig { n_mels: 40, ..MelConfig::default() };
    let mel = mel_spectrogram(&samples, SAMPLE_RATE, &small(), &bands).unwrap();
    let config = MelToStftConfig { sample_rate: SAMPLE_RATE, n_fft: 512, mel: bands.clone(), power: 2.0 };
    let magnitudes = mel_to_stft(&mel, &config).unwrap();
    assert_eq!((magnitudes.n_bins(), magnitudes.n_frames()), (257, mel.n_frames()));
    let bank = mel_filter_bank(SAMPLE_RATE, 512, &bands).unwrap().to_dense();
    for (t, theirs) in theirs.iter().enumerate() {
        let missing = |m: usize| {
            let weights = bank[m * 257..][..257].iter();
            let sum: f64 = weights
                .enumerate()
                .map(|(k, w)| f64::from(*w) * f64::from(magnitudes.bin(k)[t]).powi(2))
                .sum();
            (sum - f64::from(mel.bin(m)[t])).powi(2)
        };
        let ours = (0..40).map(missing).sum::<f64>().sqrt();
        let length: f64 = (0..40).map(|m| f64::from(mel.bin(m)[t]).powi(2)).sum::<f64>().sqrt();
        assert!(magnitudes.values().iter().all(|value| *value >= 0.0));
        assert!(ours <= theirs.re + 1e-5 * length, "frame {t}: {ours} against {}", theirs.re);
    }
}
