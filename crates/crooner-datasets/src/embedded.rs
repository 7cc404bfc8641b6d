//! Sets that travel inside the program and are copied to a cache when opened.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use include_dir::{Dir, DirEntry};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::info::{Info, Manifest};
use crate::{Catalogue, Dataset, DatasetError, Ignored, Request, Track, atomic};

/// A set whose every byte is in the program; `dataset.toml` vouches for the manifest, and the manifest
/// for the audio.
pub(crate) struct EmbeddedSet {
    toml: &'static str,
    files: &'static Dir<'static>,
    info: OnceLock<Info>,
}

/// The columns of a manifest that are read here.
#[derive(Debug, Deserialize)]
struct Row {
    path: String,
    artist: String,
    album: String,
    title: String,
    sha256: String,
}

impl Dataset for EmbeddedSet {
    fn info(&self) -> &Info {
        self.info.get_or_init(|| Info::embedded(self.toml))
    }

    /// Copies what is missing or damaged, and lists it.
    ///
    /// The folder is named after the manifest's checksum, so that programs of different age do not undo
    /// each other's work. Every file is compared byte by byte with the one in the program and replaced as
    /// a whole if it differs: opening twice writes nothing the second time, and processes that race write
    /// the same bytes.
    fn open(&self, request: &Request) -> Result<Catalogue, DatasetError> {
        let name = self.name().to_owned();
        if let Some(root) = &request.root {
            return Err(DatasetError::RootNotWanted { name, root: root.clone() });
        }
        let Some(cache) = &request.cache else { return Err(DatasetError::CacheNeeded { name }) };
        let Some(manifest) = &self.info().manifest else {
            return Err(self.bad_manifest("dataset.toml", "it has no [manifest]"));
        };
        let rows = self.verified_rows(manifest)?;

        let folder = cache.join(format!("{name}-{}", manifest.sha256.get(..12).unwrap_or(&manifest.sha256)));
        copy_out(self.files, &folder)?;

        let root = folder.join(&manifest.audio);
        let tracks =
            rows.into_iter().map(|row| self.track(row, manifest, &root)).collect::<Result<_, _>>()?;
        Catalogue::new(name, root, tracks, Vec::new(), Ignored::default())
    }
}

impl EmbeddedSet {
    /// `toml` is the text of the set's `dataset.toml`.
    pub(crate) const fn new(toml: &'static str, files: &'static Dir<'static>) -> Self {
        Self { toml, files, info: OnceLock::new() }
    }

    /// The rows of the manifest, once it and every file it names have the checksum they should.
    fn verified_rows(&self, manifest: &Manifest) -> Result<Vec<Row>, DatasetError> {
        let text = self.verified(&manifest.file, &manifest.sha256)?;
        let mut rows = Vec::new();
        for row in csv::Reader::from_reader(text).deserialize() {
            let row: Row = row.map_err(|error| self.bad_manifest(&manifest.file, &error.to_string()))?;
            self.verified(&row.path, &row.sha256)?;
            rows.push(row);
        }
        Ok(rows)
    }

    fn verified(&self, file: &str, expected: &str) -> Result<&'static [u8], DatasetError> {
        let bytes = self.files.get_file(file).map(include_dir::File::contents);
        let found =
            bytes.map_or_else(|| "no such file".to_owned(), |bytes| format!("{:x}", Sha256::digest(bytes)));
        match bytes {
            Some(bytes) if found == expected => Ok(bytes),
            _ => Err(DatasetError::Damaged {
                name: self.name().to_owned(),
                file: file.to_owned(),
                expected: expected.to_owned(),
                found,
            }),
        }
    }

    /// A row's track. Its id is what scanning the same folder would give it.
    fn track(&self, row: Row, manifest: &Manifest, root: &Path) -> Result<Track, DatasetError> {
        let expected = format!("{}/{}/{}/", manifest.audio, row.artist, row.album);
        let Some(file) = row.path.strip_prefix(&expected) else {
            let reason =
                format!("{:?} is not below {expected:?}, where its artist and album would put it", row.path);
            return Err(self.bad_manifest(&manifest.file, &reason));
        };
        let id = format!("{}/{}/{file}", row.artist, row.album);
        let path = root.join(&id);
        Ok(Track::new(id, row.artist, row.album, row.title, path))
    }

    fn bad_manifest(&self, file: &str, reason: &str) -> DatasetError {
        DatasetError::Manifest {
            name: self.name().to_owned(),
            file: file.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// Makes every file of `from` exist below `to` with exactly its bytes. The licence goes with the audio.
fn copy_out(from: &Dir<'_>, to: &Path) -> Result<(), DatasetError> {
    for entry in from.entries() {
        match entry {
            DirEntry::Dir(dir) => copy_out(dir, to)?,
            DirEntry::File(file) => {
                let path = to.join(file.path());
                match fs::read(&path) {
                    Ok(bytes) if bytes == file.contents() => {}
                    Ok(_) => atomic::write(&path, file.contents())?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        atomic::write(&path, file.contents())?;
                    }
                    Err(error) => return Err(DatasetError::io("read", path)(error)),
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use include_dir::File;

    use super::*;

    const HEADER: &str = "path,artist,album,title,sha256\n";
    const PATH: &str = "a/Low/Trust/1.ogg";

    /// A set of one file, `PATH`, with the given rows in its manifest.
    fn set(rows: &str, audio: &'static [u8]) -> EmbeddedSet {
        let manifest: &str = format!("{HEADER}{rows}").leak();
        let toml = format!(
            "name = 'mini'\ntitle = ''\ncitation = ''\nlicence = ''\nlayout = ''\nobtain = ''\nsource = 'embedded'\n\
             manifest = {{ file = 'm.csv', sha256 = '{}', audio = 'a' }}",
            hash(manifest.as_bytes())
        );
        let folder = vec![DirEntry::File(File::new(PATH, audio))].leak();
        let entries = vec![
            DirEntry::File(File::new("m.csv", manifest.as_bytes())),
            DirEntry::Dir(Dir::new(
                "a",
                vec![DirEntry::Dir(Dir::new(
                    "a/Low",
                    vec![DirEntry::Dir(Dir::new("a/Low/Trust", folder))].leak(),
                ))]
                .leak(),
            )),
        ];
        EmbeddedSet::new(toml.leak(), Box::leak(Box::new(Dir::new("", entries.leak()))))
    }

    fn hash(bytes: &[u8]) -> String {
        format!("{:x}", Sha256::digest(bytes))
    }

    fn open(set: &EmbeddedSet) -> Result<Catalogue, DatasetError> {
        let cache = tempfile::tempdir().unwrap();
        set.open(&Request::default().with_cache(cache.path()))
    }

    #[test]
    fn a_sound_set_opens() {
        let row = format!("{PATH},Low,Trust,One,{}\n", hash(b"x"));
        let catalogue = open(&set(&row, b"x")).unwrap();
        assert_eq!(catalogue.tracks[0].id, "Low/Trust/1.ogg");
        assert_eq!(catalogue.tracks[0].title, "One");
    }

    #[test]
    fn a_damaged_build_is_refused() {
        let row = format!("{PATH},Low,Trust,One,{}\n", hash(b"x"));
        let error = open(&set(&row, b"y")).unwrap_err().to_string();
        let expected = format!("(expected SHA-256 {}, found {})", hash(b"x"), hash(b"y"));
        assert!(error.contains(PATH) && error.contains(&expected), "{error}");

        // As after a checkout that converted line endings.
        let mut converted = set(&row, b"x");
        converted.toml = converted.toml.replacen("sha256 = '", "sha256 = '0", 1).leak();
        let error = open(&converted).unwrap_err().to_string();
        assert!(
            error.contains("\"m.csv\" built into this program for data set \"mini\" is damaged"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_manifest_is_refused() {
        for (rows, expected) in [
            (format!("{PATH},Low\n"), "not valid: CSV"),
            (format!("{PATH},Eels,Trust,One,{}\n", hash(b"x")), "is not below \"a/Eels/Trust/\""),
            (format!("a/Low/Trust/2.ogg,Low,Trust,Two,{}\n", hash(b"x")), "found no such file"),
            (
                format!("{0}{0}", format_args!("{PATH},Low,Trust,One,{}\n", hash(b"x"))),
                "lists track \"Low/Trust/1.ogg\" more",
            ),
            (String::new(), "data set \"mini\" has no track"),
        ] {
            let error = open(&set(&rows, b"x")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
