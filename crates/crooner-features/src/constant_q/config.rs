//! Settings of the constant-Q family, and the frequencies and lengths that follow from them.

use serde::{Deserialize, Serialize};

use super::wavelet::{Design, WaveletLengths, bin_frequencies, c1_hz, equal_bandwidths, lengths_of};
use crate::error::check_range;
use crate::feature::Feature;
use crate::whole_track::{WholeTrack, check_samples};
use crate::{Extractor, FeatureError, Norm, PadMode, Tuning, Window, estimate_tuning};

/// The longest filter: as the longest window of a Fourier transform.
const MAX_FILTER: f64 = (1u32 << 20) as f64;

macro_rules! constant_q_config {
    ($(#[$doc:meta])* $name:ident { $($(#[$gamma_doc:meta])* $gamma:ident)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
            pub sample_rate: u32,
            /// Samples from one frame to the next, in `1..=1048576`. Where it is even, the next lower octave is computed
            /// at half the sample rate. Default 512.
            pub hop_length: usize,
            /// Frequency of the lowest bin in Hz, in `1..=384000`. Default: C1, 32.70 Hz.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub f_min_hz: Option<f32>,
            /// Number of bins, in `1..=4096`. Default 84.
            pub n_bins: usize,
            /// Bins per octave, in `1..=1200`. Default 12.
            pub bins_per_octave: usize,
            /// Deviation from A4 = 440 Hz in fractions of a bin, or `"estimate"`. Default 0.
            pub tuning: Tuning,
            $($(#[$gamma_doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $gamma: Option<f32>,)?
            /// Factor on the length of every filter, in `0.01..=100`; below 1 for finer time. Default 1.
            pub filter_scale: f32,
            /// Norm to which each filter is scaled in time. Default: L1.
            pub norm: Norm,
            /// Share of each filter's spectrum (sum of magnitudes) that may be left out, in `0..=0.99`. Default 0.01.
            pub sparsity: f32,
            /// Taper of the filters. Default: Hann.
            pub window: Window,
            /// Whether bin `k` is divided by the square root of its filter's length. Default: true.
            pub scale: bool,
            /// What surrounds the track. Default: zeros.
            pub pad_mode: PadMode,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    sample_rate: 16_000,
                    hop_length: 512,
                    f_min_hz: None,
                    n_bins: 84,
                    bins_per_octave: 12,
                    tuning: Tuning::Bins(0.0),
                    $($gamma: None,)?
                    filter_scale: 1.0,
                    norm: Norm::L1,
                    sparsity: 0.01,
                    window: Window::Hann,
                    scale: true,
                    pad_mode: PadMode::Constant,
                }
            }
        }

        impl Feature for $name {
            fn validate(&self) -> Result<(), FeatureError> {
                self.settings().validate()
            }

            fn sample_rate(&self) -> u32 {
                self.sample_rate
            }

            fn n_bins(&self) -> usize {
                self.n_bins
            }

            fn hop_length(&self) -> usize {
                self.hop_length
            }

            fn n_frames(&self, n_samples: usize) -> usize {
                if self.settings().validate().is_ok() { self.settings().n_frames(n_samples) } else { 0 }
            }

            fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
                let settings = self.settings();
                settings.validate()?;
                let mut analyser = super::Analyser::new(settings);
                Ok(Box::new(WholeTrack::new(move |samples| analyser.magnitude(samples))))
            }
        }
    };
}

constant_q_config! {
    /// Settings of the constant-Q transform; the defaults are librosa's, at 16 kHz.
    CqtConfig {}
}

constant_q_config! {
    /// Settings of the variable-Q transform; the defaults are librosa's, at 16 kHz.
    VqtConfig {
        /// Bandwidth in Hz that every filter has besides its share of the frequency, in `0..=10000`. Default: such that
        /// bandwidths are proportional to the ear's; see [`wavelet_lengths`](crate::wavelet_lengths).
        gamma
    }
}

impl CqtConfig {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            f_min_hz: self.f_min_hz.map_or_else(c1_hz, f64::from),
            n_bins: self.n_bins,
            bins_per_octave: self.bins_per_octave,
            tuning: self.tuning,
            gamma: Some(0.0),
            filter_scale: f64::from(self.filter_scale),
            design: Design { window: self.window, norm: self.norm, sparsity: f64::from(self.sparsity) },
            scale: self.scale,
            pad_mode: self.pad_mode,
        }
    }
}

impl VqtConfig {
    pub(crate) fn settings(&self) -> Settings {
        let cqt = CqtConfig {
            sample_rate: self.sample_rate,
            hop_length: self.hop_length,
            f_min_hz: self.f_min_hz,
            n_bins: self.n_bins,
            bins_per_octave: self.bins_per_octave,
            tuning: self.tuning,
            filter_scale: self.filter_scale,
            norm: self.norm,
            sparsity: self.sparsity,
            window: self.window,
            scale: self.scale,
            pad_mode: self.pad_mode,
        };
        Settings { gamma: self.gamma.map(f64::from), ..cqt.settings() }
    }
}

/// What the whole family is computed from.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) sample_rate: u32,
    pub(crate) hop_length: usize,
    pub(crate) f_min_hz: f64,
    pub(crate) n_bins: usize,
    pub(crate) bins_per_octave: usize,
    pub(crate) tuning: Tuning,
    /// In Hz; none for bandwidths like the ear's.
    pub(crate) gamma: Option<f64>,
    pub(crate) filter_scale: f64,
    pub(super) design: Design,
    pub(super) scale: bool,
    pub(super) pad_mode: PadMode,
}

/// Where the bins lie and how long their filters are, for one tuning.
pub(super) struct Layout {
    pub(super) frequencies_hz: Vec<f64>,
    pub(super) alphas: Vec<f64>,
    pub(super) lengths: WaveletLengths,
}

impl Settings {
    pub(crate) fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
        check_range("hop_length", self.hop_length, 1, 1 << 20)?;
        check_range("f_min_hz", self.f_min_hz, 1.0, 384_000.0)?;
        check_range("n_bins", self.n_bins, 1, 4096)?;
        check_range("bins_per_octave", self.bins_per_octave, 1, 1200)?;
        self.tuning.validate()?;
        self.design.window.validate()?;
        if let Some(gamma) = self.gamma {
            check_range("gamma", gamma, 0.0, 10_000.0)?;
        }
        check_range("filter_scale", self.filter_scale, 0.01, 100.0)?;
        check_range("sparsity", self.design.sparsity, 0.0, 0.99)?;
        // An estimate is below half a bin either way: what must hold, must hold for all of them.
        match self.tuning {
            Tuning::Bins(bins) => self.checked_layout(f64::from(bins)).map(drop),
            Tuning::Estimate => {
                self.checked_layout(-0.5)?;
                self.checked_layout(0.5).map(drop)
            }
        }
    }

    fn checked_layout(&self, tuning: f64) -> Result<Layout, FeatureError> {
        let layout = self.layout(tuning);
        let nyquist_hz = f64::from(self.sample_rate) / 2.0;
        let cutoff_hz = layout.lengths.cutoff_hz;
        // Not a number where frequencies overflow.
        if cutoff_hz.is_nan() || cutoff_hz > nyquist_hz {
            let expected = format!(
                "such that the highest filter, which reaches {cutoff_hz:.0} Hz, stays within half the sample rate, \
                 {nyquist_hz} Hz"
            );
            return Err(FeatureError::config("n_bins", expected, self.n_bins));
        }
        let longest = layout.lengths.lengths.iter().copied().fold(0.0, f64::max);
        if longest > MAX_FILTER {
            let expected =
                format!("such that no filter lasts more than {MAX_FILTER} samples, not {longest:.0}");
            return Err(FeatureError::config("f_min_hz", expected, self.f_min_hz));
        }
        let shortest = layout.lengths.lengths.iter().copied().fold(f64::INFINITY, f64::min);
        if shortest < 2.0 {
            let expected = format!("such that every filter lasts at least 2 samples, not {shortest:.1}");
            return Err(FeatureError::config("filter_scale", expected, self.filter_scale));
        }
        Ok(layout)
    }

    pub(super) fn layout(&self, tuning: f64) -> Layout {
        let f_min_hz = self.f_min_hz * (tuning / self.bins_per_octave as f64).exp2();
        let frequencies_hz = bin_frequencies(self.n_bins, f_min_hz, self.bins_per_octave);
        let alphas = equal_bandwidths(&frequencies_hz, self.bins_per_octave);
        let lengths = self.lengths(&frequencies_hz, &alphas, f64::from(self.sample_rate));
        Layout { frequencies_hz, alphas, lengths }
    }

    pub(super) fn lengths(&self, frequencies_hz: &[f64], alphas: &[f64], sample_rate: f64) -> WaveletLengths {
        let window = self.design.window;
        lengths_of(frequencies_hz, alphas, sample_rate, window, self.filter_scale, self.gamma)
    }

    /// The tuning to use for a track, after checking its samples.
    pub(super) fn tuning_of(&self, samples: &[f32]) -> Result<f64, FeatureError> {
        check_samples(samples)?;
        match self.tuning {
            Tuning::Bins(bins) => Ok(f64::from(bins)),
            Tuning::Estimate => estimate_tuning(samples, self.sample_rate, self.bins_per_octave),
        }
    }

    pub(crate) fn n_octaves(&self) -> usize {
        self.n_bins.div_ceil(self.bins_per_octave)
    }

    /// Halvings of the sample rate ahead of the highest octave. Whether a filter reaches higher by its tuning does not
    /// change the number of frames.
    pub(super) fn early_halvings(&self, cutoff_hz: f64) -> u32 {
        let headroom = (f64::from(self.sample_rate) / 2.0 / cutoff_hz).log2().ceil() as i64 - 2;
        let spare = i64::from(self.hop_length.trailing_zeros()) - self.n_octaves() as i64 + 1;
        u32::try_from(headroom.min(spare)).unwrap_or(0)
    }

    /// Frames of a track of `n_samples`: those of the octave that has fewest.
    pub(crate) fn n_frames(&self, n_samples: usize) -> usize {
        if n_samples == 0 { 0 } else { 1 + n_samples / self.hop_length }
    }
}
