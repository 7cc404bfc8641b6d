//! `crooner audit`

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use crooner_audit::{AlbumPair, Audit, Depth, Found, Moved, NamesAlike, Options, Pair, Stage, audit, mend};
use crooner_datasets::Catalogue;
use crooner_split::{Item, Split, SplitConfig, SplitKind};
use crooner_store::Store;
use crooner_train::write_atomically;

use super::audit_page;
use super::sources::{catalogue, divide, select};
use crate::cli::AuditArgs;
use crate::experiment::DatasetConfig;
use crate::progress::{Progress, duration};
use crate::{interrupt, of_file, say, split_file};

/// A recording is on two sides of the split.
const LEAKAGE: u8 = 3;
/// Most pairs of one kind that are listed.
const LISTED: usize = 40;

pub(crate) fn run(args: &AuditArgs) -> Result<ExitCode> {
    let overrides = args.overrides();
    let mut dataset = DatasetConfig::of(&overrides)?.unwrap_or_default();
    dataset.columns = overrides.columns;
    dataset.options = overrides.options;
    // Before anything long: what cannot be written at its end.
    if let Some(path) = &args.fix {
        check_target(path, args.overwrite)?;
    }
    let mut config = SplitConfig::new(SplitKind::Album);
    config.label = overrides.label.unwrap_or(config.label);
    config.group = overrides.group.unwrap_or(config.group);
    dataset.usual_columns(&mut config);

    let lines = Progress::hidden();
    let catalogue = catalogue(&dataset, &args.store.root, &lines)?;
    let split =
        args.split.as_ref().map(|split| read_split(split, &catalogue, &mut config, args.seed)).transpose()?;
    let options = Options {
        depth: if args.no_versions { Depth::Recordings } else { Depth::Full },
        label: config.label.clone(),
        jobs: args.jobs.map(usize::from),
    };
    let store = Store::open(&args.store.root)?;
    let Some(audit) = listen(&catalogue, split.as_ref(), &store, &options)? else {
        lines.line(interrupt::SENTENCE);
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    };
    print(&audit, split.as_ref())?;
    if let Some(path) = &args.json {
        write_atomically(path, (serde_json::to_string_pretty(&audit)? + "\n").as_bytes())?;
        say(&format!("wrote {}", path.display()))?;
    }
    if let Some(path) = &args.html {
        write_atomically(path, audit_page::html(&audit, &catalogue, split.as_ref())?.as_bytes())?;
        say(&format!("wrote {}", path.display()))?;
    }
    match (&args.fix, &split) {
        (Some(path), Some(split)) => fix(&audit, split, &catalogue, path)?,
        _ if audit.leaks().next().is_some() => return Ok(ExitCode::from(LEAKAGE)),
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The split that `text` names, a file or a kind; `config` becomes the split's own.
fn read_split(text: &str, catalogue: &Catalogue, config: &mut SplitConfig, seed: u64) -> Result<Split> {
    let file = Path::new(text);
    let kind = text.parse::<SplitKind>().ok();
    *config = match kind {
        Some(kind) => SplitConfig { kind, ..config.clone() },
        None if file.is_file() => split_file::config(file, config)?,
        None => {
            let kinds = SplitKind::ALL.map(|kind| kind.to_string()).join(", ");
            bail!("--split {text}: there is no such file, and the kinds of split are {kinds}")
        }
    };
    let selected = select(catalogue, config)?;
    let tracks = catalogue.tracks.iter().zip(&selected);
    let items: Vec<Item> =
        tracks.map(|(track, of)| Item::new(&track.id, of.label, of.group.as_ref())).collect();
    match kind {
        Some(_) => divide(catalogue, &items, config, seed),
        None => split_file::read(file, &items, &HashSet::new(), config, seed),
    }
}

fn listen(
    catalogue: &Catalogue,
    split: Option<&Split>,
    store: &Store,
    options: &Options,
) -> Result<Option<Audit>> {
    let cancel = interrupt::watch()?;
    let bar = Progress::new(0, "{msg:20} {bar:32} {pos}/{len}, {eta} left");
    let found = audit(catalogue, split, store, options, cancel, &|progress| {
        bar.set(progress.done as u64, progress.of as u64, || {
            match progress.stage {
                Stage::Reading => "reading files",
                Stage::Listening => "listening",
                Stage::Comparing => "comparing",
                Stage::Versions => "guessing versions",
            }
            .to_owned()
        });
    });
    bar.clear();
    Ok(found?)
}

fn print(audit: &Audit, split: Option<&Split>) -> Result<()> {
    let of = split.map_or_else(String::new, |split| {
        format!("; {} split of {} tracks", split.config().kind, split.rows().count())
    });
    say(&format!(
        "{}: {} tracks, {} of audio listened to{of}",
        audit.dataset,
        audit.tracks,
        duration(audit.seconds)
    ))?;
    for kind in [Kind::Proven, Kind::Passage, Kind::Version] {
        let pairs: Vec<&Pair> = audit.pairs.iter().filter(|pair| Kind::of(pair) == kind).collect();
        let crossing = pairs.iter().filter(|pair| pair.crosses()).count();
        let across = if split.is_some() { format!(", {crossing} across the split") } else { String::new() };
        say(&format!("\n{}: {}{across}", kind.heading(), counted(pairs.len(), "pair")))?;
        // What crosses first; the rest in its order.
        let (first, rest): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().copied().partition(|pair| pair.crosses());
        for pair in first.into_iter().chain(rest).take(LISTED) {
            say(&lines(pair))?;
        }
        more(pairs.len())?;
    }
    say(&format!("\nalbums of one artist that may be one: {}", counted(audit.albums.len(), "pair")))?;
    for album in audit.albums.iter().take(LISTED) {
        let mark = if album.crosses { "!" } else { " " };
        let alike = if album.names_alike { ", names alike" } else { "" };
        say(&format!(
            "{mark} {}: {} ({}) and {} ({}), {} on both{alike}",
            artists(album),
            album.first,
            counted(album.first_tracks, "track"),
            album.second,
            counted(album.second_tracks, "track"),
            counted(album.shared, "recording")
        ))?;
    }
    more(audit.albums.len())?;
    let names = crooner_report::plural(&audit.label);
    say(&format!("\n{names} that look alike: {}", counted(audit.labels.len(), "pair")))?;
    for pair in audit.labels.iter().take(LISTED) {
        let (one, other) = (counted(pair.first_tracks, "track"), counted(pair.second_tracks, "track"));
        say(&format!("  {:?} ({one}) and {:?} ({other}): {}", pair.first, pair.second, why(pair.why)))?;
    }
    more(audit.labels.len())?;
    if !audit.unreadable.is_empty() {
        say(&format!("\nnot listened to: {}", counted(audit.unreadable.len(), "track")))?;
        for track in audit.unreadable.iter().take(LISTED) {
            say(&format!("  {}", of_file(&track.track, &track.error)))?;
        }
        more(audit.unreadable.len())?;
    }
    say("")?;
    say(&verdict(audit))
}

/// The result in one sentence.
pub(super) fn verdict(audit: &Audit) -> String {
    let leaks = audit.leaks().count();
    match (&audit.split, leaks) {
        (None, _) => {
            let proven = audit.pairs.iter().filter(|pair| pair.found.is_proven()).count();
            format!("{} proven to be one recording; no split was given", counted(proven, "pair"))
        }
        (Some(_), 0) if audit.listened == 0 => {
            "nothing could be listened to: a recording may be on two sides of the split".to_owned()
        }
        (Some(_), 0) => "no recording was found on two sides of the split".to_owned(),
        (Some(_), n) => format!(
            "{} of one recording on two sides of the split: scores would be too good",
            counted(n, "pair")
        ),
    }
}

/// Whose two albums are, in both spellings where there are two.
pub(super) fn artists(album: &AlbumPair) -> String {
    let [first, second] = &album.artists;
    if first == second { first.clone() } else { format!("{first} / {second}") }
}

pub(super) fn why(names: NamesAlike) -> &'static str {
    match names {
        NamesAlike::Spelling => "spelt in two ways",
        NamesAlike::Order => "the same words in another order",
        NamesAlike::Letters => "a letter or two differ",
    }
}

fn more(n: usize) -> Result<()> {
    if n > LISTED { say(&format!("  and {} more: --json lists all", n - LISTED)) } else { Ok(()) }
}

/// How pairs are listed together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Proven,
    Passage,
    Version,
}

impl Kind {
    pub(super) fn of(pair: &Pair) -> Self {
        match pair.found {
            Found::IdenticalFile | Found::SameRecording(_) => Self::Proven,
            Found::SharedPassage(_) => Self::Passage,
            Found::ProbableVersion(_) => Self::Version,
        }
    }

    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Proven => "one recording (proven)",
            Self::Passage => "a passage in common (proven, but no duplicate)",
            Self::Version => "probable versions of one song (a guess: listen)",
        }
    }
}

/// A pair in three lines.
fn lines(pair: &Pair) -> String {
    let mark = if pair.crosses() { "!" } else { " " };
    let side = |n: usize| pair.sides[n].map(|side| format!("{:<10} ", side.to_string())).unwrap_or_default();
    let labels = if pair.labels[0] == pair.labels[1] {
        String::new()
    } else {
        format!("; labels differ: {:?} and {:?}", pair.labels[0], pair.labels[1])
    };
    format!(
        "{mark} {}{labels}\n    {}{}\n    {}{}",
        describe(&pair.found),
        side(0),
        pair.first,
        side(1),
        pair.second
    )
}

/// What two recordings have in common, in words.
pub(super) fn describe(found: &Found) -> String {
    match found {
        Found::IdenticalFile => "identical files".to_owned(),
        Found::SameRecording(alike) | Found::SharedPassage(alike) => {
            let mut parts = vec![format!("{:.0} % of the shorter is alike", 100.0 * alike.coverage)];
            let percent = 100.0 * (alike.speed - 1.0);
            if percent.abs() >= 0.15 {
                let word = if percent > 0.0 { "faster" } else { "slower" };
                parts.push(format!("the second is {:.1} % {word}", percent.abs()));
            }
            let offset = alike.first_seconds[0] - alike.speed * alike.second_seconds[0];
            if offset.abs() >= 0.1 {
                let [outer, inner] = if offset > 0.0 { ["first", "second"] } else { ["second", "first"] };
                parts.push(format!("the {inner} begins {:.1} s into the {outer}", offset.abs()));
            }
            parts.push(format!("by chance: less than 1 in 10^{:.0}", (-alike.log10_chance).floor()));
            parts.join(", ")
        }
        Found::ProbableVersion(version) => {
            let key = match version.semitones {
                0 => "in the same key".to_owned(),
                n => format!(
                    "the second {} {}",
                    counted(n.unsigned_abs() as usize, "semitone"),
                    if n > 0 { "higher" } else { "lower" }
                ),
            };
            format!("harmonies alike for {:.0} % of the shorter, {key}", 100.0 * version.score.min(1.0))
        }
    }
}

/// `1 pair`, `2 pairs`.
pub(super) fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {}", crooner_report::plural(noun)) }
}

fn check_target(path: &Path, overwrite: bool) -> Result<()> {
    if !["json", "csv", "parquet"].iter().any(|known| path.extension().is_some_and(|found| found == *known)) {
        bail!(
            "--fix {}: the name must end in .json, .csv or .parquet, which says how to write it",
            path.display()
        );
    }
    if path.exists() && !overwrite {
        bail!("--fix {}: it is there already; --overwrite replaces it", path.display());
    }
    Ok(())
}

/// Writes the split without leaks, and says what moved.
fn fix(audit: &Audit, split: &Split, catalogue: &Catalogue, path: &Path) -> Result<()> {
    let (mended, moved) = mend(audit, split)?;
    let bytes = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => (serde_json::to_string_pretty(&mended)? + "\n").into_bytes(),
        Some("csv") => super::split::table(catalogue, std::slice::from_ref(&mended)).to_csv(),
        Some("parquet") => super::split::table(catalogue, std::slice::from_ref(&mended)).to_parquet(path)?,
        _ => return Err(anyhow!("--fix {}: expected .json, .csv or .parquet", path.display())),
    };
    write_atomically(path, &bytes)?;
    say(&format!("\n{}:", counted_moved(&moved)))?;
    for Moved { track, from, to } in moved.iter().take(LISTED) {
        say(&format!("  {from} -> {to}  {track}"))?;
    }
    more(moved.len())?;
    for note in mended.notes() {
        say(&format!("note: {note}"))?;
    }
    say(&format!("wrote {}; crooner train --split-file {} trains on it", path.display(), path.display()))
}

fn counted_moved(moved: &[Moved]) -> String {
    format!("moved {} so that every recording is on one side", counted(moved.len(), "track"))
}
