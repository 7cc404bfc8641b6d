//! Any bytes, decoded as audio. What a file is, its content says: there is no extension to vary.

#![no_main]

use crooner_audio::AudioReader;
use crooner_fuzz::{file, let_dependencies_panic_where_it_is_caught, ogg};
use libfuzzer_sys::fuzz_target;

/// Four minutes at 16 kHz: a small file may hold hours of silence, which is no hang.
const ENOUGH: usize = 1 << 22;

fuzz_target!(init: let_dependencies_panic_where_it_is_caught(), |bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    ogg::seal(&mut bytes);
    let path = file("audio", &bytes);
    // As prepare-data reads it, and as it is.
    let reader = if bytes.len() % 2 == 0 { AudioReader::open_at(path, 16_000) } else { AudioReader::open(path) };
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert!(reader.source_sample_rate() > 0 && reader.channels() > 0);
    let mut n_samples = 0;
    loop {
        match reader.next_block() {
            Ok(Some(block)) => {
                assert!(!block.is_empty());
                assert!(block.iter().all(|sample| sample.is_finite()));
                n_samples += block.len();
            }
            Ok(None) => break,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                break;
            }
        }
        if n_samples > ENOUGH {
            return;
        }
    }
    // An end is an end.
    assert!(matches!(reader.next_block(), Ok(None)));
});
