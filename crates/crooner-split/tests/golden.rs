//! Splits made by `golden/generate_reference.py`, which shares no code with this crate: a seed gives the
//! same split on every platform and in every version.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crooner_split::{Item, Split, SplitConfig};

struct Column {
    config: SplitConfig,
    seed: u64,
    sides: Vec<String>,
    fingerprint: String,
}

/// The catalogue and one column for each kind and seed.
fn reference() -> (Vec<Item>, Vec<Column>) {
    let mut table: Vec<Vec<&str>> =
        include_str!("golden/splits.tsv").lines().map(|line| line.split('\t').collect()).collect();
    let header = table.remove(0);
    let fingerprints = table.pop().unwrap();
    assert_eq!(fingerprints[0], "fingerprint");
    let items = table.iter().map(|row| Item::new(row[0], row[1], row[2])).collect();
    let columns = (3..header.len())
        .map(|c| {
            let (kind, seed) = header[c].split_once(' ').unwrap();
            Column {
                config: SplitConfig::new(kind.parse().unwrap()),
                seed: seed.parse().unwrap(),
                sides: table.iter().map(|row| row[c].to_owned()).collect(),
                fingerprint: fingerprints[c].to_owned(),
            }
        })
        .collect();
    (items, columns)
}

#[test]
fn splits_equal_the_reference() {
    let (items, columns) = reference();
    assert_eq!((items.len(), columns.len()), (95, 8));
    for column in columns {
        let split = Split::new(&items, &column.config, column.seed).unwrap();
        let sides: Vec<_> = items.iter().map(|item| split.side_of(&item.id).unwrap().to_string()).collect();
        assert_eq!(sides, column.sides, "{} {}", column.config.kind, column.seed);
        assert_eq!(split.fingerprint(), column.fingerprint, "{} {}", column.config.kind, column.seed);
    }
}
