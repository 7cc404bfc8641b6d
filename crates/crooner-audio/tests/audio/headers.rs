//! Headers made byte by byte: formats, lies, numbers that are none, and iTunes' way to cut.

use std::path::PathBuf;

use crooner_audio::{AudioError, AudioReader, load};
use tempfile::TempDir;

use crate::fixture;

struct Wav {
    format: u16,
    channels: u16,
    sample_rate: u32,
    bits: u16,
    data: Vec<u8>,
    riff_size: Option<u32>,
    data_size: Option<u32>,
}

impl Wav {
    fn s16(samples: &[i16]) -> Self {
        let data = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        Self { format: 1, channels: 1, sample_rate: 16_000, bits: 16, data, riff_size: None, data_size: None }
    }

    fn f32(samples: &[f32]) -> Self {
        let data = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        Self { format: 3, bits: 32, data, ..Self::s16(&[]) }
    }

    fn write(&self, folder: &TempDir) -> PathBuf {
        let n_bytes = self.data.len() as u32;
        let frame = self.channels * self.bits / 8;
        let mut bytes = b"RIFF".to_vec();
        bytes.extend(self.riff_size.unwrap_or(36 + n_bytes).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0");
        bytes.extend(self.format.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.sample_rate.to_le_bytes());
        bytes.extend((self.sample_rate * u32::from(frame)).to_le_bytes());
        bytes.extend(frame.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(self.data_size.unwrap_or(n_bytes).to_le_bytes());
        bytes.extend(&self.data);
        let path = folder.path().join("test.wav");
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn samples(wav: &Wav) -> Result<Vec<f32>, AudioError> {
    let folder = tempfile::tempdir().unwrap();
    load(wav.write(&folder), None).map(|waveform| waveform.samples)
}

#[test]
fn sixteen_bits_are_divided_by_their_range() {
    let found = samples(&Wav::s16(&[0, 1, -1, i16::MAX, i16::MIN])).unwrap();
    assert_eq!(found, [0.0, 1.0 / 32_768.0, -1.0 / 32_768.0, 32_767.0 / 32_768.0, -1.0]);
}

#[test]
fn mono_is_the_mean_of_any_number_of_channels() {
    let mut wav = Wav::s16(&[3_000, 6_000, 30_000, -3_000, 0, 0]);
    wav.channels = 3;
    assert_eq!(samples(&wav).unwrap(), [13_000.0 / 32_768.0, -1_000.0 / 32_768.0]);
}

#[test]
fn floating_point_may_exceed_one() {
    assert_eq!(samples(&Wav::f32(&[1.5, -2.5])).unwrap(), [1.5, -2.5]);
}

#[test]
fn the_first_sample_that_is_no_number_is_named() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.1e8, -3e38] {
        let mut values = vec![0.25; 10_000];
        values[7_777] = bad;
        values[8_888] = bad;
        let error = samples(&Wav::f32(&values)).unwrap_err();
        assert!(matches!(error, AudioError::BadSample { index: 7_777, .. }), "{error}");
        assert!(
            error.to_string().starts_with("sample 7777 of ") && error.to_string().contains("(pcm_f32le)")
        );
    }
    // A channel that is no number cannot hide behind another one.
    let mut wav = Wav::f32(&[0.0, 0.0, f32::INFINITY, f32::NEG_INFINITY]);
    wav.channels = 2;
    assert!(matches!(samples(&wav), Err(AudioError::BadSample { index: 1, .. })));
}

/// A finding of the fuzzer: what the resampler made of it was not finite.
#[test]
fn the_loudest_samples_stay_finite_at_any_rate() {
    let directory = tempfile::tempdir().unwrap();
    let loud: Vec<f32> = (0..20_000).map(|i| if i * 7919 % 8009 < 4000 { 1e8 } else { -1e8 }).collect();
    let path = Wav::f32(&loud).write(&directory);
    for rate in [8_000, 16_000, 44_100, 96_000] {
        let waveform = load(&path, Some(rate)).unwrap();
        assert!(waveform.samples.iter().all(|sample| sample.abs() < 1e9), "{rate} Hz");
    }
}

#[test]
fn a_claim_of_three_gigabytes_reads_what_is_there() {
    // As writers to pipes leave it: they cannot go back to fill in the size.
    for size in [3_000_000_000, u32::MAX] {
        let mut wav = Wav::s16(&[100; 5_000]);
        (wav.riff_size, wav.data_size) = (Some(size.saturating_add(36)), Some(size));
        let folder = tempfile::tempdir().unwrap();
        let mut reader = AudioReader::open(wav.write(&folder)).unwrap();
        let mut n_samples = 0;
        while let Some(block) = reader.next_block().unwrap() {
            n_samples += block.len();
        }
        assert_eq!((n_samples, reader.damaged_packets()), (5_000, 1), "{size}");
    }
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let mut inner_larger = Wav::s16(&[100; 5_000]);
    inner_larger.data_size = Some(3_000_000_000);
    let mut no_channels = Wav::s16(&[1, 2]);
    no_channels.channels = 0;
    let mut no_rate = Wav::s16(&[1, 2]);
    no_rate.sample_rate = 0;
    for wav in [inner_larger, no_channels, no_rate] {
        let error = samples(&wav).unwrap_err();
        assert!(matches!(error, AudioError::BadHeader { .. }), "{error}");
        assert!(error.to_string().contains("test.wav"), "{error}");
    }
}

#[test]
fn no_samples_is_an_error_one_is_not() {
    assert!(matches!(samples(&Wav::s16(&[])), Err(AudioError::NoAudio { damaged_packets: 0, .. })));
    assert_eq!(samples(&Wav::s16(&[-32_768])).unwrap(), [-1.0]);
}

#[test]
fn a_rate_that_cannot_be_converted_is_named() {
    let mut wav = Wav::s16(&[1; 100]);
    wav.sample_rate = u32::MAX / 2;
    let folder = tempfile::tempdir().unwrap();
    let error = load(wav.write(&folder), Some(16_000)).unwrap_err();
    assert!(matches!(error, AudioError::Resample { .. }), "{error}");
    assert!(error.to_string().contains("cannot convert 2147483647 Hz to 16000 Hz"), "{error}");
}

/// An AU file of one channel at 8 kHz: where its samples begin, how many bytes it states, its encoding, what follows.
fn au(offset: u32, stated: u32, encoding: u32, rest: &[u8]) -> Vec<u8> {
    let numbers = [offset, stated, encoding, 8_000, 1];
    [b".snd", numbers.map(u32::to_be_bytes).concat().as_slice(), rest].concat()
}

fn open_bytes(name: &str, bytes: &[u8]) -> Result<(Vec<f32>, u64), AudioError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut reader = AudioReader::open(&path)?;
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block()? {
        samples.extend_from_slice(block);
    }
    Ok((samples, reader.damaged_packets()))
}

#[test]
fn au_of_any_offset_and_length_is_read() {
    let expected = [0.5, -1.0, 0.0];
    let samples = [0x40, 0, 0x80, 0, 0, 0];
    // A comment of eight bytes, as sox writes; of none; of an odd number.
    for comment in ["comment\0", "", "odd"] {
        let rest = [comment.as_bytes(), &samples].concat();
        let offset = 24 + comment.len() as u32;
        assert_eq!(open_bytes("a.au", &au(offset, 6, 3, &rest)).unwrap(), (expected.to_vec(), 0));
        // A pipe, whose length nobody knew.
        assert_eq!(open_bytes("a.au", &au(offset, u32::MAX, 3, &rest)).unwrap(), (expected.to_vec(), 0));
        // What follows the samples is not of them.
        let more = [&rest[..], b"and more"].concat();
        assert_eq!(open_bytes("a.snd", &au(offset, 6, 3, &more)).unwrap(), (expected.to_vec(), 0));
        // Cut off: what is there, and one count of damage.
        assert_eq!(open_bytes("a.au", &au(offset, 600, 3, &rest)).unwrap(), (expected.to_vec(), 1));
    }
    let widths: [(u32, &[u8]); 4] =
        [(2, &[0x40, 0x80]), (4, &[0x40, 0, 0, 0x80, 0, 0]), (5, &[0x40, 0, 0, 0, 0x80, 0, 0, 0]), (7, &[])];
    for (encoding, bytes) in widths {
        let doubles = [0.5_f64.to_be_bytes(), (-1.0_f64).to_be_bytes()].concat();
        let bytes = if bytes.is_empty() { &doubles } else { bytes };
        let found = open_bytes("a.au", &au(24, bytes.len() as u32, encoding, bytes)).unwrap();
        assert_eq!(found, (vec![0.5, -1.0], 0), "encoding {encoding}");
    }
    // An odd number of bytes.
    assert_eq!(open_bytes("a.au", &au(24, 3, 2, &[0x40, 0x80, 0])).unwrap(), (expected.to_vec(), 0));
}

#[test]
fn au_that_cannot_be_is_refused_with_its_reason() {
    let silence = [0; 64];
    let mut no_channels = au(24, 64, 3, &silence);
    no_channels[23] = 0;
    let mut no_rate = au(24, 64, 3, &silence);
    no_rate[16..20].fill(0);
    for (bytes, reason) in [
        (au(24, 64, 23, &silence), "AU: expected PCM, mu-law or A-law, found ADPCM (encoding 23)"),
        (au(24, 64, 99, &silence), "AU: expected encoding 1 to 7 or 27, found 99"),
        (au(20, 64, 3, &silence), "AU: expected samples at byte 24 to 88, found 20"),
        (au(4_000_000_000, 64, 3, &silence), "AU: expected samples at byte 24 to 88, found 4000000000"),
        (no_channels, "AU: expected 1 to 65535 channels, found 0"),
        (no_rate, "AU: expected at least 1 Hz, found 0"),
        (b".snd\0\0".to_vec(), "AU: expected a header of 24 bytes, found 6"),
    ] {
        let error = open_bytes("bad.au", &bytes).unwrap_err();
        assert!(matches!(error, AudioError::BadHeader { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("bad.au") && text.contains(reason), "{text}");
    }
    assert!(matches!(open_bytes("a.au", &au(24, 0, 3, &[])), Err(AudioError::NoAudio { .. })));
}

fn mp4_box(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), &content].concat()
}

#[test]
fn an_mp4_file_without_edit_list_is_cut_by_the_tag_of_itunes() {
    // Hide the edit list, and append the tag to `moov`, which comes last.
    let mut bytes = std::fs::read(fixture("aac.m4a")).unwrap();
    let find = |bytes: &[u8], kind: &[u8]| bytes.windows(4).position(|window| window == kind).unwrap();
    let edts = find(&bytes, b"edts");
    bytes[edts..edts + 4].copy_from_slice(b"free");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("itunes.m4a");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(load(&path, None).unwrap().samples.len(), 46_080, "45 frames of 1,024 samples");

    let tag = mp4_box(
        b"----",
        &[
            &mp4_box(b"mean", &[&[0; 4], b"com.apple.iTunes"]),
            &mp4_box(b"name", &[&[0; 4], b"iTunSMPB"]),
            &mp4_box(
                b"data",
                &[&[0, 0, 0, 1, 0, 0, 0, 0], b" 00000000 00000400 000003BC 000000000000AC44 00000000"],
            ),
        ],
    );
    let handler = mp4_box(b"hdlr", &[&[0; 8], b"mdirappl", &[0; 9]]);
    let meta = mp4_box(b"meta", &[&[0; 4], &handler, &mp4_box(b"ilst", &[&tag])]);
    let udta = mp4_box(b"udta", &[&meta]);
    let moov = find(&bytes, b"moov") - 4;
    let size = (bytes.len() - moov + udta.len()) as u32;
    bytes[moov..moov + 4].copy_from_slice(&size.to_be_bytes());
    bytes.extend(udta);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(load(&path, None).unwrap(), load(fixture("aac.m4a"), None).unwrap());
}

#[test]
fn a_codec_that_is_not_read_is_named() {
    for (format, name) in [(0x31, "GSM 6.10"), (0x161, "Windows Media Audio"), (0x7777, "WAV format 0x7777")]
    {
        let error = samples(&Wav { format, ..Wav::s16(&[0; 64]) }).unwrap_err();
        assert!(matches!(error, AudioError::UnsupportedCodec { .. }), "{error}");
        assert!(
            error.to_string().ends_with(&format!("test.wav is {name}, for which there is no decoder")),
            "{error}"
        );
    }
}

#[test]
fn tags_behind_flac_are_no_audio() {
    let id3v1 = [b"TAG".as_slice(), &[b' '; 125]].concat();
    let ape = |flags: u32| {
        let part = |flags: u32| {
            let size = 32_u32 + 5;
            [
                b"APETAGEX".as_slice(),
                &2000_u32.to_le_bytes(),
                &size.to_le_bytes(),
                &[0; 4],
                &flags.to_le_bytes(),
                &[0; 8],
            ]
            .concat()
        };
        let header = if flags > 0 { part(flags | 1 << 29) } else { Vec::new() };
        [header, b"items".to_vec(), part(flags)].concat()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tagged.flac");
    let flac = std::fs::read(fixture("flac_s16.flac")).unwrap();
    let plain = load(fixture("flac_s16.flac"), None).unwrap();
    let id3v2 = [b"ID3\x04\0\0\0\0\x01\x00".as_slice(), &[0; 128]].concat();
    for (before, tags) in [
        (&[][..], vec![&id3v1]),
        (&id3v2, vec![&id3v1]),
        (&[], vec![&ape(0)]),
        (&[], vec![&ape(1 << 31), &id3v1]),
    ] {
        let tags: Vec<u8> = tags.into_iter().flatten().copied().collect();
        std::fs::write(&path, [before, &flac, &tags].concat()).unwrap();
        let mut reader = AudioReader::open(&path).unwrap();
        let mut found = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            found.extend_from_slice(block);
        }
        assert_eq!((reader.damaged_packets(), found.len()), (0, plain.samples.len()));
        assert_eq!(found, plain.samples);
    }
}
