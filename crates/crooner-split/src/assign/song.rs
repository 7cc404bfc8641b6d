//! Song split: tracks drawn one by one, stratified by class (90/10, then 90/10 of the rest, in the
//! paper).

use super::{Class, share, validation_then_train};
use crate::shuffle::Shuffler;
use crate::{Item, Side, SplitConfig, SplitError};

/// A class's tracks in the order of their ids are shuffled; the first `share(n, test_fraction)` are
/// the test, the next `share(rest, validation_fraction)` validate, the others train.
pub(super) fn assign<'a>(
    class: &Class<'a>,
    config: &SplitConfig,
    seed: u64,
) -> Result<Vec<(Side, &'a Item)>, SplitError> {
    let n = class.items.len();
    if n < 3 {
        return Err(SplitError::TooFewTracks { class: config.class(class.name), found: n });
    }
    let mut items = class.items.clone();
    Shuffler::new(seed, "song/tracks", class.name).shuffle(&mut items);

    let n_test = share(n, config.test_fraction, 2);
    let n_validation = share(n - n_test, config.validation_fraction, 1);
    let (test, rest) = items.split_at(n_test);
    Ok(test.iter().map(|&item| (Side::Test, item)).chain(validation_then_train(rest, n_validation)).collect())
}
