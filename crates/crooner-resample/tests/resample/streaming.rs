//! A stream, however it is cut up, is what one call makes of it.

use crooner_resample::{Quality, ResampleError, Resampler, resample};
use proptest::prelude::*;

use crate::{convert, noise};

fn rates() -> impl Strategy<Value = (u32, u32)> {
    let common = prop::sample::select(vec![8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000]);
    prop_oneof![(common.clone(), common), (1..40u32, 1..40u32), (900..1_100u32, 900..1_100u32)]
}

fn qualities() -> impl Strategy<Value = Quality> {
    prop::sample::select(Quality::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_partition_equals_one_call(
        (from_hz, to_hz) in rates(),
        quality in qualities(),
        blocks in prop::collection::vec(prop_oneof![0..50usize, 0..9_000usize], 0..8),
        seed in 0..1000u64,
    ) {
        let input = noise(blocks.iter().sum(), seed);
        let whole = convert(&input, from_hz, to_hz, quality);
        let mut resampler = Resampler::with_quality(from_hz, to_hz, quality).unwrap();
        // Twice: `finish` leaves a resampler as new.
        for _ in 0..2 {
            let mut rest = input.as_slice();
            let mut output = vec![7.0];
            for &block in &blocks {
                resampler.process(&rest[..block], &mut output);
                rest = &rest[block..];
            }
            resampler.finish(&mut output);
            prop_assert_eq!(output[0], 7.0, "appends");
            prop_assert_eq!(&output[1..], whole.as_slice());
        }
    }

    #[test]
    fn length_is_rounded_up((from_hz, to_hz) in rates(), quality in qualities(), n_samples in 0..5_000usize) {
        let output = convert(&vec![0.1; n_samples], from_hz, to_hz, quality);
        prop_assert_eq!(output.len(), (n_samples * to_hz as usize).div_ceil(from_hz as usize));
        prop_assert_eq!(output.len(), Resampler::new(from_hz, to_hz).unwrap().output_len(n_samples));
    }
}

#[test]
fn extreme_ratios_go_in_steps() {
    let input = noise(400_000, 11);
    let ratios = [(384_000, 1), (383_999, 7), (130, 1), (20_000, 3)];
    for (quality, (from_hz, to_hz)) in
        Quality::ALL.into_iter().flat_map(|quality| ratios.map(|of| (quality, of)))
    {
        let whole = convert(&input, from_hz, to_hz, quality);
        assert_eq!(whole.len(), (input.len() * to_hz as usize).div_ceil(from_hz as usize));
        let mut resampler = Resampler::with_quality(from_hz, to_hz, quality).unwrap();
        let mut output = Vec::new();
        for block in input.chunks(77_777) {
            resampler.process(block, &mut output);
        }
        resampler.finish(&mut output);
        assert_eq!(output, whole, "{quality}: {from_hz} -> {to_hz}");
    }
    for quality in Quality::ALL {
        let up = convert(&[1.0; 400], 1, 300, quality);
        assert_eq!(up.len(), 120_000);
        assert!(up[50_000..70_000].iter().all(|sample| (sample - 1.0).abs() < 2e-6), "{quality}");
    }
}

#[test]
fn a_stream_holds_a_bounded_amount_back() {
    let block = noise(1_000, 1);
    for (quality, held_back) in [(Quality::SoxrHq, 16_000), (Quality::Fast, 400)] {
        let mut resampler = Resampler::with_quality(44_100, 16_000, quality).unwrap();
        let mut output = Vec::new();
        for n in 1..=300 {
            resampler.process(&block, &mut output);
            let due = n * 1_000 * 160 / 441;
            assert!(output.len() <= due && output.len() + held_back > due, "{} of {due}", output.len());
        }
    }
}

#[test]
fn equal_rates_copy() {
    let input = noise(1_000, 4);
    assert_eq!(resample(&input, 44_100, 44_100).unwrap(), input);
}

#[test]
fn nothing_becomes_nothing() {
    assert!(resample(&[], 44_100, 16_000).unwrap().is_empty());
}

#[test]
fn clones_are_independent() {
    let (a, b) = (noise(30_000, 1), noise(10_000, 2));
    let mut first = Resampler::new(44_100, 16_000).unwrap();
    let mut output = Vec::new();
    first.process(&a[..20_000], &mut output);
    let mut second = first.clone();
    second.finish(&mut Vec::new());
    let mut other = Vec::new();
    second.process(&b, &mut other);
    second.finish(&mut other);
    first.process(&a[20_000..], &mut output);
    first.finish(&mut output);
    assert_eq!(output, resample(&a, 44_100, 16_000).unwrap());
    assert_eq!(other, resample(&b, 44_100, 16_000).unwrap());
}

#[test]
fn bad_rates_are_refused() {
    let error = resample(&[], 0, 16_000).unwrap_err();
    assert_eq!(error, ResampleError::ZeroRate { from_hz: 0, to_hz: 16_000 });
    assert_eq!(error.to_string(), "expected two sample rates of at least 1 Hz, found 0 Hz to 16000 Hz");
    assert!(matches!(Resampler::new(44_100, 0), Err(ResampleError::ZeroRate { .. })));
    let error = Resampler::new(u32::MAX, 44_101).unwrap_err();
    assert!(error.to_string().contains("found 44101/4294967295"), "{error}");
    assert!(Resampler::new(u32::MAX, u32::MAX).is_ok());
}

#[test]
fn every_pair_of_common_rates_converts_from_the_first_block_on() {
    let rates = [
        8_000, 11_025, 16_000, 22_050, 32_000, 37_800, 44_056, 44_100, 48_000, 88_200, 96_000, 176_400,
        192_000, 384_000, 705_600, 768_000,
    ];
    // Abrupt, and longer than what any chain of filters rings.
    let input = noise(6_000, 5);
    for from_hz in rates {
        for to_hz in rates {
            let mut output = Vec::new();
            let mut resampler = Resampler::with_short_blocks(from_hz, to_hz).unwrap();
            resampler.process(&input, &mut output);
            resampler.finish(&mut output);
            assert_eq!(output.len(), resampler.output_len(input.len()), "{from_hz} -> {to_hz}");
            assert!(output.iter().all(|sample| sample.abs() < 2.0), "{from_hz} -> {to_hz}");
            let preview = convert(&input, from_hz, to_hz, Quality::Fast);
            assert_eq!(preview.len(), output.len(), "{from_hz} -> {to_hz}");
            assert!(preview.iter().all(|sample| sample.abs() < 2.0), "{from_hz} -> {to_hz}");
        }
    }
}
