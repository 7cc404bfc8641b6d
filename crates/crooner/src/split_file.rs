//! Splits that are read from files: what `crooner split` wrote, or any table with the columns id and side.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use crooner_datasets::Table;
use crooner_split::{Item, Side, Split, SplitConfig, SplitKind};

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn read_json(path: &Path) -> Result<Split> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a split", path.display()))
}

/// How the split in `path` was made. A table does not say: it is taken as a published list is.
///
/// # Errors
///
/// A sentence that names the file.
pub(crate) fn config(path: &Path, usual: &SplitConfig) -> Result<SplitConfig> {
    if is_json(path) {
        return Ok(read_json(path)?.config().clone());
    }
    Ok(SplitConfig { kind: SplitKind::Official, ..usual.clone() })
}

/// The split in `path`, of those of its tracks that are among `items`. Of a table, label and group are those of `items`.
///
/// # Errors
///
/// A sentence that names the file, and the tracks that are neither among `items` nor known to be `unusable`.
pub(crate) fn read(
    path: &Path,
    items: &[Item],
    unusable: &HashSet<&str>,
    config: &SplitConfig,
    seed: u64,
) -> Result<Split> {
    let known: HashMap<&str, &Item> = items.iter().map(|item| (item.id.as_str(), item)).collect();
    let require_known = |ids: &mut dyn Iterator<Item = &str>| {
        let unknown: Vec<&str> = ids.filter(|id| !known.contains_key(id) && !unusable.contains(id)).collect();
        match unknown.first() {
            None => Ok(()),
            Some(first) => bail!(
                "{}: {} of its tracks are not in the data set, the first being {first:?}",
                path.display(),
                unknown.len()
            ),
        }
    };
    if is_json(path) {
        let split = read_json(path)?;
        require_known(&mut split.rows().map(|(_, item)| item.id.as_str()))?;
        if split.rows().all(|(_, item)| known.contains_key(item.id.as_str())) {
            return Ok(split);
        }
        let usable = split.only(|id| known.contains_key(id));
        return usable.with_context(|| format!("too few tracks of {} can be used", path.display()));
    }
    let table = Table::read(path)?;
    let column = |name: &str| {
        let columns = || table.columns.join(", ");
        table
            .position(name)
            .with_context(|| format!("{} has no column {name}: it has {}", path.display(), columns()))
    };
    let (id, side) = (column("id")?, column("side")?);
    require_known(&mut table.rows.iter().map(|row| row[id].as_str()))?;
    let mut rows = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let side = match row[side].as_str() {
            "train" => Side::Train,
            "validation" => Side::Validation,
            "test" => Side::Test,
            other => bail!(
                "{}: track {:?} has side {other:?}, expected train, validation or test",
                path.display(),
                row[id]
            ),
        };
        rows.extend(known.get(row[id].as_str()).map(|item| ((*item).clone(), side)));
    }
    Split::official(rows, config, seed).with_context(|| format!("{} is not a split", path.display()))
}
