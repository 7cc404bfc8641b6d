//! The demonstration set: `datasets/demo`, carried inside the program (4 MB).

use include_dir::{Dir, include_dir};

use crate::embedded::EmbeddedSet;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../datasets/demo");

pub(crate) static DEMO: EmbeddedSet =
    EmbeddedSet::new(include_str!("../../../datasets/demo/dataset.toml"), &FILES);
