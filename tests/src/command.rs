//! The command, run in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::wav;

/// A folder that a test owns; the command runs in it.
pub struct Sandbox {
    folder: tempfile::TempDir,
    program: PathBuf,
}

/// What a finished command left.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Settings under which training takes a second or two.
const QUICK: &str = r#"
[features.log-mel]
n_mels = 32
[slices]
frames = 32
[model.crnn]
blocks = [{ filters = 4, pool = [2, 2] }, { filters = 6, pool = [4, 4] }]
gru = [8]
[training]
epochs = 3
"#;

impl Sandbox {
    /// `program` is `env!("CARGO_BIN_EXE_crooner-under-test")`, which only tests can know.
    ///
    /// # Panics
    ///
    /// If there is no room for temporary files.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "test support")]
    pub fn new(program: &str) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap(), program: PathBuf::from(program) };
        fs::write(sandbox.path("quick.toml"), QUICK).unwrap();
        sandbox
    }

    /// A path in the sandbox.
    #[must_use]
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// The command with `args`, not yet run.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_remove("RAYON_NUM_THREADS");
        command
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[expect(clippy::expect_used, reason = "test support")]
    pub fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command(args).output().expect("the command starts"))
    }

    /// Runs the command and expects success.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn succeed(&self, args: &[&str]) -> Outcome {
        let outcome = self.run(args);
        assert_eq!(
            outcome.code,
            Some(0),
            "crooner {}:\n{}\n{}",
            args.join(" "),
            outcome.stdout,
            outcome.stderr
        );
        outcome
    }

    /// Runs the command and expects one clear sentence and exit code 1; returns the sentence.
    ///
    /// # Panics
    ///
    /// If it succeeds, panics, or says anything but `error: ...` on one line.
    #[expect(clippy::expect_used, reason = "test support")]
    pub fn refuse(&self, args: &[&str]) -> String {
        let outcome = self.run(args);
        assert_eq!(
            outcome.code,
            Some(1),
            "crooner {}:\n{}\n{}",
            args.join(" "),
            outcome.stdout,
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        let errors: Vec<_> = outcome.stderr.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
        let error = *errors.first().expect("an error is told");
        assert_eq!(errors.len(), 1, "{}", outcome.stderr);
        assert!(
            outcome.stderr.ends_with(&format!("error: {error}\n")),
            "the error comes last: {}",
            outcome.stderr
        );
        error.to_owned()
    }

    /// Starts the command without waiting for it.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[expect(clippy::expect_used, reason = "test support")]
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
    }

    /// A JSON file of the sandbox.
    ///
    /// # Panics
    ///
    /// If it is not there or not JSON.
    #[expect(clippy::unwrap_used, reason = "test support")]
    pub fn json(&self, relative: impl AsRef<Path>) -> Value {
        serde_json::from_slice(&fs::read(self.path(relative)).unwrap()).unwrap()
    }

    /// Makes a small collection `music/ARTIST/ALBUM/TRACK.wav`: each artist plays a tone of its own.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    #[expect(clippy::unwrap_used, reason = "test support")]
    pub fn music(&self, artists: usize, albums: usize, tracks: usize) {
        for artist in 0..artists {
            for album in 0..albums {
                let folder = self.path(format!("music/Artist {artist}/Album {album}"));
                fs::create_dir_all(&folder).unwrap();
                for track in 0..tracks {
                    let number = (album * tracks + track) as f32;
                    let samples = wav::tone(220.0 * (artist + 1) as f32 + number, 3.0);
                    wav::write(&folder.join(format!("{track}.wav")), &samples).unwrap();
                }
            }
        }
    }
}

impl Outcome {
    /// From what the system says of a finished process.
    #[must_use]
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    ///
    /// If it is not.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "test support")]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}
