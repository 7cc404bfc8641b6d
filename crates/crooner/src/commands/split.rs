//! `crooner split`

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use crooner_datasets::{Catalogue, Table};
use crooner_split::{Item, Side, Split, SplitConfig, SplitKind};
use crooner_store::Store;

use super::sources::{catalogue, divide, select};
use crate::cli::SplitArgs;
use crate::experiment::DatasetConfig;
use crate::progress::Progress;
use crate::say;

pub(crate) fn run(args: &SplitArgs) -> Result<ExitCode> {
    let overrides = args.overrides();
    let mut dataset = DatasetConfig::of(&overrides)?.unwrap_or_default();
    dataset.columns = overrides.columns;
    dataset.options = overrides.options;
    let kind: SplitKind = args.split.parse()?;
    let mut config = SplitConfig::new(kind)
        .with_test_fraction(args.test_fraction)
        .with_validation_fraction(args.validation_fraction);
    config.label = overrides.label.unwrap_or(config.label);
    config.group = overrides.group.unwrap_or(config.group);
    dataset.usual_columns(&mut config);
    (config.folds, config.shots) = (args.folds, args.shots);

    let catalogue = catalogue(&dataset, &args.store.root, &Progress::hidden())?;
    let selected = select(&catalogue, &config)?;
    let tracks = catalogue.tracks.iter().zip(&selected);
    let items: Vec<Item> =
        tracks.map(|(track, of)| Item::new(&track.id, of.label, of.group.as_ref())).collect();
    let hours = hours(&args.store.root, &catalogue)?;
    let (splits, dropped) = splits(args, &catalogue, items, &config)?;

    let write = |name: &str, bytes: &[u8]| crooner_train::write_atomically(&args.output.join(name), bytes);
    std::fs::create_dir_all(&args.output)?;
    let [table_name, many] = if let [_] = splits.as_slice() { ["split", ""] } else { ["folds", "s"] };
    let table = table(&catalogue, &splits);
    write(&format!("{table_name}.csv"), &table.to_csv())?;
    let path = args.output.join(format!("{table_name}.parquet"));
    write(&format!("{table_name}.parquet"), &table.to_parquet(&path)?)?;
    let mut summary = String::new();
    for (fold, split) in splits.iter().enumerate() {
        let name = if splits.len() == 1 { "split.json".to_owned() } else { format!("fold-{fold}.json") };
        write(&name, (serde_json::to_string_pretty(split)? + "\n").as_bytes())?;
        summary += &format!("{name}\n{}\n", describe(split, hours.as_ref()));
    }
    for reason in &dropped {
        summary += &format!("dropped    {reason}\n");
    }
    write("summary.txt", summary.as_bytes())?;
    say(summary.trim_end())?;
    say(&format!("wrote {} split{many} to {}", splits.len(), args.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// One split, or one for each fold, and why classes were left out.
fn splits(
    args: &SplitArgs,
    catalogue: &Catalogue,
    mut items: Vec<Item>,
    config: &SplitConfig,
) -> Result<(Vec<Split>, Vec<String>)> {
    let mut dropped = Vec::new();
    let mut first = config.clone();
    if config.folds.is_some() || config.kind == SplitKind::LeaveOneOut {
        first.fold = Some(0);
    }
    if args.drop_small {
        if config.kind == SplitKind::Official {
            bail!("--drop-small: an official split is taken as it is");
        }
        let (split, reasons) = Split::new_without_small(&items, &first, args.seed)?;
        dropped = reasons.iter().map(ToString::to_string).collect();
        items.retain(|item| split.side_of(&item.id).is_some());
    }
    if first.fold.is_none() {
        return Ok((vec![divide(catalogue, &items, config, args.seed)?], dropped));
    }
    let folds = (0..Split::n_folds(&items, config)).map(|fold| {
        let config = SplitConfig { fold: Some(fold), ..config.clone() };
        Ok(Split::new(&items, &config, args.seed)?)
    });
    Ok((folds.collect::<Result<_>>()?, dropped))
}

/// One row for each track: its side, or the fold that tests it.
pub(super) fn table(catalogue: &Catalogue, splits: &[Split]) -> Table {
    let paths: HashMap<&str, String> =
        catalogue.tracks.iter().map(|track| (track.id.as_str(), track.path.display().to_string())).collect();
    let columns = |last: &str| ["id", "path", "label", "group", last].map(str::to_owned).to_vec();
    let row = |item: &Item, last: String| {
        let path = paths.get(item.id.as_str()).cloned().unwrap_or_default();
        vec![item.id.clone(), path, item.label.clone(), item.group.clone(), last]
    };
    if let [split] = splits {
        let rows = split.rows().map(|(side, item)| row(item, side.to_string())).collect();
        return Table { columns: columns("side"), rows };
    }
    let mut rows: Vec<_> = splits
        .iter()
        .enumerate()
        .flat_map(|(fold, split)| split.test().iter().map(move |item| (item, fold)))
        .map(|(item, fold)| row(item, fold.to_string()))
        .collect();
    rows.sort();
    Table { columns: columns("fold"), rows }
}

/// Hours of every track, if the store has an index of the catalogue.
fn hours(store: &Path, catalogue: &Catalogue) -> Result<Option<HashMap<String, f64>>> {
    let Some(index) = Store::open(store)?.indexes(catalogue)?.into_iter().next() else { return Ok(None) };
    let table = Table::read(&index)?;
    let Some((id, seconds)) = table.position("id").zip(table.position("duration_seconds")) else {
        bail!("{} has no columns id and duration_seconds: run prepare-data again", index.display());
    };
    let hours = |row: &Vec<String>| -> Result<(String, f64)> {
        let seconds: f64 = row[seconds]
            .parse()
            .with_context(|| format!("{}: expected seconds, found {:?}", index.display(), row[seconds]))?;
        Ok((row[id].clone(), seconds / 3600.0))
    };
    table.rows.iter().map(hours).collect::<Result<_>>().map(Some)
}

/// Tracks (and hours) of every class and side, and what a reader must know.
fn describe(split: &Split, hours: Option<&HashMap<String, f64>>) -> String {
    const SHOWN: usize = 30;
    let mut classes: BTreeMap<&str, [(usize, f64); 3]> = BTreeMap::new();
    let mut all = [(0, 0.0); 3];
    for (side, item) in split.rows() {
        let long = hours.and_then(|hours| hours.get(&item.id)).copied().unwrap_or_default();
        for cells in [classes.entry(&item.label).or_default(), &mut all] {
            cells[side as usize].0 += 1;
            cells[side as usize].1 += long;
        }
    }
    let cell = |(tracks, long): (usize, f64)| match hours {
        Some(_) => format!("{tracks} ({long:.2} h)"),
        None => tracks.to_string(),
    };
    let line = |name: &str, cells: [(usize, f64); 3]| {
        let [train, validation, test] = cells.map(cell);
        format!("  {name:<30} {train:>16} {validation:>16} {test:>16}\n")
    };
    let head = Side::ALL.map(|side| side.to_string());
    let mut text =
        format!("  {:<30} {:>16} {:>16} {:>16}\n", split.config().label, head[0], head[1], head[2]);
    for (class, cells) in classes.iter().take(SHOWN) {
        text += &line(class, *cells);
    }
    if classes.len() > SHOWN {
        text += &format!("  ... and {} more\n", classes.len() - SHOWN);
    }
    text += &line("all", all);
    for note in split.notes() {
        text += &format!("note: {note}\n");
    }
    text
}
