//! What an audio file holds, known without reading it twice.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::{StoreError, disk};

/// What identifies the audio of a track, wherever its file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AudioId {
    /// The blake3 hash of the file's bytes.
    Content(blake3::Hash),
    /// The file could not be read. Once it can be, the track has another identity and is tried again.
    Unreadable,
}

/// What a look at the folder tells about a file. A file that looks as it did is taken to be what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    /// Nanoseconds since 1970; times outside of the years 1677 to 2262 are all alike.
    mtime_ns: i64,
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let mtime_ns = match metadata.modified()?.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
        };
        Ok(Self { size: metadata.len(), mtime_ns })
    }
}

/// One audio file as it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audio {
    pub(crate) id: AudioId,
    /// `None` if the file could not even be looked at.
    stamp: Option<Stamp>,
}

impl Audio {
    /// Fails with [`StoreError::AudioInFlux`] unless the file at `path` still looks as it did.
    pub(crate) fn check_unchanged(&self, path: &Path) -> Result<(), StoreError> {
        let unchanged = match Stamp::of(path) {
            Ok(now) => self.stamp == Some(now),
            Err(_) => self.stamp.is_none(),
        };
        if unchanged { Ok(()) } else { Err(StoreError::AudioInFlux { path: path.to_owned() }) }
    }
}

/// The content hashes of the audio files seen so far, by path, size and time of modification.
///
/// A cache: every entry can be computed again. A file that changes while keeping both its size and its time
/// of modification goes unnoticed.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AudioHashes {
    version: u32,
    /// By absolute path. Paths that are not Unicode are left out, and their files read every time.
    files: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    size: u64,
    mtime_ns: i64,
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    blake3: blake3::Hash,
}

fn to_hex<S: serde::Serializer>(hash: &blake3::Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hash.to_hex())
}

fn from_hex<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<blake3::Hash, D::Error> {
    blake3::Hash::from_hex(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl AudioHashes {
    const VERSION: u32 = 1;
    const FILE: &str = "audio-hashes.json";

    /// Reads the cache of the store at `root`; a store without one knows nothing yet.
    pub(crate) fn load(root: &Path) -> Result<Self, StoreError> {
        let path = root.join(Self::FILE);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::empty()),
            file => file.map_err(StoreError::io("read", &path))?,
        };
        // As it is read: of a million files, the text is larger than what it says.
        let hashes: Self = serde_json::from_reader(BufReader::new(file))
            .map_err(|source| Self::failed(&path, "read", source))?;
        // A cache of another version is as good as none.
        Ok(if hashes.version == Self::VERSION { hashes } else { Self::empty() })
    }

    pub(crate) fn empty() -> Self {
        Self { version: Self::VERSION, files: BTreeMap::new() }
    }

    /// Writes the cache of the store at `root`.
    pub(crate) fn save(&self, root: &Path) -> Result<(), StoreError> {
        let path = root.join(Self::FILE);
        disk::replace_with(&path, |file| {
            let mut file = BufWriter::new(file);
            serde_json::to_writer_pretty(&mut file, self)
                .map_err(|source| Self::failed(&path, "write", source))?;
            file.flush().map_err(StoreError::io("write", &path))
        })
    }

    /// The system's refusal, or one of JSON.
    fn failed(path: &Path, action: &'static str, error: serde_json::Error) -> StoreError {
        if error.is_io() {
            return StoreError::io(action, path)(error.into());
        }
        StoreError::CorruptHashCache { path: path.to_owned(), source: error }
    }

    /// Looks at the audio file at `path`, and reads it if it is not known as it looks now.
    ///
    /// # Errors
    /// [`StoreError::AudioInFlux`] if it changed meanwhile. A file that cannot be read is none: its decoder
    /// will say why.
    pub(crate) fn look_at(&self, path: &Path) -> Result<Audio, StoreError> {
        let Ok(stamp) = Stamp::of(path) else {
            return Ok(Audio { id: AudioId::Unreadable, stamp: None });
        };
        if let Some(id) = self.known(path, stamp) {
            return Ok(Audio { id, stamp: Some(stamp) });
        }
        let mut hasher = blake3::Hasher::new();
        let id = match File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ())) {
            Ok(()) => AudioId::Content(hasher.finalize()),
            Err(_) => AudioId::Unreadable,
        };
        let audio = Audio { id, stamp: Some(stamp) };
        audio.check_unchanged(path).map(|()| audio)
    }

    /// The identity of the audio at `path` if it takes no reading to tell.
    pub(crate) fn recall(&self, path: &Path) -> Option<AudioId> {
        match Stamp::of(path) {
            Ok(stamp) => self.known(path, stamp),
            Err(_) => Some(AudioId::Unreadable),
        }
    }

    /// The contents of all files that look as they did when they were last seen.
    pub(crate) fn present(&self) -> impl Iterator<Item = blake3::Hash> {
        let unchanged = |(path, entry): (&String, &Entry)| {
            let stamp = Stamp { size: entry.size, mtime_ns: entry.mtime_ns };
            Stamp::of(Path::new(path)).is_ok_and(|now| now == stamp).then_some(entry.blake3)
        };
        self.files.iter().filter_map(unchanged)
    }

    /// Whether `path` once held something other than `id`.
    pub(crate) fn remembers_other(&self, path: &Path, id: AudioId) -> bool {
        self.entry(path).is_some_and(|entry| AudioId::Content(entry.blake3) != id)
    }

    /// Remembers what was found at `path`, and returns whether that is news.
    pub(crate) fn insert(&mut self, path: &Path, audio: &Audio) -> bool {
        let (Some(key), AudioId::Content(blake3), Some(stamp)) = (key(path), audio.id, audio.stamp) else {
            return false;
        };
        let entry = Entry { size: stamp.size, mtime_ns: stamp.mtime_ns, blake3 };
        self.files.insert(key, entry) != Some(entry)
    }

    fn known(&self, path: &Path, stamp: Stamp) -> Option<AudioId> {
        let entry = self.entry(path)?;
        (Stamp { size: entry.size, mtime_ns: entry.mtime_ns } == stamp)
            .then_some(AudioId::Content(entry.blake3))
    }

    fn entry(&self, path: &Path) -> Option<&Entry> {
        self.files.get(&key(path)?)
    }
}

/// `None` for a path that JSON cannot hold.
fn key(path: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_only_when_it_looks_different() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audio");
        fs::write(&path, b"one").unwrap();
        let mut hashes = AudioHashes::empty();
        assert_eq!(hashes.recall(&path), None);
        let audio = hashes.look_at(&path).unwrap();
        assert_eq!(audio.id, AudioId::Content(blake3::hash(b"one")));

        // A lie about the content is believed as long as the stamp fits: the file is not read.
        let lie = AudioId::Content(blake3::hash(b"lie"));
        hashes.insert(&path, &Audio { id: lie, ..audio });
        assert_eq!(hashes.recall(&path), Some(lie));
        assert_eq!(hashes.look_at(&path).unwrap().id, lie);

        fs::write(&path, b"three").unwrap();
        assert_eq!(hashes.recall(&path), None);
        let audio = hashes.look_at(&path).unwrap();
        assert_eq!(audio.id, AudioId::Content(blake3::hash(b"three")));
        assert!(hashes.remembers_other(&path, audio.id));
        fs::write(&path, b"3").unwrap();
        assert!(matches!(audio.check_unchanged(&path), Err(StoreError::AudioInFlux { .. })));
    }

    #[test]
    fn a_newer_time_alone_is_noticed_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audio");
        fs::write(&path, b"same size").unwrap();
        let mut hashes = AudioHashes::empty();
        let audio = hashes.look_at(&path).unwrap();
        hashes.insert(&path, &audio);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + std::time::Duration::new(1, 1)).unwrap();
        assert_eq!(hashes.recall(&path), None);
        assert!(audio.check_unchanged(&path).is_err());
    }

    #[test]
    fn the_cache_survives_the_disk_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audio");
        fs::write(&path, b"one").unwrap();
        let mut hashes = AudioHashes::load(folder.path()).unwrap();
        let audio = hashes.look_at(&path).unwrap();
        assert!(hashes.insert(&path, &audio));
        assert!(!hashes.insert(&path, &audio), "known already");
        hashes.save(folder.path()).unwrap();
        assert_eq!(AudioHashes::load(folder.path()).unwrap(), hashes);
        assert_eq!(hashes.files.len(), 1);

        let cache = folder.path().join(AudioHashes::FILE);
        fs::write(&cache, b"{\"version\": 1").unwrap();
        let error = AudioHashes::load(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with(&cache.display().to_string()), "{error}");
    }

    #[test]
    fn what_cannot_be_read_has_no_content() {
        let folder = tempfile::tempdir().unwrap();
        let hashes = AudioHashes::empty();
        // A folder can be looked at but not read.
        assert_eq!(hashes.look_at(folder.path()).unwrap().id, AudioId::Unreadable);
        let absent = folder.path().join("absent");
        let audio = hashes.look_at(&absent).unwrap();
        assert_eq!(audio.id, AudioId::Unreadable);
        fs::write(&absent, b"here now").unwrap();
        assert!(audio.check_unchanged(&absent).is_err());
    }
}
