//! A classifier listening to many files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use crooner_datasets::Track;
use crooner_train::{Classifier, Listener, TrainError};
use rayon::prelude::*;

use super::sources::list;
use crate::progress::Progress;
use crate::{interrupt, of_file};

/// Files between two looks at the interrupt flag, for each thread.
const FILES_PER_THREAD: usize = 4;

/// Listens to `tracks` on all cores, with `hear` and a bar, gives `each` what was heard, and lists those that cannot be read;
/// false if interrupted before the last of them.
pub(crate) fn listen_to_tracks<'a, T: Send>(
    classifier: &'a Classifier,
    hear: impl Fn(&mut Listener<'a>, &Path) -> Result<T, TrainError> + Sync,
    tracks: &[&Track],
    mut each: impl FnMut(&Track, T),
) -> Result<bool> {
    let bar = Progress::new(tracks.len() as u64, "listening {bar:32} {pos}/{len} files, {eta} left");
    let files: Vec<&Path> = tracks.iter().map(|track| track.path.as_path()).collect();
    let mut failures = Vec::new();
    let complete = listen(classifier, hear, &files, interrupt::watch()?, &bar, |index, outcome| {
        match outcome {
            Ok(heard) => each(tracks[index], heard),
            Err(error) => failures.push(of_file(&tracks[index].id, &error.to_string())),
        }
        Ok(())
    })?;
    bar.clear();
    if complete {
        list(&bar, "unreadable", failures.into_iter());
    }
    Ok(complete)
}

/// Listens to `files` on all cores, with `hear`, and gives `each` what was heard, in their order; false if `cancel` came
/// before the last of them.
pub(crate) fn listen<'a, P: AsRef<Path> + Sync, T: Send>(
    classifier: &'a Classifier,
    hear: impl Fn(&mut Listener<'a>, &Path) -> Result<T, TrainError> + Sync,
    files: &[P],
    cancel: &AtomicBool,
    bar: &Progress,
    mut each: impl FnMut(usize, Result<T, TrainError>) -> Result<()>,
) -> Result<bool> {
    let mut done = 0;
    for chunk in files.chunks(FILES_PER_THREAD * rayon::current_num_threads()) {
        if cancel.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let heard: Vec<_> = chunk
            .par_iter()
            .map_init(|| Listener::new(classifier), |listener, file| hear(listener, file.as_ref()))
            .collect();
        for heard in heard {
            each(done, heard)?;
            done += 1;
        }
        bar.set(done as u64, files.len() as u64, String::new);
    }
    Ok(true)
}
