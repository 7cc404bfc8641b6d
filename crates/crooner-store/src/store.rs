//! The folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crooner_datasets::{Catalogue, Track};

use crate::disk::list;
use crate::index::{INDEX_EXTENSION, INDEX_PREFIX};
use crate::schema::ShardHeader;
use crate::unit::header_key;
use crate::{FrontEnd, Shard, StoreError};

const SHARD_EXTENSION: &str = "arrow";

/// A folder of features. See the [crate's documentation](crate) for what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store in the folder `root`, which need not exist yet: [`prepare`](Self::prepare) makes it.
    ///
    /// # Errors
    /// [`StoreError::NotAFolder`] if `root` is something else, [`StoreError::Io`] if it cannot be looked at.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        match fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { root }),
            Ok(_) => Err(StoreError::NotAFolder { path: root }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { root }),
            Err(error) => Err(StoreError::io("look at", root)(error)),
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every shard in the store, of whatever catalogue and configuration, sorted; among them such as no
    /// catalogue has a use for any more.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed. A store that does not exist yet has none.
    pub fn shards(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut shards = Vec::new();
        for folder in list(&self.root)?.into_iter().filter(|path| path.is_dir()) {
            shards.extend(list(&folder)?.into_iter().filter(|path| Self::is_shard(path)));
        }
        shards.sort();
        Ok(shards)
    }

    pub(crate) fn is_shard(path: &Path) -> bool {
        path.extension().is_some_and(|found| found == SHARD_EXTENSION)
    }

    /// Where [`prepare`](Self::prepare) leaves the index of a catalogue of that name: a Parquet table with the
    /// columns id, artist, album, title, shard (the file's name), row (in the shard), `n_frames`, `n_samples`,
    /// `duration_seconds` (null where no audio was decoded), `damaged_packets`, error, and one for each further field of
    /// its tracks.
    ///
    /// # Errors
    /// [`StoreError::Config`] if `front_end` cannot be written as JSON.
    pub fn index_path(&self, catalogue: &Catalogue, front_end: &FrontEnd) -> Result<PathBuf, StoreError> {
        Ok(self.index_path_of(&ShardHeader::of(front_end)?, catalogue))
    }

    /// Every index of the catalogue in the store, one for each configuration that was prepared, sorted.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed. A store that does not exist yet has none.
    pub fn indexes(&self, catalogue: &Catalogue) -> Result<Vec<PathBuf>, StoreError> {
        let name = index_name(catalogue);
        let folders = list(&self.root)?.into_iter().filter(|path| path.is_dir());
        let mut indexes: Vec<_> =
            folders.map(|folder| folder.join(&name)).filter(|path| path.is_file()).collect();
        indexes.sort();
        Ok(indexes)
    }

    pub(crate) fn index_path_of(&self, header: &ShardHeader, catalogue: &Catalogue) -> PathBuf {
        self.folder(header).join(index_name(catalogue))
    }

    /// The folder of all shards with this header.
    pub(crate) fn folder(&self, header: &ShardHeader) -> PathBuf {
        self.root.join(header_key(header))
    }

    pub(crate) fn shard_path(&self, header: &ShardHeader, key: &str) -> PathBuf {
        self.folder(header).join(shard_name(key))
    }

    /// Opens the shard of a unit, if it is there, and checks that it holds these tracks and no others.
    pub(crate) fn find_shard<'a>(
        &self,
        header: &ShardHeader,
        key: &str,
        tracks: impl Iterator<Item = &'a Track>,
    ) -> Result<Option<Shard>, StoreError> {
        let path = self.shard_path(header, key);
        let shard = match Shard::open(&path) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            shard => shard?,
        };
        if shard.header() != header {
            let [expected, found] = [header, shard.header()].map(ToString::to_string);
            return Err(StoreError::WrongShard { path, expected, found });
        }
        let mut expected = tracks.map(|track| [&track.id, &track.artist, &track.album, &track.title]);
        let mut found =
            shard.tracks().iter().map(|track| [&track.id, &track.artist, &track.album, &track.title]);
        loop {
            match (expected.next(), found.next()) {
                (None, None) => break,
                (expected, found) if expected == found => {}
                (expected, found) => {
                    let [expected, found] = [expected, found].map(|track| match track {
                        Some(labels) => format!("the track {labels:?}"),
                        None => "no more tracks".into(),
                    });
                    return Err(StoreError::WrongShard { path, expected, found });
                }
            }
        }
        Ok(Some(shard))
    }
}

/// The file name of a shard.
pub(crate) fn shard_name(key: &str) -> String {
    format!("{key}.{SHARD_EXTENSION}")
}

/// What a shard is named by, in few bytes.
pub(crate) type ShardKey = [u8; 32];

/// The key of the shard at `path`; none if no shard is called like that.
pub(crate) fn shard_key(path: &Path) -> Option<ShardKey> {
    let stem = path.file_stem().filter(|_| Store::is_shard(path))?;
    blake3::Hash::from_hex(stem.as_encoded_bytes()).ok().map(Into::into)
}

/// The file name of a catalogue's index.
fn index_name(catalogue: &Catalogue) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let name: String = catalogue.name.chars().map(safe).collect();
    // Two folders of music are two catalogues, whatever data set read them.
    let root = blake3::hash(catalogue.root.as_os_str().as_encoded_bytes()).to_string();
    format!("{INDEX_PREFIX}{name}-{}.{INDEX_EXTENSION}", &root[..8])
}
