//! The Kaiser-windowed sinc and its frequency response.

use std::f64::consts::PI;

/// Bins evaluated side by side, so that the recurrence of one does not wait for itself.
const LANES: usize = 8;

/// `h(t) = 2 fc sinc(2 fc t) I0(beta sqrt(1 - (t / w)^2)) / I0(beta)` for `|t| < w`, zero beyond.
///
/// `t` is in samples of some reference rate and `fc` in cycles per such sample; the response is 1
/// well below `fc`, 1/2 at `fc` and 0 well above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct KaiserSinc {
    /// `fc`, the frequency of the -6 dB point, in cycles per sample.
    pub(crate) cutoff: f64,
    /// Shape of the window: larger is deeper and wider.
    pub(crate) beta: f64,
    /// `w`, in samples.
    pub(crate) half_width: f64,
}

impl KaiserSinc {
    pub(crate) fn at(&self, t: f64) -> f64 {
        let x = t / self.half_width;
        if x.abs() >= 1.0 {
            return 0.0;
        }
        let angle = 2.0 * PI * self.cutoff * t;
        let sinc = if angle == 0.0 { 1.0 } else { angle.sin() / angle };
        2.0 * self.cutoff * sinc * bessel_i0(self.beta * (1.0 - x * x).sqrt()) / bessel_i0(self.beta)
    }

    /// Frequency response of the kernel tabulated `density` times a sample, at the frequencies
    /// `0, spacing, 2 spacing, ...` (cycles per sample), multiplied into `response`.
    ///
    /// The table is even in `t`, so the response is real: `h(0) + 2 sum_k h(k / density) cos(k theta)`
    /// over `density`, with `theta = 2 pi f / density`; the sum is Clenshaw's recurrence.
    pub(crate) fn multiply_response(&self, density: f64, spacing: f64, response: &mut [f64]) {
        let n_taps = (self.half_width * density).floor() as usize;
        let taps: Vec<f64> = (0..=n_taps).map(|k| self.at(k as f64 / density) / density).collect();
        for (chunk_index, chunk) in response.chunks_mut(LANES).enumerate() {
            let first = chunk_index * LANES;
            let cosines: [f64; LANES] =
                std::array::from_fn(|lane| (2.0 * PI * (first + lane) as f64 * spacing / density).cos());
            let (mut newer, mut older) = ([0.0; LANES], [0.0; LANES]);
            for &tap in taps.iter().skip(1).rev() {
                for lane in 0..LANES {
                    let next = tap + 2.0 * cosines[lane] * newer[lane] - older[lane];
                    older[lane] = newer[lane];
                    newer[lane] = next;
                }
            }
            for (lane, value) in chunk.iter_mut().enumerate() {
                *value *= taps[0] + 2.0 * (cosines[lane] * newer[lane] - older[lane]);
            }
        }
    }
}

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-18 * sum {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_matches_tabulated_values() {
        // Abramowitz and Stegun, table 9.8.
        for (x, expected) in [(0.0, 1.0), (1.0, 1.266_065_877_752_008_4), (5.0, 27.239_871_823_604_442)] {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-14, "I0({x})");
        }
    }

    #[test]
    fn response_is_the_sum_of_cosines() {
        let kernel = KaiserSinc { cutoff: 0.2, beta: 9.0, half_width: 17.3 };
        let mut response = vec![1.0; 21];
        kernel.multiply_response(2.5, 0.05, &mut response);
        for (bin, found) in response.iter().enumerate() {
            let f = bin as f64 * 0.05;
            let expected: f64 = (-43..=43)
                .map(|k| {
                    let t = f64::from(k) / 2.5;
                    kernel.at(t) * (2.0 * PI * f * t).cos() / 2.5
                })
                .sum();
            assert!((found - expected).abs() < 1e-11, "bin {bin}: {found} against {expected}");
        }
        assert!((response[0] - 1.0).abs() < 1e-4 && (response[4] - 0.5).abs() < 1e-3);
    }
}
