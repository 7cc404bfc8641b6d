//! The bins of one octave out of the Fourier transform of a frame, and their products with the octave's filters.

use std::array::from_fn;
use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::wavelet::{Basis, SparseRow};
use crate::PadMode;
use crate::fourier::simd::{Simd, WithSimd, dispatch};
use crate::whole_track::Padded;

/// Numbers that are multiplied and summed side by side, real and imaginary parts in turn.
const LANES: usize = 16;
/// Bins unpacked at a time.
const BINS: usize = LANES / 2;

/// A row of a basis, laid out so that its product with a spectrum is two products of plain numbers. Zeros fill up the last
/// group.
struct Row {
    /// Where the row begins among the bins that are unpacked.
    first_bin: usize,
    /// `re, -im` of every weight.
    for_re: Vec<[f32; LANES]>,
    /// `im, re` of every weight.
    for_im: Vec<[f32; LANES]>,
}

impl Row {
    fn new(row: &SparseRow, gain: f32, first_unpacked: usize) -> Self {
        let groups = |numbers: Vec<f32>| {
            let group = |chunk: &[f32]| from_fn(|lane| gain * chunk.get(lane).unwrap_or(&0.0));
            numbers.chunks(LANES).map(group).collect()
        };
        Self {
            first_bin: row.first_bin - first_unpacked,
            for_re: groups(row.weights.iter().flat_map(|weight| [weight.re, -weight.im]).collect()),
            for_im: groups(row.weights.iter().flat_map(|weight| [weight.im, weight.re]).collect()),
        }
    }
}

/// Transforms frames and unpacks only the bins that a filter weighs, a quarter of all.
///
/// The transform is that of [`FrameTransform`](crate::fourier::transform::FrameTransform) without a window.
pub(super) struct Band {
    pub(super) n_fft: usize,
    rows: Vec<Row>,
    fft: Arc<dyn Fft<f32>>,
    /// The frame as half as many complex numbers, then their transform, whose first value follows the last again.
    packed: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// The bins to unpack.
    bins: Range<usize>,
    /// Real and imaginary parts of `-i exp(-2πi k / n_fft) / 2` for these bins.
    twiddle_re: Vec<[f32; BINS]>,
    twiddle_im: Vec<[f32; BINS]>,
    /// Sums of the products of each row, for the real and the imaginary part.
    sums: Vec<[[f32; LANES]; 2]>,
    /// Their totals.
    products: Vec<[f32; 2]>,
    /// What is unpacked, and room for a whole group at the end.
    spectrum: Vec<[[f32; 2]; BINS]>,
}

impl Band {
    /// The filters of `basis`, each times its gain.
    pub(super) fn new(basis: &Basis, gains: impl Iterator<Item = f32>) -> Self {
        let n_fft = basis.n_fft;
        let first = basis.rows.iter().map(|row| row.first_bin).min().unwrap_or(0);
        let end = basis.rows.iter().map(|row| row.first_bin + row.weights.len()).max().unwrap_or(first);
        let rows = basis.rows.iter().zip(gains).map(|(row, gain)| Row::new(row, gain, first)).collect();
        let n_groups = (end - first).div_ceil(BINS);
        let twiddles = |part: fn(f64) -> f64| {
            let twiddle = |bin: usize| (-0.5 * part(TAU * bin as f64 / n_fft as f64)) as f32;
            (0..n_groups).map(|group| from_fn(|i| twiddle(first + group * BINS + i))).collect()
        };
        let fft = FftPlanner::new().plan_fft_forward(n_fft / 2);
        Self {
            n_fft,
            sums: vec![[[0.0; LANES]; 2]; basis.rows.len()],
            products: vec![[0.0; 2]; basis.rows.len()],
            rows,
            packed: vec![Complex32::default(); n_fft / 2 + 1],
            scratch: vec![Complex32::default(); fft.get_inplace_scratch_len()],
            fft,
            bins: first..end,
            twiddle_re: twiddles(f64::sin),
            twiddle_im: twiddles(f64::cos),
            spectrum: vec![[[0.0; 2]; BINS]; n_groups + 1],
        }
    }

    /// Hands `on_frame` the products of the rows with the spectrum of each of `n_frames` frames of `track`, real and
    /// imaginary, with the frame's number.
    pub(super) fn apply(
        &mut self,
        track: &[f32],
        pad_mode: PadMode,
        hop_length: usize,
        n_frames: usize,
        on_frame: impl FnMut(usize, &[[f32; 2]]),
    ) {
        let track = Padded::new(track, self.n_fft / 2, pad_mode);
        dispatch(Frames { band: self, track, hop_length, n_frames, on_frame });
    }

    #[inline(always)]
    fn unpack(&mut self) {
        let half = self.n_fft / 2;
        let z = &self.packed[..];
        let twiddles = self.twiddle_re.iter().zip(&self.twiddle_im);
        let groups = self.bins.clone().step_by(BINS).zip(twiddles);
        for ((bin, (w_re, w_im)), output) in groups.zip(&mut self.spectrum) {
            let last = bin + BINS - 1;
            let (mut a, mut b) = ([Complex32::default(); BINS], [Complex32::default(); BINS]);
            if last <= half {
                a.copy_from_slice(&z[bin..=last]);
                b.copy_from_slice(&z[half - last..=half - bin]);
            } else {
                // Bins beyond the last are multiplied by zeros.
                a[..=half - bin].copy_from_slice(&z[bin..]);
                b[last - half..].copy_from_slice(&z[..=half - bin]);
            }
            let b: [Complex32; BINS] = from_fn(|i| b[BINS - 1 - i]);
            let e_re: [f32; BINS] = from_fn(|i| 0.5 * (a[i].re + b[i].re));
            let e_im: [f32; BINS] = from_fn(|i| 0.5 * (a[i].im - b[i].im));
            let d_re: [f32; BINS] = from_fn(|i| a[i].re - b[i].re);
            let d_im: [f32; BINS] = from_fn(|i| a[i].im + b[i].im);
            let re: [f32; BINS] = from_fn(|i| e_re[i] + (w_re[i] * d_re[i] - w_im[i] * d_im[i]));
            let im: [f32; BINS] = from_fn(|i| e_im[i] + (w_re[i] * d_im[i] + w_im[i] * d_re[i]));
            *output = from_fn(|i| [re[i], im[i]]);
        }
    }
}

struct Frames<'a, F> {
    band: &'a mut Band,
    track: Padded<'a>,
    hop_length: usize,
    n_frames: usize,
    on_frame: F,
}

impl<F: FnMut(usize, &[[f32; 2]])> WithSimd for Frames<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { band, mut track, hop_length, n_frames, mut on_frame } = self;
        let half = band.n_fft / 2;
        for t in 0..n_frames {
            let samples = track.frame(t * hop_length, band.n_fft).as_chunks::<2>().0;
            for (packed, x) in band.packed.iter_mut().zip(samples) {
                *packed = Complex32::new(x[0], x[1]);
            }
            band.fft.process_with_scratch(&mut band.packed[..half], &mut band.scratch);
            band.packed[half] = band.packed[0];
            band.unpack();
            let spectrum = band.spectrum.as_flattened();
            for (sums, row) in band.sums.iter_mut().zip(&band.rows) {
                let parts = spectrum[row.first_bin..].as_flattened().as_chunks::<LANES>().0;
                sums[0] = lane_sums(parts, &row.for_re);
                sums[1] = lane_sums(parts, &row.for_im);
            }
            for (product, [re, im]) in band.products.iter_mut().zip(&band.sums) {
                *product = [total(re), total(im)];
            }
            on_frame(t, &band.products);
        }
    }
}

/// The products' sums in each lane. They are added up in another loop: in the same one the compiler would begin at that last
/// addition of two and make vectors of two.
#[inline(always)]
fn lane_sums(x: &[[f32; LANES]], weights: &[[f32; LANES]]) -> [f32; LANES] {
    let mut sums = [0.0f32; LANES];
    for (x, weight) in x.iter().zip(weights) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * weight[lane];
        }
    }
    sums
}

#[inline(always)]
fn total(lanes: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = from_fn(|lane| lanes[lane] + lanes[lane + 8]);
    let four: [f32; 4] = from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}
