//! The name of a split's content.

use crate::SplitKind;
use crate::check::Row;

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
    let mut text = format!("crooner-split v{SPLIT_VERSION}\n{kind}\n");
    for row in sorted_rows {
        text.push_str(&row.side.to_string());
        for field in [&row.item.id, &row.item.label, &row.item.group] {
            text.push_str(&format!("\t{}:{field}", field.len()));
        }
        text.push('\n');
    }
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
