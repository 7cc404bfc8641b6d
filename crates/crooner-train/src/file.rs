//! Files written whole or not at all, and safetensors with one metadata entry.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crooner_model::NamedTensor;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::TrainError;

/// Writes `bytes` to `path` so that a reader, or a crash, sees the old file or the new one.
///
/// # Errors
///
/// [`TrainError::Io`] naming the file.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let error = |source| TrainError::Io { path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        let reason = format!("there is no folder {}", folder.display());
        return Err(error(std::io::Error::new(std::io::ErrorKind::NotFound, reason)));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".writing-");
    // Temporary files are born private; what is written is a file like any other, as the umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(&folder).map_err(error)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(error)?;
    file.persist(path).map_err(|failed| error(failed.error))?;
    // The rename itself is durable once the folder is; not every system can sync a folder.
    if let Ok(folder) = File::open(&folder) {
        folder.sync_all().map_err(error)?;
    }
    Ok(())
}

/// Tensors with a JSON header under the metadata key `crooner`.
#[derive(Debug)]
pub(crate) struct TensorFile<H> {
    pub(crate) header: H,
    pub(crate) tensors: Vec<NamedTensor>,
}

const METADATA_KEY: &str = "crooner";

impl<H: Serialize + DeserializeOwned> TensorFile<H> {
    pub(crate) fn write(&self, path: &Path) -> Result<(), TrainError> {
        let format =
            |found: String| TrainError::Format { path: path.to_owned(), expected: "writable", found };
        let header = serde_json::to_string(&self.header).map_err(|error| format(error.to_string()))?;
        let bytes: Vec<Vec<u8>> = self
            .tensors
            .iter()
            .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
            .collect();
        let mut views = Vec::with_capacity(bytes.len());
        for (tensor, bytes) in self.tensors.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
            views.push((&tensor.name, view.map_err(|error| format(error.to_string()))?));
        }
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), header)]);
        let bytes =
            safetensors::serialize(views, Some(metadata)).map_err(|error| format(error.to_string()))?;
        write_atomically(path, &bytes)
    }

    /// `expected` says what the file should be, for the error message.
    pub(crate) fn read(path: &Path, expected: &'static str) -> Result<Self, TrainError> {
        let bytes = fs::read(path).map_err(|source| TrainError::Io { path: path.to_owned(), source })?;
        let format = |found: String| TrainError::Format { path: path.to_owned(), expected, found };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| format(error.to_string()))?;
        let header = metadata.metadata().as_ref().and_then(|entries| entries.get(METADATA_KEY));
        let header =
            header.ok_or_else(|| format("a safetensors file without crooner's header".to_owned()))?;
        let header = serde_json::from_str(header).map_err(|error| format(format!("header: {error}")))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| format(error.to_string()))?;
        let mut tensors = Vec::with_capacity(file.len());
        for (name, view) in file.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(format(format!("tensor {name} is {:?}, not F32", view.dtype())));
            }
            let values =
                view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            tensors.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
        }
        Ok(Self { header, tensors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> TensorFile<Vec<u32>> {
        let tensor =
            NamedTensor { name: "a.b".into(), shape: vec![2, 1], values: vec![1.5, f32::MIN_POSITIVE] };
        TensorFile { header: vec![1, 2], tensors: vec![tensor] }
    }

    #[test]
    fn tensors_and_header_survive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        file().write(&path).unwrap();
        let read = TensorFile::<Vec<u32>>::read(&path, "a test").unwrap();
        assert_eq!((read.header, read.tensors), (file().header, file().tensors));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["x.safetensors"], "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        fs::write(folder.path().join("plain"), b"x").unwrap();
        write_atomically(&folder.path().join("atomic"), b"x").unwrap();
        assert_eq!(mode("atomic"), mode("plain"));
    }

    #[test]
    fn damaged_files_are_errors_at_every_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        file().write(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let error = TensorFile::<Vec<u32>>::read(&path, "a test").unwrap_err();
            assert!(matches!(error, TrainError::Format { expected: "a test", .. }), "{length}: {error}");
        }
    }

    #[test]
    fn unwritable_places_are_named() {
        let error = file().write(Path::new("/nonexistent/x.safetensors")).unwrap_err();
        assert!(error.to_string().starts_with("/nonexistent/x.safetensors: "), "{error}");
    }
}
