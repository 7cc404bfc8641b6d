//! The name of a split's content.

use crate::check::Row;
use crate::{Item, SplitKind};

/// Version of the split algorithm and of its file. It changes whenever the same items, configuration and
/// seed would give another split.
pub const SPLIT_VERSION: u32 = 1;

/// BLAKE3, in 64 hexadecimal digits, of the text
///
/// ```text
/// crooner-split v1\n
/// KIND\n
/// SIDE\tLEN:ID\tLEN:LABEL\tLEN:GROUP\n      for every track, sorted by id
/// ```
///
/// where LEN counts the bytes that follow, so that no name can imitate another row.
pub(crate) fn fingerprint(kind: SplitKind, sorted_rows: &[Row]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("crooner-split v{SPLIT_VERSION}\n{kind}\n").as_bytes());
    for Row { item: Item { id, label, group }, side } in sorted_rows {
        let [n_id, n_label, n_group] = [id, label, group].map(String::len);
        let line = format!("{side}\t{n_id}:{id}\t{n_label}:{label}\t{n_group}:{group}\n");
        hasher.update(line.as_bytes());
    }
    hasher.finalize().to_string()
}
