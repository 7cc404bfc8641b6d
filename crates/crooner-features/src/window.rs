//! Analysis windows.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// The taper that multiplies every frame before its Fourier transform.
///
/// Both are periodic (`fftbins=True` in SciPy): `w[i] = a - (1 - a) cos(2π i / len)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// `a = 0.5`; librosa's default.
    #[default]
    Hann,
    /// `a = 0.54`.
    Hamming,
}

impl Window {
    /// The `len` coefficients, each in `[0, 1]`: `scipy.signal.get_window(name, len)`.
    ///
    /// ```
    /// use crooner_features::Window;
    ///
    /// let hann = Window::Hann.coefficients(4);
    /// assert!(hann.iter().zip([0.0, 0.5, 1.0, 0.5]).all(|(w, expected)| (w - expected).abs() < 1e-15));
    /// ```
    #[must_use]
    pub fn coefficients(self, len: usize) -> Vec<f64> {
        let a = match self {
            Self::Hann => 0.5,
            Self::Hamming => 0.54,
        };
        if len == 1 {
            return vec![1.0];
        }
        (0..len).map(|i| a - (1.0 - a) * (TAU * i as f64 / len as f64).cos()).collect()
    }

    /// `win_length` coefficients in the middle of `n_fft`, zeros around them: `librosa.util.pad_center`.
    pub(crate) fn centred(self, win_length: usize, n_fft: usize) -> Vec<f32> {
        let mut window = vec![0.0; n_fft];
        let start = (n_fft - win_length) / 2;
        for (slot, coefficient) in window[start..].iter_mut().zip(self.coefficients(win_length)) {
            *slot = coefficient as f32;
        }
        window
    }
}
