//! Any bytes, read as a table: CSV, TSV, Parquet or JSON Lines.

#![no_main]

use crooner_datasets::{Request, Table, find};
use crooner_fuzz::{file, let_dependencies_panic_where_it_is_caught};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 4] = ["table.csv", "table.tsv", "table.parquet", "table.jsonl"];

fuzz_target!(init: let_dependencies_panic_where_it_is_caught(), |bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else { return };
    let path = file(NAMES[usize::from(*which) % NAMES.len()], content);
    match Table::read(&path) {
        Ok(table) => {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
            // What we write is what we read, if a header is told from a row at all.
            if !table.columns.is_empty() {
                let again = Table::read(&file("again.csv", &table.to_csv())).expect("our own CSV");
                assert_eq!(again, table);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let request = Request::default().with_root(path);
    if let Err(error) = find("table").and_then(|set| set.open(&request)) {
        assert!(!error.to_string().is_empty());
    }
});
