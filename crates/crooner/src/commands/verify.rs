//! `crooner evaluate --trials`: whether two recordings are of one artist, by the directions of their embeddings.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use crooner_datasets::{Catalogue, Trial, trials};
use crooner_train::Listener;
use crooner_train::verification::{DetectionCost, ScoredPair, Verification};
use serde_json::json;

use super::listening::listen_to_tracks;
use super::model::{Model, TrainedOn};
use super::scores::shown;
use super::sources::catalogue;
use crate::backend::Backend;
use crate::cli::EvaluateArgs;
use crate::experiment::DatasetConfig;
use crate::progress::Progress;
use crate::{interrupt, report, say};

pub(super) fn run(args: &EvaluateArgs, dataset: &DatasetConfig, list_of_pairs: &Path) -> Result<ExitCode> {
    let backend = Backend::find(&args.backend.name)?;
    let model = Model::find(&args.run)?;
    let learnt = learnt_from(&model, dataset)?;
    let classifier = model.load(backend.open()?)?;
    let label = args.label.as_ref().unwrap_or(&classifier.info().label);
    let catalogue = catalogue(dataset, &args.store.root, &Progress::hidden())?;
    let class_of = classes(&catalogue, label)?;
    let pairs = trials(list_of_pairs, &catalogue)?;
    check(&pairs, &class_of, list_of_pairs)?;

    let wanted: BTreeSet<&str> =
        pairs.iter().flat_map(|pair| [pair.first.as_str(), pair.second.as_str()]).collect();
    let tracks: Vec<_> = catalogue.tracks.iter().filter(|track| wanted.contains(track.id.as_str())).collect();
    let mut embeddings = HashMap::new();
    let complete = listen_to_tracks(&classifier, Listener::embed, &tracks, |track, embedding| {
        embeddings.insert(track.id.clone(), embedding);
    })?;
    if !complete {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }

    let labels: BTreeSet<&str> = pairs.iter().map(|pair| class_of[pair.first.as_str()]).collect();
    let numbers: HashMap<&str, usize> = labels.into_iter().zip(0..).collect();
    let scored: Vec<ScoredPair> = pairs
        .iter()
        .filter_map(|pair| {
            let [first, second] = [&pair.first, &pair.second].map(|id| embeddings.get(id));
            let score = cosine(first?, second?);
            let cluster = numbers[class_of[pair.first.as_str()]];
            Some(ScoredPair { score, is_same: pair.same, cluster })
        })
        .collect();
    let cost = DetectionCost::default();
    let Some(verification) = Verification::of(&scored, cost, classifier.info().seed) else {
        bail!(
            "{}: expected pairs of either kind, found {} of one {label} and {} of two among those that could be read",
            list_of_pairs.display(),
            scored.iter().filter(|pair| pair.is_same).count(),
            scored.iter().filter(|pair| !pair.is_same).count()
        );
    };
    let either = |is: &dyn Fn(&String) -> bool| {
        pairs.iter().filter(|pair| is(&pair.first) || is(&pair.second)).count()
    };
    let known: BTreeSet<&str> = classifier.info().labels.iter().map(String::as_str).collect();
    let found = Found {
        verification,
        n_recordings: embeddings.len(),
        n_left_out: pairs.len() - scored.len(),
        n_of_known: either(&|id| known.contains(class_of[id.as_str()])),
        n_learnt_from: either(&|id| learnt.contains(id)),
    };
    if args.json {
        found.print_json(cost)?;
    } else {
        found.print(label, cost)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What came of the list.
struct Found {
    verification: Verification,
    n_recordings: usize,
    /// Pairs with a recording that could not be read.
    n_left_out: usize,
    /// Pairs with a recording of a class that the network was trained to tell apart.
    n_of_known: usize,
    /// Pairs with a recording that it was trained or validated on.
    n_learnt_from: usize,
}

impl Found {
    fn print(&self, label: &str, cost: DetectionCost) -> Result<()> {
        let Verification { n_same, n_other, n_clusters, eer, min_dcf } = self.verification;
        let labels = crooner_report::plural(label);
        say(&format!(
            "\npairs      {} ({n_same} of one {label}, {n_other} of two) of {} recordings, by the cosine of their embeddings; \
             [95 % interval over the {n_clusters} {labels} of the first of each]",
            n_same + n_other,
            self.n_recordings
        ))?;
        say(&format!("EER        {}", shown(eer)))?;
        let DetectionCost { p_same, miss, false_alarm } = cost;
        say(&format!(
            "minDCF     {} (P(same) = {p_same}, a miss costs {miss}, a false alarm {false_alarm})",
            shown(min_dcf)
        ))?;
        say("chance     0.500 EER, 1.000 minDCF")?;
        let known = format!("of {labels} that the network was trained to tell apart: others may be harder");
        for (n, what) in [
            (self.n_left_out, "left out, of recordings that cannot be read"),
            (self.n_of_known, known.as_str()),
            (self.n_learnt_from, "of recordings that it was trained or validated on: this flatters it"),
        ] {
            if n > 0 {
                say(&format!("note: {n} pair(s) {what}"))?;
            }
        }
        Ok(())
    }

    fn print_json(&self, cost: DetectionCost) -> Result<()> {
        let Verification { n_same, n_other, n_clusters, eer, min_dcf } = self.verification;
        let scores = json!({
            "pairs": {
                "same": n_same,
                "other": n_other,
                "left_out": self.n_left_out,
                "of_known": self.n_of_known,
                "learnt_from": self.n_learnt_from,
            },
            "recordings": self.n_recordings,
            "clusters": n_clusters,
            "eer": report::score(eer),
            "min_dcf": report::score(min_dcf),
            "cost": { "p_same": cost.p_same, "miss": cost.miss, "false_alarm": cost.false_alarm },
            "chance": { "eer": 0.5, "min_dcf": 1.0 },
        });
        say(&serde_json::to_string_pretty(&scores)?)
    }
}

/// The class of each track.
fn classes<'a>(catalogue: &'a Catalogue, label: &str) -> Result<HashMap<&'a str, &'a str>> {
    let selected = catalogue.select_label(label, "album")?;
    let ids = catalogue.tracks.iter().map(|track| track.id.as_str());
    Ok(ids.zip(selected.iter().map(|selected| selected.label)).collect())
}

/// That the list says the same of its pairs as the data set does.
fn check(pairs: &[Trial], class_of: &HashMap<&str, &str>, path: &Path) -> Result<()> {
    let is_same = |pair: &Trial| class_of.get(pair.first.as_str()) == class_of.get(pair.second.as_str());
    let wrong: Vec<&Trial> = pairs.iter().filter(|pair| pair.same != is_same(pair)).collect();
    if let Some(first) = wrong.first() {
        bail!(
            "{}: {} pairs are said to be {} and are not by the data set, such as {} and {}",
            path.display(),
            wrong.len(),
            if first.same { "the same" } else { "different" },
            first.first,
            first.second
        );
    }
    Ok(())
}

/// Ids of what a run was trained or validated on, if that was of this data set.
fn learnt_from(model: &Model, dataset: &DatasetConfig) -> Result<BTreeSet<String>> {
    let Some(TrainedOn { split, .. }) = model.trained_on()?.filter(|run| run.dataset == *dataset) else {
        return Ok(BTreeSet::new());
    };
    let learnt = split.train().iter().chain(split.validation());
    Ok(learnt.map(|item| item.id.clone()).collect())
}

/// 0 where there is no direction.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths == 0.0 { 0.0 } else { dot(a, b) / lengths }
}
