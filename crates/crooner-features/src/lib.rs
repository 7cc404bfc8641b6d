//! Spectral features of music, equal to librosa 0.11.
//!
//! Samples in, frames out: this crate never sees a file and knows nothing of models.
//!
//! | feature | here | librosa |
//! |---|---|---|
//! | short-time Fourier transform, its inverse | [`stft`], [`istft`] | `stft`, `istft` |
//! | power and magnitude spectrogram | [`power_spectrogram`], [`Spectrogram::power`], [`Spectrogram::magnitude`] | `abs(stft(y))**2`, `abs(stft(y))` |
//! | phase | [`Spectrogram::phase`] | `numpy.angle(stft(y))` |
//! | samples out of magnitudes | [`griffin_lim`] | `griffinlim` |
//! | windows | [`Window::coefficients`], [`Window::symmetric`] | `filters.get_window` |
//! | emphasis | [`preemphasis`], [`deemphasis`]; streaming: [`Preemphasis`] | `effects.preemphasis`, `effects.deemphasis` |
//! | mel scale | [`MelScale`], [`mel_frequencies`], [`fft_frequencies`] | `hz_to_mel`, `mel_to_hz`, `mel_frequencies`, `fft_frequencies` |
//! | pitch | [`hz_to_midi`], [`midi_to_hz`], [`note_to_midi`], [`note_to_hz`], [`midi_to_note`], [`hz_to_note`], [`hz_to_octs`], [`octs_to_hz`], [`cqt_frequencies`] | the same |
//! | time | [`frames_to_samples`], [`samples_to_frames`], [`frames_to_time`], [`time_to_frames`], [`samples_to_time`], [`time_to_samples`] | the same |
//! | mel filter bank | [`mel_filter_bank`] | `filters.mel` |
//! | mel spectrogram | [`mel_spectrogram`], [`MelSpectrogramConfig`] | `feature.melspectrogram` |
//! | log-mel spectrogram | [`log_mel`]; streaming: [`FeatureConfig::LogMel`] | `power_to_db(feature.melspectrogram(...))` |
//! | decibels | [`power_to_db`], [`amplitude_to_db`], [`db_to_power`], [`db_to_amplitude`] | the same |
//! | loudness of frequencies | [`frequency_weighting`], [`perceptual_weighting`] | `A_weighting` to `D_weighting`, `perceptual_weighting` |
//! | per-channel energy normalisation | [`pcen`], [`pcen_mel`] | `pcen` |
//! | cepstral coefficients, their changes | [`mfcc`], [`delta`], [`mfcc_delta`], [`dct_matrix`] | `feature.mfcc`, `feature.delta`, `scipy.fft.dct` |
//! | back from them | [`mfcc_to_mel`], [`mel_to_stft`], [`mel_to_audio`] | `feature.inverse.mfcc_to_mel`, ... |
//! | centroid, bandwidth, roll-off, flatness, contrast | [`spectral_centroid`], [`spectral_bandwidth`], [`spectral_rolloff`], [`spectral_flatness`], [`spectral_contrast`] | `feature.spectral_*` |
//! | polynomial features | [`poly_features`] | `feature.poly_features` |
//! | zero-crossing rate | [`zero_crossing_rate`] | `feature.zero_crossing_rate` |
//! | RMS | [`rms`], [`rms_of_spectrogram`] | `feature.rms` |
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
//! | over time | [`stack_memory`], [`sync`], [`recurrence_matrix`], [`nn_filter`], [`statistics`] | `feature.stack_memory`, `util.sync`, `segment.recurrence_matrix`, `decompose.nn_filter`, `numpy.cov` |
//!
//! A function takes a whole track and returns a [`Spectrogram`], `[n_bins, n_frames]` like librosa's. An [`Extractor`],
//! built from a [`FeatureConfig`], takes a track in blocks of any size and returns [`Frames`], `[n_frames, n_bins]`; the
//! values are the same bit for bit.
//!
//! # How equal
//! Tests compare with arrays computed by librosa from five recordings, and from silence, single samples, constants, odd
//! sizes and settings away from their defaults: linear values within 2e-6 of the largest plus 1e-7, decibels and cepstral
//! coefficients within 2e-3 down to 80 dB below the peak, zero crossings and roll-off equal. librosa computes its spectra
//! in `f64` and stores `f32`. Here spectra, mel bands and log-mel are computed in `f32` (filters, windows and frequencies in
//! `f64`), descriptors, PCEN and liftered coefficients in `f64` too, since they weigh quiet bins. On one machine the same
//! samples always give the same bytes; machines whose processors differ may differ in the last bits, because the FFT
//! picks its instructions at run time.
//!
//! Constant-Q magnitudes are within 5e-6 of the largest, all resampling included. Where frames are scaled to their own
//! largest value (chroma), quiet ones may differ by up to 3e-4; onset strength is within 5e-4 dB; onsets, tempo, beats and
//! the pitches of pYIN are equal. Griffin-Lim carries
//! rounding from round to round: 5e-6 of the largest after 8, where librosa's runs in `f32` and `f64` are 2.5e-6 apart.
//!
//! # On music
//! The worst deviation from librosa over the first 20 s of eight recordings (MP3, Ogg and WAV, 16 and 44.1 kHz), as printed by
//! `reference/compare.py CROONER FOLDER 8`. *Same samples*: librosa computed from crooner's own waveform. *Each its own*: from
//! `librosa.load`, so that mixing down and resampling count as well. *Librosa itself*: librosa beside its own result where
//! the file is 0.7 times as loud and the samples are brought back, which is what rounding alone does. Seven of the eight are at
//! 16 kHz: above 8 kHz they have nothing but what a resampler's rounding leaves, some 130 dB down, and PCEN and contrast
//! weigh bands whatever their level; in quiet passages, rounding is seen in the centroid, the bandwidth and the chroma.
//!
//! | feature | same samples | each its own | librosa itself | unit |
//! |---|---|---|---|---|
//! | waveform | 0.0e+00 | 5.2e-07 | 4.0e-07 | of the largest value |
//! | stft | 1.9e-07 | 3.1e-07 | 2.3e-07 | of the largest value |
//! | mel | 2.8e-07 | 4.1e-07 | 3.8e-07 | of the largest value |
//! | log-mel | 5.1e-04 | 6.9e-04 | 7.5e-04 | dB |
//! | mfcc | 1.4e-04 | 3.4e-04 | 3.2e-04 | absolute |
//! | mfcc-delta | 1.6e-05 | 3.9e-05 | 3.2e-05 | absolute |
//! | pcen | 1.4e-07 | 4.5e-01 | 1.7e-01 | of the largest value |
//! | spectral-centroid | 5.9e-08 | 2.1e-04 | 3.7e-06 | of the largest value |
//! | spectral-bandwidth | 5.7e-08 | 5.1e-04 | 9.1e-06 | of the largest value |
//! | spectral-rolloff | 0.0e+00 | 0.0e+00 | 0.0e+00 | of values unequal |
//! | spectral-flatness | 1.2e-06 | 2.0e-04 | 1.8e-04 | of the largest value |
//! | spectral-contrast | 4.9e-06 | 5.6e+00 | 4.3e+00 | dB |
//! | poly-features | 7.8e-08 | 1.7e-07 | 9.9e-08 | of the largest value of the row |
//! | zero-crossing-rate | 0.0e+00 | 3.5e-03 | 3.5e-03 | of values unequal |
//! | rms | 1.1e-07 | 1.7e-07 | 1.3e-07 | of the largest value |
//! | cqt | 8.3e-07 | 8.3e-07 | 4.5e-07 | of the largest value |
//! | vqt | 7.0e-07 | 7.6e-07 | 5.0e-07 | of the largest value |
//! | pseudo-cqt | 3.6e-07 | 4.2e-07 | 2.5e-07 | of the largest value |
//! | hybrid-cqt | 5.8e-07 | 7.1e-07 | 3.9e-07 | of the largest value |
//! | chroma-stft | 1.3e-06 | 8.3e-05 | 6.3e-06 | of the largest value |
//! | chroma-cqt | 4.9e-05 | 4.3e-05 | 3.8e-05 | of the largest value |
//! | chroma-vqt | 2.0e-04 | 1.7e-04 | 1.8e-04 | of the largest value |
//! | chroma-cens | 0.0e+00 | 0.0e+00 | 0.0e+00 | of the largest value |
//! | tonnetz | 2.1e-05 | 3.2e-05 | 1.9e-05 | of the largest value |
//! | onset-strength | 1.2e-05 | 2.3e-05 | 1.2e-05 | dB |
//! | tempogram | 3.8e-07 | 4.6e-07 | 2.8e-07 | of the largest value |
//! | fourier-tempogram | 2.2e-07 | 3.3e-07 | 2.5e-07 | of the largest value |
//! | iirt | 4.3e-07 | 6.5e-07 | 2.2e-07 | of the largest value |
//! | plp | 1.3e-06 | 2.6e-06 | 1.8e-06 | of the largest value |
//! | yin | 3.0e-05 | 4.8e-05 | 7.1e-06 | of the largest value |
//! | pyin | 4.5e-08 | 4.5e-08 | 4.5e-08 | of the largest value of the row |
//! | hpss-harmonic | 1.8e-07 | 2.9e-06 | 5.5e-06 | of the largest value |
//! | hpss-percussive | 2.3e-07 | 1.1e-05 | 2.1e-05 | of the largest value |
//!
//! # Deliberately absent
//! - *Constant-Q*: intervals other than equal; another resampler than soxr's high quality.
//! - *STFT*: windows besides those of [`Window`]; padding besides zeros, reflection and the edge. A track that librosa
//!   would only warn about (no samples, or shorter than an uncentred window) is an error.
//! - *Mel*: edges above half the sample rate, where librosa returns empty bands. Bands narrower than the bins stay, as in
//!   librosa; see [`MelFilterBank::empty_bands`].
//! - *Norms* besides the sum, the length and the largest.
//! - *Decibels*: a reference function other than the largest value; `top_db = 0`.
//! - *Griffin-Lim*: NumPy's random numbers; a seed gives others.
//! - *Samples*: multichannel input (mix down first, by the mean as `librosa.to_mono`), integers, and magnitudes above
//!   [`MAX_SAMPLE`].

mod chroma;
mod constant_q;
mod descriptors;
mod error;
mod feature;
mod fourier;
mod frames;
mod mel;
mod pitch;
mod rhythm;
mod scales;
mod semitones;
mod settings;
mod structure;
mod waveform;
mod whole_track;

pub use chroma::cqt::{
    ChromaCensConfig, ChromaCqtConfig, ChromaVqtConfig, CqtMode, TonnetzConfig, chroma_cens, chroma_cqt,
    chroma_vqt, cq_to_chroma, tonnetz,
};
pub use chroma::stft::{ChromaStftConfig, chroma_filter_bank, chroma_stft};
pub use constant_q::{
    CqtConfig, HybridCqtConfig, PseudoCqtConfig, VqtConfig, WaveletLengths, cqt, cqt_frequencies, hybrid_cqt,
    icqt, pseudo_cqt, vqt, wavelet_lengths,
};
pub use descriptors::contrast::{SpectralContrastConfig, spectral_contrast};
pub use descriptors::level::{
    RmsConfig, ZeroCrossingRateConfig, rms, rms_of_spectrogram, zero_crossing_rate,
};
pub use descriptors::poly::{PolyFeaturesConfig, poly_features};
pub use descriptors::spectral::{
    SpectralBandwidthConfig, SpectralCentroidConfig, SpectralFlatnessConfig, SpectralRolloffConfig,
    spectral_bandwidth, spectral_centroid, spectral_flatness, spectral_rolloff,
};
pub use error::{FeatureError, MAX_SAMPLE};
pub use feature::{Extractor, FeatureConfig};
pub use fourier::inverse::{GriffinLimConfig, InitialPhase, griffin_lim, istft};
pub use fourier::magnitude::StftMagnitudeConfig;
pub use fourier::reassigned::{Reassigned, ReassignedConfig, reassigned_spectrogram};
pub use fourier::stft::{PadMode, StftConfig, power_spectrogram, stft};
pub use fourier::window::Window;
pub use frames::{Frames, Spectrogram};
pub use mel::bands::{
    MelConfig, MelFilterBank, MelNorm, MelScale, fft_frequencies, mel_filter_bank, mel_frequencies,
    mel_spectrogram,
};
pub use mel::dct::{DctNorm, dct_matrix};
pub use mel::delta::{DeltaConfig, DeltaMode, delta};
pub use mel::inverse::{MelToStftConfig, MfccToMelConfig, mel_to_audio, mel_to_stft, mfcc_to_mel};
pub use mel::log::{LogMelConfig, log_mel};
pub use mel::mfcc::{MfccConfig, MfccDeltaConfig, mfcc, mfcc_delta};
pub use mel::pcen::{PcenConfig, PcenMelConfig, pcen, pcen_mel};
pub use mel::power::MelSpectrogramConfig;
pub use pitch::pyin::{Pitch, PyinConfig, pyin};
pub use pitch::tuning::{PiptrackConfig, Tuning, estimate_tuning, piptrack, pitch_tuning};
pub use pitch::yin::{YinConfig, yin};
pub use rhythm::beat::{BeatTrackConfig, Beats, beat_track, beat_track_of};
pub use rhythm::onset::{Aggregate, OnsetStrengthConfig, onset_strength, onset_strength_multi};
pub use rhythm::peaks::{
    OnsetDetectConfig, PeakPickConfig, onset_backtrack, onset_detect, onset_detect_of, peak_pick,
};
pub use rhythm::plp::{PlpConfig, plp, plp_of};
pub use rhythm::tempo::{
    TempoConfig, fourier_tempo_frequencies, tempo, tempo_curve_of, tempo_frequencies, tempo_of,
};
pub use rhythm::tempogram::{
    FourierTempogramConfig, TempogramConfig, fourier_tempogram, tempogram, tempogram_of,
};
pub use rustfft::num_complex::Complex32;
pub use scales::convert::{
    frames_to_samples, frames_to_time, hz_to_midi, hz_to_note, hz_to_octs, midi_to_hz, midi_to_note,
    note_to_hz, note_to_midi, octs_to_hz, samples_to_frames, samples_to_time, time_to_frames,
    time_to_samples,
};
pub use scales::decibel::{DbConfig, Reference, amplitude_to_db, db_to_amplitude, db_to_power, power_to_db};
pub use scales::norm::{Norm, normalize};
pub use scales::weighting::{Weighting, frequency_weighting, perceptual_weighting};
pub use semitones::iirt::{IirtConfig, SemitoneFilter, iirt, semitone_filter_bank};
pub use structure::hpss::{HpssConfig, HpssHarmonicConfig, HpssPercussiveConfig, hpss};
pub use structure::neighbours::{NeighbourAggregate, nn_filter};
pub use structure::over_time::{
    Metric, RecurrenceConfig, RecurrenceMode, Statistics, recurrence_matrix, stack_memory, statistics, sync,
};
pub use waveform::{Preemphasis, WaveformConfig, deemphasis, preemphasis};

/// Bumped whenever a change may alter the numbers of any feature, be it in the samples that files decode to.
pub const FEATURES_VERSION: u32 = 7;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/coming-from-librosa.md")]
struct ComingFromLibrosa;
