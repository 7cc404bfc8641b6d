//! The command line: names, options, help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::data::*;
pub(crate) use self::features::*;
pub(crate) use self::network::*;
use crate::experiment::Overrides;

mod data;
mod features;
mod network;

/// Tells who is playing: trains an artist classifier on a folder of music, reports honestly how
/// well it does, and names the artist of new audio.
#[derive(Debug, Parser)]
#[command(
    name = "crooner",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Start here:\n  \
        crooner train                        train on the music that comes with crooner\n  \
        crooner train --data ~/Music/mine    train on your own: ARTIST/ALBUM/TRACK.ext\n  \
        crooner predict runs/demo-song-seed0 song.mp3\n\n\
        `crooner <COMMAND> --help` shows examples of each."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Decode audio and store its features
    #[command(after_help = "Examples:\n  \
        crooner prepare-data                            the music that comes with crooner\n  \
        crooner prepare-data --data ~/Music/mine        a folder ARTIST/ALBUM/TRACK.ext\n  \
        crooner prepare-data --data D --preset paper    with the features of another preset\n  \
        crooner prepare-data --data D --shard 0/4       the first quarter, for one of 4 machines\n\n\
        Kill it whenever you like: run it again, and it carries on.")]
    PrepareData(PrepareArgs),
    /// Train a classifier, evaluate it, write a report
    #[command(after_help = "Examples:\n  \
        crooner train                                    the music that comes with crooner\n  \
        crooner train --data ~/Music/mine --split album  your own, tested on unheard albums\n  \
        crooner train --preset paper --slice-seconds 5   the network of the paper\n  \
        crooner train --config my.toml --seed 21         your own settings\n  \
        crooner train --seeds 5                          five seeds, their mean and its interval\n  \
        crooner train --data D --init-from runs/other --freeze encoder   learn the head anew\n  \
        crooner train --find-learning-rate curve.svg     which learning rate?\n  \
        crooner train --resume runs/demo-song-seed0      continue where it stopped")]
    Train(TrainArgs),
    /// Compare experiments that were trained at the same seeds
    #[command(after_help = "Example:\n  \
        crooner train --seeds 5 --out runs/base\n  \
        crooner train --seeds 5 --config mixup.toml --out runs/mixup\n  \
        crooner compare runs/base runs/mixup      a table in Markdown: scores, differences, intervals")]
    Compare(CompareArgs),
    /// Score a trained classifier on its test tracks again, or on other music
    #[command(after_help = "Examples:\n  \
        crooner evaluate runs/demo-song-seed0\n  \
        crooner evaluate runs/demo-song-seed0 --json\n  \
        crooner evaluate hsieh-artist20 --dataset artist20 --data ~/artist20\n  \
        crooner evaluate runs/vox --dataset voxceleb1 --data V --trials V/veri_test.txt")]
    Evaluate(EvaluateArgs),
    /// Say who is playing in audio files, or which tags they have
    #[command(after_help = "Examples:\n  \
        crooner predict runs/demo-song-seed0 song.mp3\n  \
        crooner predict runs/demo-song-seed0 ~/Music/unknown --top 1\n  \
        crooner predict runs/demo-song-seed0 song.mp3 --json   with every slice\n  \
        crooner predict choi-msd song.mp3 --top 5              a published model: tags\n\n\
        Exit code 1 means that some files could not be read.")]
    Predict(PredictArgs),
    /// List the published models that come with crooner, or show one
    #[command(after_help = "Examples:\n  \
        crooner models\n  \
        crooner models choi-msd     labels, licence, source, limits")]
    Models(ModelsArgs),
    /// Make a run of the weights of another program
    #[command(after_help = "Examples:\n  \
        crooner import best_model.pth --preset won-mtat -o runs/won\n  \
        crooner import crnn.keras --preset paper --labels artists.txt -o runs/mine\n  \
        crooner import weights.h5 --config my.toml --labels artists.txt -o runs/mine\n\n\
        Reads safetensors, PyTorch checkpoints (.pt, .pth) and weights of Keras (.keras, .h5), by the names\n\
        that docs/models.md lists. `predict`, `export` and training.init_from take the run.")]
    Import(ImportArgs),
    /// Write the weights of a run for PyTorch
    #[command(after_help = "Examples:\n  \
        crooner export runs/demo-song-seed0 -o demo.safetensors\n  \
        crooner export hsieh-artist20 -o hsieh.safetensors       a published model\n\n\
        docs/models.md shows a PyTorch module that loads the file.")]
    Export(ExportArgs),
    /// Compute features of audio files, equal to librosa's
    #[command(after_help = "Examples:\n  \
        crooner features song.mp3 --feature log-mel -o song.npy\n  \
        crooner features song.mp3 --feature cqt --set bins_per_octave=24 --set n_bins=168 -o song.csv\n  \
        crooner features ~/Music --feature log-mel --feature chroma-cqt -o features   a folder, all cores\n  \
        crooner features song.mp3 --feature mfcc -o song.parquet                      a row for each frame\n  \
        crooner features --list                                                       names and settings\n\n\
        Values are [n_bins, n_frames], and float32; of a .parquet, a column time_seconds and one for each bin.\n\
        A folder is continued where it was stopped. Exit code 1 means that some files could not be read.")]
    Features(FeaturesArgs),
    /// Draw audio: waveform, spectrograms, chroma, tempo, self-similarity
    #[command(after_help = "Examples:\n  \
        crooner picture song.mp3 --of mel -o song.png\n  \
        crooner picture song.mp3 --of cqt --start 30 --seconds 10 -o notes.svg\n  \
        crooner picture song.mp3 --of spectrogram --set n_fft=4096 --axis linear -o song.png\n  \
        crooner picture song.mp3 --of self-similarity --feature mfcc --theme dark -o form.png\n\n\
        Spectrograms are in dB below their loudest value. `crooner features --list` shows the settings\n\
        of what is drawn: stft for spectrogram, log-mel for mel, cqt, chroma-cqt for chroma, tempogram.")]
    Picture(PictureArgs),
    /// Divide a data set into training, validation and test tracks, and write the tables
    #[command(after_help = "Examples:\n  \
        crooner split --data ~/Music/mine -o splits                       whole albums held out\n  \
        crooner split --data ~/Music/mine --split album --folds 6 -o splits   six folds\n  \
        crooner split --dataset fma --data D --split group -o splits      genres, artists apart\n  \
        crooner train --data ~/Music/mine --split-file splits/split.json  train on one\n\n\
        Kinds: song, album, group, few-shot, date, hash, leave-one-out, official.")]
    Split(SplitArgs),
    /// Find what is in a data set twice, and what of that lies on two sides of a split
    #[command(after_help = "Examples:\n  \
        crooner audit --data ~/Music/mine                           duplicates, versions, names\n  \
        crooner audit --data D --split splits/split.json            which of them cross the split\n  \
        crooner audit --data D --split runs/mine/split.json --html audit.html   of a run, as a page\n  \
        crooner audit --data D --split splits/split.json --fix fair.csv     a split without them\n  \
        crooner train --data D --split-file fair.csv                to train on that\n\n\
        Exit code 0: nothing that is proven to be one recording lies on two sides of the split.\n\
        Exit code 3: something does, and --fix was not asked to mend it. Guesses never decide the exit code.")]
    Audit(AuditArgs),
    /// Look after a store of features: what is in it, is it intact, what can go
    #[command(after_help = "Examples:\n  \
        crooner store stat\n  \
        crooner store verify             exit code 1 means that something is damaged\n  \
        crooner store gc --dry-run       what changed audio, settings and versions left behind")]
    Store(StoreCommandArgs),
    /// List the data sets that crooner knows, show one, or check a copy of one
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  \
        crooner datasets\n  \
        crooner datasets demo                      citation, licence, expected layout\n  \
        crooner datasets check fma --root D        what is missing, extra or damaged"
    )]
    Datasets(DatasetsArgs),
    /// Show version, backends, CPU features and threads
    #[command(after_help = "Example:\n  crooner info")]
    Info,
}

/// Which music.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Name of a data set (`crooner datasets` lists them)
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Folder of music: ARTIST/ALBUM/TRACK.ext, or what --dataset needs
    #[arg(long, value_name = "DIR", alias = "root")]
    data: Option<PathBuf>,
    /// For --dataset table: which of its columns is what, as in path=FILE,artist=SINGER
    #[arg(long, value_name = "NAME=COLUMN", value_delimiter = ',', value_parser = parse_pair)]
    columns: Vec<(String, String)>,
    /// A choice that the data set offers (`crooner datasets NAME` lists them), as in layout=label
    #[arg(long = "with", value_name = "KEY=VALUE", value_parser = parse_pair)]
    options: Vec<(String, String)>,
}

/// Which music, and which features of it.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Settings to start from: demo, best, card, paper or paper-keras211 [default: demo]
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// TOML file with settings that differ from the preset's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What is to be recognised, and what is kept together.
#[derive(Debug, Args)]
pub(crate) struct ColumnArgs {
    /// What to recognise: artist, album, genre, speaker or any other column of the data set [default: artist]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// What must not be on two sides: album, artist or any other column of the data set [default: album]
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
}

/// Where features are kept.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Folder of computed features, shared by all runs
    #[arg(long = "store", value_name = "DIR", default_value = "store")]
    pub(crate) root: PathBuf,
}

/// What to compute on.
#[derive(Debug, Args)]
pub(crate) struct BackendArgs {
    /// Backend: flex (CPU; also called cpu), ndarray, wgpu (GPU)
    #[arg(long = "backend", value_name = "NAME", default_value = "flex")]
    pub(crate) name: String,
}

impl DataArgs {
    fn overrides(&self) -> Overrides {
        Overrides {
            dataset: self.dataset.clone(),
            root: self.data.clone(),
            columns: self.columns.iter().cloned().collect(),
            options: self.options.iter().cloned().collect(),
            ..Overrides::default()
        }
    }
}

impl SourceArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { preset: self.preset.clone(), config: self.config.clone(), ..self.data.overrides() }
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE, as in artist=SINGER".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::data::parse_shard;
    use super::network::parse_seeds;
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn shards_are_counted_from_zero() {
        assert_eq!(parse_shard("3/4"), Ok((3, 4)));
        for wrong in ["4/4", "1", "a/b", "-1/2", ""] {
            assert!(parse_shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_a_number_or_a_list() {
        assert_eq!(parse_seeds("3"), Ok(Seeds(vec![0, 1, 2])));
        assert_eq!(parse_seeds("0, 21,42"), Ok(Seeds(vec![0, 21, 42])));
        for wrong in ["", "0", "1", "1001", "-2", "7,", "1,1", "a,b", "2.5"] {
            let error = parse_seeds(wrong).unwrap_err();
            assert!(error.contains("as in 0,21,42"), "{wrong}: {error}");
        }
    }

    /// Every sub-command, the options of each, and its examples.
    #[test]
    fn help_texts() {
        let mut command = Cli::command().term_width(100);
        insta::assert_snapshot!("help", command.render_long_help());
        for sub in command.get_subcommands_mut() {
            let name = sub.get_name().to_owned();
            let mut sub = sub.clone().term_width(100);
            insta::assert_snapshot!(format!("help-{name}"), sub.render_help());
        }
    }
}
