//! A feature as a Parquet table.

use std::sync::Arc;

use anyhow::{Context, Result};
use crooner_features::{FEATURES_VERSION, FeatureConfig, Spectrogram};
use parquet::data_type::{DataType, DoubleType, FloatType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// A row for each frame: `time_seconds` (float64), and a column for each bin, `bin_0` and so on (float32); of a waveform,
/// `sample`. So `pandas.read_parquet(path).set_index("time_seconds")` is the feature, turned.
///
/// Time is `frame * hop_length / sample_rate`, as `librosa.frames_to_time` has it. The file's metadata hold the feature
/// with all its settings as JSON (`crooner.feature`) and the version of the features (`crooner.features_version`).
pub(crate) fn encode(matrix: &Spectrogram, config: &FeatureConfig) -> Result<Vec<u8>> {
    let names: Vec<String> = match config {
        FeatureConfig::Waveform(_) => vec!["sample".to_owned()],
        _ => (0..matrix.n_bins()).map(|bin| format!("bin_{bin}")).collect(),
    };
    let columns: String = names.iter().map(|name| format!("required float {name};")).collect();
    let schema =
        parse_message_type(&format!("message feature {{ required double time_seconds; {columns} }}"))?;
    let about = vec![
        KeyValue::new("crooner.feature".to_owned(), serde_json::to_string(config)?),
        KeyValue::new("crooner.features_version".to_owned(), FEATURES_VERSION.to_string()),
    ];
    // Values hardly repeat: a dictionary of them would be as long as they are.
    let properties =
        WriterProperties::builder().set_dictionary_enabled(false).set_key_value_metadata(Some(about)).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let hop_seconds = config.hop_length() as f64 / f64::from(config.sample_rate());
    let times: Vec<f64> = (0..matrix.n_frames()).map(|frame| frame as f64 * hop_seconds).collect();
    column::<DoubleType>(&mut group, &times)?;
    for bin in 0..matrix.n_bins() {
        column::<FloatType>(&mut group, matrix.bin(bin))?;
    }
    group.close()?;
    Ok(writer.into_inner()?)
}

fn column<T: DataType>(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, values: &[T::T]) -> Result<()> {
    let mut column = group.next_column()?.context("the table has fewer columns than the feature")?;
    column.typed::<T>().write_batch(values, None, None)?;
    Ok(column.close()?)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn a_row_is_a_frame_and_the_settings_are_there() {
        let config = FeatureConfig::named("rms").unwrap().with("hop_length", "8000").unwrap();
        let matrix = Spectrogram::new(2, 3, vec![0.5, -1.0, 2.0, 3.0, 1e-10, 5.0]).unwrap();
        let reader =
            SerializedFileReader::new(bytes::Bytes::from(encode(&matrix, &config).unwrap())).unwrap();
        let rows: Vec<Vec<(String, Field)>> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect();
        let named = |name: &str, field| (name.to_owned(), field);
        assert_eq!(
            rows[1],
            [
                named("time_seconds", Field::Double(0.5)),
                named("bin_0", Field::Float(-1.0)),
                named("bin_1", Field::Float(1e-10)),
            ]
        );
        assert_eq!(rows.len(), 3);
        let about = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let feature = about.iter().find(|pair| pair.key == "crooner.feature").unwrap();
        let read: FeatureConfig = serde_json::from_str(feature.value.as_deref().unwrap()).unwrap();
        assert_eq!(read, config);
    }
}
