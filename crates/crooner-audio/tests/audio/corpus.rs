//! A larger folder of real and malformed files, where the checkout has one beside it.

use std::path::{Path, PathBuf};

use crooner_audio::AudioReader;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn every_file_is_read_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dev/codec");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no folder {}", folder.display());
        return;
    }
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let mut decoded = 0;
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut n_samples = 0;
        let outcome = AudioReader::open(path).and_then(|mut reader| {
            while let Some(block) = reader.next_block()? {
                assert!(block.iter().all(|sample| sample.is_finite()), "{name}");
                n_samples += block.len();
            }
            Ok(reader.damaged_packets())
        });
        match outcome {
            Ok(damaged) => {
                assert!(n_samples > 0, "{name}");
                assert!(damaged == 0 || !name.starts_with("ok"), "{name}: {damaged} damaged packets");
                decoded += 1;
            }
            // Opus, ADPCM and RF64 are known not to be read.
            Err(error) => assert!(
                !name.starts_with("ok")
                    || ["ok.opus", "ok_adpcm_ima.wav", "ok_rf64.wav"].contains(&name.as_str()),
                "{error}"
            ),
        }
    }
    assert!(decoded > paths.len() / 2, "{decoded} of {} files decoded", paths.len());
}
