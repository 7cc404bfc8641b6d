//! Spectrograms whose energy is moved to where it is.

use rustfft::num_complex::Complex64;

use crate::error::check_range;
use crate::fourier::framing::Framer;
use crate::fourier::simd::{Simd, WithSimd, dispatch};
use crate::fourier::wide::WideTransform;
use crate::frames::TILE;
use crate::{FeatureError, Spectrogram, StftConfig};

/// Settings of reassignment; the defaults are librosa's, at 16 kHz.
#[derive(Debug, Clone, PartialEq)]
pub struct ReassignedConfig {
    /// Sample rate in Hz, in `1000..=768000`. Default 16,000.
    pub sample_rate: u32,
    /// How the track is cut into frames. Default: librosa's.
    pub stft: StftConfig,
    /// Where the power is below this, frequency and time are NaN, since there is nothing to move; at least 0. Default 1e-6.
    pub ref_power: f32,
    /// Whether the frequency of the bin and the time of the frame stand in place of NaN. Default: false.
    pub fill_nan: bool,
    /// Whether frequencies are held within `0..=sample_rate / 2` and times within the track. Default: true.
    pub clip: bool,
}

impl Default for ReassignedConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            stft: StftConfig::default(),
            ref_power: 1e-6,
            fill_nan: false,
            clip: true,
        }
    }
}

impl ReassignedConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`FeatureError::Config`] naming the first setting out of range.
    pub fn validate(&self) -> Result<(), FeatureError> {
        check_range("sample_rate", self.sample_rate, 1_000, 768_000)?;
        self.stft.validate()?;
        check_range("ref_power", self.ref_power, 0.0, f32::MAX)
    }
}

/// A reassigned spectrogram: for each bin of each frame, where its energy is. All are `[n_fft / 2 + 1, n_frames]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reassigned {
    /// Frequency in Hz.
    pub frequencies_hz: Spectrogram<f64>,
    /// Time in seconds.
    pub times_s: Spectrogram<f64>,
    /// Magnitude.
    pub magnitudes: Spectrogram,
}

/// Reassigned spectrogram of a track: `librosa.reassigned_spectrogram(samples, sr=sample_rate, ...)`. After Flandrin, Auger
/// and Chassande-Mottin, *Time-frequency reassignment* (2002), equations 5.20 and 5.23.
///
/// With `X` the [`stft`](crate::stft) under the window `w`, `D` that under its cyclic derivative `(w[i+1] - w[i-1]) / 2` and
/// `T` that under `w[i] · (i - (n_fft - 1) / 2)`, bin `k` of frame `t` is moved to
///
/// `f = k sample_rate / n_fft - Im(D / X) · sample_rate / 2π` Hz and `t hop_length / sample_rate + Re(T / X) / sample_rate` seconds
///
/// (half a frame later without `center`). Computed in `f64`: where there is little energy the quotients magnify every error.
///
/// Memory: the result, 20 bytes a bin and frame.
///
/// ```
/// use crooner_features::{ReassignedConfig, reassigned_spectrogram};
///
/// let tone: Vec<f32> = (0..16_000).map(|i| (std::f32::consts::TAU * 1003.0 * i as f32 / 16_000.0).sin()).collect();
/// let reassigned = reassigned_spectrogram(&tone, &ReassignedConfig::default())?;
/// // Bin 128 is 1000 Hz, the next 1007.8 Hz: the tone lies between.
/// assert!((reassigned.frequencies_hz.bin(128)[16] - 1003.0).abs() < 0.1);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// As [`stft`](crate::stft), and [`FeatureError::Config`] for any setting out of range.
pub fn reassigned_spectrogram(
    samples: &[f32],
    config: &ReassignedConfig,
) -> Result<Reassigned, FeatureError> {
    config.validate()?;
    let stft = &config.stft;
    let (n_bins, n_frames) = (stft.n_bins(), stft.n_frames(samples.len()));
    let rate = f64::from(config.sample_rate);
    let mut transforms = Transforms::new(stft);
    let mut frequencies_hz = Spectrogram::zeros(n_bins, n_frames);
    let mut times_s = Spectrogram::zeros(n_bins, n_frames);
    let mut magnitudes = Spectrogram::zeros(n_bins, n_frames);

    let start = if stft.center { 0 } else { stft.n_fft / 2 };
    let placing = Placing {
        hz_per_bin: rate / stft.n_fft as f64,
        hz_per_radian: rate / std::f64::consts::TAU,
        s_per_sample: 1.0 / rate,
        least: f64::from(config.ref_power).sqrt(),
        fill_nan: config.fill_nan,
        clip: config.clip,
        nyquist_hz: rate / 2.0,
        end_s: samples.len() as f64 / rate,
    };
    // Written a tile at a time: one by one, each value would touch a cache line of its own.
    let mut tile = Tile {
        frequencies: vec![0.0; TILE * n_bins],
        times: vec![0.0; TILE * n_bins],
        magnitudes: vec![0.0; TILE * n_bins],
    };
    let mut waiting: Vec<f32> = Vec::new();
    let mut n_done = 0;
    let mut on_pair = |first: &[f32], second: Option<&[f32]>| {
        transforms.apply(first, second);
        let count = 1 + usize::from(second.is_some());
        let frame_s = [n_done, n_done + 1].map(|frame| (frame * stft.hop_length + start) as f64 / rate);
        placing.place(&transforms, frame_s, &mut tile, n_done % TILE, count);
        n_done += count;
        let filled = (n_done - 1) % TILE + 1;
        if filled == TILE || n_done == n_frames {
            frequencies_hz.set_frames(n_done - filled, &tile.frequencies[..filled * n_bins]);
            times_s.set_frames(n_done - filled, &tile.times[..filled * n_bins]);
            magnitudes.set_frames(n_done - filled, &tile.magnitudes[..filled * n_bins]);
        }
    };
    let mut on_frame = |frame: &[f32]| {
        if waiting.is_empty() {
            waiting.extend_from_slice(frame);
        } else {
            on_pair(&waiting, Some(frame));
            waiting.clear();
        }
    };
    let mut framer = Framer::new(stft);
    framer.push(samples, &mut on_frame)?;
    framer.finish(&mut on_frame)?;
    if !waiting.is_empty() {
        on_pair(&waiting, None);
    }
    Ok(Reassigned { frequencies_hz, times_s, magnitudes })
}

/// Some frames of the result, one after another.
struct Tile {
    frequencies: Vec<f64>,
    times: Vec<f64>,
    magnitudes: Vec<f32>,
}

/// From three spectra to where the energy is.
#[derive(Clone, Copy)]
struct Placing {
    hz_per_bin: f64,
    hz_per_radian: f64,
    s_per_sample: f64,
    /// The smallest magnitude that is moved.
    least: f64,
    fill_nan: bool,
    clip: bool,
    nyquist_hz: f64,
    end_s: f64,
}

impl Placing {
    /// Fills the tile from `first` on with `count` frames, one or both of a pair.
    fn place(&self, transforms: &Transforms, frame_s: [f64; 2], tile: &mut Tile, first: usize, count: usize) {
        let n_bins = tile.times.len() / TILE;
        let mut products: [Products; 2] = std::array::from_fn(|_| Products::new(n_bins));
        for bin in 0..n_bins {
            for (products, [x, derivative, weighted]) in products.iter_mut().zip(transforms.at(bin)) {
                products.power[bin] = x.norm_sqr();
                products.turn[bin] = derivative.im * x.re - derivative.re * x.im;
                products.delay[bin] = weighted.re * x.re + weighted.im * x.im;
            }
        }
        for (half, (products, frame_s)) in products.iter().zip(frame_s).enumerate().take(count) {
            let row = (first + half) * n_bins..(first + half + 1) * n_bins;
            dispatch(PlaceFrame {
                placing: self,
                products,
                frame_s,
                frequencies: &mut tile.frequencies[row.clone()],
                times: &mut tile.times[row.clone()],
                magnitudes: &mut tile.magnitudes[row],
            });
        }
    }
}

/// What one frame's places are made of, bin by bin.
struct Products {
    /// `|X|²`.
    power: Vec<f64>,
    /// `Im(D conj X)`.
    turn: Vec<f64>,
    /// `Re(T conj X)`.
    delay: Vec<f64>,
}

impl Products {
    fn new(n_bins: usize) -> Self {
        Self { power: vec![0.0; n_bins], turn: vec![0.0; n_bins], delay: vec![0.0; n_bins] }
    }
}

struct PlaceFrame<'a> {
    placing: &'a Placing,
    products: &'a Products,
    frame_s: f64,
    frequencies: &'a mut [f64],
    times: &'a mut [f64],
    magnitudes: &'a mut [f32],
}

impl WithSimd for PlaceFrame<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Placing { hz_per_bin, hz_per_radian, s_per_sample, least, fill_nan, clip, nyquist_hz, end_s } =
            *self.placing;
        let Products { power, turn, delay } = self.products;
        // A NaN is neither below nor above.
        let within = |value: f64, high: f64| {
            let raised = if value < 0.0 { 0.0 } else { value };
            if raised > high { high } else { raised }
        };
        let inputs = power.iter().zip(turn).zip(delay);
        let outputs = self.frequencies.iter_mut().zip(self.times).zip(self.magnitudes);
        for (bin, (((&power, &turn), &delay), ((hz, s), magnitude))) in (0i32..).zip(inputs.zip(outputs)) {
            let bin_hz = f64::from(bin) * hz_per_bin;
            let root = power.sqrt();
            let inverse = if root < least { f64::NAN } else { 1.0 / power };
            let (moved_hz, moved_s) =
                (bin_hz - turn * inverse * hz_per_radian, self.frame_s + delay * inverse * s_per_sample);
            let moved_hz = if fill_nan && moved_hz.is_nan() { bin_hz } else { moved_hz };
            let moved_s = if fill_nan && moved_s.is_nan() { self.frame_s } else { moved_s };
            *hz = if clip { within(moved_hz, nyquist_hz) } else { moved_hz };
            *s = if clip { within(moved_s, end_s) } else { moved_s };
            *magnitude = root as f32;
        }
    }
}

/// The transforms of two frames at once under three windows.
struct Transforms([WideTransform; 3]);

impl Transforms {
    fn new(stft: &StftConfig) -> Self {
        let (n, length) = (stft.n_fft, stft.win_length());
        let mut window = vec![0.0; n];
        let start = (n - length) / 2;
        window[start..start + length].copy_from_slice(&stft.window.coefficients(length));
        let derivative = (0..n).map(|i| (window[(i + 1) % n] - window[(i + n - 1) % n]) / 2.0).collect();
        let middle = (n as f64 - 1.0) / 2.0;
        let weighted = window.iter().enumerate().map(|(i, w)| w * (i as f64 - middle)).collect();
        Self([window, derivative, weighted].map(WideTransform::new))
    }

    fn apply(&mut self, first: &[f32], second: Option<&[f32]>) {
        self.0.iter_mut().for_each(|transform| transform.apply(first, second));
    }

    /// One bin of both frames under the three windows.
    #[inline(always)]
    fn at(&self, bin: usize) -> [[Complex64; 3]; 2] {
        let [x, derivative, weighted] = &self.0;
        let (x, derivative, weighted) = (x.at(bin), derivative.at(bin), weighted.at(bin));
        [[x[0], derivative[0], weighted[0]], [x[1], derivative[1], weighted[1]]]
    }
}
