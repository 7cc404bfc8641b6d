//! Songs of the Million Song Dataset, after one of its miniature that PyTables wrote.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use hdf5_pure::{Datatype, File, FileBuilder};

/// The miniature, `data/A/B/C/TRABC....h5`.
pub const MINIATURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/msd/miniature");

const SONG: &str = "data/A/A/A/TRAAAAW128F429D538.h5";

/// Seconds from one segment to the next, of those written here.
pub const SEGMENT: f64 = 0.25;

/// Writes the song `number` of `artist` to its place below `root`: segments whose timbre goes up and down about
/// `level`.
///
/// # Errors
///
/// If it cannot be written, or the miniature not be read.
pub fn write(
    root: &Path,
    number: usize,
    artist: &str,
    segments: usize,
    level: f64,
) -> Result<PathBuf, Box<dyn Error>> {
    let id = format!("TRAAA{:0>13}", format!("{number}"));
    let path = root.join("A/A/A").join(format!("{id}.h5"));
    let model = File::from_bytes(fs::read(Path::new(MINIATURE).join(SONG))?)?;
    let release = format!("Release {}", number % 3);
    let title = format!("Song {number}");
    let texts =
        [("track_id", id.as_str()), ("artist_name", artist), ("release", &release), ("title", &title)];

    let mut file = FileBuilder::new();
    for name in ["metadata", "analysis", "musicbrainz"] {
        let mut group = file.create_group(name);
        let (datatype, row) = row(&model, &format!("/{name}/songs"), &texts)?;
        group.create_dataset("songs").with_compound_data(datatype, row, 1);
        if name == "metadata" {
            let text = model.dataset("/metadata/artist_terms")?.datatype()?;
            group.create_dataset("artist_terms").with_dtype(text).with_shape(&[0]);
            group.create_dataset("artist_terms_weight").with_f64_data(&[]).with_shape(&[0]);
        }
        if name == "analysis" {
            let starts: Vec<f64> = (0..segments).map(|segment| SEGMENT * segment as f64).collect();
            let rows = [segments as u64, 12];
            let timbre = (0..12 * segments).map(|i| level + ((7 * i + 3 * number) % 23) as f64);
            let pitches = (0..12 * segments).map(|i| (1 + (i + number) % 12) as f64 / 12.0);
            group.create_dataset("segments_start").with_f64_data(&starts);
            for (name, values) in
                [("segments_timbre", timbre.collect::<Vec<f64>>()), ("segments_pitches", pitches.collect())]
            {
                group.create_dataset(name).with_f64_data(&values).with_shape(&rows);
            }
        }
        file.add_group(group.finish());
    }
    fs::create_dir_all(root.join("A/A/A"))?;
    file.write(&path)?;
    Ok(path)
}

/// The one row of a table, with other texts in those of its columns that are named.
fn row(file: &File, name: &str, texts: &[(&str, &str)]) -> Result<(Datatype, Vec<u8>), Box<dyn Error>> {
    let table = file.dataset(name)?;
    let datatype = table.datatype()?;
    let mut row = table.read_raw()?;
    if let Datatype::Compound { members, .. } = &datatype {
        for member in members {
            let Some((_, text)) = texts.iter().find(|(column, _)| *column == member.name) else { continue };
            let start = usize::try_from(member.byte_offset)?;
            let field = &mut row[start..start + member.datatype.type_size() as usize];
            field.fill(0);
            field[..text.len()].copy_from_slice(text.as_bytes());
        }
    }
    Ok((datatype, row))
}
