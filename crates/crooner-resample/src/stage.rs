//! One of the conversions that are made one after the other.

use crate::fast::{self, HalfBand, Polyphase};
use crate::soxr_hq::{self, LONGEST, LONGEST_SHORT, OverlapSave};

#[derive(Clone)]
pub(crate) enum Stage {
    OverlapSave(OverlapSave),
    HalfBand(HalfBand),
    Polyphase(Polyphase),
}

impl Stage {
    /// soxr's high quality for `up / down` in lowest terms.
    pub(crate) fn soxr_hq(up: u64, down: u64) -> Vec<Self> {
        soxr_hq::chain(up, down, LONGEST).into_iter().map(Self::OverlapSave).collect()
    }

    /// The same in short blocks.
    pub(crate) fn soxr_hq_in_short_blocks(up: u64, down: u64) -> Vec<Self> {
        soxr_hq::chain(up, down, LONGEST_SHORT).into_iter().map(Self::OverlapSave).collect()
    }

    /// The fast quality, or soxr's where it cannot be had.
    pub(crate) fn fast(up: u64, down: u64) -> Vec<Self> {
        match fast::chain(up, down) {
            None => Self::soxr_hq(up, down),
            Some((halvings, rest)) => {
                halvings.into_iter().map(Self::HalfBand).chain(rest.map(Self::Polyphase)).collect()
            }
        }
    }

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
