//! Against arrays that librosa computed; see `tests/golden/README.md` at the root of the workspace.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;

use crooner_features::{
    Complex32, DbConfig, LogMelConfig, MelConfig, MelNorm, MelScale, MfccConfig, PadMode, Reference,
    SpectralBandwidthConfig, SpectralCentroidConfig, SpectralFlatnessConfig, SpectralRolloffConfig,
    Spectrogram, StftConfig, Window, amplitude_to_db, delta, fft_frequencies, log_mel, mel_filter_bank,
    mel_frequencies, mel_spectrogram, mfcc, power_to_db, spectral_bandwidth, spectral_centroid,
    spectral_flatness, spectral_rolloff, stft,
};
use npyz::npz::NpzArchive;
use npyz::num_complex::{Complex32 as NpyComplex32, Complex64};
use serde::Deserialize;

/// How far from librosa a value may be.
#[derive(Clone, Copy)]
pub(super) enum Tolerance {
    /// 2e-6 of the largest magnitude plus 1e-7.
    Linear,
    /// 5e-6 of the largest magnitude plus 1e-7: what resampling by another implementation of the same filter leaves.
    ConstantQ,
    /// 5e-6 of the largest for three values in four, 5e-4 for the others: where frames are scaled to their own largest
    /// value, what resampling leaves is magnified in quiet ones, as at the end of the trumpet.
    Scaled,
    /// 2e-3 dB, for differences of decibels.
    Rise,
    /// 5e-6 of the largest magnitude plus 1e-7: squared distances magnify what an FFT in `f32` leaves in quiet bins.
    Spread,
    /// 1e-6, for a share between 0 and 1 that the logarithms of quiet bins go into.
    Share,
    /// 4e-3: decibels, magnified up to 12 times by a lifter of 22.
    Lifted,
    /// 2e-3 dB, for values no more than 80 dB below the largest.
    Decibel,
}

use Tolerance::{ConstantQ, Decibel, Lifted, Linear, Rise, Scaled, Share, Spread};

use crate::golden_tonal;

/// A clip's samples, or none for filters.
pub(super) type Compute = fn(&[f32]) -> Vec<Complex64>;

/// What this crate computes for each key of the manifest. A new feature moves its keys here from `LATER`.
const COVERED: &[(&str, Tolerance, Compute)] = &[
    ("stft", Linear, |y| complex(&stft(y, &StftConfig::default()).unwrap())),
    ("stft_reflect_win", Linear, |y| {
        let config = StftConfig {
            n_fft: 1024,
            hop_length: 256,
            win_length: Some(800),
            pad_mode: PadMode::Reflect,
            ..StftConfig::default()
        };
        complex(&stft(y, &config).unwrap())
    }),
    ("stft_nocenter_hamm", Linear, |y| {
        let config = StftConfig {
            n_fft: 512,
            hop_length: 160,
            win_length: Some(400),
            window: Window::Hamming,
            center: false,
            ..StftConfig::default()
        };
        complex(&stft(y, &config).unwrap())
    }),
    ("mel_slaney", Linear, |y| real(mel(y).values())),
    ("mel_htk", Linear, |y| {
        let config = MelConfig {
            n_mels: 64,
            f_min_hz: 20.0,
            f_max_hz: Some(8000.0),
            scale: MelScale::Htk,
            norm: MelNorm::None,
        };
        real(mel_spectrogram(y, 22_050, &StftConfig::default(), &config).unwrap().values())
    }),
    ("mel_db", Decibel, |y| {
        let config = LogMelConfig { sample_rate: 22_050, ..LogMelConfig::default() };
        let fused = log_mel(y, &config).unwrap();
        assert_eq!(fused, power_to_db(&mel(y), &config.db()).unwrap());
        real(fused.values())
    }),
    ("mfcc", Rise, |y| real(cepstrum(y).values())),
    ("mfcc_htk", Lifted, |y| {
        let config =
            MfccConfig { n_mfcc: 13, lifter: 22.0, scale: MelScale::Htk, n_mels: 40, ..mfcc_config() };
        real(mfcc(y, &config).unwrap().values())
    }),
    ("mfcc_delta", Rise, |y| real(delta(&cepstrum(y), 9, 1).unwrap().values())),
    ("mfcc_delta2", Rise, |y| real(delta(&cepstrum(y), 9, 2).unwrap().values())),
    ("centroid", Linear, |y| {
        let config = SpectralCentroidConfig { sample_rate: 22_050, ..Default::default() };
        real(spectral_centroid(y, &config).unwrap().values())
    }),
    ("bandwidth", Spread, |y| {
        let config = SpectralBandwidthConfig { sample_rate: 22_050, ..Default::default() };
        real(spectral_bandwidth(y, &config).unwrap().values())
    }),
    ("rolloff", Linear, |y| {
        let config = SpectralRolloffConfig { sample_rate: 22_050, ..Default::default() };
        real(spectral_rolloff(y, &config).unwrap().values())
    }),
    ("flatness", Share, |y| {
        let config = SpectralFlatnessConfig { sample_rate: 22_050, ..Default::default() };
        real(spectral_flatness(y, &config).unwrap().values())
    }),
    ("mel_db_refmax", Decibel, |y| {
        let config = DbConfig { reference: Reference::Max, top_db: None, ..DbConfig::default() };
        real(power_to_db(&mel(y), &config).unwrap().values())
    }),
    ("amp_db", Decibel, |y| {
        let config = DbConfig { reference: Reference::Max, ..DbConfig::amplitude() };
        let magnitude = stft(y, &StftConfig::default()).unwrap().magnitude();
        real(amplitude_to_db(&magnitude, &config).unwrap().values())
    }),
    ("hann2048", Linear, |_| real(&Window::Hann.coefficients(2048))),
    ("mel_128_2048_22050_slaney", Linear, |_| bank(22_050, 2048, &MelConfig::default())),
    ("mel_128_2048_16000_slaney", Linear, |_| bank(16_000, 2048, &MelConfig::default())),
    ("mel_40_512_16000_htk", Linear, |_| {
        let config =
            MelConfig { n_mels: 40, scale: MelScale::Htk, norm: MelNorm::None, ..MelConfig::default() };
        bank(16_000, 512, &config)
    }),
    ("mel_frequencies_128", Linear, |_| real(&mel_frequencies(128, 0.0, 11_025.0, MelScale::Slaney))),
    ("fft_frequencies", Linear, |_| real(&fft_frequencies(22_050, 2048))),
];

/// Keys of features that this crate does not compute yet.
const LATER: &[&str] = &[
    "pcen",
    "dct2_ortho_20x128",
    "contrast",
    "zcr",
    "rms",
    "cqt_freqs_84",
    "iirt",
    "onsets",
    "tempo",
    "beat_tempo",
    "beats",
    "plp",
    "yin",
    "pyin_f0",
    "pyin_voiced",
    "pyin_prob",
    "istft",
    "gl_fixed",
    "reassigned_freqs",
    "reassigned_mags",
];

fn mfcc_config() -> MfccConfig {
    MfccConfig { sample_rate: 22_050, ..MfccConfig::default() }
}

fn cepstrum(y: &[f32]) -> Spectrogram {
    mfcc(y, &mfcc_config()).unwrap()
}

/// The archive that belongs to resampling and decoding, which are other crates' work.
const ELSEWHERE: &str = "resample";

#[derive(Deserialize)]
struct Manifest {
    sr: u32,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    npz: String,
    key: String,
    shape: Vec<usize>,
    /// First column kept and step to the next, when not all are.
    cols: Option<[usize; 2]>,
}

#[test]
fn every_golden_array_is_matched_or_named_as_not_built_yet() {
    let manifest: Manifest = serde_json::from_slice(&fs::read(golden("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest.sr, 22_050);

    let (mut covered, mut later, mut elsewhere) = (0, 0, 0);
    let mut seen = BTreeSet::new();
    for entry in &manifest.entries {
        let key = entry.key.as_str();
        if entry.npz == ELSEWHERE {
            elsewhere += 1;
            continue;
        }
        seen.insert(key);
        match (covered_keys().find(|(name, ..)| *name == key), LATER.contains(&key)) {
            (Some((_, tolerance, compute)), false) => {
                check(entry, *tolerance, *compute);
                covered += 1;
            }
            (None, true) => later += 1,
            (None, false) => panic!("nobody covers `{key}` of {}: add it to COVERED or LATER", entry.npz),
            (Some(_), true) => panic!("`{key}` is in COVERED and in LATER"),
        }
    }
    for key in covered_keys().map(|(key, ..)| key).chain(LATER) {
        assert!(seen.contains(key), "`{key}` is not in the manifest");
    }
    assert_eq!(
        (covered, later, elsewhere),
        (139, 55, 13),
        "golden arrays covered, not built yet, and other crates' work"
    );
}

fn covered_keys() -> impl Iterator<Item = &'static (&'static str, Tolerance, Compute)> {
    COVERED.iter().chain(golden_tonal::COVERED)
}

fn check(entry: &Entry, tolerance: Tolerance, compute: Compute) {
    let at = format!("{}/{}", entry.npz, entry.key);
    let samples = if entry.npz == "filters" { Vec::new() } else { clip(&entry.npz) };
    let ours = compute(&samples);
    let n_columns = entry.shape.last().copied().unwrap_or(1);
    assert_eq!(ours.len(), entry.shape.iter().product::<usize>(), "{at}: shape {:?}", entry.shape);

    let [first, step] = entry.cols.unwrap_or([0, 1]);
    let ours: Vec<Complex64> =
        ours.chunks(n_columns).flat_map(|row| row.iter().skip(first).step_by(step)).copied().collect();
    let theirs = read_array(&entry.npz, &entry.key);
    assert_eq!(ours.len(), theirs.len(), "{at}: values stored");

    let largest = theirs.iter().map(|value| value.norm()).fold(0.0, f64::max);
    let loudest = theirs.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max);
    if let Scaled = tolerance {
        let is_off = |(ours, theirs): &(&Complex64, &Complex64)| (*ours - *theirs).norm() > 5e-6 * largest;
        let n_off = ours.iter().zip(&theirs).filter(is_off).count();
        assert!(n_off * 4 <= ours.len(), "{at}: {n_off} of {} values are off", ours.len());
    }
    for (i, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let allowed = match tolerance {
            Linear => 2e-6 * largest + 1e-7,
            ConstantQ | Spread => 5e-6 * largest + 1e-7,
            Scaled => 5e-4 * largest,
            Rise => 2e-3,
            Share => 1e-6,
            Lifted => 4e-3,
            Decibel if theirs.re > loudest - 80.0 => 2e-3,
            // Quieter than both promise to be right about, but still below what is compared.
            Decibel => {
                assert!(ours.re < loudest - 80.0 + 2e-3, "{at}[{i}]: {ours} against {theirs}");
                continue;
            }
        };
        let error = (ours - theirs).norm();
        assert!(error <= allowed, "{at}[{i}]: {ours} against {theirs}, {error:e} > {allowed:e}");
    }
}

fn golden(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(file)
}

/// A mono clip of 16-bit PCM, scaled to ±1.
fn clip(name: &str) -> Vec<f32> {
    let bytes = fs::read(golden(&format!("{name}.wav"))).unwrap();
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]), "{name}.wav");
    let mut chunks = &bytes[12..];
    loop {
        let (header, rest) = chunks.split_at(8);
        let (body, next) = rest.split_at(u32::from_le_bytes(header[4..].try_into().unwrap()) as usize);
        match &header[..4] {
            b"fmt " => assert_eq!((body[0], body[2], body[14]), (1, 1, 16), "{name}.wav: 16-bit mono PCM"),
            b"data" => {
                let samples = body.as_chunks::<2>().0.iter();
                return samples.map(|&sample| f32::from(i16::from_le_bytes(sample)) / 32768.0).collect();
            }
            _ => {}
        }
        chunks = next;
    }
}

fn read_array(npz: &str, key: &str) -> Vec<Complex64> {
    let mut archive = NpzArchive::new(File::open(golden(&format!("{npz}.npz"))).unwrap()).unwrap();
    let array = archive.by_name(key).unwrap().unwrap_or_else(|| panic!("{npz}.npz holds no `{key}`"));
    match array.dtype().descr().as_str() {
        "'<c8'" => {
            let values = array.into_vec::<NpyComplex32>().unwrap();
            values.iter().map(|value| Complex64::new(value.re.into(), value.im.into())).collect()
        }
        "'<f4'" => real(&array.into_vec::<f32>().unwrap()),
        "'<f8'" => real(&array.into_vec::<f64>().unwrap()),
        other => panic!("{npz}/{key}: no reader for dtype {other}"),
    }
}

fn mel(y: &[f32]) -> Spectrogram {
    mel_spectrogram(y, 22_050, &StftConfig::default(), &MelConfig::default()).unwrap()
}

fn bank(sample_rate: u32, n_fft: usize, config: &MelConfig) -> Vec<Complex64> {
    real(&mel_filter_bank(sample_rate, n_fft, config).unwrap().to_dense())
}

pub(super) fn real<T: Copy + Into<f64>>(values: &[T]) -> Vec<Complex64> {
    values.iter().map(|&value| Complex64::new(value.into(), 0.0)).collect()
}

pub(super) fn complex(spectrogram: &Spectrogram<Complex32>) -> Vec<Complex64> {
    let wide = |value: &Complex32| Complex64::new(value.re.into(), value.im.into());
    spectrogram.values().iter().map(wide).collect()
}
