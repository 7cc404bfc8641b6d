//! The golden arrays of onsets, tempo, beats and pitch.

use crate::golden::Family;

pub(super) const FAMILY: Family = Family {
    registered: &[],
    computed: &[],
    later: &[
        "iirt",
        "onsets",
        "tempo",
        "beat_tempo",
        "beats",
        "plp",
        "yin",
        "pyin_f0",
        "pyin_voiced",
        "pyin_prob",
        "reassigned_freqs",
        "reassigned_mags",
    ],
};
