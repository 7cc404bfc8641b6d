//! What the targets share: a place for files, and which panics count.

pub mod ogg;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder in memory where there is one, of this process alone.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("crooner-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the input");
        folder
    });
    &FOLDER
}

/// Writes `bytes` to the file `name` of [`folder`], and says where it is.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("a folder for the input");
    }
    fs::write(&path, bytes).expect("room for the input");
    path
}

/// libFuzzer's hook makes every panic a finding, also one that is caught. Here a panic within crooner always is; one
/// within a dependency is a finding only if nothing catches it (crooner-audio, for one, promises to).
pub fn let_dependencies_panic_where_it_is_caught() {
    std::panic::set_hook(Box::new(|info| {
        let ours = info.location().is_some_and(|place| place.file().contains("/crooner-"));
        if ours || std::env::var_os("CROONER_FUZZ_PANICS").is_some() {
            eprintln!("{info}");
        }
        if ours {
            std::process::abort();
        }
    }));
}
