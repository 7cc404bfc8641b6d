//! One of the conversions that are made one after the other.

use crate::fast::{HalfBand, Polyphase};
use crate::soxr_hq::OverlapSave;

#[derive(Clone)]
pub(crate) enum Stage {
    OverlapSave(OverlapSave),
    HalfBand(HalfBand),
    Polyphase(Polyphase),
}

impl Stage {
    /// Takes `input`, appends every output sample that it completes.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        match self {
            Self::OverlapSave(stage) => stage.process(input, output),
            Self::HalfBand(stage) => stage.process(input, output),
            Self::Polyphase(stage) => stage.process(input, output),
        }
    }

    /// Appends what is left, as if the input were followed by silence, and starts afresh.
    pub(crate) fn finish(&mut self, output: &mut Vec<f32>) {
        match self {
            Self::OverlapSave(stage) => stage.finish(output),
            Self::HalfBand(stage) => stage.finish(output),
            Self::Polyphase(stage) => stage.finish(output),
        }
    }
}
