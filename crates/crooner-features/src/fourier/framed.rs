//! What features have in common that are computed frame by frame: settings, and an extractor.

use crate::fourier::framing::Framer;
use crate::fourier::transform::FrameTransform;
use crate::{Extractor, FeatureError, StftConfig};

/// Computes the values of one frame from its samples.
pub(crate) trait Compute: Send {
    /// `out` has the feature's `n_bins`.
    fn frame(&mut self, samples: &[f32], out: &mut [f32]);

    /// Forgets the track.
    fn reset(&mut self) {}
}

impl<F: FnMut(&[f32], &mut [f32]) + Send> Compute for F {
    fn frame(&mut self, samples: &[f32], out: &mut [f32]) {
        self(samples, out);
    }
}

/// Hands over every frame as soon as its samples are there.
pub(crate) struct FrameByFrame<C> {
    framer: Framer,
    frame: Vec<f32>,
    compute: C,
}

impl<C: Compute> FrameByFrame<C> {
    /// `stft` must be valid.
    pub(crate) fn new(stft: &StftConfig, n_bins: usize, compute: C) -> Self {
        Self { framer: Framer::new(stft), frame: vec![0.0; n_bins], compute }
    }

    fn reset(&mut self) {
        self.framer.reset();
        self.compute.reset();
    }
}

impl<C: Compute> Extractor for FrameByFrame<C> {
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        let Self { framer, frame, compute } = self;
        let pushed = framer.push(samples, |samples| {
            compute.frame(samples, frame);
            on_frame(frame);
        });
        if pushed.is_err() {
            self.reset();
        }
        pushed
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        let Self { framer, frame, compute } = self;
        let finished = framer.finish(|samples| {
            compute.frame(samples, frame);
            on_frame(frame);
        });
        self.reset();
        finished.map(|()| f32::NEG_INFINITY)
    }
}

/// Magnitudes as librosa has them: the transform in `f64`, what comes of it in `f32`.
///
/// Descriptors weigh quiet bins as much as loud ones, where a transform in `f32` leaves little to trust.
pub(crate) struct Magnitudes {
    transform: FrameTransform<f64>,
    values: Vec<f32>,
}

impl Magnitudes {
    /// `stft` must be valid.
    pub(crate) fn new(stft: &StftConfig) -> Self {
        Self { transform: FrameTransform::new(stft), values: vec![0.0; stft.n_bins()] }
    }

    /// `|X[k]|` of the windowed frame.
    pub(crate) fn of(&mut self, samples: &[f32]) -> &[f32] {
        self.transform.each(samples, &mut self.values, |re, im| ((re * re + im * im) as f32).sqrt());
        &self.values
    }
}

/// The settings of a feature of a short-time Fourier transform: the transform's, then the feature's own.
macro_rules! framed_config {
    (
        $(#[doc = $doc:literal])+
        $config:ident {
            $($(#[doc = $field_doc:literal])+ $(#[serde($($serde:tt)+)])? $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $config {
            /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
            pub sample_rate: u32,
            /// Samples per frame, in `2..=1048576`. Default 2048.
            pub n_fft: usize,
            /// Samples under the window, in `1..=n_fft`. Default: `n_fft`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub win_length: Option<usize>,
            /// Samples from one frame to the next, in `1..=1048576`. Default 512.
            pub hop_length: usize,
            /// The taper. Default: Hann.
            pub window: $crate::Window,
            /// Whether frame `t` is centred at sample `t * hop_length`. Default: true.
            pub center: bool,
            /// What surrounds the track when `center` is set. Default: zeros.
            pub pad_mode: $crate::PadMode,
            $($(#[doc = $field_doc])+ $(#[serde($($serde)+)])? pub $field: $type,)*
        }

        impl Default for $config {
            fn default() -> Self {
                let $crate::StftConfig { n_fft, win_length, hop_length, window, center, pad_mode } =
                    $crate::StftConfig::default();
                Self {
                    sample_rate: 16_000,
                    n_fft,
                    win_length,
                    hop_length,
                    window,
                    center,
                    pad_mode,
                    $($field: $default,)*
                }
            }
        }

        impl $config {
            /// The part that cuts frames and transforms them.
            #[must_use]
            pub fn stft(&self) -> $crate::StftConfig {
                $crate::StftConfig {
                    n_fft: self.n_fft,
                    win_length: self.win_length,
                    hop_length: self.hop_length,
                    window: self.window,
                    center: self.center,
                    pad_mode: self.pad_mode,
                }
            }
        }
    };
}

/// As [`framed_config`], of a feature with mel bands.
macro_rules! mel_framed_config {
    (
        $(#[doc = $doc:literal])+
        $config:ident {
            $($(#[doc = $field_doc:literal])+ $(#[serde($($serde:tt)+)])? $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $crate::fourier::framed::framed_config! {
            $(#[doc = $doc])+
            $config {
                /// Number of mel bands, in `1..=4096`. Default 128.
                n_mels: usize = 128,
                /// Lower edge of the first band in Hz, at least 0. Default 0.
                f_min_hz: f32 = 0.0,
                /// Upper edge of the last band in Hz, at least 1 Hz above `f_min_hz`. Default and largest:
                /// `sample_rate / 2`.
                #[serde(skip_serializing_if = "Option::is_none")]
                f_max_hz: Option<f32> = None,
                /// The mel formula. Default: Slaney.
                scale: $crate::MelScale = $crate::MelScale::Slaney,
                /// The scaling of the triangles. Default: Slaney.
                norm: $crate::MelNorm = $crate::MelNorm::Slaney,
                $($(#[doc = $field_doc])+ $(#[serde($($serde)+)])? $field: $type = $default,)*
            }
        }

        impl $config {
            /// The part that makes mel bands.
            #[must_use]
            pub fn mel(&self) -> $crate::MelConfig {
                $crate::MelConfig {
                    n_mels: self.n_mels,
                    f_min_hz: self.f_min_hz,
                    f_max_hz: self.f_max_hz,
                    scale: self.scale,
                    norm: self.norm,
                }
            }
        }
    };
}

/// What [`Feature`](crate::feature::Feature) asks and a [`framed_config`] answers from its own settings.
macro_rules! framed_answers {
    () => {
        fn sample_rate(&self) -> u32 {
            self.sample_rate
        }

        fn hop_length(&self) -> usize {
            self.hop_length
        }

        fn n_frames(&self, n_samples: usize) -> usize {
            self.stft().n_frames(n_samples)
        }
    };
}

pub(crate) use {framed_answers, framed_config, mel_framed_config};
