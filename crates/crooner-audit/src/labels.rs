//! Labels that look alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::fold::folded;

/// Folded names of at least so many characters may differ by one letter, and of so many by two.
const ONE_LETTER: usize = 5;
const TWO_LETTERS: usize = 10;

/// Why two labels look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamesAlike {
    /// The same but for case, accents, punctuation or an article.
    Spelling,
    /// The same words in another order.
    Order,
    /// One or two letters are added, missing, swapped or others.
    Letters,
}

/// Two labels that may be one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LabelPair {
    /// Why they look alike.
    pub why: NamesAlike,
    /// One, as written.
    pub first: String,
    /// The other.
    pub second: String,
    /// Tracks with the first.
    pub first_tracks: usize,
    /// Tracks with the second.
    pub second_tracks: usize,
}

/// The pairs of `labels` (with their numbers of tracks) that look alike, sorted.
///
/// Labels whose digits differ are taken for different: `Sum 41` and `Sum 42`, speakers 1089 and 1088.
///
/// Candidates are found by what is left when up to two letters are deleted, so that the cost grows with the number of
/// labels, not of pairs.
///
/// ```
/// use crooner_audit::{NamesAlike, alike_labels};
///
/// let pairs = alike_labels([("The Beatles", 12), ("Beatles, The", 3), ("Prince", 7)]);
/// assert_eq!(pairs.len(), 1);
/// assert_eq!((pairs[0].first.as_str(), pairs[0].why), ("Beatles, The", NamesAlike::Spelling));
/// ```
#[must_use]
pub fn alike_labels<'a>(labels: impl IntoIterator<Item = (&'a str, usize)>) -> Vec<LabelPair> {
    let labels: BTreeMap<&str, usize> = labels.into_iter().collect();
    let names: Vec<(&str, usize, String)> =
        labels.into_iter().map(|(label, tracks)| (label, tracks, folded(label))).collect();
    let mut buckets: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, (_, _, name)) in names.iter().enumerate() {
        let mut keys = BTreeSet::from([name.clone(), in_order(name)]);
        if name.chars().count() >= ONE_LETTER {
            keys.extend(without_letters(name));
        }
        for key in keys {
            buckets.entry(key).or_default().push(number);
        }
    }
    let mut tried = BTreeSet::new();
    for bucket in buckets.values().filter(|bucket| bucket.len() > 1) {
        for (place, &a) in bucket.iter().enumerate() {
            tried.extend(bucket[place + 1..].iter().map(|&b| (a.min(b), a.max(b))));
        }
    }
    let mut pairs: Vec<LabelPair> = tried
        .into_iter()
        .filter_map(|(a, b)| {
            let ((first, first_tracks, one), (second, second_tracks, other)) = (&names[a], &names[b]);
            Some(LabelPair {
                why: alike(one, other)?,
                first: (*first).to_owned(),
                second: (*second).to_owned(),
                first_tracks: *first_tracks,
                second_tracks: *second_tracks,
            })
        })
        .collect();
    pairs.sort();
    pairs
}

fn alike(one: &str, other: &str) -> Option<NamesAlike> {
    if one == other {
        return Some(NamesAlike::Spelling);
    }
    let digits = |name: &str| name.chars().filter(|c| c.is_numeric()).collect::<String>();
    if digits(one) != digits(other) {
        return None;
    }
    if in_order(one) == in_order(other) {
        return Some(NamesAlike::Order);
    }
    let allowed = match one.chars().count().min(other.chars().count()) {
        0..ONE_LETTER => 0,
        ONE_LETTER..TWO_LETTERS => 1,
        _ => 2,
    };
    (strsim::osa_distance(one, other) <= allowed).then_some(NamesAlike::Letters)
}

fn in_order(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

/// What is left of a name when one or two of its letters are deleted. Two names that differ by as many letters have
/// one of these in common, or one is among the other's.
fn without_letters(name: &str) -> BTreeSet<String> {
    let letters: Vec<char> = name.chars().collect();
    let deleted = |skip: [usize; 2]| -> String {
        letters
            .iter()
            .enumerate()
            .filter(|(place, _)| !skip.contains(place))
            .map(|(_, letter)| letter)
            .collect()
    };
    let mut left: BTreeSet<String> = (0..letters.len()).map(|place| deleted([place, place])).collect();
    if letters.len() >= TWO_LETTERS {
        for first in 0..letters.len() {
            left.extend((first + 1..letters.len()).map(|second| deleted([first, second])));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_within_the_distance_is_found_and_no_other() {
        let names = [
            "Metallica",
            "Metalica",
            "Metallcia",
            "Megadeth",
            "Nirvana",
            "Nirvanaa",
            "Muse",
            "Mute",
            "Sum 41",
            "Sum 42",
            "Lennon, John",
            "John Lennon",
            "Queens of the Stone Age",
            "Queens of the Stoned Agee",
            "Abba",
            "ABBA",
        ];
        let found: BTreeSet<(String, String)> = alike_labels(names.map(|name| (name, 1)))
            .into_iter()
            .map(|pair| (pair.first, pair.second))
            .collect();
        // The same by trying all pairs.
        let mut expected = BTreeSet::new();
        for (place, one) in names.iter().enumerate() {
            for other in &names[place + 1..] {
                if alike(&folded(one), &folded(other)).is_some() {
                    expected.insert(((*one.min(other)).to_owned(), (*one.max(other)).to_owned()));
                }
            }
        }
        assert_eq!(found, expected);
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(!found.iter().any(|(one, _)| one == "Sum 41" || one == "Muse"));
    }
}
