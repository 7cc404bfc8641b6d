//! Files that are broken, or are no audio at all.

use std::path::Path;

use crooner_audio::{AudioError, AudioReader, load};

use crate::fixture;

/// One file of every container and codec, small enough to be broken in many ways.
const FORMATS: [&str; 8] = [
    "pcm_s24.wav",
    "pcm_s16.aiff",
    "flac_s24.flac",
    "vorbis.ogg",
    "mp3_cbr_mono.mp3",
    "aac.m4a",
    "alac.m4a",
    "aac.aac",
];

/// Samples, damaged packets, and the error that ended the file, if any.
fn read(path: &Path) -> Result<(usize, u64, Option<AudioError>), AudioError> {
    let mut reader = AudioReader::open(path)?;
    let mut n_samples = 0;
    loop {
        match reader.next_block() {
            Ok(Some(block)) => n_samples += block.len(),
            Ok(None) => return Ok((n_samples, reader.damaged_packets(), None)),
            Err(error) => {
                assert!(reader.next_block().unwrap().is_none(), "nothing after an error");
                return Ok((n_samples, reader.damaged_packets(), Some(error)));
            }
        }
    }
}

fn written(bytes: &[u8]) -> Result<(usize, u64, Option<AudioError>), AudioError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.mp3");
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

#[test]
fn damaged_packets_are_skipped_and_counted() {
    // Four seconds each, of 44.1 kHz, 22.05 kHz and 16 kHz.
    for (name, n_samples, damaged_packets) in [
        ("damaged_bitflips.mp3", 175_824, 1),
        ("damaged_zeroed.m4a", 56_320, 32),
        ("damaged_truncated.ogg", 15_872, 1),
    ] {
        let (found, damaged, error) = read(&fixture(name)).unwrap();
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!((found, damaged), (n_samples, damaged_packets), "{name}");
    }
}

#[test]
fn a_truncated_mp3_counts_as_damaged() {
    let bytes = std::fs::read(fixture("mp3_vbr.mp3")).unwrap();
    let (n_samples, damaged, error) = written(&bytes[..bytes.len() / 2]).unwrap();
    assert!(error.is_none() && (15_000..30_000).contains(&n_samples), "{n_samples}");
    assert_eq!(damaged, 1);
}

#[test]
fn a_chain_of_like_streams_is_one_signal() {
    assert_eq!(load(fixture("chained.ogg"), None).unwrap().samples.len(), 128_000);
}

#[test]
fn a_chain_of_unlike_streams_is_refused() {
    let mut bytes = std::fs::read(fixture("chained.ogg")).unwrap();
    bytes.extend(std::fs::read(fixture("vorbis.ogg")).unwrap());
    let (n_samples, _, error) = written(&bytes).unwrap();
    assert_eq!(n_samples, 128_000);
    let error = error.unwrap();
    assert!(
        matches!(
            error,
            AudioError::FormatChanged {
                samples: 128_000,
                expected_hz: 16_000,
                found_hz: 44_100,
                expected_channels: 1,
                found_channels: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_error_ends_a_resampled_stream_too() {
    let mut bytes = std::fs::read(fixture("chained.ogg")).unwrap();
    bytes.extend(std::fs::read(fixture("vorbis.ogg")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unlike.ogg");
    std::fs::write(&path, bytes).unwrap();
    let mut reader = AudioReader::open_at(path, 22_050).unwrap();
    let error = loop {
        match reader.next_block() {
            Ok(block) => assert!(block.is_some(), "ended without an error"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AudioError::FormatChanged { .. }), "{error}");
    assert!(reader.next_block().unwrap().is_none());
}

#[test]
fn a_codec_without_decoder_is_named() {
    // The number of channels is followed by "Speex" where the first packet says what it is.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mp2.mp3");
    // MPEG-1 layer 2, 192 kbit/s, 44.1 kHz: 626 bytes a frame.
    let frame = [&[0xff, 0xfd, 0xa0, 0x04][..], &[0; 622]].concat();
    std::fs::write(&path, frame.repeat(20)).unwrap();
    let error = load(path, None).unwrap_err();
    assert!(
        matches!(&error, AudioError::UnsupportedCodec { codec, .. } if codec == "MPEG layer 2"),
        "{error}"
    );
}

#[test]
fn what_is_no_audio_is_refused_with_its_own_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.mp3");
    std::fs::write(&text, "A readme that somebody renamed.\n".repeat(50)).unwrap();
    let empty = folder.path().join("empty.wav");
    std::fs::write(&empty, []).unwrap();
    for (path, expected) in [
        (text.as_path(), "is in no known audio format"),
        (&empty, "found an empty file"),
        (folder.path(), "found something else than a regular file"),
        (&folder.path().join("missing.flac"), "cannot open"),
    ] {
        let error = AudioReader::open(path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_an_error() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.wav");
    std::fs::copy(fixture("pcm_s16.wav"), &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read anything.
    match AudioReader::open(&path) {
        Err(AudioError::Open { source, .. }) => {
            assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
        }
        Err(error) => panic!("{error}"),
        Ok(_) => assert!(std::fs::File::open(&path).is_ok(), "opened a file without permission"),
    }
}

#[test]
fn every_prefix_is_read_or_refused() {
    for name in FORMATS {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let whole = read(&fixture(name)).unwrap().0;
        let lengths = (1..200).chain((200..bytes.len()).step_by(1 + bytes.len() / 40));
        for length in lengths.filter(|&length| length < bytes.len()) {
            if let Ok((n_samples, ..)) = written(&bytes[..length]) {
                assert!(n_samples <= whole, "{name}: {n_samples} samples of {length} bytes");
            }
        }
    }
}

#[test]
fn flipped_bytes_are_read_or_refused() {
    let mut refused = 0;
    for name in FORMATS {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for n in 0..60usize {
            let mut bytes = bytes.clone();
            // Half of the flips hit the headers.
            let span = if n % 2 == 0 { 200 } else { bytes.len() };
            for k in 0..3 {
                let hash = (n * 3 + k + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                bytes[hash % span] ^= (hash >> 30) as u8 | 1;
            }
            match written(&bytes) {
                Ok((n_samples, _, error)) => assert!(n_samples > 0, "{name}: {error:?}"),
                Err(error) => {
                    assert!(error.to_string().contains("broken.mp3"), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!((100..400).contains(&refused), "{refused} of 480 broken files refused");
}
