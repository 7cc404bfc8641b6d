//! What every data set can do.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Catalogue, DatasetError, Info};

/// One data set: its facts and how to list its tracks.
pub trait Dataset: Sync {
    /// Title, citation, licence, layout, how to obtain it, counts.
    fn info(&self) -> &Info;

    /// Lists the tracks. The same files give the same catalogue, whatever the order in which the file
    /// system lists them.
    ///
    /// # Errors
    ///
    /// When the request lacks what this set needs or carries what it cannot use, and when the files are
    /// not there or not in the set's layout.
    fn open(&self, request: &Request) -> Result<Catalogue, DatasetError>;

    /// Files (or folders of files) that this set is known to have, by a rule or a list of its own, and that are not among
    /// those of `catalogue`: for [`check`](crate::check), beyond what [`open`](Self::open) has noticed.
    ///
    /// # Errors
    ///
    /// When a list cannot be read.
    fn missing(&self, _catalogue: &Catalogue) -> Result<Vec<PathBuf>, DatasetError> {
        Ok(Vec::new())
    }

    /// The name in [`registry`](crate::registry) and on the command line.
    fn name(&self) -> &str {
        &self.info().name
    }
}

/// What the caller brings; [`Source`](crate::Source) says which set needs which part.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Request {
    /// The folder of the user's files. Only for sets that read one: others refuse it.
    pub root: Option<PathBuf>,
    /// A folder that may be filled and emptied at any time, for sets that bring or make their files.
    pub cache: Option<PathBuf>,
    /// What counts as audio: file name extensions in any case, with or without a leading dot. From the
    /// caller, because this crate decodes nothing. Sets with a fixed layout do not need it.
    pub extensions: Vec<String>,
    /// For tables: which of their columns holds what, as (our name, the table's name).
    pub columns: BTreeMap<String, String>,
    /// Choices that a set offers ([`Info::options`]), by name.
    pub options: BTreeMap<String, String>,
    /// Is told how far a set has come that makes its files.
    pub watch: Watch,
}

/// Follows long work, and may end it; by default nobody does.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<Watcher>>);

type Watcher = dyn Fn(usize, usize) -> ControlFlow<()> + Send + Sync;

impl Watch {
    /// `watcher` is told how many pieces are done, and of how many, before each that is to be made and at the end. After
    /// [`ControlFlow::Break`] none is begun, and opening the set fails with [`DatasetError::Interrupted`]. It is called from
    /// several threads.
    #[must_use]
    pub fn new(watcher: impl Fn(usize, usize) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watcher)))
    }

    pub(crate) fn tell(&self, n_done: usize, n_pieces: usize) -> ControlFlow<()> {
        self.0.as_ref().map_or(ControlFlow::Continue(()), |watcher| watcher(n_done, n_pieces))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Request {
    /// With the folder that holds the user's files.
    #[must_use]
    pub fn with_root(self, root: impl Into<PathBuf>) -> Self {
        Self { root: Some(root.into()), ..self }
    }

    /// With a folder for files that a set brings.
    #[must_use]
    pub fn with_cache(self, cache: impl Into<PathBuf>) -> Self {
        Self { cache: Some(cache.into()), ..self }
    }

    /// With a column of a table: `name` is ours, such as `artist`, `column` the table's.
    #[must_use]
    pub fn with_column(mut self, name: impl Into<String>, column: impl Into<String>) -> Self {
        self.columns.insert(name.into(), column.into());
        self
    }

    /// With a choice that the set offers.
    #[must_use]
    pub fn with_option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// With someone who follows long work.
    #[must_use]
    pub fn with_watch(self, watch: Watch) -> Self {
        Self { watch, ..self }
    }

    /// With the extensions that count as audio.
    #[must_use]
    pub fn with_extensions<S: Into<String>>(self, extensions: impl IntoIterator<Item = S>) -> Self {
        Self { extensions: extensions.into_iter().map(Into::into).collect(), ..self }
    }
}
