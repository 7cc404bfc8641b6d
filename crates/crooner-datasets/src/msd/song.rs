//! One song's HDF5 file, as PyTables wrote it.

use std::fs;
use std::path::Path;

use hdf5_pure::{CompoundMember, Dataset, Datatype, DatatypeByteOrder, File};

use crate::{DatasetError, Track};

/// What a song's file may make us allocate for one of its arrays: songs have some thousand segments.
const MOST: u64 = 1 << 26;
/// Bins of timbre, and of pitches.
const BINS: usize = 12;

/// The segments of a song (musical events of some tenths of a second): when each begins, its timbre and pitches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segments {
    /// When each segment begins, in seconds.
    pub starts: Vec<f64>,
    /// `[n_segments, 12]`, time-major: the coefficients of The Echo Nest's basis of spectro-temporal surfaces, the
    /// first of which is loudness. Neither centred nor scaled.
    pub timbre: Vec<f32>,
    /// `[n_segments, 12]`, time-major: chroma from C, each segment's largest 1.
    pub pitches: Vec<f32>,
}

impl Segments {
    /// Bins of one segment's timbre, and of its pitches.
    pub const BINS: usize = BINS;
}

/// The segments of a song of the Million Song Dataset.
///
/// # Errors
///
/// [`DatasetError::BadList`] naming the file if it is not a song's file, or its arrays do not fit together.
pub fn segments(path: &Path) -> Result<Segments, DatasetError> {
    read_segments(path).map_err(|reason| DatasetError::BadList { path: path.to_owned(), line: None, reason })
}

fn read_segments(path: &Path) -> Result<Segments, String> {
    let file = open(path)?;
    let starts = numbers(&file, "/analysis/segments_start", 1)?;
    let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
    let timbre = single(numbers(&file, "/analysis/segments_timbre", BINS)?);
    let pitches = single(numbers(&file, "/analysis/segments_pitches", BINS)?);
    for (name, found) in [("segments_timbre", &timbre), ("segments_pitches", &pitches)] {
        if found.len() != BINS * starts.len() {
            return Err(format!(
                "expected {name} of {} segments, found those of {}",
                starts.len(),
                found.len() / BINS
            ));
        }
        if found.iter().any(|value| !value.is_finite()) {
            return Err(format!("{name} holds a value that is no finite number"));
        }
    }
    Ok(Segments { starts, timbre, pitches })
}

/// `track` with what its song's file says.
pub(super) fn describe(path: &Path, mut track: Track) -> Result<Track, String> {
    let file = open(path)?;
    let metadata = Row::read(&file, "/metadata/songs")?;
    let analysis = Row::read(&file, "/analysis/songs")?;
    let musicbrainz = Row::read(&file, "/musicbrainz/songs")?;
    let id = analysis.text("track_id")?;
    if id != track.title {
        return Err(format!("expected the track {}, found {id:?} in it", track.title));
    }
    let title = metadata.text("title")?;
    track.artist = metadata.text("artist_name")?;
    track.album = metadata.text("release")?;
    if track.artist.is_empty() {
        return Err("it names no artist".to_owned());
    }
    let year = musicbrainz.integer("year")?;
    let terms = terms(&file)?;
    track = track
        .with_field("track_id", &id)
        .with_field("song_id", metadata.text("song_id")?)
        .with_field("artist_id", metadata.text("artist_id")?)
        .with_field("artist_mbid", metadata.text("artist_mbid")?)
        .with_field("artist_location", metadata.text("artist_location")?)
        .with_field("year", if year > 0 { year.to_string() } else { String::new() })
        .with_field("term", terms.first().cloned().unwrap_or_default())
        .with_field("terms", terms.join("; "));
    for name in ["duration", "loudness", "tempo"] {
        track = track.with_field(name, analysis.float(name)?.to_string());
    }
    for name in ["key", "mode", "time_signature"] {
        track = track.with_field(name, analysis.integer(name)?.to_string());
    }
    // Some songs have no title; their id is one.
    track.title = if title.is_empty() { id } else { title };
    Ok(track)
}

/// The artist's terms, the heaviest first.
fn terms(file: &File) -> Result<Vec<String>, String> {
    let (set, shape) = array(file, "/metadata/artist_terms")?;
    let names = if shape.contains(&0) { Vec::new() } else { set.read_string().map_err(told)? };
    let weights = numbers(file, "/metadata/artist_terms_weight", 1)?;
    if names.len() != weights.len() {
        return Err(format!("expected as many weights as terms ({}), found {}", names.len(), weights.len()));
    }
    let mut terms: Vec<(String, f64)> = names.into_iter().zip(weights).collect();
    // Stable: equals stay as they were listed.
    terms.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    Ok(terms.into_iter().map(|(name, _)| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

fn open(path: &Path) -> Result<File, String> {
    // In memory rather than mapped: no other program can change it meanwhile, and songs are small.
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    File::from_bytes(bytes).map_err(told)
}

fn told(error: hdf5_pure::Error) -> String {
    error.to_string()
}

/// An array, and its shape; refused if reading it would take more memory than any song's.
fn array(file: &File, name: &str) -> Result<(Dataset, Vec<u64>), String> {
    let set = file.dataset(name).map_err(told)?;
    let shape = set.shape().map_err(told)?;
    let size = set.element_size().map_err(told)?;
    let bytes = shape.iter().try_fold(size, |bytes, &n| bytes.checked_mul(n));
    match bytes {
        Some(bytes) if bytes <= MOST => Ok((set, shape)),
        _ => {
            Err(format!("expected {name} of a song, found an array of shape {shape:?} of {size} bytes each"))
        }
    }
}

/// An array of numbers whose rows are `width` wide.
fn numbers(file: &File, name: &str, width: usize) -> Result<Vec<f64>, String> {
    let (set, shape) = array(file, name)?;
    let found = shape.iter().skip(1).product::<u64>();
    if shape.is_empty() || found != width as u64 {
        return Err(format!("expected {name} with rows of {width}, found the shape {shape:?}"));
    }
    if shape.contains(&0) {
        return Ok(Vec::new());
    }
    set.read_f64().map_err(told)
}

/// The one row of a table.
struct Row {
    name: &'static str,
    members: Vec<CompoundMember>,
    bytes: Vec<u8>,
}

impl Row {
    fn read(file: &File, name: &'static str) -> Result<Self, String> {
        let (set, shape) = array(file, name)?;
        let Datatype::Compound { members, .. } = set.datatype().map_err(told)? else {
            return Err(format!("expected {name} to be a table, found another type"));
        };
        if shape != [1] {
            return Err(format!(
                "expected {name} with one row, found the shape {shape:?}: a summary is not read"
            ));
        }
        Ok(Self { name, members, bytes: set.read_raw().map_err(told)? })
    }

    /// The type and the bytes of a column.
    fn column(&self, column: &str) -> Result<(&Datatype, &[u8]), String> {
        let member = self.members.iter().find(|member| member.name == column);
        let member = member.ok_or_else(|| format!("{} has no column {column}", self.name))?;
        let bytes = usize::try_from(member.byte_offset).ok().and_then(|start| {
            let end = start.checked_add(member.datatype.type_size() as usize)?;
            self.bytes.get(start..end)
        });
        bytes
            .map(|bytes| (&member.datatype, bytes))
            .ok_or_else(|| format!("{}: {column} lies outside of its row", self.name))
    }

    /// Text in UTF-8, padded with zeros.
    fn text(&self, column: &str) -> Result<String, String> {
        let (Datatype::String { .. }, bytes) = self.column(column)? else {
            return Err(format!("expected text in {} of {}", column, self.name));
        };
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let text = str::from_utf8(&bytes[..end]).map_err(|_| format!("{column} is not UTF-8"))?;
        Ok(text.trim().to_owned())
    }

    fn integer(&self, column: &str) -> Result<i64, String> {
        let expected = || format!("expected a number of 32 bits in {column} of {}", self.name);
        let (Datatype::FixedPoint { byte_order, .. }, bytes) = self.column(column)? else {
            return Err(expected());
        };
        let bytes: [u8; 4] = bytes.try_into().map_err(|_| expected())?;
        match byte_order {
            DatatypeByteOrder::LittleEndian => Ok(i32::from_le_bytes(bytes).into()),
            DatatypeByteOrder::BigEndian => Ok(i32::from_be_bytes(bytes).into()),
            _ => Err(expected()),
        }
    }

    fn float(&self, column: &str) -> Result<f64, String> {
        let expected = || format!("expected a number of double precision in {column} of {}", self.name);
        let (Datatype::FloatingPoint { byte_order, .. }, bytes) = self.column(column)? else {
            return Err(expected());
        };
        let bytes: [u8; 8] = bytes.try_into().map_err(|_| expected())?;
        match byte_order {
            DatatypeByteOrder::LittleEndian => Ok(f64::from_le_bytes(bytes)),
            DatatypeByteOrder::BigEndian => Ok(f64::from_be_bytes(bytes)),
            _ => Err(expected()),
        }
    }
}
