//! The index lists every track of the catalogue.

use std::fs::{self, File};

use crooner_store::{PrepareOptions, Shard, Store};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use tempfile::tempdir;

use crate::common::{N_TRACKS, collection, config, prepare};

#[test]
fn every_row_points_at_its_track() {
    let (music, root) = (tempdir().unwrap(), tempdir().unwrap());
    let catalogue = collection(music.path());
    fs::write(&catalogue.tracks[4].path, "no music").unwrap();
    prepare(root.path(), &catalogue, &PrepareOptions::default()).unwrap();

    let store = Store::open(root.path()).unwrap();
    let index = store.index_path(&catalogue, &config()).unwrap();
    let name = index.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("index-test-") && name.ends_with(".parquet"), "{name}");
    let reader = SerializedFileReader::new(File::open(&index).unwrap()).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), N_TRACKS);
    for (at, (row, track)) in rows.iter().zip(&catalogue.tracks).enumerate() {
        assert_eq!(row.get_string(0).unwrap(), &track.id);
        assert_eq!(row.get_string(1).unwrap(), &track.artist);
        assert_eq!(row.get_string(2).unwrap(), &track.album);
        assert_eq!(row.get_string(3).unwrap(), &track.title);
        let shard = Shard::open(&index.with_file_name(row.get_string(4).unwrap())).unwrap();
        let stored = &shard.tracks()[row.get_long(5).unwrap() as usize];
        assert_eq!(stored.id, track.id);
        assert_eq!(row.get_long(6).unwrap() as usize, stored.n_frames);
        assert_eq!(row.get_long(7).unwrap() as u64, stored.n_samples);
        assert_eq!(row.get_double(8).unwrap(), stored.n_samples as f64 / 16_000.0);
        assert_eq!(row.get_long(9).unwrap(), 0);
        assert_eq!(row.get_string(10).ok(), stored.error.as_ref());
        assert_eq!(stored.error.is_some(), at == 4);
    }
}
