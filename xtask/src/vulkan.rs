//! A Vulkan driver that needs no GPU, so that the wgpu backend is tested on every machine.
//!
//! A driver is a JSON manifest (ICD) that the Vulkan loader reads from `VK_ICD_FILENAMES`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use anyhow::{Context, Result};

/// Names the driver to the Vulkan loader.
pub(crate) const ICD_VARIABLE: &str = "VK_ICD_FILENAMES";

/// What to install where there is no driver.
pub(crate) const HOW_TO_INSTALL: &str =
    "apt-get install chromium-common libvulkan1 (or mesa-vulkan-drivers), or set VK_ICD_FILENAMES";

/// The value of [`ICD_VARIABLE`] for the tests: the user's own choice, else a software driver of the system.
pub(crate) fn find_driver() -> Result<Option<OsString>> {
    match env::var_os(ICD_VARIABLE) {
        Some(chosen) if !chosen.is_empty() => Ok(Some(chosen)),
        _ => Ok(find_software_driver(Path::new("/"))?.map(PathBuf::into_os_string)),
    }
}

/// SwiftShader, from Debian's chromium-common, before mesa's llvmpipe: it runs the tests faster.
fn find_software_driver(root: &Path) -> Result<Option<PathBuf>> {
    let swiftshader = root.join("usr/lib/chromium/vk_swiftshader_icd.json");
    if swiftshader.is_file() {
        return Ok(Some(swiftshader));
    }
    let folder = root.join("usr/share/vulkan/icd.d");
    let read = |folder: &Path| -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let manifests = match read(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        manifests => manifests.with_context(|| format!("could not list {}", folder.display()))?,
    };
    let is_llvmpipe = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("lvp_icd") && name.ends_with(".json")
    };
    Ok(manifests.into_iter().filter(is_llvmpipe).min())
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn swiftshader_comes_before_llvmpipe_and_other_drivers_do_not_count() {
        let root = env::temp_dir().join(format!("xtask-vulkan-{}", process::id()));
        let icd = root.join("usr/share/vulkan/icd.d");
        let chromium = root.join("usr/lib/chromium");
        assert_eq!(find_software_driver(&root).unwrap(), None);

        fs::create_dir_all(&icd).unwrap();
        fs::write(icd.join("intel_icd.x86_64.json"), "").unwrap();
        assert_eq!(find_software_driver(&root).unwrap(), None);

        fs::write(icd.join("lvp_icd.x86_64.json"), "").unwrap();
        assert_eq!(find_software_driver(&root).unwrap(), Some(icd.join("lvp_icd.x86_64.json")));

        fs::create_dir_all(&chromium).unwrap();
        fs::write(chromium.join("vk_swiftshader_icd.json"), "").unwrap();
        assert_eq!(find_software_driver(&root).unwrap(), Some(chromium.join("vk_swiftshader_icd.json")));

        fs::remove_dir_all(&root).unwrap();
    }
}
