//! A split in which no recording is on two sides any more.

use std::collections::{BTreeMap, HashMap};

use crooner_split::{Group, Item, Side, Split, SplitConfig, SplitKind};
use serde::Serialize;

use crate::clusters::Clusters;
use crate::{Audit, AuditError};

/// A track that changed sides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moved {
    /// Id of the track.
    pub track: String,
    /// Where it was.
    pub from: Side,
    /// Where it is.
    pub to: Side,
}

/// The split without the proven duplicates that cross it, and what was moved for that.
///
/// A recording's copies go to one side, and where the split keeps groups together (albums, artists), their groups go
/// with them. That side is the one after which the fewest classes have lost a side, among such the one for which the
/// fewest tracks move, among such the first of train, validation, test. The result is of the kind
/// [`Official`](crooner_split::SplitKind::Official): a list, whose [notes](Split::notes) say which classes a side lacks.
///
/// # Errors
/// [`AuditError::Split`] if a side would be empty.
pub fn mend(audit: &Audit, split: &Split) -> Result<(Split, Vec<Moved>), AuditError> {
    let rows: Vec<(Side, &Item)> = split.rows().collect();
    let numbers: HashMap<&str, usize> =
        rows.iter().enumerate().map(|(number, (_, item))| (item.id.as_str(), number)).collect();
    let mut clusters = Clusters::new(rows.len());
    let mut groups: BTreeMap<Group<'_>, usize> = BTreeMap::new();
    for (number, (_, item)) in rows.iter().enumerate() {
        let first = *groups.entry(split.config().group_of(item)).or_insert(number);
        clusters.join(first, number);
    }
    for pair in audit.pairs.iter().filter(|pair| pair.found.is_proven()) {
        if let (Some(&a), Some(&b)) = (numbers.get(&*pair.first), numbers.get(&*pair.second)) {
            clusters.join(a, b);
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for number in 0..rows.len() {
        members.entry(clusters.of(number)).or_default().push(number);
    }
    let leaking: Vec<usize> = audit
        .leaks()
        .filter_map(|pair| numbers.get(&*pair.first).map(|&number| clusters.of(number)))
        .collect();

    let mut sides: Vec<Side> = rows.iter().map(|(side, _)| *side).collect();
    let mut counts: BTreeMap<(&str, Side), usize> = BTreeMap::new();
    for (side, item) in &rows {
        *counts.entry((&item.label, *side)).or_default() += 1;
    }
    // In the order of the smallest number of each cluster, which is that of ids.
    for (cluster, tracks) in members {
        if !leaking.contains(&cluster) {
            continue;
        }
        for &track in &tracks {
            if let Some(count) = counts.get_mut(&(rows[track].1.label.as_str(), sides[track])) {
                *count -= 1;
            }
        }
        let cost = |to: Side| {
            // Classes that had a track of this cluster on a side where none is left.
            let lost = tracks.iter().filter(|&&track| sides[track] != to).filter(|&&track| {
                counts.get(&(rows[track].1.label.as_str(), sides[track])).is_none_or(|&count| count == 0)
            });
            let mut lost: Vec<(&str, Side)> =
                lost.map(|&track| (rows[track].1.label.as_str(), sides[track])).collect();
            lost.sort_unstable();
            lost.dedup();
            (lost.len(), tracks.iter().filter(|&&track| sides[track] != to).count(), to)
        };
        let present = Side::ALL.into_iter().filter(|side| tracks.iter().any(|&track| sides[track] == *side));
        let Some(to) = present.min_by_key(|&side| cost(side)) else { continue };
        for &track in &tracks {
            sides[track] = to;
            *counts.entry((&rows[track].1.label, to)).or_default() += 1;
        }
    }
    let moved = rows.iter().zip(&sides).filter(|((from, _), to)| from != *to);
    let moved =
        moved.map(|((from, item), to)| Moved { track: item.id.clone(), from: *from, to: *to }).collect();
    let rows = rows.into_iter().zip(sides).map(|((_, item), side)| (item.clone(), side)).collect();
    let list = SplitConfig {
        kind: SplitKind::Official,
        folds: None,
        fold: None,
        shots: None,
        ..split.config().clone()
    };
    Ok((Split::official(rows, &list, split.seed())?, moved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{FORMAT, Found, Pair};

    fn audit_of(split: &Split, duplicates: &[(&str, &str)]) -> Audit {
        let pair = |(first, second): &(&str, &str)| Pair {
            found: Found::IdenticalFile,
            first: (*first).to_owned(),
            second: (*second).to_owned(),
            labels: [String::new(), String::new()],
            sides: [split.side_of(first), split.side_of(second)],
        };
        Audit {
            format: FORMAT,
            dataset: "d".into(),
            label: "artist".into(),
            tracks: 0,
            listened: 0,
            seconds: 0.0,
            split: Some(split.fingerprint().to_owned()),
            pairs: duplicates.iter().map(pair).collect(),
            albums: vec![],
            labels: vec![],
            unreadable: vec![],
        }
    }

    /// Two artists with four albums of three tracks each.
    fn items() -> Vec<Item> {
        let ids = (0..24).map(|n| (n / 12, n / 3 % 4, n % 3));
        ids.map(|(artist, album, track)| {
            Item::new(format!("{artist}/{album}/{track}"), format!("{artist}"), format!("{album}"))
        })
        .collect()
    }

    #[test]
    fn albums_go_with_their_tracks_and_every_class_stays_on_every_side() {
        let split = Split::new(&items(), &SplitConfig::new(SplitKind::Album), 3).unwrap();
        let first_of = |side: Side, artist: &str| {
            split.side(side).iter().find(|item| item.label == artist).map(|item| item.id.clone()).unwrap()
        };
        let (trained, tested) = (first_of(Side::Train, "0"), first_of(Side::Test, "0"));
        let audit = audit_of(&split, &[(&trained, &tested)]);
        assert_eq!(audit.leaks().count(), 1);
        let (mended, moved) = mend(&audit, &split).unwrap();
        // The two training albums of the artist lend one to the test; the other way the artist would not be tested.
        assert_eq!(moved.len(), 3);
        assert!(moved.iter().all(|moved| (moved.from, moved.to) == (Side::Train, Side::Test)));
        assert_eq!(mended.side_of(&trained), mended.side_of(&tested));
        assert!(audit_of(&mended, &[(&trained, &tested)]).leaks().next().is_none());
        let album = &trained[..4];
        assert!(moved.iter().all(|moved| moved.track.starts_with(album)));
    }

    #[test]
    fn copies_of_copies_go_together_and_the_rest_stays() {
        let split = Split::new(&items(), &SplitConfig::new(SplitKind::Song), 0).unwrap();
        let chain: Vec<&str> = Side::ALL.iter().map(|&side| split.side(side)[0].id.as_str()).collect();
        let audit = audit_of(&split, &[(chain[0], chain[1]), (chain[1], chain[2])]);
        let (mended, moved) = mend(&audit, &split).unwrap();
        assert_eq!(moved.len(), 2);
        let sides: Vec<_> = chain.iter().map(|id| mended.side_of(id)).collect();
        assert!(sides.iter().all(|side| *side == sides[0]), "{sides:?}");
        for (side, item) in split.rows().filter(|(_, item)| !chain.contains(&item.id.as_str())) {
            assert_eq!(mended.side_of(&item.id), Some(side));
        }
    }
}
