//! `crooner features`

use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use crooner_features::FeatureConfig;
use crooner_store::SegmentFeature;
use crooner_train::write_atomically;
use rayon::prelude::*;

use crate::cli::FeaturesArgs;
use crate::inputs::files;
use crate::matrix::Format;
use crate::progress::Progress;
use crate::{interrupt, of_file, say, sentence};

/// Says which features a folder holds, so that another call does not mix in others.
const SETTINGS: &str = "features.json";

pub(crate) fn run(args: &FeaturesArgs) -> Result<ExitCode> {
    if args.list {
        return list(args.sample_rate);
    }
    let (Some(input), Some(output)) = (&args.input, &args.output) else {
        bail!("`crooner features` needs an input and an output")
    };
    let configs: Vec<FeatureConfig> = args
        .features
        .iter()
        .map(|name| configure(name, args.sample_rate, &args.settings))
        .collect::<Result<_>>()?;
    if input.is_dir() {
        return folder(input, output, &configs, args.jobs);
    }
    let [config] = &configs[..] else {
        bail!("{} is a file, for which one --feature can be given: {} were", input.display(), configs.len())
    };
    let format = Format::of(output)?;
    let samples = decode(input, config)?;
    write_atomically(output, &compute(config, &samples, format)?)?;
    Ok(ExitCode::SUCCESS)
}

/// A name, what it names, and its settings: wrapped for a person, in one line for a program.
fn list(sample_rate: u32) -> Result<ExitCode> {
    let width = if stdout().is_terminal() { 80 } else { usize::MAX };
    for config in FeatureConfig::defaults() {
        let config = config.with("sample_rate", &sample_rate.to_string())?;
        let settings = config.settings()?;
        let settings = settings.iter().map(|(key, value)| match value {
            Some(value) => format!("{key}={}", shortest(value)),
            None => format!("{key}=derived"),
        });
        say(&entry(config.name(), config.summary(), settings, width))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A setting is an `f32`, written as the `f64` nearest to it: in as few digits as it needs.
fn shortest(value: &str) -> String {
    let is_real = value.contains(['.', 'e']) && !value.contains(char::is_uppercase);
    match value.parse::<f32>() {
        Ok(number) if is_real => format!("{number:?}"),
        _ => value.to_owned(),
    }
}

/// `summary` at the right of `name`, then `settings`, in lines of at most `width` columns.
fn entry(name: &str, summary: &str, settings: impl Iterator<Item = String>, width: usize) -> String {
    const NAME: usize = 19;
    const SUMMARY: usize = 56;
    let mut lines = vec![format!("{name:<NAME$} {summary:<SUMMARY$}")];
    for setting in settings {
        let fits = lines.last().is_some_and(|line| line.len() + 1 + setting.len() <= width);
        if !fits {
            lines.push(" ".repeat(NAME));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(&setting);
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// The feature called `name` at `sample_rate`, with `settings` as `KEY=VALUE`.
pub(super) fn configure(name: &str, sample_rate: u32, settings: &[String]) -> Result<FeatureConfig> {
    if SegmentFeature::NAMES.contains(&name) {
        bail!(
            "{name} is read from songs of the Million Song Dataset, not computed from audio: [features.{name}] in a \
             --config file trains on it"
        );
    }
    let mut config = FeatureConfig::named(name)?.with("sample_rate", &sample_rate.to_string())?;
    for setting in settings {
        let Some((key, value)) = setting.split_once('=') else {
            bail!("--set {setting}: expected KEY=VALUE, such as --set n_fft=1024")
        };
        config = config.with(key.trim(), value.trim())?;
    }
    config.validate()?;
    Ok(config)
}

fn decode(path: &Path, config: &FeatureConfig) -> Result<Vec<f32>> {
    Ok(crooner_audio::load(path, Some(config.sample_rate()))?.samples)
}

fn compute(config: &FeatureConfig, samples: &[f32], format: Format) -> Result<Vec<u8>> {
    format.encode(&config.frames(samples)?.to_spectrogram(), config)
}

/// Every audio file under `input`, with what is done already left alone.
fn folder(input: &Path, output: &Path, configs: &[FeatureConfig], jobs: Option<u16>) -> Result<ExitCode> {
    let files = files(&[input.to_owned()], crooner_audio::EXTENSIONS)?;
    claim(output, configs)?;
    let cancel = interrupt::watch()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.map_or(0, usize::from)).build()?;
    let total = files.len() as u64;
    let bar = Progress::new(total, "computing {bar:32} {pos}/{len} files, {eta} left");
    let (mut done, mut computed, mut failed) = (0, 0, 0);
    for files in files.chunks(4 * pool.current_num_threads()) {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        let outcomes: Vec<_> = pool.install(|| {
            files.par_iter().map(|file| (file, one_of_many(file, input, output, configs, cancel))).collect()
        });
        for (file, outcome) in outcomes {
            done += 1;
            match outcome {
                Ok(new) => computed += usize::from(new),
                Err(error) => {
                    failed += 1;
                    let error = of_file(&file.display().to_string(), &sentence(&error));
                    bar.line(&format!("error: {error}"));
                }
            }
        }
        bar.set(done, total, String::new);
    }
    bar.clear();
    if cancel.load(Ordering::Relaxed) {
        bar.line(&format!("stopped after {done} of {total} files; the same command goes on"));
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    let there = done as usize - computed - failed;
    say(&format!("{total} files: {computed} computed, {there} were there, {failed} could not be read"))?;
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Makes the folder, or checks that it is of these features.
fn claim(output: &Path, configs: &[FeatureConfig]) -> Result<()> {
    let about = || format!("cannot write to the folder {}", output.display());
    fs::create_dir_all(output).with_context(about)?;
    let settings = serde_json::to_vec_pretty(&serde_json::json!({
        "features": configs,
        "version": crooner_features::FEATURES_VERSION,
    }))?;
    let path = output.join(SETTINGS);
    match fs::read(&path) {
        Ok(found) if found == settings => Ok(()),
        Ok(_) => bail!(
            "{} holds features of other settings ({}): choose another folder",
            output.display(),
            path.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(write_atomically(&path, &settings)?),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Whether anything had to be computed.
fn one_of_many(
    file: &Path,
    input: &Path,
    output: &Path,
    configs: &[FeatureConfig],
    cancel: &AtomicBool,
) -> Result<bool> {
    let relative = file.strip_prefix(input).unwrap_or(file);
    let target = |config: &FeatureConfig| -> PathBuf {
        // The whole name, so that song.mp3 and song.flac stay apart.
        let mut name = relative.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.npy", config.name()));
        output.join(relative.with_file_name(name))
    };
    let missing: Vec<_> =
        configs.iter().map(|config| (config, target(config))).filter(|(_, path)| !path.exists()).collect();
    let Some((first, _)) = missing.first() else { return Ok(false) };
    let samples = decode(file, first)?;
    for (config, path) in missing {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make the folder {}", parent.display()))?;
        }
        write_atomically(&path, &compute(config, &samples, Format::Npy)?)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_below_the_name_or_in_one_line() {
        let settings = || (0..12).map(|i| format!("setting_{i}={i}"));
        let line = entry("log-mel", "Mel power in dB", settings(), usize::MAX);
        assert!(line.starts_with("log-mel             Mel power in dB   ") && !line.contains('\n'), "{line}");
        assert!(line.ends_with(" setting_10=10 setting_11=11"), "{line}");
        let entry = entry("log-mel", "Mel power in dB", settings(), 80);
        let lines: Vec<&str> = entry.lines().collect();
        assert_eq!(lines[0], "log-mel             Mel power in dB");
        assert_eq!(
            lines[1],
            "                    setting_0=0 setting_1=1 setting_2=2 setting_3=3 setting_4=4"
        );
        assert!(lines[2].starts_with("                    setting_5=5 "), "{entry}");
        assert!(lines.iter().all(|line| line.len() <= 80), "{entry}");
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!(shortest("1.000000013351432e-10"), "1e-10");
        assert_eq!(shortest("0.8500000238418579"), "0.85");
        assert_eq!(
            (shortest("2048"), shortest("slaney"), shortest("80.0")),
            ("2048".into(), "slaney".into(), "80.0".into())
        );
    }
}
