//! A classifier listening to many files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use crooner_train::{Classifier, Listener, TrainError};
use rayon::prelude::*;

use crate::progress::Progress;

/// Files between two looks at the interrupt flag, for each thread.
const FILES_PER_THREAD: usize = 4;

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
