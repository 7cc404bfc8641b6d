//! What audio files held when they were last looked at, so that none is read twice.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::audio::{Audio, AudioId, Stamp};
use crate::{StoreError, disk};

/// The folder of the journals.
const FOLDER: &str = "audio-hashes";

const EXTENSION: &str = "jsonl";

const VERSION: u32 = 2;

/// Journals that are kept in memory: more than there are threads that go through neighbouring folders.
const KEPT: usize = 64;

/// The content hashes of the audio files seen so far, by path, size and time of modification.
///
/// Of each folder of audio there is a journal, a file of JSON lines to which those who prepare append what they read, as
/// soon as they have; of several lines about one file the last counts. So nothing is lost if they are killed, and neither
/// memory nor the time to remember a file depends on how many are known elsewhere. What is cut off at a journal's end,
/// by a kill or by reading while it is written, is not there.
///
/// A cache: every entry can be computed again. A file that changes while keeping both its size and its time
/// of modification goes unnoticed. Paths that are not Unicode are left out, and their files read every time.
pub(crate) struct AudioHashes {
    folder: PathBuf,
    /// The last one used is the first.
    recent: Mutex<VecDeque<Journal>>,
}

/// What is known of the audio in one folder.
struct Journal {
    head: Head,
    files: BTreeMap<String, Entry>,
}

/// The first line.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    version: u32,
    /// Absolute.
    folder: String,
}

/// Another line.
#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    stamp: Stamp,
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
    /// The cache of the store at `root`, which need not have one yet.
    pub(crate) fn open(root: &Path) -> Self {
        Self { folder: root.join(FOLDER), recent: Mutex::default() }
    }

    /// Looks at the audio file at `path`, and reads it if it is not known as it looks now.
    ///
    /// # Errors
    /// As [`Audio::find`], and [`StoreError::CorruptHashCache`].
    pub(crate) fn look_at(&self, path: &Path) -> Result<Audio, StoreError> {
        Audio::find(path, |stamp| self.known(path, stamp))
    }

    /// The identity of the audio at `path` if it takes no reading to tell.
    pub(crate) fn recall(&self, path: &Path) -> Result<Option<AudioId>, StoreError> {
        match Stamp::of(path) {
            Ok(stamp) => self.known(path, stamp),
            Err(_) => Ok(Some(AudioId::Unreadable)),
        }
    }

    /// Whether `path` once held something other than `id`.
    pub(crate) fn remembers_other(&self, path: &Path, id: AudioId) -> Result<bool, StoreError> {
        Ok(self.entry(path)?.is_some_and(|entry| AudioId::Content(entry.blake3) != id))
    }

    /// The contents of all files that look as they did when they were last seen.
    pub(crate) fn present(&self) -> Result<Vec<blake3::Hash>, StoreError> {
        let mut present = Vec::new();
        let is_journal = |path: &Path| path.extension().is_some_and(|found| found == EXTENSION);
        for path in disk::entries(&self.folder, is_journal)? {
            let Some(Journal { head, files }) = Journal::read(&path?)? else { continue };
            let unchanged = |(name, entry): &(String, Entry)| {
                Stamp::of(&Path::new(&head.folder).join(name)).is_ok_and(|now| now == entry.stamp)
            };
            present.extend(files.into_iter().filter(unchanged).map(|(_, entry)| entry.blake3));
        }
        Ok(present)
    }

    /// Remembers what was found at some paths, as far as that is news.
    pub(crate) fn remember<'a>(
        &self,
        found: impl IntoIterator<Item = (&'a Path, &'a Audio)>,
    ) -> Result<(), StoreError> {
        let mut news: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        for (path, audio) in found {
            let (Some((folder, file)), AudioId::Content(blake3), Some(stamp)) =
                (key(path), audio.id, audio.stamp)
            else {
                continue;
            };
            let entry = Entry { stamp, blake3 };
            if self.entry(path)? != Some(entry) {
                news.entry(folder).or_default().push(Line { file, entry });
            }
        }
        for (folder, lines) in news {
            if !self.folder.is_dir() {
                disk::create_folder(&self.folder)?;
            }
            let (head, path) = (Head { version: VERSION, folder: folder.clone() }, self.path(&folder));
            disk::alone(self.folder.join(".lock"), || head.append(&path, &lines))?;
            self.with(folder, |journal| journal.extend(lines))?;
        }
        Ok(())
    }

    fn known(&self, path: &Path, stamp: Stamp) -> Result<Option<AudioId>, StoreError> {
        let entry = self.entry(path)?.filter(|entry| entry.stamp == stamp);
        Ok(entry.map(|entry| AudioId::Content(entry.blake3)))
    }

    fn entry(&self, path: &Path) -> Result<Option<Entry>, StoreError> {
        let Some((folder, file)) = key(path) else { return Ok(None) };
        self.with(folder, |journal| journal.files.get(&file).copied())
    }

    /// Does something with the journal of a folder, which is read unless it was not long ago.
    fn with<T>(&self, folder: String, work: impl FnOnce(&mut Journal) -> T) -> Result<T, StoreError> {
        // A panic within leaves at worst a journal that knows too little.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = match recent.iter().position(|journal| journal.head.folder == folder) {
            Some(place) => recent.remove(place),
            None => Journal::read(&self.path(&folder))?.filter(|journal| journal.head.folder == folder),
        };
        let head = Head { version: VERSION, folder };
        let mut journal = journal.unwrap_or_else(|| Journal { head, files: BTreeMap::new() });
        let result = work(&mut journal);
        recent.push_front(journal);
        recent.truncate(KEPT);
        Ok(result)
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.folder.join(format!("{}.{EXTENSION}", &blake3::hash(folder.as_bytes()).to_hex()[..32]))
    }
}

impl Journal {
    /// Reads a journal; one of another version is as good as none.
    fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(StoreError::io("read", path))?,
        };
        let corrupt = |source| StoreError::CorruptHashCache { path: path.to_owned(), source };
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let Some(head) = lines.next().map(serde_json::from_slice::<Head>) else { return Ok(None) };
        let mut journal = Self { head: head.map_err(corrupt)?, files: BTreeMap::new() };
        if journal.head.version != VERSION {
            return Ok(None);
        }
        journal.extend(lines.map(serde_json::from_slice).collect::<Result<Vec<_>, _>>().map_err(corrupt)?);
        Ok(Some(journal))
    }

    fn extend(&mut self, lines: Vec<Line>) {
        self.files.extend(lines.into_iter().map(|line| (line.file, line.entry)));
    }
}

impl Head {
    /// Adds lines to the journal at `path`, which is begun if it is not there or of another version, while nobody else
    /// does. They are not flushed: what a power cut takes is computed again.
    fn append(&self, path: &Path, lines: &[Line]) -> Result<(), StoreError> {
        let write = || -> io::Result<()> {
            let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
            let mut text = Vec::new();
            if self.begins(&file)? {
                cut_unfinished_line(&mut file)?;
            } else {
                file.set_len(0)?;
                push_line(&mut text, self)?;
            }
            lines.iter().try_for_each(|line| push_line(&mut text, line))?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&text)
        };
        write().map_err(StoreError::io("write", path))
    }

    /// Whether the first line of a journal is this one.
    fn begins(&self, mut file: &File) -> io::Result<bool> {
        file.rewind()?;
        let mut line = Vec::new();
        BufReader::new(file).read_until(b'\n', &mut line)?;
        Ok(line.ends_with(b"\n") && serde_json::from_slice::<Self>(&line).is_ok_and(|head| head == *self))
    }
}

fn push_line(text: &mut Vec<u8>, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
}

/// Takes away what follows the last end of a line.
fn cut_unfinished_line(file: &mut File) -> io::Result<()> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(());
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    file.set_len(whole as u64)
}

/// The absolute path of a file's folder, and its name there; `None` for a path that JSON cannot hold.
fn key(path: &Path) -> Option<(String, String)> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Some((absolute.parent()?.to_str()?.to_owned(), absolute.file_name()?.to_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn remember(hashes: &AudioHashes, path: &Path, audio: &Audio) {
        hashes.remember([(path, audio)]).unwrap();
    }

    fn journals(root: &Path) -> Vec<PathBuf> {
        let files = disk::list(&root.join(FOLDER)).unwrap();
        files.into_iter().filter(|path| path.extension().is_some()).collect()
    }

    /// The only one.
    fn journal(root: &Path) -> String {
        let [path] = &journals(root)[..] else { panic!("{:?}", journals(root)) };
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_file_is_read_again_only_when_it_looks_different() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audio");
        fs::write(&path, b"one").unwrap();
        let hashes = AudioHashes::open(&folder.path().join("store"));
        assert_eq!(hashes.recall(&path).unwrap(), None);
        let audio = hashes.look_at(&path).unwrap();
        assert_eq!(audio.id, AudioId::Content(blake3::hash(b"one")));

        // A lie about the content is believed as long as the stamp fits: the file is not read.
        let lie = AudioId::Content(blake3::hash(b"lie"));
        remember(&hashes, &path, &Audio { id: lie, ..audio });
        assert_eq!(hashes.recall(&path).unwrap(), Some(lie));
        assert_eq!(hashes.look_at(&path).unwrap().id, lie);

        fs::write(&path, b"three").unwrap();
        assert_eq!(hashes.recall(&path).unwrap(), None);
        let audio = hashes.look_at(&path).unwrap();
        assert_eq!(audio.id, AudioId::Content(blake3::hash(b"three")));
        assert!(hashes.remembers_other(&path, audio.id).unwrap());
        fs::write(&path, b"3").unwrap();
        assert!(matches!(audio.check_unchanged(&path), Err(StoreError::AudioInFlux { .. })));
    }

    #[test]
    fn a_newer_time_alone_is_noticed_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audio");
        fs::write(&path, b"same size").unwrap();
        let hashes = AudioHashes::open(&folder.path().join("store"));
        let audio = hashes.look_at(&path).unwrap();
        remember(&hashes, &path, &audio);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + std::time::Duration::new(1, 1)).unwrap();
        assert_eq!(hashes.recall(&path).unwrap(), None);
        assert!(audio.check_unchanged(&path).is_err());
    }

    #[test]
    fn the_cache_survives_the_disk_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["one", "two \u{e9}.mp3"].map(|name| folder.path().join(name));
        let hashes = AudioHashes::open(folder.path());
        let lines = || journal(folder.path()).lines().count();
        for path in &paths {
            fs::write(path, path.as_os_str().as_encoded_bytes()).unwrap();
            let audio = hashes.look_at(path).unwrap();
            remember(&hashes, path, &audio);
            let before = lines();
            remember(&hashes, path, &audio);
            assert_eq!(lines(), before, "known already");
        }
        assert_eq!(lines(), 3);
        let again = AudioHashes::open(folder.path());
        for path in &paths {
            let expected = AudioId::Content(blake3::hash(path.as_os_str().as_encoded_bytes()));
            assert_eq!(again.recall(path).unwrap(), Some(expected));
        }
        assert_eq!(again.present().unwrap().len(), 2);
        fs::remove_file(&paths[0]).unwrap();
        assert_eq!(again.present().unwrap().len(), 1);

        let path = journals(folder.path()).pop().unwrap();
        fs::write(&path, journal(folder.path()).replace("blake3", "blake2")).unwrap();
        let error = AudioHashes::open(folder.path()).recall(&paths[1]).unwrap_err();
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }

    /// Wherever the writing of a journal ends, what was complete is known, and the next one to write goes on from there.
    #[test]
    fn what_is_cut_off_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["one", "two", "three"].map(|name| folder.path().join(name));
        let mut audio = Vec::new();
        for path in &paths {
            fs::write(path, b"audio").unwrap();
            let hashes = AudioHashes::open(folder.path());
            audio.push(hashes.look_at(path).unwrap());
            remember(&hashes, path, &audio[audio.len() - 1]);
        }
        let whole = journal(folder.path());
        let path = journals(folder.path()).pop().unwrap();
        for len in 0..=whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let hashes = AudioHashes::open(folder.path());
            let known = paths.iter().filter(|path| hashes.recall(path).unwrap().is_some()).count();
            assert_eq!(known, whole[..len].matches('\n').count().saturating_sub(1), "{len} bytes");
            hashes.remember(paths.iter().map(PathBuf::as_path).zip(&audio)).unwrap();
            assert_eq!(journal(folder.path()), whole, "{len} bytes");
        }
        fs::write(&path, whole.replacen("\"version\":2", "\"version\":3", 1)).unwrap();
        let hashes = AudioHashes::open(folder.path());
        assert_eq!(hashes.recall(&paths[0]).unwrap(), None, "of another version");
        hashes.remember(paths.iter().map(PathBuf::as_path).zip(&audio)).unwrap();
        assert_eq!(journal(folder.path()), whole);
    }

    #[test]
    fn many_may_write_one_journal() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..200).map(|name| folder.path().join(format!("{name:03}"))).collect();
        paths.iter().for_each(|path| fs::write(path, b"audio").unwrap());
        let shared = AudioHashes::open(folder.path());
        std::thread::scope(|scope| {
            for paths in paths.chunks(25) {
                let own = AudioHashes::open(folder.path());
                let shared = &shared;
                scope.spawn(move || {
                    for (number, path) in paths.iter().enumerate() {
                        let hashes = if number % 2 == 0 { shared } else { &own };
                        remember(hashes, path, &hashes.look_at(path).unwrap());
                    }
                });
            }
        });
        let hashes = AudioHashes::open(folder.path());
        assert!(paths.iter().all(|path| hashes.recall(path).unwrap().is_some()));
        assert_eq!(journal(folder.path()).lines().count(), 1 + paths.len());
    }

    #[test]
    fn what_cannot_be_read_has_no_content() {
        let folder = tempfile::tempdir().unwrap();
        let hashes = AudioHashes::open(&folder.path().join("store"));
        // A folder can be looked at but not read.
        assert_eq!(hashes.look_at(folder.path()).unwrap().id, AudioId::Unreadable);
        let absent = folder.path().join("absent");
        let audio = hashes.look_at(&absent).unwrap();
        assert_eq!(audio.id, AudioId::Unreadable);
        fs::write(&absent, b"here now").unwrap();
        assert!(audio.check_unchanged(&absent).is_err());
    }
}
