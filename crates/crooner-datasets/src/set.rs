//! A data set of two parts: its facts, and a function that lists its tracks.

use std::sync::OnceLock;

use crate::{Catalogue, Dataset, DatasetError, Info, Request};

type Open = fn(&Info, &Request) -> Result<Catalogue, DatasetError>;

pub(crate) struct Set {
    toml: &'static str,
    info: OnceLock<Info>,
    open: Open,
}

impl Set {
    /// `toml` is the text of its `dataset.toml`; `open` is [`Dataset::open`].
    pub(crate) const fn new(toml: &'static str, open: Open) -> Self {
        Self { toml, info: OnceLock::new(), open }
    }
}

impl Dataset for Set {
    fn info(&self) -> &Info {
        self.info.get_or_init(|| Info::embedded(self.toml))
    }

    fn open(&self, request: &Request) -> Result<Catalogue, DatasetError> {
        (self.open)(self.info(), request)
    }
}
