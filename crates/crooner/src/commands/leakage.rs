//! The part of the audit that `crooner train` does.

use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use crooner_audit::{Depth, Options, audit};
use crooner_datasets::{Catalogue, Content};
use crooner_split::Split;
use crooner_store::Store;

use super::audit::{counted, describe};
use crate::progress::Progress;

/// Looks for recordings on two sides of `split`. Fingerprints take about a thousandth of the music's length once, and
/// stay in the store; versions are left to `crooner audit`. Returns what the report must say.
///
/// # Errors
///
/// A sentence that names a pair, unless leakage is allowed.
pub(super) fn check(
    catalogue: &Catalogue,
    split: &Split,
    store: &Store,
    is_allowed: bool,
    cancel: &AtomicBool,
    lines: &Progress,
) -> Result<Vec<String>> {
    if catalogue.content == Content::Segments {
        lines.line("leakage    not looked for: there is no audio to listen to");
        let remark = "Nothing was listened to, as the data set has no audio: a recording may be on two sides of the split.";
        return Ok(vec![remark.to_owned()]);
    }
    let options =
        Options { depth: Depth::Recordings, label: split.config().label.clone(), ..Options::default() };
    let bar = Progress::new(0, "{msg} {bar:32} {pos}/{len}, {eta} left");
    let found = audit(catalogue, Some(split), store, &options, cancel, &|progress| {
        bar.set(progress.done as u64, progress.of as u64, || "leakage".to_owned());
    });
    bar.clear();
    // Whoever interrupts is heard by the training that follows.
    let Some(audit) = found? else { return Ok(Vec::new()) };
    let leaks: Vec<_> = audit.leaks().collect();
    let Some(first) = leaks.first() else {
        lines.line(&format!("leakage    none found among {}", counted(audit.listened, "track")));
        return Ok(Vec::new());
    };
    let found = format!(
        "{} of one recording on two sides of the split, such as {:?} and {:?} ({})",
        counted(leaks.len(), "pair"),
        first.first,
        first.second,
        describe(&first.found)
    );
    if !is_allowed {
        bail!(
            "{found}: `crooner audit --split ... --fix FILE` moves them to one side, --allow-leakage trains all the same"
        );
    }
    let remark = format!("There are {found}: the scores are too good. It was trained with --allow-leakage.");
    lines.line(&format!("note: {remark}"));
    Ok(vec![remark])
}
