//! A data set of parts: its facts, a function that lists its tracks, and perhaps one that knows what is missing.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::{Catalogue, Dataset, DatasetError, Info, Request};

type Open = fn(&Info, &Request) -> Result<Catalogue, DatasetError>;
type Missing = fn(&Catalogue) -> Result<Vec<PathBuf>, DatasetError>;

pub(crate) struct Set {
    toml: &'static str,
    info: OnceLock<Info>,
    open: Open,
    missing: Option<Missing>,
}

impl Set {
    /// `toml` is the text of its `dataset.toml`; `open` is [`Dataset::open`].
    pub(crate) const fn new(toml: &'static str, open: Open) -> Self {
        Self { toml, info: OnceLock::new(), open, missing: None }
    }

    /// The same with [`Dataset::missing`].
    pub(crate) const fn with_missing(toml: &'static str, open: Open, missing: Missing) -> Self {
        Self { toml, info: OnceLock::new(), open, missing: Some(missing) }
    }
}

impl Dataset for Set {
    fn info(&self) -> &Info {
        self.info.get_or_init(|| Info::embedded(self.toml))
    }

    fn open(&self, request: &Request) -> Result<Catalogue, DatasetError> {
        (self.open)(self.info(), request)
    }

    fn missing(&self, catalogue: &Catalogue) -> Result<Vec<PathBuf>, DatasetError> {
        self.missing.map_or(Ok(Vec::new()), |missing| missing(catalogue))
    }
}
