//! The contract of every extractor, over the registry.

use crooner_features::{
    Extractor, FeatureConfig, FeatureError, Frames, LogMelConfig, MAX_SAMPLE, PadMode, Preemphasis, Window,
    log_mel, preemphasis,
};
use proptest::prelude::*;

use crate::noise;
use crate::oracle::any_stft;

fn in_blocks(extractor: &mut dyn Extractor, samples: &[f32], sizes: &[usize]) -> Frames {
    let mut rest = samples;
    let mut frames: Vec<Vec<f32>> = Vec::new();
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (block, after) = rest.split_at(size.min(rest.len()));
        extractor.push(block, &mut |frame| frames.push(frame.to_vec())).unwrap();
        rest = after;
    }
    let floor = extractor.finish(&mut |frame| frames.push(frame.to_vec())).unwrap();
    let values = frames.concat().iter().map(|value| value.max(floor)).collect();
    Frames::new(frames[0].len(), values).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Block sizes that make progress: some empty, some single samples, some larger than any buffer.
fn any_sizes() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![Just(0), Just(1), 1usize..200, 1usize..20_000];
    (proptest::collection::vec(size, 1..8), 150usize..9000).prop_map(|(mut sizes, last)| {
        sizes.push(last);
        sizes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_give_the_frames_of_one_call(
        stft in any_stft(),
        scale in prop_oneof![Just(1usize), Just(16)],
        n_samples in 1usize..40_000,
        sizes in any_sizes(),
        seed: u32,
    ) {
        let config = LogMelConfig {
            n_fft: scale * stft.n_fft,
            win_length: stft.win_length,
            hop_length: scale * stft.hop_length,
            window: stft.window,
            center: stft.center,
            pad_mode: stft.pad_mode,
            n_mels: 7,
            ..LogMelConfig::default()
        };
        let n_samples = n_samples.max(config.n_fft);
        let samples = noise(n_samples, seed);
        let expected = log_mel(&samples, &config).unwrap();
        let feature = FeatureConfig::LogMel(config);
        let mut extractor = feature.extractor().unwrap();
        // Twice: the second track must not remember the first.
        for _ in 0..2 {
            let frames = in_blocks(&mut *extractor, &samples, &sizes);
            prop_assert_eq!(frames.n_frames(), feature.n_frames(n_samples));
            prop_assert_eq!(bits(frames.to_spectrogram().values()), bits(expected.values()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn emphasis_in_blocks_is_that_of_one_call(n in 1usize..3000, sizes in any_sizes(), coef in 0f32..=1.0, seed: u32) {
        let samples = noise(n, seed);
        let expected = preemphasis(&samples, coef).unwrap();
        let (mut filter, mut found) = (Preemphasis::new(coef).unwrap(), Vec::new());
        // Twice: the second track must not remember the first.
        for _ in 0..2 {
            let (mut rest, mut sizes) = (&samples[..], sizes.iter().cycle());
            found.clear();
            while !rest.is_empty() {
                let (block, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                filter.push(block, &mut found).unwrap();
                rest = after;
            }
            filter.finish(&mut found).unwrap();
            prop_assert_eq!(bits(&found), bits(&expected));
        }
    }
}

#[test]
fn emphasis_names_a_sample_of_any_block_and_forgets_its_track() {
    let (mut filter, mut out) = (Preemphasis::new(0.97).unwrap(), Vec::new());
    filter.push(&[0.5; 7], &mut out).unwrap();
    let error = filter.push(&[0.1, f32::NAN], &mut out).unwrap_err();
    assert!(matches!(error, FeatureError::Sample { index: 8, .. }), "{error}");
    assert_eq!(filter.finish(&mut out), Err(FeatureError::NoSamples));
    assert!(Preemphasis::new(1.5).is_err());
}

/// Without a floor to wait for, coefficients come as soon as their samples do, and nothing is held.
#[test]
fn cepstral_coefficients_without_a_floor_do_not_wait_for_the_end() {
    let feature = FeatureConfig::named("mfcc").unwrap().with("top_db", "none").unwrap();
    let samples = noise(40_000, 3);
    let expected = feature.frames(&samples).unwrap();
    let mut extractor = feature.extractor().unwrap();
    let mut early = 0;
    for block in samples.chunks(160) {
        extractor.push(block, &mut |_| early += 1).unwrap();
    }
    // The last two frames reach beyond the track.
    assert_eq!(early, expected.n_frames() - 2);
    extractor.finish(&mut |_| early += 1).unwrap();
    assert_eq!(early, expected.n_frames());
    let frames = in_blocks(&mut *extractor, &samples, &[160]);
    assert_eq!(bits(frames.values()), bits(expected.values()));
}

/// The places where mirroring could miss samples: where its head completes, and where the buffer is emptied just before
/// the track ends.
#[test]
fn mirrored_ends_do_not_depend_on_where_blocks_end() {
    // Hamming, because Hann has no weight on the first sample of a frame.
    let config = LogMelConfig {
        n_fft: 8,
        n_mels: 2,
        window: Window::Hamming,
        pad_mode: PadMode::Reflect,
        ..LogMelConfig::default()
    };
    for hop_length in [3, 97, 1000, 5000] {
        let config = LogMelConfig { hop_length, ..config.clone() };
        let mut extractor = FeatureConfig::LogMel(config.clone()).extractor().unwrap();
        for n_samples in (1..20).chain(8185..8225) {
            let samples = noise(n_samples, 11);
            let expected = log_mel(&samples, &config).unwrap();
            let ours = in_blocks(&mut *extractor, &samples, &[1]).to_spectrogram();
            assert_eq!(bits(ours.values()), bits(expected.values()), "{n_samples} samples, hop {hop_length}");
        }
    }
}

#[test]
fn every_feature_keeps_its_contract() {
    let samples = noise(30_000, 3);
    for (config, name) in FeatureConfig::defaults().iter().zip(FeatureConfig::NAMES) {
        config.validate().unwrap();
        assert_eq!(config.name(), *name);
        let mut extractor = config.extractor().unwrap();
        assert_eq!(extractor.finish(&mut |_| {}), Err(FeatureError::NoSamples), "{name}");

        let whole = in_blocks(&mut *extractor, &samples, &[samples.len()]);
        assert_eq!(config.frames(&samples).unwrap(), whole, "{name}");
        assert_eq!(whole.n_bins(), config.n_bins(), "{name}");
        assert_eq!(whole.n_frames(), config.n_frames(samples.len()), "{name}");
        assert!(whole.values().iter().all(|value| value.is_finite()), "{name}");
        assert_eq!(in_blocks(&mut *extractor, &samples, &[160]), whole, "{name}");

        let loud: Vec<f32> = samples.iter().map(|sample| 1e6 * sample).collect();
        in_blocks(&mut *extractor, &loud, &[loud.len()]);
        assert_eq!(in_blocks(&mut *extractor, &samples, &[160]), whole, "{name}: after a loud track");

        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2.0 * MAX_SAMPLE, -2.0 * MAX_SAMPLE] {
            extractor.push(&samples[..10_007], &mut |_| {}).unwrap();
            let mut block = samples[..9000].to_vec();
            block[8993] = bad;
            match extractor.push(&block, &mut |_| {}) {
                Err(FeatureError::Sample { index: 19_000, value }) => {
                    assert_eq!(value.to_bits(), bad.to_bits(), "{name}");
                }
                other => panic!("{name}: {other:?} for a sample of {bad}"),
            }
            assert_eq!(in_blocks(&mut *extractor, &samples, &[4096]), whole, "{name}: after {bad}");
        }
    }
}

#[test]
fn every_feature_is_the_same_on_any_thread() {
    let samples = noise(20_000, 5);
    for config in FeatureConfig::defaults() {
        let here = in_blocks(&mut *config.extractor().unwrap(), &samples, &[1000]);
        let there = std::thread::scope(|scope| {
            let run = || in_blocks(&mut *config.extractor().unwrap(), &samples, &[1000]);
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(there.iter().all(|frames| bits(frames.values()) == bits(here.values())));
    }
}

#[test]
fn the_loudest_samples_allowed_overflow_nothing() {
    for n_fft in [2, 2048, 1 << 20] {
        let config = LogMelConfig { n_fft, pad_mode: PadMode::Reflect, ..LogMelConfig::default() };
        let samples: Vec<f32> = noise(4096, 1).iter().map(|x| MAX_SAMPLE * x.signum()).collect();
        assert!(log_mel(&samples, &config).unwrap().values().iter().all(|db| db.is_finite()), "{n_fft}");
    }
}
