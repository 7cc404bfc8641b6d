//! Every container and codec against ffmpeg (`fixtures/generate.py`).

use crooner_audio::{AudioReader, EXTENSIONS, load};

use crate::{Arrays, fixture, largest_difference};

/// File, codec, channels, tolerance. Integer and floating-point PCM is exact; lossy codecs differ in the last bits, and
/// libopus computes in floating point where our decoder is its fixed-point twin.
const FILES: [(&str, &str, usize, f32); 24] = [
    ("pcm_u8.wav", "pcm_u8", 2, 0.0),
    ("pcm_s16.wav", "pcm_s16le", 2, 0.0),
    ("pcm_s24.wav", "pcm_s24le", 2, 0.0),
    ("pcm_s32.wav", "pcm_s32le", 2, 0.0),
    ("pcm_f32.wav", "pcm_f32le", 2, 0.0),
    ("pcm_f64.wav", "pcm_f64le", 2, 0.0),
    ("pcm_s16.aiff", "pcm_s16be", 2, 0.0),
    ("pcm_s16.au", "pcm_s16be", 2, 0.0),
    ("pcm_f32.au", "pcm_f32be", 1, 0.0),
    ("pcm_mulaw.au", "pcm_mulaw", 2, 0.0),
    ("flac_s16.flac", "flac", 2, 0.0),
    ("flac_s24.flac", "flac", 2, 0.0),
    ("flac.oga", "flac", 2, 0.0),
    ("alac.m4a", "alac", 2, 0.0),
    ("vorbis.ogg", "vorbis", 2, 1e-6),
    ("mp3_vbr.mp3", "mp3", 2, 1e-6),
    ("mp3_cbr_mono.mp3", "mp3", 1, 1e-6),
    ("aac.m4a", "aac", 2, 2e-6),
    ("aac.aac", "aac", 2, 2e-6),
    ("rf64.wav", "pcm_s16le", 2, 0.0),
    ("adpcm_ima.wav", "adpcm_ima_wav", 2, 0.0),
    ("adpcm_ms.wav", "adpcm_ms", 2, 0.0),
    ("opus_stereo.opus", "opus", 2, 1e-4),
    ("opus_surround.opus", "opus", 6, 1e-4),
];

/// Opus knows one rate.
fn sample_rate(name: &str) -> u32 {
    if name.ends_with(".opus") { 48_000 } else { 44_100 }
}

#[test]
fn lengths_and_samples_as_ffmpeg() {
    let mut arrays = Arrays::open(&fixture("decoded.npz"));
    for (name, codec, channels, tolerance) in FILES {
        let reader = AudioReader::open(fixture(name)).unwrap();
        assert_eq!((reader.codec(), reader.channels()), (codec, channels), "{name}");
        let rate = sample_rate(name);
        assert_eq!((reader.sample_rate(), reader.source_sample_rate()), (rate, rate), "{name}");

        let found = load(fixture(name), None).unwrap();
        let n_samples: Vec<i64> = arrays.get(&format!("{name}/n"));
        assert_eq!([found.samples.len() as i64], *n_samples, "{name}");
        let first: Vec<f32> = arrays.get(&format!("{name}/first"));
        let last: Vec<f32> = arrays.get(&format!("{name}/last"));
        let tail = found.samples.len() - last.len();
        let off = largest_difference(&first, &found.samples[..first.len()])
            .max(largest_difference(&last, &found.samples[tail..]));
        assert!(off <= tolerance, "{name}: off by {off:e}");
    }
}

#[test]
fn blocks_add_up_to_the_whole() {
    for (name, ..) in FILES {
        for sample_rate in [None, Some(16_000)] {
            let whole = load(fixture(name), sample_rate).unwrap();
            let mut reader = match sample_rate {
                None => AudioReader::open(fixture(name)).unwrap(),
                Some(rate) => AudioReader::open_at(fixture(name), rate).unwrap(),
            };
            assert_eq!(reader.sample_rate(), sample_rate.unwrap_or(self::sample_rate(name)));
            let mut samples = Vec::new();
            while let Some(block) = reader.next_block().unwrap() {
                assert!(!block.is_empty() && block.len() < 50_000, "{name}: block of {}", block.len());
                samples.extend_from_slice(block);
            }
            assert_eq!(samples, whole.samples, "{name}");
            assert!(reader.next_block().unwrap().is_none(), "{name}: after the end");
            assert_eq!(reader.damaged_packets(), 0, "{name}");
        }
    }
}

#[test]
fn resampling_is_that_of_the_resampler() {
    let whole = load(fixture("flac_s16.flac"), None).unwrap();
    let expected = crooner_resample::resample(&whole.samples, 44_100, 22_050).unwrap();
    let found = load(fixture("flac_s16.flac"), Some(22_050)).unwrap();
    assert_eq!((found.sample_rate, found.samples), (22_050, expected));
}

#[test]
fn extensions_are_those_of_the_fixtures() {
    for (name, ..) in FILES {
        let extension = name.rsplit('.').next().unwrap();
        assert!(EXTENSIONS.contains(&extension), "{extension}");
    }
    assert!(
        EXTENSIONS.is_sorted()
            && EXTENSIONS.iter().all(|e| e.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
    );
}

#[test]
fn content_counts_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let misnamed = folder.path().join("flac.mp3");
    std::fs::copy(fixture("flac_s16.flac"), &misnamed).unwrap();
    let bare = folder.path().join("no extension");
    std::fs::copy(fixture("mp3_vbr.mp3"), &bare).unwrap();
    assert_eq!(AudioReader::open(misnamed).unwrap().codec(), "flac");
    assert_eq!(AudioReader::open(bare).unwrap().codec(), "mp3");
}
