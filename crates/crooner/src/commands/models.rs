//! `crooner models`

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::ModelsArgs;
use crate::say;

pub(crate) fn run(args: &ModelsArgs) -> Result<ExitCode> {
    let registry = crooner_zoo::registry();
    let Some(name) = &args.name else {
        if registry.is_empty() {
            say("none: this crooner was built without the feature `models`")?;
            return Ok(ExitCode::SUCCESS);
        }
        let width = registry.iter().map(|published| published.name().len()).max().unwrap_or_default();
        for published in registry {
            let card = published.card()?;
            say(&format!("{:<width$}  {}", published.name(), card.tells))?;
        }
        say("\n`crooner models NAME` shows labels, licence, source and limits;")?;
        say("`crooner predict NAME song.mp3` uses one.")?;
        return Ok(ExitCode::SUCCESS);
    };
    let published = crooner_zoo::find(name)?;
    let (card, labels) = (published.card()?, published.labels()?);
    say(&format!("{}: {}", published.name(), card.title))?;
    let rows = [
        ("tells", card.tells),
        ("trained on", card.trained_on),
        ("limits", card.limits),
        ("licence", card.licence),
        ("source", card.source),
        ("paper", card.paper),
        ("labels", format!("{} ({})", labels.join(", "), labels.len())),
    ];
    for (key, text) in rows {
        say(&format!("\n{key}:\n  {text}"))?;
    }
    say(&format!("\nuse it:\n  crooner predict {name} song.mp3"))?;
    Ok(ExitCode::SUCCESS)
}
