//! Few-shot split: a fixed number of tracks of every class to learn from.

use super::{Class, share, validation_then_train};
use crate::shuffle::Shuffler;
use crate::{Item, Side, SplitConfig, SplitError};

/// A class's tracks in the order of their ids are shuffled; the first `shots` train, the next
/// `share(rest, validation_fraction)` validate, the others are the test.
pub(super) fn assign<'a>(
    class: &Class<'a>,
    config: &SplitConfig,
    seed: u64,
) -> Result<Vec<(Side, &'a Item)>, SplitError> {
    let shots = config.shots.unwrap_or_default();
    let (found, needed) = (class.items.len(), shots + 2);
    if found < needed {
        let group = "track".to_owned();
        return Err(SplitError::TooFewGroups { class: config.class(class.name), group, found, needed });
    }
    let mut items = class.items.clone();
    Shuffler::new(seed, "few-shot/tracks", class.name).shuffle(&mut items);
    let (train, rest) = items.split_at(shots);
    let n_validation = share(rest.len(), config.validation_fraction, 1);
    let rest = validation_then_train(rest, n_validation)
        .map(|(side, item)| (if side == Side::Train { Side::Test } else { side }, item));
    Ok(train.iter().map(|&item| (Side::Train, item)).chain(rest).collect())
}
