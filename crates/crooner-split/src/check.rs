//! The one gate to a [`Split`](crate::Split): whoever proposes an assignment, it is checked here.

use std::collections::BTreeMap;

use crate::{Group, Item, Side, SplitError, SplitKind};

/// A track and its side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) item: Item,
    pub(crate) side: Side,
}

/// Which of the three sides were seen.
#[derive(Clone, Copy, Default)]
struct Sides([bool; 3]);

impl Sides {
    fn insert(&mut self, side: Side) {
        self.0[side as usize] = true;
    }

    fn contains(self, side: Side) -> bool {
        self.0[side as usize]
    }
}

/// Refuses rows whose ids repeat, whose groups overlap, or that leave an artist off a side. `rows` must
/// be sorted.
pub(crate) fn check(kind: SplitKind, rows: &[Row]) -> Result<(), SplitError> {
    if rows.is_empty() {
        return Err(SplitError::NoItems);
    }
    check_ids(rows)?;
    match kind {
        // A group is a track, and ids have just been found unique.
        SplitKind::Song => {}
        SplitKind::Album => check_albums(rows)?,
    }
    check_artists(rows)
}

fn check_ids(rows: &[Row]) -> Result<(), SplitError> {
    for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
        if a.item.id == b.item.id {
            return Err(if a.side == b.side {
                SplitError::DuplicateId { id: a.item.id.clone() }
            } else {
                leak(Group::Track(&a.item.id), a.side, b.side)
            });
        }
    }
    Ok(())
}

/// No album is on two sides, except that an artist with exactly two albums may train and validate on
/// the one that is not the test.
fn check_albums(rows: &[Row]) -> Result<(), SplitError> {
    let mut artists: BTreeMap<&str, BTreeMap<&str, Sides>> = BTreeMap::new();
    for Row { item, side } in rows {
        artists.entry(&item.artist).or_default().entry(&item.album).or_default().insert(*side);
    }
    for (artist, albums) in artists {
        for (album, sides) in &albums {
            let overlap = |a, b| sides.contains(a) && sides.contains(b);
            let group = Group::Album { artist, album };
            if overlap(Side::Train, Side::Test) {
                return Err(leak(group, Side::Train, Side::Test));
            }
            if overlap(Side::Validation, Side::Test) {
                return Err(leak(group, Side::Validation, Side::Test));
            }
            if overlap(Side::Train, Side::Validation) && albums.len() != 2 {
                return Err(leak(group, Side::Train, Side::Validation));
            }
        }
    }
    Ok(())
}

fn check_artists(rows: &[Row]) -> Result<(), SplitError> {
    let mut artists: BTreeMap<&str, Sides> = BTreeMap::new();
    for row in rows {
        artists.entry(&row.item.artist).or_default().insert(row.side);
    }
    for (artist, sides) in artists {
        if let Some(side) = Side::ALL.into_iter().find(|&side| !sides.contains(side)) {
            return Err(SplitError::MissingSide { artist: artist.to_owned(), side });
        }
    }
    Ok(())
}

fn leak(group: Group<'_>, first: Side, second: Side) -> SplitError {
    SplitError::Leak { group: group.to_string(), first, second }
}
