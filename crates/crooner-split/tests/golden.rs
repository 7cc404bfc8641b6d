//! Splits made by `golden/generate_reference.py`, which shares no code with this crate: a seed gives the
//! same split on every platform and in every version.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crooner_split::{Item, Split, SplitConfig, SplitKind};

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

/// (genre, band) catalogues of `golden/generate_kinds.py`: bands of one genre each, and bands of two.
#[test]
fn other_kinds_equal_the_reference() {
    let genre = |kind| SplitConfig::new(kind).with_label("genre").with_group("artist");
    let configs = [
        genre(SplitKind::Group),
        genre(SplitKind::Group).with_fold(0, 3),
        genre(SplitKind::Hash),
        genre(SplitKind::FewShot).with_shots(3),
    ];
    for part in ["nested", "crossing"] {
        let table: Vec<Vec<&str>> = include_str!("golden/kinds.tsv")
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .filter(|row| row[0] == part)
            .collect();
        let items: Vec<_> = table.iter().map(|row| Item::new(row[1], row[2], row[3])).collect();
        for (k, config) in configs.iter().enumerate() {
            for (s, seed) in [0, 42].into_iter().enumerate() {
                let split = Split::new(&items, config, seed).unwrap();
                for row in &table {
                    let found = split.side_of(row[1]).unwrap().to_string();
                    assert_eq!(found, row[4 + 2 * k + s], "{part} {} seed {seed}: {}", config.kind, row[1]);
                }
            }
        }
    }
}
