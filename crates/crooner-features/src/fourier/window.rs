//! Analysis windows.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::FeatureError;
use crate::error::check_range;
use crate::fourier::transform::Real;

/// The taper that multiplies every frame before its Fourier transform.
///
/// With `x = 2π i / len` (periodic) or `2π i / (len - 1)` (symmetric), `i = 0, 1, ... < len`.
///
/// Written as SciPy names it; Kaiser's with its shape in brackets:
///
/// ```
/// use crooner_features::Window;
///
/// assert_eq!("hann".parse::<Window>()?, Window::Hann);
/// assert_eq!("kaiser(14)".parse::<Window>()?, Window::Kaiser(14.0));
/// assert_eq!(Window::Kaiser(8.5).to_string(), "kaiser(8.5)");
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Window {
    /// `½ - ½ cos x`; librosa's default.
    #[default]
    Hann,
    /// `0.54 - 0.46 cos x`.
    Hamming,
    /// `0.42 - 0.5 cos x + 0.08 cos 2x`.
    Blackman,
    /// `0.35875 - 0.48829 cos x + 0.14128 cos 2x - 0.01168 cos 3x`: side lobes 92 dB down.
    BlackmanHarris,
    /// `I₀(β √(1 - (x / π - 1)²)) / I₀(β)` with `β` in `0..=100`: 0 is a rectangle, 5 like Hamming, 8.6 like Blackman.
    Kaiser(f32),
    /// 1 throughout: no taper.
    Boxcar,
}

const NAMED: [(&str, Window); 5] = [
    ("hann", Window::Hann),
    ("hamming", Window::Hamming),
    ("blackman", Window::Blackman),
    ("blackmanharris", Window::BlackmanHarris),
    ("boxcar", Window::Boxcar),
];

impl Window {
    /// The `len` periodic coefficients, each in `[0, 1]`: `scipy.signal.get_window(name, len)`.
    ///
    /// ```
    /// use crooner_features::Window;
    ///
    /// let hann = Window::Hann.coefficients(4);
    /// assert!(hann.iter().zip([0.0, 0.5, 1.0, 0.5]).all(|(w, expected)| (w - expected).abs() < 1e-15));
    /// ```
    #[must_use]
    pub fn coefficients(self, len: usize) -> Vec<f64> {
        self.sampled(len, len)
    }

    /// The `len` symmetric coefficients, for the design of filters: `scipy.signal.get_window(name, len, fftbins=False)`.
    ///
    /// ```
    /// use crooner_features::Window;
    ///
    /// let hann = Window::Hann.symmetric(5);
    /// assert!(hann.iter().zip([0.0, 0.5, 1.0, 0.5, 0.0]).all(|(w, expected)| (w - expected).abs() < 1e-15));
    /// ```
    #[must_use]
    pub fn symmetric(self, len: usize) -> Vec<f64> {
        self.sampled(len, len.saturating_sub(1))
    }

    /// `len` coefficients of a window that returns to its first value after `period` of them.
    fn sampled(self, len: usize, period: usize) -> Vec<f64> {
        if len == 1 {
            return vec![1.0];
        }
        let cosines = |a: [f64; 4]| {
            let at = move |i: usize| {
                let x = TAU * i as f64 / period as f64;
                // One term at a time: Hann and Hamming have but one.
                let mut w = a[0] - a[1] * x.cos();
                if a[2] > 0.0 {
                    w += a[2] * (2.0 * x).cos() - a[3] * (3.0 * x).cos();
                }
                w
            };
            (0..len).map(at).collect()
        };
        match self {
            Self::Hann => cosines([0.5, 0.5, 0.0, 0.0]),
            Self::Hamming => cosines([0.54, 1.0 - 0.54, 0.0, 0.0]),
            Self::Blackman => cosines([0.42, 0.5, 0.08, 0.0]),
            Self::BlackmanHarris => cosines([0.35875, 0.48829, 0.14128, 0.01168]),
            Self::Kaiser(beta) => {
                let (beta, middle) = (f64::from(beta), period as f64 / 2.0);
                let at = |i: usize| {
                    let place = (i as f64 - middle) / middle;
                    bessel_i0(beta * (1.0 - place * place).max(0.0).sqrt()) / bessel_i0(beta)
                };
                (0..len).map(at).collect()
            }
            Self::Boxcar => vec![1.0; len],
        }
    }

    /// Fails unless `β` is in its range.
    pub(crate) fn validate(self) -> Result<(), FeatureError> {
        match self {
            Self::Kaiser(beta) => check_range("window", beta, 0.0, 100.0),
            _ => Ok(()),
        }
    }

    /// Equivalent noise bandwidth in bins, as librosa tabulates it: `librosa.filters.window_bandwidth`.
    pub(crate) fn bandwidth(self) -> f64 {
        match self {
            Self::Hann => 1.500_183_105_468_75,
            Self::Hamming => 1.362_945_532_035_034_8,
            Self::Blackman => 1.726_968_155_426_232_6,
            Self::BlackmanHarris => 2.004_597_528_358_501_4,
            Self::Boxcar => 1.0,
            Self::Kaiser(_) => {
                let window = self.coefficients(1000);
                let sum: f64 = window.iter().sum();
                1000.0 * window.iter().map(|w| w * w).sum::<f64>() / (sum * sum)
            }
        }
    }

    /// `win_length` coefficients in the middle of `n_fft`, zeros around them: `librosa.util.pad_center`.
    pub(crate) fn centred<T: Real>(self, win_length: usize, n_fft: usize) -> Vec<T> {
        let mut window = vec![T::zero(); n_fft];
        let start = (n_fft - win_length) / 2;
        for (slot, coefficient) in window[start..].iter_mut().zip(self.coefficients(win_length)) {
            *slot = T::of(coefficient);
        }
        window
    }
}

/// Modified Bessel function of the first kind and order 0: `Σ ((x / 2)^k / k!)²`. All terms are positive.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON / 4.0 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kaiser(beta) => write!(f, "kaiser({beta})"),
            named => {
                f.write_str(NAMED.iter().find(|(_, window)| window == named).map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for Window {
    type Err = FeatureError;

    fn from_str(text: &str) -> Result<Self, FeatureError> {
        if let Some((_, window)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*window);
        }
        let beta = text.strip_prefix("kaiser(").and_then(|rest| rest.strip_suffix(')'));
        if let Some(Ok(beta)) = beta.map(|beta| beta.trim().parse::<f32>()) {
            let window = Self::Kaiser(beta);
            window.validate()?;
            return Ok(window);
        }
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        let expected = format!("{} or kaiser(BETA), such as kaiser(14)", names.join(", "));
        Err(FeatureError::config("window", expected, text))
    }
}

impl TryFrom<String> for Window {
    type Error = FeatureError;

    fn try_from(text: String) -> Result<Self, FeatureError> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}
