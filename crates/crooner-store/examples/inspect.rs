//! Lists the tracks of a store and how long they are: `cargo run --example inspect -- STORE`.

use std::error::Error;
use std::io::{Write, stdout};

use crooner_store::{Shard, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args_os().nth(1).ok_or("usage: inspect STORE")?;
    let mut out = stdout().lock();
    for path in Store::open(root)?.shards()? {
        let shard = Shard::open(&path)?;
        let header = shard.header();
        writeln!(out, "{}: {header}", path.display())?;
        for track in shard.tracks() {
            let seconds = track.duration_seconds(header.sample_rate_hz);
            let seconds = seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.2} s"));
            let error = track.error.as_deref().unwrap_or_default();
            writeln!(out, "  {:7} frames {seconds:>10}  {}  {error}", track.n_frames, track.id)?;
        }
    }
    Ok(())
}
