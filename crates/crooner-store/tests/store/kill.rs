//! A preparation that is killed, again and again, ends up where an undisturbed one does.
//!
//! `CROONER_STORE_KILLS=200` kills that often; the usual number is small.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crooner_store::{FrontEnd, PrepareOptions, Shard, Store};
use tempfile::tempdir;

use crate::common::{assert_same, catalogue, collection, prepare_as, tree};

const CHILD: &str = "CROONER_STORE_KILL_CHILD";
const NAME: &str = "kill::kills_do_not_show";
/// How many processes to kill in all, if not [`KILLS`].
const KILLS_VARIABLE: &str = "CROONER_STORE_KILLS";
const KILLS: usize = 24;
/// How many of them one store goes through.
const KILLS_OF_A_STORE: usize = 3;
const OPTIONS: PrepareOptions = PrepareOptions { jobs: Some(2), shard: None, verify: false };

/// With features large enough that a kill can fall into the writing of a shard: 2 MB for eight tracks.
fn config() -> FrontEnd {
    serde_json::from_str(r#"{"log-mel": {"n_mels": 512, "hop_length": 32}}"#).unwrap()
}

/// Runs this test again in a process of its own, where it only prepares.
fn child(music: &Path, root: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(CHILD, std::env::join_paths([music, root]).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[expect(clippy::print_stdout, reason = "a long run tells what it did")]
fn kills_do_not_show() {
    if let Some(paths) = std::env::var_os(CHILD) {
        let mut paths = std::env::split_paths(&paths);
        let (music, root) = (paths.next().unwrap(), paths.next().unwrap());
        prepare_as(&config(), &root, &catalogue(&music), &OPTIONS).unwrap();
        return;
    }

    let music = tempdir().unwrap();
    let catalogue = collection(music.path());
    let undisturbed = tempdir().unwrap();
    let start = Instant::now();
    assert!(child(music.path(), undisturbed.path()).wait().unwrap().success());
    let whole = start.elapsed();

    let kills = std::env::var(KILLS_VARIABLE).map_or(KILLS, |kills| kills.parse().unwrap());
    let (mut killed, mut intact) = (0, 0);
    let mut seed = 20_260_101_u32;
    for first in (0..kills).step_by(KILLS_OF_A_STORE) {
        let root = tempdir().unwrap();
        for _ in first..kills.min(first + KILLS_OF_A_STORE) {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut child = child(music.path(), root.path());
            sleep(Duration::from_secs_f64(whole.as_secs_f64() * f64::from(seed >> 8) / f64::from(1 << 24)));
            killed += usize::from(child.try_wait().unwrap().is_none());
            // SIGKILL on Unix. Killing what has ended is no error.
            child.kill().unwrap();
            child.wait().unwrap();
            // Whatever is there is whole.
            let shards = Store::open(root.path()).unwrap().shards().unwrap();
            for shard in shards {
                Shard::open(&shard).unwrap().verify().unwrap();
                intact += 1;
            }
        }
        // What a writer that died half-way leaves, in case no kill hit that moment.
        let temp = root.path().join(".tmp");
        fs::create_dir_all(&temp).unwrap();
        fs::write(temp.join("left"), "half").unwrap();
        prepare_as(&config(), root.path(), &catalogue, &OPTIONS).unwrap();
        assert!(tree(root.path()).keys().all(|name| !name.starts_with(".tmp/")));
        assert_same(undisturbed.path(), root.path());
        Store::open(root.path()).unwrap().features(&catalogue, &config()).unwrap().verify().unwrap();
    }
    assert!(killed > 0, "every process was faster than its kill");
    println!("{kills} kills, {killed} of them before the end; {intact} shards found, all intact");
}
