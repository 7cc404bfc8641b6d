//! A larger folder of real and malformed files, where the checkout has one beside it.

use std::fs;
use std::path::Path;

use crooner_audio::AudioReader;

/// A file that both read, and by how many samples at 16 kHz we may differ from ffmpeg, which see to edit lists, padding
/// and stray bytes in ways of its own.
const ELSE: [(&str, usize); 11] = [
    // ffmpeg leaves the AAC encoder's delay or padding.
    ("test3.m4a", 1824),
    ("ok.m4a", 645),
    ("ok_faststart.m4a", 273),
    ("ok_video_track.mp4", 273),
    // A chain of two of 64,000 samples: ffmpeg adds what Vorbis overlaps.
    ("chained.ogg", 512),
    // One layer-3 frame that refers to bits from before the file.
    ("vectors__l3-compl.bit", 384),
    ("vectors__l3-hecommon.bit", 418),
    // ffmpeg loses the first 128 samples of these Vorbis streams; the last granule position counts them.
    ("composer.ogg", 47),
    ("test.ogg", 46),
    ("ogg_with_image.ogg", 46),
    // Garbage before the LAME tag, which ffmpeg then does not heed.
    ("garbage_head_ok_vbr.mp3", 784),
];

/// What a good reader makes of a file: its name says what was done to it.
fn is_sound(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("ok") || name.starts_with("subset__")
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn every_file_is_read_or_refused_and_sound_ones_are_as_long_as_ffmpeg_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dev/codec");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no folder {}", folder.display());
        return;
    }
    let table = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut compared = 0;
    let mut rows = 0;
    for line in table.lines().skip(1) {
        // The last columns are numbers; only those before may hold commas in quotes.
        let path = line.split(',').next().unwrap();
        let mut columns = line.rsplit(',');
        let (errors, expected) = (columns.next().unwrap(), columns.next().unwrap());
        let expected: usize = expected.parse().unwrap();
        let mut n_samples = 0;
        let outcome = AudioReader::open_at(folder.join(path), 16_000).and_then(|mut reader| {
            while let Some(block) = reader.next_block()? {
                assert!(block.iter().all(|sample| sample.is_finite()), "{path}");
                n_samples += block.len();
            }
            Ok(reader.damaged_packets())
        });
        rows += 1;
        match outcome {
            Ok(damaged) => {
                assert!(n_samples > 0, "{path}");
                if is_sound(path) {
                    assert_eq!(damaged, 0, "{path}");
                }
                // Where ffmpeg complains of nothing, it has read what is there.
                if is_sound(path) || (errors == "0" && expected > 0 && damaged == 0) {
                    let allowed =
                        ELSE.iter().find(|(name, _)| path.ends_with(name)).map_or(1, |(_, allowed)| *allowed);
                    let off = n_samples.abs_diff(expected);
                    assert!(off <= allowed, "{path}: {n_samples} samples, ffmpeg has {expected}");
                    compared += 1;
                }
            }
            Err(error) => {
                assert!(!is_sound(path), "{error}");
                let text = error.to_string();
                assert!(!text.contains('\n') && text.contains(path.rsplit('/').next().unwrap()), "{text}");
            }
        }
    }
    assert!(rows > 150 && compared > 70, "{rows} files, {compared} compared");
}
