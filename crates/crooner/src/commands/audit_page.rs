//! What an audit found as a page, with spectrograms.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use crooner_audit::{Audit, Found, Pair};
use crooner_datasets::Catalogue;
use crooner_features::{FeatureConfig, LogMelConfig};
use crooner_report::picture::{HeatMap, Layout, heat_map};
use crooner_report::{PairsPage, PairsSection, PicturedPair, PlainTable, Svg, pairs_html};
use crooner_split::Split;

use super::audit::{Kind, artists, counted, describe, verdict, why};
use crate::pictures::{Axis, samples_of};
use crate::progress::duration;

/// Pairs whose pictures are drawn, those across the split first; all others are in the page without.
const PICTURED: usize = 60;
/// How much of each recording is drawn.
const SECONDS: f64 = 10.0;

pub(super) fn html(audit: &Audit, catalogue: &Catalogue, split: Option<&Split>) -> Result<String> {
    let paths: HashMap<&str, &Path> =
        catalogue.tracks.iter().map(|track| (track.id.as_str(), track.path.as_path())).collect();
    let mut order: Vec<&Pair> = audit.pairs.iter().collect();
    order.sort_by_key(|pair| !pair.crosses());
    let pictured: Vec<&Pair> = order.iter().copied().take(PICTURED).collect();
    let mut sections = Vec::new();
    for kind in [Kind::Proven, Kind::Passage, Kind::Version] {
        let pairs = order.iter().filter(|pair| Kind::of(pair) == kind);
        let pairs: Vec<PicturedPair> = pairs
            .map(|pair| pictured_pair(pair, &paths, pictured.iter().any(|other| std::ptr::eq(*other, *pair))))
            .collect::<Result<_>>()?;
        let paragraphs = if pairs.is_empty() { "None was found." } else { intro(kind) };
        let heading = capital(kind.heading());
        sections.push(PairsSection { heading, paragraphs: vec![paragraphs.to_owned()], table: None, pairs });
    }
    sections.push(albums(audit));
    sections.push(labels(audit));
    if !audit.unreadable.is_empty() {
        sections.push(unreadable(audit));
    }
    let mut facts = vec![
        ("Data set".to_owned(), audit.dataset.clone()),
        ("Tracks".to_owned(), audit.tracks.to_string()),
        ("Listened to".to_owned(), format!("{} tracks, {}", audit.listened, duration(audit.seconds))),
    ];
    if let Some(split) = split {
        facts.push((
            "Split".to_owned(),
            format!("{}, of {} tracks", split.config().kind, split.rows().count()),
        ));
        facts.push(("Fingerprint of the split".to_owned(), split.fingerprint()[..16].to_owned()));
    }
    if audit.pairs.len() > PICTURED {
        facts.push(("Pairs drawn".to_owned(), format!("{PICTURED} of {}", audit.pairs.len())));
    }
    Ok(pairs_html(&PairsPage {
        title: format!("{} · crooner audit", audit.dataset),
        kicker: "crooner · leakage audit".to_owned(),
        heading: audit.dataset.clone(),
        lead: capital(&verdict(audit)) + ".",
        facts,
        sections,
    }))
}

fn intro(kind: Kind) -> &'static str {
    match kind {
        Kind::Proven => {
            "These are one recording, whatever their names say: the files are equal, or their spectral peaks coincide far \
             more often than chance explains. A classifier that has trained on one has heard the other. Below are ten \
             seconds of both, from where they begin to be alike."
        }
        Kind::Passage => {
            "Some of the audio is the same, but less than half of the shorter recording: a sample, a jingle, a medley, or two \
             excerpts that overlap. Whether that is a leak is for a person to say."
        }
        Kind::Version => {
            "Their harmonies run alike, perhaps in another key or tempo: the same song, or merely a common sequence of chords. \
             A guess: listen before you believe it."
        }
    }
}

fn pictured_pair(pair: &Pair, paths: &HashMap<&str, &Path>, draw: bool) -> Result<PicturedPair> {
    let crosses = if pair.crosses() { "across the split: " } else { "" };
    let heading = match &pair.found {
        Found::IdenticalFile => "identical files",
        Found::SameRecording(_) => "the same recording",
        Found::SharedPassage(_) => "a shared passage",
        Found::ProbableVersion(_) => "a probable version",
    };
    let starts = match &pair.found {
        Found::IdenticalFile => [0.0, 0.0],
        Found::SameRecording(alike) | Found::SharedPassage(alike) => {
            [alike.first_seconds[0], alike.second_seconds[0]]
        }
        Found::ProbableVersion(version) => [version.first_seconds[0], version.second_seconds[0]],
    };
    let mut text = match pair.found {
        Found::IdenticalFile => "Byte by byte.".to_owned(),
        _ => capital(&describe(&pair.found)) + ".",
    };
    if let Found::SameRecording(alike) | Found::SharedPassage(alike) = &pair.found {
        text += &format!(
            " {} of {} spectral peaks coincide, of which chance explains {:.0} %.",
            alike.agreeing,
            alike.peaks,
            100.0 * alike.chance
        );
    }
    if pair.labels[0] != pair.labels[1] {
        text += &format!(" They have different labels: {} and {}.", pair.labels[0], pair.labels[1]);
    }
    let recording = |n: usize, id: &str| -> Result<(String, Option<Svg>)> {
        let side = pair.sides[n].map(|side| format!(" ({side})")).unwrap_or_default();
        let start = starts[n].max(0.0);
        let svg = match paths.get(id) {
            Some(path) if draw => {
                Some(spectrogram(path, start).with_context(|| format!("cannot draw {id}"))?)
            }
            _ => None,
        };
        Ok((format!("{id}{side}, from {start:.1} s"), svg))
    };
    Ok(PicturedPair {
        heading: capital(&format!("{crosses}{heading}")),
        is_warning: pair.crosses(),
        text,
        recordings: [recording(0, &pair.first)?, recording(1, &pair.second)?],
    })
}

/// The log-mel spectrogram of ten seconds, relative to its loudest value, so that gain does not show.
fn spectrogram(path: &Path, start: f64) -> Result<Svg> {
    let config = FeatureConfig::LogMel(LogMelConfig { n_mels: 96, ..LogMelConfig::default() });
    let rate = f64::from(config.sample_rate());
    let (first, wanted) = ((start * rate) as usize, (SECONDS * rate) as usize);
    let (mut samples, _) = samples_of(path, config.sample_rate(), first, Some(wanted))?;
    // What is shorter is followed by silence, so that both pictures have one scale of time.
    samples.resize(wanted, 0.0);
    let mut values = config.frames(&samples)?.into_values();
    let loudest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    values.iter_mut().for_each(|db| *db = (*db - loudest).max(-80.0));
    let axis = Axis::of(&config)?;
    let map = HeatMap {
        what: "Log-mel spectrogram",
        values: &values,
        n_bins: config.n_bins(),
        first_seconds: start,
        hop_seconds: config.hop_length() as f64 / rate,
        rows: axis.rows(),
        levels: axis.levels,
    };
    Ok(heat_map(&map, &Layout { width: 352, height: 230, ..Layout::default() })?)
}

fn albums(audit: &Audit) -> PairsSection {
    let table = PlainTable {
        caption: "Albums that share at least half of the shorter one's recordings, or have one name but for the edition.".into(),
        columns: [("Artist", false), ("Album", false), ("Tracks", true), ("Other album", false), ("Tracks", true), ("On both", true), ("Names alike", false), ("Across the split", false)]
            .map(|(name, is_number)| (name.to_owned(), is_number))
            .to_vec(),
        rows: audit
            .albums
            .iter()
            .map(|pair| {
                vec![
                    artists(pair),
                    pair.first.clone(),
                    pair.first_tracks.to_string(),
                    pair.second.clone(),
                    pair.second_tracks.to_string(),
                    pair.shared.to_string(),
                    yes(pair.names_alike),
                    yes(pair.crosses),
                ]
            })
            .collect(),
    };
    section("Albums that may be one", "Every album is by itself.", table)
}

fn labels(audit: &Audit) -> PairsSection {
    let names = crooner_report::plural(&audit.label);
    let table = PlainTable {
        caption: "A class that is spelt in two ways is two classes to a classifier.".to_owned(),
        columns: [("One", false), ("Tracks", true), ("Other", false), ("Tracks", true), ("Why", false)]
            .map(|(name, is_number)| (name.to_owned(), is_number))
            .to_vec(),
        rows: audit
            .labels
            .iter()
            .map(|pair| {
                vec![
                    pair.first.clone(),
                    pair.first_tracks.to_string(),
                    pair.second.clone(),
                    pair.second_tracks.to_string(),
                    why(pair.why).to_owned(),
                ]
            })
            .collect(),
    };
    section(&format!("{} that look alike", capital(&names)), "No two are alike.", table)
}

fn unreadable(audit: &Audit) -> PairsSection {
    let table = PlainTable {
        caption: format!(
            "{} could not be listened to, and may be anything.",
            counted(audit.unreadable.len(), "track")
        ),
        columns: vec![("Track".to_owned(), false), ("Why".to_owned(), false)],
        rows: audit.unreadable.iter().map(|track| vec![track.track.clone(), track.error.clone()]).collect(),
    };
    section("What could not be listened to", "", table)
}

fn section(heading: &str, none: &str, table: PlainTable) -> PairsSection {
    let is_empty = table.rows.is_empty();
    PairsSection {
        heading: heading.to_owned(),
        paragraphs: if is_empty { vec![none.to_owned()] } else { Vec::new() },
        table: (!is_empty).then_some(table),
        pairs: Vec::new(),
    }
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
