//! A real transform of which the lowest bins are wanted: what is thrown away is not computed.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

/// The transform of `n` real numbers.
///
/// An even number of them is transformed as `h = n / 2` complex ones, `z[i] = x[2i] + i x[2i+1]`, from whose spectrum `Z`
/// each bin is found by itself: with `W = exp(-2πi k / n)`,
///
/// `X[k] = (Z[k] + Z̄[h-k]) / 2 - i W (Z[k] - Z̄[h-k]) / 2`.
///
/// The operations are realfft's, in its order, so that the bins are realfft's to the last bit.
pub(crate) enum LowBins {
    Even {
        fft: Arc<dyn Fft<f32>>,
        /// `W / 2` for `k = 1, 2, ... < h / 2`.
        twiddles: Vec<Complex32>,
    },
    Odd(Arc<dyn RealToComplex<f32>>),
}

/// What a [`LowBins`] needs to work in.
#[derive(Clone)]
pub(crate) struct Workspace {
    packed: Vec<Complex32>,
    time: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl LowBins {
    pub(crate) fn new(n: usize) -> Self {
        if !n.is_multiple_of(2) {
            return Self::Odd(RealFftPlanner::new().plan_fft_forward(n));
        }
        let turn = -2.0 * std::f64::consts::PI / n as f64;
        let twiddle = |k: usize| {
            let angle = turn * k as f64;
            Complex32::new(angle.cos() as f32, angle.sin() as f32) * 0.5
        };
        Self::Even {
            fft: FftPlanner::new().plan_fft_forward(n / 2),
            twiddles: (1..n.div_ceil(4)).map(twiddle).collect(),
        }
    }

    pub(crate) fn workspace(&self) -> Workspace {
        let zeros = |n| vec![Complex32::default(); n];
        match self {
            Self::Even { fft, .. } => Workspace {
                packed: zeros(fft.len()),
                time: Vec::new(),
                spectrum: zeros(fft.len()),
                scratch: zeros(fft.get_outofplace_scratch_len()),
            },
            Self::Odd(transform) => Workspace {
                packed: Vec::new(),
                time: transform.make_input_vec(),
                spectrum: transform.make_output_vec(),
                scratch: zeros(transform.get_scratch_len()),
            },
        }
    }

    /// The first `gains.len()` bins of `samples`, of which there are `n`, each multiplied by its gain; fewer than `n / 2 + 1`.
    #[expect(
        clippy::expect_used,
        reason = "the transform checks lengths only, and every buffer is made by its own plan"
    )]
    pub(crate) fn of(&self, samples: &[f32], gains: &[f32], out: &mut [Complex32], space: &mut Workspace) {
        let Workspace { packed, time, spectrum, scratch } = space;
        match self {
            Self::Even { fft, twiddles } => {
                for (packed, &[re, im]) in packed.iter_mut().zip(samples.as_chunks().0) {
                    *packed = Complex32::new(re, im);
                }
                fft.process_outofplace_with_scratch(packed, spectrum, scratch);
                bins(spectrum, twiddles, gains, out);
            }
            Self::Odd(transform) => {
                time.copy_from_slice(samples);
                transform.process_with_scratch(time, spectrum, scratch).expect("buffers made by the plan");
                for ((to, from), gain) in out.iter_mut().zip(&*spectrum).zip(gains) {
                    *to = from * gain;
                }
            }
        }
    }
}

fn bins(z: &[Complex32], twiddles: &[Complex32], gains: &[f32], out: &mut [Complex32]) {
    let h = z.len();
    let Some((first, out)) = out.split_first_mut() else { return };
    *first = Complex32::new(z[0].re + z[0].im, 0.0) * gains[0];

    let rising = z[1..].iter().zip(z.iter().rev()).zip(twiddles);
    let n_rising = twiddles.len().min(out.len());
    let (low, high) = out.split_at_mut(n_rising);
    for ((out, gain), ((a, b), w)) in low.iter_mut().zip(&gains[1..]).zip(rising) {
        let (half, turned) = parts(*a, *b, *w);
        *out = (half + turned) * gain;
    }
    // Beyond the middle, where there is one, the same two halves are subtracted.
    for (k, (out, gain)) in (n_rising + 1..).zip(high.iter_mut().zip(&gains[n_rising + 1..])) {
        let bin = match twiddles.get((h - k).wrapping_sub(1)) {
            None => z[k].conj(),
            Some(w) => {
                let (half, turned) = parts(z[h - k], z[k], *w);
                Complex32::new(half.re - turned.re, turned.im - half.im)
            }
        };
        *out = bin * gain;
    }
}

/// `(a + b̄) / 2`, and `-i W (a - b̄) / 2` with `w = W / 2`.
#[inline(always)]
fn parts(a: Complex32, b: Complex32, w: Complex32) -> (Complex32, Complex32) {
    let (sum, difference) = (a + b, a - b);
    let half = Complex32::new(0.5 * sum.re, 0.5 * difference.im);
    let re = sum.im * w.re + difference.re * w.im;
    let im = sum.im * w.im - difference.re * w.re;
    (half, Complex32::new(re, im))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_those_of_the_whole_transform() {
        for n in [2, 4, 6, 7, 8, 12, 18, 30, 45, 64, 98, 882, 1764, 2048, 2205] {
            let samples: Vec<f32> = (0..n).map(|i| ((i * 7919 % 8009) as f32 - 4000.0) / 3000.0).collect();
            let whole = RealFftPlanner::new().plan_fft_forward(n);
            let mut expected = whole.make_output_vec();
            whole.process(&mut samples.clone(), &mut expected).unwrap();
            let low_bins = LowBins::new(n);
            let mut space = low_bins.workspace();
            for kept in [1, n / 5 + 1, n / 3, n.div_ceil(2)] {
                let gains: Vec<f32> = (0..kept).map(|k| 1.0 + k as f32 / 7.0).collect();
                let mut found = vec![Complex32::default(); kept];
                low_bins.of(&samples, &gains, &mut found, &mut space);
                let expected: Vec<_> = expected.iter().zip(&gains).map(|(x, gain)| x * gain).collect();
                assert_eq!(found, expected, "{kept} of {n}");
            }
        }
    }
}
