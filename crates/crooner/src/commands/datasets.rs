//! `crooner datasets`

use std::process::ExitCode;

use anyhow::Result;
use crooner_datasets::{Request, Source, find, registry};

use crate::cli::{DatasetsArgs, DatasetsCommand};
use crate::say;

pub(crate) fn run(args: &DatasetsArgs) -> Result<ExitCode> {
    if let Some(command) = &args.command {
        return check(command);
    }
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
    for (option, values) in &info.options {
        say(&format!("\n--with {option}=...:\n{}", indent(values)))?;
    }
    let command = match info.source {
        Source::Embedded => format!("crooner train --dataset {}", info.name),
        Source::Folder if info.name == "folder" => "crooner train --data DIR".to_owned(),
        Source::Folder | Source::Scores => format!("crooner train --dataset {} --data DIR", info.name),
        Source::File => {
            format!("crooner train --dataset {} --data FILE --columns path=...,artist=...", info.name)
        }
    };
    say(&format!("\ntrain on it:\n{}", indent(&command)))?;
    Ok(ExitCode::SUCCESS)
}

fn check(command: &DatasetsCommand) -> Result<ExitCode> {
    let DatasetsCommand::Check { name, folder, columns, options, store } = command;
    let set = find(name)?;
    let mut request = Request::default()
        .with_extensions(crooner_audio::EXTENSIONS.iter().copied())
        .with_cache(store.root.join("datasets"));
    request.root.clone_from(folder);
    request.columns = columns.iter().cloned().collect();
    request.options = options.iter().cloned().collect();
    let report = crooner_datasets::check(set, &request)?;
    say(&report.to_string())?;
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn indent(text: &str) -> String {
    text.trim().lines().map(|line| format!("  {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}
