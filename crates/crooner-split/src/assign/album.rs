//! Album split: of every class one whole group is the test and one validates.

use std::collections::BTreeMap;

use super::{Class, share, validation_then_train};
use crate::shuffle::Shuffler;
use crate::{Item, Side, SplitConfig, SplitError};

/// A class's albums (groups) in the order of their names are shuffled; the first is the test, the second
/// validates, the others train.
///
/// With two albums the second is shared out: `share(n, validation_fraction)` of its tracks, drawn by the
/// seed, validate and the others train. If it has one track only, the two albums change places, so that
/// whether a split exists does not depend on the seed.
pub(super) fn assign<'a>(
    class: &Class<'a>,
    config: &SplitConfig,
    seed: u64,
) -> Result<Vec<(Side, &'a Item)>, SplitError> {
    let mut by_name: BTreeMap<&str, Vec<&'a Item>> = BTreeMap::new();
    for &item in &class.items {
        by_name.entry(&item.group).or_default().push(item);
    }
    let mut albums: Vec<Vec<&Item>> = by_name.into_values().collect();
    Shuffler::new(seed, "album/albums", class.name).shuffle(&mut albums);

    match albums.as_mut_slice() {
        [] => Ok(Vec::new()),
        [only] => Err(SplitError::OneGroup {
            class: config.class(class.name),
            group: config.group.clone(),
            only: only.first().map(|item| item.group.clone()).unwrap_or_default(),
            tracks: only.len(),
        }),
        [test, rest] => {
            if rest.len() < 2 {
                std::mem::swap(test, rest);
            }
            if rest.len() < 2 {
                return Err(SplitError::TwoSingles {
                    class: config.class(class.name),
                    group: config.group.clone(),
                });
            }
            Shuffler::new(seed, "album/tracks", class.name).shuffle(rest);
            let n_validation = share(rest.len(), config.validation_fraction, 1);
            Ok(all(Side::Test, test).chain(validation_then_train(rest, n_validation)).collect())
        }
        [test, validation, train @ ..] => Ok(all(Side::Test, test)
            .chain(all(Side::Validation, validation))
            .chain(train.iter().flat_map(|album| all(Side::Train, album)))
            .collect()),
    }
}

fn all<'a>(side: Side, album: &[&'a Item]) -> impl Iterator<Item = (Side, &'a Item)> {
    album.iter().map(move |&item| (side, item))
}
