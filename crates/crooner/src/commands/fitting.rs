//! Training with its progress told.

use std::time::{Duration, Instant};

use anyhow::Result;
use crooner_train::fit::EpochRecord;
use crooner_train::{FitEvent, FitOutcome, FitRequest, Transfer, fit};

use crate::progress::Progress;
use crate::run_dir::RunDir;

/// Time between the first wait for data and the last of each epoch, and how much of it was waiting.
#[derive(Debug, Default)]
struct Waiting {
    begun: Option<Instant>,
    since: Option<Instant>,
    /// Of the epoch under way.
    waited: Duration,
    span: Duration,
    /// Of all epochs before.
    total_waited: Duration,
    total_span: Duration,
}

impl Waiting {
    fn starts(&mut self) {
        let now = Instant::now();
        self.begun.get_or_insert(now);
        self.since = Some(now);
    }

    fn ends(&mut self) {
        let now = Instant::now();
        self.waited += self.since.take().map_or(Duration::ZERO, |since| now - since);
        self.span = self.begun.map_or(Duration::ZERO, |begun| now - begun);
    }

    /// The validation that follows an epoch's last step is not part of it.
    fn epoch_ends(&mut self) {
        self.total_waited += std::mem::take(&mut self.waited);
        self.total_span += std::mem::take(&mut self.span);
        self.begun = None;
    }

    /// Share of the time of all steps; `None` if there was none.
    fn share(&self) -> Option<f64> {
        let span = self.total_span.as_secs_f64();
        (span > 0.0).then(|| self.total_waited.as_secs_f64() / span)
    }
}

/// Trains, with its progress on standard error and in `dir`. Beside the outcome, the share of the epochs'
/// time that steps waited for data.
pub(super) fn fit_with_progress(request: &FitRequest<'_>, dir: &RunDir) -> Result<(FitOutcome, Option<f64>)> {
    let epochs = request.config.epochs;
    let bar = Progress::new(0, "{msg} {bar:24} at most {eta} left");
    let (begun, mut seen) = (Instant::now(), 0);
    let mut waiting = Waiting::default();
    let mut write_error = None;
    let outcome = fit(request, |event| match event {
        FitEvent::Resumed { epochs, steps } => {
            bar.line(&format!("resumed    after {epochs} epochs and {steps} steps"));
        }
        FitEvent::Initialised(Transfer { taken, fresh, left }) => {
            bar.line(&format!("start      {} tensors taken over", taken.len()));
            for (what, names) in [("drawn from the seed", fresh), ("not taken over", left)] {
                if !names.is_empty() {
                    bar.line(&format!("note: {what}: {}", names.join(", ")));
                }
            }
        }
        FitEvent::Waiting => waiting.starts(),
        FitEvent::Ready => waiting.ends(),
        FitEvent::Step { epoch, step, steps, loss, f1, slices } => {
            seen += slices;
            let (done, total) = ((epoch - 1) * steps + step, epochs * steps);
            bar.set(done as u64, total as u64, || {
                let rate = seen as f64 / begun.elapsed().as_secs_f64();
                format!("epoch {epoch:>3}/{epochs}  loss {loss:.3}  F1 {f1:.3}  {rate:.0} slices/s")
            });
        }
        FitEvent::Epoch { history, best } => {
            waiting.epoch_ends();
            let Some(last) = history.last() else { return };
            bar.line(&format!(
                "epoch {:>3}  train loss {:.3} F1 {:.3}  validation loss {:.3} F1 {:.3}{}",
                last.epoch,
                last.train_loss,
                last.train_f1,
                last.validation_loss,
                last.validation_f1,
                if best { "  best" } else { "" }
            ));
            let written = write_metrics(dir, history);
            write_error = write_error.take().or(written.err());
        }
        _ => {}
    });
    bar.clear();
    if let Some(error) = write_error {
        return Err(error);
    }
    let outcome = outcome?;
    // Killed between the last checkpoint and its metrics, a run resumes with no epoch left that would write them.
    write_metrics(dir, &outcome.history)?;
    Ok((outcome, waiting.share()))
}

/// One line of JSON for each epoch.
fn write_metrics(dir: &RunDir, history: &[EpochRecord]) -> Result<()> {
    let lines = history.iter().map(|record| Ok(serde_json::to_string(record)? + "\n"));
    dir.write(&dir.metrics(), lines.collect::<Result<String>>()?.as_bytes())
}
