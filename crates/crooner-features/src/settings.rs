//! Settings by name, as a command line gives them: the keys of a configuration file, or librosa's argument names.

use serde_json::{Map, Value};

use crate::{FeatureConfig, FeatureError};

/// librosa's names for our keys; the first key that a feature has is meant.
const LIBROSA: &[(&str, &[&str])] =
    &[("sr", &["sample_rate"]), ("fmin", &["f_min_hz"]), ("fmax", &["f_max_hz"]), ("ref", &["reference"])];
/// librosa's values of `norm` for ours.
const NORMS: &[(&str, &str)] = &[("1", "l1"), ("2", "l2"), ("np.inf", "inf")];

impl FeatureConfig {
    /// The feature called `name`, with its default settings.
    ///
    /// # Errors
    /// [`FeatureError::Setting`] with the names there are.
    pub fn named(name: &str) -> Result<Self, FeatureError> {
        Self::defaults().into_iter().find(|config| config.name() == name).ok_or_else(|| {
            FeatureError::Setting {
                what: format!("there is no feature `{name}`: expected one of {}", Self::NAMES.join(", ")),
            }
        })
    }

    /// The same feature with `key` set to `value`, written as in a configuration file without its quotes: `256`,
    /// `0.5`, `true`, `hann`, `none`. librosa's names are known too: `sr`, `fmin`, `fmax`, `htk=true`, `norm=1`, and Python's
    /// `True`, `False` and `None`.
    ///
    /// Whether the value is in range may depend on settings to come, and is for [`validate`](Self::validate) to say.
    ///
    /// ```
    /// use crooner_features::FeatureConfig;
    ///
    /// let config = FeatureConfig::named("log-mel")?.with("n_mels", "64")?.with("htk", "true")?;
    /// assert_eq!(config.n_bins(), 64);
    /// let error = config.with("n_mel", "64").unwrap_err().to_string();
    /// assert!(error.starts_with("log-mel has no setting `n_mel`: it has sample_rate, "), "{error}");
    /// # Ok::<(), crooner_features::FeatureError>(())
    /// ```
    ///
    /// # Errors
    /// [`FeatureError::Setting`] for a key that the feature has not or a value of the wrong kind.
    pub fn with(&self, key: &str, value: &str) -> Result<Self, FeatureError> {
        let given = value;
        let (ours, value) = self.translate(key, value);
        let mut settings = self.to_map()?;
        let known = self.keys()?;
        if !known.contains(&ours) {
            return Err(FeatureError::Setting {
                what: format!("{} has no setting `{key}`: it has {}", self.name(), known.join(", ")),
            });
        }
        // Python's None leaves a setting to be derived, where that is how none is written.
        let is_none = value.as_str() == Some("none");
        settings.insert(ours.clone(), value);
        let mut config = self.tagged(settings.clone());
        let wants_word = |error: &serde_json::Error| error.to_string().contains("string");
        if settings[&ours].is_number() && config.as_ref().is_err_and(wants_word) {
            // As a word, it is refused with the words there are.
            settings.insert(ours.clone(), Value::String(given.to_owned()));
            config = self.tagged(settings.clone());
        }
        if is_none && config.is_err() && !self.is_written_by_default(&ours) {
            settings.remove(&ours);
            config = self.tagged(settings);
        }
        config.map_err(|error| FeatureError::Setting {
            what: match allowed(&error) {
                Some(allowed) => format!("{} setting `{key}` must be {allowed}, found {given}", self.name()),
                None => error.to_string(),
            },
        })
    }

    /// Every setting with its value; one that is derived from others unless given has none.
    ///
    /// # Errors
    /// None in practice: every configuration can be written.
    pub fn settings(&self) -> Result<Vec<(String, Option<String>)>, FeatureError> {
        let values = self.to_map()?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(self.keys()?.into_iter().map(|key| (key.clone(), values.get(&key).map(text))).collect())
    }

    /// Our key and value for librosa's.
    fn translate(&self, key: &str, value: &str) -> (String, Value) {
        if key == "htk"
            && let "true" | "True" | "false" | "False" = value
        {
            let scale = if matches!(value, "true" | "True") { "htk" } else { "slaney" };
            return ("scale".to_owned(), Value::String(scale.to_owned()));
        }
        let known = self.keys().unwrap_or_default();
        let names = LIBROSA.iter().find(|(librosa, _)| *librosa == key && !known.iter().any(|k| k == key));
        let ours = names.and_then(|(_, ours)| ours.iter().find(|ours| known.iter().any(|key| key == *ours)));
        let norm = NORMS.iter().find(|(librosa, _)| matches!(key, "norm" | "mel_norm") && *librosa == value);
        let value = norm.map_or(value, |(_, ours)| ours);
        let parsed = match (value, serde_json::from_str(value)) {
            ("True" | "False", _) => Value::Bool(value == "True"),
            ("None", _) => Value::String("none".to_owned()),
            (_, Ok(value @ (Value::Bool(_) | Value::Number(_)))) => value,
            _ => Value::String(value.to_owned()),
        };
        (ours.map_or(key, |ours| ours).to_owned(), parsed)
    }

    /// This feature with these settings.
    fn tagged(&self, settings: Map<String, Value>) -> Result<Self, serde_json::Error> {
        serde_json::from_value(Value::Object(Map::from_iter([(
            self.name().to_owned(),
            Value::Object(settings),
        )])))
    }

    /// Whether the default of `key` is a value of its own, not derived from other settings.
    fn is_written_by_default(&self, key: &str) -> bool {
        let defaults = Self::named(self.name()).and_then(|config| config.to_map());
        defaults.is_ok_and(|defaults| defaults.contains_key(key))
    }

    fn to_map(&self) -> Result<Map<String, Value>, FeatureError> {
        match serde_json::to_value(self) {
            Ok(Value::Object(tagged)) => match tagged.into_iter().next() {
                Some((_, Value::Object(settings))) => Ok(settings),
                _ => Ok(Map::new()),
            },
            Ok(_) => Ok(Map::new()),
            Err(error) => Err(FeatureError::Setting { what: error.to_string() }),
        }
    }

    /// All keys, also of settings that are not written: serde names them when it meets one that it does not know.
    fn keys(&self) -> Result<Vec<String>, FeatureError> {
        let unknown = Map::from_iter([("?".to_owned(), Value::Null)]);
        let tagged = Value::Object(Map::from_iter([(self.name().to_owned(), Value::Object(unknown))]));
        let Err(error) = serde_json::from_value::<Self>(tagged) else { return Ok(Vec::new()) };
        let text = error.to_string();
        // unknown field `?`, expected one of `a`, `b`, `c`
        Ok(text.split('`').skip(3).step_by(2).map(str::to_owned).collect())
    }
}

/// What serde would have taken, in words; none if the error is one of our own, which says it.
fn allowed(error: &serde_json::Error) -> Option<String> {
    let error = error.to_string();
    let (_, expected) = error.rsplit_once("expected ")?;
    Some(match expected {
        "usize" | "u32" | "u64" => "a whole number of at least 0".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        words => words.replace('`', ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_setting_is_a_key_and_can_be_set_to_what_it_is() {
        for config in FeatureConfig::defaults() {
            let keys = config.keys().unwrap();
            let written = config.to_map().unwrap();
            assert!(!keys.is_empty() && written.keys().all(|key| keys.contains(key)), "{}", config.name());
            for (key, value) in config.settings().unwrap() {
                if let Some(value) = value {
                    assert_eq!(config.with(&key, &value), Ok(config.clone()), "{} {key}", config.name());
                }
            }
        }
    }

    #[test]
    fn librosas_names_mean_ours() {
        let config = FeatureConfig::named("log-mel").unwrap();
        let ours = config.with("f_min_hz", "50").unwrap().with("sample_rate", "22050").unwrap();
        let theirs = config.with("fmin", "50.0").unwrap().with("sr", "22050").unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(config.with("htk", "true"), config.with("scale", "htk"));
        assert_eq!(config.with("htk", "True"), config.with("scale", "htk"));
        assert_eq!(config.with("center", "False"), config.with("center", "false"));
        for (theirs, ours) in [("1", "l1"), ("2", "l2"), ("np.inf", "inf")] {
            assert_eq!(config.with("norm", theirs).unwrap(), config.with("norm", ours).unwrap());
        }
        let narrow = config.with("fmax", "4000").unwrap().with("win_length", "400").unwrap();
        assert_eq!(narrow.with("fmax", "None").unwrap().with("win_length", "none").unwrap(), config);
        let unlimited = config.with("top_db", "None").unwrap();
        assert_eq!(unlimited, config.with("top_db", "none").unwrap());
        assert_ne!(unlimited, config);
    }

    #[test]
    fn the_order_of_settings_does_not_matter() {
        // 84 bins from 220 Hz on would reach beyond half the sample rate.
        let config = FeatureConfig::named("cqt").unwrap();
        let low = config.with("fmin", "220").unwrap();
        assert!(low.validate().is_err());
        let low = low.with("n_bins", "36").unwrap();
        assert_eq!(low.validate(), Ok(()));
        assert_eq!(config.with("n_bins", "36").unwrap().with("fmin", "220").unwrap(), low);
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        let config = FeatureConfig::named("log-mel").unwrap();
        let refused = |key, value| {
            config.with(key, value).and_then(|config| config.validate()).unwrap_err().to_string()
        };
        assert_eq!(
            refused("n_mels", "many"),
            "log-mel setting `n_mels` must be a whole number of at least 0, found many"
        );
        assert_eq!(
            refused("n_mels", "-4"),
            "log-mel setting `n_mels` must be a whole number of at least 0, found -4"
        );
        assert_eq!(refused("amin", "small"), "log-mel setting `amin` must be a number, found small");
        assert_eq!(refused("center", "1"), "log-mel setting `center` must be true or false, found 1");
        assert!(refused("n_mels", "0").starts_with("feature setting `n_mels` must be between 1 and"));
        assert!(refused("window", "box").starts_with("feature setting `window` must be hann, hamming, "));
        assert!(refused("window", "kaiser(101)").contains("`window` must be between 0 and 100, found 101"));
        assert!(refused("n_mels", "none").ends_with("a whole number of at least 0, found none"));
        assert!(refused("hop_length", "None").ends_with("a whole number of at least 0, found None"));
        assert_eq!(
            refused("norm", "3"),
            "log-mel setting `norm` must be one of slaney, none, inf, l1, l2, found 3"
        );
        assert!(refused("pad_mode", "3").starts_with("log-mel setting `pad_mode` must be one of constant, "));
        let error = FeatureConfig::named("log_mel").unwrap_err().to_string();
        assert!(error.starts_with("there is no feature `log_mel`: expected one of waveform, "), "{error}");
    }
}
