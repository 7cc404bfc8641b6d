//! The mel scale, its triangular filter bank, and mel spectrograms.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::fourier::stft::spectrogram_of;
use crate::fourier::transform::{FrameTransform, Real};
use crate::{FeatureError, Norm, Spectrogram, StftConfig};

/// Weights of a row come in groups of this many, multiplied and summed side by side.
const LANES: usize = 4;

/// Which formula turns hertz into mels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelScale {
    /// Slaney's Auditory Toolbox: `m = 3f / 200` below 1 kHz, `m = 15 + 27 ln(f / 1000) / ln 6.4` above; librosa's
    /// default.
    #[default]
    Slaney,
    /// `m = 2595 log10(1 + f / 700)`, as in HTK.
    Htk,
}

impl MelScale {
    /// Mels of a frequency.
    #[must_use]
    pub fn from_hz(self, hz: f64) -> f64 {
        match self {
            Self::Slaney if hz < SLANEY_KNEE_HZ => hz / SLANEY_HZ_PER_MEL,
            Self::Slaney => SLANEY_KNEE_MEL + (hz / SLANEY_KNEE_HZ).ln() / slaney_log_step(),
            Self::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        }
    }

    /// Frequency of a number of mels, the inverse of [`from_hz`](Self::from_hz).
    #[must_use]
    pub fn to_hz(self, mel: f64) -> f64 {
        match self {
            Self::Slaney if mel < SLANEY_KNEE_MEL => mel * SLANEY_HZ_PER_MEL,
            Self::Slaney => SLANEY_KNEE_HZ * (slaney_log_step() * (mel - SLANEY_KNEE_MEL)).exp(),
            Self::Htk => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
        }
    }
}

const SLANEY_HZ_PER_MEL: f64 = 200.0 / 3.0;
const SLANEY_KNEE_HZ: f64 = 1000.0;
const SLANEY_KNEE_MEL: f64 = 15.0;

fn slaney_log_step() -> f64 {
    6.4f64.ln() / 27.0
}

/// How the triangles of a filter bank are scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelNorm {
    /// Every triangle has area 1 over frequency in Hz; librosa's default.
    #[default]
    Slaney,
    /// Every triangle has height 1.
    None,
    /// The largest weight of every band is 1.
    Inf,
    /// The weights of every band sum to 1.
    L1,
    /// The weights of every band have Euclidean length 1.
    L2,
}

impl MelNorm {
    /// What the weights of a band are divided by, where that is a norm of theirs.
    fn of_weights(self) -> Norm {
        match self {
            Self::Slaney | Self::None => Norm::None,
            Self::Inf => Norm::Inf,
            Self::L1 => Norm::L1,
            Self::L2 => Norm::L2,
        }
    }
}

/// Which mel bands to compute.
#[derive(Debug, Clone, PartialEq)]
pub struct MelConfig {
    /// Number of bands, in `1..=4096`. Default 128.
    pub n_mels: usize,
    /// Lower edge of the first band in Hz, at least 0. Default 0.
    pub f_min_hz: f32,
    /// Upper edge of the last band in Hz, at least 1 Hz above `f_min_hz`. Default and largest: `sample_rate / 2`.
    pub f_max_hz: Option<f32>,
    /// The mel formula. Default: Slaney.
    pub scale: MelScale,
    /// The scaling of the triangles. Default: Slaney.
    pub norm: MelNorm,
}

impl Default for MelConfig {
    fn default() -> Self {
        Self { n_mels: 128, f_min_hz: 0.0, f_max_hz: None, scale: MelScale::Slaney, norm: MelNorm::Slaney }
    }
}

impl MelConfig {
    /// Checks every setting against its range at `sample_rate`.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self, sample_rate: u32) -> Result<(), FeatureError> {
        check_range("sample_rate", sample_rate, 1_000, 768_000)?;
        check_range("n_mels", self.n_mels, 1, 4096)?;
        let nyquist_hz = sample_rate as f32 / 2.0;
        // Negative zero would be the same edge under another spelling, and spellings are hashed.
        if self.f_min_hz.is_sign_negative() {
            return Err(FeatureError::config("f_min_hz", "at least 0", self.f_min_hz));
        }
        check_range("f_min_hz", self.f_min_hz, 0.0, nyquist_hz - 1.0)?;
        check_range("f_max_hz", self.f_max_hz.unwrap_or(nyquist_hz), self.f_min_hz + 1.0, nyquist_hz)
    }
}

/// `n_mels` frequencies in Hz, evenly spaced in mels from `f_min_hz` to `f_max_hz`: `librosa.mel_frequencies`.
#[must_use]
pub fn mel_frequencies(n_mels: usize, f_min_hz: f64, f_max_hz: f64, scale: MelScale) -> Vec<f64> {
    let (low, high) = (scale.from_hz(f_min_hz), scale.from_hz(f_max_hz));
    let step = (high - low) / n_mels.saturating_sub(1).max(1) as f64;
    (0..n_mels).map(|i| scale.to_hz(low + step * i as f64)).collect()
}

/// The frequency in Hz of each of the `n_fft / 2 + 1` bins: `librosa.fft_frequencies`.
#[must_use]
pub fn fft_frequencies(sample_rate: u32, n_fft: usize) -> Vec<f64> {
    (0..=n_fft / 2).map(|k| k as f64 * (f64::from(sample_rate) / n_fft as f64)).collect()
}

/// Triangular filters from the bins of a spectrum to mel bands, stored without their zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct MelFilterBank {
    n_bins: usize,
    rows: Vec<Row>,
    /// The rows' weights one after another, each padded with zeros to whole groups.
    weights: Vec<[f32; LANES]>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    first_bin: usize,
    /// Groups of weights, 0 for a band between two bins.
    n_groups: usize,
}

/// The filter bank of `librosa.filters.mel`.
///
/// With edges `f[0..n_mels + 2]` evenly spaced in mels, the weight of bin frequency `x` in band `m` is
/// `max(0, min((x - f[m]) / (f[m+1] - f[m]), (f[m+2] - x) / (f[m+2] - f[m+1])))`, times `2 / (f[m+2] - f[m])` under
/// [`MelNorm::Slaney`]; the other norms divide the weights of a band by their norm. Computed in `f64` and rounded where
/// librosa rounds.
///
/// ```
/// use crooner_features::{MelConfig, mel_filter_bank};
///
/// let bank = mel_filter_bank(16_000, 2048, &MelConfig::default())?;
/// assert_eq!((bank.n_mels(), bank.n_bins()), (128, 1025));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range.
pub fn mel_filter_bank(
    sample_rate: u32,
    n_fft: usize,
    config: &MelConfig,
) -> Result<MelFilterBank, FeatureError> {
    StftConfig { n_fft, ..StftConfig::default() }.validate()?;
    config.validate(sample_rate)?;
    let bins_hz = fft_frequencies(sample_rate, n_fft);
    let f_max_hz = config.f_max_hz.map_or(f64::from(sample_rate) / 2.0, f64::from);
    let edges_hz = mel_frequencies(config.n_mels + 2, f64::from(config.f_min_hz), f_max_hz, config.scale);

    let mut bank = MelFilterBank { n_bins: bins_hz.len(), rows: Vec::new(), weights: Vec::new() };
    for edges in edges_hz.windows(3) {
        let (low, peak, high) = (edges[0], edges[1], edges[2]);
        let first_bin = bins_hz.partition_point(|&hz| hz <= low);
        let mut weights: Vec<f32> = bins_hz[first_bin..]
            .iter()
            .take_while(|&&hz| hz < high)
            .map(|&hz| {
                let triangle = ((hz - low) / (peak - low)).min((high - hz) / (high - peak)).max(0.0) as f32;
                match config.norm {
                    MelNorm::Slaney => (f64::from(triangle) * (2.0 / (high - low))) as f32,
                    _ => triangle,
                }
            })
            .collect();
        config.norm.of_weights().apply(&mut weights);
        bank.rows.push(Row { first_bin, n_groups: weights.len().div_ceil(LANES) });
        bank.weights.extend(weights.chunks(LANES).map(|chunk| {
            let mut group = [0.0; LANES];
            group[..chunk.len()].copy_from_slice(chunk);
            group
        }));
    }
    Ok(bank)
}

impl MelFilterBank {
    /// Number of bands.
    #[must_use]
    pub fn n_mels(&self) -> usize {
        self.rows.len()
    }

    /// Number of bins each band weighs: `n_fft / 2 + 1`.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        self.n_bins
    }

    /// Bands narrower than the spacing of the bins, whose output is always 0 (librosa warns of them).
    #[must_use]
    pub fn empty_bands(&self) -> Vec<usize> {
        let is_empty = |(_, row): &(usize, &Row)| row.n_groups == 0;
        self.rows.iter().enumerate().filter(is_empty).map(|(band, _)| band).collect()
    }

    /// All weights, zeros included: `[n_mels, n_bins]`, row-major, as librosa returns them.
    #[must_use]
    pub fn to_dense(&self) -> Vec<f32> {
        let mut dense = Vec::with_capacity(self.n_mels() * self.n_bins);
        let mut groups = self.weights.as_slice();
        for row in &self.rows {
            let (weights, rest) = groups.split_at(row.n_groups);
            groups = rest;
            let end = dense.len() + self.n_bins;
            dense.resize(end - self.n_bins + row.first_bin, 0.0);
            dense.extend_from_slice(weights.as_flattened());
            dense.resize(end, 0.0);
        }
        dense
    }

    /// Length of the power buffer [`apply`](Self::apply) reads: the bins, and zeros under the padding of the last row.
    pub(crate) fn padded_bins(&self) -> usize {
        self.n_bins + LANES
    }

    /// `mel[m] = Σₖ weight[m, k] · power[k]`, summed in an order that no machine changes.
    pub(crate) fn apply(&self, power: &[f32], mel: &mut [f32]) {
        let mut groups = self.weights.as_slice();
        for (mel, row) in mel.iter_mut().zip(&self.rows) {
            let (weights, rest) = groups.split_at(row.n_groups);
            groups = rest;
            let power = power[row.first_bin..].as_chunks::<LANES>().0;
            let mut sum = [0.0; LANES];
            for (power, weights) in power.iter().zip(weights) {
                for lane in 0..LANES {
                    sum[lane] += power[lane] * weights[lane];
                }
            }
            *mel = (sum[0] + sum[2]) + (sum[1] + sum[3]);
        }
    }
}

/// From frames of samples to mel power, reusing its buffers.
pub(crate) struct MelTransform<T: Real = f32> {
    transform: FrameTransform<T>,
    bank: MelFilterBank,
    power: Vec<f32>,
    /// Bins from this one on count as empty.
    first_empty_bin: usize,
}

impl<T: Real> MelTransform<T> {
    pub(crate) fn new(sample_rate: u32, stft: &StftConfig, mel: &MelConfig) -> Result<Self, FeatureError> {
        stft.validate()?;
        let bank = mel_filter_bank(sample_rate, stft.n_fft, mel)?;
        let power = vec![0.0; bank.padded_bins()];
        let first_empty_bin = bank.n_bins();
        Ok(Self { transform: FrameTransform::new(stft), bank, power, first_empty_bin })
    }

    /// From now on, bins above `limit_hz` count as empty.
    pub(crate) fn limit_band(&mut self, sample_rate: u32, n_fft: usize, limit_hz: f32) {
        let bins_hz = fft_frequencies(sample_rate, n_fft);
        self.first_empty_bin = bins_hz.partition_point(|&hz| hz <= f64::from(limit_hz));
    }

    pub(crate) fn n_mels(&self) -> usize {
        self.bank.n_mels()
    }

    /// Mel power of one frame into `mel`, `n_mels` long.
    pub(crate) fn apply(&mut self, frame: &[f32], mel: &mut [f32]) {
        self.transform.each(frame, &mut self.power, |re, im| (re * re + im * im).to_single());
        self.power[self.first_empty_bin..].fill(0.0);
        self.bank.apply(&self.power, mel);
    }

    /// `Σₖ weight[m, k] · |X[k]|^exponent` of one frame into `mel`, `n_mels` long.
    pub(crate) fn apply_powered(&mut self, frame: &[f32], exponent: f32, mel: &mut [f32]) {
        if exponent == 2.0 {
            return self.apply(frame, mel);
        }
        self.transform.each(frame, &mut self.power, |re, im| {
            let magnitude = (re * re + im * im).root().to_single();
            if exponent == 1.0 { magnitude } else { magnitude.powf(exponent) }
        });
        self.power[self.first_empty_bin..].fill(0.0);
        self.bank.apply(&self.power, mel);
    }
}

/// Mel power spectrogram of a track: `librosa.feature.melspectrogram(y=y, sr=sample_rate, power=2, ...)`,
/// `[n_mels, n_frames]`.
///
/// ```text
/// M[m, t] = Σₖ weight[m, k] |X[k, t]|²      X: short-time Fourier transform, weights as in MelFilterBank
/// ```
///
/// ```
/// use crooner_features::{MelConfig, MelScale, StftConfig, mel_frequencies, mel_spectrogram};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 1_000.0 * i as f32 / 16_000.0).sin()).collect();
/// let mel = mel_spectrogram(&tone, 16_000, &StftConfig::default(), &MelConfig::default())?;
/// assert_eq!((mel.n_bins(), mel.n_frames()), (128, 32));
/// let loudest = (0..128).max_by(|&a, &b| mel.bin(a)[16].total_cmp(&mel.bin(b)[16])).unwrap_or(0);
/// // The bands' centres lie between the edges of the first and the last.
/// let centres = &mel_frequencies(130, 0.0, 8_000.0, MelScale::Slaney)[1..129];
/// assert!((centres[loudest] - 1_000.0).abs() < 20.0);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for a mel setting out of range.
pub fn mel_spectrogram(
    samples: &[f32],
    sample_rate: u32,
    stft: &StftConfig,
    mel: &MelConfig,
) -> Result<Spectrogram, FeatureError> {
    let mut transform = MelTransform::<f32>::new(sample_rate, stft, mel)?;
    let n_mels = transform.n_mels();
    spectrogram_of(samples, stft, n_mels, |frame, out| transform.apply(frame, out))
}
