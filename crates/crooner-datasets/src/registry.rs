//! All data sets: one line each.

use crate::artist20::ARTIST20;
use crate::demo::DEMO;
use crate::fma::FMA;
use crate::folder::FOLDER;
use crate::gtzan::GTZAN;
use crate::librispeech::LIBRISPEECH;
use crate::msd::MSD;
use crate::symbolic::SYMBOLIC;
use crate::table::TABLE;
use crate::tags::TAGS;
use crate::voxceleb::{VOXCELEB1, VOXCELEB2};
use crate::{Dataset, DatasetError};

/// Every data set, in the order in which help lists them.
pub fn registry() -> &'static [&'static dyn Dataset] {
    static REGISTRY: &[&dyn Dataset] = &[
        &DEMO, //
        &FOLDER,
        &TABLE,
        &TAGS,
        &ARTIST20,
        &FMA,
        &GTZAN,
        &LIBRISPEECH,
        &MSD,
        &SYMBOLIC,
        &VOXCELEB1,
        &VOXCELEB2,
    ];
    REGISTRY
}

/// The data set of that name.
///
/// ```
/// let error = crooner_datasets::find("flder").err().unwrap().to_string();
/// assert!(error.starts_with("unknown data set \"flder\": known are demo, folder, table, "));
/// assert!(error.ends_with("(did you mean \"folder\"?)"));
/// ```
///
/// # Errors
///
/// When there is none; the error lists the names and suggests the nearest.
pub fn find(name: &str) -> Result<&'static dyn Dataset, DatasetError> {
    registry().iter().copied().find(|set| set.name() == name).ok_or_else(|| DatasetError::UnknownDataset {
        name: name.to_owned(),
        known: registry().iter().map(|set| set.name().to_owned()).collect(),
        suggestion: nearest(name),
    })
}

/// The known name that is at most two slips away (a letter more, less, other, or two swapped).
fn nearest(name: &str) -> Option<String> {
    const SLIPS: usize = 2;
    let name = name.to_lowercase();
    registry()
        .iter()
        .map(|set| (strsim::osa_distance(&name, set.name()), set.name()))
        .filter(|(slips, _)| *slips <= SLIPS)
        .min()
        .map(|(_, known)| known.to_owned())
}
