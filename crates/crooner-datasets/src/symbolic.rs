//! Pieces for synthesisers: `manifest.csv` and `midi/COMPOSER/ALBUM/TITLE.mid`, rendered by fluidsynth.

mod effect;
mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use self::effect::{Effect, Treatment};
use self::render::{Job, Synthesiser};
use crate::folder::{needs, require_folder};
use crate::lists::{bad, require, require_some, tree};
use crate::set::Set;
use crate::{Catalogue, DatasetError, Info, Request, SkipReason, Skipped, Track};

pub(crate) static SYMBOLIC: Set = Set::new(include_str!("../../../datasets/symbolic/dataset.toml"), open);

/// What is read of a row of the manifest.
#[derive(Debug, Deserialize)]
struct Row {
    path: String,
    composer: String,
    album: String,
    title: String,
    sha256: String,
    #[serde(default)]
    licence: String,
    #[serde(default)]
    attribution: String,
}

/// A piece, and where it lies.
struct Piece {
    row: Row,
    /// Without `.mid`.
    name: String,
    midi: PathBuf,
}

impl Piece {
    fn album(&self) -> (&str, &str) {
        (&self.row.composer, &self.row.album)
    }

    /// `COMPOSER/ALBUM/TITLE.wav`
    fn id(&self) -> String {
        format!("{}/{}/{}.wav", self.row.composer, self.row.album, self.name)
    }
}

/// Composers are artists. Whatever the cache lacks is rendered first; what is there is taken as it is, since its
/// folder is called after all that decides its bytes. `soundfont` is the one a piece was rendered with.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let name = info.name.clone();
    let (root, _) = needs(info, request)?;
    let Some(cache) = &request.cache else { return Err(DatasetError::CacheNeeded { name }) };
    require_folder(root)?;
    let effect = Effect::of(info, request)?;
    let list = require(root, &["manifest.csv"], "the list of the pieces")?;
    let text = fs::read(&list).map_err(DatasetError::io("read", &list))?;
    let Listed { pieces, mut skipped, ignored } = listed(root, &list, &text)?;
    let synthesiser = Synthesiser::find(&name, request, &effect)?;

    let mut hash = Sha256::new();
    for part in [&synthesiser.identity(), &effect.identity(), &format!("{:x}", Sha256::digest(&text))] {
        hash.update(part);
        hash.update([0]);
    }
    let folder = cache.join(format!("{name}-{}", &format!("{:x}", hash.finalize())[..12]));
    let treatments = treatments(&pieces, &effect, synthesiser.soundfonts.len());
    let jobs: Vec<Job<'_>> = pieces
        .iter()
        .zip(&treatments)
        .map(|(piece, treatment)| Job { midi: &piece.midi, target: folder.join(piece.id()), treatment })
        .collect();
    let Some(outcomes) = synthesiser.render(&jobs, &effect, &request.watch)? else {
        return Err(DatasetError::Interrupted { name });
    };

    let mut tracks = Vec::new();
    for ((piece, treatment), outcome) in pieces.iter().zip(&treatments).zip(outcomes) {
        let Piece { row, midi, .. } = piece;
        match outcome {
            Ok(path) => tracks.push(
                Track::new(piece.id(), &row.composer, &row.album, &row.title, path)
                    .with_field("licence", &row.licence)
                    .with_field("attribution", &row.attribution)
                    .with_field("soundfont", synthesiser.soundfont(treatment)),
            ),
            Err(error) => {
                skipped.push(Skipped { path: midi.clone(), reason: SkipReason::Unreadable { error } });
            }
        }
    }
    require_some(root, &tracks, &skipped)?;
    let catalogue = Catalogue::new(name, folder, tracks, skipped, ignored)?;
    Ok(catalogue.with_caution(format!(
        "Rendered by {} with {}; {effect}. Other versions of these sound otherwise.",
        synthesiser.version,
        synthesiser.names().join(", ")
    )))
}

/// What the manifest and the folder agree on, and what they do not.
struct Listed {
    pieces: Vec<Piece>,
    skipped: Vec<Skipped>,
    ignored: crate::Ignored,
}

fn listed(root: &Path, list: &Path, text: &[u8]) -> Result<Listed, DatasetError> {
    let found = tree(root, &root.join("midi"), &["mid".to_owned()])?;
    let mut there: BTreeMap<String, PathBuf> =
        found.tracks.into_iter().map(|track| (track.id, track.path)).collect();
    let mut listed = Listed { pieces: Vec::new(), skipped: found.skipped, ignored: found.ignored };
    let said = || list.display().to_string();
    for (number, row) in (2..).zip(csv::Reader::from_reader(text).deserialize()) {
        let row: Row = row.map_err(|error| bad(list, number, error.to_string()))?;
        let name = name_of(&row).ok_or_else(|| {
            let expected =
                "expected the path midi/COMPOSER/ALBUM/TITLE.mid with the row's composer and album";
            bad(list, number, format!("{expected}, found {:?}", row.path))
        })?;
        let Some(midi) = there.remove(&row.path) else {
            let reason = SkipReason::Missing { list: said() };
            listed.skipped.push(Skipped { path: root.join(&row.path), reason });
            continue;
        };
        let bytes = fs::read(&midi).map_err(DatasetError::io("read", &midi))?;
        let sum = format!("{:x}", Sha256::digest(&bytes));
        if sum != row.sha256 {
            let error = format!("its checksum is {sum}, expected {}", row.sha256);
            listed.skipped.push(Skipped { path: midi, reason: SkipReason::Unreadable { error } });
            continue;
        }
        listed.pieces.push(Piece { row, name, midi });
    }
    let reason = |path| Skipped { path, reason: SkipReason::Unlisted { list: said() } };
    listed.skipped.extend(there.into_values().map(reason));
    Ok(listed)
}

/// `TITLE` of `midi/COMPOSER/ALBUM/TITLE.mid`. `None` for any other path: what is rendered must stay in its folder.
fn name_of(row: &Row) -> Option<String> {
    let name = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':']);
    let file = row.path.strip_prefix(&format!("midi/{}/{}/", row.composer, row.album))?;
    let title = file.strip_suffix(".mid")?;
    [&row.composer, &row.album, title].into_iter().all(name).then(|| title.to_owned())
}

/// What is done to each piece.
fn treatments(pieces: &[Piece], effect: &Effect, n_soundfonts: usize) -> Vec<Treatment> {
    let albums: BTreeSet<(&str, &str)> = pieces.iter().map(Piece::album).collect();
    // The number of an album among its composer's.
    let number = |piece: &Piece| albums.range((&*piece.row.composer, "")..piece.album()).count();
    pieces
        .iter()
        .map(|piece| effect.treatment(piece.album(), &piece.row.path, number(piece), n_soundfonts))
        .collect()
}
