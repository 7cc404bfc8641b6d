//! Hours of audio that are nowhere stored.

use std::error::Error;

use crooner_features::{FeatureConfig, LogMelConfig};

pub(crate) struct Streamed {
    pub(crate) hours: usize,
    pub(crate) n_frames: usize,
    pub(crate) loudest_db: f32,
}

/// Noise in blocks of a decoder's packet through the log-mel extractor, whose frames are looked at and let go.
pub(crate) fn log_mel(hours: usize) -> Result<Streamed, Box<dyn Error>> {
    const BLOCK: usize = 1152;
    let config = LogMelConfig::default();
    let n_samples = hours * 3600 * config.sample_rate as usize;
    let mut extractor = FeatureConfig::LogMel(config).extractor()?;
    let (mut n_frames, mut loudest_db) = (0, f32::NEG_INFINITY);
    let mut on_frame = |frame: &[f32]| {
        n_frames += 1;
        loudest_db = frame.iter().copied().fold(loudest_db, f32::max);
    };
    let mut block = vec![0.0; BLOCK];
    let mut state = 1u32;
    for first in (0..n_samples).step_by(BLOCK) {
        for sample in &mut block {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = state as f32 / u32::MAX as f32 - 0.5;
        }
        extractor.push(&block[..BLOCK.min(n_samples - first)], &mut on_frame)?;
    }
    extractor.finish(&mut on_frame)?;
    Ok(Streamed { hours, n_frames, loudest_db })
}

/// The most memory that this process has had resident so far, where the system tells.
pub(crate) fn most_resident_kilobytes() -> Result<Option<u64>, Box<dyn Error>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(Some(line.trim().trim_end_matches(" kB").parse()?))
}
