//! From a constant-Q transform back to samples.

use realfft::RealFftPlanner;
use rustfft::num_complex::Complex32;

use super::config::Settings;
use super::wavelet::Basis;
use super::{CqtConfig, convert};
use crate::feature::Feature;
use crate::{FeatureError, Spectrogram, Tuning};

/// Samples whose constant-Q transform is close to `transform`: `librosa.icqt(C, sr=sample_rate, length=length, ...)`.
///
/// Each octave is turned back into spectra by the conjugate of its filters, each weighed by the inverse of its energy,
/// then into samples by overlap and addition, resampled to the full rate and added up. The inverse is approximate: the
/// filters overlap and leave gaps below the first bin and above the last. librosa's warning holds here too: bins that lie
/// far apart, or a hop that cannot be halved once per octave, lose much.
///
/// Without `length` the result is as long as the lowest octave's frames reach. Where no frame reaches, there is silence.
/// `pad_mode` does not matter. The first few hundred samples differ from librosa's by up to some thousandths of the largest,
/// because soxr's filters start empty when low octaves are brought up to the full rate.
///
/// ```
/// use crooner_features::{CqtConfig, cqt, icqt};
///
/// let config = CqtConfig { hop_length: 256, ..CqtConfig::default() };
/// let tone: Vec<f32> = (0..8192).map(|i| (0.2 * i as f32).sin()).collect();
/// let back = icqt(&cqt(&tone, &config)?, &config, Some(tone.len()))?;
/// let power = |x: &dyn Fn(usize) -> f32| (2048..6144).map(|i| x(i) * x(i)).sum::<f32>();
/// assert!(power(&|i| tone[i] - back[i]) < 0.05 * power(&|i| tone[i]));
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range, or a tuning that would have to be estimated;
/// [`FeatureError::Shape`] when `transform` has not `n_bins` rows or no frame.
pub fn icqt(
    transform: &Spectrogram<Complex32>,
    config: &CqtConfig,
    length: Option<usize>,
) -> Result<Vec<f32>, FeatureError> {
    config.validate()?;
    let settings = config.settings();
    let tuning = match settings.tuning {
        Tuning::Bins(bins) => f64::from(bins),
        Tuning::Estimate => {
            return Err(FeatureError::config("tuning", "a number for the inverse", "estimate"));
        }
    };
    if transform.n_bins() != settings.n_bins || transform.n_frames() == 0 {
        let expected = format!("n_bins = {} rows of at least one frame", settings.n_bins);
        return Err(FeatureError::Shape { expected, found: transform.values().len() });
    }

    let layout = settings.layout(tuning);
    let lengths = &layout.lengths.lengths;
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let n_frames = length.map_or(transform.n_frames(), |length| {
        let needed = ((length as f64 + longest) / settings.hop_length as f64).ceil() as usize;
        needed.clamp(1, transform.n_frames())
    });

    let mut samples: Vec<f32> = Vec::new();
    let halvings = |octave: usize| {
        let from_top = settings.n_octaves() - 1 - octave;
        (from_top as u32).min(settings.hop_length.trailing_zeros())
    };
    for octave in 0..settings.n_octaves() {
        let first = octave * settings.bins_per_octave;
        let range = first..(first + settings.bins_per_octave).min(settings.n_bins);
        let part = octave_samples(transform, &settings, &layout, range, halvings(octave), n_frames);
        let factor = 1u32 << halvings(octave);
        let part = if factor == 1 { part } else { convert(&mut super::resampler(1, factor)?, &part) };
        // librosa keeps the length of the lowest octave.
        if octave == 0 {
            samples = part;
        } else {
            samples.iter_mut().zip(&part).for_each(|(sum, value)| *sum += value);
        }
    }
    if let Some(length) = length {
        samples.resize(length, 0.0);
    }
    Ok(samples)
}

#[expect(
    clippy::expect_used,
    reason = "the transform checks lengths and real ends only, both by construction"
)]
/// The samples of the bins of one octave, at the rate at which it is computed.
fn octave_samples(
    transform: &Spectrogram<Complex32>,
    settings: &Settings,
    layout: &super::config::Layout,
    range: std::ops::Range<usize>,
    halvings: u32,
    n_frames: usize,
) -> Vec<f32> {
    let rate = f64::from(settings.sample_rate) / 2f64.powi(halvings as i32);
    let hop_length = settings.hop_length >> halvings;
    let frequencies_hz = &layout.frequencies_hz[range.clone()];
    let lengths = settings.lengths(frequencies_hz, &layout.alphas[range.clone()], rate).lengths;
    let basis = Basis::new(frequencies_hz, &lengths, rate, settings.design, 2, 1.0);
    let n_fft = basis.n_fft;
    let gains: Vec<f32> = basis
        .rows
        .iter()
        .zip(&layout.lengths.lengths[range.clone()])
        .map(|(row, &length)| {
            let energy: f64 = row.weights.iter().map(|weight| f64::from(weight.norm_sqr())).sum();
            let scale = if settings.scale { length.sqrt() } else { 1.0 };
            (scale * n_fft as f64 / (length * energy) / n_fft as f64) as f32
        })
        .collect();

    let inverse = RealFftPlanner::<f32>::new().plan_fft_inverse(n_fft);
    let mut frame = inverse.make_output_vec();
    let mut scratch = inverse.make_scratch_vec();
    let mut spectrum = inverse.make_input_vec();
    let mut sum = vec![0.0f32; n_fft + hop_length * (n_frames - 1)];
    let mut coverage = vec![0.0f32; sum.len()];
    for t in 0..n_frames {
        spectrum.fill(Complex32::default());
        for ((row, gain), bin) in basis.rows.iter().zip(&gains).zip(range.clone()) {
            let value = transform.bin(bin)[t] * gain;
            for (to, weight) in spectrum[row.first_bin..].iter_mut().zip(&row.weights) {
                *to += weight.conj() * value;
            }
        }
        // The transform of real samples is real at both ends.
        spectrum[0].im = 0.0;
        spectrum[n_fft / 2].im = 0.0;
        inverse
            .process_with_scratch(&mut spectrum, &mut frame, &mut scratch)
            .expect("buffers made by the plan and real ends");
        let start = t * hop_length;
        sum[start..][..n_fft].iter_mut().zip(&frame).for_each(|(sum, value)| *sum += value);
        coverage[start..][..n_fft].iter_mut().for_each(|count| *count += 1.0);
    }
    let inner = n_fft / 2..sum.len() - n_fft / 2;
    let covered = sum[inner.clone()].iter().zip(&coverage[inner]);
    covered.map(|(&sum, &count)| if count > 0.0 { sum / count } else { sum }).collect()
}
