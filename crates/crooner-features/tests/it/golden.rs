//! Against arrays that librosa computed; see `tests/golden/README.md` at the root of the workspace.
//!
//! The tests read the manifest. A table per family says what computes each of its keys: a line names a registered
//! feature and settings, as the command line takes them, and a function stands where no registered feature will do.
//! Another clip with keys that are there, or another setting of a feature that is there, needs no code.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;

use crooner_features::{Complex32, FeatureConfig, Spectrogram};
use npyz::npz::NpzArchive;
use npyz::num_complex::{Complex32 as NpyComplex32, Complex64};
use serde::Deserialize;

use crate::{golden_rhythm, golden_spectral, golden_tonal};

/// How far from librosa a value may be.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) enum Tolerance {
    /// The same number, or not a number in both.
    Exact,
    /// 2e-6 of the largest magnitude plus 1e-7.
    Linear,
    /// 5e-6 of the largest magnitude plus 1e-7: every round of Griffin-Lim carries on the rounding of those before.
    /// librosa's own run in `f32` is up to 2.5e-6 of the largest away from its run in `f64`.
    Iterated,
    /// 2e-6 of the largest magnitude of the row plus 1e-12: rows of different units.
    Rows,
    /// 5e-6 of the largest magnitude plus 1e-7: what resampling by another implementation of the same filter leaves.
    ConstantQ,
    /// 5e-6 of the largest for 93 values in a hundred, 3e-4 for the others. Where frames are scaled to their own largest
    /// value, what resampling in `f32` leaves is magnified in quiet ones: at the end of the sweep librosa itself is 3.4e-5
    /// away from its own algorithm with an exact resampler. A hybrid transform lowers the rate by 4 first, where soxr
    /// drops what its inner filter would have rung before a clip that begins loud.
    Scaled,
    /// 5e-4 dB, for means and medians of differences of decibels.
    Onset,
    /// 2e-3 dB, for differences of decibels.
    Rise,
    /// 2e-3 dB, for values no more than 80 dB below the largest.
    Decibel,
}

use Tolerance::{ConstantQ, Decibel, Exact, Iterated, Linear, Onset, Rise, Rows, Scaled};

/// A clip's samples, or none for filters, to values in librosa's order.
pub(super) type Compute = fn(&[f32]) -> Vec<Complex64>;

/// What this crate computes for the keys of one family of features.
pub(super) struct Family {
    /// A key, and `NAME KEY=VALUE ...` as `crooner features --feature NAME --set KEY=VALUE ...` takes it.
    pub(super) registered: &'static [(&'static str, Tolerance, &'static str)],
    /// A key, and a function.
    pub(super) computed: &'static [(&'static str, Tolerance, Compute)],
    /// Keys of features that this crate does not compute yet.
    pub(super) later: &'static [&'static str],
}

const FAMILIES: [&Family; 3] = [&golden_spectral::FAMILY, &golden_tonal::FAMILY, &golden_rhythm::FAMILY];

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
    #[serde(default)]
    dev_abs: f64,
}

/// Where the values of a key come from.
#[derive(Clone, Copy)]
enum Source {
    Registered(&'static str),
    Computed(Compute),
}

fn source(key: &str) -> Option<(Tolerance, Source)> {
    let registered = FAMILIES.iter().flat_map(|family| family.registered);
    let mut registered =
        registered.map(|&(name, tolerance, line)| (name, tolerance, Source::Registered(line)));
    let computed = FAMILIES.iter().flat_map(|family| family.computed);
    let mut computed =
        computed.map(|&(name, tolerance, compute)| (name, tolerance, Source::Computed(compute)));
    let is_key = |(name, ..): &(&str, Tolerance, Source)| *name == key;
    let found = registered.find(is_key).or_else(|| computed.find(is_key));
    found.map(|(_, tolerance, source)| (tolerance, source))
}

fn manifest() -> Manifest {
    serde_json::from_slice(&fs::read(golden("manifest.json")).unwrap()).unwrap()
}

#[test]
fn every_key_of_the_manifest_is_in_one_table_and_every_table_in_the_manifest() {
    let manifest = manifest();
    let keys: BTreeSet<&str> = manifest.entries.iter().map(|entry| entry.key.as_str()).collect();
    let ours = manifest.entries.iter().filter(|entry| entry.npz != ELSEWHERE);
    let ours: BTreeSet<&str> = ours.map(|entry| entry.key.as_str()).collect();
    let mut named = BTreeSet::new();
    for family in FAMILIES {
        let registered = family.registered.iter().map(|(key, ..)| *key);
        let computed = family.computed.iter().map(|(key, ..)| *key);
        for key in registered.chain(computed).chain(family.later.iter().copied()) {
            assert!(keys.contains(key), "`{key}` is not in the manifest");
            assert!(named.insert(key), "`{key}` is named twice");
        }
    }
    let missing: Vec<&&str> = ours.difference(&named).collect();
    assert!(missing.is_empty(), "no table names {missing:?}");
}

fn check_clip(npz: &str) {
    let manifest = manifest();
    let samples = if npz == "filters" { Vec::new() } else { clip(npz) };
    let entries = manifest.entries.iter().filter(|entry| entry.npz == npz);
    let mut faults = Vec::new();
    let mut n_checked = 0;
    for entry in entries {
        let Some((tolerance, source)) = source(&entry.key) else { continue };
        let ours = match source {
            Source::Registered(line) => registered(line, manifest.sr, &samples),
            Source::Computed(compute) => compute(&samples),
        };
        n_checked += 1;
        faults.extend(
            check(entry, tolerance, &ours).err().map(|fault| format!("{npz}/{}: {fault}", entry.key)),
        );
    }
    assert!(faults.is_empty(), "{} of {n_checked} arrays differ:\n{}", faults.len(), faults.join("\n"));
    assert!(n_checked > 0, "the manifest has nothing of {npz}");
}

macro_rules! clips {
    ($($test:ident = $npz:literal,)+) => {
        $(#[test] fn $test() { check_clip($npz); })+

        #[test]
        fn every_clip_of_the_manifest_has_a_test() {
            let npz: BTreeSet<String> = manifest().entries.into_iter().map(|entry| entry.npz).collect();
            assert_eq!(npz, [$($npz,)+ ELSEWHERE].into_iter().map(str::to_owned).collect());
        }
    };
}

clips! {
    sweep_is_librosas = "sweep",
    chords_are_librosas = "chords",
    drums_are_librosas = "drums",
    trumpet_is_librosas = "trumpet",
    brahms_is_librosas = "brahms",
    filters_are_librosas = "filters",
}

/// The feature that a line names, of samples at `sample_rate`.
pub(super) fn registered(line: &str, sample_rate: u32, samples: &[f32]) -> Vec<Complex64> {
    let mut words = line.split_whitespace();
    let named = FeatureConfig::named(words.next().unwrap()).unwrap();
    let mut config = named.with("sample_rate", &sample_rate.to_string()).unwrap();
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        config = config.with(key, value).unwrap();
    }
    real(config.frames(samples).unwrap().to_spectrogram().values())
}

/// Compares with the array stored for `entry`; prints how much of what is allowed was taken.
fn check(entry: &Entry, tolerance: Tolerance, ours: &[Complex64]) -> Result<(), String> {
    let n_columns = entry.shape.last().copied().unwrap_or(1);
    if ours.len() != entry.shape.iter().product::<usize>() {
        return Err(format!("{} values for a shape of {:?}", ours.len(), entry.shape));
    }
    let [first, step] = entry.cols.unwrap_or([0, 1]);
    let rows = ours.chunks(n_columns.max(1));
    let ours: Vec<Complex64> = rows.flat_map(|row| row.iter().skip(first).step_by(step)).copied().collect();
    let theirs = read_array(golden(&format!("{}.npz", entry.npz)), &entry.key);
    let name = format!("{}/{}", entry.npz, entry.key);
    compare(&name, tolerance, entry.dev_abs, &ours, &theirs)
}

/// Whether every value is as near as `tolerance` asks.
///
/// `noise` is how far librosa's own run in `f32` is from its run in `f64`. We may be as far from the truth, on the other
/// side.
pub(super) fn compare(
    name: &str,
    tolerance: Tolerance,
    noise: f64,
    ours: &[Complex64],
    theirs: &[Complex64],
) -> Result<(), String> {
    if ours.len() != theirs.len() {
        return Err(format!("{} values where {} are stored", ours.len(), theirs.len()));
    }
    let largest = theirs.iter().map(|value| value.norm()).fold(0.0, f64::max);
    let loudest = theirs.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max);
    if let Scaled = tolerance {
        let is_off = |(ours, theirs): &(&Complex64, &Complex64)| (*ours - *theirs).norm() > 5e-6 * largest;
        let n_off = ours.iter().zip(theirs).filter(is_off).count();
        if n_off * 100 > ours.len() * 7 {
            return Err(format!("{n_off} of {} values are off", ours.len()));
        }
    }
    let (mut worst, mut worst_allowed, mut fault) = (0.0, 0.0, Ok(()));
    for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        if ours.re.is_nan() && theirs.re.is_nan() {
            continue;
        }
        let allowed = match tolerance {
            Exact => 0.0,
            Linear => 2e-6 * largest + 1e-7,
            Rows => 2e-6 * largest + 1e-12,
            ConstantQ | Iterated => 5e-6 * largest + 1e-7,
            Scaled => 3e-4 * largest,
            Onset => 5e-4,
            Rise => 2e-3,
            Decibel if theirs.re > loudest - 80.0 => 2e-3,
            // Quieter than both promise to be right about, but still below what is compared.
            Decibel if ours.re < loudest - 80.0 + 2e-3 => continue,
            Decibel => 0.0,
        };
        let allowed = if let Exact = tolerance { allowed } else { allowed.max(2.0 * noise) };
        let error = (ours - theirs).norm();
        // Not `error > allowed`: a NaN in one alone is a fault.
        let is_near = error <= allowed;
        if !is_near && fault.is_ok() {
            fault =
                Err(format!("value {i} is {ours}, not {theirs}: {error:e} > {allowed:e} ({tolerance:?})"));
        }
        if error > worst {
            (worst, worst_allowed) = (error, allowed);
        }
    }
    eprintln!(
        "{name}: worst {worst:.2e} of {worst_allowed:.2e} allowed, {:.1e} of the largest",
        worst / largest
    );
    fault
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

pub(super) fn read_array(npz: PathBuf, key: &str) -> Vec<Complex64> {
    let mut archive = NpzArchive::new(File::open(&npz).unwrap()).unwrap();
    let array = archive.by_name(key).unwrap().unwrap_or_else(|| panic!("{} holds no `{key}`", npz.display()));
    match array.dtype().descr().as_str() {
        "'<c8'" => {
            let values = array.into_vec::<NpyComplex32>().unwrap();
            values.iter().map(|value| Complex64::new(value.re.into(), value.im.into())).collect()
        }
        "'<f4'" => real(&array.into_vec::<f32>().unwrap()),
        "'<f8'" => real(&array.into_vec::<f64>().unwrap()),
        "'|u1'" => real(&array.into_vec::<u8>().unwrap()),
        "'<i8'" => {
            let values = array.into_vec::<i64>().unwrap();
            values.iter().map(|&value| Complex64::new(value as f64, 0.0)).collect()
        }
        other => panic!("{}/{key}: no reader for dtype {other}", npz.display()),
    }
}

pub(super) fn real<T: Copy + Into<f64>>(values: &[T]) -> Vec<Complex64> {
    values.iter().map(|&value| Complex64::new(value.into(), 0.0)).collect()
}

pub(super) fn complex(spectrogram: &Spectrogram<Complex32>) -> Vec<Complex64> {
    let wide = |value: &Complex32| Complex64::new(value.re.into(), value.im.into());
    spectrogram.values().iter().map(wide).collect()
}
