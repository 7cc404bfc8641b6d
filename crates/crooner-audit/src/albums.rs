//! Albums of one artist that may be one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crooner_datasets::Track;
use crooner_split::Side;

use crate::clusters::Clusters;
use crate::findings::{AlbumPair, Pair};
use crate::fold::{folded, folded_album};

/// Two albums share so much of the shorter one if they are one.
const SHARED: f64 = 0.5;

/// One album: its artist and its name, as written.
type Name<'a> = (&'a str, &'a str);

/// Pairs of albums of one artist (but for spelling) that share at least half of the shorter one's recordings, by the
/// proven pairs, or whose names are alike; sorted.
pub(crate) fn alike_albums(
    tracks: &[Track],
    pairs: &[Pair],
    side: &dyn Fn(&str) -> Option<Side>,
) -> Vec<AlbumPair> {
    let mut albums: BTreeMap<Name<'_>, Vec<usize>> = BTreeMap::new();
    for (number, track) in tracks.iter().enumerate() {
        if let Some(album) = track.get("album") {
            albums.entry((&track.artist, album)).or_default().push(number);
        }
    }
    let numbers: HashMap<&str, usize> =
        tracks.iter().enumerate().map(|(number, track)| (track.id.as_str(), number)).collect();
    let mut clusters = Clusters::new(tracks.len());
    for pair in pairs.iter().filter(|pair| pair.found.is_proven()) {
        if let (Some(&a), Some(&b)) = (numbers.get(&*pair.first), numbers.get(&*pair.second)) {
            clusters.join(a, b);
        }
    }
    let recordings: BTreeMap<Name<'_>, BTreeSet<usize>> = albums
        .iter()
        .map(|(&name, tracks)| (name, tracks.iter().map(|&track| clusters.of(track)).collect()))
        .collect();

    // Candidates share a recording or a name.
    let mut meeting: BTreeMap<(String, String), Vec<Name<'_>>> = BTreeMap::new();
    for (&(artist, album), recordings) in &recordings {
        let folded = folded(artist);
        meeting
            .entry((folded.clone(), format!("name {}", folded_album(album))))
            .or_default()
            .push((artist, album));
        for &recording in recordings.iter().filter(|&&recording| clusters.size(recording) > 1) {
            meeting
                .entry((folded.clone(), format!("recording {recording}")))
                .or_default()
                .push((artist, album));
        }
    }
    let candidates: BTreeSet<(Name<'_>, Name<'_>)> = meeting
        .values()
        .flat_map(|met| met.iter().enumerate().flat_map(|(n, &a)| met[n + 1..].iter().map(move |&b| (a, b))))
        .collect();
    candidates
        .into_iter()
        .filter_map(|(first, second)| {
            let (a, b) = (&recordings[&first], &recordings[&second]);
            let shared = a.intersection(b).count();
            let names_alike = folded_album(first.1) == folded_album(second.1);
            if !names_alike && (shared as f64) < SHARED * a.len().min(b.len()) as f64 {
                return None;
            }
            let sides = |name: &Name<'_>| -> BTreeSet<Side> {
                albums[name].iter().filter_map(|&track| side(&tracks[track].id)).collect()
            };
            let (ours, theirs) = (sides(&first), sides(&second));
            Some(AlbumPair {
                artists: [first.0, second.0].map(str::to_owned),
                first: first.1.to_owned(),
                second: second.1.to_owned(),
                first_tracks: albums[&first].len(),
                second_tracks: albums[&second].len(),
                shared,
                names_alike,
                crosses: ours.iter().any(|side| theirs.iter().any(|other| other != side)),
            })
        })
        .collect()
}
