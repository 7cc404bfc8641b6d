//! A feature as a file that other programs read, by its extension.

use std::path::Path;

use anyhow::{Result, bail};
use crooner_features::{FeatureConfig, Spectrogram};

use crate::table;

/// The extensions that [`Format`] knows.
const KNOWN: &str = ".npy, .parquet, .csv and .json";

/// How to write a file of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// NumPy's array format, version 1.0: float32, C order.
    Npy,
    /// A table with a row for each frame; see [`table::encode`].
    Parquet,
    /// One line for each bin.
    Csv,
    /// `{"shape": [n_bins, n_frames], "values": [[...], ...]}`, or `{"shape": [n], "values": [...]}`.
    Json,
}

impl Format {
    /// # Errors
    ///
    /// A sentence with the extensions there are.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => Ok(Self::Npy),
            Some("parquet") => Ok(Self::Parquet),
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            _ => bail!("{}: the name must end in one of {KNOWN}, which says how to write it", path.display()),
        }
    }

    /// The matrix of a feature, whose shape the file states as librosa's: a waveform has one dimension.
    pub(crate) fn encode(self, matrix: &Spectrogram, config: &FeatureConfig) -> Result<Vec<u8>> {
        let shape = match config {
            FeatureConfig::Waveform(_) => &[matrix.n_frames()][..],
            _ => &[matrix.n_bins(), matrix.n_frames()],
        };
        let rows = || (0..matrix.n_bins()).map(|bin| matrix.bin(bin));
        match self {
            Self::Npy => Ok(npy(matrix, shape)),
            Self::Parquet => table::encode(matrix, config),
            Self::Csv => {
                let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n";
                Ok(rows().map(line).collect::<String>().into_bytes())
            }
            Self::Json => {
                let rows: Vec<&[f32]> = rows().collect();
                let values = match (shape, &rows[..]) {
                    ([_], [row]) => serde_json::json!(row),
                    _ => serde_json::json!(rows),
                };
                Ok(serde_json::to_vec(&serde_json::json!({ "shape": shape, "values": values }))?)
            }
        }
    }
}

fn npy(matrix: &Spectrogram, shape: &[usize]) -> Vec<u8> {
    const PREFIX: usize = 10;
    const ALIGNMENT: usize = 64;
    let shape = match shape {
        [length] => format!("({length},)"),
        lengths => format!("({})", lengths.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // Spaces and a newline, so that the values start at a multiple of 64.
    let len = (PREFIX + header.len() + 1).next_multiple_of(ALIGNMENT) - PREFIX;
    header = format!("{header:<width$}\n", width = len - 1);
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((len as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(matrix.values().iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Spectrogram {
        Spectrogram::new(2, 3, vec![0.5, -1.0, 2.0, 3.0, 1e-10, 5.0]).unwrap()
    }

    fn of(name: &str) -> FeatureConfig {
        FeatureConfig::named(name).unwrap()
    }

    #[test]
    fn npy_has_the_header_of_its_format() {
        let bytes = Format::Npy.encode(&matrix(), &of("mel")).unwrap();
        assert_eq!(bytes.len(), 128 + 6 * 4);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        assert_eq!(u16::from_le_bytes([bytes[8], bytes[9]]), 118);
        let header = std::str::from_utf8(&bytes[10..128]).unwrap();
        let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        assert!(header.starts_with(dictionary) && header.ends_with(" \n"), "{header}");
        assert_eq!(bytes[128..132], 0.5f32.to_le_bytes());
    }

    #[test]
    fn csv_and_json_have_a_row_for_each_bin() {
        let text = |format: Format| String::from_utf8(format.encode(&matrix(), &of("mel")).unwrap()).unwrap();
        assert_eq!(text(Format::Csv), "0.5,-1,2\n3,0.0000000001,5\n");
        let json = text(Format::Json);
        assert!(json.starts_with(r#"{"shape":[2,3],"values":[[0.5,-1.0,2.0],[3.0,"#), "{json}");
    }

    #[test]
    fn one_row_can_be_written_as_one_dimension() {
        let row = Spectrogram::new(1, 3, vec![0.5, -1.0, 2.0]).unwrap();
        let bytes = Format::Npy.encode(&row, &of("waveform")).unwrap();
        let header = String::from_utf8_lossy(&bytes[10..128]);
        assert!(header.contains("'shape': (3,), }"), "{header}");
        let json = String::from_utf8(Format::Json.encode(&row, &of("waveform")).unwrap()).unwrap();
        assert_eq!(json, r#"{"shape":[3],"values":[0.5,-1.0,2.0]}"#);
    }

    #[test]
    fn other_names_are_told_the_known_ones() {
        let error = Format::of(Path::new("a.wav")).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.wav: the name must end in one of .npy, .parquet, .csv and .json, which says how to write it"
        );
    }
}
