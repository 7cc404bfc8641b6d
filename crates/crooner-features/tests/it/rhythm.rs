//! Onsets, tempo, beats and pitch against what they are defined as, and at their limits.

use std::f64::consts::TAU;

use crooner_features::{
    BeatTrackConfig, FeatureError, IirtConfig, OnsetDetectConfig, PeakPickConfig, PlpConfig, PyinConfig,
    ReassignedConfig, TempoConfig, YinConfig, beat_track, beat_track_of, fourier_tempo_frequencies, iirt,
    onset_backtrack, onset_detect, onset_detect_of, peak_pick, plp, plp_of, pyin, reassigned_spectrogram,
    semitone_filter_bank, tempo, tempo_curve_of, tempo_frequencies, tempo_of, yin,
};
use proptest::prelude::*;

use crate::noise;

const SAMPLE_RATE: usize = 16_000;

fn tone(hz: f64, seconds: f64) -> Vec<f32> {
    let n = (seconds * SAMPLE_RATE as f64) as usize;
    (0..n).map(|i| (TAU * hz * i as f64 / SAMPLE_RATE as f64).sin() as f32).collect()
}

/// An envelope with a peak every `period` frames.
fn pulses(n_frames: usize, period: usize) -> Vec<f32> {
    (0..n_frames).map(|t| if t % period == 3 { 4.0 } else { 0.1 }).collect()
}

/// YIN by its definition: sums over lags, in place of transforms.
fn yin_by_definition(frame: &[f64], rate: f64, lags: std::ops::RangeInclusive<usize>, threshold: f64) -> f64 {
    let r = |lag: usize| frame.iter().zip(&frame[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let energy = |n: usize| frame[..n].iter().map(|x| x * x).sum::<f64>();
    let d = |lag: usize| 2.0 * (r(0) - r(lag)) - if lag == 1 { 0.0 } else { energy(lag) };
    let mut sum = 0.0;
    let mut mean_normalised = vec![0.0];
    for lag in 1..=*lags.end() {
        sum += d(lag);
        mean_normalised.push(d(lag) * lag as f64 / sum);
    }
    let values = &mean_normalised[*lags.start()..];
    let is_trough = |i: usize| {
        let lower = i == 0 || values[i] < values[i - 1];
        let first = i > 0 || values[0] < values[1];
        lower && first && (i + 1 == values.len() || values[i] <= values[i + 1])
    };
    let lowest = || (0..values.len()).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap();
    let i = (0..values.len()).find(|&i| is_trough(i) && values[i] < threshold).unwrap_or_else(lowest);
    let shift = if i == 0 || i + 1 == values.len() {
        0.0
    } else {
        let (slope, bend) =
            ((values[i + 1] - values[i - 1]) / 2.0, values[i + 1] + values[i - 1] - 2.0 * values[i]);
        if slope.abs() >= bend.abs() { 0.0 } else { -slope / bend }
    };
    rate / ((lags.start() + i) as f64 + shift)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn yin_is_what_it_is_defined_as(seed: u32, hz in 90.0f64..1500.0, level in 0.0f32..2.0) {
        let config = YinConfig {
            frame_length: 512,
            hop_length: 300,
            f_min_hz: Some(80.0),
            f_max_hz: Some(2000.0),
            center: false,
            ..YinConfig::default()
        };
        let tone = tone(hz, 0.15);
        let y: Vec<f32> = tone.iter().zip(noise(tone.len(), seed)).map(|(a, b)| a + level * b).collect();
        let found = yin(&y, &config).unwrap();
        prop_assert_eq!(found.len(), 1 + (y.len() - 512) / 300);
        for (t, &hz) in found.iter().enumerate() {
            let frame: Vec<f64> = y[t * 300..][..512].iter().map(|&x| f64::from(x)).collect();
            let expected = yin_by_definition(&frame, 16_000.0, 8..=200, f64::from(0.1f32));
            prop_assert!((hz / expected - 1.0).abs() < 1e-7, "{} {}", hz, expected);
        }
    }

    #[test]
    fn peaks_are_what_they_are_defined_as(
        seed: u32, pre_max in 0usize..6, post_max in 1usize..6, pre_avg in 0usize..9, post_avg in 1usize..9,
        wait in 0usize..5, delta in 0.0f64..0.5,
    ) {
        let x = noise(200, seed);
        let config = PeakPickConfig { pre_max, post_max, pre_avg, post_avg, delta, wait };
        let peaks = peak_pick(&x, &config).unwrap();
        let qualifies = |n: usize| {
            let largest = x[n.saturating_sub(pre_max)..(n + post_max).min(200)].iter().all(|&v| v <= x[n]);
            let near = &x[n.saturating_sub(pre_avg)..(n + post_avg).min(200)];
            let mean = near.iter().map(|&v| f64::from(v)).sum::<f64>() / near.len() as f64;
            // Nearer to the bound than single precision tells.
            let margin = f64::from(x[n]) - mean - delta;
            (largest && margin >= 0.0, margin.abs() < 1e-6)
        };
        let mut last = None;
        for n in 0..200 {
            let waits = last.is_some_and(|last| n <= last + wait);
            let (expected, unclear) = qualifies(n);
            let found = peaks.contains(&n);
            prop_assert!(unclear || found == (expected && !waits), "{}", n);
            if found {
                last = Some(n);
            }
        }
    }

    #[test]
    fn louder_music_has_the_same_onsets_tempo_and_beats(seed: u32, gain in 0.01f32..100.0) {
        let quiet: Vec<f32> = noise(500, seed).into_iter().map(f32::abs).collect();
        // Powers of two change no bit of what is divided by its own scale.
        let gain = gain.log2().round().exp2();
        let loud: Vec<f32> = quiet.iter().map(|value| gain * value).collect();
        let onsets = OnsetDetectConfig::default();
        prop_assert_eq!(onset_detect_of(&quiet, &onsets), onset_detect_of(&loud, &onsets));
        let tempo = TempoConfig::default();
        prop_assert_eq!(tempo_of(&quiet, &tempo), tempo_of(&loud, &tempo));
        let beats = BeatTrackConfig::default();
        prop_assert_eq!(beat_track_of(&quiet, &beats), beat_track_of(&loud, &beats));
    }
}

#[test]
fn the_tempo_of_regular_pulses_is_theirs_and_so_are_the_beats() {
    for period in [12, 15, 20, 26] {
        let envelope = pulses(600, period);
        let expected = 60.0 * 16_000.0 / (512.0 * period as f64);
        let config = TempoConfig { start_bpm: expected, std_bpm: 0.2, ..TempoConfig::default() };
        assert_eq!(tempo_of(&envelope, &config).unwrap(), expected, "{period}");
        let curve = tempo_curve_of(&envelope, &config).unwrap();
        assert!(curve[150..450].iter().all(|&bpm| bpm == expected), "{period}");

        let beats = BeatTrackConfig { bpm: Some(expected), ..BeatTrackConfig::default() };
        let beats = beat_track_of(&envelope, &beats).unwrap();
        assert_eq!(beats.tempo_bpm, expected);
        assert!(beats.frames.len() + 2 >= 600 / period, "{period}: {:?}", beats.frames);
        // The last may lie where the envelope ends.
        let regular = &beats.frames[..beats.frames.len() - 1];
        assert!(regular.iter().all(|t| t % period == 3), "{period}: {:?}", beats.frames);

        let pulse = plp_of(&envelope, &PlpConfig::default()).unwrap();
        let pulse = &pulse.bin(0)[200..400];
        assert!(pulse.iter().all(|value| (0.0..=1.0).contains(value)), "{period}");
    }
}

#[test]
fn tempi_and_lags_are_each_others_inverse() {
    let bpm = tempo_frequencies(384, 512, 22_050);
    assert_eq!((bpm[0], bpm.len()), (f64::INFINITY, 384));
    assert!((bpm[21] - 123.046_875).abs() < 1e-12);
    let rows = fourier_tempo_frequencies(22_050, 384, 512);
    assert_eq!((rows[0], rows.len()), (0.0, 193));
    assert!((rows[1] - 22_050.0 * 60.0 / 512.0 / 384.0).abs() < 1e-12);
}

#[test]
fn onsets_move_back_to_where_energy_begins_to_rise() {
    let energy = [0.5, 0.2, 0.3, 0.9, 0.4, 0.1, 0.1, 0.8];
    assert_eq!(onset_backtrack(&[3, 7, 0], &energy), Ok(vec![1, 6, 0]));
    let error = onset_backtrack(&[8], &energy).unwrap_err();
    assert!(matches!(error, FeatureError::Shape { found: 8, .. }), "{error}");
    let clicks: Vec<f32> = (0..32_000).map(|i| if i % 16_000 == 8000 { 1.0 } else { 0.0 }).collect();
    let config = OnsetDetectConfig { backtrack: true, ..OnsetDetectConfig::default() };
    let (moved, found) =
        (onset_detect(&clicks, &config), onset_detect(&clicks, &OnsetDetectConfig::default()));
    assert!(moved.unwrap().iter().zip(found.unwrap()).all(|(moved, found)| *moved <= found));
}

#[test]
fn a_tone_has_its_pitch_and_noise_and_silence_are_mostly_unvoiced() {
    let config = PyinConfig::default();
    for hz in [82.4, 220.0, 440.0, 1318.5] {
        let pitch = pyin(&tone(hz, 1.0), &config).unwrap();
        for t in 3..28 {
            assert!(pitch.voiced[t] && pitch.voiced_prob[t] > 0.5, "{hz}: frame {t}");
            // Half a step of ten cents, and what YIN is off by at a dozen periods a frame.
            assert!((1200.0 * (pitch.f0_hz[t] / hz).log2()).abs() < 12.0, "{hz}: {}", pitch.f0_hz[t]);
        }
    }
    for unpitched in [noise(16_000, 5), vec![0.0; 16_000], vec![0.25; 16_000]] {
        let pitch = pyin(&unpitched, &config).unwrap();
        let voiced = pitch.voiced.iter().filter(|&&voiced| voiced).count();
        assert!(voiced <= 8, "{voiced} of {} frames", pitch.voiced.len());
        assert!(pitch.voiced.iter().zip(&pitch.f0_hz).all(|(voiced, hz)| *voiced != hz.is_nan()));
    }
}

/// A tone at a semitone's centre comes out of its filter no weaker than by two ripples, and 2 x 50 dB weaker from all that do
/// not touch it.
#[test]
fn a_semitone_comes_out_of_its_own_filter() {
    // Low ones ring for longer than the tone lasts.
    for semitone in [40, 57, 75] {
        let hz = semitone_filter_bank(0.0)[semitone].center_hz;
        let energies = iirt(&tone(hz, 3.0), &IirtConfig::default()).unwrap();
        let middle = energies.n_frames() / 2;
        let own = energies.bin(semitone)[middle];
        let whole = 2048.0 / 2.0;
        assert!((0.6 * whole..1.02 * whole).contains(&own), "{semitone}: {own}");
        for other in (0..85usize).filter(|other| other.abs_diff(semitone) >= 2) {
            assert!(energies.bin(other)[middle] < 1e-6 * whole, "{semitone} in {other}");
        }
    }
    let tuned = semitone_filter_bank(0.5);
    assert!((tuned[45].center_hz / 440.0 - 2f64.powf(0.5 / 12.0)).abs() < 1e-12);
}

#[test]
fn energy_is_moved_to_the_frequency_of_a_tone_and_the_time_of_a_click() {
    let config = ReassignedConfig::default();
    let reassigned = reassigned_spectrogram(&tone(1003.0, 1.0), &config).unwrap();
    for t in 4..28 {
        for bin in 127..=130 {
            assert!((reassigned.frequencies_hz.bin(bin)[t] - 1003.0).abs() < 0.05, "{bin} {t}");
        }
    }
    let mut click = vec![0.0; 16_000];
    click[8100] = 1.0;
    let reassigned = reassigned_spectrogram(&click, &config).unwrap();
    for t in [15, 16, 17] {
        for bin in [0, 5, 500, 1024] {
            // Between two samples, as librosa counts the window's middle.
            assert!((reassigned.times_s.bin(bin)[t] * 16_000.0 - 8100.0).abs() < 0.6, "{bin} {t}");
        }
    }
    // Far from the click there is nothing to move, unless it stays where it is.
    assert!(reassigned.frequencies_hz.bin(9)[2].is_nan() && reassigned.times_s.bin(9)[2].is_nan());
    let filled = ReassignedConfig { fill_nan: true, ..config };
    let filled = reassigned_spectrogram(&click, &filled).unwrap();
    assert_eq!(filled.times_s.bin(9)[2], 2.0 * 512.0 / 16_000.0);
    assert_eq!(filled.frequencies_hz.bin(9)[2], 9.0 * 16_000.0 / 2048.0);
}

#[test]
fn silence_has_no_onset_and_no_beat() {
    let silence = vec![0.0; 32_000];
    assert_eq!(onset_detect(&silence, &OnsetDetectConfig::default()), Ok(Vec::new()));
    let beats = beat_track(&silence, &BeatTrackConfig::default()).unwrap();
    assert_eq!((beats.tempo_bpm, beats.frames), (0.0, Vec::new()));
    assert!(plp(&silence, &PlpConfig::default()).unwrap().values().iter().all(|&value| value == 0.0));
    assert!((tempo(&silence, &TempoConfig::default()).unwrap() - 120.0).abs() < 8.0);
    for frames in [
        beat_track(&[0.5], &BeatTrackConfig::default()).unwrap().frames,
        beat_track_of(&[0.5], &BeatTrackConfig::default()).unwrap().frames,
    ] {
        assert!(frames.len() <= 1, "{frames:?}");
    }
}

#[test]
fn what_is_not_a_number_is_refused_by_its_place() {
    let mut y = vec![0.1; 9000];
    y[8999] = f32::NAN;
    let errors = [
        onset_detect(&y, &OnsetDetectConfig::default()).unwrap_err(),
        tempo(&y, &TempoConfig::default()).unwrap_err(),
        beat_track(&y, &BeatTrackConfig::default()).unwrap_err(),
        plp(&y, &PlpConfig::default()).unwrap_err(),
        yin(&y, &YinConfig::default()).unwrap_err(),
        pyin(&y, &PyinConfig::default()).unwrap_err(),
        iirt(&y, &IirtConfig::default()).unwrap_err(),
        reassigned_spectrogram(&y, &ReassignedConfig::default()).unwrap_err(),
        onset_detect_of(&y, &OnsetDetectConfig::default()).unwrap_err(),
        beat_track_of(&y, &BeatTrackConfig::default()).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, FeatureError::Sample { index: 8999, .. }), "{error}");
    }
    assert_eq!(yin(&[], &YinConfig::default()), Err(FeatureError::NoSamples));
    assert_eq!(beat_track_of(&[], &BeatTrackConfig::default()), Err(FeatureError::NoSamples));
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let key = |error: FeatureError| match error {
        FeatureError::Config { key, .. } => key,
        other => panic!("{other}"),
    };
    let yin_with = |f_min_hz: f32, f_max_hz: f32| {
        let config = YinConfig { f_min_hz: Some(f_min_hz), f_max_hz: Some(f_max_hz), ..YinConfig::default() };
        key(yin(&[0.0; 100], &config).unwrap_err())
    };
    assert_eq!(yin_with(5.0, 500.0), "f_min_hz");
    assert_eq!(yin_with(500.0, 400.0), "f_min_hz");
    assert_eq!(yin_with(100.0, 9000.0), "f_max_hz");
    let config = PyinConfig { max_transition_rate: 1e5, ..PyinConfig::default() };
    assert_eq!(key(pyin(&[0.0; 100], &config).unwrap_err()), "max_transition_rate");
    let config = TempoConfig { max_tempo: Some(1.0), ..TempoConfig::default() };
    assert_eq!(key(tempo_of(&[1.0; 100], &config).unwrap_err()), "max_tempo");
    let config = PlpConfig { tempo_min: 300.0, ..PlpConfig::default() };
    assert_eq!(key(plp_of(&[1.0; 100], &config).unwrap_err()), "tempo_max");
    let config = BeatTrackConfig { tightness: 0.0, ..BeatTrackConfig::default() };
    assert_eq!(key(beat_track_of(&[1.0; 100], &config).unwrap_err()), "tightness");
}
