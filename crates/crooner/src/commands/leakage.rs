//! The part of the audit that `crooner train` does.

use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use crooner_audit::{Depth, Options, audit};
use crooner_datasets::Catalogue;
use crooner_split::Split;
use crooner_store::Store;

use super::audit::{counted, describe};
use crate::progress::Progress;

/// Looks for recordings on two sides of `split`: files by their bytes, which the store knows already, and recordings if
/// `crooner audit` has left the fingerprints of all of them. Returns what the report must say.
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
    let options = Options { depth: Depth::Cached, label: split.config().label.clone(), ..Options::default() };
    // Whoever interrupts is heard by the training that follows.
    let Some(audit) = audit(catalogue, Some(split), store, &options, cancel, &|_| {})? else {
        return Ok(Vec::new());
    };
    let looked =
        if audit.listened > 0 { "files and recordings" } else { "files only; `crooner audit` listens too" };
    let leaks: Vec<_> = audit.leaks().collect();
    let Some(first) = leaks.first() else {
        lines.line(&format!("leakage    none found ({looked})"));
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
