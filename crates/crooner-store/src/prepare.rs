//! From files to shards.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use crooner_datasets::{Catalogue, Track};

use crate::analyse::{Analyser, Analysis, AnalysisError};
use crate::audio::{Audio, AudioId};
use crate::disk::WriterLock;
use crate::encode::ShardBuilder;
use crate::hashes::AudioHashes;
use crate::index::{IndexedShard, Outcome};
use crate::schema::ShardHeader;
use crate::unit::{Unit, unit_key, units};
use crate::{FrontEnd, Shard, Store, StoreError, StoredTrack, disk, index, workers};

/// How to prepare; the default does everything with every core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrepareOptions {
    /// How many threads, at least 1; `None` for one per core.
    pub jobs: Option<usize>,
    /// `(i, n)` with `i < n`: only the `i`-th of `n` shares of the work, which `n` processes can do side by
    /// side, on one machine or on many that share the folder.
    pub shard: Option<(usize, usize)>,
    /// Read every value of the shards that are there and compare checksums. Otherwise only their heads are.
    pub verify: bool,
}

/// How far a preparation has come. Counts include what was in the store already.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Units (of at most 8 tracks) done.
    pub units_done: usize,
    /// Units to do.
    pub units: usize,
    /// Tracks done.
    pub tracks_done: usize,
    /// Tracks to do.
    pub tracks: usize,
    /// Tracks done that could not be decoded.
    pub failures: usize,
    /// Seconds of audio decoded of the tracks done.
    pub audio_seconds: f64,
}

/// What a preparation did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Tracks done: all that were asked for, unless `interrupted`.
    pub tracks: usize,
    /// Tracks of those that were in the store already.
    pub reused: usize,
    /// Tracks of those whose audio was decoded and analysed.
    pub computed: usize,
    /// Shards that were there but damaged, and were computed again; sorted.
    pub rebuilt: Vec<PathBuf>,
    /// Ids of the tracks that could not be decoded, and why, sorted by id. They are in the store, without
    /// frames.
    pub failures: Vec<(String, String)>,
    /// Frames of the tracks done.
    pub frames: u64,
    /// Seconds of audio decoded of the tracks done: 0 if their features are not of audio.
    pub audio_seconds: f64,
    /// Seconds of audio decoded of the tracks computed.
    pub computed_seconds: f64,
    /// Whether it was cancelled before everything was done.
    pub interrupted: bool,
}

impl PrepareOptions {
    /// The share to do and the number of shares.
    fn check(&self) -> Result<(usize, usize), StoreError> {
        if self.jobs == Some(0) {
            return Err(StoreError::InvalidOption {
                option: "jobs",
                expected: "at least 1",
                found: "0".into(),
            });
        }
        match self.shard.unwrap_or((0, 1)) {
            (share, n_shares) if share < n_shares => Ok((share, n_shares)),
            (share, n_shares) => Err(StoreError::InvalidOption {
                option: "shard",
                expected: "i/n with i < n",
                found: format!("{share}/{n_shares}"),
            }),
        }
    }
}

impl Store {
    /// Computes, or reads, what the store lacks of the features of `catalogue`.
    ///
    /// Every finished unit is kept, whatever happens afterwards: an error, `cancel` becoming true (units under
    /// way are finished first), or the death of the process. Running again goes on where it ended. What comes
    /// out is the same, byte by byte, whatever the number of threads and of processes (but for the order in which audio
    /// files are remembered). `on_progress` is called after each unit, by one thread at a time.
    ///
    /// # Errors
    /// Options out of range, a `front_end` that builds no extractor or asks for what the catalogue's files do not hold,
    /// anything the file system refuses, a cache that is damaged, an audio file that changes while it is read. A track that cannot be decoded is none of these (see
    /// [`Summary::failures`]), nor is a damaged shard, which is computed again (see [`Summary::rebuilt`]).
    pub fn prepare(
        &self,
        catalogue: &Catalogue,
        front_end: &FrontEnd,
        options: &PrepareOptions,
        cancel: &AtomicBool,
        on_progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Summary, StoreError> {
        let (share, n_shares) = options.check()?;
        let header = ShardHeader::of(front_end)?;
        require_content(catalogue, front_end)?;
        disk::create_folder(&self.folder(&header))?;
        let task = Task {
            lock: WriterLock::join(self.root())?,
            store: self,
            catalogue,
            header: &header,
            units: units(catalogue),
            hashes: AudioHashes::open(self.root()),
            verify: options.verify,
        };
        let mine: Vec<usize> = (share..task.units.len()).step_by(n_shares).collect();
        let progress = Mutex::new(Progress {
            units: mine.len(),
            tracks: mine.iter().map(|&unit| task.units[unit].len()).sum(),
            ..Progress::default()
        });
        let outcome = workers::run(
            mine.len(),
            workers::n_threads(options.jobs),
            cancel,
            || Analyser::new(front_end),
            |analyser, job| {
                let done = task.run(mine[job], analyser)?;
                // Holding the lock keeps reports in order; its only panic is the reporter's own.
                let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
                done.add_to(&mut progress, header.sample_rate_hz);
                on_progress(&progress);
                Ok(done)
            },
        );

        let interrupted = outcome.results.iter().any(Option::is_none);
        let done: Vec<Done> = outcome.results.into_iter().flatten().collect();
        let summary = task.summarise(&done, interrupted);
        // What is done is listed also after an error, which is then what the caller hears of.
        let finished = task.finish(done);
        outcome.error.map_or(Ok(()), Err).and(finished).map(|()| summary)
    }
}

/// Fails unless the files of `catalogue` hold what `front_end` is made of.
pub(crate) fn require_content(catalogue: &Catalogue, front_end: &FrontEnd) -> Result<(), StoreError> {
    if catalogue.content == front_end.content() {
        return Ok(());
    }
    let (features, catalogue) = (front_end.name(), catalogue.name.clone());
    Err(match front_end {
        FrontEnd::Audio(_) => StoreError::NoAudio { features, catalogue },
        FrontEnd::Segments(_) => StoreError::NoSegments { features, catalogue },
    })
}

/// What all units have in common.
struct Task<'a> {
    lock: WriterLock,
    store: &'a Store,
    catalogue: &'a Catalogue,
    header: &'a ShardHeader,
    units: Vec<Unit>,
    hashes: AudioHashes,
    verify: bool,
}

/// What became of one unit.
struct Done {
    unit: usize,
    key: String,
    reused: bool,
    /// The damaged shard that this one replaces.
    replaced: Option<PathBuf>,
    /// Of each track; its names are in the catalogue.
    outcomes: Vec<Outcome>,
}

impl Task<'_> {
    fn tracks(&self, unit: usize) -> impl Iterator<Item = &Track> {
        self.units[unit].iter().map(|&track| &self.catalogue.tracks[track])
    }

    /// Does one unit, unless its shard is there.
    fn run(&self, unit: usize, analyser: &mut Analyser<'_>) -> Result<Done, StoreError> {
        let audio: Vec<Audio> =
            self.tracks(unit).map(|track| self.hashes.look_at(&track.path)).collect::<Result<_, _>>()?;
        let key = unit_key(self.header, self.tracks(unit).zip(audio.iter().map(|audio| audio.id)));
        let mut replaced = None;
        match self.find_intact(unit, &key) {
            Ok(Some(shard)) => {
                self.remember(unit, &audio)?;
                return Ok(Done { unit, key, reused: true, replaced, outcomes: outcomes(&shard) });
            }
            Ok(None) => {}
            Err(StoreError::CorruptShard { path, .. } | StoreError::WrongShard { path, .. }) => {
                replaced = Some(path);
            }
            Err(error) => return Err(error),
        }
        let path = self.store.shard_path(self.header, &key);
        let mut builder = ShardBuilder::new(self.header);
        for (track, audio) in self.tracks(unit).zip(&audio) {
            let analysis = match analyser.analyse(&track.path) {
                Ok(analysis) => Ok(analysis),
                Err(AnalysisError::File(error)) => Err(error),
                Err(AnalysisError::Config(error)) => return Err(error.into()),
            };
            audio.check_unchanged(&track.path)?;
            if analysis.is_ok() && audio.id == AudioId::Unreadable {
                return Err(StoreError::AudioInFlux { path: track.path.clone() });
            }
            self.push(&mut builder, track, analysis);
        }
        let (tracks, file) =
            builder.encode().map_err(|source| StoreError::Encode { path: path.clone(), source })?;
        if replaced.is_some() {
            self.lock.replace(&path, &file)?;
        } else {
            self.lock.create_if_absent(&path, &file)?;
        }
        self.remember(unit, &audio)?;
        let outcomes = tracks.iter().map(Outcome::of).collect();
        Ok(Done { unit, key, reused: false, replaced, outcomes })
    }

    /// Remembers what was found of the audio of a unit.
    fn remember(&self, unit: usize, audio: &[Audio]) -> Result<(), StoreError> {
        self.hashes.remember(self.tracks(unit).map(|track| track.path.as_path()).zip(audio))
    }

    /// The shard of a unit, if it is there, checked as far as was asked.
    fn find_intact(&self, unit: usize, key: &str) -> Result<Option<Shard>, StoreError> {
        let shard = self.store.find_shard(self.header, key, self.tracks(unit))?;
        if let Some(shard) = shard.as_ref().filter(|_| self.verify) {
            shard.verify()?;
        }
        Ok(shard)
    }

    fn push(&self, builder: &mut ShardBuilder<'_>, track: &Track, analysis: Result<Analysis, String>) {
        let (analysis, error) = match analysis {
            Ok(analysis) => (analysis, None),
            Err(error) => (Analysis::default(), Some(within(&self.catalogue.root, &error))),
        };
        let Analysis { values, n_samples, damaged_packets, .. } = analysis;
        let row = StoredTrack {
            id: track.id.clone(),
            artist: track.artist.clone(),
            album: track.album.clone(),
            title: track.title.clone(),
            n_frames: values.len() / self.header.n_bins,
            n_samples,
            damaged_packets,
            error,
        };
        builder.push(row, &values);
    }

    fn summarise(&self, done: &[Done], interrupted: bool) -> Summary {
        let count = |reused| -> usize {
            done.iter().filter(|done| done.reused == reused).map(|done| done.outcomes.len()).sum()
        };
        let failed = |(track, outcome): (&Track, &Outcome)| {
            Some((track.id.clone(), outcome.error.as_deref()?.to_owned()))
        };
        let failures = |done: &Done| self.tracks(done.unit).zip(&done.outcomes).filter_map(failed).collect();
        let mut failures: Vec<_> = done.iter().flat_map(|done| -> Vec<_> { failures(done) }).collect();
        failures.sort();
        let mut rebuilt: Vec<PathBuf> = done.iter().filter_map(|done| done.replaced.clone()).collect();
        rebuilt.sort();
        let rate_hz = self.header.sample_rate_hz;
        Summary {
            rebuilt,
            tracks: count(true) + count(false),
            reused: count(true),
            computed: count(false),
            failures,
            frames: done.iter().flat_map(|done| &done.outcomes).map(|track| track.n_frames as u64).sum(),
            audio_seconds: seconds(done, rate_hz, |_| true),
            computed_seconds: seconds(done, rate_hz, |done| !done.reused),
            interrupted,
        }
    }

    /// Lists what the store has of the catalogue.
    fn finish(&self, done: Vec<Done>) -> Result<(), StoreError> {
        // Of several workers the last to come here sees what all others left.
        disk::alone(self.store.root().join(".index.lock"), || {
            let hashes = AudioHashes::open(self.store.root());
            let mut listed: Vec<IndexedShard<'_>> = Vec::with_capacity(self.units.len());
            let mut left: Vec<bool> = vec![true; self.units.len()];
            for done in done {
                left[done.unit] = false;
                let unit = &self.units[done.unit];
                listed.push(IndexedShard { key: done.key, unit, outcomes: done.outcomes });
            }
            for (unit, _) in left.iter().enumerate().filter(|(_, left)| **left) {
                listed.extend(self.done_by_others(unit, &hashes)?);
            }
            let path = self.store.index_path_of(self.header, self.catalogue);
            index::write(&self.lock, &path, &listed, self.catalogue, self.header.sample_rate_hz)
        })
    }

    /// The shard of a unit that this process did not do, if it is there and nothing must be read to tell.
    fn done_by_others(
        &self,
        unit: usize,
        hashes: &AudioHashes,
    ) -> Result<Option<IndexedShard<'_>>, StoreError> {
        let mut audio = Vec::with_capacity(self.units[unit].len());
        for track in self.tracks(unit) {
            let Some(id) = hashes.recall(&track.path)? else { return Ok(None) };
            audio.push(id);
        }
        let key = unit_key(self.header, self.tracks(unit).zip(audio));
        let shard = self.store.find_shard(self.header, &key, self.tracks(unit))?;
        let unit = &self.units[unit];
        Ok(shard.map(|shard| IndexedShard { key, unit, outcomes: outcomes(&shard) }))
    }
}

fn outcomes(shard: &Shard) -> Vec<Outcome> {
    shard.tracks().iter().map(Outcome::of).collect()
}

impl Done {
    fn add_to(&self, progress: &mut Progress, sample_rate_hz: Option<u32>) {
        progress.units_done += 1;
        progress.tracks_done += self.outcomes.len();
        progress.failures += self.outcomes.iter().filter(|track| track.error.is_some()).count();
        progress.audio_seconds += seconds(std::slice::from_ref(self), sample_rate_hz, |_| true);
    }
}

/// Counted in samples, so that the order of the tracks does not round the sum.
fn seconds(done: &[Done], sample_rate_hz: Option<u32>, of: impl Fn(&Done) -> bool) -> f64 {
    let tracks = done.iter().filter(|done| of(done)).flat_map(|done| &done.outcomes);
    let samples = tracks.map(|track| track.n_samples).sum::<u64>() as f64;
    sample_rate_hz.map_or(0.0, |rate| samples / f64::from(rate))
}

/// An error's text without the folder the catalogue lies in, so that the same files give the same shard
/// wherever they are.
fn within(root: &Path, error: &str) -> String {
    let root = root.display().to_string();
    match root.strip_suffix(['/', '\\']).unwrap_or(&root) {
        "" => error.to_owned(),
        root => error.replace(&format!("{root}/"), "").replace(&format!("{root}\\"), ""),
    }
}
