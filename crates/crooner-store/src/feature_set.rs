//! The features of a catalogue, in memory as far as they are looked at.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use crooner_datasets::{Catalogue, Track};
use half::f16;

use crate::audio::AudioId;
use crate::hashes::AudioHashes;
use crate::prepare::require_content;
use crate::schema::ShardHeader;
use crate::unit::{Unit, unit_key, units};
use crate::{FrontEnd, Shard, Store, StoreError, StoredTrack, workers};

/// The features of every track of a catalogue, mapped into memory.
///
/// Cheap to open: the frames of a track are read from disk when they are first looked at. Can be shared
/// between threads.
#[derive(Debug)]
pub struct FeatureSet {
    front_end: FrontEnd,
    header: ShardHeader,
    fingerprint: String,
    shards: Vec<Shard>,
    tracks: Vec<StoredTrack>,
    /// Of each track its shard and its row there.
    places: Vec<(usize, usize)>,
}

/// What the store has of one unit: its key, its shard if there is one, its files.
struct Found {
    key: String,
    shard: Option<Shard>,
    audio: Vec<AudioId>,
}

impl Store {
    /// Opens the features of `catalogue`, as they were prepared with the same `front_end`.
    ///
    /// Audio files are looked at, to notice any that changed, but read only if they are not known by their
    /// size and time of modification.
    ///
    /// # Errors
    /// [`StoreError::NoAudio`] or [`StoreError::NoSegments`] if the catalogue's files do not hold what `front_end` is
    /// made of, [`StoreError::NotPrepared`] if some tracks are not in the store, [`StoreError::AudioChanged`] if the
    /// audio of some is no longer what it was, [`StoreError::CorruptShard`] or [`StoreError::WrongShard`] if a
    /// shard is not what was written, and anything the file system refuses.
    pub fn features(&self, catalogue: &Catalogue, front_end: &FrontEnd) -> Result<FeatureSet, StoreError> {
        let header = ShardHeader::of(front_end)?;
        require_content(catalogue, front_end)?;
        let hashes = AudioHashes::open(self.root());
        let units = units(catalogue);
        let find = |unit: &Unit| -> Result<Found, StoreError> {
            let tracks = || unit.iter().map(|&track| &catalogue.tracks[track]);
            let id = |track: &Track| hashes.look_at(&track.path).map(|audio| audio.id);
            let audio: Vec<AudioId> = tracks().map(id).collect::<Result<_, _>>()?;
            let key = unit_key(&header, tracks().zip(audio.iter().copied()));
            let shard = self.find_shard(&header, &key, tracks())?;
            Ok(Found { key, shard, audio })
        };
        let never = AtomicBool::new(false);
        let outcome =
            workers::run(units.len(), workers::n_threads(None), &never, || (), |(), unit| find(&units[unit]));
        outcome.error.map_or(Ok(()), Err)?;
        let found: Vec<Found> = outcome.results.into_iter().flatten().collect();
        self.check_complete(catalogue, &hashes, &units, &found)?;

        let keys: BTreeSet<&str> = found.iter().map(|found| found.key.as_str()).collect();
        let fingerprint = blake3::hash(keys.into_iter().collect::<String>().as_bytes()).to_string();
        let shards: Vec<Shard> = found.into_iter().filter_map(|found| found.shard).collect();
        let mut places = vec![(0, 0); catalogue.tracks.len()];
        for (shard, unit) in units.iter().enumerate() {
            for (row, &track) in unit.iter().enumerate() {
                places[track] = (shard, row);
            }
        }
        let tracks = places.iter().map(|&(shard, row)| shards[shard].tracks()[row].clone()).collect();
        Ok(FeatureSet { front_end: front_end.clone(), header, fingerprint, shards, tracks, places })
    }

    /// Fails unless every unit has a shard.
    fn check_complete(
        &self,
        catalogue: &Catalogue,
        hashes: &AudioHashes,
        units: &[Unit],
        found: &[Found],
    ) -> Result<(), StoreError> {
        let mut missing: Vec<usize> = Vec::new();
        let mut changed: Vec<usize> = Vec::new();
        for (unit, found) in units.iter().zip(found).filter(|(_, found)| found.shard.is_none()) {
            missing.extend(unit);
            for (&track, &audio) in unit.iter().zip(&found.audio) {
                if hashes.remembers_other(&catalogue.tracks[track].path, audio)? {
                    changed.push(track);
                }
            }
        }
        let first = |tracks: &[usize]| tracks.iter().min().map(|&track| &catalogue.tracks[track]);
        let tracks = catalogue.tracks.len();
        if let Some(track) = first(&changed) {
            return Err(StoreError::AudioChanged {
                catalogue: catalogue.name.clone(),
                changed: changed.len(),
                tracks,
                first: track.id.clone(),
                path: track.path.clone(),
            });
        }
        if let Some(track) = first(&missing) {
            return Err(StoreError::NotPrepared {
                root: self.root().to_owned(),
                catalogue: catalogue.name.clone(),
                missing: missing.len(),
                tracks,
                first: track.id.clone(),
            });
        }
        Ok(())
    }
}

impl FeatureSet {
    /// What the features are.
    #[must_use]
    pub fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    /// Values per frame.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        self.header.n_bins
    }

    /// Samples per second of the decoded audio, if any was.
    #[must_use]
    pub fn sample_rate_hz(&self) -> Option<u32> {
        self.header.sample_rate_hz
    }

    /// Every track of the catalogue, in its order.
    #[must_use]
    pub fn tracks(&self) -> &[StoredTrack] {
        &self.tracks
    }

    /// The features of the `track`-th track: `[n_frames, n_bins]`, time-major, straight from the mapped file.
    /// Empty if the track could not be decoded.
    ///
    /// # Panics
    /// If `track >= self.tracks().len()`.
    #[must_use]
    pub fn frames(&self, track: usize) -> &[f16] {
        let (shard, row) = self.places[track];
        self.shards[shard].frames(row)
    }

    /// The position of the track with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<usize> {
        // A catalogue is sorted by id.
        self.tracks.binary_search_by(|track| track.id.as_str().cmp(id)).ok()
    }

    /// A hash of everything the features were computed from: configuration, labels and audio. Equal
    /// fingerprints mean equal features, on any machine.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Reads all features and compares their checksums with those taken when they were written.
    ///
    /// # Errors
    /// [`StoreError::CorruptShard`] for the first shard that differs.
    pub fn verify(&self) -> Result<(), StoreError> {
        let never = AtomicBool::new(false);
        let check = |(): &mut (), shard: usize| self.shards[shard].verify();
        let outcome = workers::run(self.shards.len(), workers::n_threads(None), &never, || (), check);
        outcome.error.map_or(Ok(()), Err)
    }
}
