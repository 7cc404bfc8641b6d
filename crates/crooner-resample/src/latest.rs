//! The designs used last, for the next converter of the same ratio.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are kept.
const N_KEPT: usize = 8;

pub(crate) struct Latest<K, D>(Mutex<VecDeque<(K, Arc<D>)>>);

impl<K: PartialEq, D> Latest<K, D> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// The design of `key`, kept if it is `small`.
    pub(crate) fn get_or_make(
        &self,
        key: K,
        make: impl FnOnce() -> D,
        is_small: impl FnOnce(&D) -> bool,
    ) -> Arc<D> {
        let find = |latest: &VecDeque<(K, Arc<D>)>| {
            latest.iter().find(|(of, _)| *of == key).map(|(_, design)| Arc::clone(design))
        };
        // What is in there is whole even if a thread died with it in hand.
        if let Some(design) = find(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return design;
        }
        // Not under the lock: an uncommon ratio takes its time.
        let design = Arc::new(make());
        if is_small(&design) {
            let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if find(&latest).is_none() {
                latest.truncate(N_KEPT - 1);
                latest.push_front((key, Arc::clone(&design)));
            }
        }
        design
    }
}
