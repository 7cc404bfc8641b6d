//! `crooner export`

use std::process::ExitCode;

use anyhow::Result;
use crooner_model::ModelConfig;
use crooner_model::crnn::config::{Gates, Reset};

use super::model::Model;
use crate::backend::Backend;
use crate::cli::{ExportArgs, ExportFormat};
use crate::progress::Progress;
use crate::say;

pub(crate) fn run(args: &ExportArgs) -> Result<ExitCode> {
    let classifier = Model::find(&args.run)?.load(Backend::find("flex")?.open()?)?;
    let ExportFormat::Safetensors = args.format;
    let file = crooner_zoo::export::torch_safetensors(&classifier)?;
    crooner_train::write_atomically(&args.output, &file.bytes)?;
    let ModelConfig::Crnn(config) = &classifier.info().model;
    if config.recurrence.reset == Reset::Before || config.recurrence.gates == Gates::HardSigmoid {
        Progress::hidden()
            .line("note: torch.nn.GRU cannot compute this network's GRU; the names are its all the same");
    }
    say(&format!("{}: {} tensors", args.output.display(), file.n_tensors))?;
    Ok(ExitCode::SUCCESS)
}
