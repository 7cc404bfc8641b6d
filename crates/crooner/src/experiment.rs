//! One experiment: everything that decides its results, as one TOML.
//!
//! Precedence: a preset, then a file, then the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use crooner_model::ModelConfig;
use crooner_split::SplitConfig;
use crooner_store::FrontEnd;
use crooner_train::config::Freeze;
use crooner_train::{FitConfig, Recording};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The presets: name and TOML. One line each.
pub(crate) const PRESETS: &[(&str, &str)] = &[
    ("demo", include_str!("../../../configs/demo.toml")),
    ("best", include_str!("../../../configs/best.toml")),
    ("card", include_str!("../../../configs/card.toml")),
    ("paper", include_str!("../../../configs/paper.toml")),
    ("paper-keras211", include_str!("../../../configs/paper-keras211.toml")),
    ("hsieh-artist20", include_str!("../../../configs/hsieh-artist20.toml")),
    ("choi-msd", include_str!("../../../configs/choi-msd.toml")),
    ("won-mtat", include_str!("../../../configs/won-mtat.toml")),
];

/// Used where neither the command line nor the file names one.
pub(crate) const DEFAULT_PRESET: &str = "demo";

/// Tables that hold exactly one of several kinds, such as `[model.crnn]`.
const TAGGED: [&str; 3] = ["features", "model", "schedule"];

/// A resolved experiment: `config.toml` of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Experiment {
    /// The preset it is based on.
    pub(crate) preset: String,
    /// Decides the split, the initial weights, the order of slices, the dropout masks.
    #[serde(default)]
    pub(crate) seed: u64,
    /// Which music.
    #[serde(default)]
    pub(crate) dataset: DatasetConfig,
    /// What is computed from the audio, or given in its place.
    pub(crate) features: FrontEnd,
    /// How tracks are cut.
    pub(crate) slices: SlicesConfig,
    /// A split that is taken as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) split_file: Option<PathBuf>,
    /// Which tracks are trained on and which tested.
    pub(crate) split: SplitConfig,
    /// What of a new recording `predict` hears.
    #[serde(default, skip_serializing_if = "Recording::is_default")]
    pub(crate) recording: Recording,
    /// The network.
    pub(crate) model: ModelConfig,
    /// The training loop.
    pub(crate) training: FitConfig,
}

/// `[dataset]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetConfig {
    /// Name in the registry.
    pub(crate) name: String,
    /// Its folder, for sets that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) root: Option<PathBuf>,
    /// Which columns of a table are what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) columns: BTreeMap<String, String>,
    /// Choices that the set offers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) options: BTreeMap<String, String>,
}

impl Default for DatasetConfig {
    fn default() -> Self {
        Self { name: "demo".to_owned(), root: None, columns: BTreeMap::new(), options: BTreeMap::new() }
    }
}

/// `[slices]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlicesConfig {
    /// Frames of a slice.
    pub(crate) frames: usize,
}

/// What the command line says of an experiment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) preset: Option<String>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) dataset: Option<String>,
    pub(crate) root: Option<PathBuf>,
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) split: Option<String>,
    pub(crate) split_file: Option<PathBuf>,
    pub(crate) label: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) slice_seconds: Option<f64>,
    pub(crate) seed: Option<u64>,
    pub(crate) epochs: Option<usize>,
    pub(crate) batch_size: Option<usize>,
    pub(crate) init_from: Option<PathBuf>,
    pub(crate) freeze: Option<Freeze>,
}

impl DatasetConfig {
    /// What the command line names, if it names any: absolute, so that the run's own config.toml means the
    /// same from anywhere.
    pub(crate) fn of(overrides: &Overrides) -> Result<Option<Self>> {
        let Overrides { dataset, root, .. } = overrides;
        if dataset.is_none() && root.is_none() {
            return Ok(None);
        }
        let absolute =
            |root: &PathBuf| std::path::absolute(root).with_context(|| format!("--data {}", root.display()));
        let root = root.as_ref().map(absolute).transpose()?;
        let name = dataset.clone().unwrap_or_else(|| "folder".to_owned());
        let (columns, options) = (overrides.columns.clone(), overrides.options.clone());
        Ok(Some(Self { name, root, columns, options }))
    }

    /// Sets that are usually classified by something else than the artist say so.
    pub(crate) fn usual_columns(&self, split: &mut SplitConfig) {
        let Ok(set) = crooner_datasets::find(&self.name) else { return };
        match &set.info().label {
            Some(label) if split.label == SplitConfig::LABEL => split.label.clone_from(label),
            _ => {}
        }
        match &set.info().group {
            Some(group) if split.group == SplitConfig::GROUP => split.group.clone_from(group),
            _ => {}
        }
    }
}

impl Experiment {
    /// Preset, then file, then command line.
    ///
    /// # Errors
    ///
    /// A sentence that names the file and the key, with the nearest known key.
    pub(crate) fn resolve(overrides: &Overrides) -> Result<Self> {
        let (file, origin) = match &overrides.config {
            Some(path) => (read_table(path)?, path.display().to_string()),
            None => (Table::new(), "the preset".to_owned()),
        };
        let named = match file.get("preset") {
            None => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(other) => bail!("{origin}: preset: expected a name, found {other}"),
        };
        let preset = match (&overrides.preset, named) {
            (Some(asked), Some(named)) if *asked != named => bail!(
                "{origin} builds on the preset {named}, but --preset asks for {asked}: leave one of the two out"
            ),
            (Some(name), _) => name.clone(),
            (None, Some(name)) => name,
            (None, None) => DEFAULT_PRESET.to_owned(),
        };
        let mut table = preset_table(&preset)?;
        merge(&mut table, file);
        table.insert("preset".to_owned(), Value::String(preset));
        let mut experiment = Self::from_table(table, &origin)?;
        experiment.apply(overrides)?;
        experiment.validate().with_context(|| format!("in {origin} or the options"))?;
        Ok(experiment)
    }

    /// The experiment of an existing run.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let experiment = Self::from_table(read_table(path)?, &path.display().to_string())?;
        experiment.validate().with_context(|| format!("in {}", path.display()))?;
        Ok(experiment)
    }

    /// As TOML, complete.
    ///
    /// # Errors
    ///
    /// If a path in it is not UTF-8.
    pub(crate) fn to_toml(&self) -> Result<String> {
        toml::to_string(self).context("this experiment cannot be written as TOML")
    }

    /// Frames of a slice of `seconds`, rounded up as the paper does (3 s are 94 frames).
    fn slice_frames(&self, seconds: f64) -> Result<usize> {
        let FrontEnd::Audio(features) = &self.features else {
            bail!(
                "--slice-seconds: the segments of {} have no fixed length, so a slice is a number of them: set frames in \
                 [slices] of a --config file",
                self.features.name()
            )
        };
        let frames = seconds * f64::from(features.sample_rate()) / features.hop_length() as f64;
        if !(frames > 0.0 && frames < 1e9) {
            bail!("--slice-seconds: expected a positive number of seconds, found {seconds}");
        }
        Ok(frames.ceil() as usize)
    }

    fn from_table(table: Table, origin: &str) -> Result<Self> {
        Value::Table(table).try_into().map_err(|error: toml::de::Error| {
            let text = error.to_string();
            let text = text.trim().replace('\n', " ");
            match suggestion(error.message()) {
                Some(nearest) => anyhow!("{origin}: {text}; did you mean `{nearest}`?"),
                None => anyhow!("{origin}: {text}"),
            }
        })
    }

    fn apply(&mut self, overrides: &Overrides) -> Result<()> {
        if let Some(dataset) = DatasetConfig::of(overrides)? {
            self.dataset = dataset;
        } else {
            self.dataset.columns.extend(overrides.columns.clone());
            self.dataset.options.extend(overrides.options.clone());
        }
        if let Some(kind) = &overrides.split {
            self.split.kind = kind.parse()?;
        }
        self.dataset.usual_columns(&mut self.split);
        if let Some(path) = &overrides.split_file {
            let path =
                std::path::absolute(path).with_context(|| format!("--split-file {}", path.display()))?;
            self.split = crate::split_file::config(&path, &self.split)?;
            self.split_file = Some(path);
        }
        if let Some(label) = &overrides.label {
            self.split.label.clone_from(label);
        }
        if let Some(group) = &overrides.group {
            self.split.group.clone_from(group);
        }
        if let Some(seconds) = overrides.slice_seconds {
            self.slices.frames = self.slice_frames(seconds)?;
        }
        self.seed = overrides.seed.unwrap_or(self.seed);
        self.training.epochs = overrides.epochs.unwrap_or(self.training.epochs);
        self.training.batch_size = overrides.batch_size.unwrap_or(self.training.batch_size);
        if let Some(path) = &overrides.init_from {
            let path =
                std::path::absolute(path).with_context(|| format!("--init-from {}", path.display()))?;
            self.training.init_from = Some(path);
        }
        self.training.freeze = overrides.freeze.unwrap_or(self.training.freeze);
        Ok(())
    }

    fn validate(&self) -> Result<()> {
        self.features.validate()?;
        self.model.validate()?;
        self.training.validate()?;
        self.recording.validate(&self.model, &self.features)?;
        Ok(())
    }
}

fn preset_table(name: &str) -> Result<Table> {
    let names: Vec<_> = PRESETS.iter().map(|(name, _)| *name).collect();
    let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) else {
        let hint = nearest(name, &names).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        bail!("there is no preset `{name}`: crooner has {}{hint}", names.join(", "));
    };
    text.parse().with_context(|| format!("the preset {name} is not TOML"))
}

fn read_table(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse::<Table>().map_err(|error| anyhow!("{} is not TOML: {error}", path.display()))
}

/// Lays `upper` over `lower`, table by table. A table of kinds that names another kind replaces
/// the lower one whole.
fn merge(lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        let other_kind = TAGGED.contains(&key.as_str())
            && matches!((lower.get(&key), &value), (Some(Value::Table(old)), Value::Table(new))
                if new.keys().any(|kind| !old.contains_key(kind)));
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if !other_kind => merge(old, new),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

/// The known name nearest to the unknown one in serde's "unknown field `x`, expected one of ...".
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    nearest(unknown, &names.collect::<Vec<_>>()).map(str::to_owned)
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, near) = known.iter().map(|known| (strsim::osa_distance(name, known), *known)).min()?;
    (distance <= 3 && distance < name.chars().count()).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, preset: Option<&str>) -> Result<Experiment> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        fs::write(&path, text).unwrap();
        let overrides =
            Overrides { config: Some(path), preset: preset.map(str::to_owned), ..Overrides::default() };
        Experiment::resolve(&overrides)
    }

    #[test]
    fn every_preset_is_complete_and_survives_its_own_toml() {
        for (name, _) in PRESETS {
            let overrides = Overrides { preset: Some((*name).to_owned()), ..Overrides::default() };
            let experiment = Experiment::resolve(&overrides).unwrap();
            let table = experiment.to_toml().unwrap().parse().unwrap();
            assert_eq!(Experiment::from_table(table, "itself").unwrap(), experiment);
        }
    }

    #[test]
    fn the_command_line_beats_the_file_and_the_file_the_preset() {
        let mut overrides = Overrides { preset: Some("paper".to_owned()), ..Overrides::default() };
        assert_eq!(Experiment::resolve(&overrides).unwrap().training.epochs, 200);
        let experiment = with_file("[training]\nepochs = 7", Some("paper")).unwrap();
        assert_eq!((experiment.training.epochs, experiment.training.patience), (7, 10));
        overrides.epochs = Some(3);
        assert_eq!(Experiment::resolve(&overrides).unwrap().training.epochs, 3);
    }

    #[test]
    fn seconds_become_the_papers_frames() {
        for (seconds, frames) in [(1.0, 32), (3.0, 94), (5.0, 157), (10.0, 313)] {
            let overrides = Overrides { slice_seconds: Some(seconds), ..Overrides::default() };
            assert_eq!(Experiment::resolve(&overrides).unwrap().slices.frames, frames);
        }
        let overrides = Overrides { slice_seconds: Some(-1.0), ..Overrides::default() };
        let error = Experiment::resolve(&overrides).unwrap_err().to_string();
        assert_eq!(error, "--slice-seconds: expected a positive number of seconds, found -1");
    }

    #[test]
    fn segments_replace_the_presets_features_and_survive_their_own_toml() {
        let experiment = with_file("[features.msd-timbre]", None).unwrap();
        assert_eq!((experiment.features.name(), experiment.features.n_bins()), ("msd-timbre", 12));
        let text = experiment.to_toml().unwrap();
        assert!(text.contains("[features.msd-timbre]"), "{text}");
        assert_eq!(Experiment::from_table(text.parse().unwrap(), "itself").unwrap(), experiment);
        let error = with_file("[features.msd-timber]", None).unwrap_err().to_string();
        assert!(error.ends_with("did you mean `msd-timbre`?"), "{error}");
    }

    #[test]
    fn unknown_keys_name_the_file_and_the_nearest_key() {
        let error = with_file("[training]\nepocs = 7", None).unwrap_err().to_string();
        assert!(error.contains("my.toml") && error.contains("`epocs`"), "{error}");
        assert!(error.ends_with("did you mean `epochs`?"), "{error}");
        let error = with_file("[model.crnn]\ngrue = [3]", None).unwrap_err().to_string();
        assert!(error.contains("in `model`") && error.ends_with("did you mean `gru`?"), "{error}");
        let error = with_file("[model.crn]\ngru = [3]", None).unwrap_err().to_string();
        assert!(error.contains("`crn`"), "{error}");
    }

    #[test]
    fn a_preset_and_a_file_that_disagree_are_refused() {
        let error = with_file("preset = \"card\"", Some("paper")).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "builds on the preset card, but --preset asks for paper: leave one of the two out"
            )
        );
        assert_eq!(with_file("preset = \"card\"", Some("card")).unwrap().preset, "card");
    }

    #[test]
    fn values_out_of_range_are_named() {
        let error = format!("{:#}", with_file("[training]\nbatch_size = 0", None).unwrap_err());
        assert!(error.ends_with("training.batch_size: expected at least 1, found 0"), "{error}");
    }

    #[test]
    fn unknown_presets_are_told_the_known_ones() {
        let overrides = Overrides { preset: Some("papre".to_owned()), ..Overrides::default() };
        let error = Experiment::resolve(&overrides).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no preset `papre`: crooner has demo, best, card, paper, paper-keras211, hsieh-artist20, choi-msd, won-mtat; did you mean paper?"
        );
    }
}
