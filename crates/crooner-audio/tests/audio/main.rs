//! Tests of the public interface on real files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test names its line")]

mod corpus;
mod damage;
mod golden;
mod headers;
mod ogg;
mod oracle;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;
use npyz::{Deserialize, NpyFile};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

struct Arrays(NpzArchive<BufReader<File>>);

impl Arrays {
    fn open(path: &Path) -> Self {
        Self(NpzArchive::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn get<T: Deserialize>(&mut self, name: &str) -> Vec<T> {
        let array: NpyFile<_> = self.0.by_name(name).unwrap().unwrap_or_else(|| panic!("no array {name}"));
        array.into_vec().unwrap()
    }
}

/// Largest difference between two stretches of the same length.
fn largest_difference(expected: &[f32], found: &[f32]) -> f32 {
    assert_eq!(expected.len(), found.len(), "lengths");
    expected.iter().zip(found).map(|(e, f)| (e - f).abs()).fold(0.0, f32::max)
}
