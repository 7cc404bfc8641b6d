//! `crooner datasets`

use std::process::ExitCode;

use anyhow::Result;
use crooner_datasets::{Source, find, registry};

use crate::cli::DatasetsArgs;
use crate::say;

pub(crate) fn run(args: &DatasetsArgs) -> Result<ExitCode> {
    let Some(name) = &args.name else {
        let width = registry().iter().map(|dataset| dataset.name().len()).max().unwrap_or_default();
        for dataset in registry() {
            say(&format!("{:<width$}  {}", dataset.name(), dataset.info().title))?;
        }
        say("\n`crooner datasets NAME` shows citation, licence and layout.")?;
        return Ok(ExitCode::SUCCESS);
    };
    let info = find(name)?.info();
    say(&format!("{}: {}", info.name, info.title))?;
    if let Some(counts) = info.counts {
        let line = format!("{} artists, {} albums, {} tracks", counts.artists, counts.albums, counts.tracks);
        say(&format!("\ncounts:   {line}"))?;
    }
    let rows = [
        ("licence", &info.licence),
        ("citation", &info.citation),
        ("layout", &info.layout),
        ("obtain", &info.obtain),
    ];
    for (key, text) in rows {
        say(&format!("\n{key}:\n{}", indent(text)))?;
    }
    let command = match info.source {
        Source::Embedded => format!("crooner train --dataset {}", info.name),
        Source::Folder => "crooner train --data DIR".to_owned(),
    };
    say(&format!("\ntrain on it:\n{}", indent(&command)))?;
    Ok(ExitCode::SUCCESS)
}

fn indent(text: &str) -> String {
    text.trim().lines().map(|line| format!("  {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}
