//! Fourier transforms in `f64`, of two real frames at once.

use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

/// Transforms two windowed frames as real and imaginary part of one signal.
///
/// Twice the work of the transform in `f32`: for what divides small values of a spectrum by each other, so that the rounding
/// errors that loud bins leave in quiet ones count.
pub(crate) struct WideTransform {
    window: Vec<f64>,
    fft: Arc<dyn Fft<f64>>,
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl WideTransform {
    pub(crate) fn new(window: Vec<f64>) -> Self {
        let fft = FftPlanner::new().plan_fft_forward(window.len());
        Self {
            spectrum: vec![Complex64::default(); window.len()],
            scratch: vec![Complex64::default(); fft.get_inplace_scratch_len()],
            window,
            fft,
        }
    }

    /// Takes two frames, or one and silence.
    pub(crate) fn apply(&mut self, first: &[f32], second: Option<&[f32]>) {
        if let Some(second) = second {
            let samples = first.iter().zip(second).zip(&self.window);
            for (to, ((&a, &b), &w)) in self.spectrum.iter_mut().zip(samples) {
                *to = Complex64::new(w * f64::from(a), w * f64::from(b));
            }
        } else {
            for ((to, &a), &w) in self.spectrum.iter_mut().zip(first).zip(&self.window) {
                *to = Complex64::new(w * f64::from(a), 0.0);
            }
        }
        self.fft.process_with_scratch(&mut self.spectrum, &mut self.scratch);
    }

    /// Bin `bin` of both spectra: of `Z = A + iB`, `2A = Z[k] + conj Z[-k]` and `2iB = Z[k] - conj Z[-k]`.
    #[inline(always)]
    pub(crate) fn at(&self, bin: usize) -> [Complex64; 2] {
        let n = self.spectrum.len();
        let (z, mirrored) = (self.spectrum[bin], self.spectrum[if bin == 0 { 0 } else { n - bin }].conj());
        let difference = z - mirrored;
        [(z + mirrored) * 0.5, Complex64::new(0.5 * difference.im, -0.5 * difference.re)]
    }

    /// Magnitudes of the bins of both frames up to the middle; those of the second only where there is room.
    pub(crate) fn magnitudes(&self, first: &mut [f32], second: &mut [f32]) {
        let half = self.spectrum.len() / 2;
        let low = self.spectrum[1..=half].iter();
        let high = self.spectrum[half..].iter().rev();
        let parts = |z: Complex64, mirrored: Complex64| {
            let (a_re, a_im) = (z.re + mirrored.re, z.im - mirrored.im);
            let (b_re, b_im) = (z.im + mirrored.im, mirrored.re - z.re);
            let norm = |re: f64, im: f64| (0.5 * (re * re + im * im).sqrt()) as f32;
            (norm(a_re, a_im), norm(b_re, b_im))
        };
        let constant = parts(self.spectrum[0], self.spectrum[0]);
        let bins = std::iter::once(constant).chain(low.zip(high).map(|(&z, &mirrored)| parts(z, mirrored)));
        if second.is_empty() {
            first.iter_mut().zip(bins).for_each(|(to, (a, _))| *to = a);
        } else {
            first.iter_mut().zip(second).zip(bins).for_each(|((to_a, to_b), (a, b))| (*to_a, *to_b) = (a, b));
        }
    }
}
