//! `crooner split`

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::{Result, bail};
use crooner_datasets::{Catalogue, Table};
use crooner_split::{Item, Split, SplitConfig, SplitKind};

use super::sources::{catalogue, divide, select};
use super::split_summary::{Lengths, describe};
use crate::cli::SplitArgs;
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::say;

pub(crate) fn run(args: &SplitArgs) -> Result<ExitCode> {
    let experiment = Experiment::resolve(&args.overrides())?;
    let kind: SplitKind = args.split.parse()?;
    let mut config = SplitConfig::new(kind)
        .with_test_fraction(args.test_fraction)
        .with_validation_fraction(args.validation_fraction);
    config.label.clone_from(&experiment.split.label);
    config.group.clone_from(&experiment.split.group);
    (config.folds, config.shots) = (args.folds, args.shots);

    let root = &args.source.store.root;
    let catalogue = catalogue(&experiment.dataset, root, &Progress::hidden())?;
    let selected = select(&catalogue, &config)?;
    let tracks = catalogue.tracks.iter().zip(&selected);
    let items: Vec<Item> =
        tracks.map(|(track, of)| Item::new(&track.id, of.label, of.group.as_ref())).collect();
    let lengths = Lengths::of(root, &catalogue, &experiment)?;
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
        summary += &format!("{name}\n{}\n", describe(split, lengths.as_ref()));
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
    let folds = (0..Split::n_folds(&items, config)?).map(|fold| {
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
