//! The golden arrays of onsets, tempo, beats and pitch.

use crooner_features::{
    BeatTrackConfig, Beats, OnsetDetectConfig, Pitch, PyinConfig, Reassigned, ReassignedConfig, TempoConfig,
    YinConfig, beat_track, onset_detect, pyin, reassigned_spectrogram, tempo, yin,
};
use npyz::num_complex::Complex64;

use crate::golden::Tolerance::{ConstantQ, Exact, Linear};
use crate::golden::{Family, real};

const SAMPLE_RATE: u32 = 22_050;

pub(super) const FAMILY: Family = Family {
    registered: &[("plp", Linear, "plp"), ("iirt", ConstantQ, "iirt")],
    computed: &[
        ("onsets", Exact, |y| {
            let config = OnsetDetectConfig { sample_rate: SAMPLE_RATE, ..OnsetDetectConfig::default() };
            frames(&onset_detect(y, &config).unwrap())
        }),
        ("tempo", Exact, |y| {
            let config = TempoConfig { sample_rate: SAMPLE_RATE, ..TempoConfig::default() };
            real(&[tempo(y, &config).unwrap()])
        }),
        ("beat_tempo", Exact, |y| real(&[beats(y).tempo_bpm])),
        ("beats", Exact, |y| frames(&beats(y).frames)),
        ("yin", Linear, |y| {
            let config = YinConfig { sample_rate: SAMPLE_RATE, ..YinConfig::default() };
            real(&yin(y, &config).unwrap())
        }),
        // Stored as `f32`.
        ("pyin_f0", Exact, |y| real(&pitch(y).f0_hz.iter().map(|&hz| hz as f32).collect::<Vec<_>>())),
        ("pyin_voiced", Exact, |y| real(&pitch(y).voiced.iter().map(|&on| u8::from(on)).collect::<Vec<_>>())),
        ("pyin_prob", Linear, |y| real(&pitch(y).voiced_prob)),
        ("reassigned_freqs", Linear, |y| {
            let hz = |&hz: &f64| if hz.is_nan() { 0.0 } else { hz };
            real(&reassigned(y).frequencies_hz.values().iter().map(hz).collect::<Vec<_>>())
        }),
        ("reassigned_mags", Linear, |y| real(reassigned(y).magnitudes.values())),
    ],
    later: &[],
};

fn frames(frames: &[usize]) -> Vec<Complex64> {
    real(&frames.iter().map(|&frame| frame as f64).collect::<Vec<_>>())
}

fn beats(y: &[f32]) -> Beats {
    let config = BeatTrackConfig { sample_rate: SAMPLE_RATE, ..BeatTrackConfig::default() };
    beat_track(y, &config).unwrap()
}

fn pitch(y: &[f32]) -> Pitch {
    pyin(y, &PyinConfig { sample_rate: SAMPLE_RATE, ..PyinConfig::default() }).unwrap()
}

/// Of the first second.
fn reassigned(y: &[f32]) -> Reassigned {
    let config = ReassignedConfig { sample_rate: SAMPLE_RATE, ..ReassignedConfig::default() };
    reassigned_spectrogram(&y[..22_050], &config).unwrap()
}
