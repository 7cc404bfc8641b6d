//! Spectral contrast: peaks and valleys of octave bands.

use std::ops::Range;

use crate::error::{check_range, decimal};
use crate::feature::Feature;
use crate::fourier::framed::{Compute, FrameByFrame, Magnitudes, framed_answers, framed_config};
use crate::{Extractor, FeatureConfig, FeatureError, Spectrogram, fft_frequencies};

/// Magnitudes below this one count as it: `librosa.power_to_db`'s `amin`.
const AMIN: f64 = 1e-10;

/// Peaks and valleys are raised to their loudest less this many dB: `librosa.power_to_db`'s `top_db`.
const TOP_DB: f64 = 80.0;

framed_config! {
    /// Settings of the spectral contrast; the defaults are librosa's, at 16 kHz.
    SpectralContrastConfig {
        /// Upper edge of the lowest band in Hz, in `1..=sample_rate / 2`; every further band is an octave. Default 200.
        f_min_hz: f32 = 200.0,
        /// Number of octaves above the lowest band, in `1..=20`, all starting below half the sample rate. Default 6.
        n_bands: usize = 6,
        /// Share of a band's bins that make its peak, and its valley, in `0.001..=0.999`. Default 0.02.
        quantile: f32 = 0.02,
        /// Whether the contrast is the difference of magnitudes, else of decibels. Default: false.
        linear: bool = false,
    }
}

/// The bins of one band, and how many of them make its peak and its valley.
#[derive(Debug, Clone, PartialEq)]
struct Band {
    bins: Range<usize>,
    n_extreme: usize,
}

impl SpectralContrastConfig {
    /// The bands as librosa cuts them: each but the lowest starts one bin early, each but the highest ends one bin early,
    /// and the highest goes up to half the sample rate.
    fn bands(&self) -> Result<Vec<Band>, FeatureError> {
        let hz = fft_frequencies(self.sample_rate, self.n_fft);
        let edge = |band: usize| match band {
            0 => 0.0,
            _ => decimal(self.f_min_hz) * 2f64.powi(band as i32 - 1),
        };
        let band = |k: usize| {
            let (low, high) = (edge(k), edge(k + 1));
            let within = hz.partition_point(|&hz| hz < low)..hz.partition_point(|&hz| hz <= high);
            let start = within.start - usize::from(k > 0);
            let end = if k == self.n_bands { hz.len() } else { within.end };
            let bins = start..end - usize::from(k < self.n_bands);
            if within.is_empty() || bins.is_empty() {
                let expected = format!("such that the band from {low} to {high} Hz has bins");
                return Err(FeatureError::config("f_min_hz", expected, self.f_min_hz));
            }
            let n_extreme = (decimal(self.quantile) * (end - start) as f64).round_ties_even() as usize;
            Ok(Band { n_extreme: n_extreme.clamp(1, bins.len()), bins })
        };
        (0..=self.n_bands).map(band).collect()
    }
}

impl Feature for SpectralContrastConfig {
    framed_answers!();

    fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1000, 768_000)?;
        self.stft().validate()?;
        let nyquist_hz = self.sample_rate as f32 / 2.0;
        check_range("f_min_hz", self.f_min_hz, 1.0, nyquist_hz)?;
        check_range("n_bands", self.n_bands, 1, 20)?;
        check_range("quantile", self.quantile, 0.001, 0.999)?;
        let highest_hz = self.f_min_hz * 2f32.powi(self.n_bands as i32 - 1);
        if highest_hz >= nyquist_hz {
            let expected =
                format!("so few that the highest starts below {nyquist_hz} Hz, not at {highest_hz} Hz");
            return Err(FeatureError::config("n_bands", expected, self.n_bands));
        }
        self.bands().map(drop)
    }

    fn n_bins(&self) -> usize {
        self.n_bands + 1
    }

    fn extractor(&self) -> Result<Box<dyn Extractor>, FeatureError> {
        self.validate()?;
        let (stft, bands) = (self.stft(), self.bands()?);
        let extremes = Extremes {
            magnitudes: Magnitudes::new(&stft),
            negated: Vec::new(),
            select: Selection::default(),
            bands,
        };
        let frames = FrameByFrame::new(&stft, 2 * self.n_bins(), extremes);
        if self.linear {
            return Ok(Box::new(LinearContrast { frames, contrast: vec![0.0; self.n_bins()] }));
        }
        Ok(Box::new(Contrast { frames, n_bins: self.n_bins(), extremes: Vec::new() }))
    }
}

/// The valley of every band, then the peak of every band.
struct Extremes {
    magnitudes: Magnitudes,
    negated: Vec<f32>,
    select: Selection,
    bands: Vec<Band>,
}

impl Compute for Extremes {
    fn frame(&mut self, samples: &[f32], out: &mut [f32]) {
        let magnitudes = self.magnitudes.of(samples);
        let (valleys, peaks) = out.split_at_mut(self.bands.len());
        for ((band, valley), peak) in self.bands.iter().zip(valleys).zip(peaks) {
            let values = &magnitudes[band.bins.clone()];
            *valley = self.select.mean_of_smallest(values, band.n_extreme);
            self.negated.clear();
            self.negated.extend(values.iter().map(|x| -x));
            *peak = -self.select.mean_of_smallest(&self.negated, band.n_extreme);
        }
    }
}

/// Columns in which the smallest values are looked for: vector instructions take as many at once.
const COLUMNS: usize = 16;

/// Finds the smallest of many values.
#[derive(Default)]
struct Selection {
    candidates: Vec<f32>,
}

impl Selection {
    /// The mean of the `n` smallest of at least `n` values.
    ///
    /// The values are laid out in rows of 16. The `n`-th of the columns' minima, in order, bounds the `n` smallest values
    /// from above; few others are below it, which are all that is left to select from. Until then nothing branches on a
    /// value: the processor could not guess it.
    fn mean_of_smallest(&mut self, values: &[f32], n: usize) -> f32 {
        let (rows, rest) = values.as_chunks::<COLUMNS>();
        let least = rows.iter().fold([f32::INFINITY; COLUMNS], |least, row| {
            std::array::from_fn(|i| if row[i] < least[i] { row[i] } else { least[i] })
        });
        if n == 1 {
            return least.iter().chain(rest).fold(f32::INFINITY, |a, &b| if b < a { b } else { a });
        }
        let bound = if n <= COLUMNS { nth(&least, n) } else { f32::INFINITY };
        self.candidates.resize(values.len().max(self.candidates.len()), 0.0);
        let mut n_candidates = 0;
        for &x in values {
            self.candidates[n_candidates] = x;
            n_candidates += usize::from(x <= bound);
        }
        let candidates = &mut self.candidates[..n_candidates];
        candidates.select_nth_unstable_by(n - 1, f32::total_cmp);
        (candidates[..n].iter().map(|&x| f64::from(x)).sum::<f64>() / n as f64) as f32
    }
}

/// The `n`-th smallest value: the least that at least `n` do not exceed.
fn nth(values: &[f32; COLUMNS], n: usize) -> f32 {
    let mut not_above = [0_u32; COLUMNS];
    for &value in values {
        not_above = std::array::from_fn(|i| not_above[i] + u32::from(value <= values[i]));
    }
    let is_nth = values.iter().zip(not_above).filter(|&(_, count)| count as usize >= n);
    is_nth.fold(f32::INFINITY, |a, (&b, _)| if b < a { b } else { a })
}

/// Differences of magnitudes, which need nothing of other frames.
struct LinearContrast {
    frames: FrameByFrame<Extremes>,
    contrast: Vec<f32>,
}

/// `peak - valley` of every band.
fn differences(extremes: &[f32], contrast: &mut [f32]) {
    let (valleys, peaks) = extremes.split_at(contrast.len());
    for ((contrast, valley), peak) in contrast.iter_mut().zip(valleys).zip(peaks) {
        *contrast = peak - valley;
    }
}

impl Extractor for LinearContrast {
    fn push(&mut self, samples: &[f32], on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        self.frames.push(samples, &mut |extremes| {
            differences(extremes, &mut self.contrast);
            on_frame(&self.contrast);
        })
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        self.frames.finish(&mut |extremes| {
            differences(extremes, &mut self.contrast);
            on_frame(&self.contrast);
        })
    }
}

/// Differences of decibels, for which the loudest peak and valley of the track must be known.
struct Contrast {
    frames: FrameByFrame<Extremes>,
    n_bins: usize,
    /// The extremes of all frames, two for each of the `n_bins` bands.
    extremes: Vec<f32>,
}

impl Extractor for Contrast {
    fn push(&mut self, samples: &[f32], _on_frame: &mut dyn FnMut(&[f32])) -> Result<(), FeatureError> {
        let Self { frames, extremes, .. } = self;
        let pushed = frames.push(samples, &mut |frame| extremes.extend_from_slice(frame));
        if pushed.is_err() {
            extremes.clear();
        }
        pushed
    }

    fn finish(&mut self, on_frame: &mut dyn FnMut(&[f32])) -> Result<f32, FeatureError> {
        let Self { frames, n_bins, extremes } = self;
        let finished = frames.finish(&mut |frame| extremes.extend_from_slice(frame));
        let extremes = std::mem::take(extremes);
        finished?;
        let db = |value: f32| 10.0 * f64::from(value).max(AMIN).log10();
        let frames = extremes.chunks_exact(2 * *n_bins);
        let loudest = |side: usize| {
            let values = frames.clone().flat_map(|frame| &frame[side * *n_bins..][..*n_bins]);
            db(values.copied().fold(0.0, f32::max))
        };
        let (valley_floor, peak_floor) = (loudest(0) - TOP_DB, loudest(1) - TOP_DB);
        let mut contrast = vec![0.0; *n_bins];
        for frame in frames {
            let (valleys, peaks) = frame.split_at(*n_bins);
            for ((contrast, &valley), &peak) in contrast.iter_mut().zip(valleys).zip(peaks) {
                *contrast = (db(peak).max(peak_floor) - db(valley).max(valley_floor)) as f32;
            }
            on_frame(&contrast);
        }
        Ok(f32::NEG_INFINITY)
    }
}

/// How far the strongest bins of each octave band stand above its weakest, in dB, `[n_bands + 1, n_frames]`:
/// `librosa.feature.spectral_contrast`.
///
/// The means of the `quantile` largest and smallest magnitudes of a band are its peak and its valley; the contrast is
/// `10 log10(peak) - 10 log10(valley)`, each first raised to 80 dB below the loudest of its kind (or their plain
/// difference when `linear`). Bands: `0..f_min_hz`, then `n_bands` octaves. After Jiang et al. (ICME 2002).
///
/// ```
/// use crooner_features::{SpectralContrastConfig, spectral_contrast};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (0.1 * i as f32).sin()).collect();
/// let config = SpectralContrastConfig { n_bands: 5, ..SpectralContrastConfig::default() };
/// let db = spectral_contrast(&tone, &config)?;
/// assert_eq!((db.n_bins(), db.n_frames()), (6, 32));
/// // The tone, at 255 Hz, is in the band from 200 to 400 Hz.
/// assert!(db.bin(1)[16] > 40.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for a setting out of range.
pub fn spectral_contrast(
    samples: &[f32],
    config: &SpectralContrastConfig,
) -> Result<Spectrogram, FeatureError> {
    Ok(FeatureConfig::SpectralContrast(config.clone()).frames(samples)?.to_spectrogram())
}
