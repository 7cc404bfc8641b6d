//! What librosa 0.11 loads from the same files (`tests/golden/gen_golden.py`).

use crooner_audio::load;

use crate::{Arrays, golden, largest_difference};

#[test]
fn mp3_as_librosa() {
    let mut arrays = Arrays::open(&golden("resample.npz"));
    // Full lengths are `full_len` of manifest.json. librosa decodes MP3 with libsndfile and mpg123.
    for (name, sample_rate, full_len) in [
        ("brahms44s_cbr128", 44_100, 132_300),
        ("brahms44s_v2", 44_100, 132_300),
        ("brahms16m_32k", 16_000, 49_536),
    ] {
        let found = load(golden(&format!("{name}.mp3")), None).unwrap();
        assert_eq!((found.sample_rate, found.samples.len()), (sample_rate, full_len), "{name}");
        let expected: Vec<f32> = arrays.get(&format!("load_{name}"));
        let off = largest_difference(&expected, &found.samples[..expected.len()]);
        assert!(off < 1e-6, "{name}: off by {off:e}");
    }
}

#[test]
fn wav_at_half_its_rate_as_librosa() {
    let found = load(golden("brahms44s.wav"), Some(22_050)).unwrap();
    assert_eq!((found.sample_rate, found.samples.len()), (22_050, 66_150));
    assert_eq!(found.duration_seconds(), 3.0);
    let expected: Vec<f32> = Arrays::open(&golden("resample.npz")).get("load_default");
    let off = largest_difference(&expected, &found.samples[..expected.len()]);
    assert!(off < 1e-6, "off by {off:e}");
}
