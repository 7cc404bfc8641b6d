//! The command line: names, options, help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use crooner_train::config::Freeze;

use crate::experiment::Overrides;

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
    /// Score a trained classifier on its test tracks again
    #[command(after_help = "Examples:\n  \
        crooner evaluate runs/demo-song-seed0\n  \
        crooner evaluate runs/demo-song-seed0 --json")]
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
    /// Settings to start from: demo, best, card or paper [default: demo]
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

#[derive(Debug, Args)]
pub(crate) struct PrepareArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Only part I of N, counted from 0, for running on several machines
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub(crate) shard: Option<(usize, usize)>,
    /// Read all of what is there, and compute damaged parts again
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// The split to look at: split.json, or a table (.csv, .parquet) with the columns id and side; or a kind of split, as
    /// `crooner split --help` lists
    #[arg(long, visible_alias = "split-file", value_name = "FILE|KIND")]
    pub(crate) split: Option<String>,
    /// Decides who goes where in a kind of split
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Do not guess at versions of the same song
    #[arg(long)]
    pub(crate) no_versions: bool,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Write everything found as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page that shows each pair, spectrograms side by side
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write a split with every recording on one side: .json, or a table (.csv, .parquet)
    #[arg(long, value_name = "FILE", requires = "split")]
    pub(crate) fix: Option<PathBuf>,
    /// Let --fix replace a file that is there
    #[arg(long, requires = "fix")]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StoreCommandArgs {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreAction {
    /// Show what lies in a store: features, tracks, hours, size
    Stat(StoreArgs),
    /// Read everything and compare checksums
    Verify {
        #[command(flatten)]
        store: StoreArgs,
        /// Remove damaged parts, so that prepare-data computes them again
        #[arg(long)]
        remove: bool,
    },
    /// Remove features that no data set needs any more
    Gc {
        #[command(flatten)]
        store: StoreArgs,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Keep apart songs, whole albums (harder, and more honest), or as `crooner split --help` lists
    #[arg(long, value_name = "KIND")]
    split: Option<String>,
    /// Train on this split: split.json, or a table (.csv, .parquet) with the columns id and side
    #[arg(long, value_name = "FILE", conflicts_with = "split")]
    split_file: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Length of a slice
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    slice_seconds: Option<f64>,
    /// Decides split, initial weights, order and dropout
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Train at several seeds and sum up: how many, from 0 on, or which, as in 0,21,42. The same command
    /// continues what was interrupted
    #[arg(long, value_name = "N|LIST", value_parser = parse_seeds, conflicts_with_all = ["seed", "resume"])]
    pub(crate) seeds: Option<Seeds>,
    /// Start from the weights of this run, or of a model.safetensors, as far as they fit
    #[arg(long, value_name = "RUN")]
    init_from: Option<PathBuf>,
    /// What of the network keeps those weights: encoder, or nothing [default: nothing]
    #[arg(long, value_name = "WHAT", value_parser = parse_freeze)]
    freeze: Option<Freeze>,
    /// Most epochs
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// Slices a step
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Folder to write to [default: runs/DATASET-SPLIT-seedN; with --seeds, runs/DATASET-SPLIT-seeds]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Train for some steps while the learning rate grows, draw the loss (.png or .svg), suggest a rate, and no more
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "out", "resume", "epochs"])]
    pub(crate) find_learning_rate: Option<PathBuf>,
    /// Train even if a recording is on two sides of the split; the report says so
    #[arg(long)]
    pub(crate) allow_leakage: bool,
    /// Continue an interrupted run, with its own settings; --epochs may ask for more
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dataset", "data", "preset", "config", "split", "split_file", "columns", "options", "label", "group", "slice_seconds", "seed", "batch_size", "init_from", "freeze"])]
    pub(crate) resume: Option<PathBuf>,
}

/// Seeds to train at, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seeds(pub(crate) Vec<u64>);

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Folders of `crooner train --seeds`, the one to compare with first
    #[arg(required = true, num_args = 2.., value_name = "DIR")]
    pub(crate) experiments: Vec<PathBuf>,
    /// What to compare
    #[arg(long, value_enum, default_value_t = ComparedScore::WeightedF1)]
    pub(crate) score: ComparedScore,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `crooner compare` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComparedScore {
    Accuracy,
    WeightedF1,
    MacroF1,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// Folder of a run
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Print the scores as JSON, with the keys of report.json
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// Folder of a run, or name of a published model (`crooner models` lists them)
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) run: PathBuf,
    /// Audio files, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) inputs: Vec<PathBuf>,
    /// How many artists or tags to name for each file
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = parse_top)]
    pub(crate) top: usize,
    /// Print JSON, with every slice
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// Show this one
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// File of weights
    pub(crate) weights: PathBuf,
    /// Features and architecture that the weights are for
    #[arg(long, value_name = "NAME", required_unless_present = "config")]
    preset: Option<String>,
    /// TOML file with settings that differ from the preset's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Names of the classes in the order of the outputs, one a line [default: a published model's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Folder to write to
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Folder of a run, or name of a published model
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) run: PathBuf,
    /// Kind of file
    #[arg(long, value_enum, default_value_t = ExportFormat::Safetensors)]
    pub(crate) format: ExportFormat,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// What `crooner export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Safetensors,
}

#[derive(Debug, Args)]
pub(crate) struct FeaturesArgs {
    /// An audio file, or a folder of them
    #[arg(value_name = "FILE|DIR", required_unless_present = "list")]
    pub(crate) input: Option<PathBuf>,
    /// Which feature; may be given more than once for a folder
    #[arg(long = "feature", value_name = "NAME", required_unless_present = "list")]
    pub(crate) features: Vec<String>,
    /// Of a file: .npy, .parquet, .csv or .json. Of a folder: a folder, that gets one .npy for each file and feature
    #[arg(short, long, value_name = "PATH", required_unless_present = "list")]
    pub(crate) output: Option<PathBuf>,
    /// Sample rate to compute at
    #[arg(long, value_name = "HZ", default_value_t = 22_050)]
    pub(crate) sample_rate: u32,
    /// A setting of the feature, under its own name or librosa's; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Files at a time [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Show the features there are, with their settings
    #[arg(long, conflicts_with_all = ["input", "features", "output", "settings"])]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PictureArgs {
    /// An audio file
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// What to draw
    #[arg(long, value_name = "WHAT")]
    pub(crate) of: PictureOf,
    /// The picture to write: .png or .svg
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Where to begin, in seconds
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = parse_seconds)]
    pub(crate) start: f64,
    /// How much to draw, in seconds [default: all that follows]
    #[arg(long, value_name = "S", value_parser = parse_seconds)]
    pub(crate) seconds: Option<f64>,
    /// Sample rate to compute at
    #[arg(long, value_name = "HZ", default_value_t = 22_050)]
    pub(crate) sample_rate: u32,
    /// A setting of what is drawn, under its own name or librosa's; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Frequency axis of a spectrogram [default: log]
    #[arg(long)]
    pub(crate) axis: Option<FrequencyAxis>,
    /// What is compared in a self-similarity, any feature [default: chroma-cqt]
    #[arg(long, value_name = "NAME")]
    pub(crate) feature: Option<String>,
    /// Colours [default: light; an .svg without it takes those of its reader]
    #[arg(long)]
    pub(crate) theme: Option<ThemeName>,
    /// Width in pixels, everything in proportion [default: 1600 for .png, 800 for .svg]
    #[arg(long, value_name = "PX")]
    pub(crate) width: Option<u32>,
}

/// What `crooner picture` draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureOf {
    Waveform,
    Spectrogram,
    Mel,
    Cqt,
    Chroma,
    Tempogram,
    SelfSimilarity,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrequencyAxis {
    #[default]
    Log,
    Mel,
    Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeName {
    Light,
    Dark,
}

#[derive(Debug, Args)]
pub(crate) struct DatasetsArgs {
    /// Show this one
    pub(crate) name: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<DatasetsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetsCommand {
    /// Say what of a copy is missing, extra or damaged; exit code 1 if anything is
    Check {
        /// Which set
        name: String,
        /// Where the copy lies
        #[arg(long = "root", value_name = "DIR")]
        folder: Option<PathBuf>,
        /// A choice that the data set offers, as in subset=small
        #[arg(long = "with", value_name = "KEY=VALUE", value_parser = parse_pair)]
        options: Vec<(String, String)>,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// What is kept together: song, album, group, few-shot, date, hash, leave-one-out or official
    #[arg(long, value_name = "KIND", default_value = "album")]
    pub(crate) split: String,
    /// Folds of equal shares, each the test once (song, album, group)
    #[arg(long, value_name = "K")]
    pub(crate) folds: Option<usize>,
    /// Tracks of each class to train on (few-shot)
    #[arg(long, value_name = "N")]
    pub(crate) shots: Option<usize>,
    /// Share of the test
    #[arg(long, value_name = "F", default_value_t = 0.1)]
    pub(crate) test_fraction: f64,
    /// Share of validation, of what the test leaves
    #[arg(long, value_name = "F", default_value_t = 0.1)]
    pub(crate) validation_fraction: f64,
    /// Decides who goes where
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Leave out the classes for which the split is impossible, and say which
    #[arg(long)]
    pub(crate) drop_small: bool,
    /// Folder to write to
    #[arg(short, long, value_name = "DIR", default_value = "splits")]
    pub(crate) output: PathBuf,
}

impl SplitArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            split: Some(self.split.clone()),
            label: self.columns.label.clone(),
            group: self.columns.group.clone(),
            ..self.data.overrides()
        }
    }
}

impl AuditArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            label: self.columns.label.clone(),
            group: self.columns.group.clone(),
            ..self.data.overrides()
        }
    }
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

impl ImportArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { preset: self.preset.clone(), config: self.config.clone(), ..Overrides::default() }
    }
}

impl SourceArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { preset: self.preset.clone(), config: self.config.clone(), ..self.data.overrides() }
    }
}

impl TrainArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            split: self.split.clone(),
            split_file: self.split_file.clone(),
            label: self.columns.label.clone(),
            group: self.columns.group.clone(),
            slice_seconds: self.slice_seconds,
            seed: self.seed,
            epochs: self.epochs,
            batch_size: self.batch_size,
            init_from: self.init_from.clone(),
            freeze: self.freeze,
            ..self.source.overrides()
        }
    }
}

fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts
        .filter(|(i, n)| i < n)
        .ok_or_else(|| "expected I/N with I counted from 0 and below N, as in 0/4".to_owned())
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=1e9).contains(seconds));
    seconds.ok_or_else(|| "expected a number of seconds of at least 0, as in 12.5".to_owned())
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE, as in artist=SINGER".to_owned())
}

fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let expected = || {
        "expected a number of seeds from 2 to 1000, or at least two different ones, as in 0,21,42".to_owned()
    };
    let seeds: Vec<u64> = match text.parse() {
        Ok(n @ 2..=1000) => (0..n).collect(),
        Ok(_) => return Err(expected()),
        Err(_) => text
            .split(',')
            .map(|seed| seed.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(|_| expected())?,
    };
    let mut different = seeds.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < seeds.len() || seeds.len() < 2 {
        return Err(expected());
    }
    Ok(Seeds(seeds))
}

fn parse_freeze(text: &str) -> Result<Freeze, String> {
    match text {
        "encoder" => Ok(Freeze::Encoder),
        "nothing" => Ok(Freeze::Nothing),
        _ => Err("expected encoder or nothing".to_owned()),
    }
}

fn parse_top(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&k| k >= 1).ok_or_else(|| "expected a number of at least 1".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

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
