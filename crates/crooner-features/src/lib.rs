//! Spectral features of music, equal to librosa 0.11.
//!
//! Samples in, frames out: this crate never sees a file and knows nothing of models.
//!
//! | feature | here | librosa |
//! |---|---|---|
//! | short-time Fourier transform | [`stft`] | `stft` |
//! | power spectrogram | [`power_spectrogram`], [`Spectrogram::power`] | `abs(stft(y))**2` |
//! | magnitude spectrogram | [`Spectrogram::magnitude`] | `abs(stft(y))` |
//! | windows | [`Window::coefficients`] | `filters.get_window` |
//! | mel scale | [`MelScale`], [`mel_frequencies`], [`fft_frequencies`] | `hz_to_mel`, `mel_to_hz`, `mel_frequencies`, `fft_frequencies` |
//! | mel filter bank | [`mel_filter_bank`] | `filters.mel` |
//! | mel spectrogram | [`mel_spectrogram`] | `feature.melspectrogram` |
//! | decibels | [`power_to_db`], [`amplitude_to_db`] | `power_to_db`, `amplitude_to_db` |
//! | constant-Q family | [`cqt`], [`vqt`], [`pseudo_cqt`], [`hybrid_cqt`], [`icqt`], [`wavelet_lengths`] | `cqt`, `vqt`, `pseudo_cqt`, `hybrid_cqt`, `icqt`, `filters.wavelet_lengths` |
//! | tuning | [`estimate_tuning`], [`pitch_tuning`], [`piptrack`] | the same |
//! | chroma | [`chroma_stft`], [`chroma_cqt`], [`chroma_vqt`], [`chroma_cens`], [`tonnetz`] | `feature.chroma_stft`, ... |
//! | chroma filters | [`chroma_filter_bank`], [`cq_to_chroma`] | `filters.chroma`, `filters.cq_to_chroma` |
//! | norms | [`normalize`] | `util.normalize` |
//! | harmonic and percussive parts | [`hpss`] | `decompose.hpss` |
//! | onset strength | [`onset_strength`], [`onset_strength_multi`] | `onset.onset_strength`, `onset.onset_strength_multi` |
//! | tempograms | [`tempogram`], [`tempogram_of`], [`fourier_tempogram`] | `feature.tempogram`, `feature.fourier_tempogram` |
//! | onsets | [`onset_detect`], [`peak_pick`], [`onset_backtrack`] | `onset.onset_detect`, `util.peak_pick`, `onset.onset_backtrack` |
//! | tempo and beats | [`tempo`], [`tempo_curve_of`], [`beat_track`], [`plp`] | `feature.tempo`, `beat.beat_track`, `beat.plp` |
//! | fundamental frequency | [`yin`], [`pyin`] | `yin`, `pyin` |
//! | semitone filters | [`iirt`], [`semitone_filter_bank`] | `iirt`, `filters.semitone_filterbank` |
//! | reassigned spectrogram | [`reassigned_spectrogram`] | `reassigned_spectrogram` |
//! | over time | [`stack_memory`], [`sync`], [`recurrence_matrix`], [`statistics`] | `feature.stack_memory`, `util.sync`, `segment.recurrence_matrix`, `numpy.cov` |
//! | cepstral coefficients, their changes | [`mfcc`], [`delta`] | `feature.mfcc`, `feature.delta` |
//! | centroid, bandwidth, roll-off, flatness | [`spectral_centroid`], [`spectral_bandwidth`], [`spectral_rolloff`], [`spectral_flatness`] | `feature.spectral_*` |
//! | log-mel spectrogram | [`log_mel`]; streaming: [`FeatureConfig::LogMel`] | `power_to_db(feature.melspectrogram(...))` |
//!
//! A function takes a whole track and returns a [`Spectrogram`], `[n_bins, n_frames]` like librosa's. An [`Extractor`],
//! built from a [`FeatureConfig`], takes a track in blocks of any size and returns [`Frames`], `[n_frames, n_bins]`; the
//! values are the same bit for bit.
//!
//! # How equal
//! Tests compare with arrays computed by librosa from five recordings: linear values within 2e-6 of the largest plus
//! 1e-7, decibels within 2e-3 dB down to 80 dB below the peak. librosa itself computes its spectra in `f64` and stores
//! `f32`; here they are computed in `f32` (filters, windows and frequencies in `f64`). On one machine the same samples
//! always give the same bytes; machines whose processors differ may differ in the last bits, because the FFT picks its
//! instructions at run time.
//!
//! Constant-Q magnitudes are within 5e-6 of the largest, all resampling included. Where frames are scaled to their own
//! largest value (chroma), quiet ones may differ by up to 5e-4; onset strength is within 2e-3 dB.
//!
//! # Deliberately absent
//! - *Constant-Q*: intervals other than equal; another resampler than soxr's high quality.
//! - *STFT*: odd `n_fft`, windows besides Hann and Hamming, padding besides zeros and reflection: no published
//!   music model asks for them. A track that librosa would only warn about (no samples, or shorter than an uncentred
//!   window) is an error. The inverse transform has no use in classification.
//! - *Mel*: `power` other than 2; other norms than Slaney's and none; edges above half the sample rate, where librosa
//!   returns empty bands. Bands narrower than the bins stay, as in librosa; see [`MelFilterBank::empty_bands`].
//! - *Decibels*: a reference function other than the largest value; `top_db = 0`.
//! - *Samples*: multichannel input (mix down first), integers, and magnitudes above [`MAX_SAMPLE`].

mod beat;
mod chroma;
mod chroma_cqt;
mod constant_q;
mod decibel;
mod elliptic;
mod error;
mod feature;
mod frames;
mod framing;
mod hpss;
mod iirt;
mod log_mel;
mod median;
mod mel;
mod mfcc;
mod norm;
mod onset;
mod peaks;
mod periodicity;
mod plp;
mod pyin;
mod reassigned;
mod settings;
mod simd;
mod spectral;
mod stft;
mod structure;
mod tempo;
mod tempogram;
mod transform;
mod tuning;
mod viterbi;
mod whole_track;
mod wide;
mod window;
mod yin;

pub use beat::{BeatTrackConfig, Beats, beat_track, beat_track_of};
pub use chroma::{ChromaStftConfig, chroma_filter_bank, chroma_stft};
pub use chroma_cqt::{
    ChromaCensConfig, ChromaCqtConfig, CqtMode, TonnetzConfig, chroma_cens, chroma_cqt, chroma_vqt,
    cq_to_chroma, tonnetz,
};
pub use constant_q::{
    CqtConfig, VqtConfig, WaveletLengths, cqt, cqt_frequencies, hybrid_cqt, icqt, pseudo_cqt, vqt,
    wavelet_lengths,
};
pub use decibel::{DbConfig, Reference, amplitude_to_db, power_to_db};
pub use error::{FeatureError, MAX_SAMPLE};
pub use feature::{Extractor, FeatureConfig};
pub use frames::{Frames, Spectrogram};
pub use hpss::{HpssConfig, HpssHarmonicConfig, HpssPercussiveConfig, hpss};
pub use iirt::{IirtConfig, SemitoneFilter, iirt, semitone_filter_bank};
pub use log_mel::{LogMelConfig, log_mel};
pub use mel::{
    MelConfig, MelFilterBank, MelNorm, MelScale, fft_frequencies, mel_filter_bank, mel_frequencies,
    mel_spectrogram,
};
pub use mfcc::{DctNorm, MfccConfig, delta, mfcc};
pub use norm::{Norm, normalize};
pub use onset::{Aggregate, OnsetStrengthConfig, onset_strength, onset_strength_multi};
pub use peaks::{
    OnsetDetectConfig, PeakPickConfig, onset_backtrack, onset_detect, onset_detect_of, peak_pick,
};
pub use plp::{PlpConfig, plp, plp_of};
pub use pyin::{Pitch, PyinConfig, pyin};
pub use reassigned::{Reassigned, ReassignedConfig, reassigned_spectrogram};
pub use rustfft::num_complex::Complex32;
pub use spectral::{
    SpectralBandwidthConfig, SpectralCentroidConfig, SpectralFlatnessConfig, SpectralRolloffConfig,
    spectral_bandwidth, spectral_centroid, spectral_flatness, spectral_rolloff,
};
pub use stft::{PadMode, StftConfig, power_spectrogram, stft};
pub use structure::{
    Metric, RecurrenceConfig, RecurrenceMode, Statistics, recurrence_matrix, stack_memory, statistics, sync,
};
pub use tempo::{TempoConfig, fourier_tempo_frequencies, tempo, tempo_curve_of, tempo_frequencies, tempo_of};
pub use tempogram::{FourierTempogramConfig, TempogramConfig, fourier_tempogram, tempogram, tempogram_of};
pub use tuning::{PiptrackConfig, Tuning, estimate_tuning, piptrack, pitch_tuning};
pub use window::Window;
pub use yin::{YinConfig, yin};

/// Bumped whenever a change may alter the numbers of any feature.
pub const FEATURES_VERSION: u32 = 1;
