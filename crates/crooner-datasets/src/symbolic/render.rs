//! From a MIDI file to a WAV file, by the program fluidsynth.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::effect::{self, Effect, Treatment};
use crate::{DatasetError, Request, Watch, atomic};

/// Raised whenever the same settings give other bytes.
const RENDER_VERSION: u32 = 2;
const SAMPLE_RATE: u32 = 44_100;
/// Where an excerpt begins, in seconds, if the piece is long enough.
const START: f64 = 8.0;
/// What fluidsynth writes: two channels of 16 bits.
const FRAME_BYTES: u64 = 4;

/// The soundfonts looked for, in this order, unless a folder is named.
const SOUNDFONTS: [&str; 3] = ["FluidR3_GM.sf2", "TimGM6mb.sf2", "MuseScore_General_Lite.sf3"];
/// Where distributions of Linux and Homebrew have them.
const FOLDERS: [&str; 5] = [
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
];

/// fluidsynth and what it plays with.
#[derive(Debug)]
pub(super) struct Synthesiser {
    program: PathBuf,
    /// As it calls itself: `FluidSynth runtime version 2.3.1`.
    pub(super) version: String,
    /// At least as many as the effect needs.
    pub(super) soundfonts: Vec<PathBuf>,
    /// Of each soundfont its bytes.
    sizes: Vec<u64>,
}

/// A piece to render.
pub(super) struct Job<'a> {
    pub(super) midi: &'a Path,
    pub(super) target: PathBuf,
    pub(super) treatment: &'a Treatment,
}

impl Synthesiser {
    /// The program and the soundfonts, as far as `effect` needs them.
    pub(super) fn find(name: &str, request: &Request, effect: &Effect) -> Result<Self, DatasetError> {
        let program = request.options.get("fluidsynth").map_or("fluidsynth", String::as_str);
        let needed = |reason: String| DatasetError::SynthesiserNeeded { name: name.to_owned(), reason };
        let output = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| needed(format!("the program {program:?} cannot be run ({error})")))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().find(|line| line.contains("version")).map(str::trim);
        let version = version.filter(|_| output.status.success()).ok_or_else(|| {
            needed(format!("{program:?} --version does not say its version ({})", output.status))
        })?;
        let soundfonts = match request.options.get("soundfonts") {
            Some(folder) => in_folder(Path::new(folder))?,
            None => SOUNDFONTS.iter().filter_map(|name| known(name)).collect(),
        };
        let wanted = effect.needed_soundfonts();
        if soundfonts.len() < wanted {
            let place = request.options.get("soundfonts").map_or("the usual folders", String::as_str);
            let found = soundfonts.len();
            return Err(needed(format!("{wanted} soundfont(s) are needed, found {found} in {place}")));
        }
        let size = |path: &PathBuf| fs::metadata(path).map(|found| found.len());
        let sizes = soundfonts
            .iter()
            .map(|path| size(path).map_err(DatasetError::io("look at", path)))
            .collect::<Result<_, _>>()?;
        Ok(Self { program: program.into(), version: version.to_owned(), soundfonts, sizes })
    }

    /// The names of the soundfonts.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.soundfonts.iter().map(name).collect()
    }

    /// The name of the soundfont of a piece.
    pub(super) fn soundfont(&self, treatment: &Treatment) -> String {
        self.names().swap_remove(treatment.soundfont)
    }

    /// All that decides what a piece and a treatment come to. A soundfont is known by its name and size.
    pub(super) fn identity(&self) -> String {
        format!("{RENDER_VERSION} {} {:?} {:?}", self.version, self.names(), self.sizes)
    }

    /// Renders what is not there, several at a time. Of each piece its file, or why it cannot be had; `None` if `watch`
    /// asked for an end before all were there.
    pub(super) fn render(
        &self,
        jobs: &[Job<'_>],
        effect: &Effect,
        watch: &Watch,
    ) -> Result<Option<Vec<Result<PathBuf, String>>>, DatasetError> {
        let (next, n_done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let goes_on = |n_done: usize| watch.tell(n_done, jobs.len()).is_continue();
        let work = || {
            let mut done = Vec::new();
            while let Some((number, job)) = {
                let number = next.fetch_add(1, Ordering::Relaxed);
                jobs.get(number).map(|job| (number, job))
            } {
                let is_there = job.target.is_file();
                if !is_there && !goes_on(n_done.load(Ordering::Relaxed)) {
                    break;
                }
                let outcome = if is_there { Ok(Ok(())) } else { self.one(job, effect) };
                done.push((number, outcome.map(|outcome| outcome.map(|()| job.target.clone()))));
                n_done.fetch_add(1, Ordering::Relaxed);
            }
            done
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        if done.len() < jobs.len() {
            return Ok(None);
        }
        // That all is done; there is nothing left to end.
        let _ = watch.tell(jobs.len(), jobs.len());
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, outcome)| outcome).collect::<Result<_, _>>().map(Some)
    }

    /// The outer error is the disk's, the inner one the piece's.
    fn one(&self, job: &Job<'_>, effect: &Effect) -> Result<Result<(), String>, DatasetError> {
        let scratch =
            tempfile::tempdir().map_err(DatasetError::io("make a folder in", std::env::temp_dir()))?;
        let raw = scratch.path().join("sound.raw");
        // In place of the user's own settings, which would be anybody's guess.
        let settings = scratch.path().join("settings");
        fs::write(&settings, "").map_err(DatasetError::io("write", &settings))?;
        let Treatment { soundfont, room, reverb, .. } = job.treatment;
        let mut command = Command::new(&self.program);
        // A Ctrl-C is ours to answer: the piece at hand is finished.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let output = command
            .args(["-n", "-i", "-q", "-g", "0.4", "-T", "raw", "-O", "s16", "-E", "little"])
            .args(["-r", &SAMPLE_RATE.to_string(), "-o", "synth.chorus.active=0"])
            // No other than the one named.
            .args(["-o", "synth.default-soundfont="])
            .args(["-o", &format!("synth.reverb.room-size={room:.4}")])
            .args(["-o", &format!("synth.reverb.level={reverb:.4}")])
            .arg("-f")
            .arg(&settings)
            .arg("-F")
            .arg(&raw)
            .arg(&self.soundfonts[*soundfont])
            .arg(job.midi)
            .stdin(Stdio::null())
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) => return Ok(Err(format!("{:?} cannot be run ({error})", self.program))),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        // It goes on without a soundfont that it cannot read, and calls that success.
        let complaint = said.lines().find(|line| line.contains("error"));
        if complaint.is_some() || !output.status.success() {
            let complaint = complaint.unwrap_or("it does not say why").trim();
            return Ok(Err(format!("fluidsynth cannot render it ({}): {complaint}", output.status)));
        }
        let mut samples = match excerpt(&raw, effect.seconds) {
            Ok(samples) => samples,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(DatasetError::io("read", raw)(error)),
        };
        if samples.is_empty() {
            return Ok(Err("fluidsynth made no sound of it".to_owned()));
        }
        effect::apply(job.treatment, &mut samples, f64::from(SAMPLE_RATE));
        atomic::write(&job.target, &wav(&samples)).map(Ok)
    }
}

/// Every soundfont in a folder, sorted.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let cannot = || DatasetError::io("read folder", folder);
    let entries = fs::read_dir(folder).map_err(cannot())?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let is_soundfont =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sf2" || extension == "sf3");
    let mut found: Vec<_> = paths.map_err(cannot())?.into_iter().filter(is_soundfont).collect();
    found.sort();
    Ok(found)
}

fn known(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

/// The middle of both channels, of `seconds` from the start on that [`START`] says, or of the middle of a piece too short
/// for that.
fn excerpt(raw: &Path, seconds: f64) -> io::Result<Vec<f32>> {
    let mut file = File::open(raw)?;
    let there = file.metadata()?.len() / FRAME_BYTES;
    let frames = |seconds: f64| (seconds * f64::from(SAMPLE_RATE)) as u64;
    let wanted = frames(seconds).min(there);
    let start = frames(START).min((there - wanted) / 2);
    file.seek(SeekFrom::Start(FRAME_BYTES * start))?;
    let mut bytes = Vec::new();
    file.take(FRAME_BYTES * wanted).read_to_end(&mut bytes)?;
    let (frames, _) = bytes.as_chunks::<{ FRAME_BYTES as usize }>();
    let middle = |&[a, b, c, d]: &[u8; 4]| {
        let sum = i32::from(i16::from_le_bytes([a, b])) + i32::from(i16::from_le_bytes([c, d]));
        sum as f32 / 65_536.0
    };
    Ok(frames.iter().map(middle).collect())
}

/// One channel of 16 bits.
fn wav(samples: &[f32]) -> Vec<u8> {
    let size = 2 * samples.len() as u32;
    let mut file = Vec::with_capacity(44 + size as usize);
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend((2 * SAMPLE_RATE).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(size.to_le_bytes());
    for sample in samples {
        file.extend(((sample * 32_767.0).round() as i16).to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_begins_after_eight_seconds_or_where_it_fits() {
        let folder = tempfile::tempdir().unwrap();
        let raw = folder.path().join("raw");
        // A frame a millisecond and its number there; the other channel is silent.
        let write = |seconds: u32| {
            let frames = (0..seconds * SAMPLE_RATE).map(|at| (at / 441) as i16);
            fs::write(&raw, frames.flat_map(|v| [v.to_le_bytes(), [0; 2]]).flatten().collect::<Vec<_>>())
                .unwrap();
        };
        let first = |seconds| {
            let samples = excerpt(&raw, seconds).unwrap();
            ((samples[0] * 65_536.0) as u32, samples.len() as u32 / SAMPLE_RATE)
        };
        write(30);
        assert_eq!(first(10.0), (800, 10));
        assert_eq!(first(20.0), (500, 20));
        assert_eq!(first(60.0), (0, 30));
    }
}
