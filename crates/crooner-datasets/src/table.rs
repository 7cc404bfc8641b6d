//! Any table that names audio files: CSV, TSV, Parquet or JSON Lines, with any column names.

use std::collections::BTreeMap;
use std::path::Path;

use crate::folder::needs;
use crate::set::Set;
use crate::table_file::Table;
use crate::{Catalogue, DatasetError, Ignored, Info, Request, SkipReason, Skipped, Track};

pub(crate) static TABLE: Set = Set::new(include_str!("../../../datasets/table/dataset.toml"), open);

/// Every row is a track. Columns keep their names unless [`Request::columns`] gives ours; paths are relative
/// to the table's folder. Without a title, the file's name is it. Files are looked for, not opened.
fn open(info: &Info, request: &Request) -> Result<Catalogue, DatasetError> {
    let name = info.name.clone();
    let (path, _) = needs(info, request)?;
    let what = "a table of audio files (.csv, .tsv, .parquet, .jsonl)";
    if path.is_dir() {
        let reason = format!("is a folder, expected {what}");
        return Err(DatasetError::BadList { path: path.to_owned(), line: None, reason });
    }
    if !path.is_file() {
        return Err(DatasetError::NotThere { path: path.to_owned(), what: what.to_owned() });
    }
    let table = Table::read(path)?;
    let names = names(&table, request, path)?;
    let Some(path_column) = names.iter().position(|name| name == "path") else {
        return Err(DatasetError::BadList {
            path: path.to_owned(),
            line: None,
            reason: format!(
                "no column says where the audio is: expected --columns path=NAME, with NAME of {}",
                table.columns.join(", ")
            ),
        });
    };
    let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mut tracks, mut skipped) = (Vec::new(), Vec::new());
    for row in table.rows {
        let file = row[path_column].clone();
        let place = root.join(&file);
        if file.is_empty() {
            let reason = SkipReason::Lacks { what: format!("path (a row with {})", row.join(", ")) };
            skipped.push(Skipped { path: path.to_owned(), reason });
        } else if place.is_file() {
            tracks.push(track(&names, row, file, &place));
        } else {
            let reason = SkipReason::Missing { list: path.display().to_string() };
            skipped.push(Skipped { path: place, reason });
        }
    }
    if let (true, Some(first)) = (tracks.is_empty(), skipped.first()) {
        let (skipped, example) = (skipped.len(), first.to_string());
        return Err(DatasetError::NothingUsable { root: root.to_owned(), skipped, example });
    }
    Catalogue::new(name, root, tracks, skipped, Ignored::default())
}

/// Our name of every column of the table.
fn names(table: &Table, request: &Request, path: &Path) -> Result<Vec<String>, DatasetError> {
    let mut names = table.columns.clone();
    for (ours, theirs) in &request.columns {
        let Some(column) = table.position(theirs) else {
            return Err(DatasetError::BadList {
                path: path.to_owned(),
                line: None,
                reason: format!(
                    "there is no column {theirs:?} for {ours}: there is {}",
                    table.columns.join(", ")
                ),
            });
        };
        // A column that happens to have the name is another thing.
        for (index, name) in names.iter_mut().enumerate() {
            if name == ours && index != column {
                *name = format!("table_{name}");
            }
        }
        names[column].clone_from(ours);
    }
    Ok(names)
}

fn track(names: &[String], row: Vec<String>, file: String, place: &Path) -> Track {
    let stem = || place.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut fields: BTreeMap<String, String> =
        names.iter().cloned().zip(row).filter(|(_, value)| !value.is_empty()).collect();
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    take("path");
    let (id, artist, album, title) = (take("id"), take("artist"), take("album"), take("title"));
    Track {
        id: if id.is_empty() { file.replace('\\', "/") } else { id },
        artist,
        album,
        title: if title.is_empty() { stem() } else { title },
        path: place.to_owned(),
        fields,
    }
}
