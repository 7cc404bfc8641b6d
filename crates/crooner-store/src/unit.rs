//! The unit of work: a few tracks of one album, which become one shard.

use crooner_datasets::{Catalogue, Track};

use crate::audio::AudioId;
use crate::schema::ShardHeader;

/// The most tracks in a unit: few enough that a kill loses little, enough that shards are not tiny.
const UNIT_TRACKS: usize = 8;

/// The tracks of a unit, as positions in their catalogue.
pub(crate) type Unit = Vec<usize>;

/// Divides a catalogue into units, whatever the order of its tracks.
///
/// A unit never spans two albums, so that a new track touches only its own album's units.
pub(crate) fn units(catalogue: &Catalogue) -> Vec<Unit> {
    let album = |&track: &usize| {
        let track = &catalogue.tracks[track];
        (&track.artist, &track.album)
    };
    let mut order: Vec<usize> = (0..catalogue.tracks.len()).collect();
    order.sort_by_key(|track| (album(track), &catalogue.tracks[*track].id));
    order
        .chunk_by(|a, b| album(a) == album(b))
        .flat_map(|album| album.chunks(UNIT_TRACKS).map(<[usize]>::to_vec))
        .collect()
}

/// The name of a unit's result: a hash of everything that determines its bytes.
pub(crate) fn unit_key<'a>(
    header: &ShardHeader,
    tracks: impl IntoIterator<Item = (&'a Track, AudioId)>,
) -> String {
    let mut hasher = header_hasher(header);
    for (track, audio) in tracks {
        for text in [&track.id, &track.artist, &track.album, &track.title] {
            update(&mut hasher, text.as_bytes());
        }
        match audio {
            AudioId::Content(hash) => update(&mut hasher, hash.as_bytes()),
            AudioId::Unreadable => update(&mut hasher, b"unreadable"),
        }
    }
    hasher.finalize().to_string()
}

/// The name of the folder that holds all shards with this header.
pub(crate) fn header_key(header: &ShardHeader) -> String {
    header_hasher(header).finalize().to_string()[..16].to_owned()
}

fn header_hasher(header: &ShardHeader) -> blake3::Hasher {
    let ShardHeader { format_version, features_version, features, sample_rate_hz, n_bins } = header;
    let mut hasher = blake3::Hasher::new();
    update(&mut hasher, &format_version.to_le_bytes());
    update(&mut hasher, &features_version.to_le_bytes());
    update(&mut hasher, features.as_bytes());
    update(&mut hasher, sample_rate_hz.map(u32::to_le_bytes).as_ref().map_or(&[], <[u8; 4]>::as_slice));
    update(&mut hasher, &(*n_bins as u64).to_le_bytes());
    hasher
}

/// Each field with its length, so that no two lists of fields hash alike.
fn update(hasher: &mut blake3::Hasher, field: &[u8]) {
    hasher.update(&(field.len() as u64).to_le_bytes());
    hasher.update(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> ShardHeader {
        ShardHeader {
            format_version: 1,
            features_version: 1,
            features: "{}".into(),
            sample_rate_hz: Some(16_000),
            n_bins: 128,
        }
    }

    fn track([id, artist, album, title]: [&str; 4]) -> Track {
        Track::new(id, artist, album, title, "anywhere")
    }

    fn key(header: &ShardHeader, track: &Track, audio: AudioId) -> String {
        unit_key(header, [(track, audio)])
    }

    #[test]
    fn units_are_whole_albums_cut_at_eight_whatever_the_order() {
        let album = |artist, album, n_tracks: usize| {
            (0..n_tracks).map(move |at| track([&format!("{at:02} {album} {artist}"), artist, album, "title"]))
        };
        let tracks = album("b", "one", 17).chain(album("a", "two", 1)).chain(album("a", "one", 2)).collect();
        let mut catalogue =
            Catalogue::new("test", "", tracks, Vec::new(), crooner_datasets::Ignored::default()).unwrap();
        let ids = |catalogue: &Catalogue| -> Vec<Vec<String>> {
            let id = |track: usize| catalogue.tracks[track].id.clone();
            units(catalogue).into_iter().map(|unit| unit.into_iter().map(id).collect()).collect()
        };
        let found = ids(&catalogue);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 8, 8, 1]);
        assert_eq!(found[0], ["00 one a", "01 one a"]);
        assert_eq!(found[4], ["16 one b"]);
        catalogue.tracks.reverse();
        assert_eq!(ids(&catalogue), found);
    }

    #[test]
    fn everything_that_matters_is_in_the_key() {
        let labels = ["id", "artist", "album", "title"];
        let audio = AudioId::Content(blake3::hash(b"audio"));
        let mut keys = vec![
            key(&header(), &track(labels), audio),
            key(&header(), &track(labels), AudioId::Unreadable),
            key(&header(), &track(labels), AudioId::Content(blake3::hash(b"other"))),
            key(&header(), &track(["ida", "rtist", "album", "title"]), audio),
            key(&ShardHeader { format_version: 2, ..header() }, &track(labels), audio),
            key(&ShardHeader { features_version: 2, ..header() }, &track(labels), audio),
            key(&ShardHeader { features: "{ }".into(), ..header() }, &track(labels), audio),
            key(&ShardHeader { sample_rate_hz: None, ..header() }, &track(labels), audio),
            key(&ShardHeader { sample_rate_hz: Some(0), ..header() }, &track(labels), audio),
            unit_key(&header(), [(&track(labels), audio), (&track(labels), audio)]),
        ];
        for changed in 0..labels.len() {
            let mut labels = labels;
            labels[changed] = "changed";
            keys.push(key(&header(), &track(labels), audio));
        }
        let n_keys = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), n_keys);
    }

    /// A change here makes every store in the world start again: then `FORMAT_VERSION` should say so.
    #[test]
    fn keys_stay_what_they_are() {
        let audio = AudioId::Content(blake3::hash(b"audio"));
        let found = key(&header(), &track(["id", "artist", "album", "title"]), audio);
        assert_eq!(found, "63f2f7db82121f4aa136dbcf14239c1d8eac2d3a7d43a7679eb3f981ae72b9b0");
        assert_eq!(header_key(&header()), "7a16c53bd8aef783");
    }
}
