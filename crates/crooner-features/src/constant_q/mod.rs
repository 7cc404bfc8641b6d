//! Constant-Q and variable-Q transforms.
//!
//! After Schörkhuber and Klapuri, *Constant-Q transform toolbox for music processing* (SMC 2010), as librosa does it: the
//! highest octave is computed first, with filters multiplied into the spectra of frames; then the track is halved in rate,
//! which makes the next lower octave the highest, and so on. Each octave thus needs short transforms only. The halving
//! is soxr's high-quality recipe, as in librosa: with another filter the values differ by up to 2 %.

mod band;
mod config;
mod inverse;
mod pseudo;
mod wavelet;

use crooner_resample::Resampler;
use rustfft::num_complex::Complex32;

pub(crate) use config::Settings;
pub use config::{CqtConfig, VqtConfig};
pub use inverse::icqt;
pub(crate) use pseudo::hybrid as hybrid_frames;
pub use pseudo::{HybridCqtConfig, PseudoCqtConfig, hybrid_cqt, pseudo_cqt};
pub(crate) use wavelet::c1_hz;
pub use wavelet::{WaveletLengths, cqt_frequencies, wavelet_lengths};

use crate::{FeatureError, Frames, Spectrogram};
use band::Band;
use wavelet::Basis;

/// Constant-Q transform of a track: `librosa.cqt(y=samples, sr=sample_rate, ...)`, complex, `[n_bins, n_frames]`.
///
/// Bin `k` lies at `f[k] = f_min_hz · 2^((k + tuning) / bins_per_octave)` Hz, and frame `t` is centred at sample
/// `t · hop_length`, so there are `1 + n_samples / hop_length` frames:
///
/// `C[k, t] = √N[k] / ‖w[k]‖ · Σᵢ y[t · hop_length + i] · w[k][i] · exp(2πi f[k] i / sample_rate)`
///
/// with `N[k]` the length of filter `k` (see [`wavelet_lengths`]), `w[k]` its window and `‖·‖` the chosen norm; without
/// `scale`, `N[k]` stands in place of its root. A track shorter than a filter is surrounded by padding like any other.
///
/// librosa adds a frame where the rate is halved before the first octave and the track ends within the last few
/// samples before a hop is full; here there is none.
///
/// Memory: the result, and three quarters of the track.
///
/// ```
/// use crooner_features::{CqtConfig, cqt};
///
/// let a4: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / 16_000.0).sin()).collect();
/// let magnitude = cqt(&a4, &CqtConfig::default())?.magnitude();
/// assert_eq!((magnitude.n_bins(), magnitude.n_frames()), (84, 32));
/// // A4 lies 45 semitones above C1.
/// assert!((0..84).all(|bin| magnitude.bin(bin)[16] <= magnitude.bin(45)[16]));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, which includes filters that reach beyond half the sample rate;
/// [`FeatureError::NoSamples`] and [`FeatureError::Sample`] for a track that is not usable.
pub fn cqt(samples: &[f32], config: &CqtConfig) -> Result<Spectrogram<Complex32>, FeatureError> {
    let settings = config.settings();
    settings.validate()?;
    Ok(Analyser::new(settings).analyse(samples, |[re, im]| Complex32::new(re, im))?.to_spectrogram())
}

/// Variable-Q transform of a track: `librosa.vqt(y=samples, sr=sample_rate, ...)`, complex, `[n_bins, n_frames]`.
///
/// As [`cqt`], with filters that are wider, hence shorter, by `gamma` Hz.
///
/// ```
/// use crooner_features::{VqtConfig, vqt};
///
/// let config = VqtConfig { n_bins: 36, gamma: Some(12.0), ..VqtConfig::default() };
/// assert_eq!(vqt(&[0.1; 4000], &config)?.n_bins(), 36);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`cqt`].
pub fn vqt(samples: &[f32], config: &VqtConfig) -> Result<Spectrogram<Complex32>, FeatureError> {
    let settings = config.settings();
    settings.validate()?;
    Ok(Analyser::new(settings).analyse(samples, |[re, im]| Complex32::new(re, im))?.to_spectrogram())
}

/// The filters of one octave, at the rate and hop at which it is computed.
struct Octave {
    /// Where its lowest bin lies among all.
    first_bin: usize,
    band: Band,
    hop_length: usize,
    /// Whether the track is halved in rate after this octave.
    halve: bool,
}

/// The filters of all octaves for one tuning.
struct Bank {
    tuning: f64,
    /// By how much the rate is lowered before the first octave.
    early: Option<Resampler>,
    octaves: Vec<Octave>,
}

impl Bank {
    fn new(settings: &Settings, tuning: f64) -> Result<Self, FeatureError> {
        let layout = settings.layout(tuning);
        let early = settings.early_halvings(layout.lengths.cutoff_hz);
        let early_factor = 2f64.powi(early as i32);
        let mut rate = f64::from(settings.sample_rate) / early_factor;
        let mut hop_length = settings.hop_length >> early;
        let scales = settings.lengths(&layout.frequencies_hz, &layout.alphas, rate).lengths;
        // Halving the rate divides sums over samples by two; librosa makes up for half of it in the signal and half in the
        // filters, and drops the signal's half for the first steps when it scales.
        let mut gain = if settings.scale { early_factor.sqrt() } else { early_factor };
        let mut octaves = Vec::with_capacity(settings.n_octaves());
        let mut end = settings.n_bins;
        while end > 0 {
            let first_bin = end.saturating_sub(settings.bins_per_octave);
            let range = first_bin..end;
            let frequencies_hz = &layout.frequencies_hz[range.clone()];
            let lengths = settings.lengths(frequencies_hz, &layout.alphas[range.clone()], rate).lengths;
            let basis = Basis::new(frequencies_hz, &lengths, rate, settings.design, 2, gain);
            let row_gain = |length: &f64| if settings.scale { (1.0 / length.sqrt()) as f32 } else { 1.0 };
            let band = Band::new(&basis, scales[range].iter().map(row_gain));
            let halve = hop_length.is_multiple_of(2) && first_bin > 0;
            octaves.push(Octave { first_bin, band, hop_length, halve });
            if halve {
                hop_length /= 2;
                rate /= 2.0;
                gain *= 2.0;
            }
            end = first_bin;
        }
        let early = if early > 0 { Some(resampler(1 << early, 1)?) } else { None };
        Ok(Self { tuning, early, octaves })
    }
}

fn resampler(from: u32, to: u32) -> Result<Resampler, FeatureError> {
    Resampler::with_short_blocks(from, to)
        .map_err(|_| FeatureError::config("hop_length", "at most 1048576", from))
}

pub(crate) fn convert(resampler: &mut Resampler, samples: &[f32]) -> Vec<f32> {
    let mut output = Vec::with_capacity(resampler.output_len(samples.len()));
    resampler.process(samples, &mut output);
    resampler.finish(&mut output);
    output
}

/// Computes the transform of track after track; filters are designed once for each tuning met in a row.
pub(crate) struct Analyser {
    settings: Settings,
    bank: Option<Bank>,
    halving: Option<Resampler>,
}

impl Analyser {
    /// `settings` must be valid.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, bank: None, halving: None }
    }

    /// Magnitudes of the transform.
    pub(crate) fn magnitude(&mut self, samples: &[f32]) -> Result<Frames, FeatureError> {
        self.analyse(samples, magnitude)
    }

    /// Magnitudes of the transform, those of the bins of each class added up: `classes` has the class of each bin.
    pub(crate) fn fold(
        &mut self,
        samples: &[f32],
        classes: &[usize],
        n_classes: usize,
    ) -> Result<Frames, FeatureError> {
        let mut frames = vec![0.0; n_classes * self.settings.n_frames(samples.len())];
        self.each(samples, |t, first_bin, products| {
            let frame = &mut frames[t * n_classes..][..n_classes];
            for (&class, &product) in classes[first_bin..].iter().zip(products) {
                frame[class] += magnitude(product);
            }
        })?;
        Ok(Frames::from_parts(n_classes, frames))
    }

    /// `value` of real and imaginary part of every bin of every frame.
    pub(crate) fn analyse<T: Copy + Default>(
        &mut self,
        samples: &[f32],
        value: impl Fn([f32; 2]) -> T,
    ) -> Result<Frames<T>, FeatureError> {
        let n_bins = self.settings.n_bins;
        let mut frames = vec![T::default(); n_bins * self.settings.n_frames(samples.len())];
        self.each(samples, |t, first_bin, products| {
            for (output, &product) in frames[t * n_bins + first_bin..].iter_mut().zip(products) {
                *output = value(product);
            }
        })?;
        Ok(Frames::from_parts(n_bins, frames))
    }

    /// Hands `on_frame` the real and imaginary parts of one octave's bins after another's, frame by frame, with the frame's
    /// number and the first of the bins.
    fn each(
        &mut self,
        samples: &[f32],
        mut on_frame: impl FnMut(usize, usize, &[[f32; 2]]),
    ) -> Result<(), FeatureError> {
        let tuning = self.settings.tuning_of(samples)?;
        let n_frames = self.settings.n_frames(samples.len());
        let bank = match &mut self.bank {
            Some(bank) if bank.tuning == tuning => bank,
            stale => stale.insert(Bank::new(&self.settings, tuning)?),
        };
        let halving = match &mut self.halving {
            Some(halving) => halving,
            none => none.insert(resampler(2, 1)?),
        };

        let early = bank.early.as_mut().map(|resampler| convert(resampler, samples));
        let mut signal = std::borrow::Cow::Borrowed(early.as_deref().unwrap_or(samples));
        for Octave { first_bin, band, hop_length, halve } in &mut bank.octaves {
            band.apply(&signal, self.settings.pad_mode, *hop_length, n_frames, |t, products| {
                on_frame(t, *first_bin, products);
            });
            if *halve {
                signal = std::borrow::Cow::Owned(convert(halving, &signal));
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn magnitude([re, im]: [f32; 2]) -> f32 {
    (re * re + im * im).sqrt()
}
